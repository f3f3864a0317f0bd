"""Printed lines are told from strokes, on maps of darkness drawn here."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from drawing import STROKES, pen, ruling
from hypothesis import given, settings
from hypothesis import strategies as st

from inkdigits.reading.ink import FULL
from inkdigits.reading.rules import across_rules, find_rules, rule_width

SHAPE = (300, 300)  # no larger than the size at which lines are looked for
PRINT = 0.35


def _rules(darkness: np.ndarray, threshold: float) -> np.ndarray:
    """The rules in darkness (height, width) in [0, 1]."""
    return find_rules(np.rint(darkness * FULL).astype(np.uint8), threshold * FULL)


def _found(printed: np.ndarray, rules: np.ndarray) -> float:
    return float(rules[printed > 0.6].mean())


@pytest.mark.parametrize("squared", [True, False], ids=["squared", "ruled"])
@pytest.mark.parametrize("tilt", [0.0, 1.0, 2.5, 5.0, -5.0])
def test_ruling_is_found_straight_or_tilted(tilt: float, squared: bool) -> None:
    printed = ruling(SHAPE, 40, tilt=tilt, squared=squared)
    rules = _rules(PRINT * printed, 0.15)
    assert rules.shape == SHAPE and rules.dtype == np.uint8
    assert set(np.unique(rules)) <= {0, 1}
    assert _found(printed, rules) > 0.9
    # The band drawn over a line may be wider than the line, and must lie along it.
    near = cv2.dilate(printed, np.ones((11, 11), np.uint8)) > 0
    assert rules[~near].sum() < 0.02 * rules.sum()


def test_ruling_is_found_on_pages_larger_than_the_search() -> None:
    printed = ruling((900, 1200), 150, tilt=1.5)
    assert _found(printed, _rules(PRINT * printed, 0.15)) > 0.8


@pytest.mark.parametrize("digit", sorted(STROKES))
def test_a_darker_pen_is_kept_where_it_crosses(digit: str) -> None:
    ink = pen(SHAPE, digit, 100, 60, 180)
    rules = _rules(np.maximum(ink, PRINT * ruling(SHAPE, 40, tilt=2.0)), 0.15)
    assert rules[ink > 0.6].mean() < 0.1


@pytest.mark.parametrize("digit", sorted(STROKES))
def test_a_digit_by_itself_is_no_ruling(digit: str) -> None:
    ink = pen(SHAPE, digit, 100, 60, 180)
    assert _rules(ink, 0.3)[ink > 0.5].mean() < 0.05


@pytest.mark.parametrize("digit", ["1", "4", "7", "9"])
def test_the_straight_stroke_of_a_digit_that_fills_the_picture_is_no_ruling(digit: str) -> None:
    shape = (120, 84)
    ink = pen(shape, digit, 7, 10, 80, thickness=2)
    assert _rules(0.8 * ink, 0.3)[ink > 0.5].mean() < 0.05
    # Nor is one a little darker than the squares that it stands on.
    shape = (300, 220)
    ink, printed = pen(shape, digit, 20, 50, 200, thickness=3), ruling(shape, 50, tilt=1.0)
    rules = _rules(np.maximum(0.62 * ink, 0.44 * printed), 0.15)
    clear = (ink > 0.6) & (cv2.dilate(printed, np.ones((15, 15), np.uint8)) == 0)
    assert rules[clear].mean() < 0.1 and _found(printed * (ink == 0), rules) > 0.9


def test_a_line_that_is_faint_in_places_is_ruling_and_may_be_darker_than_the_squares() -> None:
    shape = (240, 300)
    printed = PRINT * ruling(shape, 40, tilt=1.0)
    margin = np.zeros(shape, np.float32)
    cv2.line(margin, (262, 0), (250, 240), 0.5, 2, cv2.LINE_AA)
    margin[88:93] = margin[160:165] = 0
    for squares in (printed, 0 * printed):
        rules = _rules(np.maximum(squares, margin), 0.15)
        assert rules[margin > 0.4].mean() > 0.75


def test_a_stroke_goes_on_across_a_rule_and_nothing_else_does() -> None:
    strokes, rules = np.zeros((2, 60, 80), np.uint8)
    rules[28:32] = 1
    strokes[5:28, 20:26] = strokes[32:50, 20:26] = 1  # a stroke that the rule has cut
    strokes[5:28, 50:56] = 1  # one that ends there
    found = across_rules(strokes, rules)
    assert found[5:50, 20:26].all() and found.sum() == strokes.sum() + 4 * 6
    assert np.array_equal(across_rules(strokes, np.zeros_like(rules)), strokes)


def test_strokes_on_either_side_of_a_table_s_line_stay_apart() -> None:
    """Lines down the page are long runs in a column, and say nothing of how thick lines are."""
    strokes, rules = (np.zeros((120, 160), np.uint8) for _ in range(2))
    rules[58:62] = rules[:, 30:34] = rules[:, 128:132] = 1
    strokes[20:55, 60:66] = strokes[65:100, 60:66] = 1
    assert np.array_equal(across_rules(strokes, rules), strokes)
    assert rule_width(rules) == 8 and rule_width(np.ascontiguousarray(rules[:, :110])) == 8


def test_clean_paper_has_no_rules() -> None:
    assert not _rules(np.zeros(SHAPE, np.float32), 0.1).any()


@given(height=st.integers(1, 400), width=st.integers(1, 400), seed=st.integers(0, 2**32 - 1))
@settings(max_examples=30, deadline=None)
def test_any_darkness_gives_a_mask_of_its_shape(height: int, width: int, seed: int) -> None:
    random = np.random.default_rng(seed)
    darkness = (random.random((height, width)) < random.uniform(0, 0.3)).astype(np.float32)
    rules = _rules(darkness, 0.5)
    assert rules.shape == (height, width)
    assert set(np.unique(rules)) <= {0, 1}
