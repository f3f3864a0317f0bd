"""What lies under and around handwriting: printed lines, cells, guilloche, hatching, shade, blur, noise,
JPEG.

In: a canvas size and a random generator. Out: darkness maps (height, width) float32 in [0, 1], 0 is clean
paper. Nothing here comes from an image: every texture is drawn from formulas.
"""

from __future__ import annotations

import math

import cv2
import numpy as np

_CLOSE = 0.3  # of pictures end close to the writing, of each side
_SHORT = 0.4  # of strips are no longer than their line

Image = np.ndarray


def background(height: int, width: int, text_height: float, random: np.random.Generator) -> Image:
    """A darkness map of printed paper: one texture or two, and sometimes a slow change of shade."""
    canvas = np.zeros((height, width), np.float32)
    kind = random.random()
    if kind < 0.30:
        canvas += _waves(height, width, random)
    elif kind < 0.50:
        canvas += _hatching(height, width, random)
    elif kind < 0.60:
        canvas += _grain(height, width, random)
    elif kind < 0.70:
        canvas += _ruling(height, width, text_height, random)
    if random.random() < 0.15:
        canvas = np.maximum(canvas, 0.7 * _waves(height, width, random))
    if random.random() < 0.3:
        canvas += _shade(height, width, random)
    return np.clip(canvas, 0, 1)


def printed_lines(height: int, width: int, top: float, bottom: float, random: np.random.Generator) -> Image:
    """Strong print near the text: a base line, a line above, a frame or a cell for each digit."""
    canvas = np.zeros((height, width), np.float32)
    strength = float(random.uniform(0.35, 1.0))
    thickness = int(random.integers(1, 4))
    slope = float(random.normal(0, 0.01)) * width
    text = bottom - top

    def horizontal(y: float) -> None:
        _line(canvas, (0, y), (width, y + slope), strength, thickness)

    kind = random.random()
    if kind < 0.45:
        horizontal(bottom + random.uniform(-0.12, 0.3) * text)
    elif kind < 0.55:
        horizontal(top + random.uniform(-0.3, 0.05) * text)
    elif kind < 0.75:
        horizontal(bottom + random.uniform(0, 0.3) * text)
        horizontal(top - random.uniform(0, 0.3) * text)
    if kind > 0.65 and random.random() < 0.5:
        for x in random.uniform(0, width, int(random.integers(1, 3))):
            _line(canvas, (x, 0), (x + random.normal(0, 2), height), strength, thickness)
    return canvas


def cells(
    height: int, width: int, edges: list[float], top: float, bottom: float, random: np.random.Generator
) -> Image:
    """A form's boxes: a frame from `top` to `bottom` with a vertical line at each of `edges` (pixels)."""
    canvas = np.zeros((height, width), np.float32)
    strength, thickness = float(random.uniform(0.3, 1.0)), int(random.integers(1, 3))
    for y in (top, bottom):
        _line(canvas, (min(edges), y), (max(edges), y), strength, thickness)
    for x in edges:
        _line(canvas, (x, top), (x, bottom), strength, thickness)
    return canvas


def camera(strip: Image, random: np.random.Generator) -> Image:
    """Defocus or motion, sensor noise and JPEG."""
    kind = random.random()
    if kind < 0.6:
        strip = cv2.GaussianBlur(strip, (0, 0), float(random.uniform(0.3, 1.1)))
    elif kind < 0.7:
        strip = shaken(strip, 5.0, random)
    if random.random() < 0.7:
        strip = strip + random.normal(0, random.uniform(0.01, 0.07), strip.shape).astype(np.float32)
    if random.random() < 0.25:
        quality = int(random.integers(25, 90))
        encoded = cv2.imencode(
            ".jpg", np.clip(strip * 255, 0, 255).astype(np.uint8), [cv2.IMWRITE_JPEG_QUALITY, quality]
        )
        decoded = cv2.imdecode(encoded[1], cv2.IMREAD_GRAYSCALE)
        strip = np.asarray(decoded, np.float32) / 255
    return np.clip(strip, 0, 1)


