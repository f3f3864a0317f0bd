"""Synthetic glyphs: single digits inked again, worn and normalised as the reader would. In: an `InkBank`.
Out: arrays.

A share of the glyphs are only warped, so that MNIST itself stays well read, or warped and damaged; the others
go through a pen, a page and `reading.glyph.normalise`, with the remains that imperfect cutting leaves; a
quarter of those touched their neighbours and were cut out along the reader's own seams. Class 10 is no digit:
foreign characters, marks, halves of digits, two digits at once.
"""

from __future__ import annotations

import dataclasses

import cv2
import numpy as np

from inkdigits.learning.augment import Augmentation, augment
from inkdigits.learning.damage import damage
from inkdigits.learning.inking import Image, Pen, draw_mark, draw_pen, ink_again
from inkdigits.learning.strings import InkBank
from inkdigits.learning.texture import shaken
from inkdigits.learning.touching import cut_out
from inkdigits.reading.glyph import normalise

GLYPH_CLASSES = (*"0123456789", "none")
_NONE = 10
_NONE_SHARE = 0.12
_PLAIN_SHARE = 0.5
_TOUCHING = 0.25  # of the digits that are worn
_SHAKEN = 0.08  # of the digits that are worn
_HARMED_SHARE = 0.5  # of the plain ones
_WARP = Augmentation(translation=1.5, rotation=12, scale=0.12, shear=0.15, elastic=28.0, elastic_sigma=4.5)
_BEND = Augmentation(rotation=8, scale=0.1, shear=0.1, elastic=34.0, elastic_sigma=4.5)


