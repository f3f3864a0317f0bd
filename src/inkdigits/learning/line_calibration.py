"""How sure the line network may be. In: its outputs on held-out lines and their truth. Out: temperature,
threshold.

The confidence that is calibrated is that of a whole line, as the decoder computes it: the temperature (Guo
et al., 2017) is the one whose line confidences have the least negative log-likelihood.
"""

from __future__ import annotations

import numpy as np

from inkdigits.learning.calibration import choose_threshold
from inkdigits.learning.strings import target_text
from inkdigits.learning.texts import LINE_CLASSES
from inkdigits.reading.decoder import find_signs, line_confidence, missed, soften

_TEMPERATURES = np.geomspace(0.6, 3.0, 17)


def read_outputs(outputs: np.ndarray) -> tuple[list[str], np.ndarray]:
    """Texts and confidences (n,) float64 of line outputs (n, steps, classes), the first of `LINE_CLASSES`."""
    texts, confidences = [], []
    classes = LINE_CLASSES[: outputs.shape[-1]]
    for steps in outputs:
        signs = find_signs(steps, classes)
        digits = [sign for sign in signs if sign.is_digit]
        texts.append("".join(sign.text for sign in digits))
        hidden = missed(steps, signs, classes)
        confidences.append(line_confidence([sign.confidence for sign in digits], hidden))
    return texts, np.array(confidences)


def calibrate_lines(outputs: np.ndarray, targets: np.ndarray, risk: float) -> tuple[float, float, float]:
    """(temperature, threshold, share of lines read exactly).

    Args:
        outputs: (n, steps, classes) float32 probabilities at temperature 1.
        targets: (n, steps) class indices.
        risk: the share of wrong lines accepted above the threshold.
    """
    truths = [target_text(target) for target in targets]
    best, best_loss = 1.0, np.inf
    for temperature in _TEMPERATURES:
        texts, confidences = read_outputs(soften(outputs, float(temperature)))
        right = np.array([text == truth for text, truth in zip(texts, truths, strict=True)])
        sure = np.clip(confidences, 1e-4, 1 - 1e-4)
        loss = -float(np.mean(np.where(right, np.log(sure), np.log(1 - sure))))
        if loss < best_loss:
            best, best_loss = float(temperature), loss
    texts, confidences = read_outputs(soften(outputs, best))
    right = np.array([text == truth for text, truth in zip(texts, truths, strict=True)])
    return best, choose_threshold(confidences, right, risk), float(right.mean())
