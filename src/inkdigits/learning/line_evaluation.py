"""How well a line network reads lines of known digits. In: a network and the name of a set of lines. Out: a
`Report` with the share of lines and of digits that are wrong.

The sets are made once and for all, by a seed of their own: lines of 1 to 10 digits, each line of one writer
whom no network has learnt from, as `writer_lines.Hand` describes them.
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from inkdigits.errors import RunError
from inkdigits.learning.ctc import decode, digit_error
from inkdigits.learning.ctc_decoding import CTC_CLASSES
from inkdigits.learning.evaluation import Mistake, Report, make_report
from inkdigits.learning.line_calibration import read_outputs
from inkdigits.learning.writer_lines import Lines, draw_lengths, load_writer_bank, make_lines, text_of
from inkdigits.reading.card import load_card
from inkdigits.reading.decoder import soften
from inkdigits.reading.glyph import NORMALISER_VERSION

# Of each set: whose digits it is made of, how many lines, and the seed that it is made by.
LINE_SETS: dict[str, tuple[str, int, int]] = {
    "lines-test": ("test", 10_000, 2006),
    "lines-validation": ("validation", 4_000, 2007),
}
_BATCH = 128  # lines of like width that are read together
_WIDTHS = 32  # batches are padded to a multiple of this many pixels: few shapes to compile for

Predict = Callable[[np.ndarray], np.ndarray]


def load_lines(name: str, folder: Path) -> Lines:
    """The lines of `LINE_SETS[name]`, the same on every call.

    Raises:
        DataError: MNIST or QMNIST's writers are missing or damaged.
    """
    part, count, seed = LINE_SETS[name]
    random = np.random.default_rng(seed)
    return make_lines(load_writer_bank(folder, part), draw_lengths(count, random), random)


def read_lines(predict: Predict, classes: tuple[str, ...], lines: Lines) -> tuple[list[str], np.ndarray]:
    """The texts of `lines` and how probable each is to the network, (n,) float64.

    `predict` takes strips (n, 32, width) uint8 to probabilities (n, steps, classes). A network of
    `CTC_CLASSES` is decoded as CTC says, others as `inkdigits read` decodes them.
    """
    texts = [""] * len(lines)
    confidences = np.zeros(len(lines))
    order = np.argsort(lines.widths, kind="stable")
    for start in range(0, len(order), _BATCH):
        rows = order[start : start + _BATCH]
        width = -(-int(lines.widths[rows].max()) // _WIDTHS) * _WIDTHS
        strips = np.zeros((len(rows), lines.strips.shape[1], width), np.uint8)
        shown = lines.strips[rows, :, :width]
        strips[:, :, : shown.shape[2]] = shown
        outputs = predict(strips)
        if classes == CTC_CLASSES:
            found, confidences[rows] = decode(outputs)
        else:
            found, confidences[rows] = read_outputs(outputs)
        for row, text in zip(rows, found, strict=True):
            texts[row] = text
    return texts, confidences


def evaluate_lines(path: Path, on: str, data_folder: Path) -> Report:
    """The line network at `path`, a run folder or an ONNX file with its card, on one of `LINE_SETS`.

    Raises:
        RunError: it is neither, or reads single digits, or has learnt from the validation part.
    """
    predict, classes, trained_on_all = _open(path, on)
    if on == "lines-validation" and trained_on_all:
        raise RunError(f"{path}: learnt from the validation part too; evaluate on lines-test")
    return report_on_lines(on, predict, classes, load_lines(on, data_folder))


def report_on_lines(on: str, predict: Predict, classes: tuple[str, ...], lines: Lines) -> Report:
    """The report on `lines`: right are those whose every digit is."""
    predict(lines.strips[:1])  # The first call compiles; its time is not reading.
    start = time.perf_counter()
    texts, confidences = read_lines(predict, classes, lines)
    seconds = time.perf_counter() - start
    truths = [text_of(digits) for digits in lines.digits]
    wrong = np.array([text != truth for text, truth in zip(texts, truths, strict=True)])
    worst = sorted(np.flatnonzero(wrong), key=lambda row: -confidences[row])
    mistakes = tuple(
        Mistake(
            str(row),
            truths[row],
            texts[row],
            float(confidences[row]),
            lines.strips[row, :, : lines.widths[row]],
        )
        for row in worst
    )
    labels = np.zeros(len(lines), dtype=int)
    report = make_report(on, ("right", "wrong"), labels, wrong.astype(int), confidences, seconds, mistakes)
    return dataclasses.replace(report, digit_error=digit_error(texts, truths))


def score_strings(model: Any, place: Path, data_folder: Path) -> dict[str, Any]:
    """A run of table 1 on the test lines: {"test_seconds", "accuracy": {"string-error", "digit-error"}}."""
    report = report_on_lines(
        "lines-test", _by_keras(model), CTC_CLASSES, load_lines("lines-test", data_folder)
    )
    errors = {"string-error": 1 - report.accuracy, "digit-error": report.digit_error}
    return {"test_seconds": round(report.seconds, 3), "accuracy": errors}


def _by_keras(model: Any) -> Predict:
    from keras import ops

    return lambda strips: np.asarray(ops.convert_to_numpy(model(strips, training=False)))


def _open(path: Path, on: str) -> tuple[Predict, tuple[str, ...], bool]:
    """How it predicts, its classes, and whether it has learnt from the validation part."""
    if path.is_dir():
        from inkdigits.learning.export import load_run
        from inkdigits.learning.recipes import RECIPES

        model, config = load_run(path)
        _must_read_lines(RECIPES[config.model].kind, path, on)
        return _by_keras(model), RECIPES[config.model].classes, config.train_on_all
    if path.suffix != ".onnx":
        raise RunError(f"{path}: neither a run folder nor an .onnx file")
    import onnxruntime

    card = load_card(path, NORMALISER_VERSION)
    _must_read_lines(card.kind, path, on)
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name

    def predict(strips: np.ndarray) -> np.ndarray:
        return soften(np.asarray(session.run(None, {name: strips})[0]), card.temperature)

    return predict, card.classes, bool(card.recipe.get("train_on_all"))


def _must_read_lines(kind: str, path: Path, on: str) -> None:
    if kind != "line":
        raise RunError(f"{path}: reads single digits, and {on} are lines; evaluate it on mnist-test")
