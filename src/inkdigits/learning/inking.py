"""A digit or a mark as the pen of one line writes it. In: a 28x28 glyph, a `Pen`. Out: its ink.

A `Pen` is drawn at random, with the proportions of whoever holds it. Those of amounts that people write were
measured on cheques (`benchmarks/proportions.py`): beside its neighbours a 0 is seven tenths as high and
rounder, 4, 7 and 9 are a twentieth higher, the first digit a tenth.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np

from inkdigits.learning import strangers
from inkdigits.reading.glyph import STRIP_HEIGHT

ZOOM = 2  # the canvas is this much larger than the strip
_FINE = 3  # a glyph is enlarged so much before it is slanted
# Between signs, of the pen's height; below 0 they run into each other.
_GAPS, _GAP_SHARES = ((-0.14, 0.08), (0.0, 0.3), (0.2, 0.9), (0.8, 3.0)), (0.32, 0.38, 0.14, 0.16)
# Of hands set digits close, whatever their slant: so many heights of paper are between their strokes.
_CLOSE, _CLOSE_GAPS, _CLOSE_DRIFT = 0.35, (-0.04, 0.12), (0.01, 0.06)
_CHAINED = 0.25  # of lines write their zeros into each other, like the links of a chain
_LEANING = 0.2  # of hands lean far to the right, as church records do
_PRINTED = 0.4  # of lines print their foreign signs
_EVEN = 0.5  # of lines are written with a stroke that is as wide everywhere
_SMALL_ZEROS = 0.7  # of hands write a 0 smaller than other digits
_HANGING = 0.5  # of hands let 7 and 9 hang below the base line
_TALL_FIRST = 0.12  # of hands begin with a digit that is up to 1.8 times as tall as the others
_SQUARE = np.ones((3, 3), np.uint8)
_AROUND = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (11, 11))

Image = np.ndarray


@dataclass(frozen=True)
class Pen:
    """What stays the same along a line.

    `height` is a digit's, in pixels of the canvas; the `gap` to the next sign, from box to box or, between
    digits if `is_close`, from stroke to stroke, and `gap_drift`, `size_drift` and `base_drift`, standard
    deviations, are shares of the height. `stroke` is the width of
    strokes that are as wide everywhere, a share of the height; 0 leaves them as the glyph has them, cut at
    `level` with the contrast `gain` and widened by `dilation` pixels. `first` and `zeros` are the heights of
    the first digit and of zeros beside the others', `hanging` is how far 7 and 9 hang at most. `font` is that
    of what is foreign in the line, None where that is written; with `is_chained` zeros are written into each
    other.
    """

    height: float
    slant: float
    aspect: float
    gap: float
    level: float
    gain: float
    dilation: int
    size_drift: float
    base_drift: float
    font: int | None
    is_chained: bool
    stroke: float
    zeros: float
    first: float
    hanging: float
    gap_drift: float
    is_close: bool


def draw_pen(random: np.random.Generator) -> Pen:
    """A pen and a hand, drawn at random."""
    tall = float(random.uniform(1.15, 1.8)) if random.random() < _TALL_FIRST else 1.0
    is_close = random.random() < _CLOSE
    gaps = _CLOSE_GAPS if is_close else _GAPS[int(random.choice(len(_GAPS), p=_GAP_SHARES))]
    return Pen(
        height=float(random.uniform(0.45, 0.92)) * STRIP_HEIGHT * ZOOM,
        slant=float(random.uniform(0.2, 0.75) if random.random() < _LEANING else random.normal(0.08, 0.2)),
        aspect=float(np.exp(random.normal(-0.04, 0.22))),
        gap=float(random.uniform(*gaps)),
        level=float(random.uniform(0.3, 0.72)),
        gain=float(random.uniform(2, 6)),
        dilation=int(random.choice([0, 0, 0, 2, 3])),
        size_drift=float(random.uniform(0.02, 0.16)),
        base_drift=float(random.uniform(0.0, 0.08)),
        font=int(random.integers(strangers.FONTS)) if random.random() < _PRINTED else None,
        is_chained=random.random() < _CHAINED,
        stroke=float(random.uniform(0.045, 0.11)) if random.random() < _EVEN else 0.0,
        zeros=float(random.uniform(0.6, 1.0)) if random.random() < _SMALL_ZEROS else 1.0,
        first=tall * float(np.exp(random.normal(0.08, 0.1))),
        hanging=float(random.uniform(0.0, 0.2)) if random.random() < _HANGING else 0.0,
        gap_drift=float(random.uniform(*(_CLOSE_DRIFT if is_close else (0.03, 0.2)))),
        is_close=is_close,
    )


def _evenly(drawn: Image, width: float) -> Image:
    """Ink in [0, 1] with the middle of each of its strokes drawn again, `width` pixels wide.

    The middle is where ink is deepest: with a tolerance that keeps it in one piece, and without the spurs
    that reach from it into corners.
    """
    depth = cv2.distanceTransform((drawn > 0.5).astype(np.uint8), cv2.DIST_L2, 5)
    middle = (depth >= cv2.dilate(depth, _SQUARE) - 0.8) & (depth > 0.4 * cv2.dilate(depth, _AROUND))
    away = cv2.distanceTransform((~middle).astype(np.uint8), cv2.DIST_L2, 5)
    return np.clip(width / 2 + 0.5 - away, 0, 1)


def ink_again(glyph: np.ndarray, size: float, pen: Pen, random: np.random.Generator) -> Image:
    """A 28x28 glyph drawn again so that its 20-pixel box becomes `size` pixels: smooth, with the line's
    pen.
    """
    scale = size / 20
    side = round(size * 1.8)
    shear = pen.slant + float(random.normal(0, 0.05))
    turn = float(random.normal(0, 0.05))
    matrix = np.array([[scale * pen.aspect, -scale * (shear + turn)], [scale * turn, scale]], np.float32)
    # Cubic along the axes, then linear along the slant: a third of the time of cubic along the slant.
    fine = cv2.resize(glyph, None, fx=_FINE, fy=_FINE, interpolation=cv2.INTER_CUBIC)
    matrix /= _FINE
    offset = np.array([side / 2, side / 2]) - matrix @ np.array([14.0, 14.0]) * _FINE
    drawn = cv2.warpAffine(fine, np.column_stack([matrix, offset]), (side, side), flags=cv2.INTER_LINEAR)
    drawn = np.clip(drawn * np.float32(pen.gain / 255) + np.float32(0.5 - pen.level * pen.gain), 0, 1)
    if pen.stroke:
        drawn = _evenly(drawn, pen.stroke * pen.height)
    elif pen.dilation:
        drawn = cv2.dilate(drawn, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (pen.dilation, pen.dilation)))
    rows = np.flatnonzero(drawn.max(axis=1) > 0.3)
    columns = np.flatnonzero(drawn.max(axis=0) > 0.3)
    if rows.size < 2 or columns.size < 1:  # a stroke too thin for this pen's level: draw it as it was
        return (
            ink_again(glyph, size, replace(pen, level=0.3, gain=3.0), random)
            if pen.level > 0.3
            else np.ones((3, 3), np.float32)
        )
    return drawn[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def draw_mark(text: str, pen: Pen, random: np.random.Generator) -> tuple[Image, float]:
    """The ink of one of `. , - = /`, cut to its box, and how far its foot is above the base line (pixels)."""
    if text == "/":
        return _slash(pen, random)
    stroke = max(2, round(pen.height * random.uniform(0.05, 0.13)))
    length = max(3, round(pen.height * random.uniform(0.2, 0.55)))
    if text == ".":
        side = stroke + 4
        image = np.zeros((side, side), np.float32)
        centre, radii = (side // 2, side // 2), (max(1, stroke // 2 + 1), max(1, stroke // 2))
        cv2.ellipse(image, centre, radii, random.uniform(0, 180), 0, 360, 1.0, -1, cv2.LINE_AA)
        return image, float(random.uniform(-0.08, 0.12)) * pen.height
    if text == ",":
        tall = max(stroke + 2, round(pen.height * random.uniform(0.14, 0.35)))
        image = np.zeros((tall + 2, tall + stroke), np.float32)
        top = (round(tall * random.uniform(0.5, 1)) + stroke // 2, 1)
        cv2.line(image, top, (stroke // 2, tall), 1.0, stroke, cv2.LINE_AA)
        return image, float(-random.uniform(0.0, 0.25)) * pen.height
    strokes = 1 if text == "-" else 2
    distance = stroke + max(2, round(pen.height * random.uniform(0.08, 0.22)))
    tilt = round(length * random.normal(0, 0.15))
    image = np.zeros((abs(tilt) + stroke + 2 + distance * (strokes - 1), length + stroke), np.float32)
    for index in range(strokes):
        y = stroke // 2 + max(0, tilt) + distance * index
        cv2.line(image, (stroke // 2, y), (length, y - tilt), 1.0, stroke, cv2.LINE_AA)
    return image, float(random.uniform(0.1, 0.5)) * pen.height


def _slash(pen: Pen, random: np.random.Generator) -> tuple[Image, float]:
    """A stroke between the numbers of a date: it leans more than the digits, and reaches beyond them on both
    sides, as nothing else tells it from a 1.
    """
    stroke = max(1, round(pen.height * random.uniform(0.04, 0.12)))
    hanging = random.uniform(0.1, 0.35) * pen.height
    tall = hanging + random.uniform(1.1, 1.4) * pen.height
    wide = max(0.28, pen.slant + random.uniform(0.12, 0.45)) * tall
    bend = random.normal(0, 0.04, 2) * pen.height
    middle = np.array([wide / 2, tall / 2]) + bend
    ends = np.array([(0, tall), middle, (wide, 0)]) + stroke
    image = np.zeros((round(tall) + 2 * stroke + 1, round(wide) + 2 * stroke + 1), np.float32)
    cv2.polylines(image, [np.round(8 * ends).astype(np.int32)], False, 1.0, stroke, cv2.LINE_AA, 3)
    left, top, width, height = cv2.boundingRect((image > 0.3).astype(np.uint8))
    return image[top : top + height, left : left + width], -hanging


def add_ink(ink: Image, image: Image, x: int, y: int) -> None:
    """Lay `image` onto `ink` with its corner at (x, y), in place, cut off at the border."""
    top, left = max(0, y), max(0, x)
    bottom, right = min(ink.shape[0], y + image.shape[0]), min(ink.shape[1], x + image.shape[1])
    if bottom > top and right > left:
        part = ink[top:bottom, left:right]
        np.maximum(part, image[top - y : bottom - y, left - x : right - x], out=part)


def join(
    ink: Image,
    before: tuple[float, float],
    right: float,
    base: float,
    pen: Pen,
    random: np.random.Generator,
) -> None:
    """A stroke that the pen leaves on its way from the sign `before`, its left and right, to `right`."""
    left = before[1] - 0.3 * (before[1] - before[0])
    start, end = base - pen.height * random.uniform(0.5, 1.0, 2)
    sag = float(random.normal(0, 0.12)) * pen.height
    middle = ((left + right) / 2, (start + end) / 2 + sag)
    points = np.round(np.array([(left, start), middle, (right, end)]) * 8).astype(np.int32)
    thickness = max(1, round(pen.height * random.uniform(0.03, 0.09)))
    cv2.polylines(ink, [points], False, float(random.uniform(0.6, 1.0)), thickness, cv2.LINE_AA, 3)
