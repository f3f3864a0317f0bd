"""The whole reader's confidence, calibrated on synthetic lines of writers held out.

In: a folder with both shipped networks, the data folder. Out: a `Calibration`, and the line network's card
rewritten with it. What is calibrated is what users get: both networks, the decoder and the transcript, on
pictures of lines, and not one network's outputs.
"""

from __future__ import annotations

import dataclasses
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from scipy.optimize import minimize

from inkdigits.errors import WeightsError
from inkdigits.learning.bank import load_banks
from inkdigits.learning.calibration import choose_threshold, expected_calibration_error
from inkdigits.learning.shipped import LINE_INK
from inkdigits.learning.strings import make_lines, target_text
from inkdigits.reading.card import load_card, save_card
from inkdigits.reading.glyph import NORMALISER_VERSION
from inkdigits.reading.reader import Reader

SEED = 11  # of its lines: others than those that training is validated on
ENLARGED = 3  # a strip is made a picture of so many times its size
ACCEPTED_RISK = 0.02  # of wrong lines among those that are `ok`
LINE_WEIGHTS = "inkdigits-lines.onnx"
_TINY = 1e-6


@dataclass(frozen=True)
class Calibration:
    """The curve (`scale`, `shift`) and `threshold` as `Trust` takes them, and what they were fitted on:
    `count` answers, a share `accepted` of them at or above the threshold; calibration errors in [0, 1],
    without a curve and with this one.
    """

    scale: float
    shift: float
    threshold: float
    count: int
    accepted: float
    error_before: float
    error_after: float


def calibrate_reader(weights: Path, data_folder: Path, count: int) -> Calibration:
    """Fit the curve and the threshold on `count` lines, and write them into the card of the line network.

    What is found does not depend on what the card had. The lines are read twice, first with none,
    then with what that gave, since the reader looks again at lines that it is less sure of.

    Raises WeightsError where `weights` holds no line network or no answer was given; DataError where data is
    missing.
    """
    path = weights / LINE_WEIGHTS
    card = load_card(path, NORMALISER_VERSION)
    bank = load_banks(data_folder, LINE_INK)[1]
    strips, targets = make_lines(bank, count, np.random.default_rng(SEED))
    texts = [target_text(target) for target in targets]
    card = dataclasses.replace(card, confidence_scale=1.0, confidence_shift=0.0, threshold=0.5)
    with tempfile.TemporaryDirectory() as folder:
        copied = Path(shutil.copytree(weights, Path(folder) / "weights"))

        def read() -> tuple[np.ndarray, np.ndarray]:
            save_card(card, copied / LINE_WEIGHTS)
            confidence, right = read_lines(Reader(copied), strips, texts)
            if not len(confidence) or right.all() or not right.any():
                raise WeightsError(f"{path}: reads {len(confidence)} of {count} lines, too few, or all alike")
            return confidence, right

        confidence, right = read()
        error_before = expected_calibration_error(confidence, right)
        scale, shift = fit_curve(confidence, right)
        threshold = choose_threshold(_told(confidence, scale, shift), right, ACCEPTED_RISK)
        card = dataclasses.replace(card, confidence_scale=scale, confidence_shift=shift, threshold=threshold)
        confidence, right = read()
    scale, shift = fit_curve(confidence, right)
    told = _told(confidence, scale, shift)
    threshold = choose_threshold(told, right, ACCEPTED_RISK)
    found = Calibration(
        # The curve that was read with is in what was read: the two in one.
        scale=round(scale * card.confidence_scale, 4),
        shift=round(scale * card.confidence_shift + shift, 4),
        threshold=round(threshold, 4),
        count=len(confidence),
        accepted=round(float((told >= threshold).mean()), 4),
        error_before=round(error_before, 4),
        error_after=round(expected_calibration_error(told, right), 4),
    )
    metrics = {**card.metrics, "calibration": dataclasses.asdict(found)}
    curve = {"confidence_scale": found.scale, "confidence_shift": found.shift}
    save_card(dataclasses.replace(card, threshold=found.threshold, metrics=metrics, **curve), path)
    return found


def read_lines(reader: Reader, strips: np.ndarray, texts: list[str]) -> tuple[np.ndarray, np.ndarray]:
    """The confidences (n,) float64 of the answers that `reader` gives to strips (lines, 32, width) uint8,
    white ink on black, and whether each is the text of its strip; lines without an answer are left out.
    """
    found = []
    for strip, text in zip(strips, texts, strict=True):
        page = cv2.resize(255 - strip, None, fx=ENLARGED, fy=ENLARGED, interpolation=cv2.INTER_CUBIC)
        (answer,) = reader.read(page)
        if answer.text:
            # Where digits stand far apart they may be told as two lines.
            found.append((answer.confidence, answer.text.replace("\n", "") == text))
    confidence, right = np.array(found, float).reshape(-1, 2).T
    return confidence, right.astype(bool)


def fit_curve(confidence: np.ndarray, right: np.ndarray) -> tuple[float, float]:
    """(scale, shift) on the logit of the least negative log-likelihood (Platt 1999); scale is above 0."""
    logits = _logit(confidence)

    def loss(parameters: np.ndarray) -> float:
        told = np.exp(parameters[0]) * logits + parameters[1]
        return float(np.logaddexp(0, np.where(right, -told, told)).mean())

    scale, shift = minimize(loss, np.zeros(2), method="Nelder-Mead").x
    return float(np.exp(scale)), float(shift)


def _told(confidence: np.ndarray, scale: float, shift: float) -> np.ndarray:
    return 1 / (1 + np.exp(-(scale * _logit(confidence) + shift)))


def _logit(confidence: np.ndarray) -> np.ndarray:
    inside = np.clip(confidence, _TINY, 1 - _TINY)
    return np.log(inside / (1 - inside))
