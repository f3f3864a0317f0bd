"""Percentiles of a few thousand numbers. In: an array. Out: numbers.

NumPy's own function spends 60 microseconds on preparing for cases that reading never has; a small picture
needs ten percentiles.
"""

from __future__ import annotations

import numpy as np

_HIGH, _MANY = 90, 5000  # per cent and numbers from which on only those above the mean are ordered


def percentile(values: np.ndarray, share: float) -> float:
    """What `share` per cent of `values` (any shape, not empty) are below, between two of them in proportion,
    as `numpy.percentile` has it.
    """
    place = share / 100 * (values.size - 1)
    left_out = 0
    if share > _HIGH and values.size > _MANY:
        high = values[values > values.mean()]
        if values.size - high.size <= int(place):
            values, left_out = high, values.size - high.size
    return _at(_ordered(values, int(place) - left_out), place, left_out)


def percentiles(values: np.ndarray, *shares: float) -> list[float]:
    """What each of `shares` per cent of `values` (any shape, not empty) are below; the values are ordered
    once.
    """
    places = [share / 100 * (values.size - 1) for share in shares]
    ordered = _ordered(values, *map(int, places))
    return [_at(ordered, place) for place in places]


def _ordered(values: np.ndarray, *places: int) -> np.ndarray:
    """The values in order, at least at each of `places` and next to it."""
    if values.dtype == np.float32:
        # NumPy sorts these as quickly as it parts them, and far quicker where there are few levels.
        return np.sort(values, axis=None)
    last = values.size - 1
    return np.partition(
        values, sorted({min(place + step, last) for place in places for step in (0, 1)}), None
    )


def _at(ordered: np.ndarray, place: float, left_out: int = 0) -> float:
    """The number at a `place` between two of them; so many lower ones are `left_out`."""
    below = int(place)
    lower = float(ordered[below - left_out])
    upper = float(ordered[min(below + 1 - left_out, len(ordered) - 1)])
    return lower + (place - below) * (upper - lower)
