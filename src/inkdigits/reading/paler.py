"""Pictures of one digit whose ink is paler in places than its darkest, or hardly darker than the noise: thin
strokes beside blots, motion, defocus, little light.

In: a page, and how it reads. Out: how it reads where paler strokes count as ink too, and noise is smoothed
away. That brings shadows, print and the grain of paper along, so only a picture of which next to nothing was
read is looked at again so, and only one digit is believed.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from inkdigits.answer import Line
from inkdigits.reading.ink import Ink, find_ink
from inkdigits.reading.page import Page

_MOST = 3  # digits: pieces of one digit may read as that many, and more are a number
_SURE = 0.75  # the least confidence of the digit


def lines_in_paler_ink(
    page: Page, ink: Ink, lines: tuple[Line, ...], look: Callable[[Page, Ink, int], tuple[Line, ...]]
) -> tuple[Line, ...] | None:
    """What `look` (page, ink, looks) reads of a page where paler ink counts; None where that is the same ink,
    or not one digit that is surer than `lines`, how the page reads in its `ink`.
    """
    told = [line for line in lines if line.text]
    if ink.contrast == 0 or any(line.status == "ok" for line in lines):
        return None
    # Noise is many forms that are none.
    if sum(len(line.text) for line in told) > _MOST and 2 * len(told) >= len(lines):
        return None
    paler = find_ink(page, paler=True)
    if np.array_equal(paler.mask, ink.mask):
        return None
    found = look(page, paler, 2)
    least = max(_SURE, min((line.confidence for line in told), default=0.0))
    texts = [line for line in found if line.text]
    one = len(texts) == 1 and len(texts[0].text) == 1 and texts[0].confidence > least
    return found if one else None
