"""Lines of writing found among strokes, on ink masks made here."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inkdigits.reading.ink import Ink
from inkdigits.reading.lines import find_lines

SIDE = 40  # pixels of a digit's height
SHAPE = (700, 900)


def _ink(mask: np.ndarray, scale: float = 1.0) -> Ink:
    paper = np.full((8, 8), 225, np.uint8)
    return Ink(mask * 255, mask, paper, scale, 0.8, False)


def _blob(mask: np.ndarray, x: float, y: float, height: float = SIDE) -> None:
    """A ring `height` pixels high with its corner at (x, y), in place."""
    half = height / 2
    centre = (round(x + 0.3 * height), round(y + half))
    cv2.ellipse(mask, centre, (round(0.27 * height), round(half - 2)), 0, 0, 360, 1, 4)


def _rows(
    counts: list[int], *, pitch: float = 2.2, advance: float = 1.1, fall: float = 0.0, left: float = 60
) -> np.ndarray:
    mask = np.zeros(SHAPE, np.uint8)
    for row, count in enumerate(counts):
        for place in range(count):
            x = left + place * advance * SIDE
            _blob(mask, x, 50 + row * pitch * SIDE + fall * (x - left))
    return mask


@given(counts=st.lists(st.integers(1, 12), min_size=1, max_size=7), advance=st.floats(0.8, 1.5))
@settings(max_examples=25, deadline=None)
def test_rows_of_digits_are_lines_from_top_to_bottom(counts: list[int], advance: float) -> None:
    lines = find_lines(_ink(_rows(counts, advance=advance)))
    assert [len(line.forms) for line in lines] == counts
    tops = [line.top for line in lines]
    assert tops == sorted(tops)
    for line in lines:
        assert (np.diff(line.forms[:, 0]) > 0).all()
        assert line.height == pytest.approx(SIDE, abs=5)


@pytest.mark.parametrize("fall", [-0.12, -0.06, 0.06, 0.12, 0.2])
def test_a_slanted_row_is_one_line_with_its_slope(fall: float) -> None:
    mask = np.zeros(SHAPE, np.uint8)
    for place in range(11):
        _blob(mask, 60 + 50 * place, 300 + fall * 50 * place)
    (line,) = find_lines(_ink(mask))
    assert len(line.forms) == 11
    assert line.slope == pytest.approx(fall, abs=0.02)


@pytest.mark.parametrize("scale", [1.0, 2.5, 6.25])
def test_boxes_are_in_pixels_of_the_page_and_cover_the_ink(scale: float) -> None:
    mask = _rows([5, 3])
    lines = find_lines(_ink(mask, scale))
    covered = np.zeros(SHAPE, bool)
    for line in lines:
        box = np.array([line.left, line.top, line.right, line.bottom])
        np.testing.assert_allclose(
            box, np.concatenate([line.forms[:, :2].min(axis=0), line.forms[:, 2:].max(axis=0)])
        )
        left, top, right, bottom = np.round(box / scale).astype(int)
        covered[top:bottom, left:right] = True
        assert line.height == pytest.approx(SIDE * scale, rel=0.12)
    assert covered[mask > 0].all()
    assert covered.sum() < 3 * mask.sum() + 0.1 * mask.size


def test_specks_are_no_lines_and_join_none() -> None:
    mask = _rows([4, 4])
    random = np.random.default_rng(0)
    for x, y in random.integers(20, 680, (60, 2)):
        mask[y, x] = 1
    assert [len(line.forms) for line in find_lines(_ink(mask))] == [4, 4]


def test_a_point_and_a_dash_join_the_line_beside_which_they_lie() -> None:
    mask = _rows([3, 3])
    right = round(60 + 3 * 1.1 * SIDE)
    mask[50 + SIDE - 6 : 50 + SIDE, right : right + 6] = 1
    mask[50 + SIDE // 2 : 50 + SIDE // 2 + 4, right + 14 : right + 34] = 1
    first, second = find_lines(_ink(mask))
    assert len(first.forms) == 5
    assert len(second.forms) == 3
    assert first.height == pytest.approx(SIDE, abs=5)


def test_small_zeros_that_trail_off_are_of_the_line_and_specks_are_not() -> None:
    mask = _rows([2])
    for place in range(4):
        _blob(mask, 160 + 26 * place, 62, 14)
    (line,) = find_lines(_ink(mask))
    assert len(line.forms) == 6
    for place in range(1, 4):
        cv2.circle(mask, (250 + 26 * place, 70), 2, 1, -1)
    (beside,) = find_lines(_ink(mask))
    assert len(beside.forms) == 7  # a speck leads on to no other


def test_a_digit_in_two_pieces_is_one_line() -> None:
    mask = np.zeros(SHAPE, np.uint8)
    cv2.rectangle(mask, (300, 200), (360, 250), 1, 5)
    cv2.rectangle(mask, (305, 262), (358, 330), 1, 5)
    (line,) = find_lines(_ink(mask))
    assert len(line.forms) == 2


def test_columns_side_by_side_are_read_row_by_row() -> None:
    mask = np.maximum(_rows([2, 2, 2]), _rows([3, 3, 3], left=600))
    lines = find_lines(_ink(mask))
    assert [len(line.forms) for line in lines] == [2, 3, 2, 3, 2, 3]
    assert [line.left > 500 for line in lines] == [False, True] * 3


@given(height=st.integers(1, 300), width=st.integers(1, 300), seed=st.integers(0, 2**32 - 1))
@settings(max_examples=40, deadline=None)
def test_any_mask_gives_lines_that_lie_on_it(height: int, width: int, seed: int) -> None:
    random = np.random.default_rng(seed)
    mask = (random.random((height, width)) < random.uniform(0, 0.4)).astype(np.uint8)
    for line in find_lines(_ink(mask)):
        assert 0 <= line.left < line.right <= width
        assert 0 <= line.top < line.bottom <= height
        assert line.height > 0 and np.isfinite(line.slope)
        assert len(line.forms)


@pytest.mark.parametrize("gap", [0.1, 0.14, 0.4])
def test_digits_in_a_column_are_lines_each(gap: float) -> None:
    """As close as two pieces of one digit may lie; that each is as high as the others tells them apart."""
    lines = find_lines(_ink(_rows([1] * 6 + [3], pitch=1 + gap)))
    assert [len(line.forms) for line in lines] == [1] * 6 + [3]


@pytest.mark.parametrize("lean", [-60, 0, 60])
def test_a_fold_across_the_sheet_is_in_no_line(lean: int) -> None:
    mask = _rows([4, 3])
    cv2.line(mask, (250 + lean, 0), (250 - lean, SHAPE[0] - 1), 0, 12)
    alone = [len(line.forms) for line in find_lines(_ink(mask))]
    cv2.line(mask, (250 + lean, 0), (250 - lean, SHAPE[0] - 1), 1, 3)
    assert [len(line.forms) for line in find_lines(_ink(mask))] == alone


def test_a_long_stroke_from_the_border_with_nothing_beside_it_stays() -> None:
    mask = np.zeros(SHAPE, np.uint8)
    cv2.line(mask, (450, 0), (430, 400), 1, 5)
    assert len(find_lines(_ink(mask))) == 1


def test_a_thread_is_not_how_high_digits_are() -> None:
    """One that hangs on a digit makes the tallest form of the page, and hardly any of its ink."""
    mask = _rows([4, 1, 3])
    cv2.line(mask, (160, 264), (150, SHAPE[0] - 40), 1, 2)
    assert [len(line.forms) for line in find_lines(_ink(mask))][:2] == [4, 1]
