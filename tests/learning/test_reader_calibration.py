"""The reader's confidence: a curve that is found again, and a card that is rewritten with it."""

import dataclasses
import shutil
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from inkdigits.cli import app
from inkdigits.errors import WeightsError
from inkdigits.learning import drawn, reader_calibration
from inkdigits.learning.reader_calibration import LINE_WEIGHTS, calibrate_reader, fit_curve
from inkdigits.learning.strings import InkBank
from inkdigits.reading.card import WEIGHTS, load_card, save_card
from inkdigits.reading.glyph import NORMALISER_VERSION
from inkdigits.reading.reader import Reader


@pytest.mark.parametrize(("scale", "shift"), [(1.0, 0.0), (0.6, 0.8), (1.7, -0.5)])
def test_the_curve_that_confidence_was_bent_by_is_found(scale: float, shift: float) -> None:
    random = np.random.default_rng(0)
    true = random.uniform(0.02, 0.98, 40_000)
    right = random.random(true.size) < true
    bent = 1 / (1 + np.exp(-(np.log(true / (1 - true)) - shift) / scale))
    assert fit_curve(bent, right) == pytest.approx((scale, shift), abs=0.06)


@pytest.fixture
def weights(tmp_path, monkeypatch) -> Path:
    """The shipped weights, and drawn writers in place of the data folder's."""
    folder = tmp_path / "weights"
    shutil.copytree(WEIGHTS, folder)
    glyphs, _, _ = drawn.draw_writers(6, np.random.default_rng(0))
    rows = [[np.array([10 * writer + digit]) for digit in range(10)] for writer in range(6)]
    bank = InkBank(glyphs, rows, np.full(6, 1 / 6), glyphs[:, ::-1].copy())
    monkeypatch.setattr(reader_calibration, "load_banks", lambda folder, ink: (bank, bank))
    return folder


def test_a_card_is_calibrated_and_a_second_time_changes_nothing(weights, tmp_path) -> None:
    path = weights / LINE_WEIGHTS
    curve = {"confidence_scale": 3.0, "confidence_shift": -2.0}
    save_card(dataclasses.replace(load_card(path, NORMALISER_VERSION), **curve), path)
    first = calibrate_reader(weights, tmp_path, 300)
    assert first.error_after < first.error_before and 100 < first.count <= 300
    told = load_card(path, NORMALISER_VERSION)
    assert (told.confidence_scale, told.confidence_shift) == (first.scale, first.shift)
    assert told.threshold == first.threshold and told.metrics["calibration"]["count"] == first.count
    assert calibrate_reader(weights, tmp_path, 300) == first
    assert Reader(weights) is not None, "the card is whole"


def test_the_command_tells_what_it_found(weights, tmp_path) -> None:
    found = CliRunner().invoke(app, ["calibrate", str(weights), "--count", "120", "--data", str(tmp_path)])
    assert found.exit_code == 0, found.output
    assert "calibration error" in found.output and "sure from confidence" in found.output


def test_a_folder_without_a_line_network_is_named(tmp_path) -> None:
    with pytest.raises(WeightsError, match=LINE_WEIGHTS):
        calibrate_reader(tmp_path, tmp_path, 300)
