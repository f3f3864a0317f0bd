"""The reader with the weights of the package, on handwriting drawn here."""

from __future__ import annotations

import json
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cv2
import numpy as np
import pytest
from drawing import handwriting, page, pen, photo
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

import inkdigits
from inkdigits.errors import InputError, WeightsError
from inkdigits.reading.card import GLYPH_FILE, WEIGHTS
from inkdigits.reading.constraint import asked
from inkdigits.reading.ink import find_ink
from inkdigits.reading.lines import find_lines
from inkdigits.reading.page import load_pages
from inkdigits.reading.reader import Reader
from inkdigits.reading.recogniser import Recogniser
from inkdigits.reading.turning import turned

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.fixture(scope="module")
def reader() -> Reader:
    return Reader()


@pytest.mark.parametrize("text", ["2", "30", "583", "20863"])
def test_drawn_digits_are_read(reader: Reader, text: str) -> None:
    (answer,) = reader.read(handwriting(text))
    assert answer.text == text
    (line,) = answer.lines
    assert len(line.digits) == len(text)
    lefts = [digit.box[0] for digit in line.digits]
    assert lefts == sorted(lefts)
    assert all(0 < digit.confidence <= 1 for digit in line.digits)


def test_a_blank_page_is_blank(reader: Reader) -> None:
    (answer,) = reader.read(np.full((300, 400), 230, np.uint8))
    assert (answer.text, answer.status, answer.lines) == ("", "blank", ())


@pytest.mark.parametrize(("text", "height"), [("1", 60), ("7", 70), ("42", 50), ("1", 170)])
def test_a_number_alone_on_a_large_sheet_is_read(reader: Reader, text: str, height: int) -> None:
    ink = pen((1754, 1240), text, 700, 900, height)
    assert (ink > 0.5).mean() < 0.004
    assert reader.read(photo(ink))[0].text == text
    assert reader.read(photo(np.zeros_like(ink), noise=4.0))[0].status == "blank"


@pytest.mark.parametrize("text", ["4182053", "41820535"])
def test_digits_that_a_stroke_joins_are_read(reader: Reader, text: str) -> None:
    gray = handwriting(text)
    cv2.line(gray, (90, 150), (gray.shape[1] - 110, 150), 30, 6)
    assert len(find_lines(find_ink(page(gray)))[0].forms) == 1
    assert reader.read(gray)[0].text == text


def test_a_row_of_signs_that_are_no_digits_is_told(reader: Reader) -> None:
    gray = photo(np.zeros((300, 900), np.float32))
    for x in range(100, 780, 70):
        cv2.line(gray, (x, 130), (x + 40, 200), 30, 7)
        cv2.line(gray, (x, 200), (x + 40, 130), 30, 7)
    (line,) = reader.read(gray)[0].lines
    assert (line.text, line.status) == ("", "not_digits")


@pytest.mark.parametrize("width", [40, 90, 300])
def test_a_lone_dash_is_blank(reader: Reader, width: int) -> None:
    gray = photo(np.zeros((400, 500), np.float32))
    cv2.line(gray, (100, 200), (100 + width, 203), 30, 7)
    assert reader.read(gray)[0].status == "blank"


def test_path_bytes_and_array_give_one_answer(reader: Reader, tmp_path: Path) -> None:
    gray = handwriting("583")
    path = tmp_path / "583.png"
    cv2.imwrite(str(path), gray)
    answers = [reader.read(source)[0] for source in (gray, path, str(path), path.read_bytes())]
    assert len({answer.text for answer in answers}) == 1
    assert len({json.dumps(answer.to_dict()["lines"]) for answer in answers}) == 1


def test_an_answer_goes_to_json_and_back(reader: Reader) -> None:
    (answer,) = reader.read(handwriting("2086"))
    written = json.loads(json.dumps(answer.to_dict()))
    assert inkdigits.Answer.from_dict(written).to_dict() == written


def test_pages_read_together_are_answered_as_each_by_itself(reader: Reader) -> None:
    texts = ["2", "30", "583", "2086", "", "20863", "2"]
    pages = [
        next(load_pages(handwriting(text, seed=seed) if text else np.full((300, 400), 230, np.uint8)))
        for seed, text in enumerate(texts)
    ]
    upright = next(load_pages(EXAMPLES / "string-long.jpg"))
    sideways, _ = turned(upright, find_ink(upright), 1)
    constraints = [None, None, asked(None, 4, None), None, None, None, None, None]
    together = reader.read_pages([*pages, sideways], constraints)
    alone = [reader.read_page(*one) for one in zip([*pages, sideways], constraints, strict=True)]
    assert together == alone
    assert [answer.text for answer in together][4:7] == ["", "20863", "2"]
    assert "turned" in together[-1].lines[0].reasons[-1]
    assert reader.read_pages([], []) == []


def test_one_reader_serves_many_threads_alike(reader: Reader) -> None:
    pages = [handwriting(text, seed=seed) for seed, text in enumerate(("2", "30", "583", "2086") * 4)]
    alone = [reader.read(gray) for gray in pages]
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(reader.read, pages))
    assert together == alone


def test_two_threads_read_what_one_reads(reader: Reader) -> None:
    lines = [handwriting(text, 60, seed=seed) for seed, text in enumerate(("208634", "583179", "470625"))]
    page = np.concatenate(lines)
    (answer,) = reader.read(page)
    assert len(answer.lines) == 3
    assert Reader(threads=2).read(page) == [answer]


