"""Calibration: known values, and what fitting must do."""

import numpy as np
import pytest

from inkdigits.learning.calibration import (
    brier_score,
    choose_threshold,
    expected_calibration_error,
    fit_temperature,
    negative_log_likelihood,
    soften,
)

HALVES = np.array([[0.5, 0.5], [0.9, 0.1]])
LABELS = np.array([0, 1])


def test_known_values():
    assert negative_log_likelihood(HALVES, LABELS) == pytest.approx(-(np.log(0.5) + np.log(0.1)) / 2)
    assert brier_score(HALVES, LABELS) == pytest.approx((0.5 + 1.62) / 2)
    # Two bins: 0.5 with accuracy 1, and 0.9 with accuracy 0.
    assert expected_calibration_error(HALVES.max(axis=1), np.array([True, False])) == pytest.approx(
        (0.5 + 0.9) / 2
    )


def test_a_certain_right_answer_is_perfect():
    certain = np.eye(10)
    assert negative_log_likelihood(certain, np.arange(10)) == 0
    assert brier_score(certain, np.arange(10)) == 0
    assert expected_calibration_error(np.ones(10), np.ones(10, bool)) == 0


def test_temperature_finds_back_what_was_sharpened():
    generator = np.random.default_rng(0)
    logits = generator.normal(0, 2, (20_000, 10))
    true = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    labels = np.array([generator.choice(10, p=row) for row in true])
    sharp = soften(true, 0.5)
    assert fit_temperature(sharp, labels) == pytest.approx(2.0, abs=0.1)
    assert np.allclose(soften(sharp, 2.0), true, atol=1e-6)
    assert np.array_equal(soften(sharp, 2.0).argmax(axis=1), sharp.argmax(axis=1))


def test_the_threshold_keeps_the_risk_and_accepts_as_much_as_it_can():
    generator = np.random.default_rng(1)
    confidence = generator.uniform(0.5, 1, 5000)
    right = generator.random(5000) < confidence
    threshold = choose_threshold(confidence, right, 0.05)
    taken = confidence >= threshold
    assert (~right[taken]).mean() <= 0.05
    lower = confidence[confidence < threshold].max()
    assert (~right[confidence >= lower]).mean() > 0.05


def test_the_threshold_of_readings_that_are_all_right_or_all_wrong():
    confidence = np.array([0.6, 0.7, 0.7])
    assert choose_threshold(confidence, np.array([True, True, True]), 0.001) == 0.6
    assert choose_threshold(confidence, np.array([False, False, False]), 0.001) == 1.0
    # Equal confidences are taken together: one of the two at 0.7 is wrong.
    assert choose_threshold(confidence, np.array([True, False, True]), 0.1) == 1.0
