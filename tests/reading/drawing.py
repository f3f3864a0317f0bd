"""Pages drawn for tests, with the truth of where the pen went. In: text and places. Out: gray uint8 pages and
masks.

Digits are strokes of our own (lines and arcs of ellipses); paper, light and printed lines are formulas.
"""

from __future__ import annotations

import math

import cv2
import numpy as np

from inkdigits.reading.page import Page

WHITE = 225.0
_ARC_STEPS = 24


def _arc(x: float, y: float, rx: float, ry: float, start: float, end: float) -> list[tuple[float, float]]:
    """Points of an arc, degrees clockwise from the right."""
    angles = np.radians(np.linspace(start, end, _ARC_STEPS))
    return [(x + rx * math.cos(a), y + ry * math.sin(a)) for a in angles]


# Each digit's strokes in a box of height 1; x to the right, y down.
STROKES: dict[str, list[list[tuple[float, float]]]] = {
    "0": [_arc(0.30, 0.5, 0.28, 0.5, -90, 270)],
    "1": [[(0.12, 0.22), (0.32, 0.0), (0.30, 1.0)]],
    "2": [[*_arc(0.30, 0.27, 0.27, 0.27, -170, 35), (0.02, 1.0), (0.62, 0.97)]],
    "3": [[*_arc(0.26, 0.25, 0.25, 0.25, -150, 85), *_arc(0.26, 0.73, 0.30, 0.27, -85, 150)]],
    "4": [[(0.36, 0.0), (0.02, 0.62), (0.64, 0.60)], [(0.50, 0.30), (0.46, 1.0)]],
    "5": [[(0.56, 0.02), (0.12, 0.02), (0.08, 0.44), *_arc(0.26, 0.68, 0.32, 0.31, -110, 140)]],
    "6": [[(0.46, 0.0), *_arc(0.34, 0.70, 0.32, 0.60, -140, -180), *_arc(0.30, 0.72, 0.28, 0.27, -180, 180)]],
    "7": [[(0.02, 0.03), (0.58, 0.02), (0.24, 1.0)]],
    "8": [[*_arc(0.30, 0.24, 0.23, 0.23, 90, 450)], [*_arc(0.30, 0.74, 0.28, 0.27, -90, 270)]],
    "9": [[*_arc(0.30, 0.27, 0.26, 0.26, 0, 360), (0.56, 0.3), (0.46, 1.0)]],
}


def pen(
    shape: tuple[int, int],
    text: str,
    left: float,
    top: float,
    height: float,
    *,
    thickness: int | None = None,
    advance: float = 0.95,
    fall: float = 0.0,
) -> np.ndarray:
    """`text` in digits as coverage (h, w) float32 in [0, 1]; spaces are left free.

    Args:
        height: of a digit, in pixels. thickness: of the stroke; a tenth of the height where None.
        advance: digit heights from one digit's left side to the next's. fall: y per x of the base line.
    """
    ink = np.zeros(shape, np.uint8)
    width = thickness or max(1, round(height / 10))
    for place, sign in enumerate(text):
        x = left + place * advance * height
        y = top + fall * (x - left)
        for stroke in STROKES.get(sign, []):
            points = np.round((np.array(stroke) * height + (x, y)) * 8).astype(np.int32)
            cv2.polylines(ink, [points], False, 255, width, cv2.LINE_AA, 3)
    return ink.astype(np.float32) / 255


def paper(shape: tuple[int, int], brightness: float = WHITE) -> np.ndarray:
    """Bare paper (h, w) float32 in gray levels."""
    return np.full(shape, brightness, np.float32)


def shadow(shape: tuple[int, int], darkest: float, angle: float = 0.5) -> np.ndarray:
    """Light (h, w) float32 that falls evenly from 1 in one corner to `darkest` in the other."""
    y, x = np.mgrid[0 : shape[0], 0 : shape[1]].astype(np.float32)
    along = x * math.cos(angle) + y * math.sin(angle)
    return 1 - (1 - darkest) * along / max(1.0, float(along.max()))


def vignette(shape: tuple[int, int], darkest: float) -> np.ndarray:
    """Light (h, w) float32 that falls from 1 in the middle to `darkest` in the corners."""
    y, x = np.mgrid[-1 : 1 : shape[0] * 1j, -1 : 1 : shape[1] * 1j].astype(np.float32)
    return (1 - (1 - darkest) * (x**2 + y**2) / 2).astype(np.float32)


def ruling(shape: tuple[int, int], pitch: float, *, tilt: float = 0.0, squared: bool = True) -> np.ndarray:
    """Printed lines as coverage (h, w) float32, two pixels wide, turned by `tilt` degrees."""
    height, width = shape
    canvas = np.zeros(shape, np.uint8)
    reach = height + width
    across = np.array([math.cos(math.radians(tilt)), math.sin(math.radians(tilt))])
    for direction in (across, np.array([-across[1], across[0]]))[: 2 if squared else 1]:
        normal = np.array([-direction[1], direction[0]])
        for offset in np.arange(-reach, reach, pitch):
            middle = np.array([width / 2, height / 2]) + offset * normal
            ends = np.round(np.array([middle - reach * direction, middle + reach * direction]) * 8)
            first, second = ends.astype(int).tolist()
            cv2.line(canvas, first, second, 255, 2, cv2.LINE_AA, 3)
    return canvas.astype(np.float32) / 255


def photo(
    ink: np.ndarray,
    *,
    light: np.ndarray | float = 1.0,
    printed: np.ndarray | float = 0.0,
    pen_level: float = 40.0,
    paper_level: float = WHITE,
    print_level: float = 150.0,
    noise: float = 2.0,
    seed: int = 0,
) -> np.ndarray:
    """A page (h, w) uint8: ink over print on paper, lit, blurred a little, with the sensor's noise."""
    gray = paper(ink.shape, paper_level)
    gray += (print_level - gray) * printed
    gray += (pen_level - gray) * ink
    gray *= light
    gray = cv2.GaussianBlur(gray, (0, 0), 0.7)
    gray += np.random.default_rng(seed).normal(0, noise, gray.shape)
    return np.clip(np.round(gray), 0, 255).astype(np.uint8)


def page(gray: np.ndarray) -> Page:
    """`gray` (h, w) uint8 as the reader's page."""
    return Page(np.ascontiguousarray(gray), "drawn", 1)


def handwriting(text: str, height: int = 90, *, seed: int = 0) -> np.ndarray:
    """A photo (h, w) uint8 of `text` on one line, shadow and noise included."""
    shape = (round(2.6 * height), round((1.05 * len(text) + 1.6) * height))
    ink = pen(shape, text, 0.8 * height, 0.8 * height, height, advance=1.05)
    return photo(ink, light=shadow(shape, 0.7), seed=seed)