def at_the_border(strip: Image, box: np.ndarray, random: np.random.Generator) -> Image:
    """The strip (rows, columns) of a picture that ends close to the writing in `box` (left, top, right,
    bottom), on some of its sides: beyond its border the reader repeats it, with the strokes that reach it.
    And some strips end soon after the writing.
    """
    strip = strip.copy()
    last = [strip.shape[1] - 1, strip.shape[0] - 1]
    ends = box + np.array([-1, -1, 1, 1]) * random.uniform(-2, 6, 4)
    left, top, right, bottom = np.clip(np.rint(ends).astype(int), 0, last + last)
    repeats = random.random(4) < _CLOSE
    if repeats[0]:
        strip[:, :left] = strip[:, left, None]
    if repeats[1]:
        strip[:top] = strip[top]
    if repeats[2]:
        strip[:, right:] = strip[:, right, None]
    if repeats[3]:
        strip[bottom:] = strip[bottom]
    if random.random() < _SHORT:
        strip[:, right + int(random.integers(6, 18)) :] = 0
    return strip


def shaken(image: Image, length: float, random: np.random.Generator) -> Image:
    """The image as a camera sees it that moves `length` pixels along a straight line meanwhile."""
    side = 2 * max(1, round(length / 2)) + 1
    middle, angle = side // 2, random.uniform(0, math.pi)
    reach = np.array([math.cos(angle), math.sin(angle)]) * middle
    start, end = np.rint(middle - reach).astype(int), np.rint(middle + reach).astype(int)
    kernel = np.zeros((side, side), np.float32)
    cv2.line(kernel, tuple(start.tolist()), tuple(end.tolist()), 1.0)
    return cv2.filter2D(image, -1, kernel / kernel.sum())


def _line(
    canvas: Image, start: tuple[float, float], end: tuple[float, float], strength: float, thickness: int
) -> None:
    first = (round(start[0] * 8), round(start[1] * 8))
    second = (round(end[0] * 8), round(end[1] * 8))
    cv2.line(canvas, first, second, strength, thickness, cv2.LINE_AA, 3)


def _waves(height: int, width: int, random: np.random.Generator) -> Image:
    """Guilloche: bands of lines whose distance and height swing slowly."""
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    period = random.uniform(5, 14)
    angle = random.normal(0, 0.25)
    swing = random.uniform(0, 2.5) * np.sin(
        2 * np.pi * (x / random.uniform(15, 120) + y / random.uniform(30, 300)) + random.uniform(0, 6.3)
    )
    phase = 2 * np.pi * (y * math.cos(angle) + x * math.sin(angle) + swing * period / 4) / period
    sharpness = random.uniform(0.5, 3)
    wave = (0.5 + 0.5 * np.sin(phase)) ** sharpness
    return (random.uniform(0.08, 0.5) * wave).astype(np.float32)


def _hatching(height: int, width: int, random: np.random.Generator) -> Image:
    """Thin printed lines, straight or bent, in one direction or two."""
    canvas = np.zeros((height, width), np.float32)
    for _ in range(int(random.integers(1, 4))):
        angle = random.uniform(0, math.pi)
        step = random.uniform(6, 22)
        bend = random.normal(0, 0.002)
        strength = float(random.uniform(0.12, 0.55))
        reach = height + width
        along = np.linspace(-reach, reach, 24)
        across = np.arange(-reach, reach, step)[:, None] + bend * along**2
        px = width / 2 + along * math.cos(angle) - across * math.sin(angle)
        py = height / 2 + along * math.sin(angle) + across * math.cos(angle)
        points = np.round(np.stack([px, py], axis=2) * 8).astype(np.int32)
        cv2.polylines(canvas, list(points), False, strength, 1, cv2.LINE_AA, 3)
    return canvas


def _grain(height: int, width: int, random: np.random.Generator) -> Image:
    noise = random.normal(0, 1, (height, width)).astype(np.float32)
    noise = cv2.GaussianBlur(noise, (0, 0), float(random.uniform(0.7, 2.5)))
    return np.clip(noise / max(float(noise.std()), 1e-6) * random.uniform(0.05, 0.2), 0, 1)


def _ruling(height: int, width: int, text_height: float, random: np.random.Generator) -> Image:
    canvas = np.zeros((height, width), np.float32)
    step = random.uniform(0.3, 1.3) * text_height
    strength = float(random.uniform(0.15, 0.6))
    slope = random.normal(0, 0.03)
    for y in np.arange(random.uniform(0, step), height, step):
        _line(canvas, (0, y), (width, y + slope * width), strength, int(random.integers(1, 3)))
    if random.random() < 0.6:
        for x in np.arange(random.uniform(0, step), width, step):
            _line(canvas, (x, 0), (x - slope * height, height), strength, int(random.integers(1, 3)))
    return canvas


def _shade(height: int, width: int, random: np.random.Generator) -> Image:
    coarse = random.random((3, 5)).astype(np.float32)
    return cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC) * float(
        random.uniform(0.05, 0.3)
    )
