"""Confidence after calibration: order is kept, digits agree with their line, a plain card changes nothing."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inkdigits.answer import Alternative, Digit
from inkdigits.reading.trust import Trust, told_again

shares = st.floats(0.001, 0.999)
scales = st.floats(0.3, 3)
shifts = st.floats(-3, 3)


@given(shares)
def test_a_card_without_a_curve_changes_nothing(confidence: float) -> None:
    assert Trust(0.5).calibrated(confidence) == confidence
    assert Trust(0.5).calibrated(0.0) == 0.0 and Trust(0.5).calibrated(1.0) == 1.0


@given(scales, shifts, shares, shares)
def test_the_surer_line_stays_the_surer(scale: float, shift: float, one: float, other: float) -> None:
    trust = Trust(0.5, scale, shift)
    low, high = sorted((one, other))
    assert 0 < trust.calibrated(low) <= trust.calibrated(high) <= 1
    assert trust.calibrated(0.0) == 0.0


def test_the_curve_is_platts() -> None:
    assert Trust(0.5, 2.0, 0.0).calibrated(0.5) == pytest.approx(0.5)
    assert Trust(0.5, 1.0, math.log(3)).calibrated(0.5) == pytest.approx(0.75)


@given(st.lists(shares, min_size=1, max_size=8), scales, shifts)
def test_digits_agree_with_their_line(confidences: list[float], scale: float, shift: float) -> None:
    digits = [
        Digit("1", confidence, (0, 0, 1, 1), (Alternative("7", 1 - confidence),))
        for confidence in confidences
    ]
    raw = math.prod(confidences)
    calibrated = Trust(0.5, scale, shift).calibrated(raw)
    told = told_again(digits, raw, calibrated)
    if 0 < calibrated < 1:
        assert math.prod(digit.confidence for digit in told) == pytest.approx(calibrated, rel=1e-6)
    for digit in told:
        assert digit.confidence + digit.alternatives[0].confidence == pytest.approx(1, abs=1e-9)


def test_digits_that_are_quite_sure_stay_so() -> None:
    digits = [Digit("1", 1.0, (0, 0, 1, 1)), Digit("2", 0.5, (2, 0, 1, 1), (Alternative("3", 0.4),))]
    sure, doubtful = told_again(digits, 0.5, 0.75)
    assert sure.confidence == 1.0 and doubtful.confidence == pytest.approx(0.75)
    assert doubtful.alternatives[0].confidence == pytest.approx(0.2)
