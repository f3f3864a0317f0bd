"""Drawn scenes: what is on them, and what counts as read."""

from __future__ import annotations

import numpy as np
import pytest

import scenes
from inkdigits.reading.reader import Reader


@pytest.mark.parametrize("name", scenes.kinds())
def test_a_scene_is_a_picture_that_comes_again(name: str) -> None:
    first, again = (scenes.kinds()[name](np.random.default_rng(3)) for _ in range(2))
    assert np.array_equal(first.picture, again.picture) and first.numbers == again.numbers
    assert first.picture.dtype == np.uint8 and min(first.picture.shape) >= 100
    assert all(number.isdigit() for number in first.numbers)


def test_a_number_alone_is_hardly_any_ink() -> None:
    random = np.random.default_rng(0)
    shares = [
        float((one.picture < 0.8 * np.median(one.picture)).mean()) for one in map(scenes.alone, [random] * 8)
    ]
    assert 0 < np.median(shares) < 0.02


def test_all_numbers_and_nothing_else_must_be_read() -> None:
    reader, random = Reader(), np.random.default_rng(1)
    scene = scenes.alone(random)
    assert scenes.is_read(reader, scene)
    assert not scenes.is_read(reader, scenes.Scene(scene.picture, (*scene.numbers, "7")))
    assert not scenes.is_read(reader, scenes.Scene(scene.picture, ()))


def test_a_row_a_kind_is_written(monkeypatch: pytest.MonkeyPatch) -> None:
    written = []
    monkeypatch.setattr(scenes, "write_results", lambda path, rows: written.append((path.name, rows)))
    assert scenes.main(["--scenes", "1"]) == 0
    ((name, rows),) = written
    assert name == "scenes.json" and [row["figure"] for row in rows] == list(scenes.kinds())
    assert all(row["n"] == 1 and row["value"] in (0, 100) for row in rows)


def test_no_scene_at_all_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        scenes.main(["--scenes", "0"])
    assert "--scenes" in capsys.readouterr().err
