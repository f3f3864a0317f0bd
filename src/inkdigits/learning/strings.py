"""Synthetic lines of handwriting, all digits of a line by one writer. In: single digits. Out: strips and
targets.

A line is laid out at twice the strip's resolution: digits are inked again at their new size, slanted,
thickened, moved off the base line, set apart or into each other, with points, commas, dashes and foreign
characters between them; print lies under them, a camera looks at them, and the picture may end close to them.
A target names, for every second column, the class of the sign whose middle lies there; class 0 is none.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np

from inkdigits.learning import strangers, texture
from inkdigits.reading.glyph import STRIP_HEIGHT, finish_strip

LINE_CLASSES = ("", *"0123456789", ".", ",", "-", "=", "?")
STRIDE = 2  # columns of the strip a step of the target
STRIP_WIDTH = 160
_FOREIGN = LINE_CLASSES.index("?")
_FINE = 3  # a glyph is enlarged so much before it is slanted
# Between signs, of the pen's height; below 0 they run into each other.
_GAPS, _GAP_SHARES = ((-0.14, 0.08), (0.0, 0.3), (0.2, 0.9), (0.8, 3.0)), (0.32, 0.38, 0.14, 0.16)
_JOINED, _JOINED_ZEROS = 0.05, 0.3  # of neighbours are joined by a stroke
_TALL_FIRST = 0.12  # of numbers begin with a digit that is up to 1.8 times as tall as the others
_CHAINED = 0.25  # of lines write their zeros into each other, like the links of a chain
# Of lines begin as amounts, distances and dates do: with a 1 in 30 %, with a 9 in 5 (Benford 1938).
_AMOUNTS = 0.5
_LEANING = 0.2  # of hands lean far to the right, as church records do
_PRINTED, _SCRIBBLED = 0.4, 0.1  # of lines print their foreign signs, of such signs are scribbles
_ZOOM = 2  # the canvas is this much larger than the strip

Image = np.ndarray


@dataclass(frozen=True)
class InkBank:
    """Single digits by writer, and characters that are no digits.

    `glyphs` (n, 28, 28) uint8 as `reading.glyph.normalise` returns them; `rows[writer][digit]` are the
    indices of that writer's examples of that digit; `shares` (writers,) is how often each writer is drawn;
    `foreign` (m, 28, 28) uint8. The last `drawn` writers never lived, and have one glyph of each digit.
    """

    glyphs: np.ndarray
    rows: list[list[np.ndarray]]
    shares: np.ndarray
    foreign: np.ndarray
    drawn: int = 0


@dataclass(frozen=True)
class Pen:
    """What stays the same along a line: size (pixels on the canvas), slant, aspect, gap, stroke, the font of
    what is foreign in it, None where that is written, and whether zeros are written into each other.
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
    font: int | None = None
    is_chained: bool = False


