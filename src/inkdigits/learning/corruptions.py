"""The fifteen corruptions of MNIST-C (Mu and Gilmer 2019), made anew from what the paper says of them.

In: glyphs (n, 28, 28) uint8, white ink on black, and a seeded random generator. Out: glyphs of the same
shape and dtype, corrupted. Nothing here is used in training: it measures what networks make of damage that
they have not seen. The strengths are those of the published set; its images differ, for their draws do.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import cv2
import numpy as np

SIDE = 28
MIDDLE = (SIDE - 1) / 2
PHOTONS = 3.0  # shot noise: of full ink
IMPULSES = 0.17  # share of pixels that are set to black or white
GLASS_BLUR, GLASS_PASSES = 0.7, 2
MOTION_REACH, MOTION_SIGMA, MOTION_ANGLE = 10, 3.0, 45.0  # pixels, pixels, degrees
SHEAR, SCALE, TURN, SHIFT = 0.4, 0.7, 0.4, 3  # rows a column, of the size, radians, pixels
BRIGHTER = 0.5
STRIPE = 7  # columns at either side that are inverted
FOG, FOG_DECAY, FOG_SIDE = 3.0, 1.4, 256
MUD = 63 / 255
LINE_REACH = 2.3  # pixels from the middle of a line to where it ends

Images = np.ndarray
Corruption = Callable[[Images, np.random.Generator], Images]


def shot_noise(images: Images, random: np.random.Generator) -> Images:
    """As few photons as three for full ink."""
    return random.poisson(images * PHOTONS) / PHOTONS


def impulse_noise(images: Images, random: np.random.Generator) -> Images:
    """Pixels set to black or to white, as many of one as of the other."""
    draws = random.random(images.shape)
    return np.where(draws < IMPULSES / 2, 0.0, np.where(draws < IMPULSES, 1.0, images))


def glass_blur(images: Images, random: np.random.Generator) -> Images:
    """Blurred, neighbouring pixels exchanged, and blurred again."""
    shaken = _blurred(images, GLASS_BLUR)
    everyone = np.arange(len(images))
    for _ in range(GLASS_PASSES):
        for row in range(SIDE - 1, 0, -1):
            for column in range(SIDE - 1, 0, -1):
                up, left = random.integers(0, 2, (2, len(images)))
                stays = random.random(len(images)) < 0.5
                other = (everyone, row - up * ~stays, column - left * ~stays)
                here = shaken[:, row, column].copy()
                shaken[:, row, column] = shaken[other]
                shaken[other] = here
    return _blurred(shaken, GLASS_BLUR)


def motion_blur(images: Images, random: np.random.Generator) -> Images:
    """Smeared to one side, along a line of any slope up to 45 degrees."""
    weights = np.exp(-0.5 * (np.arange(2 * MOTION_REACH + 1) / MOTION_SIGMA) ** 2)
    out = np.empty_like(images)
    for image, smeared in zip(images, out, strict=True):
        angle = math.radians(random.uniform(-MOTION_ANGLE, MOTION_ANGLE))
        kernel = np.zeros((4 * MOTION_REACH + 1,) * 2, np.float32)
        for step, weight in enumerate(weights):
            x, y = round(step * math.cos(angle)), round(step * math.sin(angle))
            kernel[2 * MOTION_REACH + y, 2 * MOTION_REACH + x] += weight
        cv2.filter2D(image, -1, kernel / kernel.sum(), smeared, borderType=cv2.BORDER_CONSTANT)
    return out


def shear(images: Images, random: np.random.Generator) -> Images:
    """Slanted to either side."""
    return _warped(images, [np.array([[1, SHEAR * sign], [0, 1]]) for sign in _signs(len(images), random)])


def scale(images: Images, random: np.random.Generator) -> Images:
    """Smaller."""
    return _warped(images, [np.eye(2) / SCALE] * len(images))


def rotate(images: Images, random: np.random.Generator) -> Images:
    """Turned to either side."""
    cosine, sine = math.cos(TURN), math.sin(TURN)
    signs = _signs(len(images), random)
    return _warped(images, [np.array([[cosine, -sine * sign], [sine * sign, cosine]]) for sign in signs])


def brightness(images: Images, random: np.random.Generator) -> Images:
    """All pixels brighter."""
    return images + BRIGHTER


def translate(images: Images, random: np.random.Generator) -> Images:
    """Moved along both axes."""
    shifts = SHIFT * np.stack([_signs(len(images), random) for _ in range(2)], axis=1)
    return _warped(images, [np.eye(2)] * len(images), shifts)


def stripe(images: Images, random: np.random.Generator) -> Images:
    """The columns at both sides inverted."""
    out = images.copy()
    for side in (np.s_[:, :, :STRIPE], np.s_[:, :, SIDE - STRIPE :]):
        out[side] = 1 - out[side]
    return out


def fog(images: Images, random: np.random.Generator) -> Images:
    """Three times as much cloud as ink, brought back to the ink's range."""
    out = np.empty_like(images)
    for start in range(0, len(images), 64):
        cloud = _cloud(random)
        for index in range(start, min(start + 64, len(images))):
            y, x = random.integers(0, FOG_SIDE - SIDE, 2)
            most = images[index].max()
            whole = images[index] + FOG * cloud[y : y + SIDE, x : x + SIDE]
            out[index] = whole * most / (most + FOG)
    return out


