"""Frames of a form: boxes and combs that digits are written into. In: connected strokes. Out: the pixels that
a ruler drew among them.

A frame is one connected stroke, mostly straight along the axes, ruled on all four sides. `rules` finds what
spans a page; these are too short for that.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from inkdigits.reading.components import Components

_LEAST = 14  # pixels: a smaller box holds nothing that could be read
_SPECK = 10  # pixels: fewer within a frame are dirt
_FILLED = 0.45  # share of its box that a frame fills at most
_SPAN = 0.8  # of the frame's shorter side: straight runs this long are its lines
_EDGE = 0.25  # of its height: how near its edges its outer lines are looked for
_ALONG = 0.6  # of its width, ruled above and below
_STRAIGHT = 0.6  # of its pixels lie on lines, digits that touch it are the others
_EMPTY = 0.93  # the same of one box with nothing in it: a zero is never as straight
_CORNER = 0.04  # of the frame's shorter side
_SIDE = 0.12  # of its height or width: how near its sides the lines of a box are
_WHOLE = 0.95  # of each side
_LARGE = 0.4  # of the page's height: a frame this high that reaches the border is squared paper
_LEAST_LEAN, _MOST_LEAN = 0.005, 0.15  # y per x, of a frame that is turned; with less it is upright
_LARGE_FRAME = 100  # pixels
_RECTANGLE = 0.93  # of the smallest rectangle around it is within the outline of a frame
_DIVIDERS = 3  # lines across, the ends included, from which it has cells
_RULED = 0.85  # of a cell's side is ink where its frame was cut along
_RULE_INK = 0.35  # of the darkest ink: a line that was cut along is half a line
_THICKEST = 0.15  # of a cell's shorter side: a frame's line


@dataclass(frozen=True, eq=False)
class Frame:
    """Where a frame is, and its lines there: (rows, columns) uint8 in {0, 1}."""

    rows: slice
    columns: slice
    lines: np.ndarray


def _has_corners(stroke: np.ndarray) -> bool:
    """Whether a stroke reaches all four corners of its box, as no zero does; they may be a little round."""
    reach = max(2, round(_CORNER * min(stroke.shape)))
    ends = (slice(0, reach), slice(-reach, None))
    return all(stroke[rows, columns].any() for rows in ends for columns in ends)


def _is_box(lines: np.ndarray) -> bool:
    """Whether lines (height, width) uint8 run along the whole of all four sides, near them."""
    bands = (
        side[: max(2, round(_SIDE * len(side)))] for side in (lines, lines[::-1], lines.T, lines.T[::-1])
    )
    return all(band.any(axis=0).mean() >= _WHOLE for band in bands)


def _edge(stroke: np.ndarray) -> int:
    """How many rows are looked at for an outer line."""
    return max(2, round(_EDGE * stroke.shape[0]))


def _is_ruled_along_edges(stroke: np.ndarray, run: np.ndarray) -> bool:
    """Whether straight runs lie along both the upper and the lower edge of a stroke (height, width) uint8."""
    edge, width = _edge(stroke), stroke.shape[1]
    inked = cv2.reduce(stroke, 1, cv2.REDUCE_SUM, dtype=cv2.CV_32S)
    # Of most digits no row holds as much.
    if inked[:edge].max() < run.size or inked[-edge:].max() < run.size:
        return False
    for rows in (stroke[:edge], stroke[-edge:]):
        flat = cv2.morphologyEx(rows, cv2.MORPH_OPEN, run)
        if cv2.countNonZero(cv2.reduce(flat, 0, cv2.REDUCE_MAX)) / width < _ALONG:
            return False
    return True


def _lines(stroke: np.ndarray) -> tuple[np.ndarray, int] | None:
    """The straight runs of a stroke (height, width) uint8, if it is ruled on all four sides, and how many
    lines are across.
    """
    edge = _edge(stroke)
    run = np.ones((1, max(3, round(_SPAN * min(stroke.shape)))), np.uint8)
    # Most strokes are told by their edges, and nothing else of them is looked at.
    if not _is_ruled_along_edges(stroke, run):
        return None
    flat = cv2.morphologyEx(stroke, cv2.MORPH_OPEN, run)
    steep = cv2.morphologyEx(stroke, cv2.MORPH_OPEN, run.T)
    if not (steep[:, :edge].any() and steep[:, -edge:].any()):
        return None
    dividers = int((np.diff(np.pad(steep.any(axis=0).astype(np.int8), 1)) == 1).sum())
    # Where a line is not quite along the axes its runs leave steps.
    return cv2.dilate(cv2.bitwise_or(flat, steep), np.ones((3, 3), np.uint8)) & stroke, dividers


def _lean(stroke: np.ndarray) -> float:
    """How far a connected stroke (height, width) uint8 that is an upright rectangle turned a little falls to
    the right, y per x; 0 where it is none.
    """
    # The ends of its rows have the outline of all of it.
    ends = np.concatenate([stroke.argmax(axis=1), stroke.shape[1] - 1 - stroke[:, ::-1].argmax(axis=1)])
    rows = np.tile(np.arange(len(stroke)), 2)
    hull = cv2.convexHull(np.stack([ends, rows], axis=1).astype(np.float32))
    _, sides, angle = cv2.minAreaRect(hull)
    lean = np.tan(np.radians((angle + 45) % 90 - 45))
    is_turned = _LEAST_LEAN <= abs(lean) <= _MOST_LEAN
    return float(lean) if is_turned and cv2.contourArea(hull) >= _RECTANGLE * sides[0] * sides[1] else 0.0


def _lines_turned(stroke: np.ndarray) -> tuple[np.ndarray, int] | None:
    """What `_lines` gives for a stroke that is upright once its columns are shifted until what runs across is
    level, and its rows likewise; None where it leans too little or too much.
    """
    lean = _lean(stroke)
    if not lean:
        return None
    y, x = np.nonzero(stroke)
    down = y - np.rint(lean * x).astype(np.intp)
    right = x + np.rint(lean * down).astype(np.intp)
    places = down - down.min(), right - right.min()
    upright = np.zeros((places[0].max() + 1, places[1].max() + 1), np.uint8)
    upright[places] = 1
    # By whole pixels, a line that leaned is level but for one.
    ruled = _lines(cv2.dilate(upright, np.ones((3, 3), np.uint8)))
    if ruled is None:
        return None
    lines = np.zeros_like(stroke)
    lines[y, x] = ruled[0][places]
    return lines, ruled[1]


def _as_frame(strokes: Components, number: int) -> Frame | None:
    """The frame that one of some connected strokes is; None where it is none."""
    rows, columns = strokes.box(number)
    part = strokes.within(rows, columns)
    stroke = (part == number).view(np.uint8)
    # Most strokes are digits, which are too small to be a frame whose lean matters.
    ruled = (_lines_turned(stroke) if max(stroke.shape) >= _LARGE_FRAME else None) or _lines(stroke)
    if ruled is None:
        return None
    lines, dividers = ruled
    straight = float(lines.sum()) / float(stroke.sum())
    area = strokes.stats[:, cv2.CC_STAT_AREA]
    holds = bool(((part != number) & (area[part] >= _SPECK) & (part > 0)).any())
    if holds or dividers >= _DIVIDERS:
        is_frame = straight >= _STRAIGHT
    else:
        is_frame = straight >= (_STRAIGHT if _is_box(lines) else _EMPTY) and _has_corners(stroke)
    return Frame(rows, columns, lines) if is_frame else None


def find_frames(strokes: Components) -> list[Frame]:
    """The frames among connected strokes."""
    _, _, width, height, area = strokes.stats.T
    likely = (np.minimum(width, height) >= _LEAST) & (area < _FILLED * width * height)
    found = (_as_frame(strokes, number) for number in np.flatnonzero(likely).tolist())
    return [frame for frame in found if frame is not None]


def frame_lines(frames: list[Frame], shape: tuple[int, int]) -> np.ndarray:
    """The lines of all frames: `shape` uint8 in {0, 1}."""
    lines = np.zeros(shape, np.uint8)
    for frame in frames:
        lines[frame.rows, frame.columns] |= frame.lines
    return lines


def _reaches_border(frame: Frame, shape: tuple[int, int]) -> bool:
    sides = zip((frame.rows, frame.columns), shape, strict=True)
    return any(side.start <= 1 or side.stop >= size - 1 for side, size in sides)


def without_frames(rules: np.ndarray, frames: list[Frame]) -> np.ndarray:
    """The `rules` (height, width) uint8 in {0, 1} outside frames.

    A rule is a band as wide as its lines may be; a frame's lines are exact, and cost no digit that touches
    them.
    """
    rules = rules.copy()
    for frame in frames:
        part = rules[frame.rows, frame.columns]
        if part.shape[0] < _LARGE * rules.shape[0] or not _reaches_border(frame, rules.shape):
            part[:] = 0
    return rules


def without_corner(ink: np.ndarray) -> np.ndarray:
    """The ink (height, width) float32 in [0, 1] of one cell cut out of a form, without what was cut along of
    its frame.

    That is straight ink along the border, along two sides that meet at least: no digit has such a corner.
    """
    inked = ink > _RULE_INK * max(float(ink.max()), 1e-6)
    most = max(1, round(_THICKEST * min(ink.shape)))
    depths = [_ruled_depth(side, most) for side in (inked, inked[::-1], inked.T, inked.T[::-1])]
    if not (max(depths[:2]) and max(depths[2:])):
        return ink
    top, bottom, left, right = depths
    kept = np.zeros_like(ink)
    inside = slice(top, ink.shape[0] - bottom), slice(left, ink.shape[1] - right)
    kept[inside] = ink[inside]
    return kept


def _ruled_depth(inked: np.ndarray, most: int) -> int:
    """How many rows from the first on, `most` at most, lie on a line along it and its fading edge; 0 where
    there is none.
    """
    ruled = np.flatnonzero(inked[:most].mean(axis=1) >= _RULED)
    return int(ruled[-1]) + 2 if ruled.size else 0
