"""Batched warps of glyphs: translation, rotation, scale, shear and elastic distortion, in one resampling.

In: images (n, height, width) uint8, what to do, and a seeded random generator. Out: images of the same shape
and dtype. `source_positions` says where each pixel comes from; it computes in NumPy, or in what stands in for
it on another device.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np

from inkdigits.errors import RunError

# Displacement fields of this many images are held at a time: 2048 x 28 x 28 x 2 x 4 bytes = 13 MB.
CHUNK = 2048


@dataclass(frozen=True)
class Augmentation:
    """How far each image is warped at most; 0 switches a warp off, and all are off by default.

    `translation` is in pixels along each axis, `rotation` in degrees, `scale` and `shear` are fractions: 0.1
    is +-10 % of the size, and +-0.1 pixels sideways a pixel of height. Each is drawn uniformly for each
    image. `elastic` is the strength (alpha, pixels) of a random displacement field smoothed by a Gaussian of
    `elastic_sigma` pixels (Simard, Steinkraus and Platt 2003, who found alpha 34 and sigma 4 best on 29x29
    digits: displacements of 1.4 pixels' standard deviation).
    """

    translation: float = 0.0
    rotation: float = 0.0
    scale: float = 0.0
    shear: float = 0.0
    elastic: float = 0.0
    elastic_sigma: float = 4.0

    def __post_init__(self) -> None:
        limits = {"translation": 14, "rotation": 180, "scale": 0.9, "shear": 2, "elastic": 200}
        for name, limit in limits.items():
            if not 0 <= getattr(self, name) <= limit:
                raise RunError(f"augmentation: {name} is {getattr(self, name)}: 0 to {limit} is needed")
        if not 0.5 <= self.elastic_sigma <= 28:
            raise RunError(f"augmentation: elastic_sigma is {self.elastic_sigma}: 0.5 to 28 pixels is needed")

    @property
    def active(self) -> bool:
        """Whether any warp is switched on."""
        return any((self.translation, self.rotation, self.scale, self.shear, self.elastic))


def augment(images: np.ndarray, settings: Augmentation, generator: np.random.Generator) -> np.ndarray:
    """`images` (n, height, width) uint8, each warped by its own draw from `generator`; what comes in from
    outside is 0.

    The same generator state gives the same images. Where nothing is switched on, `images` itself is returned.
    """
    if not settings.active:
        return images
    out = np.empty_like(images)
    for start in range(0, len(images), CHUNK):
        part = images[start : start + CHUNK]
        maps = source_positions(_draw(part.shape, settings, generator), part.shape[1:], settings)
        for index, image in enumerate(part):
            horizontal, vertical = cv2.split(maps[index])
            out[start + index] = cv2.remap(image, horizontal, vertical, cv2.INTER_LINEAR)
    return out


@dataclass(frozen=True)
class Draws:
    """Random numbers, uniform in [-1, 1], that decide how each of n images is warped.

    `shift` and `scale` (n, 2), `angle` and `shear` (n,), `noise` (n, height, width, 2), or None where nothing
    is elastic: NumPy arrays, or those of another device.
    """

    shift: Any
    angle: Any
    shear: Any
    scale: Any
    noise: Any


def _draw(shape: tuple[int, ...], settings: Augmentation, generator: np.random.Generator) -> Draws:
    """Draws for images of `shape` (n, height, width)."""
    count = shape[0]
    return Draws(
        shift=generator.uniform(-1, 1, (count, 2)),
        angle=generator.uniform(-1, 1, count),
        shear=generator.uniform(-1, 1, count),
        scale=generator.uniform(-1, 1, (count, 2)),
        noise=generator.random((*shape, 2), dtype=np.float32) * 2 - 1 if settings.elastic else None,
    )


def source_positions(draws: Draws, shape: tuple[int, ...], settings: Augmentation, numerics: Any = np) -> Any:
    """Where each pixel of images of `shape` (height, width) is read from: (n, height, width, 2) float32 x and
    y, in pixels of the source.

    `numerics` is the module that computes: NumPy, or one with its functions, such as jax.numpy.
    """
    height, width = shape
    rows, columns = np.mgrid[0:height, 0:width].astype(np.float32)
    centre = np.array([(width - 1) / 2, (height - 1) / 2], dtype=np.float32)
    grid = np.stack([columns, rows], axis=-1) - centre
    positions = numerics.einsum("hwj,nij->nhwi", grid, _affine(draws, settings, numerics), optimize=True)
    positions += (centre + draws.shift * settings.translation).astype(np.float32)[:, None, None, :]
    if draws.noise is not None:
        positions += settings.elastic * _smooth(draws.noise, settings.elastic_sigma)
    return positions


def _affine(draws: Draws, settings: Augmentation, numerics: Any) -> Any:
    """(n, 2, 2) float32: rotation times shear times scale, both axes scaled by draws of their own."""
    angle = numerics.deg2rad(draws.angle * settings.rotation)
    shear = draws.shear * settings.shear
    # The map goes from output to source, so that a draw of +s enlarges by 1 + s.
    scale = 1 / (1 + draws.scale * settings.scale)
    cosine, sine = numerics.cos(angle), numerics.sin(angle)
    rows = [
        [cosine * scale[:, 0], (cosine * shear - sine) * scale[:, 1]],
        [sine * scale[:, 0], (sine * shear + cosine) * scale[:, 1]],
    ]
    return numerics.stack([numerics.stack(row, axis=-1) for row in rows], axis=1).astype(np.float32)


def _smooth(noise: Any, sigma: float) -> Any:
    """Each plane of (n, height, width, 2) blurred by a Gaussian of `sigma` pixels; outside the plane there is
    0.
    """
    planes = noise.transpose(0, 3, 1, 2)
    blurred = _gaussian(noise.shape[1], sigma) @ planes @ _gaussian(noise.shape[2], sigma)
    return blurred.transpose(0, 2, 3, 1)


def _gaussian(size: int, sigma: float) -> np.ndarray:
    """(size, size) float32, symmetric: multiplying by it blurs along an axis, by products faster than any
    filter.
    """
    distance = np.arange(size)[:, None] - np.arange(size)
    offsets = np.arange(-int(4 * sigma), int(4 * sigma) + 1)
    total = np.exp(-0.5 * (offsets / sigma) ** 2).sum()
    return (np.exp(-0.5 * (distance / sigma) ** 2) / total).astype(np.float32)
