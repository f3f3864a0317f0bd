"""The second look at lines in doubt."""

from __future__ import annotations

import functools

import numpy as np
import pytest
from drawing import handwriting

from inkdigits.answer import Digit, Line
from inkdigits.reading import reader as reading
from inkdigits.reading.card import LINE_FILE, WEIGHTS
from inkdigits.reading.reader import Reader
from inkdigits.reading.recogniser import Recogniser
from inkdigits.reading.slant import SLANTS, UPRIGHT, is_doubtful, is_nearly_sure, mean_of_views, slanted


@pytest.mark.parametrize(
    ("text", "confidences", "status", "share", "doubtful", "nearly"),
    [
        ("12", (0.5, 0.99), "ok", 0.9, True, False),
        ("12", (0.99, 0.99), "ok", 0.9, False, False),
        ("1234567890", (0.97,) * 10, "ok", 0.9, False, True),
        ("12", (0.99, 0.99), "unsure", 0.9, True, False),
        ("", (), "not_digits", 0.4, False, False),
        ("", (), "not_digits", 0.6, True, False),
    ],
)
def test_what_could_be_a_number_and_is_not_surely_read_is_in_doubt(
    text, confidences, status, share, doubtful, nearly
) -> None:
    box = (0, 0, 9, 9)
    digits = tuple(Digit(*parts, box, ()) for parts in zip(text, confidences, strict=True))
    line = Line(text, 0.5, status, box, digits, (), digit_share=share)
    assert is_doubtful(line) is doubtful
    assert is_nearly_sure(line) is nearly


@pytest.mark.parametrize("slope", [-0.5, 0.5])
def test_an_upright_stroke_leans_about_its_middle(slope: float) -> None:
    ink = np.zeros((33, 60), np.uint8)
    ink[:, 29:32] = 255
    leaning = slanted(ink, slope)
    middles = [float(np.average(np.arange(60), weights=row)) for row in leaning]
    assert leaning.shape == ink.shape and leaning.dtype == np.uint8
    assert abs(middles[16] - 30) < 0.1
    np.testing.assert_allclose(np.diff(middles), -slope, atol=0.1)
    assert np.array_equal(slanted(ink, 0.0), ink)


def test_a_network_is_asked_once_and_its_opinions_averaged() -> None:
    calls: list[int] = []

    def network(images: list[np.ndarray]) -> list[np.ndarray]:
        calls.append(len(images))
        return [image.sum(axis=0, dtype=np.float32) for image in images]

    images = [np.full((5, width), 10, np.uint8) for width in (4, 7)]
    said = mean_of_views(network, images, SLANTS)
    assert calls == [6]
    assert [len(one) for one in said] == [4, 7]
    np.testing.assert_allclose(said[1], 50)
    assert mean_of_views(network, [], SLANTS) == [] and calls == [6]
    upright = mean_of_views(network, images, UPRIGHT)
    again = mean_of_views(network, images, SLANTS, upright)
    assert calls == [6, 2, 4]
    assert all(map(np.array_equal, again, said))


def test_only_lines_in_doubt_are_seen_again(monkeypatch: pytest.MonkeyPatch) -> None:
    looks: list[tuple[int, tuple[float, ...]]] = []
    original = Reader._look

    def spy(self, pool, found, slants, *rest):
        looks.append((len(found), slants))
        return original(self, pool, found, slants, *rest)

    monkeypatch.setattr(Reader, "_look", spy)
    monkeypatch.setattr(reading, "is_nearly_sure", lambda line: False)
    reader, picture = Reader(), handwriting("20863")
    (sure,) = reader.read(picture)
    assert sure.status == "ok"
    assert looks == [(1, UPRIGHT), (0, UPRIGHT), (0, SLANTS)]
    looks.clear()
    monkeypatch.setattr(reading, "is_nearly_sure", lambda line: True)
    (nearly,) = reader.read(picture)
    assert looks == [(1, UPRIGHT), (1, UPRIGHT), (0, SLANTS)]
    looks.clear()
    monkeypatch.setattr(reading, "is_doubtful", lambda line: True)
    (doubtful,) = reader.read(picture)
    assert looks == [(1, UPRIGHT), (1, UPRIGHT), (1, SLANTS)]
    assert doubtful.text == nearly.text == sure.text
    looks.clear()
    (alone,) = Reader(WEIGHTS / LINE_FILE).read(picture)
    assert looks == [(1, UPRIGHT), (1, SLANTS)], "nobody else to ask"
    assert alone.text == sure.text


def test_the_second_line_network_is_heard_at_the_second_look_only(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[bool, int]] = []
    original = Recogniser.line_probabilities

    def spy(self, strips, *, second=False):
        asked.append((second, len(strips)))
        return original(self, strips, second=second)

    monkeypatch.setattr(Recogniser, "line_probabilities", spy)
    reader, picture = Reader(), handwriting("20863")
    monkeypatch.setattr(reading, "is_nearly_sure", lambda line: False)
    reader.read(picture)
    assert asked == [(False, 1)]
    asked.clear()
    monkeypatch.setattr(reading, "is_nearly_sure", lambda line: True)
    reader.read(picture)
    assert asked == [(False, 1), (True, 1)], "what the first said of it is known"
    asked.clear()
    monkeypatch.setattr(reading, "is_nearly_sure", lambda line: False)
    monkeypatch.setattr(reading, "is_doubtful", lambda line: True)
    reader.read(picture)
    # Of the first, the upright strip is not asked again.
    assert asked == [(False, 1), (False, 2), (True, 3)]
    images = [np.zeros((32, 60), np.uint8), np.full((32, 41), 200, np.uint8)]
    ask = functools.partial(original, reader._recogniser)
    upright = ask(images)
    for said, one, other in zip(
        reader._steps(images, SLANTS, upright),
        mean_of_views(ask, images, SLANTS),
        mean_of_views(functools.partial(ask, second=True), images, SLANTS),
        strict=True,
    ):
        np.testing.assert_allclose(said, (one + other) / 2, atol=1e-6)
    assert np.array_equal(reader._steps(images, UPRIGHT, None)[1], upright[1])
