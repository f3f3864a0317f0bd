"""Handwriting from pen strokes. In: text, a `Hand`, a `Pen`. Out: ink coverage of a sheet, float32 in [0, 1].

Forms are those of `forms`: points in hundredths of a digit's height, with corners and lifts of the pen.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise

import cv2
import numpy as np
from scipy.interpolate import make_interp_spline
from scipy.ndimage import gaussian_filter1d

from inkdigits.learning.forms import FORMS


@dataclass(frozen=True)
class Hand:
    """One writer. `forms` names the form of a digit (else the first); `slant` is x per y, to the right.

    `wobble` is how far points stray, `drift` how far the base line does, both in heights; `spacing` is the
    gap between digits in heights; `width` scales x.
    """

    forms: Mapping[str, str] = field(default_factory=dict)
    slant: float = 0.12
    wobble: float = 0.018
    drift: float = 0.02
    spacing: float = 0.2
    width: float = 1.0


@dataclass(frozen=True)
class Pen:
    """A writing tool: `width` of its line in pixels of the sheet, `color` RGB in [0, 1], `opacity` in [0, 1].

    `grain` in [0, 1] is how much of the paper's tooth stays bare (pencil, chalk).
    """

    width: float
    color: tuple[float, float, float]
    opacity: float = 0.9
    grain: float = 0.0


def write(
    ink: np.ndarray,
    text: str,
    at: tuple[float, float],
    height: float,
    hand: Hand,
    pen: Pen,
    rng: np.random.Generator,
) -> float:
    """Write `text` on `ink` from `at` (x, y of the base line's start, pixels), digits `height` pixels high.

    A space leaves a gap. Returns the x where the writing ends.
    """
    x, base = at
    for symbol in text:
        if symbol == " ":
            x += 0.5 * height
            continue
        form = FORMS[symbol].get(hand.forms.get(symbol, ""), next(iter(FORMS[symbol].values())))
        strokes = smooth_parts(form)
        points = np.concatenate([part for stroke in strokes for part in stroke])
        left, right = points[:, 0].min(), points[:, 0].max()
        size = height * (1 + rng.normal(0, 0.03))
        turn = rng.normal(0, 0.03)
        shift = base + rng.normal(0, hand.drift) * height
        for stroke in strokes:
            placed = []
            for part in stroke:
                moved = part + rng.normal(0, hand.wobble, part.shape)
                moved[0], moved[-1] = part[0], part[-1]
                across = (moved[:, 0] - left) * hand.width + (1 - moved[:, 1]) * (hand.slant + turn)
                down = moved[:, 1] - 1 + (moved[:, 0] - left) * turn
                placed.append(np.stack([x + size * across, shift + size * down], axis=1))
            draw_stroke(ink, placed, pen, rng)
        x += size * ((right - left) * hand.width + hand.spacing * (0.8 + 0.4 * rng.random()))
    return x


def draw_stroke(ink: np.ndarray, parts: list[np.ndarray], pen: Pen, rng: np.random.Generator) -> None:
    """Draw smooth curves (each N x 2, pixels), joined at corners, as one stroke of varying pressure."""
    path = np.concatenate([_curve(part) for part in parts])
    steps = len(path)
    pressure = 1 + 0.16 * _slow_noise(steps, 40, rng)
    ends = np.minimum(np.arange(steps), np.arange(steps)[::-1]) / (2.5 * pen.width)
    radius = 0.5 * pen.width * np.clip(pressure, 0.6, 1.5) * np.clip(0.55 + 0.45 * ends, 0, 1)
    # The hand trembles a little: about a tenth of the line's width.
    path = path + 0.1 * pen.width * np.stack([_slow_noise(steps, 12, rng) for _ in range(2)], axis=1)
    density = np.clip(pen.opacity * (0.94 + 0.08 * _slow_noise(steps, 25, rng)), 0, 1)
    fixed = np.rint(path * 16).astype(int)
    layer = np.zeros(ink.shape, np.uint8)
    for (x, y), half, dense in zip(fixed, radius, density, strict=True):
        cv2.circle(layer, (int(x), int(y)), max(4, round(16 * half)), int(255 * dense), -1, cv2.LINE_AA, 4)
    np.maximum(ink, layer.astype(np.float32) / 255, out=ink)


def smooth_parts(form: str) -> list[list[np.ndarray]]:
    """Strokes of smooth parts (N x 2, in heights) that meet at the corners of `form`."""
    strokes = []
    for stroke in form.split("/"):
        words = stroke.split()
        points = np.array([[float(number) / 100 for number in word.rstrip("!").split(",")] for word in words])
        corners = [index for index, word in enumerate(words) if word.endswith("!")]
        bounds = [0, *corners, len(words) - 1]
        strokes.append([points[start : stop + 1] for start, stop in pairwise(bounds)])
    return strokes


def _curve(points: np.ndarray) -> np.ndarray:
    """A smooth curve through the points, sampled about once a pixel."""
    chords = np.hypot(*np.diff(points, axis=0).T)
    # Centripetal parameters keep the curve from overshooting where points are close (Lee, 1989).
    knots = np.concatenate([[0], np.cumsum(np.sqrt(np.maximum(chords, 1e-6)))])
    spline = make_interp_spline(knots, points, k=min(3, len(points) - 1))
    dense = spline(np.linspace(0, knots[-1], max(8, round(3 * chords.sum()))))
    length = np.concatenate([[0], np.cumsum(np.hypot(*np.diff(dense, axis=0).T))])
    even = np.linspace(0, length[-1], max(4, round(length[-1])))
    return np.stack([np.interp(even, length, dense[:, axis]) for axis in (0, 1)], axis=1)


def _slow_noise(count: int, scale: float, rng: np.random.Generator) -> np.ndarray:
    """`count` values of smooth noise, mean 0, standard deviation about 1, correlated over `scale` steps."""
    noise = gaussian_filter1d(rng.normal(size=count + 8 * int(scale)), scale)[4 * int(scale) :][:count]
    return noise * np.sqrt(2 * scale * np.sqrt(np.pi))
