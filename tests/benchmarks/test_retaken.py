"""The real images taken once more: what is made of one, and what counts as read."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import cv2
import numpy as np
import pytest

import retaken
from inkdigits.answer import Box

EXAMPLES = Path(__file__).parents[2] / "examples"
BOX: Box = (60, 40, 50, 90)


def image() -> np.ndarray:
    gray = np.full((200, 240, 3), 210, np.uint8)
    cv2.ellipse(gray, (85, 85), (22, 42), 0, 0, 360, (60, 40, 40), 5)
    return gray


@pytest.mark.parametrize("name", retaken.KINDS)
def test_a_retaken_image_comes_again_and_is_another(name: str) -> None:
    _, retake = retaken.KINDS[name]
    first, again = (retake(image(), BOX, np.random.default_rng(3)) for _ in range(2))
    assert np.array_equal(first, again)
    assert first.dtype == np.uint8 and first.shape[2] == 3 and min(first.shape[:2]) >= 40
    assert first.shape != image().shape or not np.array_equal(first, image())


def test_one_side_of_what_is_cut_off_lies_beyond_the_picture() -> None:
    random = np.random.default_rng(0)
    for _ in range(12):
        cut = retaken.cut_off(image(), BOX, random)
        dark = cut.min(axis=2) < 100
        edges = [dark[0], dark[-1], dark[:, 0], dark[:, -1]]
        assert sum(bool(edge.any()) for edge in edges) <= 1
        assert dark.sum() > 0.8 * (image().min(axis=2) < 100).sum()


def test_a_row_a_kind_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("photos", "cheques", "pages"):
        (tmp_path / name / "images").mkdir(parents=True)
    for name, file, text in (
        ("photos", "digit-plain.jpg", None),
        ("cheques", "string-long.jpg", "2048361957"),
    ):
        text = text or _truth(file)
        (tmp_path / name / "images" / file).write_bytes((EXAMPLES / file).read_bytes())
        (tmp_path / name / "labels.csv").write_text(f"file,text\n{file},{text}\n")
    gray = cv2.imread(str(EXAMPLES / "page.jpg"), cv2.IMREAD_GRAYSCALE)
    cv2.imwrite(str(tmp_path / "pages" / "images" / "page.png"), gray)
    (tmp_path / "pages" / "labels.json").write_text(json.dumps({"page.png": {"lines": ["1", "2"]}}))
    written = []
    monkeypatch.setattr(retaken, "write_results", lambda path, rows: written.append((path.name, rows)))
    assert retaken.main(["--data", str(tmp_path), "--times", "2"]) == 0
    ((name, rows),) = written
    assert name == "retaken.json" and [row["figure"] for row in rows] == list(retaken.KINDS)
    counts = {row["figure"]: row["n"] for row in rows}
    assert counts["photos, turned, in other light"] == 2 and counts["photos, of 3,000 pixels"] == 1
    assert counts["cheques, turned, in other light"] == 1 and counts["pages, turned, in other light"] == 4
    assert rows[3]["value"] == 100.0, "a large picture is read as a small one is"


def _truth(file: str) -> str:
    with open(EXAMPLES / "truth.csv", newline="", encoding="utf-8") as rows:
        return next(row["text"] for row in csv.DictReader(rows) if row["file"] == file)


def test_no_time_at_all_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        retaken.main(["--data", ".", "--times", "0"])
    assert "--times" in capsys.readouterr().err


def test_a_folder_without_images_is_said_in_a_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert retaken.main(["--data", str(tmp_path)]) == 1
    assert "labels cannot be read" in capsys.readouterr().err
