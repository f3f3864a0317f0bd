"""Ink beside or instead of numbers: printed letters and scribbles. In: a size, a random generator. Out: ink
(height, width) float32 in [0, 1], cut to its box.

Letters are those of the fonts that OpenCV draws; scribbles are walks that keep turning.
"""

from __future__ import annotations

import string

import cv2
import numpy as np

FONTS = 8  # OpenCV numbers them from 0
# Without those that are a 0 or a 1 to whoever sees them alone.
LETTERS = tuple(sorted(set(string.ascii_letters) - set("oOQDlI")))
_DRAWN = 64  # pixels of a capital before it is brought to its size

Image = np.ndarray


def printed_letter(size: float, font: int, random: np.random.Generator) -> Image:
    """A letter of `font` in 0..7, a capital of it `size` pixels high."""
    letter = str(random.choice(LETTERS))
    scale = cv2.getFontScaleFromHeight(font, _DRAWN, 1)
    thickness = int(random.integers(2, 9))
    canvas = np.zeros((3 * _DRAWN, 4 * _DRAWN), np.uint8)
    cv2.putText(canvas, letter, (_DRAWN, 2 * _DRAWN), font, scale, 255, thickness, cv2.LINE_AA)
    return _cut(canvas, size / _DRAWN)


def scribble(size: float, random: np.random.Generator) -> Image:
    """A stroke without sense, `size` pixels high and up to three times as wide."""
    steps = int(random.integers(12, 90))
    turns = np.cumsum(random.normal(0, random.uniform(0.2, 1.0), steps)) + random.uniform(0, 2 * np.pi)
    walk = np.cumsum(np.stack([np.cos(turns), np.sin(turns)], axis=1), axis=0)
    span = np.ptp(walk, axis=0) + 1e-6
    height, width = float(size), float(size) * float(random.uniform(0.5, 3.0))
    points = (walk - walk.min(axis=0)) / span * (width, height) + 8
    canvas = np.zeros((round(height) + 16, round(width) + 16), np.uint8)
    thickness = max(1, round(size * random.uniform(0.03, 0.12)))
    cv2.polylines(canvas, [np.rint(points * 8).astype(np.int32)], False, 255, thickness, cv2.LINE_AA, 3)
    return _cut(canvas, 1.0)


def _cut(canvas: Image, scale: float) -> Image:
    rows, columns = np.flatnonzero(canvas.any(axis=1)), np.flatnonzero(canvas.any(axis=0))
    ink = canvas[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    size = (max(1, round(ink.shape[1] * scale)), max(1, round(ink.shape[0] * scale)))
    return cv2.resize(ink, size, interpolation=cv2.INTER_AREA).astype(np.float32) / 255
