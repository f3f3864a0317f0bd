"""Pictures that lie on their side: read all the same, said to be turned, with boxes where the ink is."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from inkdigits.answer import Line
from inkdigits.reading.ink import Ink, find_ink
from inkdigits.reading.page import Page
from inkdigits.reading.reader import Reader
from inkdigits.reading.turning import TURNS, in_doubt, is_better, turned, turned_back

EXAMPLES = Path(__file__).parents[2] / "examples"
SURE = Line("2048", 0.9, "ok", (0, 0, 4, 4))
DOUBTFUL = Line("40", 0.3, "unsure", (0, 0, 4, 4))


@pytest.fixture(scope="module")
def reader() -> Reader:
    return Reader()


@pytest.mark.parametrize("quarters", [0, 1, 2, 3])
def test_a_string_is_read_however_it_lies(quarters: int, reader: Reader) -> None:
    gray = np.asarray(cv2.imread(str(EXAMPLES / "string-long.jpg"), cv2.IMREAD_GRAYSCALE))
    lying = np.ascontiguousarray(np.rot90(gray, quarters))
    (answer,) = reader.read(lying)
    assert answer.text == "2048361957" and (answer.width, answer.height) == lying.shape[::-1]
    (line,) = answer.lines
    assert any("was turned" in reason for reason in line.reasons) == bool(quarters)
    for box in (line.box, *(digit.box for digit in line.digits)):
        x, y, width, height = box
        assert 0 <= x < x + width <= answer.width and 0 <= y < y + height <= answer.height
        part = lying[y : y + height, x : x + width]
        assert part.min() < lying.mean() - 40  # there is ink in it


@given(st.integers(1, 60), st.integers(1, 40), st.sampled_from(TURNS), st.data())
def test_boxes_turn_back_to_where_they_were(width: int, height: int, quarters: int, data) -> None:
    x, y = data.draw(st.integers(0, width - 1)), data.draw(st.integers(0, height - 1))
    w, h = data.draw(st.integers(1, width - x)), data.draw(st.integers(1, height - y))
    gray = np.full((height, width), 255, np.uint8)
    gray[y : y + h, x : x + w] = 0
    page = Page(gray, "here", 1)
    lying, ink = turned(page, Ink(gray, gray, gray[:1], 1.0, 0.5, False, gray), quarters)
    there = lying.gray == 0
    assert np.array_equal(ink.mask == 0, there) and np.array_equal(ink.darkness == 0, there)
    assert ink.frames is not None and np.array_equal(ink.frames == 0, there)
    rows, columns = np.flatnonzero(there.any(axis=1)), np.flatnonzero(there.any(axis=0))
    box = (int(columns[0]), int(rows[0]), len(columns), len(rows))
    (line,) = turned_back([Line("1", 0.9, "ok", box)], page, quarters)
    assert line.box == (x, y, w, h)


def test_only_doubt_turns_a_page_and_only_sure_strings_keep_it_turned() -> None:
    assert in_doubt([DOUBTFUL]) and not in_doubt([SURE, DOUBTFUL]) and not in_doubt([])
    assert is_better([SURE], [DOUBTFUL], 1) and not is_better([DOUBTFUL], [], 1)
    assert not is_better([SURE, DOUBTFUL], [DOUBTFUL], 1)
    half = Line("2048", 0.4, "unsure", (0, 0, 4, 4))
    assert is_better([SURE], [half], 3) and not is_better([SURE], [half], 2)
    assert not is_better([Line("66", 0.99, "ok", (0, 0, 4, 4))], [], 1)


def test_ink_is_found_once_however_often_a_page_is_turned(reader: Reader, monkeypatch) -> None:
    upright = np.asarray(cv2.imread(str(EXAMPLES / "string-long.jpg"), cv2.IMREAD_GRAYSCALE))
    asked = []
    monkeypatch.setattr(
        "inkdigits.reading.reader.find_ink", lambda page: asked.append(page) or find_ink(page)
    )
    (answer,) = reader.read(np.rot90(upright, 2))
    assert len(asked) == 1 and "upside down" in answer.lines[0].reasons[-1]


def test_what_is_no_digit_stays_none_however_it_is_turned(reader: Reader) -> None:
    for name in ("flower.jpg", "blank.jpg"):
        (answer,) = reader.read(EXAMPLES / name)
        assert answer.text == ""
