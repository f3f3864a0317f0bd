"""From probabilities made by hand to signs."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from inkdigits.reading.decoder import (
    advised,
    agree,
    alternatives,
    find_signs,
    line_confidence,
    missed,
    soften,
)

CLASSES = ("", *"0123456789", ".", ",", "-", "=", "?")


def _steps(text: str, sure: float = 0.96) -> np.ndarray:
    """One row a character of `text`; a blank is no sign."""
    rows = np.full((len(text), len(CLASSES)), (1 - sure) / (len(CLASSES) - 1), np.float32)
    for row, character in enumerate(text):
        rows[row, 0 if character == " " else CLASSES.index(character)] = sure
    return rows


@pytest.mark.parametrize(
    ("shown", "text"),
    [
        ("  111   22  ", "12"),
        ("  77 77   ", "77"),  # equal neighbours stay two where a step between them is empty
        (" 333  ..  555 --", "3.5-"),
        ("            ", ""),
        ("444 ?? 666", "4?6"),
    ],
)
def test_runs_of_steps_are_signs(shown: str, text: str) -> None:
    signs = find_signs(_steps(shown), CLASSES)
    assert "".join(sign.text for sign in signs) == text
    assert all(shown[sign.start : sign.end].strip() for sign in signs)


def test_a_change_of_mind_inside_one_run_is_one_sign() -> None:
    signs = find_signs(_steps(" 111  4449  777 "), CLASSES)
    assert "".join(sign.text for sign in signs) == "147"


def test_a_long_run_of_two_classes_is_two_signs() -> None:
    signs = find_signs(_steps(" 000  44444999999  777 "), CLASSES)
    assert "".join(sign.text for sign in signs) == "0497"


@pytest.mark.parametrize(
    ("shown", "gap", "text"),
    [
        (" 7777111 ", 4, "71"),
        (" 8881111 ", 3, "81"),
        ("  11111  ", 4, "11"),
        ("  00000  ", 4, "0"),  # the hollow of a wide sign
        (" 7777111 ", None, "71"),
        (" 88881 ", None, "81"),  # a 1 may be as narrow as one step
        (" 88889 ", None, "8"),
        ("  000018888  ", None, "018"),
    ],
)
def test_signs_that_nearly_touch_are_two(shown: str, gap: int | None, text: str) -> None:
    steps = _steps(shown, 0.99)
    if gap is not None:
        steps[gap, 0] = 0.2
    assert "".join(sign.text for sign in find_signs(steps, CLASSES)) == text


def test_a_change_of_mind_is_one_sign_unless_both_are_sure() -> None:
    steps = _steps(" 777711 ", 0.7)
    assert "".join(sign.text for sign in find_signs(steps, CLASSES)) == "7"


def test_a_1_beside_another_sign_need_only_be_likely() -> None:
    steps = _steps(" 778888 ", 0.95)
    steps[1:3] = _steps("11", 0.55)
    assert "".join(sign.text for sign in find_signs(steps, CLASSES)) == "18"
    steps[1:3] = _steps("77", 0.55)
    assert "".join(sign.text for sign in find_signs(steps, CLASSES)) == "8"


@pytest.mark.parametrize(("slash", "text"), [(0.55, "7/2"), (0.35, "712")])
def test_a_stroke_of_which_every_step_says_something_else_is_one_sign(slash: float, text: str) -> None:
    classes = (*CLASSES, "/")
    steps = np.zeros((13, len(classes)), np.float32)
    steps[:, : len(CLASSES)] = _steps("7777   222222"[:13], 0.98)
    for step, share in zip((4, 5, 6), (slash + 0.1, slash - 0.1, slash + 0.05), strict=True):
        steps[step] = 0
        steps[step, classes.index("/")], steps[step, classes.index("1")] = share, 0.98 - share
    assert "".join(sign.text for sign in find_signs(steps, classes)) == text


def test_a_hidden_digit_lowers_the_confidence_of_the_line() -> None:
    steps = _steps("  111      222 ")
    plain = missed(steps, find_signs(steps, CLASSES), CLASSES)
    steps[7] = 0.0
    steps[7, CLASSES.index("8")], steps[7, 0] = 0.45, 0.55
    hidden = missed(steps, find_signs(steps, CLASSES), CLASSES)
    assert hidden == pytest.approx(0.45, abs=0.01)
    assert line_confidence([0.9, 0.8], hidden) < line_confidence([0.9, 0.8], plain) <= 0.72


def test_two_opinions_keep_the_doubt_of_either() -> None:
    sure = np.eye(10, dtype=np.float32)[3]
    doubt = np.full(11, 0.05, np.float32)
    doubt[3], doubt[8] = 0.3, 0.25
    both = agree(sure, doubt)
    assert both.shape == (10,)
    assert both.argmax() == 3
    assert 0.3 < both[3] < 1
    assert alternatives(both, int(both.argmax()))[0][0] == "8"
    assert [score for _, score in alternatives(both, int(both.argmax()))] == sorted(
        (s for _, s in alternatives(both, int(both.argmax()))), reverse=True
    )


@given(
    st.lists(st.floats(0, 1), min_size=10, max_size=11), st.lists(st.floats(0, 1), min_size=10, max_size=10)
)
def test_advice_moves_digits_and_leaves_none_as_it_is(own: list[float], other: list[float]) -> None:
    assume(sum(own[:10]) > 1e-3 and sum(other) > 1e-3)
    doubtful, advice = (np.array([one], np.float64) / sum(one) for one in (own, other))
    told = advised(doubtful, advice)
    assert told.sum() == pytest.approx(1)
    np.testing.assert_array_equal(told[:, 10:], doubtful[:, 10:])
    np.testing.assert_allclose(advised(doubtful, np.full((1, 10), 0.1)), doubtful, atol=1e-9)
    if (doubtful[0, :10] * advice[0]).max() > 1e-6:
        assert told[0, :10].argmax() == (doubtful[0, :10] * advice[0]).argmax()


@given(st.lists(st.floats(0.001, 1), min_size=3, max_size=12), st.floats(0.5, 4))
def test_softening_keeps_the_order_and_the_sum(values: list[float], temperature: float) -> None:
    probabilities = np.array([values]) / sum(values)
    soft = soften(probabilities, temperature)
    assert soft.sum() == pytest.approx(1)
    assert soft.argmax() == probabilities.argmax() or np.isclose(soft.max(), soft[0, probabilities.argmax()])
    if temperature > 1:
        assert soft.max() <= probabilities.max() + 1e-9