def make_glyphs(bank: InkBank, count: int, random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """`count` glyphs (count, 28, 28) uint8 and classes (count,) uint8, indices into `GLYPH_CLASSES`,
    shuffled.
    """
    labels = random.integers(0, 10, count).astype(np.uint8)
    labels[: round(_NONE_SHARE * count)] = _NONE
    random.shuffle(labels)
    writers = random.choice(len(bank.rows), count, p=bank.shares)
    plain = random.random(count) < _PLAIN_SHARE
    sources = np.stack(
        [
            _source(bank, int(label), int(writer), random)
            for label, writer in zip(labels, writers, strict=True)
        ]
    )
    glyphs = np.empty_like(sources)
    glyphs[plain] = augment(sources[plain], _WARP, random)
    harmed = plain & (random.random(count) < _HARMED_SHARE)
    glyphs[harmed] = damage(glyphs[harmed], random)
    glyphs[~plain] = augment(sources[~plain], _BEND, random)
    for index in np.flatnonzero(~plain | (labels == _NONE)):
        glyphs[index] = _worn(glyphs[index], int(labels[index]) == _NONE, bank, int(writers[index]), random)
    return glyphs, labels


def _source(bank: InkBank, label: int, writer: int, random: np.random.Generator) -> np.ndarray:
    if label == _NONE:
        return bank.foreign[int(random.integers(len(bank.foreign)))]
    rows = bank.rows[writer][label]
    if rows.size == 0:
        rows = np.concatenate([part[label] for part in bank.rows[-60:]])
    return bank.glyphs[rows[int(random.integers(rows.size))]]


def _worn(
    glyph: np.ndarray, none: bool, bank: InkBank, writer: int, random: np.random.Generator
) -> np.ndarray:
    """The glyph drawn at a size of its own, damaged, photographed and normalised."""
    size = float(random.uniform(18, 64))
    pen = dataclasses.replace(draw_pen(random), height=size)
    if none and random.random() < 0.45:
        drawn = _not_a_digit(bank, writer, size, random)
    else:
        drawn = ink_again(glyph, size, pen, random)
        if not none and random.random() < _TOUCHING:
            drawn = _cut_out(drawn, bank, writer, pen, random)
    pad = max(3, round(0.15 * max(drawn.shape)))
    ink = cv2.copyMakeBorder(drawn, pad, pad, pad, pad, cv2.BORDER_CONSTANT)
    if random.random() < 0.25:
        _leave_remains(ink, random)
    if random.random() < 0.15:
        _break(ink, pad, random)
    ink = ink * float(random.uniform(0.75, 1.0))
    if random.random() < _SHAKEN:
        ink = shaken(ink, float(random.uniform(0.05, 0.22)) * size, random)
    sigma = float(random.uniform(0.2, 0.06 * size)) if random.random() < 0.5 else 0.3
    ink = cv2.GaussianBlur(ink, (0, 0), max(0.2, sigma))
    if random.random() < 0.5:
        ink = ink + random.normal(0, 0.04, ink.shape)
    return normalise(np.clip(ink, 0, 1).astype(np.float32))


def _cut_out(drawn: Image, bank: InkBank, writer: int, pen: Pen, random: np.random.Generator) -> Image:
    """What dividing leaves of a digit that touches one or two others; all of it where dividing fails."""
    before, after = [(1, 0), (0, 1), (1, 1)][int(random.integers(3))]
    others = [
        ink_again(_source(bank, int(random.integers(10)), writer, random), pen.height, pen, random)
        for _ in range(before + after)
    ]
    piece = cut_out([*others[:before], drawn, *others[before:]], before, pen, random)
    return piece if min(piece.shape) > 1 and piece.sum() > 0.5 * drawn.sum() else drawn


def _not_a_digit(bank: InkBank, writer: int, size: float, random: np.random.Generator) -> Image:
    """A mark, half a digit, or two digits at once."""
    pen = dataclasses.replace(draw_pen(random), height=size)
    kind = random.random()
    if kind < 0.25:
        return draw_mark(str(random.choice([".", ",", "-", "="])), pen, random)[0]
    first = ink_again(_source(bank, int(random.integers(10)), writer, random), size, pen, random)
    if kind < 0.5 and min(first.shape) > 8:
        keep = random.uniform(0.3, 0.5)
        half = (
            first[: round(keep * first.shape[0])]
            if random.random() < 0.5
            else first[:, : round(keep * first.shape[1])]
        )
        return np.ascontiguousarray(half)
    second = ink_again(_source(bank, int(random.integers(10)), writer, random), size, pen, random)
    height = max(first.shape[0], second.shape[0])
    gap = int(random.integers(-3, 6))
    canvas = np.zeros((height, first.shape[1] + second.shape[1] + max(gap, 0)), np.float32)
    canvas[: first.shape[0], : first.shape[1]] = first
    left = first.shape[1] + max(gap, 0)
    canvas[: second.shape[0], left : left + second.shape[1]] = second
    return canvas


def _leave_remains(ink: Image, random: np.random.Generator) -> None:
    """Bits of ruled lines or of a neighbour's stroke that cutting left, in place."""
    height, width = ink.shape
    strength = float(random.uniform(0.3, 1.0))
    for _ in range(int(random.integers(1, 3))):
        if random.random() < 0.5:
            y = int(random.uniform(0.05, 0.95) * height)
            start = int(random.uniform(0, 0.7) * width)
            cv2.line(ink, (start, y), (start + int(random.uniform(0.1, 0.5) * width), y), strength, 1)
        else:
            x = int(random.uniform(0.05, 0.95) * width)
            start = int(random.uniform(0, 0.7) * height)
            cv2.line(ink, (x, start), (x, start + int(random.uniform(0.1, 0.4) * height)), strength, 1)


def _break(ink: Image, pad: int, random: np.random.Generator) -> None:
    """A stroke that the pen or the threshold left out for a moment, in place."""
    height, width = ink.shape
    radius = max(1, round(0.06 * max(height, width)))
    centre = (
        int(random.integers(pad, max(pad + 1, width - pad))),
        int(random.integers(pad, max(pad + 1, height - pad))),
    )
    cv2.circle(ink, centre, radius, 0.0, -1)