def spatter(images: Images, random: np.random.Generator) -> Images:
    """Specks of mud, darker than ink."""
    drops = _blurred(random.normal(0.65, 0.3, images.shape).astype(np.float32), 1.0)
    mud = _blurred((drops > 0.65).astype(np.float32), 1.5)
    mud[mud < 0.8] = 0
    return images * (1 - mud) + MUD * mud


def dotted_line(images: Images, random: np.random.Generator) -> Images:
    """A line of dots two pixels long across the image."""
    ends = random.integers(0, SIDE - 1, (2, len(images))).astype(np.float32)
    dots = (np.arange(SIDE) // 2 % 2 == 1).astype(np.float32)
    left, right = np.zeros(len(images), np.float32), np.full(len(images), SIDE - 1, np.float32)
    return images + dots * _lines(left, ends[0], right, ends[1])


def zigzag(images: Images, random: np.random.Generator) -> Images:
    """A line that swings by two pixels, up and down every two."""
    first = random.integers(0, SIDE - 1, len(images)).astype(np.float32)
    rise = random.integers(-5, 5, len(images)) / (SIDE - 5)
    out, places = images.copy(), np.arange(2, SIDE - 2, 2)
    for number, (left, right) in enumerate(zip(places, places[1:], strict=False)):
        swing = 2 if number % 2 else -2
        ends = [first + rise * (place - 2) + sign * swing for place, sign in ((left, 1), (right, -1))]
        span = [np.full(len(images), place, np.float32) for place in (left, right)]
        out = np.minimum(out + _lines(span[0], ends[0], span[1], ends[1]), 1)
    return out


def canny_edges(images: Images, random: np.random.Generator) -> Images:
    """The edges alone (Canny 1986)."""
    smooth = np.rint(_blurred(images, 1.0) * 255).astype(np.uint8)
    edges = [cv2.Canny(image, 26, 51, apertureSize=3, L2gradient=True) for image in smooth]
    return np.stack(edges).astype(np.float32) / 255


CORRUPTIONS: dict[str, Corruption] = {
    one.__name__.replace("_", "-"): one
    for one in (
        shot_noise,
        impulse_noise,
        glass_blur,
        motion_blur,
        shear,
        scale,
        rotate,
        brightness,
        translate,
        stripe,
        fog,
        spatter,
        dotted_line,
        zigzag,
        canny_edges,
    )
}


def corrupt(images: np.ndarray, name: str, seed: int = 0) -> np.ndarray:
    """`images` (n, 28, 28) uint8 under the corruption `name`, one of `CORRUPTIONS`; KeyError for another."""
    random = np.random.default_rng((seed, list(CORRUPTIONS).index(name)))
    damaged = CORRUPTIONS[name](images.astype(np.float32) / 255, random)
    return np.rint(np.clip(damaged, 0, 1) * 255).astype(np.uint8)


def _signs(count: int, random: np.random.Generator) -> np.ndarray:
    return random.choice([-1, 1], count)


def _blurred(images: Images, sigma: float) -> Images:
    return np.stack([cv2.GaussianBlur(image, (0, 0), sigma) for image in images])


def _warped(images: Images, matrices: list[np.ndarray], shifts: np.ndarray | None = None) -> Images:
    """Each image read at `matrix` times the place, about the middle, moved by its row of `shifts` (n, 2)."""
    out = np.empty_like(images)
    for index, (image, matrix) in enumerate(zip(images, matrices, strict=True)):
        middle = np.full(2, MIDDLE)
        offset = middle - matrix @ middle + (0 if shifts is None else shifts[index])
        way = np.column_stack([matrix, offset])
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        cv2.warpAffine(image, way, (SIDE, SIDE), out[index], flags, cv2.BORDER_CONSTANT)
    return out


def _cloud(random: np.random.Generator) -> np.ndarray:
    """A fractal in [0, 1]: noise of ever finer grain, each octave weaker by `FOG_DECAY`."""
    cloud, side, strength = np.zeros((FOG_SIDE, FOG_SIDE), np.float32), 2, 1.0
    while side <= FOG_SIDE:
        grain = random.uniform(-1, 1, (side, side)).astype(np.float32)
        cloud += strength * cv2.resize(grain, (FOG_SIDE, FOG_SIDE), interpolation=cv2.INTER_LINEAR)
        side, strength = 2 * side, strength / FOG_DECAY
    cloud -= cloud.min()
    return cloud / cloud.max()


def _lines(left: np.ndarray, top: np.ndarray, right: np.ndarray, bottom: np.ndarray) -> Images:
    """A line an image from (left, top) to (right, bottom), each (n,): ink fades with the logarithm of the
    vertical distance.
    """
    columns, rows = np.arange(SIDE, dtype=np.float32), np.arange(SIDE, dtype=np.float32)
    slope = (bottom - top) / (right - left)
    middle = top[:, None] + slope[:, None] * (columns - left[:, None])
    distance = np.minimum(np.abs(rows[None, :, None] - middle[:, None, :]), LINE_REACH - 1e-6)
    inside = (columns >= left[:, None]) & (columns < right[:, None])
    return np.clip(np.log(1 - distance / LINE_REACH) + 1, 0, 1) * inside[:, None, :]
