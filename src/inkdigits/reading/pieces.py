"""Forms as the glyph network is shown them: whole, and cut between their signs. In: `Ink`, a form's box, the
middles of its signs. Out: glyphs (28, 28) uint8.

Digits that touch are cut where a path from top to bottom meets the least ink (a seam: Avidan and Shamir
2007), which follows the slant of the hand.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from inkdigits.reading.components import components
from inkdigits.reading.glyph import GLYPH_SIZE, normalise
from inkdigits.reading.ink import Ink

_KEPT = 0.1  # of the distance between two signs, beside either's middle: no cut is made there
_INK = 0.2  # darkness of a stroke
_CRUMB = 0.12  # of all strokes' pixels: more than that is no end of a neighbour's stroke
_OWN = 0.5  # of a stroke's pixels, as far as is looked, lie in the box that it belongs to
_CROOKED = 0.02  # of full ink, what a step to the side costs


def find_seam(ink: np.ndarray, left: float, right: float) -> np.ndarray:
    """The columns (height,) of a path from top to bottom, one step aside a row at most, that meets the least
    of `ink` (height, width) float32 between the columns `left` and `right`.
    """
    height, width = ink.shape
    margin = _KEPT * (right - left)
    first = int(np.clip(round(left + margin), 0, width - 1))
    last = int(np.clip(round(right - margin), first, width - 1))
    band = ink[:, first : last + 1]
    total = np.zeros_like(band)
    total[0] = band[0]
    side = np.pad(total[0], 1, constant_values=np.inf)
    for row in range(1, height):
        side[1:-1] = total[row - 1]
        aside = np.minimum(side[:-2], side[2:]) + _CROOKED
        total[row] = band[row] + np.minimum(side[1:-1], aside)
    seam = np.zeros(height, np.int64)
    # Of several that are as good, the one in the middle.
    best = np.flatnonzero(total[-1] <= total[-1].min() + 1e-6)
    seam[-1] = best[len(best) // 2]
    for row in range(height - 2, -1, -1):
        near = np.arange(max(0, seam[row + 1] - 1), min(band.shape[1], seam[row + 1] + 2))
        seam[row] = near[(total[row, near] + _CROOKED * (near != seam[row + 1])).argmin()]
    return seam + first


def _without(ink: np.ndarray, strokes: np.ndarray, gone: np.ndarray) -> np.ndarray:
    """`ink` without those of its `strokes` that are `gone`, both (height, width) uint8 in {0, 1}, and without
    their faint edges.
    """
    near = cv2.dilate(gone, np.ones((3, 3), np.uint8))
    return np.where((near == 0) | (strokes > gone), ink, np.float32(0))


def _main_strokes(ink: np.ndarray) -> np.ndarray:
    """A piece (height, width) float32 without its crumbs: ends of a neighbour's strokes that fell to it."""
    strokes = (ink > _INK).view(np.uint8)
    found = components(strokes)
    area = found.stats[:, cv2.CC_STAT_AREA]
    crumbs = area < _CRUMB * area.sum()
    crumbs[0] = False
    return _without(ink, strokes, found.chosen(crumbs)) if crumbs.any() else ink


def divide(ink: np.ndarray, middles: Sequence[float]) -> list[np.ndarray]:
    """`ink` (height, width) float32 of each of the signs whose middles are at the columns `middles`: as many
    images of the same shape.
    """
    seams = [find_seam(ink, *pair) for pair in zip(middles, middles[1:], strict=False)]
    # How many seams lie left of a pixel is the number of its piece.
    owner = np.zeros(ink.shape, np.int16)
    for seam in seams:
        owner += np.arange(ink.shape[1]) >= seam[:, None]
    pieces = [np.where(owner == number, ink, np.float32(0)) for number in range(len(middles))]
    return [_main_strokes(piece) for piece in pieces]


def _strokes_in(ink: Ink, box: np.ndarray) -> tuple[np.ndarray, int]:
    """The darkness of the strokes that belong in a box, (height, width) float32, and its left column in ink
    pixels; no pixels where there is no stroke. What lies mostly beside the box is a neighbour's, or what is
    left of a ruled line.
    """
    left, top, right, bottom = (round(value / ink.scale) for value in box.tolist())
    left, top = max(0, left), max(0, top)
    start = max(0, left - (bottom - top))
    band = ink.mask[top : bottom + 1, start : right + 1 + bottom - top]
    inside = slice(left - start, right + 1 - start)
    if band.size == 0 or not band[:, inside].any():
        return np.zeros((0, 0), np.float32), left
    mask = np.ascontiguousarray(band[:, inside])
    near = cv2.dilate(mask, np.ones((3, 3), np.uint8))
    soft = ink.darkness[top : bottom + 1, left : right + 1] * near * np.float32(1 / 255)
    # What is inside alone needs no look at what is beside it.
    if not (mask[:, 0].any() or mask[:, -1].any()):
        return soft, left
    count, labels = cv2.connectedComponents(np.ascontiguousarray(band), connectivity=8, ltype=cv2.CV_16U)
    area = np.bincount(labels.ravel(), minlength=count)
    inner: np.ndarray = np.asarray(labels)[:, inside]
    own = np.bincount(inner.ravel(), minlength=count)
    foreign = own < _OWN * area
    foreign[0] = False
    return _without(soft, mask, foreign[inner].view(np.uint8)) if foreign.any() else soft, left


def cut_glyph(ink: Ink, box: np.ndarray) -> np.ndarray:
    """The strokes in a box (left, top, right, bottom; page pixels) as a glyph (28, 28) uint8."""
    soft, _ = _strokes_in(ink, box)
    return normalise(soft) if soft.size else np.zeros((GLYPH_SIZE, GLYPH_SIZE), np.uint8)


def cut_pieces(ink: Ink, box: np.ndarray, middles: Sequence[float]) -> list[np.ndarray]:
    """The strokes in a box as a glyph for each sign, from left to right; `middles` are those of the signs, in
    page pixels.
    """
    soft, left = _strokes_in(ink, box)
    if not soft.size:
        return [np.zeros((GLYPH_SIZE, GLYPH_SIZE), np.uint8)] * len(middles)
    return [normalise(piece) for piece in divide(soft, [middle / ink.scale - left for middle in middles])]
