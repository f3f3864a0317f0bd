"""A digit that fills the picture, told from what surrounds a sheet: both are wider than most strokes, and
reach the border. In: what is dark. Out: which of it may be such a digit.
"""

from __future__ import annotations

import cv2
import numpy as np

from inkdigits.reading.components import Components, touches_border

# Of the picture's shorter side:
_LARGE = 0.4  # its longer side at least
_CONTACT = 0.3  # of the border is its own at most
_WIDEST = 0.15  # its stroke
_PIECE = 0.06  # a piece of it; with more than so many in the picture something else is written there
_PIECES = 3


def may_be_digit(found: Components, dark: np.ndarray) -> np.ndarray:
    """Which components `found` in `dark` (height, width) uint8 in {0, 1} may be a digit that fills the
    picture, written with a thick pen or seen from near by, (components,) bool.
    """
    height, width = dark.shape
    shorter = min(height, width)
    rows, columns = np.divmod(found.places, width)
    at_border = (np.minimum(rows, height - 1 - rows) < 1) | (np.minimum(columns, width - 1 - columns) < 1)
    contact = np.bincount(found.owners[at_border], minlength=found.count)
    side = max(3, round(_WIDEST * shorter))
    solid = cv2.erode(dark, np.ones((side, side), np.uint8), borderValue=0)
    is_wide = np.bincount(found.owners, weights=solid.ravel()[found.places], minlength=found.count) > 0
    # What surrounds a sheet surrounds something that is written.
    inside = found.longest[~touches_border(found.stats, dark.shape)] >= _PIECE * shorter
    digits = (found.longest >= _LARGE * shorter) & (contact < _CONTACT * shorter) & ~is_wide
    return digits & (int(inside.sum()) <= _PIECES)
