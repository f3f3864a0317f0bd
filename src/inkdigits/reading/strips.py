"""A text line to what the line network is shown. In: `Page`, `Ink`, `TextLine`. Out: a `Strip`."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from inkdigits.reading.glyph import STRIP_HEIGHT, finish_strip
from inkdigits.reading.ink import Ink, cut_darkness
from inkdigits.reading.lines import TextLine
from inkdigits.reading.page import Page

TEXT_SHARE = 0.72  # of the strip's height; the line network is trained on 0.45 to 0.92
_SIDE = 0.5  # digit heights of paper left and right of the text
_LEVEL = 0.03  # slopes below this are left as they are
_WIDEST = 2048  # columns; a longer line is shown at a smaller scale across


@dataclass(frozen=True, eq=False)
class Strip:
    """What the line network sees of a line, and where its columns lie on the page.

    Attributes:
        image: (32, width) uint8.
        left: page pixel of column 0.
        zoom: page pixels per column.
    """

    image: np.ndarray
    left: float
    zoom: float

    def page_x(self, column: float) -> float:
        """The page's x at a column of the strip."""
        return self.left + column * self.zoom


def cut_strip(page: Page, ink: Ink, line: TextLine) -> Strip:
    """The line, levelled, with its digits at about 0.72 of the strip's height."""
    slope = line.slope if abs(line.slope) > _LEVEL else 0.0
    middle = (line.left + line.right) / 2
    tall = line.forms[(line.forms[:, 3] - line.forms[:, 1]) >= 0.45 * line.height]
    drift = slope * ((tall[:, 0] + tall[:, 2]) / 2 - middle)
    top, bottom = float((tall[:, 1] - drift).min()), float((tall[:, 3] - drift).max())
    high = max(4.0, (bottom - top) / TEXT_SHARE)
    centre = (top + bottom) / 2
    side = _SIDE * line.height + 2
    left, right = line.left - side, line.right + side
    rise = abs(slope) * (right - left) / 2
    rows = round(STRIP_HEIGHT * (high + 2 * rise) / high)
    box = (left, centre - high / 2 - rise, right, centre + high / 2 + rise)
    darkness = cut_darkness(page, ink, box, min(rows, 8 * STRIP_HEIGHT))
    if slope:
        # Levelling is a shear: each column moves up or down by its distance from the middle.
        offset = (darkness.shape[0] - STRIP_HEIGHT) / 2 - slope * darkness.shape[1] / 2
        matrix = np.array([[1.0, 0.0, 0.0], [slope, 1.0, offset]])
        darkness = cv2.warpAffine(
            darkness,
            matrix,
            (darkness.shape[1], STRIP_HEIGHT),
            flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
            borderMode=cv2.BORDER_REPLICATE,
        )
    if darkness.shape[1] > _WIDEST:
        darkness = cv2.resize(darkness, (_WIDEST, STRIP_HEIGHT), interpolation=cv2.INTER_AREA)
    return Strip(
        finish_strip(darkness.astype(np.float32, copy=False)), left, (right - left) / darkness.shape[1]
    )


def digit_groups(line: TextLine) -> list[np.ndarray]:
    """Boxes of the line's forms, those that lie over one another across joined: one box a digit, if none
    touch.
    """
    groups: list[np.ndarray] = []
    for form in line.forms:
        if groups:
            last = groups[-1]
            common = min(last[2], form[2]) - max(last[0], form[0])
            if common > 0.4 * min(last[2] - last[0], form[2] - form[0]):
                groups[-1] = np.array(
                    [
                        min(last[0], form[0]),
                        min(last[1], form[1]),
                        max(last[2], form[2]),
                        max(last[3], form[3]),
                    ]
                )
                continue
        groups.append(form)
    return groups
