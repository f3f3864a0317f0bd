"""Faint strokes that join the pieces of a digit: what is joined, and what is left as it is."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from drawing import handwriting
from hypothesis import given
from hypothesis import strategies as st

from inkdigits.reading.components import components
from inkdigits.reading.faint import join_pieces
from inkdigits.reading.reader import Reader

STRENGTH, LOW = 100, 10
NO_RULES = np.zeros((200, 300), np.uint8)
Line = tuple[tuple[int, int], tuple[int, int]]

HEAD: Line = ((120, 40), (170, 42))
FOOT: Line = ((115, 140), (175, 138))
STEM: Line = ((150, 42), (140, 139))


def drawn(strong: list[Line], faint: list[Line], level: int = 20) -> tuple[np.ndarray, np.ndarray]:
    """Levels of darkness (200, 300) and the mask of the strong lines."""
    levels, mask = np.zeros((2, 200, 300), np.uint8)
    for start, end in faint:
        cv2.line(levels, start, end, level, 5)
    for start, end in strong:
        cv2.line(levels, start, end, STRENGTH, 9)
        cv2.line(mask, start, end, 1, 9)
    return levels, mask


def joined(strong: list[Line], faint: list[Line], rules: np.ndarray = NO_RULES) -> np.ndarray:
    """What comes of it, which holds all that was there."""
    levels, mask = drawn(strong, faint)
    found = join_pieces(levels, mask, rules, STRENGTH, LOW)
    assert found.dtype == np.uint8 and found.max() <= 1 and (found >= mask).all()
    return found


def test_head_and_foot_are_joined_by_the_faint_stroke_between_them() -> None:
    found = joined([HEAD, FOOT], [STEM])
    assert components(found).count == 2 and found[90, 145]
    # Faint ink that leads nowhere is left out, also where it touches one of them.
    spur: Line = ((168, 138), (178, 128))
    assert np.array_equal(joined([HEAD, FOOT], [STEM, spur]), found)


def test_it_goes_on_across_a_ruled_line() -> None:
    rules = np.zeros_like(NO_RULES)
    rules[88:92] = 1
    found = joined([HEAD, FOOT], [STEM], rules)
    assert components(found).count == 2 and found[90, 145] and not found[90, 20]


@pytest.mark.parametrize(
    ("strong", "faint"),
    [
        pytest.param([HEAD, FOOT], [], id="nothing between"),
        pytest.param([HEAD, FOOT], [((150, 42), (145, 90))], id="it ends half-way"),
        pytest.param([HEAD], [STEM], id="one piece"),
        pytest.param([((60, 40), (60, 140)), ((120, 40), (120, 140))], [((60, 90), (120, 90))], id="a pair"),
        pytest.param(
            [((150, 20), (150, 80)), ((150, 110), (150, 170))], [((150, 80), (150, 110))], id="two lines"
        ),
        pytest.param([HEAD, FOOT], [STEM, ((10, 90), (290, 90))], id="print that goes on and on"),
        pytest.param([((140, 60), (146, 60)), ((141, 75), (145, 75))], [((143, 60), (143, 75))], id="dots"),
    ],
)
def test_other_strokes_stay_apart(strong: list[Line], faint: list[Line]) -> None:
    assert np.array_equal(joined(strong, faint), drawn(strong, faint)[1])


@given(st.integers(0, 2**32 - 1))
def test_what_is_added_is_ink_or_lies_on_a_rule(seed: int) -> None:
    random = np.random.default_rng(seed)
    darkness = cv2.GaussianBlur(random.random((60, 80)), (0, 0), 2)
    levels = np.rint(200 * (darkness - darkness.min()) / np.ptp(darkness)).astype(np.uint8)
    mask, rules = (levels > 140).astype(np.uint8), np.zeros((60, 80), np.uint8)
    rules[random.integers(5, 50) :][:3] = 1
    found = join_pieces(levels, mask, rules, 200, 2)
    added = (found > 0) & (mask == 0)
    assert ((levels > 28) | (rules > 0))[added].all()
    assert components(found).count <= components(mask).count


def test_digits_that_motion_has_torn_are_read() -> None:
    reader, right = Reader(), 0
    for digit in "2356789":
        for seed in range(4):
            gray = cv2.blur(handwriting(digit, seed=seed), (27, 1))
            right += reader.read(gray)[0].text == digit
    assert right >= 14  # of 28; 4 where nothing joins the pieces
