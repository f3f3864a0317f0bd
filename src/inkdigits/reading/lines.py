"""Ink to lines of writing, in reading order. In: an `Ink`. Out: `TextLine`s, with boxes in pixels of the
page.

Connected strokes whose heights agree are chained from left to right; small ones (points, dashes, pieces of
a broken stroke) join the line that they lie beside. What only the page's edge, a binding or dust can be is
left out.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from inkdigits.reading.cells import by_cells
from inkdigits.reading.components import components, touches_border
from inkdigits.reading.ink import Ink
from inkdigits.reading.percentile import percentile

_TALL = 0.45  # of the reference height: what may begin or continue a line by itself
_REACH = 4.0  # reference heights from one digit to the next of the same line
_DUST = 0.07  # of the reference height: smaller than a point
_BESIDE = 0.9  # of the reference height: how far from a line's digits a small form may lie
_LEADS = 0.2  # of the reference height: a form this large may have others beside it
_LEAST = 0.012  # of the page's shorter side: the smallest digit looked for
_SLIVER = 0.08  # of the page's height or width
_HOLLOW = 0.06  # share of its box that a frame fills
_LONG = 0.25  # of the page's shorter side
_THIN = 0.03  # width by length
_FLAT = 12.0  # width by height from which a form by itself is no number, however its digits are joined
_FEW = 3  # lines: no more say little about the height of a digit
_ONE = 1.6  # times the reference height: two forms above one another that are higher are two digits
_LARGEST_FORMS = 400  # strokes considered on a page, largest first

Box = list[float]  # left, top, right, bottom; numbers of Python's, which are quicker one by one


@dataclass(frozen=True)
class TextLine:
    """One line of writing, in page pixels.

    Attributes:
        left, top, right, bottom: the box of all its ink.
        height: height of a typical digit of the line.
        slope: rise of the base line, y per x; positive falls to the right.
        forms: boxes (left, top, right, bottom) of its connected strokes from left to right, (n, 4) float64.
    """

    left: float
    top: float
    right: float
    bottom: float
    height: float
    slope: float
    forms: np.ndarray


def find_lines(ink: Ink) -> list[TextLine]:
    """The lines of a page, from top to bottom, those side by side from left to right; [] on a blank page."""
    forms, areas = _forms(ink)
    if not len(forms):
        return []
    reference = _reference_height(forms, areas)
    forms = forms[np.maximum(_heights(forms), _widths(forms)) > _DUST * reference]
    tall = _heights(forms) >= _TALL * reference
    groups = _chain(forms[tall], reference)
    groups = _merge(groups, reference)
    _attach(groups, forms[~tall], reference)
    groups = by_cells(groups, ink.darkness)
    least = _LEAST * min(ink.mask.shape) * ink.scale if min(ink.mask.shape) > 250 else 0.0
    lines = [_line(np.array(group), ink.scale) for group in groups]
    lines = [line for line in lines if line.height >= least]
    return _reading_order(
        [line for line in lines if not _is_debris(line, len(lines) > 1, reference * ink.scale)]
    )


def _forms(ink: Ink) -> tuple[np.ndarray, np.ndarray]:
    """Boxes (n, 4) left, top, right, bottom of the connected strokes, in ink pixels, and their areas (n,)."""
    height, width = ink.mask.shape
    # Strokes that blur or faint pencil broke are one form when hardly anything is between them.
    joined = cv2.dilate(ink.mask, np.ones((3, 3), np.uint8)) if min(height, width) > 250 else ink.mask
    x, y, across, down = cv2.boundingRect(joined)
    if across == 0:
        return np.zeros((0, 4)), np.zeros(0)
    stats = components(np.ascontiguousarray(joined[y : y + down, x : x + across])).stats[1:]
    stats[:, :2] += (x, y)
    wide, high, area = stats[:, 2], stats[:, 3], stats[:, 4]
    fill = area / np.maximum(wide * high, 1)
    border = touches_border(stats, ink.mask.shape)
    # A frame, or what is left of squared paper: it spans the page and hardly fills it.
    edge = border & ((wide > 0.6 * width) | (high > 0.75 * height)) & (fill < _HOLLOW)
    edge &= min(height, width) > 100
    # A fold, a thread, the edge of a sheet: it comes in from outside, and no pen is so thin for its length.
    longest = np.maximum(wide, high)
    line = border & (longest > _LONG * min(height, width)) & (area < _THIN * longest**2)
    edge |= line & (not line.all()) & (min(height, width) > 250)
    corner = border & (fill > 0.55) & (longest > 0.04 * max(height, width)) & (min(height, width) > 250)
    # What sticks in from outside by less than a digit: the desk beside the paper, a neighbour's stroke.
    left, top, bottom, right = stats[:, 0], stats[:, 1], stats[:, 1] + high, stats[:, 0] + wide
    sliver = ((top <= 1) | (bottom >= height - 1)) & (high < _SLIVER * height)
    sliver |= ((left <= 1) | (right >= width - 1)) & (wide < _SLIVER * width)
    stats = stats[~(edge | corner | (sliver & (min(height, width) > 250)))]
    stats = stats[np.argsort(-stats[:, 4])[:_LARGEST_FORMS]]
    left, top = stats[:, 0], stats[:, 1]
    boxes = np.stack([left, top, left + stats[:, 2], top + stats[:, 3]], axis=1).astype(np.float64)
    return boxes, stats[:, 4]


def _heights(forms: np.ndarray) -> np.ndarray:
    return forms[:, 3] - forms[:, 1]


def _widths(forms: np.ndarray) -> np.ndarray:
    return forms[:, 2] - forms[:, 0]


def _reference_height(forms: np.ndarray, areas: np.ndarray) -> float:
    """The height of a typical digit: the median height, weighted by ink, of which specks and threads have
    little.
    """
    heights = _heights(forms)
    order = np.argsort(heights)
    weights = np.cumsum(areas[order])
    return float(heights[order][np.searchsorted(weights, 0.5 * weights[-1])])


def _chain(forms: np.ndarray, reference: float) -> list[list[Box]]:
    """Forms from left to right, each joining the line whose last form lies most at its own height."""
    groups: list[list[Box]] = []
    ends: list[Box] = []  # the boxes of each group's last three forms
    for form in forms[np.argsort(forms[:, 0])].tolist():
        best, best_overlap = -1, 0.3
        for number, (group, end) in enumerate(zip(groups, ends, strict=True)):
            if form[1] >= end[3] or end[1] >= form[3]:
                continue
            last = group[-1]
            gap = form[0] - last[2]
            # Only digits as far apart as they are tall can be of one line on a page of many sizes.
            if gap > _REACH * max(reference, 0.5 * (form[3] - form[1] + last[3] - last[1])):
                continue
            overlap = max(_overlap(form, last), _overlap(form, end) * 0.9)
            if overlap > best_overlap:
                best, best_overlap = number, overlap
        if best < 0:
            groups.append([form])
            ends.append(form)
        else:
            groups[best].append(form)
            ends[best] = _hull(groups[best][-3:])
    return groups


def _overlap(one: Box, other: Box) -> float:
    """Share of the smaller height that two boxes have in common."""
    common = min(one[3], other[3]) - max(one[1], other[1])
    return common / max(1.0, min(one[3] - one[1], other[3] - other[1]))


def _hull(group: list[Box]) -> Box:
    left, top, right, bottom = zip(*group, strict=True)
    return [min(left), min(top), max(right), max(bottom)]


def _merge(groups: list[list[Box]], reference: float) -> list[list[Box]]:
    """Lines that lie over each other are one: a digit in two pieces begins two lines."""
    groups = list(groups)
    hulls = np.array([_hull(group) for group in groups]).reshape(-1, 4)
    sizes = np.array([len(group) for group in groups])
    lone = len(groups) <= _FEW
    # Of each pair, the earlier line first. Kept up to date, as a page of dots has hundreds of lines to merge.
    pairs = _belong(hulls[:, None], hulls, np.maximum(sizes[:, None], sizes) == 1, reference, lone)
    pairs = np.triu(pairs, 1)
    while pairs.any():
        first, second = np.unravel_index(pairs.argmax(), pairs.shape)
        groups[first] = sorted(groups[first] + groups[second], key=lambda box: box[0])
        hulls[first], sizes[first] = _hull(groups[first]), len(groups[first])
        sizes[second] = 0
        pairs[second, :] = pairs[:, second] = False
        mine = _belong(hulls[first], hulls, np.zeros(len(hulls), bool), reference, lone) & (sizes > 0)
        pairs[first, first + 1 :], pairs[:first, first] = mine[first + 1 :], mine[:first]
    return [group for group, size in zip(groups, sizes, strict=True) if size]


def _belong(
    one: np.ndarray, other: np.ndarray, single: np.ndarray, reference: float, lone: bool
) -> np.ndarray:
    """Which boxes (..., 4) of two lines are of one; `single` where both lines are a single form, `lone` where
    hardly anything tells how high a digit is.
    """
    low, high = np.maximum(one[..., :2], other[..., :2]), np.minimum(one[..., 2:], other[..., 2:])
    least = np.minimum(one[..., 2:] - one[..., :2], other[..., 2:] - other[..., :2])
    across, down = np.moveaxis(high - low, -1, 0)
    narrower, shorter = np.moveaxis(least, -1, 0)
    # One above the other and nearly touching, both short: two pieces of one digit.
    together = np.maximum(one[..., 3], other[..., 3]) - np.minimum(one[..., 1], other[..., 1])
    pieces = (across > 0.3 * narrower) & (down > -0.15 * reference) & single
    pieces &= lone | (together < _ONE * reference)
    return (across > 0) & (down > 0.5 * shorter) | pieces


def _attach(groups: list[list[Box]], small: np.ndarray, reference: float) -> None:
    """Small forms join the nearest line, in place, if they lie within its band and beside its digits; those
    that are no specks lead on to the next, as the small zeros of an amount do.
    """
    hulls = np.array([_hull(group) for group in groups]).reshape(-1, 4)
    grown = bool(groups)
    while grown and len(small):
        nearest, distances = _nearest(small, hulls, reference)
        beside = distances < _BESIDE * reference
        before = hulls.copy()
        for form, index in zip(small[beside], nearest[beside], strict=True):
            groups[index].append(form.tolist())
            if max(form[2] - form[0], form[3] - form[1]) >= _LEADS * reference:
                hulls[index, 0] = min(hulls[index, 0], form[0])
                hulls[index, 2] = max(hulls[index, 2], form[2])
        small = small[~beside]
        grown = not np.array_equal(hulls, before)
    for group in groups:
        group.sort(key=lambda box: box[0])


def _nearest(forms: np.ndarray, hulls: np.ndarray, reference: float) -> tuple[np.ndarray, np.ndarray]:
    """Which line's band each form lies in, and how far beside its digits; infinitely far where in none."""
    middles = (forms[:, 1] + forms[:, 3])[:, None] / 2
    within = (hulls[:, 1] - 0.25 * reference < middles) & (middles < hulls[:, 3] + 0.35 * reference)
    gaps = np.maximum(hulls[:, 0] - forms[:, 2, None], forms[:, 0, None] - hulls[:, 2])
    distances = np.where(within, np.maximum(gaps, 0.0), np.inf)
    return distances.argmin(axis=1), distances.min(axis=1)


