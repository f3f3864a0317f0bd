"""Temperature and threshold of lines, on outputs whose true confidence is known."""

from __future__ import annotations

import numpy as np
import pytest

from inkdigits.learning.line_calibration import calibrate_lines, read_outputs
from inkdigits.learning.texts import LINE_CLASSES
from inkdigits.reading.decoder import soften

STEPS = 24
PLACES = (3, 11, 19)  # middles of three digits, three steps each


def _lines(count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Honest outputs (count, STEPS, classes) and targets: a digit said at p is right in a share p of cases.

    The other probability of a digit all goes to one other digit, so that the first is right or that one is.
    """
    random = np.random.default_rng(seed)
    outputs = np.full((count, STEPS, len(LINE_CLASSES)), 1e-7, np.float64)
    outputs[:, :, 0] = 1
    targets = np.zeros((count, STEPS), np.uint8)
    for line in range(count):
        for place in PLACES:
            said, other = random.choice(10, 2, replace=False) + 1
            sure = random.choice([0.6, 0.8, 0.95, 0.99, 0.999])
            near = slice(place - 1, place + 2)
            outputs[line, near] = 1e-7
            outputs[line, near, said], outputs[line, near, other] = sure, 1 - sure
            targets[line, near] = said if random.random() < sure else other
    outputs /= outputs.sum(axis=2, keepdims=True)
    return outputs.astype(np.float32), targets


def _texts(targets: np.ndarray) -> list[str]:
    return ["".join(LINE_CLASSES[target[place]] for place in PLACES) for target in targets]


def test_outputs_are_read_as_text_and_the_probability_of_all_of_it() -> None:
    outputs, _ = _lines(20, 0)
    texts, confidences = read_outputs(outputs)
    best = outputs[:, PLACES, :].max(axis=2).prod(axis=1)
    assert texts == _texts(outputs.argmax(axis=2))
    np.testing.assert_allclose(confidences, best, rtol=1e-3)


@pytest.mark.parametrize("distortion", [0.75, 1.0, 1.6, 2.4])
def test_the_temperature_undoes_over_and_underconfidence(distortion: float) -> None:
    outputs, targets = _lines(500, 1)
    # Logits `distortion` times too large must be divided by as much.
    temperature, _, exact = calibrate_lines(soften(outputs, 1 / distortion), targets, risk=0.02)
    assert temperature == pytest.approx(distortion, rel=0.25)
    assert exact == pytest.approx(np.mean(np.array(_texts(outputs.argmax(2))) == np.array(_texts(targets))))


@pytest.mark.parametrize("risk", [0.005, 0.02, 0.1, 0.3])
def test_the_threshold_keeps_the_risk(risk: float) -> None:
    outputs, targets = _lines(500, 2)
    temperature, threshold, _ = calibrate_lines(outputs, targets, risk)
    texts, confidences = read_outputs(soften(outputs, temperature))
    wrong = np.array(texts) != np.array(_texts(targets))
    accepted = confidences >= threshold
    assert 0.5 <= threshold <= 1.0
    assert wrong[accepted].sum() <= risk * max(1, accepted.sum())
    assert wrong.any() and accepted.any()


def test_more_risk_accepts_no_fewer_lines() -> None:
    outputs, targets = _lines(300, 3)
    thresholds = [calibrate_lines(outputs, targets, risk)[1] for risk in (0.005, 0.05, 0.2)]
    assert thresholds == sorted(thresholds, reverse=True)


def test_where_every_line_is_wrong_none_is_accepted() -> None:
    outputs, _ = _lines(60, 4)
    said = outputs.argmax(axis=2)
    targets = np.where(said > 0, said % 10 + 1, 0).astype(np.uint8)
    _, threshold, exact = calibrate_lines(outputs, targets, risk=0.01)
    _, confidences = read_outputs(outputs)
    assert exact == 0.0
    assert threshold == 1.0 > confidences.max()


def test_a_network_that_knows_the_digits_only_is_calibrated_too() -> None:
    outputs = np.full((1, 9, 11), 0.001, np.float32)
    outputs[0, [0, 1, 4, 7, 8], 0] = 0.99
    outputs[0, 2:4, LINE_CLASSES.index("4")] = 0.99
    outputs[0, 5:7, LINE_CLASSES.index("1")] = 0.99
    texts, confidences = read_outputs(outputs)
    assert texts == ["41"] and confidences[0] > 0.9