def test_an_unreadable_source_does_not_stop_the_others(reader: Reader, tmp_path: Path) -> None:
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"not a picture")
    answers = list(reader.read_many([handwriting("30"), broken, handwriting("583")]))
    assert [answer.text for answer in answers] == ["30", "", "583"]
    assert answers[1].status == "error" and "broken.png" in str(answers[1].error)
    with pytest.raises(InputError, match="broken.png"):
        reader.read(broken)


def test_a_glyph_network_alone_reads_separate_digits() -> None:
    (answer,) = Reader(WEIGHTS / GLYPH_FILE).read(handwriting("583"))
    assert answer.text == "583"


def test_lone_digits_are_told_from_digits_of_a_string(monkeypatch: pytest.MonkeyPatch) -> None:
    asked_about: list[list[bool]] = []
    original = Recogniser.glyph_probabilities

    def probabilities(self: Recogniser, glyphs: np.ndarray, lone: np.ndarray) -> np.ndarray:
        assert len(lone) == len(glyphs)
        asked_about.append(lone.tolist())
        return original(self, glyphs, lone)

    monkeypatch.setattr(Recogniser, "glyph_probabilities", probabilities)
    reader = Reader()
    pages = [next(load_pages(handwriting(text))) for text in ("7", "583")]
    reader.read_pages(pages, [None, None])
    assert asked_about[0] == [True, False, False, False]
    assert not any(any(looks) for looks in asked_about[1:]), (
        "of the lone digit the glyph network has been heard"
    )


def test_what_is_shown_to_the_network_together_is_read_as_if_alone(reader: Reader) -> None:
    recogniser = Recogniser()
    generator = np.random.default_rng(0)
    strips = [generator.integers(0, 255, (32, width), dtype=np.uint8) for width in (40, 64, 160, 96)]
    together = recogniser.line_probabilities(strips)
    for strip, steps in zip(strips, together, strict=True):
        assert steps.shape == (
            strip.shape[1] // 2,
            len(recogniser.line_card.classes if recogniser.line_card else ()),
        )
        alone = recogniser.line_probabilities([strip])[0]
        # Padding is paper: it may change what is seen at the right end, and nothing else.
        np.testing.assert_allclose(steps[:-12], alone[:-12], atol=2e-3)


def test_weights_that_are_missing_damaged_or_of_the_wrong_kind_are_refused(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="no such weights"):
        Reader(tmp_path / "none.onnx")
    for path in WEIGHTS.iterdir():
        shutil.copy(path, tmp_path)
    damaged = tmp_path / GLYPH_FILE
    damaged.write_bytes(damaged.read_bytes()[:-1] + b"x")
    with pytest.raises(WeightsError, match="sha256"):
        Reader(tmp_path)


def test_a_drawing_is_no_number(reader: Reader) -> None:
    canvas = np.zeros((500, 500), np.float32)
    generator = np.random.default_rng(3)
    points = np.cumsum(generator.normal(0, 14, (220, 2)), axis=0) + 250
    cv2.polylines(canvas, [np.round(points).astype(np.int32)], False, 1.0, 5, cv2.LINE_AA)
    answer = reader.read_page(page(photo(canvas)))
    assert all(line.status != "ok" for line in answer.lines)


def test_digits_on_two_rows_are_two_lines(reader: Reader) -> None:
    shape = (520, 500)
    ink = np.maximum(pen(shape, "30", 90, 70, 110, advance=1.2), pen(shape, "58", 100, 330, 110, advance=1.2))
    (answer,) = reader.read(photo(ink))
    assert answer.text == "30\n58"


@given(
    height=st.integers(1, 400),
    width=st.integers(1, 400),
    channels=st.sampled_from([0, 1, 3, 4]),
    kind=st.sampled_from(["uint8", "uint16", "bool", "float32"]),
    seed=st.integers(0, 2**32 - 1),
)
@example(height=72, width=80, channels=0, kind="uint8", seed=26)  # a digit seen beside all ink
@example(height=127, width=242, channels=0, kind="uint8", seed=3855424)  # a mark seen beside its form
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_arrays_of_any_shape_are_answered_with_boxes_on_the_page(
    reader: Reader, height: int, width: int, channels: int, kind: str, seed: int
) -> None:
    random = np.random.default_rng(seed)
    coarse = cv2.resize(random.random((5, 5)), (width, height), interpolation=cv2.INTER_CUBIC)
    gray = np.clip(coarse + random.normal(0, random.uniform(0, 0.2), (height, width)), 0, 1)
    if channels:
        gray = np.repeat(gray[..., None], channels, axis=2)
    shown = gray.astype(np.float32) if kind == "float32" else gray > 0.5
    if kind.startswith("uint"):
        shown = np.round(gray * np.iinfo(kind).max).astype(kind)
    (answer,) = reader.read(shown)
    assert (answer.width, answer.height, answer.error) == (width, height, None)
    boxes = [one.box for line in answer.lines for one in (line, *line.digits, *line.marks)]
    assert all(x >= 0 and y >= 0 and x + w <= width and y + h <= height for x, y, w, h in boxes)
    assert json.loads(json.dumps(answer.to_dict()))["text"] == answer.text
    assert reader.read(shown) == [answer]
