"""Forms cut between their signs."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from inkdigits.reading.ink import Ink
from inkdigits.reading.pieces import cut_glyph, cut_pieces, divide, find_seam


def _ink(darkness: np.ndarray, mask: np.ndarray, scale: float) -> Ink:
    """The ink of darkness (height, width) in [0, 1], on paper that is the same everywhere."""
    levels = np.rint(darkness * 255).astype(np.uint8)
    return Ink(levels, mask, np.full((4, 8), 200, np.uint8), scale, 0.8, False)


def two_rings(slant: float = 0.0) -> np.ndarray:
    """Two zeros that a stroke joins, (60, 120) float32, leaning by `slant` columns a row."""
    ink = np.zeros((60, 120), np.float32)
    for x in (35, 85):
        cv2.ellipse(ink, (x, 30), (16, 24), 0, 0, 360, 1.0, 4)
    cv2.line(ink, (50, 20), (70, 20), 1.0, 3)
    matrix = np.array([[1.0, -slant, 30 * slant], [0.0, 1.0, 0.0]])
    return cv2.warpAffine(ink, matrix, (120, 60))


@pytest.mark.parametrize("slant", [-0.4, 0.0, 0.4])
def test_a_seam_leans_with_the_hand_and_crosses_the_joining_stroke_once(slant: float) -> None:
    ink = two_rings(slant)
    seam = find_seam(ink, 35, 85)
    assert seam.shape == (60,)
    assert np.abs(np.diff(seam)).max() <= 1
    assert (ink[np.arange(60), seam] > 0.5).sum() <= 5  # the joining stroke is 3 rows thick
    pieces = divide(ink, [35, 85])
    half = float(ink.sum()) / 2
    assert [abs(float(piece.sum()) - half) < 0.1 * half for piece in pieces] == [True, True]
    assert np.array_equal(np.maximum(*pieces), ink)


@given(seed=st.integers(0, 2**32 - 1), height=st.integers(1, 20), width=st.integers(1, 20))
def test_pieces_are_parts_of_the_ink(seed: int, height: int, width: int) -> None:
    random = np.random.default_rng(seed)
    ink = random.random((height, width)).astype(np.float32)
    middles = np.sort(random.uniform(-2, width + 2, 3)).tolist()
    pieces = divide(ink, middles)
    assert [piece.shape for piece in pieces] == [ink.shape] * 3
    shown = np.sum([piece > 0 for piece in pieces], axis=0)
    assert shown.max() <= 1
    assert all(((piece == 0) | (piece == ink)).all() for piece in pieces)


def test_crumbs_of_a_cut_are_left_out() -> None:
    ink = two_rings()
    with_crumbs = ink.copy()
    with_crumbs[56:58, 8:11] = with_crumbs[2:4, 110:113] = 1.0
    for piece, clean in zip(divide(with_crumbs, [35, 85]), divide(ink, [35, 85]), strict=True):
        assert np.array_equal(piece, clean)


def test_a_neighbours_stroke_in_the_box_is_left_out_and_a_dot_is_not() -> None:
    darkness = np.zeros((60, 120), np.float32)
    cv2.line(darkness, (30, 8), (30, 50), 1.0, 4)  # a 1
    darkness[40:43, 36:39] = 1.0  # a dot beside it
    alone = darkness.copy()
    cv2.line(darkness, (36, 20), (90, 12), 1.0, 3)  # a 7 whose bar reaches over the dot
    cv2.line(darkness, (90, 12), (70, 50), 1.0, 3)
    darkness[55:57, :] = 1.0  # the rest of a ruled line
    box = np.array([26.0, 4.0, 42.0, 56.0])

    def glyph(strokes: np.ndarray) -> np.ndarray:
        mask = (strokes > 0.5).astype(np.uint8)
        return cut_glyph(_ink(strokes, mask, 1.0), box)

    assert np.array_equal(glyph(darkness), glyph(alone))


def test_pieces_become_glyphs_as_whole_forms_do() -> None:
    darkness = two_rings()
    mask = (darkness > 0.5).astype(np.uint8)
    ink = _ink(darkness, mask, 2.0)
    box = np.array([30.0, 8.0, 210.0, 112.0])  # page pixels: twice those of the ink
    left, right = cut_pieces(ink, box, [70.0, 170.0])
    assert left.shape == right.shape == (28, 28) and left.dtype == np.uint8
    # Each a ring: ink left and right of an empty middle.
    for piece in (left, right):
        assert piece[14, 14] == 0 and piece[14, :14].max() > 128 and piece[14, 15:].max() > 128
    whole = cut_glyph(ink, box)
    assert np.flatnonzero(whole.any(axis=0)).size >= 20 > np.flatnonzero(left.any(axis=0)).size
    nothing = np.array([0.0, 0.0, 4.0, 4.0])
    assert not cut_glyph(ink, nothing).any()
    assert [piece.any() for piece in cut_pieces(ink, nothing, [1.0, 3.0])] == [False, False]
