"""Synthetic lines of handwriting, all digits of a line by one writer. In: single digits. Out: strips and
targets.

A line is laid out at twice the strip's resolution: digits are inked again at their new size, slanted,
thickened, moved off the base line, set apart or into each other, with points, commas, dashes and foreign
characters between them; print lies under them, a camera looks at them, and the picture may end close to them.
A target names, for every second column, the class of the sign whose middle lies there; class 0 is none.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, replace

import cv2
import numpy as np

from inkdigits.learning import strangers, texture
from inkdigits.learning.inking import ZOOM, Image, Pen, add_ink, draw_mark, draw_pen, ink_again, join
from inkdigits.learning.texts import FOREIGN, LINE_CLASSES, SLASH, draw_text
from inkdigits.reading.glyph import STRIP_HEIGHT, finish_strip

STRIDE = 2  # columns of the strip a step of the target
STRIP_WIDTH = 160
_HIGHER, _BELOW = (5, 8, 10), (8, 10)  # classes: 4, 7 and 9; 7 and 9
# Heights by which strokes of a close hand lie on each other at most: a thin one is still seen.
_RUN_INTO = -0.04
_JOINED, _JOINED_ZEROS = 0.05, 0.3  # of neighbours are joined by a stroke
_SHOWN = 0.6  # of a sign is what the next one leaves of it at least: what is hidden nobody can read
_SCRIBBLED = 0.1  # of foreign signs are scribbles
_APART = 2 * STRIDE * ZOOM  # pixels between the middles of two digits, at which a target has a step for each


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
class Placed:
    """A sign of a line: its box, in pixels of the canvas, and its class."""

    left: float
    top: float
    right: float
    bottom: float
    sign: int


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
    strip, signs = compose(bank, random)
    return strip, _target(signs)


def compose(bank: InkBank, random: np.random.Generator) -> tuple[np.ndarray, list[Placed]]:
    """One strip (32, 160) uint8 and its signs from left to right."""
    height, width = STRIP_HEIGHT * ZOOM, STRIP_WIDTH * ZOOM
    pen, text = draw_pen(random), draw_text(random)
    above, below, tallest = 1.08, 0.07, max(1.0, pen.first)  # heights that are written on
    if SLASH in text:
        above, below, tallest = 1.3, 0.3, 1.6
        pen = replace(pen, gap=min(pen.gap, 0.3))  # what stands wide apart is no date
    pen = replace(pen, height=min(pen.height, 0.95 * height / tallest))
    writer = int(random.choice(len(bank.rows), p=bank.shares))
    slack = max(0.0, height - pen.height * (above + below))
    base = height - float(random.uniform(0, slack)) - pen.height * below
    ink = np.zeros((height, width), np.float32)
    signs = _write(ink, text, bank, writer, pen, base, random)
    ink *= _pressure(height, width, random)
    picture = _print(ink, signs, base, pen, bank, random)
    small = cv2.resize(picture, (STRIP_WIDTH, STRIP_HEIGHT), interpolation=cv2.INTER_AREA)
    strip = finish_strip(texture.camera(small, random))
    if signs:
        box = np.array([signs[0].left, base - pen.height, signs[-1].right, base]) / ZOOM
        strip = texture.at_the_border(strip, box, random)
    return strip, signs


def _write(
    ink: Image,
    text: list[int],
    bank: InkBank,
    writer: int,
    pen: Pen,
    base: float,
    random: np.random.Generator,
) -> list[Placed]:
    """Write the signs of a line onto `ink`, in place; what does not fit is left out."""
    width = ink.shape[1]
    x = float(random.uniform(1, 0.6 * pen.height + 2))
    slope = float(random.normal(0, 0.025))
    placed: list[Placed] = []
    before = np.zeros((0, 0), np.float32)
    for place, sign in enumerate(text):
        larger = replace(pen, height=pen.height * pen.first) if place == 0 and 1 < sign <= 10 else pen
        image, rise = _sign(sign, text[place + 1 :], bank, writer, larger, random)
        rise -= float(random.uniform(0, 0.4)) * (larger.height - pen.height)
        foot = base + float(random.normal(0, pen.base_drift)) * pen.height - rise
        if placed:
            last = placed[-1]
            gap = _gap(sign, last.sign, image.shape[1], pen, random)
            if SLASH in (sign, last.sign) or pen.is_close and sign <= 10 >= last.sign:
                near = round(foot + slope * (last.right - width / 2)) - image.shape[0]
                x = last.right - _clearance(before, int(last.top), image, near) + gap
                x = max(x, (last.left + last.right - image.shape[1]) / 2 + _APART)
            else:
                x = max(last.right + gap, last.left + max(5.0, _SHOWN * (last.right - last.left)))
        if x + image.shape[1] > width - 2:
            break
        top = round(foot + slope * (x - width / 2)) - image.shape[0]
        add_ink(ink, image, round(x), top)
        if placed and random.random() < (_JOINED_ZEROS if sign == placed[-1].sign == 1 else _JOINED):
            join(ink, (placed[-1].left, placed[-1].right), x + 0.3 * image.shape[1], base, pen, random)
        placed.append(Placed(x, top, x + image.shape[1], top + image.shape[0], sign))
        before = image
    return placed


def _clearance(before: Image, before_top: int, image: Image, top: int) -> float:
    """Pixels of paper between the ink of two signs whose boxes touch, where least along the rows of both.

    Two strokes that lean touch no sooner than their boxes overlap by a third of a digit's height.
    """
    first, stop = max(before_top, top), min(before_top + before.shape[0], top + image.shape[0])
    behind = _margins(before[:, ::-1], first - before_top, stop - before_top)
    least = float((behind + _margins(image, first - top, stop - top)).min(initial=np.inf))
    return least if np.isfinite(least) else 0.0


def _margins(image: Image, first: int, stop: int) -> np.ndarray:
    """Pixels left of the ink of each row from `first` to `stop`; infinite where a row has none."""
    ink = image[first : max(first, stop)] > 0.5
    return np.where(ink.any(axis=1), ink.argmax(axis=1), np.inf)


def _gap(sign: int, before: int, width: int, pen: Pen, random: np.random.Generator) -> float:
    """Pixels between a sign, `width` pixels wide, and the one `before` it; below 0 they overlap."""
    gap = pen.gap + float(random.normal(0, pen.gap_drift))
    gap = (max(_RUN_INTO, gap) if pen.is_close else gap) * pen.height
    if sign > 10:
        gap = max(gap, float(random.uniform(-0.02, 0.3)) * pen.height)
    if before == SLASH:
        gap = max(gap, float(random.uniform(-0.02, 0.15)) * pen.height)
    if sign != FOREIGN == before:
        gap += float(random.exponential(0.5)) * pen.height  # a label stands apart
    if pen.is_chained and sign == before == 1:
        gap = -float(random.uniform(0.05, 0.45)) * width
    return gap


def _sign(
    sign: int, rest: list[int], bank: InkBank, writer: int, pen: Pen, random: np.random.Generator
) -> tuple[Image, float]:
    """The ink of one sign, cut to its box, and how far its foot is above the base line (pixels)."""
    size = pen.height * float(np.exp(random.normal(0, pen.size_drift)))
    if sign == FOREIGN:
        return _stranger(size * float(random.uniform(0.5, 1)), bank, pen, random), 0.0
    if sign > 10:
        return draw_mark(LINE_CLASSES[sign], pen, random)
    rows = bank.rows[writer][sign - 1]
    if rows.size == 0:
        rows = np.concatenate([part[sign - 1] for part in bank.rows])
    glyph = bank.glyphs[rows[int(random.integers(rows.size))]]
    share, wider, rise = _proportions(sign, rest, pen, random)
    own = replace(pen, aspect=pen.aspect * wider)
    return ink_again(glyph, size * share, own, random), rise * pen.height


def _proportions(
    sign: int, rest: list[int], pen: Pen, random: np.random.Generator
) -> tuple[float, float, float]:
    """Height and width of a digit beside others of its hand, and how far it is above the base line, in
    heights.
    """
    share, wider, rise = 1.0, 1.0, 0.0
    if sign == 1:
        if pen.zeros < 1:
            share = pen.zeros * float(np.exp(random.normal(0, 0.06)))
            wider, rise = float(random.uniform(1.0, 1.0 / pen.zeros)), float(random.uniform(0, 0.12))
        if all(other == 1 or other > 10 for other in rest) and random.random() < 0.25:
            share *= float(random.uniform(0.5, 0.85))  # at an amount's end they are often smaller still
            rise = float(random.uniform(0, 0.25))
    elif sign in _HIGHER:
        share = float(np.exp(random.normal(0.05, 0.05)))
        if sign in _BELOW:
            rise = -float(random.uniform(0, pen.hanging))
    return share, wider, rise


def _stranger(size: float, bank: InkBank, pen: Pen, random: np.random.Generator) -> Image:
    """A letter or character in the line's pen, a printed letter, or a scribble."""
    if random.random() < _SCRIBBLED:
        return strangers.scribble(size, random)
    if pen.font is not None:
        return strangers.printed_letter(size, pen.font, random)
    return ink_again(bank.foreign[int(random.integers(len(bank.foreign)))], size, pen, random)


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
    signs: list[Placed],
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
    elif random.random() < 0.12 and signs:
        edges = [sign.left - 0.1 * pen.height for sign in signs] + [signs[-1].right + 0.1 * pen.height]
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


def _target(signs: list[Placed]) -> np.ndarray:
    target = np.zeros(STRIP_WIDTH // STRIDE, np.uint8)
    step = STRIDE * ZOOM
    for one in signs:
        middle, reach = (one.left + one.right) / 2 / step, max(0.5, 0.22 * (one.right - one.left) / step)
        first, last = round(middle - reach - 0.5), round(middle + reach - 0.5)
        target[max(0, first) : last + 1] = one.sign
    for one, other in itertools.pairwise(signs):
        if one.sign == other.sign:  # two equal neighbours need a step of nothing between them
            place = round((one.right + other.left) / 2 / step - 0.5)
            target[min(max(place, 0), target.size - 1)] = 0
    return target
