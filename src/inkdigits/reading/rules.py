"""Ruled lines, squared paper, base lines and forms' frames. In: levels of darkness. Out: a mask of what a
ruler drew.
"""

from __future__ import annotations

import cv2
import numpy as np

from inkdigits.reading.components import Components, components
from inkdigits.reading.shrinking import shrink

_SEARCH_SIZE = 320  # pixels of the longer side at which lines are looked for
_LONG = 0.45  # of the side along which it runs: a line this long needs no parallel companions
_SHORT = 0.15  # of the shorter side: the least length of a line that has companions
_COMPANIONS = 4
_LEAST_PAGE = (
    90  # pixels of the shorter side while searching; in smaller crops slanted strokes pass for ruling
)
_THICK = 5  # pixels while searching: wider than any ruling
_NEAR = 7  # rows
_ALONG = 0.7  # of its pixels lie along a rule: what is left of the rule
_TILT = 25.0  # degrees from horizontal or vertical up to which ruling is looked for


def find_rules(levels: np.ndarray, threshold: float) -> np.ndarray:
    """1 where a straight, thin, printed line is and no stroke that is darker crosses it.

    Args:
        levels: (height, width) uint8, larger where it is darker.
        threshold: the least level of a line worth removing; fainter ones fall to the ink's own threshold.

    Returns:
        (height, width) uint8 in {0, 1}.
    """
    height, width = levels.shape
    factor = max(1.0, max(height, width) / _SEARCH_SIZE)
    size = (max(1, round(width / factor)), max(1, round(height / factor)))
    dark = (shrink(levels, size) > int(threshold * (0.7 if factor > 1.3 else 1.0))).view(np.uint8)
    thin = dark & (1 - cv2.dilate(_thick(dark), np.ones((3, 3), np.uint8)))
    segments = _segments(thin)
    rules = np.zeros(levels.shape, np.uint8)
    if not len(segments):
        return rules
    thickness = max(1, round(_thickness(thin) * factor)) + 2
    for x1, y1, x2, y2 in segments:
        start, end = (
            (round((x1 + 0.5) * factor), round((y1 + 0.5) * factor)),
            (round((x2 + 0.5) * factor), round((y2 + 0.5) * factor)),
        )
        cv2.line(rules, start, end, 1, thickness)
    # A pen that is clearly darker than the ruling is kept where it crosses.
    places = np.flatnonzero(rules)
    ruled = levels.ravel()[places]
    inked = ruled[ruled > threshold]
    typical = float(np.median(inked)) if inked.size else threshold
    rules.ravel()[places[ruled > 1.5 * typical]] = 0
    return rules


def _run_length(rules: np.ndarray) -> float:
    """The usual length of what a column crosses of `rules`, in pixels; 0 where it crosses nothing."""
    edges = np.diff(np.pad(rules[:, ::16], ((1, 1), (0, 0))).view(np.int8), axis=0).T
    lengths = np.nonzero(edges < 0)[1] - np.nonzero(edges > 0)[1]
    return float(np.median(lengths)) if lengths.size else 0.0


def _thickness_of(rules: np.ndarray) -> float:
    """Of drawn `rules` (height, width) uint8 in {0, 1}, in pixels, across those that are longer than that."""
    return min((length for length in (_run_length(rules), _run_length(rules.T)) if length), default=0.0)


def rule_width(rules: np.ndarray) -> int:
    """Pixels from which a gap is wider than a ruled line, which leans."""
    return round(1.5 * _thickness_of(rules)) + 2


def across_rules(strokes: np.ndarray, rules: np.ndarray) -> np.ndarray:
    """`strokes` with what of `rules` lies between them, all (height, width) uint8 in {0, 1}: where a line was
    cut out of a stroke that it crosses. Strokes that only come near a line stay apart.
    """
    side = round(_thickness_of(rules)) + 2 | 1
    return strokes | cv2.morphologyEx(strokes, cv2.MORPH_CLOSE, np.ones((side, side), np.uint8)) & rules


def _thick(dark: np.ndarray) -> np.ndarray:
    """What of `dark` (height, width) uint8 in {0, 1} is thicker than ruling, and no spot where two lines
    cross.
    """
    found = components(cv2.morphologyEx(dark, cv2.MORPH_OPEN, np.ones((_THICK, _THICK), np.uint8)))
    return found.chosen(found.longest > 2 * _THICK)


def left_of_rules(strokes: Components, rules: np.ndarray) -> np.ndarray:
    """Which strokes (components,) bool are what is left of `rules` (height, width) uint8 in {0, 1}: where a
    line is thicker than the others, or bends.
    """
    near = cv2.dilate(rules, np.ones((_NEAR, 1), np.uint8)).ravel()[strokes.places]
    along = np.bincount(strokes.owners[near > 0], minlength=strokes.count)
    return along > _ALONG * strokes.stats[:, cv2.CC_STAT_AREA]


def _long(dark: np.ndarray, least: int, gap: int) -> np.ndarray:
    """What of `dark` (height, width) uint8 in {0, 1} may hold a run of `least` pixels with no wider gap: the
    digits of a page hold none, and each of their pixels would vote for lines.
    """
    joined = components(cv2.dilate(dark, np.ones((gap + 1, gap + 1), np.uint8)))
    # A run along a diagonal is shorter along either side.
    return dark & joined.chosen(joined.longest >= 0.7 * least)


def _segments(dark: np.ndarray) -> np.ndarray:
    """Straight runs (n, 4): x1, y1, x2, y2, that are long, or one of several parallel ones."""
    height, width = dark.shape
    least = max(14, round(_SHORT * min(height, width)))
    gap = max(2, least // 12)
    found = cv2.HoughLinesP(
        _long(dark, least, gap), 1, np.pi / 180, least, minLineLength=least, maxLineGap=gap
    )
    if found is None:
        return np.zeros((0, 4))
    lines = found.reshape(-1, 4).astype(np.float64)
    dx, dy = lines[:, 2] - lines[:, 0], lines[:, 3] - lines[:, 1]
    length = np.hypot(dx, dy)
    angle = np.degrees(np.arctan2(dy, dx)) % 180
    flat = np.minimum(angle, 180 - angle) < _TILT
    steep = np.abs(angle - 90) < _TILT
    tilt = np.where(flat, (angle + 90) % 180 - 90, angle - 90)
    keep = np.zeros(len(lines), bool)
    for family, side in ((flat, width), (steep, height)):
        if side < _LEAST_PAGE:
            continue
        long = family & (length > max(_LONG * side, 0.3 * max(height, width)))
        keep |= long
        if min(height, width) < _LEAST_PAGE:
            continue
        other = flat | steep
        for index in np.flatnonzero(family & ~long):
            alike = other & (np.abs(tilt - tilt[index]) < 3.0)
            enough = length[alike].sum() > 2.0 * side
            keep[index] = enough and _places(lines[alike], angle[index]) >= _COMPANIONS
    return lines[keep]


def _places(lines: np.ndarray, angle: float) -> int:
    """How many clearly different places `lines` lie at, across and along the direction `angle` (degrees)."""
    middle = (lines[:, :2] + lines[:, 2:]) / 2
    along = np.array([np.cos(np.radians(angle)), np.sin(np.radians(angle))])
    across = np.array([-along[1], along[0]])
    return max(len(np.unique(np.round(middle @ axis / 8.0))) for axis in (along, across))


def _thickness(dark: np.ndarray) -> float:
    area = int(dark.sum())
    distance = cv2.distanceTransform(dark, cv2.DIST_L2, 3)
    return 4.0 * float(distance.sum()) / max(area, 1) - 1.0