def make_lines(bank: InkBank, count: int, random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """`count` strips (count, 32, 160) uint8 and targets (count, 80) uint8, indices into `LINE_CLASSES`."""
    strips = np.zeros((count, STRIP_HEIGHT, STRIP_WIDTH), np.uint8)
    targets = np.zeros((count, STRIP_WIDTH // STRIDE), np.uint8)
    for index in range(count):
        strips[index], targets[index] = make_line(bank, random)
    return strips, targets


def target_text(target: np.ndarray) -> str:
    """The digits that a target (steps,) spells, marks and foreign characters left out."""
    starts = target[np.flatnonzero(np.diff(target, prepend=0) != 0)]
    return "".join(LINE_CLASSES[step] for step in starts if 1 <= step <= 10)


def make_line(bank: InkBank, random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """One strip (32, 160) uint8 and its target (80,) uint8."""
    height, width = STRIP_HEIGHT * _ZOOM, STRIP_WIDTH * _ZOOM
    pen = draw_pen(random)
    signs = _draw_text(random)
    tall = float(random.uniform(1.15, 1.8)) if random.random() < _TALL_FIRST and len(signs) > 2 else 1.0
    pen = replace(pen, height=min(pen.height, 0.95 * height / tall))
    writer = int(random.choice(len(bank.rows), p=bank.shares))
    ink = np.zeros((height, width), np.float32)
    slack = max(0.0, height - pen.height * 1.15)
    base = height - float(random.uniform(0, slack)) - pen.height * 0.07
    x = float(random.uniform(1, 0.6 * pen.height + 2))
    slope = float(random.normal(0, 0.025))
    spans: list[tuple[float, float, int]] = []
    for place, sign in enumerate(signs):
        larger = replace(pen, height=pen.height * tall) if place == 0 and sign <= 10 else pen
        image, rise = _sign(sign, signs[place + 1 :], bank, writer, larger, random)
        rise -= float(random.uniform(0, 0.4)) * (larger.height - pen.height)
        gap = pen.gap + float(random.normal(0, 0.07)) * pen.height
        if sign > 10:
            gap = max(gap, float(random.uniform(-0.02, 0.3)) * pen.height)
        if place and sign != _FOREIGN == signs[place - 1]:
            gap += float(random.exponential(0.5)) * pen.height  # a label stands apart
        if place and pen.is_chained and sign == signs[place - 1] == 1:
            gap = -float(random.uniform(0.05, 0.45)) * image.shape[1]
        if place:
            x = max(x + gap, spans[-1][0] + 5)
        if x + image.shape[1] > width - 2:
            break
        y = base + slope * (x - width / 2) + float(random.normal(0, pen.base_drift)) * pen.height - rise
        add_ink(ink, image, round(x), round(y - image.shape[0]))
        if place and random.random() < (_JOINED_ZEROS if sign == signs[place - 1] == 1 else _JOINED):
            join(ink, spans[-1], x + 0.3 * image.shape[1], base, pen, random)
        spans.append((x, x + image.shape[1], sign))
        x += image.shape[1]
    ink *= _pressure(height, width, random)
    strip = _print(ink, spans, base, pen, bank, random)
    small = cv2.resize(strip, (STRIP_WIDTH, STRIP_HEIGHT), interpolation=cv2.INTER_AREA)
    small = finish_strip(texture.camera(small, random))
    if spans:
        box = np.array([spans[0][0], base - pen.height, spans[-1][1], base]) / _ZOOM
        small = texture.at_the_border(small, box, random)
    return small, _target(spans)


def draw_pen(random: np.random.Generator) -> Pen:
    """A pen and a hand, drawn at random."""
    dilation = int(random.choice([0, 0, 0, 2, 3]))
    return Pen(
        height=float(random.uniform(0.45, 0.92)) * STRIP_HEIGHT * _ZOOM,
        slant=float(random.uniform(0.2, 0.75) if random.random() < _LEANING else random.normal(0.08, 0.2)),
        aspect=float(np.exp(random.normal(-0.04, 0.22))),
        gap=float(random.uniform(*_GAPS[int(random.choice(len(_GAPS), p=_GAP_SHARES))])),
        level=float(random.uniform(0.3, 0.72)),
        gain=float(random.uniform(2, 6)),
        dilation=dilation,
        size_drift=float(random.uniform(0.02, 0.16)),
        base_drift=float(random.uniform(0.0, 0.08)),
        font=int(random.integers(strangers.FONTS)) if random.random() < _PRINTED else None,
        is_chained=random.random() < _CHAINED,
    )


def _draw_text(random: np.random.Generator) -> list[int]:
    """Signs of a line as classes: digits, thousands points, amounts' endings, foreign characters."""
    if random.random() < 0.12:
        return [_FOREIGN] * int(random.choice([0, 1, 1, 1, 2, 3, 4, 5, 6, 7]))
    length = int(random.choice([1, 2, 3, 4, 5, 6, 7], p=[0.12, 0.1, 0.14, 0.24, 0.24, 0.1, 0.06]))
    digits = list(random.integers(0, 10, length))
    if length > 2 and random.random() < _AMOUNTS:
        digits[0] = int(10 ** random.random())
    if length > 1 and random.random() < 0.35:
        zeros = int(random.integers(1, min(length, 4)))
        digits[-zeros:] = [0] * zeros
    if length > 1 and random.random() < 0.2:
        place = int(random.integers(1, length))
        digits[place] = digits[place - 1]
    signs = [int(digit) + 1 for digit in digits]
    if length > 3 and random.random() < 0.45:
        signs.insert(length - 3, LINE_CLASSES.index("." if random.random() < 0.8 else ","))
    elif length > 1 and random.random() < 0.15:
        signs.insert(int(random.integers(1, length)), LINE_CLASSES.index(str(random.choice([".", ",", "-"]))))
    if random.random() < 0.3:
        signs += [
            LINE_CLASSES.index(c) for c in str(random.choice([".", ",", "-", "=", ".-", ",-", ".=", "--"]))
        ]
    if random.random() < 0.12:
        signs.insert(0, int(random.choice([_FOREIGN, LINE_CLASSES.index("-"), LINE_CLASSES.index("=")])))
    if random.random() < 0.08:
        signs[:0] = [_FOREIGN] * int(random.integers(2, 7))
    # Behind a number, or in it, foreign signs are rare: what looks like one there is a digit in an odd hand.
    if random.random() < 0.02:
        signs.append(_FOREIGN)
    if random.random() < 0.01:
        signs.insert(int(random.integers(1, len(signs) + 1)), _FOREIGN)
    return signs


def _sign(
    sign: int, rest: list[int], bank: InkBank, writer: int, pen: Pen, random: np.random.Generator
) -> tuple[Image, float]:
    """The ink of one sign, cut to its box, and how far its foot is above the base line (pixels)."""
    size = pen.height * float(np.exp(random.normal(0, pen.size_drift)))
    rise = 0.0
    if 1 <= sign <= 10:
        rows = bank.rows[writer][sign - 1]
        if rows.size == 0:
            rows = np.concatenate([part[sign - 1] for part in bank.rows])
        glyph = bank.glyphs[rows[int(random.integers(rows.size))]]
        if sign == 1 and all(other == 1 or other > 10 for other in rest) and random.random() < 0.25:
            size *= float(random.uniform(0.5, 0.85))  # the zeros at an amount's end are often written small
            rise = float(random.uniform(0, 0.25)) * pen.height
        return ink_again(glyph, size, pen, random), rise
    if sign == _FOREIGN:
        return _stranger(size * float(random.uniform(0.5, 1)), bank, pen, random), 0.0
    return draw_mark(LINE_CLASSES[sign], pen, random)


def _stranger(size: float, bank: InkBank, pen: Pen, random: np.random.Generator) -> Image:
    """A letter or character in the line's pen, a printed letter, or a scribble."""
    if random.random() < _SCRIBBLED:
        return strangers.scribble(size, random)
    if pen.font is not None:
        return strangers.printed_letter(size, pen.font, random)
    return ink_again(bank.foreign[int(random.integers(len(bank.foreign)))], size, pen, random)


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
    if pen.dilation:
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


def add_ink(ink: Image, image: Image, x: int, y: int) -> None:
    """Lay `image` onto `ink` with its corner at (x, y), in place, cut off at the border."""
    top, left = max(0, y), max(0, x)
    bottom, right = min(ink.shape[0], y + image.shape[0]), min(ink.shape[1], x + image.shape[1])
    if bottom > top and right > left:
        part = ink[top:bottom, left:right]
        np.maximum(part, image[top - y : bottom - y, left - x : right - x], out=part)


def join(
    ink: Image,
    before: tuple[float, float, int],
    right: float,
    base: float,
    pen: Pen,
    random: np.random.Generator,
) -> None:
    """A stroke that the pen leaves on its way from the sign at `before` to `right`, in place."""
    left = before[1] - 0.3 * (before[1] - before[0])
    start, end = base - pen.height * random.uniform(0.5, 1.0, 2)
    sag = float(random.normal(0, 0.12)) * pen.height
    middle = ((left + right) / 2, (start + end) / 2 + sag)
    points = np.round(np.array([(left, start), middle, (right, end)]) * 8).astype(np.int32)
    thickness = max(1, round(pen.height * random.uniform(0.03, 0.09)))
    cv2.polylines(ink, [points], False, float(random.uniform(0.6, 1.0)), thickness, cv2.LINE_AA, 3)


def _pressure(height: int, width: int, random: np.random.Generator) -> Image:
    """How dark the stroke is, place by place: a slow swing, and the grain of pencil on paper."""
    low = float(random.uniform(0.5, 1.0))
    coarse = random.uniform(low, 1.0, (4, 16)).astype(np.float32)
    pressure = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_LINEAR)
    if random.random() < 0.2:
        grain = cv2.GaussianBlur(random.normal(0, 1, (height, width)).astype(np.float32), (0, 0), 1.0)
        pressure = pressure * np.clip(1 + grain * random.uniform(0.2, 1.2), 0.1, 1)
    return pressure.astype(np.float32)


def _print(
    ink: Image,
    spans: list[tuple[float, float, int]],
    base: float,
    pen: Pen,
    bank: InkBank,
    random: np.random.Generator,
) -> Image:
    """The ink with print under it and strangers' strokes at its border, as darkness in [0, 1]."""
    height, width = ink.shape
    paper = texture.background(height, width, pen.height, random)
    if random.random() < 0.3:
        paper = np.maximum(paper, texture.printed_lines(height, width, base - pen.height, base, random))
    elif random.random() < 0.12 and spans:
        edges = [span[0] - 0.1 * pen.height for span in spans] + [spans[-1][1] + 0.1 * pen.height]
        pad = pen.height * float(random.uniform(0.02, 0.2))
        paper = np.maximum(
            paper, texture.cells(height, width, edges, base - pen.height - pad, base + pad, random)
        )
    if random.random() < 0.15:
        stranger = ink_again(bank.foreign[int(random.integers(len(bank.foreign)))], pen.height, pen, random)
        keep = max(2, round(stranger.shape[0] * random.uniform(0.1, 0.4)))
        x = round(random.uniform(0, width - 10))
        if random.random() < 0.5:
            add_ink(ink, stranger[-keep:], x, 0)
        else:
            add_ink(ink, stranger[:keep], x, height - keep)
    strength = float(random.uniform(0.55, 1.0))
    return np.clip(ink * strength + paper * (1 - 0.8 * ink) * (strength + 0.2), 0, 1)


def _target(spans: list[tuple[float, float, int]]) -> np.ndarray:
    target = np.zeros(STRIP_WIDTH // STRIDE, np.uint8)
    step = STRIDE * _ZOOM
    for left, right, sign in spans:
        middle, reach = (left + right) / 2 / step, max(0.5, 0.22 * (right - left) / step)
        first, last = round(middle - reach - 0.5), round(middle + reach - 0.5)
        target[max(0, first) : last + 1] = sign
    for (_, right, sign), (left, _, other) in zip(spans, spans[1:], strict=False):
        if sign == other:  # two equal neighbours need a step of nothing between them
            place = round((left + right) / 2 / step - 0.5)
            target[min(max(place, 0), target.size - 1)] = 0
    return target
