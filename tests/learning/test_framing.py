"""Written lines as the reader would cut them."""

from __future__ import annotations

import cv2
import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from inkdigits.learning import framing
from inkdigits.learning.framing import STRIP_WIDTH, Placed, frame
from inkdigits.reading.glyph import STRIP_HEIGHT
from inkdigits.reading.ink import find_ink
from inkdigits.reading.lines import find_lines
from inkdigits.reading.page import load_pages
from inkdigits.reading.strips import cut_strip

CANVAS = (80, 400)


def line(*boxes: tuple[int, int, int, int]) -> tuple[np.ndarray, list[Placed]]:
    """A canvas with a ring in each box (left, top, right, bottom)."""
    canvas = np.zeros(CANVAS, np.float32)
    for left, top, right, bottom in boxes:
        middle, radii = ((left + right) // 2, (top + bottom) // 2), ((right - left) // 2, (bottom - top) // 2)
        cv2.ellipse(canvas, middle, radii, 0, 0, 360, 1.0, 2, cv2.LINE_AA)
    return canvas, [Placed(*map(float, box), 1) for box in boxes]


def test_a_line_is_cut_as_the_reader_cuts_it(monkeypatch) -> None:
    monkeypatch.setattr(framing, "_CUT_WELL", 1.0)
    canvas, signs = line((25, 20, 45, 50), (55, 24, 75, 54), (82, 18, 100, 49), (108, 40, 114, 50))
    (page,) = load_pages(cv2.resize((255 - 255 * canvas).astype(np.uint8), None, fx=4, fy=4))
    ink = find_ink(page)
    (found,) = find_lines(ink)
    cut = cut_strip(page, ink, found).image
    text = np.flatnonzero(cut.max(axis=1) > 128)
    tops, bottoms, rights = [], [], []
    for seed in range(60):
        framed = frame(canvas, signs, np.random.default_rng(seed))
        left, top, right, bottom = framed.box(signs)
        tops.append(top)
        bottoms.append(bottom)
        rights.append(framed.image.shape[1] - right)
        assert framed.image.shape[0] == STRIP_HEIGHT
    assert abs(np.median(tops) - text[0]) < 1.5 > abs(np.median(bottoms) - text[-1] - 1)
    assert np.std(tops) < 1.2
    paper = cut.shape[1] - 1 - np.flatnonzero(cut.max(axis=0) > 128)[-1]
    assert abs(np.median(rights) - paper) < 3


@given(
    st.integers(0, 2**31),
    st.lists(st.tuples(st.integers(3, 90), st.integers(4, 78)), min_size=0, max_size=6),
)
def test_every_sign_is_on_the_strip_where_its_box_says(seed: int, sizes: list[tuple[int, int]]) -> None:
    random = np.random.default_rng(seed)
    boxes, x = [], 4
    for width, height in sizes:
        top = int(random.integers(0, CANVAS[0] - height))
        if x + width < CANVAS[1]:
            boxes.append((x, top, x + width, top + height))
        x += width + 4
    canvas, signs = line(*boxes)
    framed = frame(canvas, signs, random)
    assert framed.image.shape[0] == STRIP_HEIGHT and 1 <= framed.image.shape[1] <= STRIP_WIDTH
    assert framed.image.min() >= 0 and framed.image.max() <= 1 + 1e-5
    for sign in signs:
        left, _, right, _ = framed.box([sign])
        assert 0 <= left <= right <= framed.image.shape[1] + 0.5
