"""Faint strokes that hold strong ones together: motion while a photo is taken leaves of a digit what runs
along it, and hardly what runs across.

In: levels of darkness, the strokes found so far, what a ruler drew. Out: the strokes, with what joins those
that lie above one another as the pieces of one digit do.
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np

from inkdigits.reading.components import Components, components
from inkdigits.reading.rules import rule_width

_SHARES = (0.28, 0.2, 0.14, 0.1)  # of the pen's darkness, where other ink has 0.36
_LEAST = 0.25  # of the least darkness of other ink
_SPECK = 0.03  # of the picture's shorter side: a smaller stroke is no piece of a digit
_LARGE = 0.12  # of the same: a smaller digit is not looked for
_MOST = 40  # pieces: with more, it is a page
_WIDER = 1.35  # times its widest piece is a digit at most
_LONG = 1.6  # times its height, too
_BEYOND = 0.15  # of its longer side: how far it reaches beyond its pieces
_HIGH = 0.4  # of its height: two pieces above one another that are both this high are two digits
_FILLED = 0.6  # of its box
_SQUARE = np.ones((3, 3), np.uint8)


def join_pieces(
    levels: np.ndarray, mask: np.ndarray, rules: np.ndarray, strength: float, low: float
) -> np.ndarray:
    """The strokes with the faint ones that join them to digits.

    Args:
        levels: (height, width) uint8, larger where it is darker; `strength` is the pen's and `low` the least
            of other ink.
        mask: (height, width) uint8 in {0, 1}, the strokes.
        rules: (height, width) uint8 in {0, 1}, what a ruler drew; faint strokes go on across it.

    Returns:
        (height, width) uint8 in {0, 1}; `mask` itself where there is nothing to join.
    """
    strokes = components(mask)
    pieces = _pieces(strokes)
    if not _may_join(strokes.stats[pieces], mask.shape):
        return mask
    across = np.ones((rule_width(rules), 1), np.uint8)
    joined = mask.copy()
    for share in _SHARES:
        if share * strength < _LEAST * low:
            break
        faint = (levels > int(share * strength)).view(np.uint8) & (1 - rules)
        faint |= cv2.morphologyEx(faint, cv2.MORPH_CLOSE, across) & rules | joined
        found = components(faint)
        for number, members in _holders(found, strokes, pieces):
            if _is_digit(found.stats[number], strokes.stats[members], mask.shape):
                box = found.box(number)
                stroke = (found.within(*box) == number).view(np.uint8)
                joined[box] |= _between(stroke, joined[box] & stroke)
    return joined


def _pieces(strokes: Components) -> np.ndarray:
    """The numbers of the strokes that may be pieces of a digit: no specks."""
    kept = strokes.longest >= _SPECK * min(strokes.shape)
    kept[0] = False
    return np.flatnonzero(kept)


def _may_join(pieces: np.ndarray, shape: tuple[int, int]) -> bool:
    """Whether any two pieces (n, 5), statistics as OpenCV has them, may be of one digit."""
    if not 1 < len(pieces) <= _MOST:
        return False
    left, top, width, height, _ = pieces.T
    right, bottom = left + width, top + height
    across = np.maximum.outer(right, right) - np.minimum.outer(left, left)
    down = np.maximum.outer(bottom, bottom) - np.minimum.outer(top, top)
    fits = _fits(across, down, np.maximum.outer(width, width), shape)
    two_digits = _one_above_other(pieces, down)
    fits &= ~(two_digits | two_digits.T)
    np.fill_diagonal(fits, False)
    return bool(fits.any())


def _fits(width: Any, height: Any, widest: Any, shape: tuple[int, int]) -> Any:
    """Whether strokes of such widths and heights may be digits whose widest pieces are `widest`: numbers, or
    arrays of them.
    """
    large = np.maximum(width, height) >= _LARGE * min(shape)
    return large & (width <= _WIDER * widest) & (width <= _LONG * height)


def _one_above_other(pieces: np.ndarray, height: Any) -> np.ndarray:
    """Which pieces (n, 5) lie above which, (n, n) bool, where both are too high for pieces of one digit of
    such a height: a number, or one for each pair.
    """
    tops, heights = pieces[:, 1], pieces[:, 3]
    both_high = np.minimum.outer(heights, heights) > _HIGH * height
    return both_high & np.less_equal.outer(tops + heights, tops)


def _is_digit(whole: np.ndarray, pieces: np.ndarray, shape: tuple[int, int]) -> bool:
    """Whether a faint stroke (5,) is one digit that has these pieces (n, 5), and nothing else."""
    left, top, width, height, area = whole.tolist()
    ends = (pieces[:, :2] + pieces[:, 2:4]).max(axis=0) - (left + width, top + height)
    beyond = max((pieces[:, :2].min(axis=0) - (left, top)).max(), -ends.min())
    if beyond > _BEYOND * max(width, height) or area > _FILLED * width * height:
        return False
    return (
        bool(_fits(width, height, pieces[:, 2].max(), shape)) and not _one_above_other(pieces, height).any()
    )


def _holders(found: Components, strokes: Components, pieces: np.ndarray) -> list[tuple[int, np.ndarray]]:
    """The components that hold several pieces, and the numbers of these."""
    holder = np.zeros(strokes.count, np.int64)
    rows, columns = np.divmod(strokes.places, strokes.shape[1])
    holder[strokes.owners] = found.labels[rows - found.top, columns]
    numbers, counts = np.unique(holder[pieces], return_counts=True)
    return [(int(number), pieces[holder[pieces] == number]) for number in numbers[counts > 1]]


def _between(stroke: np.ndarray, pieces: np.ndarray) -> np.ndarray:
    """The parts of a faint stroke that touch two of its pieces or more, both (height, width) uint8 in {0, 1};
    the pale edges of pieces, and print that touches one, are left out.
    """
    count, named = cv2.connectedComponents(pieces, connectivity=8, ltype=cv2.CV_16U)
    # The largest number around a pixel and the smallest differ where the edges of two pieces meet.
    largest = cv2.dilate(named, _SQUARE)
    smallest = cv2.erode(np.where(named > 0, named, np.uint16(count)), _SQUARE)
    near = largest > 0
    chosen = near & (smallest != largest)
    parts, found = cv2.connectedComponents(stroke * ~near, connectivity=8, ltype=cv2.CV_16U)
    labels = np.asarray(found)
    reach = cv2.dilate(labels, _SQUARE)
    edges = near & (reach > 0)
    pairs = reach[edges].astype(np.int64) * count + largest[edges]
    touches = np.bincount(pairs, minlength=parts * count).reshape(parts, count) > 0
    joins = touches.sum(axis=1) > 1
    joins[0] = False
    chosen |= cv2.dilate(joins[labels].view(np.uint8), _SQUARE) > 0
    return stroke & chosen
