"""How well probabilities mean what they say, and how to make them: ECE, NLL, Brier score, temperature,
threshold.

In: probabilities (n, classes) in [0, 1], each row summing to 1, and labels (n,) int. Out: numbers.
"""

from __future__ import annotations

import numpy as np
from scipy.optimize import minimize_scalar

from inkdigits.reading.decoder import soften

# Below the least float32 that a softmax can leave, and above what a logarithm cannot take.
TINY = 1e-12


def negative_log_likelihood(probabilities: np.ndarray, labels: np.ndarray) -> float:
    """The mean of -ln p(label), in nats."""
    return float(-np.log(np.maximum(probabilities[np.arange(len(labels)), labels], TINY)).mean())


def brier_score(probabilities: np.ndarray, labels: np.ndarray) -> float:
    """The mean squared distance of the probabilities from the label's one-hot vector, in [0, 2] (Brier
    1950).
    """
    truth = np.eye(probabilities.shape[1])[labels]
    return float(((probabilities - truth) ** 2).sum(axis=1).mean())


def reliability(
    confidence: np.ndarray, right: np.ndarray, bins: int = 15
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(count, mean confidence, accuracy) of each of `bins` equal steps of confidence in [0, 1]; NaN where a
    bin is empty.
    """
    index = np.minimum((confidence * bins).astype(int), bins - 1)
    count = np.bincount(index, minlength=bins)
    with np.errstate(invalid="ignore"):
        mean = np.bincount(index, weights=confidence, minlength=bins) / count
        accuracy = np.bincount(index, weights=right.astype(float), minlength=bins) / count
    return count, mean, accuracy


def expected_calibration_error(confidence: np.ndarray, right: np.ndarray, bins: int = 15) -> float:
    """The mean gap between confidence and accuracy over bins, weighted by their counts (Guo et al. 2017), in
    [0, 1].
    """
    count, mean, accuracy = reliability(confidence, right, bins)
    filled = count > 0
    return float((count[filled] * np.abs(mean - accuracy)[filled]).sum() / count.sum())


def fit_temperature(probabilities: np.ndarray, labels: np.ndarray) -> float:
    """The temperature in [0.2, 5] of least negative log-likelihood on held-out data (Guo et al. 2017)."""

    def loss(logarithm: float) -> float:
        return negative_log_likelihood(soften(probabilities, float(np.exp(logarithm))), labels)

    found = minimize_scalar(loss, bounds=(np.log(0.2), np.log(5.0)), method="bounded")
    return round(float(np.exp(found.x)), 4)  # pyright: ignore


def choose_threshold(confidence: np.ndarray, right: np.ndarray, risk: float) -> float:
    """The least confidence at and above which at most a share `risk` of held-out readings is wrong; at least
    0.5.

    Where no confidence is enough, the threshold is just above the highest of a wrong reading, and at most 1.
    """
    order = np.argsort(-confidence, kind="stable")
    wrong = np.cumsum(~right[order])
    # Readings of equal confidence are accepted or refused together: only the last of each step counts.
    last = np.append(np.diff(confidence[order]) != 0, True)
    fine = np.flatnonzero(last & (wrong <= risk * np.arange(1, len(order) + 1)))
    if len(fine) == 0:
        return 1.0
    return float(np.clip(confidence[order][fine[-1]], 0.5, 1.0))
