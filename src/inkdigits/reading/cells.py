"""Cells of a table. In: the forms of a page's lines, the page's darkness. Out: the forms of each cell.

What stands in one row of a table is not one number, whether its columns are ruled or only stand apart. In a
comb, whose cells are as wide as a digit, it is.
"""

from __future__ import annotations

from itertools import pairwise

import cv2
import numpy as np

Box = list[float]  # left, top, right, bottom; pixels of the darkness

_GAP = 0.4  # digit heights: from one number to the next, at least
_WIDE = 2.0  # digit heights: cells as wide as that hold a number each, narrower ones a digit
_COLUMN = 2.5  # digit heights: from one column to the next, where none are ruled, at least
_WIDER = 4.0  # times as wide as the line's usual gap is one between columns
_USUAL = 0.4  # of a line's gaps are no wider than those within its numbers
_TWO = 1.2  # width by height from which a form is two digits that touch
_FAINTEST = 0.06  # of the pen's darkness, by which a divider is darker than the paper beside it
_PARTS = 6  # of a line's height, in each of which a divider is half as dark as that at least
_LEAN = 5  # columns over which a divider may lean within a line's height
_BESIDE = 15  # columns around a divider that are mostly paper


def _gaps(group: list[Box]) -> np.ndarray:
    """The room before each form of a line but the first, (forms - 1,); less than 0 where they overlap."""
    boxes = np.array(group)
    return boxes[1:, 0] - np.maximum.accumulate(boxes[:-1, 2])


def _apart(group: list[Box], gaps: np.ndarray, height: float) -> list[list[Box]]:
    """The forms of a line, `gaps` between them, by columns that stand far apart for its digits."""
    # Digits that touch stand near each other too.
    joined = sum(box[2] - box[0] >= _TWO * height for box in group)
    within = np.sort(np.concatenate([np.zeros(joined), gaps]))[int(_USUAL * (len(gaps) + joined - 1))]
    columns = gaps >= max(_COLUMN * height, _WIDER * within)
    return [group[a:b] for a, b in pairwise([0, *(1 + np.flatnonzero(columns)).tolist(), len(group)])]


def dividers(darkness: np.ndarray, group: list[Box], forms: np.ndarray) -> np.ndarray:
    """The columns (n,) float64, ascending, at which a line passes down through the rows of a group of forms
    and through none of the page's `forms` (n, 4), in `darkness` (height, width) uint8.
    """
    boxes = np.rint(group).astype(int)
    top, bottom = max(0, boxes[:, 1].min()), boxes[:, 3].max()
    band = darkness[top:bottom]
    parts = cv2.resize(band, (band.shape[1], _PARTS), interpolation=cv2.INTER_AREA)
    paper = cv2.medianBlur(parts.mean(axis=0, keepdims=True).astype(np.uint8), _BESIDE)
    stands_out = cv2.subtract(parts, np.repeat(paper, _PARTS, axis=0))
    lines = cv2.dilate(stands_out, np.ones((1, _LEAN), np.uint8)).astype(np.float32) / 255
    passes = (lines.mean(axis=0) >= _FAINTEST) & (lines.min(axis=0) >= _FAINTEST / 2)
    beside = forms[(forms[:, 1] < bottom) & (forms[:, 3] > top)]
    for left, _, right, _ in np.rint(beside).astype(int).tolist():
        passes[max(0, left - _LEAN // 2) : right + _LEAN // 2 + 1] = False
    edges = np.diff(np.pad(passes.astype(np.int8), 1))
    return (np.flatnonzero(edges == 1) + np.flatnonzero(edges == -1) - 1) / 2


def _cells_of(group: list[Box], columns: np.ndarray) -> np.ndarray:
    """Which cell each form of a line stands in, counted from the left."""
    boxes = np.array(group)
    return np.searchsorted(columns, (boxes[:, 0] + boxes[:, 2]) / 2)


def _in_cells(group: list[Box], darkness: np.ndarray, forms: np.ndarray) -> list[list[Box]]:
    """The forms of one line by the cells of a table's row; all together where there is none."""
    height = max(box[3] - box[1] for box in group)
    gaps = _gaps(group)
    if not (gaps >= _GAP * height).any():
        return [group]
    columns = dividers(darkness, group, forms)
    cells = _cells_of(group, columns)
    if not len(columns) or np.pad(np.diff(columns), 1, constant_values=np.inf)[cells].min() < _WIDE * height:
        return _apart(group, gaps, height)
    return [[group[form] for form in np.flatnonzero(cells == cell)] for cell in np.unique(cells)]


def by_cells(groups: list[list[Box]], darkness: np.ndarray) -> list[list[Box]]:
    """The forms of lines, those of a table's row apart by the cells that they stand in.

    Args:
        groups: the forms of each line, ordered from the left.
        darkness: (height, width) uint8, 255 at the strength of the page's pen.
    """
    forms = np.array([box for group in groups for box in group]).reshape(-1, 4)
    return [cell for group in groups for cell in _in_cells(group, darkness, forms)]
