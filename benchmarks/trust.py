"""How far answers can be trusted. In: `Reading`s of the real sets. Out: rows on calibration, and on how much
is read at a bounded risk.

Confidence is calibrated where, of all answers with confidence c, a share c is right: the expected calibration
error (Guo et al., 2017) is the mean gap over 15 steps of confidence, the Brier score (1950) the mean squared
distance of confidence from right (1) or wrong (0). Images that got no answer make no claim and are left out
of both. Risk and coverage: answers are taken from the surest down as long as the risk among all taken stays
within the bound; coverage is the share of everything there was to read, unanswered images included.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from common import result_row, share_row
from inkdigits.learning.calibration import expected_calibration_error

Row = dict[str, Any]
CALIBRATION = "calibration error of all sets"
BRIER = "Brier score of all sets"
DIGIT_COVERAGE = "digits read at 0.5 % digit error"
STRING_COVERAGE = "strings read at 1 % string error"
TARGETS = {CALIBRATION: "<= 1", DIGIT_COVERAGE: ">= 95", STRING_COVERAGE: ">= 75"}
DIGIT_RISK, STRING_RISK = 0.005, 0.01
BOOTSTRAPS = 300


@dataclass(frozen=True)
class Reading:
    """The answer to one image: its `confidence` in [0, 1], whether it was `given` at all and all of it is
    `right`, and how many of its `digits` are `wrong` (insertions, deletions and substitutions). `likeness`
    in [0, 1] is how much it looks like digits, whichever they are.
    """

    confidence: float
    given: bool
    right: bool
    wrong: int
    digits: int
    likeness: float = 0.0


def calibration_rows(readings: Mapping[str, Sequence[Reading]]) -> list[Row]:
    """Calibration error (per cent) and Brier score of all sets together; those of each set in the detail."""
    sets = {name: _given(members) for name, members in readings.items() if any(one.given for one in members)}
    if not sets:
        return []
    confidence = np.concatenate([one[0] for one in sets.values()])
    right = np.concatenate([one[1] for one in sets.values()])
    measures = {CALIBRATION: ("%", _error), BRIER: ("", _brier)}
    rows = []
    for figure, (unit, measure) in measures.items():
        low, high = _bootstrapped(measure, confidence, right)
        rows.append(
            result_row(
                figure,
                measure(confidence, right),
                n=len(right),
                unit=unit,
                low=low,
                high=high,
                target=TARGETS.get(figure),
                detail={name: measure(*one) for name, one in sets.items()},
            )
        )
    return rows


def trust_rows(readings: Mapping[str, Sequence[Reading]], strings: Sequence[str]) -> list[Row]:
    """Calibration over all sets that were read, coverage over the sets `strings` where all of them were."""
    rows = calibration_rows(readings)
    if all(name in readings for name in strings):
        rows += coverage_rows([one for name in strings for one in readings[name]], " and ".join(strings))
    return rows


def coverage_rows(readings: Sequence[Reading], over: str) -> list[Row]:
    """How many digits, and how many strings, can be read at the two bounds of risk; `over` names the sets."""
    answered = sorted((one for one in readings if one.given), key=lambda one: -one.confidence)
    rows = []
    for figure, risk, wrong, whole in (
        (DIGIT_COVERAGE, DIGIT_RISK, lambda one: one.wrong, lambda one: one.digits),
        (STRING_COVERAGE, STRING_RISK, lambda one: int(not one.right), lambda one: 1),
    ):
        taken = _taken(answered, risk, wrong, whole)
        there = sum(whole(one) for one in readings)
        if there:
            lowest = answered[taken - 1].confidence if taken else None
            detail = {"over": over, "least_confidence": None if lowest is None else round(lowest, 4)}
            covered = sum(whole(one) for one in answered[:taken])
            rows.append(share_row(figure, covered, there, target=TARGETS[figure], detail=detail))
    return rows


def _taken(
    answered: Sequence[Reading],
    risk: float,
    wrong: Callable[[Reading], int],
    whole: Callable[[Reading], int],
) -> int:
    """How many of the surest answers keep the risk; those of equal confidence are taken together."""
    errors = np.cumsum([wrong(one) for one in answered])
    read = np.cumsum([whole(one) for one in answered])
    confidence = np.array([one.confidence for one in answered])
    last = np.append(np.diff(confidence) != 0, True) if len(confidence) else np.zeros(0, bool)
    fine = np.flatnonzero(last & (errors <= risk * read))
    return int(fine[-1]) + 1 if len(fine) else 0


def _given(readings: Sequence[Reading]) -> tuple[np.ndarray, np.ndarray]:
    given = [one for one in readings if one.given]
    return np.array([one.confidence for one in given]), np.array([one.right for one in given])


def _error(confidence: np.ndarray, right: np.ndarray) -> float:
    return round(100 * expected_calibration_error(confidence, right), 3)


def _brier(confidence: np.ndarray, right: np.ndarray) -> float:
    return round(float(((confidence - right) ** 2).mean()), 5)


def _bootstrapped(
    measure: Callable[[np.ndarray, np.ndarray], float], confidence: np.ndarray, right: np.ndarray
) -> tuple[float, float]:
    """The 95 % interval by drawing readings with replacement (Efron, 1979)."""
    random = np.random.default_rng(0)
    draws = (random.integers(0, len(right), len(right)) for _ in range(BOOTSTRAPS))
    low, high = np.quantile([measure(confidence[rows], right[rows]) for rows in draws], (0.025, 0.975))
    return float(low), float(high)
