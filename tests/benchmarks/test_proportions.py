"""The proportions of written amounts, measured on lines whose proportions are known."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import proportions
from proportions import Written, measured, rows_of


def written(digits: str, heights: list[float], gap: float, slope: float = 0.0) -> Written:
    """Digits 20 pixels wide, `gap` pixels apart, whose feet rise by `slope`; a strip that is half dark."""
    lefts = np.arange(len(digits)) * (20 + gap)
    feet = 100 + slope * (lefts + 10)
    boxes = np.column_stack([lefts, feet - heights, lefts + 20, feet])
    strip = np.zeros((32, 60), np.uint8)
    strip[:, ::2] = 255
    strip[:4] = strip[-4:] = 51
    return Written(np.array([int(digit) for digit in digits]), boxes, strip)


def test_known_proportions_are_found() -> None:
    found = measured(iter([written("2830", [44, 40, 40, 30], gap=8, slope=-0.1)]))
    assert found["height of a 0 beside the line's other digits"] == [30 / 40]
    assert found["height of the first digit beside others that are no 0"] == [44 / 40]
    assert found["gap between digits"] == pytest.approx([0.2] * 3)
    assert found["standard deviation of gaps along a line"] == pytest.approx([0], abs=1e-9)
    assert found["slope of the base line"] == pytest.approx([-0.1])
    assert found["standard deviation of feet about it"] == pytest.approx([0], abs=1e-9)
    assert found["width of a 0 by its height"] == [20 / 30]
    assert found["dark pixels among the digits"] == [0.5]
    # Bars a pixel wide, 23 rows of them, between paper a pixel wide.
    assert 0 < found["width of strokes by the height of digits"][0] < 3 / 40
    assert found["mean darkness of the paper above and below"] == pytest.approx([0.2])


def test_hanging_digits_are_left_out_of_the_base_line() -> None:
    line = written("2783", [40] * 4, gap=4)
    line.boxes[1, 3] += 9
    found = measured(iter([line]))
    assert found["slope of the base line"] == pytest.approx([0], abs=1e-9)
    assert found["height of a 4, 7 or 9 beside the line's median"] == [49 / 40]


def test_a_row_is_a_median_with_the_tenths_around_it() -> None:
    values = list(np.linspace(0, 1, 101))
    ours, theirs = [rows_of({"slope": values}, *kind)[0] for kind in ([], ["cheques"])]
    assert (ours["figure"], theirs["figure"]) == ("slope", "slope, cheques")
    assert (ours["value"], ours["n"]) == (0.5, 101)
    assert ours["detail"] == {"tenth_below": 0.1, "nine_tenths_below": 0.9}


def test_missing_cheques_are_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(proportions, "write_results", lambda *_: pytest.fail("nothing was measured"))
    assert proportions.main(["--data", str(tmp_path)]) == 1
    error = capsys.readouterr().err
    assert "boxes.json" in error and "docs/data.md" in error
