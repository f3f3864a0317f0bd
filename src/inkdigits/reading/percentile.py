"""Percentiles of a few thousand numbers. In: an array. Out: numbers.

NumPy's own function spends 60 microseconds on preparing for cases that reading never has; a small picture
needs ten percentiles.
"""

from __future__ import annotations

import numpy as np

_MANY = 5000  # numbers from which sorting is quicker
_HIGH = 90  # per cent: from here on only numbers above the mean are ordered, if that is enough


def percentile(values: np.ndarray, share: float) -> float:
    """What `share` per cent of `values` (any shape, not empty) are below, between two of them in proportion,
    as `numpy.percentile` has it.
    """
    return percentiles(values, share)[0]


def percentiles(values: np.ndarray, *shares: float) -> list[float]:
    """What each of `shares` per cent of `values` (any shape, not empty) are below; the values are ordered
    once.
    """
    places = [share / 100 * (values.size - 1) for share in shares]
    pairs = [(int(place), min(int(place) + 1, values.size - 1)) for place in places]
    left_out = 0
    if values.dtype == np.float32 and values.size >= _MANY:
        if min(shares) > _HIGH:
            high = values[values > values.mean()]
            if values.size - high.size <= min(pairs)[0]:
                values, left_out = high, values.size - high.size
        # Darkness has few levels, and NumPy sorts such numbers far quicker than it parts them.
        ordered = np.sort(values, axis=None)
    else:
        ordered = np.partition(values, sorted({index for pair in pairs for index in pair}), axis=None)
    found = []
    for place, (below, above) in zip(places, pairs, strict=True):
        lower, upper = float(ordered[below - left_out]), float(ordered[above - left_out])
        found.append(lower + (place - below) * (upper - lower))
    return found
