"""Evaluation of weights on folders of images, read from end to end. In: weights and a folder. Out: a
`Report`.

A folder holds one folder a class, or a `labels.csv` with the columns file and text.
"""

from __future__ import annotations

import csv
import time
from pathlib import Path

import numpy as np

from inkdigits.errors import DataError, InputError, RunError
from inkdigits.learning.evaluation import OTHER, SETS, Mistake, Report, make_report
from inkdigits.reading.card import card_path

IMAGE_SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".webp", ".bmp", ".tif", ".tiff", ".gif", ".pdf"})


def labelled_files(folder: Path) -> list[tuple[Path, str]]:
    """Images of `folder` and their texts: from labels.csv (columns file and text), else from one folder a
    text.

    Files that labels.csv names lie in `folder` or in its `images`. Raises DataError where a file is missing,
    a row is damaged, a text is not of digits, or nothing is there.
    """
    if not folder.is_dir():
        raise DataError(f"{folder}: no such folder, and none of {', '.join(SETS)}")
    found = _from_csv(folder / "labels.csv") if (folder / "labels.csv").is_file() else _from_folders(folder)
    if not found:
        raise DataError(
            f"{folder}: no labels.csv (file,text) and no folders named after digits with images in them"
        )
    return found


def evaluate_folder(weights: Path | None, folder: Path) -> Report:
    """Every labelled image of `folder` read as a user would read it, right where its text is exactly the
    label.

    `weights` is an ONNX file, None for those that come with inkdigits.
    """
    from inkdigits.reading.reader import Reader

    files = labelled_files(folder)
    reader = Reader(weights)
    start = time.perf_counter()
    texts, confidence = [], []
    for path, _ in files:
        try:
            answers = reader.read(path)
        except InputError:
            answers = []  # A file that cannot be read is one that was not read rightly; the others go on.
        texts.append("\n".join(answer.text for answer in answers if answer.text))
        confidence.append(min((answer.confidence for answer in answers), default=0.0))
    return report_on_texts(str(folder), files, texts, np.array(confidence), time.perf_counter() - start)


def report_on_texts(
    on: str, files: list[tuple[Path, str]], texts: list[str], confidence: np.ndarray, seconds: float
) -> Report:
    """The report on exact strings. Its classes are the digits and "other", which is any text that is not one
    digit.
    """
    classes = (*"0123456789", OTHER)
    truths = [text for _, text in files]
    right = np.array([text == truth for text, truth in zip(texts, truths, strict=True)])
    single = all(len(truth) == 1 for truth in truths)
    if single:
        labels = np.array([classes.index(truth) for truth in truths])
        read = np.array([classes.index(text) if text in classes[:10] else 10 for text in texts])
    else:
        classes = ("right", "wrong")
        labels, read = np.zeros(len(files), dtype=int), (~right).astype(int)
    order = sorted(np.flatnonzero(~right), key=lambda i: -confidence[i])
    mistakes = tuple(Mistake(str(files[i][0]), truths[i], texts[i], float(confidence[i])) for i in order)
    return make_report(on, classes, labels, read, confidence, seconds, mistakes)


def weights_of(path: Path) -> Path:
    """The ONNX file that `path` names: itself, or the export in a run folder; RunError where there is
    none.
    """
    if path.is_file() and path.suffix == ".onnx":
        return path
    found = sorted(one for one in path.glob("*.onnx") if card_path(one).is_file()) if path.is_dir() else []
    if len(found) != 1:
        raise RunError(
            f"{path}: {len(found)} exported networks; run `inkdigits export {path}` or name an .onnx file"
        )
    return found[0]


def _from_csv(path: Path) -> list[tuple[Path, str]]:
    found = []
    try:
        with open(path, newline="", encoding="utf-8-sig") as file:
            rows = csv.DictReader(file)
            if not {"file", "text"} <= set(rows.fieldnames or ()):
                raise DataError(f"{path}: its first line must name the columns file and text")
            for number, row in enumerate(rows, start=2):
                name, text = row["file"], row["text"]
                if not name or not text or not (text.isascii() and text.isdigit()):
                    raise DataError(
                        f"{path}, line {number}: not a file and a text of digits: {name!r}, {text!r}"
                    )
                places = [path.parent / name, path.parent / "images" / name]
                image = next((place for place in places if place.is_file()), None)
                if image is None:
                    raise DataError(f"{path}, line {number}: {places[0]} does not exist")
                found.append((image, text))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"{path}: cannot be read: {error}") from error
    return found


def _from_folders(folder: Path) -> list[tuple[Path, str]]:
    named = sorted(
        one for one in folder.iterdir() if one.is_dir() and one.name.isascii() and one.name.isdigit()
    )
    return [
        (path, one.name)
        for one in named
        for path in sorted(one.iterdir())
        if path.is_file() and path.suffix.lower() in IMAGE_SUFFIXES
    ]
