"""What drawn scenes are made of. Out: ink, darkness (height, width) float32 in [0, 1], and pictures of it,
uint8.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from inkdigits.learning.pen import Hand, Pen, draw_stroke, write

SHEETS = ((1754, 1240), (2480, 3508), (1200, 900), (800, 600))
BOARDS = ((1200, 900), (800, 1200), (600, 800))
_BLACK = (0.0, 0.0, 0.0)
_LINE = 0.006  # of a photo's longer side: a ruled line's width

Image = np.ndarray
Random = np.random.Generator


@dataclass(frozen=True)
class Scene:
    """A picture (height, width) uint8 and the numbers on it, from top to bottom."""

    picture: Image
    numbers: tuple[str, ...]


def ruling(shape: tuple[int, int], squared: bool, random: Random) -> Image:
    """Lines of a ruled sheet, or of squares, (height, width) float32 in [0, 1], a little tilted."""
    lines = np.zeros(shape, np.uint8)
    longest = max(shape)
    step, tilt = random.uniform(0.05, 0.15) * longest, np.radians(random.uniform(-4, 4))
    along = np.array([np.cos(tilt), np.sin(tilt)])
    middle = np.array([shape[1] / 2, shape[0] / 2])
    for way in (along, along[::-1] * (-1, 1))[: 2 if squared else 1]:
        for number in range(-30, 31):
            foot = middle + number * step * way[::-1] * (-1, 1)
            ends = [
                tuple(np.rint(16 * (foot + side * 2 * longest * way)).astype(int).tolist())
                for side in (-1, 1)
            ]
            cv2.line(lines, ends[0], ends[1], 255, max(1, round(_LINE * longest)), cv2.LINE_AA, 4)
    return lines.astype(np.float32) / 255


def photographed(ink: Image, random: Random) -> Image:
    """Ink, darkness (height, width) in [0, 1], on paper in uneven light, with a sensor's noise."""
    height, width = ink.shape
    fall = random.uniform(-0.2, 0.2, 2)
    light = 1 + fall[0] * np.linspace(-1, 1, height)[:, None] + fall[1] * np.linspace(-1, 1, width)
    gray = cv2.GaussianBlur(random.uniform(150, 215) * light * (1 - ink), (0, 0), 0.7)
    return np.clip(np.rint(gray + random.normal(0, random.uniform(1, 4), ink.shape)), 0, 255).astype(np.uint8)


def digits(least: int, most: int, random: Random) -> str:
    """So many digits."""
    return "".join(map(str, random.integers(0, 10, random.integers(least, most + 1))))


def number(
    shape: tuple[int, int],
    text: str,
    left: float,
    base: float,
    height: float,
    random: Random,
    *,
    spacing: float = 0.2,
) -> Image:
    """The ink of a number, (height, width) float32 in [0, 1]; its base line begins at (left, base), its
    digits are `spacing` heights apart, from path to path of the pen. A "/" is a date's stroke, which leans
    and reaches beyond the digits.
    """
    ink = np.zeros(shape, np.float32)
    pen = Pen(height * random.uniform(0.08, 0.13), _BLACK, opacity=1.0)
    hand = Hand(slant=random.uniform(0, 0.25), spacing=spacing)
    for place, part in enumerate(text.split("/")):
        if place:
            above, below = random.uniform(0.05, 0.35, 2) * height
            lean = random.uniform(0.25, 0.55) * (height + above + below)
            stroke = np.array([(left + lean, base - height - above), (left, base + below)])
            draw_stroke(ink, [stroke], pen, random)
            left += lean + 0.1 * height
        left = write(ink, part, (left, base), height, hand, pen, random)
    return ink


def rows_of(shape: tuple[int, int], height: float, random: Random) -> tuple[Image, tuple[str, ...]]:
    """One to four numbers of up to six digits below one another on a sheet, their ink and what they are."""
    rows = int(random.integers(1, 5))
    texts = [digits(1, max(1, min(6, int(0.75 * shape[1] / (0.9 * height)))), random) for _ in range(rows)]
    ink = np.zeros(shape, np.float32)
    for row, text in enumerate(texts):
        left, base = random.uniform(0.05, 0.2) * shape[1], (0.22 + 0.72 * row / rows) * shape[0]
        ink = np.maximum(ink, number(shape, text, left, base, height, random))
    return ink, tuple(texts)


def smooth_noise(shape: tuple[int, int], size: tuple[float, float], random: Random) -> Image:
    """Noise as coarse as `size` (across, down) in pixels, (height, width) float32 in [0, 1]."""
    noise = cv2.GaussianBlur(random.random(shape).astype(np.float32), (0, 0), size[0], sigmaY=size[1])
    return (noise - noise.min()) / np.ptp(noise)


def exposed(gray: Image, random: Random) -> Image:
    """Gray levels (height, width) as a sensor has them, uint8."""
    noisy = cv2.GaussianBlur(gray, (0, 0), 0.8) + random.normal(0, 3, gray.shape)
    return np.clip(np.rint(noisy), 0, 255).astype(np.uint8)


def cells(
    rows: int, columns: int, wide: float, gap: float, most: int, random: Random, *, ruled: bool = True
) -> tuple[Image, list[list[str]]]:
    """Numbers of up to `most` digits in ruled cells, `wide` digit heights each and so many `gap` apart:
    (height, width) float32, and what they are; pen and ruling are of any darkness.
    """
    height = random.uniform(32, 60)
    high = random.uniform(1.5, 2.0) * height
    shape = (round(rows * high + 2 * height), round(columns * (wide + gap) * height + 2 * height))
    ink, lines = np.zeros(shape, np.float32), np.zeros(shape, np.float32)
    thick = max(1, round(random.uniform(0.02, 0.05) * height))
    texts = [[digits(1, most, random) for _ in range(columns)] for _ in range(rows)]
    for row, line in enumerate(texts):
        for place, text in enumerate(line):
            left, top = height * (1 + place * (wide + gap)), height + row * high
            ends = (round(left), round(top)), (round(left + wide * height), round(top + high))
            cv2.rectangle(lines, *ends, float(ruled), thick, cv2.LINE_AA)
            start = left + random.uniform(0.15, 0.3) * height, top + high / 2 + 0.45 * height
            ink = np.maximum(ink, number(shape, text, *start, 0.9 * height, random))
    return np.maximum(random.uniform(0.35, 0.8) * ink, random.uniform(0.2, 0.8) * lines), texts
