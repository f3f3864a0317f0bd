"""Handwriting from pen strokes. In: text, a `Hand`, a `Pen`. Out: ink coverage of a sheet, float32 in [0, 1].

Each form is a string of points in hundredths of a digit's height, x to the right, y down, 0 the top and 100
the base line. A point with `!` is a sharp corner, `/` lifts the pen. Several forms of a digit are several
ways that people are taught: open and closed 4, crossed 7, serifed 1, a loop in the 2.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise

import cv2
import numpy as np
from scipy.interpolate import make_interp_spline
from scipy.ndimage import gaussian_filter1d

FORMS: dict[str, dict[str, str]] = {
    "0": {
        "round": "38,4 20,8 6,32 5,64 16,93 34,98 52,80 57,46 50,15 37,3 27,7",
        "narrow": "30,3 16,12 6,44 9,80 22,98 38,88 46,54 40,16 28,2",
    },
    "1": {
        "stroke": "30,0 25,50 20,100",
        "serif": "9,29 21,17 33,2! 30,50 27,100",
        "based": "10,27 30,3! 29,50 28,98 / 6,98 30,97 52,98",
    },
    "2": {
        "loop": "6,25 13,7 32,1 48,15 45,40 28,69 12,91 4,96 5,87 17,86 35,95 49,98 64,90",
        "angle": "8,22 17,5 37,2 51,18 46,42 28,68 6,98! 30,97 60,95",
    },
    "3": {
        "round": "8,13 23,1 43,7 45,28 22,46! 42,50 54,72 44,94 22,100 4,88",
        "flat": "9,5 50,3! 26,42! 47,51 54,75 39,98 17,99 3,88",
    },
    "4": {
        "open": "20,4 14,30 6,62! 34,61 64,57 / 49,32 46,64 44,102",
        "closed": "66,65 36,67 3,68! 24,36 46,1! 45,50 43,101",
    },
    "5": {
        "capped": "17,5 15,22 12,43! 31,36 50,48 54,71 42,94 20,100 3,90 / 17,5 37,5 60,1",
        "single": "58,3 38,4 18,4! 12,44! 32,37 52,50 54,74 38,97 16,99 2,88",
    },
    "6": {
        "curl": "46,2 24,20 8,52 6,80 20,98 40,96 50,78 42,59 25,57 8,74",
        "straight": "36,0 18,34 6,70 14,95 32,99 46,84 42,65 26,60 10,74",
    },
    "7": {
        "plain": "6,6 30,5 57,4! 40,40 27,72 22,101",
        "crossed": "6,7 30,6 58,3! 41,40 28,72 23,101 / 15,53 35,50 56,49",
        "hooked": "8,18 9,5! 34,8 60,2! 39,44 24,100 / 18,54 36,52 57,51",
    },
    "8": {
        "curl": "46,13 30,1 14,12 18,32 36,50 50,74 38,97 18,97 6,80 18,56 40,36 48,18 42,6",
        "narrow": "42,12 28,2 15,13 20,34 33,52 44,75 33,98 17,96 9,78 19,54 36,36 43,19 38,6",
    },
    "9": {
        "straight": "46,20 33,3 13,8 6,30 18,46 36,41 47,17! 45,50 40,78 35,101",
        "tail": "46,20 33,3 13,8 6,30 18,46 36,41 47,17! 49,46 45,80 30,99 11,94",
    },
    ".": {"point": "2,96 6,97 4,100"},
    ",": {"comma": "6,93 7,103 -3,117"},
    "-": {"dash": "2,60 20,58 40,59"},
}


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
        strokes = _strokes(form)
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


def _strokes(form: str) -> list[list[np.ndarray]]:
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
