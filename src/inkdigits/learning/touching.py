"""A digit that touches its neighbours, cut out as the reader cuts it. In: drawn digits. Out: what is left of
one.
"""

from __future__ import annotations

import cv2
import numpy as np

from inkdigits.learning.inking import Image, Pen, add_ink, join
from inkdigits.reading.pieces import divide

_GAP, _GAP_SPREAD = -0.04, 0.07  # of the pen's height, between neighbours
_DRIFT = 0.06  # of the pen's height: how much higher or lower a neighbour stands
_JOINED = 0.3  # of neighbours: by a stroke that the pen leaves on its way


def cut_out(digits: list[Image], which: int, pen: Pen, random: np.random.Generator) -> Image:
    """What dividing leaves of `digits[which]` when they are written side by side.

    Args:
        digits: ink (height, width) float32 in [0, 1] of two or more digits, left to right.
        which: the one that is wanted.
        pen: what joins them; `pen.height` is that of a digit in pixels.
    """
    room = round(0.2 * pen.height) + 2
    height = max(digit.shape[0] for digit in digits) + 2 * room
    ink = np.zeros((height, sum(digit.shape[1] for digit in digits) + 2 * room), np.float32)
    base, x = height - room, float(room)
    spans: list[tuple[float, float]] = []
    for digit in digits:
        if spans:
            x = max(spans[-1][0] + 3, x + float(random.normal(_GAP, _GAP_SPREAD)) * pen.height)
        drift = round(float(random.normal(0, _DRIFT)) * pen.height)
        add_ink(ink, digit, round(x), base - digit.shape[0] + drift)
        if spans and random.random() < _JOINED:
            join(ink, spans[-1], x + 0.3 * digit.shape[1], base, pen, random)
        spans.append((x, x + digit.shape[1]))
        x += digit.shape[1]
    piece = divide(ink, [(left + right) / 2 for left, right in spans])[which]
    left, top, width, height = cv2.boundingRect((piece > 0.1).astype(np.uint8))
    return np.ascontiguousarray(piece[top : top + height, left : left + width])
