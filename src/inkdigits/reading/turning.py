"""Pages that lie on their side or upside down. In: a page, its ink, and how it reads upright. Out: both
turned, and what was read there with its boxes turned back.

Digits look like other digits when they are turned, so a page is turned only where its upright reading is in
doubt, and a turned reading is taken only where it is sure and reads strings of digits.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from inkdigits.answer import Box, Line
from inkdigits.reading.ink import Ink
from inkdigits.reading.page import Page

TURNS = (1, 3, 2)  # quarters counter-clockwise, the likeliest first
# So many times the digits of the upright reading, weighed by confidence, make a turned one the better. Upside
# down most digits are another digit.
_BETTER = {1: 2.0, 3: 2.0, 2: 3.0}
_SHORTEST = 3  # digits: what lies on its side has pieces that look like a 0 or a 1
_SAID = {1: "a quarter to the left", 2: "upside down", 3: "a quarter to the right"}


def in_doubt(lines: Sequence[Line]) -> bool:
    """Whether a page whose ink reads as `lines` may lie on its side."""
    return bool(lines) and not any(line.status == "ok" for line in lines)


def turned(page: Page, ink: Ink, quarters: int) -> tuple[Page, Ink]:
    """A page and its ink turned counter-clockwise by `quarters` of a turn; ink is found but once."""

    def turn(image: np.ndarray) -> np.ndarray:
        return np.ascontiguousarray(np.rot90(image, quarters))

    frames = None if ink.frames is None else turn(ink.frames)
    lying = replace(
        ink, darkness=turn(ink.darkness), mask=turn(ink.mask), paper=turn(ink.paper), frames=frames
    )
    return replace(page, gray=turn(page.gray), color=None), lying


def is_better(lines: Sequence[Line], upright: Sequence[Line], quarters: int) -> bool:
    """Whether a page turned by `quarters` reads better than it does `upright`: surely, a string, far more of
    it.
    """
    told = [line for line in lines if line.text]
    longest = max((len(line.text) for line in told), default=0)
    sure = all(line.status == "ok" for line in told)
    return sure and longest >= _SHORTEST and _weight(lines) > _BETTER[quarters] * _weight(upright)


def turned_back(lines: Sequence[Line], page: Page, quarters: int) -> tuple[Line, ...]:
    """Lines of the turned page with their boxes on `page`, and a reason that says how it lies."""
    reason = f"the picture lies {_SAID[(4 - quarters) % 4]}; it was turned to be read"
    return tuple(
        replace(
            line,
            box=_box_back(line.box, page, quarters),
            digits=tuple(replace(digit, box=_box_back(digit.box, page, quarters)) for digit in line.digits),
            marks=tuple(replace(mark, box=_box_back(mark.box, page, quarters)) for mark in line.marks),
            reasons=(*line.reasons, reason),
        )
        for line in lines
    )


def lines_turned(
    page: Page, ink: Ink, lines: tuple[Line, ...], look: Callable[[Page, Ink, int], tuple[Line, ...]]
) -> tuple[Line, ...] | None:
    """What `look` (page, ink, looks) reads of a page turned, with boxes turned back; None where upright, as
    which it reads `lines`, is no worse.
    """
    if in_doubt(lines):
        for quarters in TURNS:
            found = look(*turned(page, ink, quarters), 1)  # it must be sure at first sight
            if is_better(found, lines, quarters):
                return turned_back(found, page, quarters)
    return None


def _weight(lines: Sequence[Line]) -> float:
    return sum(line.confidence * len(line.text) for line in lines)


def _box_back(box: Box, page: Page, quarters: int) -> Box:
    """A box (x, y, width, height) on the turned page as it lies on `page`."""
    x, y, width, height = box
    if quarters == 1:
        return (page.width - y - height, x, height, width)
    if quarters == 3:
        return (y, page.height - x - width, height, width)
    return (page.width - x - width, page.height - y - height, width, height)
