"""Lines of digits, each line in one writer's hand: the clean benchmark of reading strings without cutting
them up.

In: single digits with their writers. Out: strips (n, 32, width) uint8, white ink on black, and what they
say. Digits of one writer are set side by side on a drifting base line, in one size and slant that each digit
departs from a little, apart or touching. All draws of a few hundred lines are made at once: thousands of
lines a second on one core. `strings` makes the much harder lines, with print and paper, of the shipped
network.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from scipy.ndimage import gaussian_filter

from inkdigits.errors import DataError
from inkdigits.learning.augment import Augmentation
from inkdigits.learning.datasets import Digits, load_mnist, load_mnist_writers, split_by_writer
from inkdigits.reading.glyph import GLYPH_BOX, GLYPH_SIZE, STRIP_HEIGHT

MOST_DIGITS = 10
NARROWEST = 8  # columns
_CHUNK = 256  # lines drawn at a time: their glyphs' displacements take 15 MB
_PATCH = (STRIP_HEIGHT, 44)  # a glyph drawn anew: rows, columns
_INK = 64  # grey level from which a pixel counts as ink when gaps are measured
_PLANE = 384  # side of the field of elastic displacements that glyphs are given windows of


@dataclass(frozen=True)
class WriterBank:
    """Digits in the order of their writers and classes, so that a million draws are one indexing.

    `glyphs` (n, 28, 28) uint8; the examples of class `digit` of writer `w` are the `counts[w, digit]` glyphs
    from `starts[w, digit]` on, both (writers, 10) int64.
    """

    glyphs: np.ndarray
    starts: np.ndarray
    counts: np.ndarray


@dataclass(frozen=True)
class Hand:
    """How lines are written: the ranges that are drawn from.

    `size` is the longer side of a digit, in pixels of the 32; `slant` (pixels sideways a pixel of height) and
    `slope` of the base line are standard deviations along lines, `aspect` that of the logarithm of width by
    height. `size_jitter`, `turn_jitter` (radians) and `base_drift` (of the size) are those of digits within
    a line. Gaps are pixels of paper between the ink of neighbours, measured along rows; below 0 strokes run
    into each other. A line takes one of the ranges `gaps`, by `gap_shares`, and its mean gap uniformly from
    it; each gap departs from that by `gap_jitter` (standard deviation, of the size).
    """

    size: tuple[float, float] = (18.0, 26.0)
    slant: float = 0.15
    slope: float = 0.02
    aspect: float = 0.08
    size_jitter: float = 0.05
    turn_jitter: float = 0.05
    base_drift: float = 0.03
    gaps: tuple[tuple[float, float], ...] = ((-1.0, 1.0), (1.0, 6.0), (5.0, 14.0))
    gap_shares: tuple[float, ...] = (0.2, 0.55, 0.25)
    gap_jitter: float = 0.05
    margin: tuple[float, float] = (1.0, 12.0)


@dataclass(frozen=True)
class Lines:
    """Lines and what they say.

    `strips` (n, 32, width) uint8, padded at the right with 0; `digits` (n, 10) uint8, the classes of the line
    network: 1 to 10 are the digits 0 to 9, 0 is no digit; `widths` (n,) int64 are the strips' own widths.
    """

    strips: np.ndarray
    digits: np.ndarray
    widths: np.ndarray

    def __len__(self) -> int:
        return len(self.strips)


def writer_bank(digits: Digits, writers: np.ndarray) -> WriterBank:
    """The bank of `digits` written by `writers` (n,)."""
    names, inverse = np.unique(writers, return_inverse=True)
    place = inverse * 10 + digits.labels.astype(np.int64)
    counts = np.bincount(place, minlength=10 * len(names)).reshape(-1, 10)
    starts = (np.cumsum(counts) - counts.ravel()).reshape(-1, 10)
    return WriterBank(digits.images[np.argsort(place, kind="stable")], starts, counts)


def load_writer_bank(folder: Path, part: str) -> WriterBank:
    """MNIST's digits with QMNIST's writers: `part` "train" and "validation" are those of `load_mnist_split`,
    493 and 46 writers, "all" the two together, "test" the 297 writers of the test images, who wrote none of
    the others.
    """
    source = "test" if part == "test" else "train"
    digits, writers = load_mnist(folder, source), load_mnist_writers(folder, source)
    if part in ("all", "test"):
        return writer_bank(digits, writers)
    training, validation = split_by_writer(writers)
    rows = training if part == "train" else validation
    return writer_bank(digits[rows], writers[rows])


def draw_lengths(count: int, random: np.random.Generator) -> np.ndarray:
    """(count,) int64: from 1 to 10 digits, each as often."""
    return random.integers(1, MOST_DIGITS + 1, count)


def make_lines(
    bank: WriterBank,
    lengths: np.ndarray,
    random: np.random.Generator,
    *,
    hand: Hand | None = None,
    augmentation: Augmentation | None = None,
    width: int | None = None,
) -> Lines:
    """Lines of `lengths` (n,) digits, 1 to 10 each; the same generator state gives the same lines.

    A writer is drawn as often as there are digits of his, the digits of his line uniformly from the classes
    that he has. `augmentation` warps each glyph further. With `width` all strips are that wide, and digits
    that do not fit are left out; else they are as wide as the widest line.
    """
    if len(lengths) and not (lengths.min() >= 1 and lengths.max() <= MOST_DIGITS):
        raise DataError(f"lines of {lengths.min()} to {lengths.max()} digits: 1 to {MOST_DIGITS} are needed")
    hand, augmentation = hand or Hand(), augmentation or Augmentation()
    field = _displacements(augmentation, random)
    parts = [
        _make_chunk(bank, lengths[start : start + _CHUNK], random, hand, augmentation, field, width)
        for start in range(0, len(lengths), _CHUNK)
    ]
    widest = width or max((part.strips.shape[2] for part in parts), default=NARROWEST)
    strips = np.zeros((len(lengths), STRIP_HEIGHT, widest), np.uint8)
    for index, part in enumerate(parts):
        strips[index * _CHUNK :][: len(part), :, : part.strips.shape[2]] = part.strips
    return Lines(
        strips,
        np.concatenate([part.digits for part in parts] or [np.zeros((0, MOST_DIGITS), np.uint8)]),
        np.concatenate([part.widths for part in parts] or [np.zeros(0, np.int64)]),
    )


def text_of(digits: np.ndarray) -> str:
    """What a row (10,) of `Lines.digits` says."""
    return "".join(str(int(digit) - 1) for digit in digits if digit)


# --- one chunk of lines; arrays of digits are (m,), those of all its lines one after the other
# ---------------------------------------------------------------------------------------------------


def _make_chunk(
    bank: WriterBank,
    lengths: np.ndarray,
    random: np.random.Generator,
    hand: Hand,
    augmentation: Augmentation,
    field: np.ndarray | None,
    width: int | None,
) -> Lines:
    count, total = len(lengths), int(lengths.sum())
    line = np.repeat(np.arange(count), lengths)
    first = np.cumsum(lengths) - lengths
    place = np.arange(total) - first[line]
    labels, rows = _choose(bank, line, count, random)
    size = random.uniform(*hand.size, count)
    patches = _draw(bank.glyphs[rows], line, size, random, hand, augmentation, field)
    ink = np.asarray(patches >= _INK)
    top, bottom = _extent(np.any(ink, axis=2))
    left, right = _extent(np.any(ink, axis=1))

    along = (place - (lengths[line] - 1) / 2) * size[line]
    slope = random.normal(0, hand.slope, count)
    base = _base_lines(size, slope, lengths, random)
    foot = base[line] + slope[line] * along + random.normal(0, hand.base_drift, total) * size[line]
    down = np.clip(np.round(foot).astype(np.int64) - bottom, -top, STRIP_HEIGHT - 1 - bottom)

    kind = random.choice(len(hand.gaps), count, p=hand.gap_shares)
    low, high = np.array(hand.gaps).T
    gap = random.uniform(low[kind], high[kind])[line]
    gap = gap + random.normal(0, hand.gap_jitter, total) * size[line]
    steps = _steps(ink, down, left, right, gap)
    steps[first] = np.round(random.uniform(*hand.margin, count)).astype(np.int64) - left[first]
    x = np.cumsum(steps)
    x -= (x[first] - steps[first])[line]

    ends = x + right + 1
    misses = np.cumsum(ends > (width or ends.max(initial=0)))
    kept = misses == np.concatenate([[0], misses])[first][line]  # from the first that does not fit on, none
    widths = np.zeros(count, np.int64)
    np.maximum.at(widths, line[kept], ends[kept])
    widths = np.maximum(widths + np.round(random.uniform(*hand.margin, count)).astype(np.int64), NARROWEST)
    widths = np.minimum(widths, width or widths)
    digits = np.zeros((count, MOST_DIGITS), np.uint8)
    digits[line[kept], place[kept]] = labels[kept] + 1
    strips = _paste(patches[kept], line[kept], x[kept], down[kept], (count, width or int(widths.max())))
    return Lines(strips, digits, widths)


def _choose(
    bank: WriterBank, line: np.ndarray, count: int, random: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """The labels (m,) of the digits on `line` (m,), and which glyphs they are, each line by one writer."""
    images = bank.counts.sum(axis=1)
    writer = random.choice(len(images), count, p=images / images.sum())[line]
    has = bank.counts > 0
    # The classes that a writer has come first in his row.
    classes = np.argsort(~has, axis=1, kind="stable")
    labels = classes[writer, random.integers(0, has.sum(axis=1)[writer])]
    rows = bank.starts[writer, labels] + random.integers(0, bank.counts[writer, labels])
    return labels, rows


def _draw(
    glyphs: np.ndarray,
    line: np.ndarray,
    size: np.ndarray,
    random: np.random.Generator,
    hand: Hand,
    augmentation: Augmentation,
    field: np.ndarray | None,
) -> np.ndarray:
    """`glyphs` (m, 28, 28) in the size, slant and aspect of their lines: (m, 32, 44) uint8."""
    count, total = len(size), len(glyphs)
    slant, aspect = random.normal(0, hand.slant, count), np.exp(random.normal(0, hand.aspect, count))
    slant = np.clip(slant, -0.4, 0.4)[line] + random.uniform(-1, 1, total) * augmentation.shear
    turn = random.normal(0, hand.turn_jitter, total)
    turn += np.deg2rad(random.uniform(-1, 1, total) * augmentation.rotation)
    scale = size[line] / GLYPH_BOX * np.exp(random.normal(0, hand.size_jitter, total))
    stretch = 1 + random.uniform(-1, 1, (total, 2)) * augmentation.scale
    across, up = scale * aspect[line] * stretch[:, 0], scale * stretch[:, 1]
    # From output to source: turned back, sheared back, scaled back.
    cosine, sine = np.cos(turn), np.sin(turn)
    matrix = np.empty((total, 2, 2), np.float32)
    matrix[:, 0, 0] = (cosine + slant * sine) / across
    matrix[:, 0, 1] = (slant * cosine - sine) / across
    matrix[:, 1, 0], matrix[:, 1, 1] = sine / up, cosine / up
    rows, columns = np.arange(_PATCH[0], dtype=np.float32), np.arange(_PATCH[1], dtype=np.float32)
    # Where between two pixels a digit lies is chance.
    middle = (np.array(_PATCH[::-1]) - 1) / 2 + random.uniform(-0.5, 0.5, (total, 2))
    offset = (GLYPH_SIZE - 1) / 2 - np.einsum("nij,nj->ni", matrix, middle).astype(np.float32)
    maps = matrix[:, :, :1, None] * columns + (
        matrix[:, :, 1:, None] * rows[:, None] + offset[:, :, None, None]
    )
    if field is not None:
        windows = np.lib.stride_tricks.sliding_window_view(field, _PATCH, axis=(1, 2))
        corners = random.integers(0, np.array(windows.shape[1:3])[:, None], (2, total))
        maps += windows[:, corners[0], corners[1]].swapaxes(0, 1)
    out = np.empty((total, *_PATCH), np.uint8)
    for glyph, map_, patch in zip(glyphs, maps, out, strict=True):
        cv2.remap(glyph, map_[0], map_[1], cv2.INTER_LINEAR, patch)
    return out


def _displacements(augmentation: Augmentation, random: np.random.Generator) -> np.ndarray | None:
    """Elastic displacements (2, side, side) float32, in pixels of the glyph (Simard et al. 2003)."""
    if not augmentation.elastic:
        return None
    noise = random.random((2, _PLANE, _PLANE), dtype=np.float32) * 2 - 1
    sigma = augmentation.elastic_sigma
    return augmentation.elastic * gaussian_filter(noise, (0, sigma, sigma), mode="wrap")


def _extent(inked: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The first and the last place (m,) that is True in each row of (m, places); 0 and 0 where none is."""
    last = inked.shape[1] - 1 - inked[:, ::-1].argmax(axis=1)
    return inked.argmax(axis=1), np.where(inked.any(axis=1), last, 0)


