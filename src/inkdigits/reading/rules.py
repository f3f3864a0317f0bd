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
_WHOLE = 0.8  # of that side: so long it need not come in from the border, either
_AT_BORDER = 0.02  # of the longer side: so near to the border a line comes in from it
_STRAYS, _COVERED = 3.0, 0.7  # pixels from one line to its next piece; share of the whole that is in pieces
_MANY = 200  # lines: each is compared with each, and of so many most have companions
_SAMPLES, _DARKER = 33, 1.35  # places along a line that tell its darkness; times what is usual: no ruled line
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
    small = shrink(levels, size)
    dark = (small > int(threshold * (0.7 if factor > 1.3 else 1.0))).view(np.uint8)
    thin = dark & (1 - cv2.dilate(_thick(dark), np.ones((3, 3), np.uint8)))
    segments = _segments(thin, small)
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


def _segments(dark: np.ndarray, levels: np.ndarray) -> np.ndarray:
    """Straight runs (n, 4): x1, y1, x2, y2, that are long, or one of several parallel ones. `levels` has the
    shape of `dark`.
    """
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
    few = len(lines) <= _MANY and min(height, width) >= _LEAST_PAGE
    whole = _joined(lines) if few else lines
    come_in = _come_in(whole, steep, dark.shape)
    reach = np.hypot(whole[:, 2] - whole[:, 0], whole[:, 3] - whole[:, 1])
    keep = np.zeros(len(lines), bool)
    for family, side in ((flat, width), (steep, height)):
        if side < _LEAST_PAGE:
            continue
        long = family & (reach > max(_LONG * side, 0.3 * max(height, width)))
        long &= (reach > _WHOLE * side) | come_in
        keep |= long
        if min(height, width) < _LEAST_PAGE:
            continue
        other = flat | steep
        for index in np.flatnonzero(family & ~long):
            alike = other & (np.abs(tilt - tilt[index]) < 3.0)
            enough = length[alike].sum() > 2.0 * side
            keep[index] = enough and _places(lines[alike], angle[index]) >= _COMPANIONS
    lines, come_in = lines[keep], come_in[keep]
    return lines[come_in | ~_is_darker(lines, levels)] if len(lines) else lines


def _joined(lines: np.ndarray) -> np.ndarray:
    """Each of `lines` (n, 4) with those that go on where it ends: x1, y1, x2, y2 of the whole, (n, 4). A line
    whose ruling is faint in places is found in pieces.
    """
    first, away = lines[:, :2], lines[:, 2:] - lines[:, :2]
    length = np.maximum(np.hypot(*away.T), 1e-6)
    along = away / length[:, None]
    ends = lines.reshape(-1, 2, 2)[None] - first[:, None, None]  # of every line, from each one's beginning
    across = np.abs(ends[..., 0] * -along[:, None, None, 1] + ends[..., 1] * along[:, None, None, 0])
    places = (ends * along[:, None, None]).sum(axis=-1)
    same = across.max(axis=-1) <= _STRAYS
    begin = np.where(same, places.min(axis=-1), 0).min(axis=1)
    end = np.where(same, places.max(axis=-1), 0).max(axis=1)
    covered = np.where(same, length, 0).sum(axis=1) >= _COVERED * (end - begin)
    whole = np.hstack([first + begin[:, None] * along, first + end[:, None] * along])
    return np.where(covered[:, None], whole, lines)


def _is_darker(lines: np.ndarray, levels: np.ndarray) -> np.ndarray:
    """Which lines (n, 4) are darker than most of their length together is, (n,) bool: what is ruled was ruled
    with one pen, and a straight stroke of a darker one is no part of it.
    """
    along = np.linspace(0, 1, _SAMPLES)[:, None, None]
    x, y = np.rint(lines[:, :2] + along * (lines[:, 2:] - lines[:, :2])).astype(np.intp).transpose(2, 0, 1)
    darkness = np.median(cv2.dilate(levels, np.ones((3, 3), np.uint8))[y, x], axis=0)
    order = np.argsort(darkness)
    share = np.cumsum(np.hypot(*(lines[order, 2:] - lines[order, :2]).T))
    usual = darkness[order[np.searchsorted(share, 0.5 * share[-1])]]
    return darkness > _DARKER * usual


def _come_in(lines: np.ndarray, steep: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """Which lines (n, 4) come in from the border that they run towards, (n,) bool: flat ones from the left or
    the right, `steep` ones from above or below.
    """
    ends = lines.reshape(-1, 2, 2)
    ends = np.where(steep[:, None], ends[:, :, 1], ends[:, :, 0])
    sides = np.where(steep, shape[0], shape[1])[:, None] - 1
    near = np.minimum(ends, sides - ends) <= _AT_BORDER * max(shape)
    return np.asarray(near.any(axis=1))


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
