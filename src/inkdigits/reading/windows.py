"""Dark windows in a light page, with something light written in them: a meter's, a label's, those of a figure
of MNIST. In: a `Page`. Out: the page with what is in its windows turned over, dark on light.
"""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np

from inkdigits.reading.components import components
from inkdigits.reading.page import Page
from inkdigits.reading.percentile import percentile

_LOOKED_AT = 256  # pixels of the longer side that are looked at first
_LONGEST = 640  # pixels of the longer side at which windows are looked for
_DARK = 0.5  # of the brightness of the paper, and of what is written in it: a window is darker
_LEAST = 16  # pixels of a window's shorter side
_WHOLE = 0.92  # of the rectangle around a window is window: no stroke is so straight
_MOSTLY = 0.45  # of the upright box around a window is dark
_WRITTEN = (0.015, 0.45)  # of a window is light
_ALIKE = 0.15  # of its sides: as much may another window of the same kind be larger or smaller
_STROKE = 0.36  # of a window's shorter side: strokes in it are narrower
_RIM = 1.4  # pixels on either side of a window's edge, which are neither bright nor dark
_CROSS = cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3))


def _is_suspected(gray: np.ndarray) -> bool:
    """Whether anything in the page is dark, wider than a stroke, and most of the box around it: of its
    pixels some that are apart are looked at.
    """
    apart = max(1, round(max(gray.shape) / _LOOKED_AT))
    some = np.ascontiguousarray(gray[::apart, ::apart])
    dark = (some < _DARK * percentile(some, 80)).view(np.uint8)
    if not cv2.erode(dark, np.ones((3, 3), np.uint8)).any():
        return False
    _, _, stats, _ = cv2.connectedComponentsWithStats(dark, connectivity=4)
    wide, high, area = np.asarray(stats)[1:, 2:].T
    return bool(((np.minimum(wide, high) >= _LEAST / 3) & (area >= _MOSTLY * wide * high)).any())


def _is_written(gray: np.ndarray, light: np.ndarray, whole: np.ndarray) -> bool:
    """Whether strokes that are much lighter lie in a dark rectangle: parts of a page (rows, columns) uint8, 1
    where they are and where all of it is.
    """
    area = int(whole.sum())
    if not _WRITTEN[0] * area <= int(light.sum()) <= _WRITTEN[1] * area:
        return False
    if percentile(gray[whole > light], 50) > _DARK * percentile(gray[light > 0], 50):
        return False  # a shadow, with something lighter in it
    framed = cv2.copyMakeBorder(light, 1, 1, 1, 1, cv2.BORDER_CONSTANT)
    return 2 * float(cv2.distanceTransform(framed, cv2.DIST_L2, 3).max()) <= _STROKE * min(light.shape)


def _windows(gray: np.ndarray) -> np.ndarray:
    """Where the windows of a page (height, width) uint8 are: (height, width) uint8, 1 in them. One in which
    nothing is told from a stroke, or that is empty, is known by its like.
    """
    _, dark = cv2.threshold(gray, 0, 1, cv2.THRESH_BINARY_INV + cv2.THRESH_OTSU)
    dark = np.asarray(dark)
    outlines, above = cv2.findContours(dark, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
    rectangles: list[tuple[tuple[slice, slice], np.ndarray, bool]] = []
    holes = np.array(above).reshape(-1, 4)[:, 3] if outlines else np.zeros(0)
    for outline, hole_of in zip(outlines, holes, strict=True):
        if hole_of >= 0 or len(outline) < 3 * _LEAST:
            continue
        wide, high = (side + 1 for side in cv2.minAreaRect(outline)[1])
        # The outline runs through the middle of its pixels.
        area = cv2.contourArea(outline) + len(outline) / 2 + 1
        if min(wide, high) < _LEAST or area < _WHOLE * wide * high:
            continue
        left, top, columns, rows = cv2.boundingRect(outline)
        box = slice(top, top + rows), slice(left, left + columns)
        whole = np.zeros((rows, columns), np.uint8)
        cv2.drawContours(whole, [outline], -1, 1, cv2.FILLED, offset=(-left, -top))
        rectangles.append((box, whole, _is_written(gray[box], (whole > dark[box]).view(np.uint8), whole)))
    written = np.array([whole.shape for _, whole, is_written in rectangles if is_written]).reshape(-1, 2)
    windows = np.zeros_like(dark)
    for box, whole, _ in rectangles:
        if (np.abs(written - whole.shape) <= _ALIKE * written).all(axis=1).any():
            windows[box] |= whole
    return windows


def _turned_over(gray: np.ndarray, windows: np.ndarray) -> np.ndarray:
    """The page (height, width) uint8, dark on light in its `windows` (rows, columns) uint8 too."""
    rim = max(1, round(_RIM * gray.shape[1] / windows.shape[1]))
    inside = cv2.resize(windows, gray.shape[::-1], interpolation=cv2.INTER_NEAREST)
    turned, found = gray.copy(), components(inside)
    for number in range(1, found.count):
        # Each has its own light, and is as bright as the paper beside it afterwards.
        rows, columns = (
            slice(max(0, side.start - 2 * rim), side.stop + 2 * rim) for side in found.box(number)
        )
        part, its = gray[rows, columns], inside[rows, columns]
        within, beyond = cv2.erode(its, _CROSS, iterations=rim), cv2.dilate(its, _CROSS, iterations=rim)
        around = (cv2.dilate(beyond, _CROSS, iterations=rim) > 0) & (its == 0)
        paper, ground = percentile(part[around], 75) if around.any() else 255.0, percentile(part[its > 0], 50)
        over = np.clip(paper + ground - part.astype(np.float32), 0, 255)
        turned[rows, columns] = np.where(within > 0, np.rint(over), turned[rows, columns])
        turned[rows, columns][(beyond > 0) & (within == 0)] = round(paper)
    return turned


def without_windows(page: Page) -> Page:
    """The page with what is light in dark windows made dark on light; itself where it has none."""
    gray = page.gray
    if min(gray.shape) < 1.5 * _LEAST or not _is_suspected(gray):
        return page
    # Pixels that are apart do: a window is wide, and averages of them all would take several times as long.
    apart = -(-max(gray.shape) // _LONGEST)
    windows = _windows(np.ascontiguousarray(gray[::apart, ::apart]))
    # A page that is all window is a negative, and no window is in it.
    if not windows.any() or windows.all():
        return page
    return replace(page, gray=_turned_over(gray, windows))
