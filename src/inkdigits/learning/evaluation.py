"""How good a network is: accuracy with its interval, each class, confusions, calibration, worst mistakes.

In: a run folder or exported weights, and a named data set of single digits, or a folder of labelled images.
Out: a `Report`, which `report` prints as tables and draws as pictures.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from inkdigits.errors import RunError
from inkdigits.learning.calibration import (
    brier_score,
    expected_calibration_error,
    negative_log_likelihood,
    reliability,
)
from inkdigits.learning.corruptions import CORRUPTIONS, corrupt
from inkdigits.learning.datasets import (
    Digits,
    load_ardis,
    load_mnist,
    load_mnist_split,
    load_quiz_sheets,
    load_usps,
)
from inkdigits.reading.card import load_card
from inkdigits.reading.decoder import soften
from inkdigits.reading.glyph import NORMALISER_VERSION, normalise

WORST = 32
OTHER = "other"


@dataclass(frozen=True)
class Mistake:
    """One wrong reading: which image, what it is, what was read, and how confidently. `image` is uint8, None
    for a file.
    """

    name: str
    truth: str
    read: str
    confidence: float
    image: np.ndarray | None = None


@dataclass(frozen=True)
class Report:
    """What an evaluation found. Shares are fractions in [0, 1], `interval` is Wilson's 95 % interval (1927).

    `classes` name the rows and columns of `confusion` (rows true, columns read). `precision` and `recall` are
    NaN for a class that was never read or never there. `nll` (nats) and `brier` need all probabilities and
    are None for files. `bins` are (count, mean confidence, accuracy) by confidence. `seconds` is the time to
    read all of them. `digit_error` is of lines: digits put in, left out and mistaken, by digits that are
    there.
    """

    on: str
    count: int
    correct: int
    interval: tuple[float, float]
    classes: tuple[str, ...]
    confusion: np.ndarray
    precision: np.ndarray
    recall: np.ndarray
    ece: float
    nll: float | None
    brier: float | None
    bins: tuple[np.ndarray, np.ndarray, np.ndarray]
    seconds: float
    mistakes: tuple[Mistake, ...] = field(repr=False, default=())
    digit_error: float | None = None

    @property
    def accuracy(self) -> float:
        """The share of right readings."""
        return self.correct / self.count

    def _errors(self) -> dict[str, float]:
        if self.digit_error is None:
            return {}
        return {"string_error": 1 - self.accuracy, "digit_error": self.digit_error}

    def to_dict(self) -> dict[str, Any]:
        """The figures as plain JSON types; the mistakes without their images."""
        return {
            "on": self.on,
            "count": self.count,
            "correct": self.correct,
            "accuracy": self.accuracy,
            "interval_95": list(self.interval),
            **self._errors(),
            "ece": self.ece,
            "nll": self.nll,
            "brier": self.brier,
            "seconds": self.seconds,
            "classes": list(self.classes),
            "precision": [None if np.isnan(one) else float(one) for one in self.precision],
            "recall": [None if np.isnan(one) else float(one) for one in self.recall],
            "confusion": self.confusion.tolist(),
            "mistakes": [
                {"name": one.name, "truth": one.truth, "read": one.read, "confidence": one.confidence}
                for one in self.mistakes
            ],
        }


def wilson_interval(correct: int, count: int) -> tuple[float, float]:
    """The 95 % interval of a share, in [0, 1] (Wilson 1927): right also where the share is near 0 or 1."""
    from scipy.stats import binomtest

    found = binomtest(correct, count).proportion_ci(0.95, method="wilson")
    return float(found.low), float(found.high)


# --- single glyphs
# ---------------------------------------------------------------------------------------------------


def glyphs_of(digits: Digits, dark_ink: bool = False) -> Digits:
    """Digits of another data set as the network wants them: each through the normaliser, (n, 28, 28) uint8.

    `dark_ink` is for dark ink on light paper: an image's median is taken for its paper.
    """
    glyphs = np.zeros((len(digits), 28, 28), dtype=np.uint8)
    for index, image in enumerate(digits.images):
        ink = image.astype(np.float32) / 255
        if dark_ink:
            paper = float(np.median(ink))
            ink = np.clip((paper - ink) / max(paper - float(ink.min()), 1e-3), 0, 1).astype(np.float32)
        glyphs[index] = normalise(ink)
    return Digits(glyphs, digits.labels)


def _corrupted(name: str, folder: Path) -> Digits:
    digits = load_mnist(folder, "test")
    return Digits(corrupt(digits.images, name), digits.labels)


SETS: dict[str, Callable[[Path], Digits]] = {
    "mnist-test": lambda folder: load_mnist(folder, "test"),
    "validation": lambda folder: load_mnist_split(folder)[1],
    "usps-test": lambda folder: glyphs_of(load_usps(folder, "test")),
    "ardis": lambda folder: glyphs_of(load_ardis(folder)),
    "quiz-sheets": lambda folder: glyphs_of(load_quiz_sheets(folder), dark_ink=True),
    **{f"mnist-c-{name}": partial(_corrupted, name) for name in CORRUPTIONS},
}


@dataclass(frozen=True)
class Network:
    """A glyph network that can be evaluated: glyphs (n, 28, 28) uint8 to probabilities (n, classes)
    float32.
    """

    classes: tuple[str, ...]
    probabilities: Callable[[np.ndarray], np.ndarray]
    trained_on_all: bool = False


def open_network(path: Path) -> Network:
    """The network of a finished run folder (by Keras) or of an ONNX file with its card (by ONNX Runtime).

    Raises RunError for what is neither, WeightsError for weights that do not belong to their card, or that
    read lines.
    """
    if path.is_dir():
        from inkdigits.learning.export import load_run
        from inkdigits.learning.recipes import RECIPES

        model, config = load_run(path)
        recipe = RECIPES[config.model]
        if recipe.kind != "glyph":
            raise RunError(
                f"{path}: {config.model} reads whole lines: export it and evaluate on a FOLDER of images"
            )
        return Network(recipe.classes, lambda glyphs: _predict(model, glyphs), config.train_on_all)
    if path.suffix != ".onnx":
        raise RunError(f"{path}: neither a run folder nor an .onnx file")
    return _open_onnx(path)


def _predict(model: Any, glyphs: np.ndarray) -> np.ndarray:
    return np.asarray(model.predict(glyphs, batch_size=1024, verbose=0))


def _open_onnx(path: Path) -> Network:
    import onnxruntime

    card = load_card(path, NORMALISER_VERSION)
    if card.kind != "glyph":
        raise RunError(f"{path}: reads whole lines: evaluate it on a FOLDER of images")
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name

    def predict(glyphs: np.ndarray) -> np.ndarray:
        parts = [
            np.asarray(session.run(None, {name: glyphs[i : i + 64]})[0]) for i in range(0, len(glyphs), 64)
        ]
        return soften(np.concatenate(parts), card.temperature)

    return Network(card.classes, predict, bool(card.recipe.get("train_on_all")))


def evaluate_set(path: Path, on: str, data_folder: Path) -> Report:
    """The network at `path` on one of `SETS`; a class that is no digit counts as a wrong reading."""
    network = open_network(path)
    if on == "validation" and network.trained_on_all:
        raise RunError(f"{path}: learnt from the validation part too; evaluate on mnist-test")
    digits = SETS[on](data_folder)
    network.probabilities(digits.images[:1])  # The first call compiles; its time is not reading.
    start = time.perf_counter()
    probabilities = network.probabilities(digits.images)
    return report_on(on, network.classes, digits, probabilities, time.perf_counter() - start)


def report_on(
    on: str, classes: tuple[str, ...], digits: Digits, probabilities: np.ndarray, seconds: float
) -> Report:
    """The report on `probabilities` (n, classes) of `digits`, whose labels are 0..9; `classes` begin with
    "0".."9".
    """
    labels = digits.labels.astype(int)
    read, confidence = probabilities.argmax(axis=1), probabilities.max(axis=1)
    wrong = np.flatnonzero(read != labels)
    worst = wrong[np.argsort(-confidence[wrong], kind="stable")]
    mistakes = tuple(
        Mistake(str(i), classes[labels[i]], classes[read[i]], float(confidence[i]), digits.images[i])
        for i in worst
    )
    return make_report(
        on,
        classes,
        labels,
        read,
        confidence,
        seconds,
        mistakes,
        nll=negative_log_likelihood(probabilities, labels),
        brier=brier_score(probabilities, labels),
    )


def make_report(
    on: str,
    classes: tuple[str, ...],
    labels: np.ndarray,
    read: np.ndarray,
    confidence: np.ndarray,
    seconds: float,
    mistakes: tuple[Mistake, ...],
    nll: float | None = None,
    brier: float | None = None,
) -> Report:
    size = len(classes)
    confusion = np.bincount(labels * size + read, minlength=size * size).reshape(size, size)
    hits, correct = np.diag(confusion), int((labels == read).sum())
    with np.errstate(invalid="ignore"):
        precision, recall = hits / confusion.sum(axis=0), hits / confusion.sum(axis=1)
    right = labels == read
    return Report(
        on=on,
        count=len(labels),
        correct=correct,
        interval=wilson_interval(correct, len(labels)),
        classes=classes,
        confusion=confusion,
        precision=precision,
        recall=recall,
        ece=expected_calibration_error(confidence, right),
        nll=nll,
        brier=brier,
        bins=reliability(confidence, right),
        seconds=seconds,
        mistakes=mistakes,
    )
