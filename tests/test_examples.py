"""The pictures of `examples/` are read as `examples/truth.csv` says, with the weights of the package."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from inkdigits.answer import Answer
from inkdigits.reading.page import load_pages
from inkdigits.reading.reader import Reader

ROOT = Path(__file__).resolve().parent.parent
EXAMPLES = ROOT / "examples"
with (EXAMPLES / "truth.csv").open(newline="") as _truth:
    ROWS = list(csv.DictReader(_truth))
FILES = sorted({row["file"] for row in ROWS})


@pytest.fixture(scope="module")
def answers() -> dict[tuple[str, int], Answer]:
    """Every page of every example, by file and page."""
    reader = Reader()
    return {(file, answer.page): answer for file in FILES for answer in reader.read(EXAMPLES / file)}


def test_truth_names_every_file_and_page(answers: dict[tuple[str, int], Answer]) -> None:
    assert set(FILES) == {path.name for path in EXAMPLES.iterdir()} - {"truth.csv"}
    assert set(answers) == {(row["file"], int(row["page"])) for row in ROWS}


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row['file']}-{row['page']}")
def test_page_is_read_as_written(row: dict[str, str], answers: dict[tuple[str, int], Answer]) -> None:
    answer = answers[row["file"], int(row["page"])]
    assert answer.error is None
    assert answer.text.replace("\n", "/") == row["text"]
    # A careful reader may doubt a digit that it reads rightly; what is no digit must be said to be none.
    allowed = {"ok", "unsure"} if row["text"] else {row["status"]}
    assert answer.status in allowed


def test_boxes_lie_on_the_page(answers: dict[tuple[str, int], Answer]) -> None:
    boxes = 0
    for answer in answers.values():
        for line in answer.lines:
            for x, y, width, height in (line.box, *(digit.box for digit in line.digits)):
                boxes += 1
                assert 0 <= x < x + width <= answer.width + 1
                assert 0 <= y < y + height <= answer.height + 1
    assert boxes > sum(len(row["text"]) for row in ROWS)


def test_digits_of_a_line_go_from_left_to_right(answers: dict[tuple[str, int], Answer]) -> None:
    line = answers["string-long.jpg", 1].lines[0]
    middles = [digit.box[0] + digit.box[2] / 2 for digit in line.digits]
    assert middles == sorted(middles)
    assert "".join(digit.text for digit in line.digits) == line.text


def test_point_and_dash_are_marks(answers: dict[tuple[str, int], Answer]) -> None:
    (line,) = answers["amount.png", 1].lines
    assert len(line.marks) >= 2
    assert not any(mark.text.isdigit() for mark in line.marks)


def test_sideways_photo_is_turned(answers: dict[tuple[str, int], Answer]) -> None:
    answer = answers["sideways.jpg", 1]
    with Image.open(EXAMPLES / "sideways.jpg") as image:
        assert (answer.width, answer.height) == image.size[::-1]
        assert image.getexif()[0x0112] == 6


def test_examples_are_small() -> None:
    assert sum(path.stat().st_size for path in EXAMPLES.iterdir()) < 2_000_000


def test_examples_are_made_by_the_script(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The committed file is what the script draws: the same picture, up to the encoder's rounding."""
    pytest.importorskip("sklearn", reason="drawing the examples needs: pip install 'inkdigits[train]'")
    monkeypatch.syspath_prepend(ROOT / "scripts")
    import make_examples

    chosen = next(example for example in make_examples.EXAMPLES if example.name == "digit-squared.jpg")
    make_examples.save(make_examples.draw(chosen), tmp_path / chosen.name, chosen.orientation)
    made, kept = (next(load_pages(folder / chosen.name)).gray for folder in (tmp_path, EXAMPLES))
    difference = np.abs(made.astype(int) - kept)
    assert difference.mean() < 1