def _line(forms: np.ndarray, scale: float) -> TextLine:
    heights = _heights(forms)
    tall = forms[heights >= _TALL * heights.max()]
    slope = 0.0
    if len(tall) >= 3 and tall[-1, 0] - tall[0, 2] > 1.5 * heights.max():
        across, down = (tall[:, 0] + tall[:, 2]) / 2, (tall[:, 1] + tall[:, 3]) / 2
        away = across - across.mean()
        slope = float(away @ (down - down.mean()) / (away @ away))  # of least squares
    left, top, right, bottom = (value * scale for value in _hull(forms.tolist()))
    height = percentile(_heights(tall), 70) * scale
    return TextLine(left, top, right, bottom, height, slope, forms * scale)


def _is_debris(line: TextLine, beside_others: bool, typical: float) -> bool:
    """A lone form far smaller than the `typical` writing of the page, or flat: the rest of a ruled line."""
    if len(line.forms) == 1 and line.right - line.left > _FLAT * (line.bottom - line.top):
        return True
    return beside_others and line.height < 0.3 * typical and len(line.forms) < 3


def _reading_order(lines: list[TextLine]) -> list[TextLine]:
    ordered: list[list[TextLine]] = []
    for line in sorted(lines, key=lambda one: (one.top + one.bottom) / 2):
        middle = (line.top + line.bottom) / 2
        row = ordered[-1] if ordered else None
        if (
            row
            and any(other.top < middle < other.bottom for other in row)
            and all(line.left > other.right or line.right < other.left for other in row)
        ):
            row.append(line)
        else:
            ordered.append([line])
    return [line for row in ordered for line in sorted(row, key=lambda one: one.left)]
