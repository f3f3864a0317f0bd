"""Strips of writing as they look when the same hand leans otherwise, with another pen. In: strips. Out: as
many.

To make a line takes a millisecond or two of a core, to change it a twentieth of that; what stands in each
column stays there.
"""

from __future__ import annotations

import cv2
import numpy as np

from inkdigits.reading.glyph import finish_strip
from inkdigits.reading.slant import slanted

_LEAN = 0.25  # columns a row, to either side
_PEN = 0.7  # of what a pen does to a stroke that is a pixel wider or narrower on either side


def seen_again(strips: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Strips (n, 32, width) uint8, each leaning otherwise, its strokes wider or narrower."""
    again = np.empty_like(strips)
    cross = cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3))
    leans, pens = random.uniform(-_LEAN, _LEAN, len(strips)), random.uniform(-_PEN, _PEN, len(strips))
    for index, strip in enumerate(strips):
        leaning = slanted(strip, float(leans[index]))
        other = cv2.dilate(leaning, cross) if pens[index] > 0 else cv2.erode(leaning, cross)
        share = abs(float(pens[index]))
        again[index] = finish_strip(cv2.addWeighted(leaning, 1 - share, other, share, 0.0) / np.float32(255))
    return again
