"""The second look at lines in doubt."""

from __future__ import annotations

import numpy as np
import pytest
from drawing import handwriting

from inkdigits.answer import Digit, Line
from inkdigits.reading import reader as reading
from inkdigits.reading.card import LINE_FILE, WEIGHTS
from inkdigits.reading.reader import Reader
from inkdigits.reading.recogniser import Recogniser
from inkdigits.reading.slant import SLANTS, UPRIGHT, is_doubtful, is_not_quite_sure, mean_of_views, slanted


@pytest.mark.parametrize(
    ("digits", "confidence", "status", "share", "doubtful", "asked"),
    [
        ((0.995, 0.995), 0.99, "ok", 0.9, False, False),
        ((0.985, 0.995), 0.98, "ok", 0.9, False, True),
        ((0.995,) * 10, 0.95, "unsure", 0.9, False, True),
        ((0.5, 0.99), 0.5, "unsure", 0.9, True, True),
        ((), 0.0, "not_digits", 0.4, False, False),
        ((), 0.0, "not_digits", 0.6, True, True),
    ],
)
def test_what_could_be_a_number_and_is_not_surely_read_is_in_doubt(
    digits, confidence, status, share, doubtful, asked
) -> None:
    box = (0, 0, 9, 9)
    read = tuple(Digit("1", one, box, ()) for one in digits)
    line = Line("1" * len(read), confidence, status, box, read, (), digit_share=share)
    assert is_doubtful(line) is doubtful
    assert is_not_quite_sure(line) is asked


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


def always(line: Line) -> bool:
    return True


def never(line: Line) -> bool:
    return False


def test_only_lines_in_doubt_are_seen_again(monkeypatch: pytest.MonkeyPatch) -> None:
    looks: list[tuple[int, tuple[float, ...]]] = []
    original = Reader._look

    def spy(self, pool, found, slants, *rest):
        looks.append((len(found), slants))
        return original(self, pool, found, slants, *rest)

    monkeypatch.setattr(Reader, "_look", spy)
    monkeypatch.setattr(reading, "is_not_quite_sure", never)
    reader, picture = Reader(), handwriting("30628")
    (sure,) = reader.read(picture)
    assert sure.status == "ok"
    assert looks == [(1, UPRIGHT), (0, UPRIGHT), (0, SLANTS)]
    looks.clear()
    monkeypatch.setattr(reading, "is_not_quite_sure", always)
    (nearly,) = reader.read(picture)
    assert looks == [(1, UPRIGHT), (1, UPRIGHT), (0, SLANTS)]
    looks.clear()
    monkeypatch.setattr(reading, "is_doubtful", always)
    (doubtful,) = reader.read(picture)
    assert looks == [(1, UPRIGHT), (1, UPRIGHT), (1, SLANTS)]
    assert doubtful.text == nearly.text == sure.text
    looks.clear()
    (alone,) = Reader(WEIGHTS / LINE_FILE).read(picture)
    assert looks == [(1, UPRIGHT), (1, SLANTS)], "nobody else to ask"
    assert alone.text == sure.text


def test_no_network_is_asked_twice_about_the_same_ink(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, int]] = []
    lines, glyphs = Recogniser.line_probabilities, Recogniser.glyph_probabilities

    def spy_lines(self, strips, *, second=False):
        if strips:
            asked.append(("second" if second else "first", len(strips)))
        return lines(self, strips, second=second)

    def spy_glyphs(self, shown, *rest):
        if len(shown):
            asked.append(("glyphs", len(shown)))
        return glyphs(self, shown, *rest)

    monkeypatch.setattr(Recogniser, "line_probabilities", spy_lines)
    monkeypatch.setattr(Recogniser, "glyph_probabilities", spy_glyphs)
    reader, picture = Reader(), handwriting("30628")
    first = [("first", 1), ("glyphs", 5)]
    monkeypatch.setattr(reading, "is_not_quite_sure", never)
    reader.read(picture)
    assert asked == first
    asked.clear()
    monkeypatch.setattr(reading, "is_not_quite_sure", always)
    reader.read(picture)
    assert asked == [*first, ("second", 1)]
    asked.clear()
    monkeypatch.setattr(reading, "is_doubtful", always)
    reader.read(picture)
    assert asked == [*first, ("second", 1), ("first", 2), ("second", 2)]


def test_both_line_networks_count_as_much_at_each_slant(monkeypatch: pytest.MonkeyPatch) -> None:
    drafted: list[np.ndarray] = []

    def spy(line, strip, steps, classes):
        drafted.append(steps)
        strips.append(strip.image)
        return original(line, strip, steps, classes)

    strips: list[np.ndarray] = []
    original = reading.draft
    monkeypatch.setattr(reading, "draft", spy)
    monkeypatch.setattr(reading, "is_not_quite_sure", always)
    monkeypatch.setattr(reading, "is_doubtful", always)
    Reader().read(handwriting("30628"))
    ask = Recogniser().line_probabilities
    views = [slanted(strips[0], slope) for slope in SLANTS]
    one, other = ask(views), ask(views, second=True)
    np.testing.assert_allclose(drafted[0], one[0], atol=1e-5)
    np.testing.assert_allclose(drafted[1], (one[0] + other[0]) / 2, atol=1e-5)
    np.testing.assert_allclose(drafted[2], np.mean([*one, *other], axis=0), atol=1e-5)
