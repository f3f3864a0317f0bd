"""The answer tree: what a page's text, status and confidence are, and that JSON keeps all of it."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from inkdigits.answer import Alternative, Answer, Digit, Line, Mark

# A busy machine is slow, which is no failure.
unhurried = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

boxes = st.tuples(*[st.integers(0, 10_000)] * 4)
probabilities = st.integers(0, 1_000_000).map(lambda millionths: millionths / 1_000_000)
digits = st.builds(
    Digit,
    st.sampled_from("0123456789"),
    probabilities,
    boxes,
    st.lists(st.builds(Alternative, st.sampled_from("0123456789"), probabilities), max_size=3).map(tuple),
)
lines = st.builds(
    Line,
    st.text("0123456789", max_size=4),
    probabilities,
    st.sampled_from(["ok", "unsure", "blank", "not_digits"]),
    boxes,
    st.lists(digits, max_size=3).map(tuple),
    st.lists(st.builds(Mark, st.sampled_from(".,-="), boxes), max_size=2).map(tuple),
    st.lists(st.text(max_size=8), max_size=2).map(tuple),
    probabilities,
)
pages = st.builds(
    Answer,
    st.text(max_size=8),
    st.integers(1, 100),
    st.integers(0, 10_000),
    st.integers(0, 10_000),
    st.lists(lines, max_size=4).map(tuple),
    st.none() | st.text(min_size=1, max_size=8),
)


@unhurried
@given(pages)
def test_json_and_back_is_the_same_answer(answer: Answer) -> None:
    text = json.dumps(answer.to_dict())
    assert Answer.from_dict(json.loads(text)) == answer


def test_answers_of_an_earlier_version_are_read() -> None:
    data = Answer("a.png", 1, 9, 9, (line("4", "ok"),)).to_dict()
    del data["lines"][0]["digit_share"]
    assert Answer.from_dict(data).lines == (line("4", "ok"),)


@unhurried
@given(pages)
def test_text_is_digits_of_the_lines_that_have_any(answer: Answer) -> None:
    assert answer.text.split("\n") == ([line.text for line in answer.lines if line.text] or [""])
    assert set(answer.text) <= set("0123456789\n")
    assert answer.to_dict()["text"] == answer.text
    assert all(answer.confidence <= line.confidence for line in answer.lines if line.text)


def line(text: str, status: str, confidence: float = 0.9) -> Line:
    return Line(text, confidence, status, (0, 0, 1, 1))  # type: ignore[arg-type]


@pytest.mark.parametrize(("confidence", "percent"), [(0.9996, "99.9%"), (1.0, "100.0%"), (0.0, "0.0%")])
def test_per_cent_are_rounded_down(confidence: float, percent: str) -> None:
    assert Line("4", confidence, "ok", (0, 0, 9, 9)).percent == percent
    assert Line("", confidence, "not_digits", (0, 0, 9, 9)).percent == ""


def test_the_share_of_a_page_is_the_mean_of_its_lines() -> None:
    lines = (replace(line("4", "ok"), digit_share=0.9), replace(line("", "not_digits"), digit_share=0.1))
    assert Answer("a.png", 1, 9, 9, lines).digit_share == pytest.approx(0.5)
    assert Answer("a.png", 1, 9, 9).digit_share == 0


@pytest.mark.parametrize(
    ("found", "error", "status"),
    [
        ((), None, "blank"),
        ((), "broken", "error"),
        ((line("1", "ok"),), "broken", "error"),
        ((line("1", "ok"), line("2", "ok")), None, "ok"),
        ((line("1", "ok"), line("2", "unsure")), None, "unsure"),
        ((line("", "not_digits"),), None, "not_digits"),
        ((line("", "not_digits"), line("2", "ok")), None, "ok"),
    ],
)
def test_a_page_is_as_good_as_its_worst_line_with_digits(
    found: tuple[Line, ...], error: str | None, status: str
) -> None:
    answer = Answer("a.png", 1, 10, 10, found, error)
    assert answer.status == status
    assert answer.to_dict()["status"] == status


def test_the_documented_fields_in_their_order() -> None:
    answer = Answer("a.jpg", 1, 1200, 900, (line("2200", "ok", 0.9981234),))
    data = answer.to_dict()
    assert list(data) == ["source", "page", "width", "height", "text", "status", "lines", "error"]
    fields = ["text", "confidence", "digit_share", "status", "reasons", "box", "marks", "digits"]
    assert list(data["lines"][0]) == fields
    assert data["lines"][0]["confidence"] == 0.998123
    assert data["error"] is None
