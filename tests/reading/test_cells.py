"""Cells of a table, told from darkness drawn here."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from inkdigits.reading.cells import by_cells

SIDE = 40  # pixels of a digit's height
SHAPE = (200, 900)


def _row(places: list[float], top: float = 80) -> list[list[float]]:
    """Forms as wide as half a digit's height, at `places` in digit heights."""
    return [[x * SIDE, top, (x + 0.5) * SIDE, top + SIDE] for x in places]


def _page(
    forms: list[list[float]], lines: list[float], darkness: float, *, lean: int = 0, noise: float = 0.0
) -> np.ndarray:
    page = np.zeros(SHAPE, np.uint8)
    for x in lines:
        cv2.line(page, (round(x * SIDE) + lean, 20), (round(x * SIDE) - lean, 180), round(255 * darkness), 2)
    for left, top, right, bottom in forms:
        cv2.ellipse(
            page,
            (round((left + right) / 2), round((top + bottom) / 2)),
            (round((right - left) / 2), round((bottom - top) / 2)),
            0,
            0,
            360,
            255,
            4,
        )
    page = page + np.random.default_rng(0).normal(0, 255 * noise, SHAPE)
    return np.clip(np.rint(page), 0, 255).astype(np.uint8)


TABLE = [1.0, 1.7, 2.4, 4.6, 7.1, 7.8]
DIVIDERS = [0.5, 4.2, 6.6, 9.6]


@pytest.mark.parametrize("darkness", [0.15, 0.5, 1.0])
@pytest.mark.parametrize("lean", [-4, 0, 4])
@pytest.mark.parametrize("lines", [DIVIDERS, DIVIDERS[1:3]], ids=["framed", "open"])
def test_what_stands_in_the_cells_of_a_row_stays_apart(
    darkness: float, lean: int, lines: list[float]
) -> None:
    forms = _row(TABLE)
    cells = by_cells([forms], _page(forms, lines, darkness, lean=lean, noise=0.02))
    assert cells == [forms[:3], forms[3:4], forms[4:]]


@pytest.mark.parametrize("pitch", [1.0, 1.3, 1.7])
def test_the_cells_of_a_comb_hold_one_number(pitch: float) -> None:
    forms = _row([0.5 + pitch * place + 0.2 for place in range(7)])
    page = _page(forms, [0.5 + pitch * place for place in range(8)], 0.5)
    assert by_cells([forms], page) == [forms]


@pytest.mark.parametrize("lines", [[], [1.25], [4.2]], ids=["none", "through a digit", "short"])
def test_without_a_divider_a_line_is_whole(lines: list[float]) -> None:
    forms = _row(TABLE)
    page = _page(forms, lines, 0.5, noise=0.02)
    page[: SHAPE[0] // 2 + 10, 150:] = np.minimum(page[: SHAPE[0] // 2 + 10, 150:], 5)
    assert by_cells([forms], page) == [forms]


@pytest.mark.parametrize(
    ("places", "apart"),
    [
        ([1.0, 1.7, 5.0, 5.7], [2, 2]),
        ([1.0, 4.2, 4.9, 8.0, 8.8], [1, 2, 2]),
        ([1.0, 1.7, 3.9, 4.6], [4]),  # hardly two digits wide
        ([1.0, 4.2, 7.4, 10.6], [4]),  # a number written wide
        ([1.0, 4.2], [2]),
    ],
)
def test_columns_without_lines_stand_far_apart_for_their_digits(
    places: list[float], apart: list[int]
) -> None:
    forms = _row(places)
    assert [len(cell) for cell in by_cells([forms], _page(forms, [], 0.5, noise=0.02))] == apart


def test_rows_are_divided_each_by_itself() -> None:
    upper, lower = _row(TABLE, 30), _row([1.0, 1.8, 2.6], 120)
    page = _page(upper + lower, DIVIDERS, 0.4)
    assert by_cells([upper, lower], page) == [upper[:3], upper[3:4], upper[4:], lower]


def test_a_1_of_another_line_is_no_divider() -> None:
    """One so far to the side that it is another line's still stands in the same rows."""
    forms, other = _row([1.0, 1.7, 8.0]), [[640.0, 80.0, 646.0, 120.0]]
    page = _page(forms, [], 0.5)
    page[80:120, 640:646] = 255
    assert by_cells([forms, other], page) == [forms[:2], forms[2:], other]
