"""Page to ink: paper, shadow and polarity removed, ruled lines told from strokes. In: a `Page`. Out: an
`Ink`.

`mask` holds the strokes alone, at working resolution, for finding where the writing is. `cut_darkness`
gives any box of the page, from its full resolution, with whatever is printed there: the line network has
learnt to look past that.

While ink is looked for, darkness is counted in whole levels, `FULL` of them from paper to black: a page has
no finer ones, and bytes are compared several times as quickly as fractions.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from inkdigits.reading.components import Components, components, touches_border
from inkdigits.reading.faint import join_pieces
from inkdigits.reading.filling import may_be_digit
from inkdigits.reading.frames import find_frames, frame_lines, without_frames
from inkdigits.reading.page import Page
from inkdigits.reading.percentile import percentile, percentile_level
from inkdigits.reading.rules import across_rules, find_rules, left_of_rules
from inkdigits.reading.sheet import LEAST_PAGE, Sheet, find_sheet
from inkdigits.reading.shrinking import shrink

WORKING_SIZES = (400, 1280)  # pixels; the least and the largest longer side while looking for ink
_NEAR = 800  # pixels; a picture up to this long is mostly one digit from near by, and is shrunk to the least
_LARGE, _DIGITS = 0.25, 8  # of the shorter side, and as many: so large and few are digits seen from near by
_SPARED = 300  # pixels by which a longer one is shrunk, down to the largest
FULL = 200  # levels of darkness from paper to black; paper may be a quarter brighter than was thought
_WIDE = 1 / 24  # of the longer side: wider than any pen's stroke
_SMOOTH, _PALER = 2.5, 0.5  # pixels, and of the pen's darkness, where paler ink is looked for
_DARKEST_PAPER = 24  # of 255: nothing is divided by less
_LONE = 8  # times sixteen pixels: as much ink as a small digit has
_SPECK = 5  # pixels: fewer are no stroke
_FAINTEST = 0.05 * FULL  # anything fainter is paper
_LEAST_LONE = 0.06 * FULL  # the same of areas that are averaged, where most of the page is empty
_NOISY = 0.04 * FULL  # noise from which on a page may hide its ink


@dataclass(frozen=True, eq=False)
class Ink:
    """The ink of one page, at working resolution.

    Attributes:
        darkness: (height, width) uint8, 255 at the strength of the page's pen; ruled lines included.
        mask: (height, width) uint8, 1 where a stroke is; ruled lines left out.
        paper: (rows, columns) uint8, the brightness of the bare paper, much smaller than the page.
        scale: page pixels per pixel of darkness and mask, at least 1.
        contrast: how much darker the pen is than the paper, in [0, 1]; 0 on a blank page.
        inverted: whether the ink was lighter than what it is on.
        frames: (height, width) uint8, 1 where a form's boxes are ruled and no stroke is; None without any.
    """

    darkness: np.ndarray
    mask: np.ndarray
    paper: np.ndarray
    scale: float
    contrast: float
    inverted: bool
    frames: np.ndarray | None = None


def find_ink(page: Page, *, paler: bool = False) -> Ink:
    """Where the pen went, and how dark.

    Args:
        paler: whether to take the page for a picture of one digit half as dark as its darkest ink, and to
            smooth noise away.

    Returns:
        Ink whose mask is all zeros, and whose contrast is 0, when the page is blank.
    """
    longest = max(page.gray.shape)
    if longest <= _NEAR or paler:
        return _find(page, WORKING_SIZES[0], is_near=True, paler=paler)
    ink = _find(page, min(WORKING_SIZES[1], longest - _SPARED))
    return _find(page, WORKING_SIZES[0], is_near=True) if _is_near(ink.mask) else ink


def _find(page: Page, wanted: int, *, is_near: bool = False, paler: bool = False) -> Ink:
    """The ink of a page at a longer side of `wanted` pixels; where it `is_near`, faint strokes that hold
    pieces of digits together, too.
    """
    gray, scale = _shrink(page.gray, wanted)
    if paler:
        gray = cv2.GaussianBlur(gray, (0, 0), _SMOOTH)
    sheet = find_sheet(gray)
    if sheet.inverted:
        gray = cv2.bitwise_not(gray)
    paper, inverted = sheet.paper, sheet.inverted
    raw = _levels(gray, sheet)
    noise = percentile_level(raw[::4, ::4], 75) / 0.6745
    peak = percentile_level(raw[::3, ::3], 99.6)
    if _clear_surroundings(raw, peak):
        peak = percentile_level(raw[::3, ::3], 99.6)
    if peak < _FAINTEST or (noise < _NOISY and peak < 3.2 * noise):
        peak = _lone_peak(raw)
        if peak < max(_LEAST_LONE, 3.2 * noise):
            return Ink(np.zeros_like(raw), np.zeros_like(raw), paper, scale, 0.0, inverted)
    low = min(max(_FAINTEST, 4.0 * noise), 0.45 * peak)
    rules = find_rules(raw, max(low, 0.3 * peak))
    strokes = components((raw > int(max(low, 0.4 * peak))).view(np.uint8))
    boxes = find_frames(strokes)
    printed = rules | frame_lines(boxes, raw.shape) if boxes else rules
    if printed.any():
        # What is printed may be far darker than a pencil, and hides no noise.
        peak = percentile_level(raw[::3, ::3] * (1 - printed[::3, ::3]), 99.6)
        low = min(low, max(_FAINTEST, 0.45 * peak))
        written = (raw > int(max(low, 0.4 * peak))) & (printed == 0)
        strokes = components(written.view(np.uint8))
    strength = _pen_strength(raw, strokes, printed) or max(peak, _FAINTEST)
    if paler:
        strength *= _PALER
    mask, printed, frames = _strokes(raw, rules, strength, low)
    if is_near:
        mask = join_pieces(raw, mask, printed, strength, low)
    darkness = cv2.convertScaleAbs(raw, alpha=255 / strength)
    return Ink(darkness, mask, paper, scale, strength / FULL, inverted, frames)


def _over(
    image: np.ndarray,
    step: tuple[float, float],
    left: int,
    top: int,
    shrink: float,
    size: tuple[int, int],
) -> np.ndarray:
    """What a smaller image of the page, `step` of its pixels (across, down) a page pixel, has over a cut of
    `size` (columns, rows) that begins at (left, top) and is scaled by `shrink`.
    """
    matrix = np.array(
        [
            [step[0] / shrink, 0, (left + 0.5 / shrink) * step[0] - 0.5],
            [0, step[1] / shrink, (top + 0.5 / shrink) * step[1] - 0.5],
        ]
    )
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return cv2.warpAffine(image, matrix, size, flags=flags, borderMode=cv2.BORDER_REPLICATE)


def cut_darkness(page: Page, ink: Ink, box: tuple[float, float, float, float], height: int) -> np.ndarray:
    """A box of the page as darkness, shrunk to `height` rows from the page's own pixels.

    Args:
        box: left, top, right, bottom in page pixels; what lies outside the page repeats its border.
        height: rows of the result; columns follow from the box's shape.

    Returns:
        (height, columns) float32 in [0, 1].
    """
    left, top, right, bottom = (round(value) for value in box)
    inner = (max(0, left), max(0, top), min(page.width, right), min(page.height, bottom))
    crop = page.gray[inner[1] : inner[3], inner[0] : inner[2]]
    paper = ink.paper
    step_x, step_y = paper.shape[1] / page.width, paper.shape[0] / page.height
    columns = max(4, round((right - left) * height / max(1, bottom - top)))
    # One warp each cuts and scales; the paper is smooth, so that its few pixels are interpolated.
    shrink = height / max(1, bottom - top)
    size = (max(1, round(crop.shape[1] * shrink)), max(1, round(crop.shape[0] * shrink)))
    small = cv2.resize(crop, size, interpolation=cv2.INTER_AREA if shrink < 1 else cv2.INTER_CUBIC)
    before = (max(0, round((inner[1] - top) * shrink)), max(0, round((inner[0] - left) * shrink)))
    after = (max(0, height - before[0] - size[1]), max(0, columns - before[1] - size[0]))
    small = cv2.copyMakeBorder(small, before[0], after[0], before[1], after[1], cv2.BORDER_REPLICATE)
    small = small[:height, :columns]
    if ink.inverted:
        small = cv2.bitwise_not(small)
    under = _over(paper, (step_x, step_y), left, top, shrink, (columns, height))
    darkness = 1.0 - small.astype(np.float32) / np.maximum(under, _DARKEST_PAPER)
    if ink.frames is not None:
        darkness[
            _over(ink.frames, (1 / ink.scale, 1 / ink.scale), left, top, shrink, (columns, height)) > 0
        ] = 0
    return np.clip(darkness, 0, 1, out=darkness)


def _is_near(mask: np.ndarray) -> bool:
    """Whether strokes are those of a few large digits, seen from near by."""
    longest = components(mask).longest
    least = _LARGE * min(mask.shape)
    return bool(longest.max() >= least) and int((longest >= 0.25 * least).sum()) <= _DIGITS


def _shrink(gray: np.ndarray, wanted: int) -> tuple[np.ndarray, float]:
    longest = max(gray.shape)
    if longest <= wanted:
        return gray, 1.0
    scale = longest / wanted
    size = (max(1, round(gray.shape[1] / scale)), max(1, round(gray.shape[0] / scale)))
    return shrink(gray, size), scale


def _levels(gray: np.ndarray, sheet: Sheet) -> np.ndarray:
    """How much darker than the paper around it each pixel is, (height, width) uint8: `FULL` where black, 0
    around the sheet.
    """
    size = (gray.shape[1], gray.shape[0])
    under = cv2.resize(np.maximum(sheet.paper, _DARKEST_PAPER), size, interpolation=cv2.INTER_LINEAR)
    smooth = cv2.GaussianBlur(gray, (3, 3), 0) if max(gray.shape) > 300 else gray
    bright = cv2.divide(smooth, under, scale=FULL)
    some = bright[::4, ::4]
    if sheet.around is not None:
        around = cv2.resize(sheet.around, size, interpolation=cv2.INTER_NEAREST) > 0
        some = some[~around[::4, ::4]]
        bright[around] = 255
    usual = np.uint8(round(percentile_level(some, 50)))
    return usual - np.minimum(bright, usual)


def _clear_surroundings(levels: np.ndarray, peak: float) -> bool:
    """Set to paper, in place, what reaches the border and is wider than a pen: the desk, a hand, a shadow's
    core.

    Returns:
        Whether there was any.
    """
    height, width = levels.shape
    if min(height, width) < LEAST_PAGE:
        return False
    size = (width // 4, height // 4)
    dark = (shrink(levels, size) > int(max(0.4 * peak, _FAINTEST))).view(np.uint8)
    wide = max(5, round(_WIDE * max(size)))
    thick = cv2.morphologyEx(dark, cv2.MORPH_OPEN, np.ones((wide, wide), np.uint8), borderValue=0)
    if not thick.any():
        return False
    found = components(dark)
    outside = np.bincount(found.owners, weights=thick.ravel()[found.places], minlength=found.count) > 0
    outside &= touches_border(found.stats, dark.shape) & ~may_be_digit(found, dark)
    outside[0] = False
    if not outside.any():
        return False
    # Ruled lines lead from the border to any digit: what only they join to it stays.
    solid = components(
        cv2.morphologyEx(found.chosen(outside), cv2.MORPH_OPEN, np.ones((3, 3), np.uint8), borderValue=0)
    )
    outside = np.asarray(touches_border(solid.stats, dark.shape))
    outside[0] = False
    region = cv2.dilate(solid.chosen(outside), np.ones((5, 5), np.uint8))
    levels[cv2.resize(region, (width, height), interpolation=cv2.INTER_NEAREST) > 0] = 0
    return bool(outside.any())


def _lone_peak(levels: np.ndarray) -> float:
    """The level of the little ink that an otherwise empty page has, averaged over areas, which noise does not
    survive; of an empty page, about 0.
    """
    height, width = levels.shape
    small = shrink(levels, (max(1, width // 4), max(1, height // 4)))
    return percentile(small, max(0.0, 100 - 100 * _LONE / small.size))


def _pen_strength(levels: np.ndarray, strokes: Components, printed: np.ndarray) -> float:
    """The levels of the pen: of the connected stroke that stands out most; 0 where there is none."""
    if strokes.count < 2:
        return 0.0
    stats = strokes.stats[1:]
    inked = levels.ravel()[strokes.places]
    sums = np.bincount(strokes.owners, weights=inked, minlength=strokes.count)[1:]
    areas = stats[:, cv2.CC_STAT_AREA].astype(np.float64)
    sizes = strokes.longest[1:]
    shorter = min(levels.shape)
    worth = sums / areas * np.sqrt(areas) * (sizes > 0.04 * shorter)
    worth *= np.where(touches_border(stats, levels.shape) & (sizes > 0.4 * shorter), 0.2, 1.0)
    if printed.any():
        worth[left_of_rules(strokes, printed)[1:]] = 0
    best = int(worth.argmax())
    if worth[best] <= 0:
        return 0.0
    return percentile_level(inked[strokes.owners == best + 1], 80)


def _strokes(
    levels: np.ndarray, rules: np.ndarray, strength: float, low: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
    """Hysteresis: pixels of a third of the pen's darkness that touch some of more than half of it, those of
    rulers and of frames left out; all that a ruler drew; and the lines of frames, if there are any, where no
    stroke is.
    """
    weak = (levels > int(max(low, 0.36 * strength))).view(np.uint8)
    found = components(weak)
    frames = find_frames(found)
    lines = frame_lines(frames, weak.shape) if frames else None
    ruled = rules if lines is None else without_frames(rules, frames)
    printed = ruled if lines is None else ruled | lines
    if printed.any():
        weak &= 1 - printed
        found = components(weak)
    # Ink is a small part of most pages: only its pixels are looked up.
    core = levels.ravel()[found.places] > int(0.62 * strength)
    strong = np.bincount(found.owners[core], minlength=found.count)
    keep = (strong >= 3) & (found.stats[:, cv2.CC_STAT_AREA] >= _SPECK)
    if ruled.any():
        keep &= ~left_of_rules(found, ruled)
    keep[0] = False
    mask = found.chosen(keep)
    if ruled.any():
        mask = across_rules(mask, ruled)
    if lines is not None:
        # With the lines go their faint edges, which no stroke has.
        lines = cv2.bitwise_and(cv2.dilate(lines, np.ones((3, 3), np.uint8)), 1 - mask)
    return mask, printed, lines
