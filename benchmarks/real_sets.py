"""The real images that figures are measured on. In: the data folder. Out: `Picture`s with their true lines,
and single digits as ink.

None of them may train anything: they carry no licence for it, and they show how ink is read that was
never seen.
"""

from __future__ import annotations

import csv
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from inkdigits.errors import DataError
from inkdigits.learning.datasets import load_mnist
from inkdigits.reading.frames import without_corner

PICTURE_SETS = ("photos", "cheques", "pages")
GLYPH_SETS = ("usps", "ardis", "quiz_sheets", "mnist")

# Set: file, images, labels, ink is dark.
_GLYPH_FILES = {
    "usps": ("usps/usps.npz", "x_test", "y_test", False),
    "ardis": ("ardis/ardis_iv_train.npz", "x", "y", False),
    "quiz_sheets": ("quiz_sheets/nsysu_first_half.npz", "x", "y", True),
}


@dataclass(frozen=True)
class Picture:
    """One image file and its true lines in reading order, as labelled."""

    path: Path
    lines: tuple[str, ...]


def load_pictures(data: Path, name: str, limit: int | None = None) -> list[Picture]:
    """The pictures of `photos`, `cheques` or `pages`, sorted by name; of the first two evenly spread `limit`.

    Raises DataError where the folder, its labels or one of its images is missing.
    """
    folder = data / name
    try:
        if name == "pages":
            labels = json.loads((folder / "labels.json").read_text(encoding="utf-8"))
            lines = {file: tuple(page["lines"]) for file, page in labels.items()}
        else:
            with open(folder / "labels.csv", newline="", encoding="utf-8") as file:
                lines = {row["file"]: (row["text"],) for row in csv.DictReader(file)}
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise DataError(
            f"{folder}: its labels cannot be read ({error}); see docs/data.md for what belongs there"
        ) from error
    pictures = [Picture(folder / "images" / file, true) for file, true in sorted(lines.items())]
    missing = [picture.path.name for picture in pictures if not picture.path.is_file()]
    if missing:
        raise DataError(f"{folder}: {len(missing)} labelled images are missing, the first is {missing[0]}")
    if limit is None or limit >= len(pictures):
        return pictures
    return [pictures[index] for index in np.linspace(0, len(pictures) - 1, limit).astype(int)]


def load_single_digits(data: Path, name: str) -> tuple[list[NDArray[np.float32]], NDArray[np.int64]]:
    """The digits of `usps` and `mnist` (their test parts), `ardis` or `quiz_sheets`: ink float32 [0, 1], 1 is
    ink, and 0 to 9.

    The darkest point of every digit is full ink, as the reader takes a page's own pen for full ink; what was
    cut along of a form's frame is left out, as it leaves frames out. Raises DataError where the file is
    missing or not what it should be.
    """
    if name == "mnist":
        digits = load_mnist(data, "test")
        return list(digits.images.astype(np.float32) / 255), digits.labels.astype(np.int64)
    file, images_key, labels_key, is_dark = _GLYPH_FILES[name]
    try:
        with np.load(data / file, allow_pickle=False) as arrays:
            images, labels = arrays[images_key], arrays[labels_key]
    except (OSError, KeyError, ValueError) as error:
        raise DataError(f"{data / file}: cannot be read ({error}); see docs/data.md") from error
    if images.ndim != 3 or images.dtype != np.uint8 or len(images) != len(labels):
        raise DataError(
            f"{data / file}: {images.dtype} images of shape {images.shape} for {len(labels)} labels"
        )
    inks = (255 - images if is_dark else images).astype(np.float32)
    cells = [without_corner(ink) for ink in inks]
    return [(ink / max(float(ink.max()), 1.0)).astype(np.float32) for ink in cells], labels.astype(np.int64)
