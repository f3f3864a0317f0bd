"""The sheet in the picture: where it lies, how bright it is, whether what is written on it is lighter or
darker. In: a gray page. Out: a `Sheet`.

All is told from a picture of some hundred pixels.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from inkdigits.reading.components import components, touches_border
from inkdigits.reading.filling import may_be_digit
from inkdigits.reading.percentile import percentile, percentiles
from inkdigits.reading.shrinking import shrink

LEAST_PAGE = 200  # pixels of the shorter side; a smaller picture is a crop, with nothing around the paper
_SMALL = 128  # pixels of the longer side at which the sheet is looked at
_BRIGHT = 140  # of 255: what is usually brighter is paper, unless all that is written there is lighter
_LEAST_SHEET = 0.03  # of the picture
_SIDE = 1 / 6  # of the picture's shorter side: a sheet is wider than any stroke
_CUT_OFF = 0.1  # of the picture's border is as bright as the sheet, whose corners may reach it
_INKED = 0.4  # of a sheet: more than writing covers
_DARKER = 0.75  # of the sheet's brightness: what it lies on is darker
_SHARP = 0.6  # of the step from the desk to the sheet is made where the sheet ends
_LEAST_REACH = 15  # pixels around one that tell what is usual there
_STEP = 0.95  # of the brightness around: where the paper is darker it is in shadow
_EDGE = np.ones((3, 3), np.uint8)


@dataclass(frozen=True, eq=False)
class Sheet:
    """What is written on, at a small size.

    Attributes:
        paper: (rows, columns) uint8, the brightness of the bare paper, ink taken away; of its negative, where
            it is `inverted`.
        around: (rows, columns) uint8, 1 where the sheet is not; None where it fills the picture.
        inverted: whether the ink is lighter than what it is on.
    """

    paper: np.ndarray
    around: np.ndarray | None
    inverted: bool


def find_sheet(gray: np.ndarray) -> Sheet:
    """The sheet of a picture (height, width) uint8."""
    small = _small(gray)
    is_page = min(gray.shape) >= LEAST_PAGE
    around = _around_whole(small) if is_page else None
    inverted = around is None and _is_dark_framed(small)
    if not inverted:
        if is_page and around is None:
            around = _around(small)
        filled = _filled(small, around)
        inverted = _is_lighter(filled)
        if not inverted:
            return Sheet(_paper(filled), around, False)
    small = cv2.bitwise_not(small)
    around = _around(small) if is_page else None
    return Sheet(_paper(_filled(small, around)), around, True)


def _small(gray: np.ndarray) -> np.ndarray:
    factor = max(1.0, max(gray.shape) / _SMALL)
    size = (max(1, round(gray.shape[1] / factor)), max(1, round(gray.shape[0] / factor)))
    return shrink(gray, size)


def _border(image: np.ndarray) -> np.ndarray:
    """The pixels along the four sides of an image (rows, columns)."""
    return np.concatenate([image[0], image[-1], image[:, 0], image[:, -1]])


def _around_whole(small: np.ndarray) -> np.ndarray | None:
    """What lies around the one sheet that is in the picture with all its corners, on something darker:
    (rows, columns) uint8; None where there is no such sheet.
    """
    _, bright = cv2.threshold(small, 0, 1, cv2.THRESH_BINARY + cv2.THRESH_OTSU)
    if _border(bright).mean() > _CUT_OFF:
        return None
    found = components(bright)
    if found.count < 2:
        return None
    largest = int(found.stats[:, cv2.CC_STAT_AREA].argmax())
    light = found.chosen(np.arange(found.count) == largest)
    (outline,), _ = cv2.findContours(light, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    corners = cv2.approxPolyDP(outline, 0.03 * cv2.arcLength(outline, closed=True), closed=True)
    sheet = cv2.drawContours(np.zeros_like(light), [outline], -1, 1, cv2.FILLED)
    area = int(sheet.sum())
    if len(corners) != 4 or not cv2.isContourConvex(corners) or area < _LEAST_SHEET * sheet.size:
        return None
    if min(cv2.minAreaRect(outline)[1]) < _SIDE * min(small.shape) or light.sum() < (1 - _INKED) * area:
        return None
    inside, outside = cv2.erode(sheet, _EDGE, iterations=2), 1 - cv2.dilate(sheet, _EDGE, iterations=2)
    if not inside.any() or not outside.any():
        return None
    paper, desk = (percentile(small[region > 0], 50) for region in (inside, outside))
    rims = (cv2.dilate(region, _EDGE) - region for region in (inside, outside))
    within, beyond = (percentile(small[rim > 0], 50) for rim in rims)
    if desk > _DARKER * paper or within - beyond < _SHARP * (paper - desk):
        return None
    return 1 - inside


def _around(small: np.ndarray) -> np.ndarray | None:
    """What lies around the sheet: (rows, columns) uint8, 1 where a much darker region, wider than a pen,
    reaches the border; None where there is no such region, or where it is most of the picture.
    """
    rows, columns = small.shape
    dark = (small < 0.5 * percentile(small, 80)).astype(np.uint8)
    wide = max(3, round(max(rows, columns) / 30)) | 1
    # Repeated borders let a strip of desk that is narrower than the kernel survive at the picture's edge.
    padded = cv2.copyMakeBorder(dark, wide, wide, wide, wide, cv2.BORDER_REPLICATE)
    thick = cv2.morphologyEx(padded, cv2.MORPH_OPEN, np.ones((wide, wide), np.uint8))[wide:-wide, wide:-wide]
    found = components(np.ascontiguousarray(thick))
    outside = np.asarray(
        touches_border(found.stats, thick.shape) & (found.stats[:, cv2.CC_STAT_AREA] > 0.004 * thick.size)
    )
    outside[0] = False
    if not outside.any():
        return None
    strokes = components(dark)
    region = found.chosen(outside)
    region[strokes.chosen(may_be_digit(strokes, dark)) > 0] = 0
    if not region.any() or float(region.mean()) > 0.6:
        return None
    return cv2.dilate(region, _EDGE, iterations=2)


def _filled(small: np.ndarray, around: np.ndarray | None) -> np.ndarray:
    """The picture as if the sheet went on `around` it."""
    return small if around is None else cv2.inpaint(small, around, 3, cv2.INPAINT_TELEA)


def _is_dark_framed(small: np.ndarray) -> bool:
    """Whether little that is light stands on even dark ground."""
    darkest, usual, lightest = percentiles(small, 1, 50, 99)
    middle = (darkest + lightest) / 2
    if usual > _BRIGHT or usual > middle:
        return False
    low, around, high = percentiles(_border(small).astype(np.int16), 25, 50, 75)
    return high - low <= 8 and around < middle - 40 and float((small > middle).mean()) < 0.4


def _is_lighter(small: np.ndarray) -> bool:
    """Whether what stands out from what is usual near by, on ground however uneven, is lighter than that."""
    darkest, usual, lightest = percentiles(small, 1, 50, 99)
    bright = usual > _BRIGHT or usual > (darkest + lightest) / 2
    if usual - darkest > (1 if bright else 3) * (lightest - usual):
        return False
    reach = max(_LEAST_REACH, round(max(small.shape) / 6)) | 1
    padded = cv2.copyMakeBorder(small, reach, reach, reach, reach, cv2.BORDER_REPLICATE)
    ground = cv2.medianBlur(padded, reach)[reach:-reach, reach:-reach]
    most = max(1, small.size // 100)
    lighter, darker = (
        float(np.partition(cv2.subtract(*pair), -most, axis=None)[-most:].mean())
        for pair in ((small, ground), (ground, small))
    )
    return lighter > 2 * darker + 8 if bright else lighter > 1.3 * darker + 4


def _paper(small: np.ndarray) -> np.ndarray:
    """The brightness of the bare paper, without the ink, at a small size."""
    reach = max(3, round(max(small.shape) / 9)) | 1
    padded = cv2.copyMakeBorder(small, reach, reach, reach, reach, cv2.BORDER_REPLICATE)
    # Closing fills whatever is narrower than the kernel with the paper beside it; wider shadows stay.
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (reach, reach))
    closed = cv2.morphologyEx(padded, cv2.MORPH_CLOSE, kernel)
    # Of fractions, which OpenCV blurs three times as quickly as bytes.
    smooth = cv2.GaussianBlur(closed.astype(np.float32), (0, 0), reach / 4)
    # Blurred, the edge of a shadow would be too bright, and what lies on it look like ink.
    smooth = np.where(closed < _STEP * smooth, closed, smooth)
    return np.rint(smooth[reach:-reach, reach:-reach]).astype(np.uint8)
