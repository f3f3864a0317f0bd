"""The normaliser: what MNIST would show, whatever the size, place and pen."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from drawing import STROKES, pen
from hypothesis import given, settings
from hypothesis import strategies as st

from inkdigits.reading.glyph import (
    GLYPH_BOX,
    GLYPH_SIZE,
    STRIP_HEIGHT,
    finish_strip,
    normalise,
    strip,
    stroke_width,
)

DIGITS = sorted(STROKES)


def drawn(digit: str, height: int = 120, thickness: int | None = None) -> np.ndarray:
    """One digit as ink (h, w) float32."""
    shape = (round(1.5 * height), round(1.4 * height))
    return pen(shape, digit, 0.35 * height, 0.25 * height, height, thickness=thickness)


def box(glyph: np.ndarray, least: int = 26) -> tuple[int, int]:
    """Height and width of what is darker than `least`."""
    rows, columns = np.flatnonzero(glyph.max(1) > least), np.flatnonzero(glyph.max(0) > least)
    return int(np.ptp(rows)) + 1, int(np.ptp(columns)) + 1


def centre(glyph: np.ndarray) -> np.ndarray:
    """Centre of mass (y, x)."""
    places = np.indices(glyph.shape).reshape(2, -1)
    return places @ glyph.ravel().astype(float) / glyph.sum()


@pytest.mark.parametrize("digit", DIGITS)
def test_a_digit_is_boxed_and_centred_as_in_mnist(digit: str) -> None:
    glyph = normalise(drawn(digit))
    assert glyph.shape == (GLYPH_SIZE, GLYPH_SIZE)
    assert glyph.dtype == np.uint8
    assert abs(max(box(glyph)) - GLYPH_BOX) <= 1
    # Ink at the border of the 20-pixel box may hold the centre back by the four pixels of margin at most.
    assert np.abs(centre(glyph) - GLYPH_SIZE / 2).max() <= 1.0
    assert glyph.max() >= 250


def likeness(one: np.ndarray, other: np.ndarray) -> float:
    """Correlation of two glyphs, moved by at most a pixel: a centre of mass half way may be rounded either
    way.
    """
    moved = (np.roll(other, (y, x), (0, 1)) for y in (-1, 0, 1) for x in (-1, 0, 1))
    return max(float(np.corrcoef(one.ravel(), glyph.ravel())[0, 1]) for glyph in moved)


@pytest.mark.parametrize("digit", DIGITS)
def test_normalising_twice_changes_hardly_anything(digit: str) -> None:
    once = normalise(drawn(digit))
    assert likeness(once, normalise(once.astype(np.float32) / 255)) > 0.97


@pytest.mark.parametrize("digit", DIGITS)
@pytest.mark.parametrize("height", [40, 300, 900])
def test_size_and_place_make_no_difference(digit: str, height: int) -> None:
    reference = normalise(drawn(digit, 120))
    far = cv2.copyMakeBorder(drawn(digit, height), 7, height, 2 * height, 3, cv2.BORDER_CONSTANT)
    assert likeness(reference, normalise(far)) > 0.85


def test_a_glyph_of_mnist_form_stays_where_it_is() -> None:
    glyph = normalise(drawn("3"))
    moved = np.zeros((60, 70), np.float32)
    moved[11:39, 30:58] = glyph.astype(np.float32) / 255
    np.testing.assert_array_equal(normalise(moved), normalise(glyph.astype(np.float32) / 255))


@pytest.mark.parametrize("shape", [(1, 1), (1, 300), (300, 1), (28, 28), (2000, 1500)])
def test_no_ink_gives_zeros(shape: tuple[int, int]) -> None:
    for level in (0.0, 0.15):
        assert not normalise(np.full(shape, level, np.float32)).any()


@given(
    height=st.integers(1, 2000),
    width=st.integers(1, 2000),
    seed=st.integers(0, 2**32 - 1),
    share=st.floats(0, 0.2),
)
@settings(max_examples=40, deadline=None)
def test_ink_of_any_size_gives_a_glyph_with_its_ink_inside(
    height: int, width: int, seed: int, share: float
) -> None:
    random = np.random.default_rng(seed)
    ink = np.zeros((height, width), np.float32)
    for _ in range(3):
        x1, x2 = random.integers(0, width, 2)
        y1, y2 = random.integers(0, height, 2)
        thickness = 1 + int(share * min(height, width))
        cv2.line(ink, (int(x1), int(y1)), (int(x2), int(y2)), float(random.uniform(0.3, 1)), thickness)
    glyph = normalise(ink)
    assert glyph.shape == (GLYPH_SIZE, GLYPH_SIZE)
    assert glyph.dtype == np.uint8
    assert glyph.max() > 100
    assert max(box(glyph, 0)) <= GLYPH_BOX


@pytest.mark.parametrize("digit", DIGITS)
def test_a_thin_stroke_is_as_dark_as_a_thick_one(digit: str) -> None:
    thin, thick = normalise(drawn(digit, 600, 3)), normalise(drawn(digit, 600, 60))
    lost = cv2.resize(drawn(digit, 600, 3), (GLYPH_BOX, GLYPH_BOX), interpolation=cv2.INTER_AREA)
    assert (thin > 128).sum() > 2 * (lost > 0.5).sum()
    assert (thin > 128).sum() > 20
    assert thin.astype(float).sum() < thick.astype(float).sum()


@pytest.mark.parametrize("width", [3, 6, 12, 25])
def test_the_width_of_a_stroke_is_measured(width: int) -> None:
    ink = np.zeros((200, 200), np.float32)
    ink[20:180, 90 : 90 + width] = 0.8
    assert stroke_width(ink) == pytest.approx(width, rel=0.25, abs=1.2)


def test_no_stroke_has_no_width() -> None:
    assert stroke_width(np.zeros((9, 9), np.float32)) == 0.0


@given(height=st.integers(1, 400), width=st.integers(1, 600), seed=st.integers(0, 2**32 - 1))
@settings(max_examples=40, deadline=None)
def test_a_strip_has_its_height_and_keeps_the_shape_of_what_it_shows(
    height: int, width: int, seed: int
) -> None:
    darkness = np.random.default_rng(seed).random((height, width), np.float32)
    image = strip(darkness)
    assert image.shape == (STRIP_HEIGHT, max(1, round(width * STRIP_HEIGHT / height)))
    assert image.dtype == np.uint8


@pytest.mark.parametrize("strength", [0.2, 0.5, 1.0])
def test_a_strip_shows_faint_and_dark_pens_alike(strength: float) -> None:
    ink = pen((64, 400), "20417", 20, 8, 46)
    image = strip(strength * ink)
    assert image.max() == 255
    assert np.median(image) == 0
    np.testing.assert_allclose(image.astype(int), strip(ink).astype(int), atol=3)


def test_noise_of_clean_paper_is_not_stretched_to_ink() -> None:
    noise = np.abs(np.random.default_rng(0).normal(0, 0.005, (STRIP_HEIGHT, 200))).astype(np.float32)
    assert finish_strip(noise).mean() < 25
    assert not finish_strip(np.full((STRIP_HEIGHT, 50), 0.3, np.float32)).any()