def _base_lines(
    size: np.ndarray, slope: np.ndarray, lengths: np.ndarray, random: np.random.Generator
) -> np.ndarray:
    """The row (n,) of the middle of each base line, so that all of the line is likely to lie in the strip."""
    rise = np.abs(slope) * lengths * size / 2
    room = np.maximum(STRIP_HEIGHT - 2 - size - 2 * rise, 0)
    return STRIP_HEIGHT - 2 - np.minimum(rise, 8) - random.uniform(0, 1, len(size)) * room


def _steps(
    ink: np.ndarray, down: np.ndarray, left: np.ndarray, right: np.ndarray, gap: np.ndarray
) -> np.ndarray:
    """How many columns each patch (m) begins after the one before it, for `gap` (m,) columns between their
    ink.
    """
    height, width = ink.shape[1:]
    inked = ink.any(axis=2)
    far = 10 * width
    begins = np.where(inked, ink.argmax(axis=2), far)
    ends = np.where(inked, width - 1 - ink[:, :, ::-1].argmax(axis=2), -far)
    # The rows of the strip, with one more at either side: ink touches across corners too.
    rows = np.arange(height)[None] - down[:, None]
    inside = (rows >= 0) & (rows < height)
    index = np.clip(rows, 0, height - 1)
    begins = np.where(inside, np.take_along_axis(begins, index, axis=1), far)
    ends = np.pad(
        np.where(inside, np.take_along_axis(ends, index, axis=1), -far),
        ((0, 0), (1, 1)),
        constant_values=-far,
    )
    ends = np.maximum(np.maximum(ends[:, :-2], ends[:, 2:]), ends[:, 1:-1])
    steps = np.zeros(len(ink), np.int64)
    between = (begins[1:] - ends[:-1]).min(axis=1) - 1
    # A digit may reach over or under its neighbour, by a third of the narrower one at most.
    narrower = np.minimum(right[1:] - left[1:], right[:-1] - left[:-1]) + 1
    least = right[:-1] - left[1:] + 1 - narrower // 3
    steps[1:] = np.maximum(np.round(gap[1:]).astype(np.int64) - between, least)
    return steps


def _paste(
    patches: np.ndarray, line: np.ndarray, x: np.ndarray, down: np.ndarray, shape: tuple[int, int]
) -> np.ndarray:
    """Strips `shape` (lines, width), each patch (m) laid onto its `line` at column `x` and row `down`."""
    count, width = shape
    high, wide = _PATCH
    # Room on all sides, so that no patch must be cut.
    canvas = np.zeros((count, 3 * high, width + 2 * wide), np.uint8)
    for patch, index, column, row in zip(
        patches, line.tolist(), (x + wide).tolist(), (down + high).tolist(), strict=True
    ):
        part = canvas[index, row : row + high, column : column + wide]
        np.maximum(part, patch, out=part)
    return canvas[:, high : 2 * high, wide : wide + width].copy()
