"""Pictures of one digit that are in doubt: looked at for paler ink, and taken for what they surely are."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
import pytest
from drawing import page, pen, photo

from inkdigits.answer import Line
from inkdigits.reading.ink import Ink, find_ink
from inkdigits.reading.page import Page
from inkdigits.reading.paler import lines_in_paler_ink
from inkdigits.reading.reader import Reader

SHAPE = (400, 300)
Look = Callable[[Page, Ink, int], tuple[Line, ...]]


def line(text: str, confidence: float, status: str = "unsure") -> Line:
    return Line(text, confidence, status if text else "not_digits", (0, 0, 9, 9))  # type: ignore[arg-type]


def saying(*lines: Line) -> Look:
    """A look that reads these lines whatever it is shown."""
    return lambda page, ink, looks: lines


@pytest.fixture(scope="module")
def blotted() -> Page:
    """A pale digit that begins in a dark blot."""
    gray = photo(pen(SHAPE, "5", 90, 80, 240, thickness=7), pen_level=150)
    cv2.circle(gray, (110, 320), 18, 20, -1, cv2.LINE_AA)
    return page(gray)


def test_strokes_beside_a_blot_are_found_where_paler_ink_counts(blotted: Page) -> None:
    drawn = pen(SHAPE, "5", 90, 80, 240, thickness=7) > 0.6
    assert find_ink(blotted).mask[drawn].mean() < 0.3
    assert find_ink(blotted, paler=True).mask[drawn].mean() > 0.9


@pytest.mark.parametrize("digit", ["2", "3", "7"])
def test_a_digit_in_noise_is_read(digit: str) -> None:
    gray = photo(pen(SHAPE, digit, 80, 80, 230, thickness=9), pen_level=165, noise=34, seed=4)
    assert Reader().read(gray)[0].text == digit


@pytest.mark.parametrize(
    ("upright", "paler", "taken"),
    [
        ([], [line("5", 0.8)], True),
        ([line("1", 0.6)], [line("5", 0.8)], True),
        ([line("41", 0.6)], [line("4", 0.97, "ok"), line("", 0.0)], True),
        ([line("1", 0.9)], [line("5", 0.8)], False),
        ([line("1", 0.6)], [line("5", 0.7)], False),
        ([line("1", 0.6)], [line("15", 0.9)], False),
        ([line("1", 0.6)], [line("1", 0.9), line("5", 0.9)], False),
        ([line("1", 0.98, "ok"), line("7", 0.3)], [line("5", 0.99, "ok")], False),
        ([line("2048", 0.3)], [line("5", 0.99, "ok")], False),
        ([line("1", 0.3)] * 5 + [line("", 0.0)] * 6, [line("5", 0.9)], True),
    ],
)
def test_only_one_digit_surer_than_before_is_taken(
    upright: list[Line], paler: list[Line], taken: bool, blotted: Page
) -> None:
    found = lines_in_paler_ink(blotted, find_ink(blotted), tuple(upright), saying(*paler))
    assert found == (tuple(paler) if taken else None)


def test_what_is_the_same_ink_is_not_read_again() -> None:
    def never(page: Page, ink: Ink, looks: int) -> tuple[Line, ...]:
        raise AssertionError("there is nothing new to see")

    blank = page(photo(np.zeros(SHAPE, np.float32)))
    assert lines_in_paler_ink(blank, find_ink(blank), (), never) is None
    shown = page(photo(pen(SHAPE, "5", 90, 80, 240)))
    assert lines_in_paler_ink(shown, find_ink(shown, paler=True), (line("5", 0.5),), never) is None
