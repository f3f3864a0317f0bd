"""Frames of a form: boxes and combs that digits are written into. In: connected strokes. Out: the pixels that
a ruler drew among them.

A frame is one connected stroke, mostly straight along the axes, ruled above and below. `rules` finds what
spans a page; these are too short for that.
"""

from __future__ import annotations

import cv2
import numpy as np

_LEAST = 14  # pixels: a smaller box holds nothing that could be read
_SPECK = 10  # pixels: fewer within a frame are dirt
_FILLED = 0.45  # share of its box that a frame fills at most
_SPAN = 0.8  # of the frame's shorter side: straight runs this long are its lines
_EDGE = 0.25  # of its height: where its upper and its lower line are looked for
_ALONG = 0.6  # of its width, ruled above and below
_STRAIGHT = 0.6  # of its pixels lie on lines, digits that touch it are the others
_EMPTY = 0.93  # the same of one box with nothing in it: a zero is never as straight
_CORNER = 2  # pixels
_DIVIDERS = 3  # lines across, the ends included, from which it has cells


def _has_corners(stroke: np.ndarray) -> bool:
    """Whether a stroke reaches all four corners of its box, as no zero does."""
    ends = (slice(0, _CORNER), slice(-_CORNER, None))
    return all(stroke[rows, columns].any() for rows in ends for columns in ends)


def _lines(stroke: np.ndarray, holds: bool) -> np.ndarray | None:
    """The straight runs of a stroke (height, width) uint8 that is a frame, None where it is none; `holds` is
    whether anything lies within it.
    """
    height, width = stroke.shape
    edge = max(2, round(_EDGE * height))
    # Cheap and mostly enough: few strokes are ruled above and below.
    if min(stroke[:edge].any(axis=0).mean(), stroke[-edge:].any(axis=0).mean()) < _ALONG:
        return None
    run = max(3, round(_SPAN * min(height, width)))
    flat = cv2.morphologyEx(stroke, cv2.MORPH_OPEN, np.ones((1, run), np.uint8))
    if min(flat[:edge].any(axis=0).mean(), flat[-edge:].any(axis=0).mean()) < _ALONG:
        return None
    steep = cv2.morphologyEx(stroke, cv2.MORPH_OPEN, np.ones((run, 1), np.uint8))
    dividers = int((np.diff(np.pad(steep.any(axis=0).astype(np.int8), 1)) == 1).sum())
    # Where a line is not quite along the axes its runs leave steps.
    lines = cv2.dilate(cv2.bitwise_or(flat, steep), np.ones((3, 3), np.uint8)) & stroke
    straight = float(lines.sum()) / float(stroke.sum())
    if holds or dividers >= _DIVIDERS:
        return lines if straight >= _STRAIGHT else None
    return lines if straight >= _EMPTY and _has_corners(stroke) else None


def find_frames(labels: np.ndarray, stats: np.ndarray) -> np.ndarray | None:
    """The lines of frames: (height, width) uint8 in {0, 1}; None where there is no frame.

    Args:
        labels: (height, width) integers, the components of the strokes.
        stats: (components, 5) as OpenCV has them: left, top, width, height, area.
    """
    left, top, width, height, area = stats.T
    likely = (np.minimum(width, height) >= _LEAST) & (area < _FILLED * width * height)
    found = None
    for number in np.flatnonzero(likely):
        box = (
            slice(top[number], top[number] + height[number]),
            slice(left[number], left[number] + width[number]),
        )
        part = labels[box]
        stroke = (part == number).astype(np.uint8)
        holds = bool(((part != number) & (area[part] >= _SPECK) & (part > 0)).any())
        lines = _lines(stroke, holds)
        if lines is not None:
            found = np.zeros(labels.shape, np.uint8) if found is None else found
            found[box] |= lines
    return found
