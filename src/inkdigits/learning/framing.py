"""A written line as the reader would cut it out of its page. In: a picture, the boxes of its signs. Out: a
strip, and how its columns lie on the picture.

The reader shows the line network strips of which what is as tall as a digit takes a given share, in the
middle, with half a digit of paper on either side, and stretches the darkness of just that. Most lines are cut
so; the others as where print or a stroke of something else was taken along.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from inkdigits.reading.glyph import STRIP_HEIGHT
from inkdigits.reading.strips import SIDE, TEXT_SHARE

STRIP_WIDTH = 160
_CUT_WELL = 0.75  # of lines
_TALL = 0.45  # of the digits' height: smaller signs do not decide where the strip begins and ends
_TEXT_SHARES = (0.45, 0.95)  # of strips that are cut otherwise

Image = np.ndarray


@dataclass(frozen=True)
class Placed:
    """A sign on a canvas: its box, in pixels, and its class."""

    left: float
    top: float
    right: float
    bottom: float
    sign: int

    @property
    def height(self) -> float:
        return self.bottom - self.top


@dataclass(frozen=True)
class Framed:
    """What is cut of a canvas, and where it lies there.

    Attributes:
        image: (32, columns) float32, at most 160 columns.
        across, down: pixels of the canvas a column and a row.
        top: the canvas's row at the strip's upper edge.
    """

    image: Image
    across: float
    down: float
    top: float

    def box(self, signs: list[Placed]) -> np.ndarray:
        """The box (left, top, right, bottom) of signs in pixels of the strip, float64."""
        edges = np.array([(sign.left, sign.top, sign.right, sign.bottom) for sign in signs], float)
        edges = np.concatenate([edges[:, :2].min(axis=0), edges[:, 2:].max(axis=0)])
        return (edges - [0, self.top] * 2) / ([self.across, self.down] * 2)


def frame(picture: Image, signs: list[Placed], random: np.random.Generator) -> Framed:
    """The strip of a `picture` (rows, columns) float32 with `signs` on it; where it ends, its border is
    repeated.
    """
    height, width = picture.shape
    if not signs:
        down = height / STRIP_HEIGHT
        across = width / STRIP_WIDTH
        return Framed(_resized(picture, STRIP_WIDTH), across, down, 0.0)
    digit = float(np.median([sign.height for sign in signs]))
    tall = [sign for sign in signs if sign.height >= _TALL * digit] or signs
    top, bottom = min(sign.top for sign in tall), max(sign.bottom for sign in tall)
    text = max(4.0, bottom - top)
    if random.random() < _CUT_WELL:
        rows = text / (TEXT_SHARE * float(np.exp(random.normal(0, 0.03))))
        first = (top + bottom - rows) / 2 + float(random.normal(0, 0.015)) * rows
        end = signs[-1].right + SIDE * digit + float(random.uniform(0, 4))
    else:
        rows = text / float(random.uniform(*_TEXT_SHARES))
        first = top - float(random.uniform(-0.05, 1.05)) * (rows - text)
        end = float(width)
    first, last = round(first), round(first + max(rows, 8.0))
    before, after = max(0, -first), max(0, last - height)
    part = picture[max(0, first) : min(height, last)]
    part = cv2.copyMakeBorder(part, before, after, 0, 0, cv2.BORDER_REPLICATE)
    down = part.shape[0] / STRIP_HEIGHT
    # A line that is too long for the strip is shown narrower.
    across = max(down, (signs[-1].right + 2) / STRIP_WIDTH)
    columns = min(STRIP_WIDTH, max(8, round(min(end, width) / across)))
    part = part[:, : max(1, round(columns * across))]
    return Framed(_resized(part, columns), part.shape[1] / columns, down, float(first))


def _resized(picture: Image, columns: int) -> Image:
    size = (columns, STRIP_HEIGHT)
    shrinks = picture.shape[0] >= STRIP_HEIGHT and picture.shape[1] >= columns
    return cv2.resize(picture, size, interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR)
