"""Percentiles of some thousand numbers. In: an array. Out: numbers.

NumPy's own function spends 60 microseconds on preparing for cases that reading never has, and orders bytes
that need only be counted; a small picture needs ten percentiles.
"""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np


def percentile(values: np.ndarray, share: float) -> float:
    """What `share` per cent of `values` (any shape, not empty) are below, between two of them in proportion,
    as `numpy.percentile` has it.
    """
    return percentiles(values, share)[0]


def percentiles(values: np.ndarray, *shares: float) -> list[float]:
    """What each of `shares` per cent of `values` (any shape, not empty) are below; the values are ordered
    once.
    """
    if values.dtype == np.uint8:
        sums = _counted(values)
        return [
            _at(lambda place: int(np.searchsorted(sums, place, "right")), values.size, one) for one in shares
        ]
    ordered = np.sort(values, axis=None)
    return [_at(lambda place: float(ordered[place]), values.size, one) for one in shares]


def percentile_level(levels: np.ndarray, share: float) -> float:
    """What `share` per cent of whole `levels` (any shape, uint8, not empty) are below, where each stands for
    all numbers that are rounded to it; at least 0.
    """
    sums = _counted(levels)
    place = max(share / 100 * levels.size, 0.5)  # below the least there is no level
    level = int(np.searchsorted(sums, place))
    before = sums[level - 1] if level else 0.0
    return max(0.0, level - 0.5 + float((place - before) / (sums[level] - before)))


def _counted(values: np.ndarray) -> np.ndarray:
    """How many of `values` (any shape, uint8, at most 16 million) are at most 0, 1, ... 255."""
    counts = cv2.calcHist([np.ascontiguousarray(values)], [0], None, [256], [0, 256])
    return np.cumsum(counts)


def _at(value: Callable[[int], float], count: int, share: float) -> float:
    """The number that `share` per cent of `count` ordered ones are below; `value` is that at a place."""
    place = share / 100 * (count - 1)
    below = int(place)
    lower = value(below)
    return lower + (place - below) * (value(min(below + 1, count - 1)) - lower)
