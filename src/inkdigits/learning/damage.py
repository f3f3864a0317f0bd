"""What may happen to a glyph before it is read: noise, specks, stains, strokes across it, shade, a lifted
ground, blur, turned-over patches, nothing left but its outline.

In: glyphs (n, 28, 28) uint8, white ink on black, and a seeded random generator. Out: glyphs of the same shape
and dtype. All of it is random in kind and strength. The fifteen corruptions of MNIST-C (`corruptions`) only
measure: what is alike here, as specks and impulses, shade and fog, strokes and zigzags, is made in another
way, and no function of theirs is used.
"""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np

TWICE = 0.3  # of the glyphs suffer two kinds
_FINE = 4  # strokes are drawn on a canvas this many times as large

Image = np.ndarray
Kind = Callable[[Image, np.random.Generator], Image]


def damage(glyphs: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Each glyph after one or two kinds of damage, drawn evenly."""
    kinds = list(_KINDS)
    out = np.empty_like(glyphs)
    first, second = random.integers(0, len(kinds), (2, len(glyphs)))
    twice = random.random(len(glyphs)) < TWICE
    for index, glyph in enumerate(glyphs):
        image = np.clip(kinds[first[index]](glyph.astype(np.float32) / 255, random), 0, 1)
        if twice[index]:
            image = np.clip(kinds[second[index]](image, random), 0, 1)
        out[index] = np.rint(image * 255)
    return out


def _noise(image: Image, random: np.random.Generator) -> Image:
    """Gaussian noise, the same everywhere or stronger where there is ink."""
    noise = random.standard_normal(image.shape, np.float32) * np.float32(random.uniform(0.05, 0.45))
    return image + (noise * np.sqrt(image) if random.random() < 0.5 else noise)


def _specks(image: Image, random: np.random.Generator) -> Image:
    """Pixels of any grey in place of what was there."""
    struck = random.random(image.shape) < random.uniform(0.02, 0.3)
    return np.where(struck, random.random(image.shape, np.float32), image)


def _stains(image: Image, random: np.random.Generator) -> Image:
    """Soft spots of one grey."""
    field = _field(image.shape, float(random.uniform(0.8, 2.5)), random)
    share = float(random.uniform(0.05, 0.3))
    spots = (field > np.quantile(field, 1 - share)).astype(np.float32)
    spots = cv2.GaussianBlur(spots, (0, 0), 0.6)
    return image * (1 - spots) + spots * np.float32(random.random())


def _strokes(image: Image, random: np.random.Generator) -> Image:
    """One to three strokes of another pen, straight or bent, that may reach from border to border."""
    side = image.shape[0] * _FINE
    canvas = np.zeros((side, side), np.uint8)
    for _ in range(int(random.integers(1, 4))):
        ends = random.uniform(-0.2 * side, 1.2 * side, (3, 2))
        if random.random() < 0.5:
            ends[1] = (ends[0] + ends[2]) / 2
        steps = np.linspace(0, 1, 12)[:, None]
        points = (1 - steps) ** 2 * ends[0] + 2 * steps * (1 - steps) * ends[1] + steps**2 * ends[2]
        width = int(random.integers(2, 2 * _FINE))
        cv2.polylines(canvas, [np.rint(points).astype(np.int32)], False, 255, width)
    small = cv2.resize(canvas, image.shape[::-1], interpolation=cv2.INTER_AREA).astype(np.float32) / 255
    return np.maximum(image, small * np.float32(random.uniform(0.4, 1.0)))


def _shade(image: Image, random: np.random.Generator) -> Image:
    """Light and shadow, up to one and a half times as strong as the ink, brought back to its range."""
    field = _field(image.shape, float(random.uniform(2, 10)), random)
    field = (field - field.min()) / max(float(np.ptp(field)), 1e-6)
    strength = np.float32(random.uniform(0.2, 1.5))
    return (image + strength * field) / (1 + strength)


def _lift(image: Image, random: np.random.Generator) -> Image:
    """A grey ground, and less contrast."""
    ground = float(random.uniform(0.1, 0.7))
    return np.float32(ground) + image * np.float32((1 - ground) * random.uniform(0.4, 1.0))


def _blur(image: Image, random: np.random.Generator) -> Image:
    """Out of focus, along one axis more than along the other."""
    sigmas = random.uniform(0.3, 2.0, 2)
    return cv2.GaussianBlur(image, (0, 0), float(sigmas[0]), sigmaY=float(sigmas[1]))


def _turned_over(image: Image, random: np.random.Generator) -> Image:
    """Black for white in a patch, in a half, or everywhere."""
    (top, left), (bottom, right) = np.sort(random.integers(0, image.shape[0] + 1, (2, 2)), axis=0)
    patch = np.zeros_like(image)
    kind = random.random()
    if kind < 0.4:
        patch[top:bottom, left:right] = 1
    elif kind < 0.8:
        patch[:, left:] = 1
        patch = np.rot90(patch, int(random.integers(4)))
    else:
        patch[:] = 1
    return np.abs(image - patch)


def _outline(image: Image, random: np.random.Generator) -> Image:
    """The rims of the strokes alone, as of a hollow letter."""
    thick = cv2.dilate(image, np.ones((3, 3), np.uint8))
    thin = image if random.random() < 0.5 else cv2.erode(image, np.ones((2, 2), np.uint8))
    rims = thick - thin
    return rims / max(float(rims.max()), 1e-6)


def _holes(image: Image, random: np.random.Generator) -> Image:
    """Ink that did not take."""
    field = _field(image.shape, float(random.uniform(0.4, 1.5)), random)
    return np.where(field > np.quantile(field, random.uniform(0.6, 0.95)), np.float32(0), image)


def _field(shape: tuple[int, ...], sigma: float, random: np.random.Generator) -> Image:
    """Smooth random values."""
    return cv2.GaussianBlur(random.standard_normal(shape, np.float32), (0, 0), sigma)


_KINDS: tuple[Kind, ...] = (
    _noise,
    _specks,
    _stains,
    _strokes,
    _shade,
    _lift,
    _blur,
    _turned_over,
    _outline,
    _holes,
)
