"""What a network sees, as arrays: what matters to its reading of a glyph, and what excites it most.

In: `Views` of a network and glyphs. Out: `GlyphViews` of each glyph, `BestInput`s of classes or units.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from inkdigits.errors import RunError
from inkdigits.learning.views import SIDE, Views
from inkdigits.reading.card import GLYPH_FILE, WEIGHTS

CELL = 2  # Pixels: occlusion is measured for cells of 2x2.
PATCH = 6  # Pixels: a patch of 6x6 covers a stroke, and not a digit.
# Activation maximisation: the noise it begins with, how many steps it takes, how far the first goes, how much
# of the ink fades for each unit of the way, and how far the picture is displaced meanwhile, in pixels.
START = 1.0
STEPS = 40
RATE = 6.0
FADING = 0.02
JITTER = 2
WAVES = 12  # Half periods, down and across together: strokes of 2 pixels and more.
UNITS = 16


@dataclass(frozen=True, eq=False)
class GlyphViews:
    """What a network makes of one glyph.

    Attributes:
        glyph: (28, 28) uint8.
        probabilities: (classes,) float32, calibrated where the weights' card says how.
        target: the class that is explained: the one read, or the one asked for.
        falls: (14, 14) float32, how much of the target's probability is lost while a patch of 6x6 pixels
            around each cell of 2x2 is blank paper (Zeiler and Fergus 2014); below 0 where it grows.
        slopes: (28, 28) float32, the gradient of the target's log odds by each pixel's ink (Simonyan et al.
            2013).
        maps: of each layer that has them, (count, height, width) float32.
    """

    glyph: np.ndarray
    probabilities: np.ndarray
    target: int
    falls: np.ndarray
    slopes: np.ndarray
    maps: dict[str, np.ndarray]


@dataclass(frozen=True, eq=False)
class BestInput:
    """The input that excites a class or a unit most, (28, 28) float32 in [0, 1], and the network's reading
    of it: probabilities (classes,).
    """

    target: int
    picture: np.ndarray
    probabilities: np.ndarray


def open_views(path: Path | None = None) -> Views:
    """The views of a finished run folder, of an ONNX file with its card, or of the weights of the package.

    A folder of exported weights counts as its digit network. Raises RunError for what is none of these, is
    not finished or reads lines, WeightsError for weights that do not belong to their card.
    """
    path = path or WEIGHTS
    if path.is_dir() and (path / GLYPH_FILE).is_file():
        path = path / GLYPH_FILE
    if path.suffix == ".onnx":
        from inkdigits.learning.onnx_views import open_onnx

        return open_onnx(path)
    if not path.is_dir():
        missing = (
            "neither a run folder nor an .onnx file" if path.exists() else "no such run folder or weights"
        )
        raise RunError(f"{path}: {missing}")
    from inkdigits.learning.export import load_run
    from inkdigits.learning.keras_views import open_keras
    from inkdigits.learning.recipes import RECIPES

    model, config = load_run(path)
    recipe = RECIPES.get(config.model)
    if recipe is None or recipe.kind != "glyph":
        known = "a network unknown here" if recipe is None else "a network that reads whole lines"
        raise RunError(f"{path}: {config.model} is {known}; explain looks into those that read one glyph")
    return open_keras(model, config.model, recipe.classes)


def look_at(views: Views, glyph: np.ndarray, target: int | None = None) -> GlyphViews:
    """What the network makes of a glyph (28, 28) uint8; `target` is a class, None for the one it reads."""
    pixels = (glyph / 255).astype(np.float32)
    probabilities = views.probabilities(pixels[None])[0]
    chosen = int(probabilities.argmax()) if target is None else target
    return GlyphViews(
        glyph=glyph,
        probabilities=probabilities,
        target=chosen,
        falls=occlusion(views, pixels, chosen),
        slopes=saliency(views, pixels, chosen),
        maps=views.maps(pixels),
    )


def occlusion(views: Views, pixels: np.ndarray, target: int) -> np.ndarray:
    """How far the probability of a class falls while a patch slides over the glyph: (14, 14)."""
    cells = SIDE // CELL
    around = (PATCH - CELL) // 2
    covered = np.repeat(pixels[None], 1 + cells**2, axis=0)
    for index in range(cells**2):
        top, left = (CELL * place - around for place in divmod(index, cells))
        covered[1 + index, max(0, top) : top + PATCH, max(0, left) : left + PATCH] = 0
    found = views.probabilities(covered)[:, target]
    return (found[0] - found[1:]).reshape(cells, cells)


def saliency(views: Views, pixels: np.ndarray, target: int) -> np.ndarray:
    """The gradient of a class's log odds by each pixel, (28, 28)."""
    every = np.eye(SIDE * SIDE, dtype=np.float32).reshape(-1, SIDE, SIDE)
    return views.slopes(pixels[None], np.array([target]), every, None).reshape(SIDE, SIDE)


def maximise(
    views: Views, targets: Sequence[int], layer: str | None = None, seed: int = 0, steps: int = STEPS
) -> list[BestInput]:
    """The inputs that excite each target most (activation maximisation, Erhan et al. 2009), all in one batch.

    Targets are classes, or maps of `layer`. From noise, each picture climbs the slope of its target. It is
    made of the lowest cosine waves only, which keeps it smooth as blurring after each step would; its ink
    fades at every step; and it is shown to the network a little displaced each time.
    """
    generator = np.random.default_rng(seed)
    waves = cosine_waves(WAVES)
    flat = waves.reshape(len(waves), -1)
    of = np.array(targets)
    amounts = generator.normal(0, START, (len(of), len(waves))).astype(np.float32)
    drift = np.zeros_like(amounts)
    for step in range(steps):
        shift = generator.integers(-JITTER, JITTER + 1, 2)
        shown = np.roll((amounts @ flat).reshape(-1, SIDE, SIDE), shift, (1, 2))
        slopes = views.slopes(np.clip(shown, 0, 1), of, np.roll(waves, shift, (1, 2)), layer)
        slopes = slopes / np.maximum(np.linalg.norm(slopes, axis=1, keepdims=True), 1e-9)
        drift = 0.7 * drift + 0.3 * slopes
        amounts += RATE * (1 - step / steps) * (drift - FADING * amounts)
        # Back to what pixels can be.
        amounts = np.clip(amounts @ flat, 0, 1) @ flat.T
    pictures = np.clip(amounts @ flat, 0, 1).reshape(-1, SIDE, SIDE).astype(np.float32)
    found = views.probabilities(pictures)
    return [BestInput(*one) for one in zip(targets, pictures, found, strict=True)]


def cosine_waves(order: int) -> np.ndarray:
    """The waves of a discrete cosine transform with fewer than `order` half periods down and across together,
    each of length 1 and at right angles to the others: (order * (order + 1) / 2, 28, 28) float32.
    """
    places = (np.arange(SIDE) + 0.5) / SIDE
    lines = np.cos(np.pi * np.arange(order)[:, None] * places)
    lines /= np.linalg.norm(lines, axis=1, keepdims=True)
    pairs = [np.outer(lines[i], lines[j]) for i in range(order) for j in range(order - i)]
    return np.array(pairs, np.float32)


def strongest_units(maps: np.ndarray, count: int = UNITS) -> list[int]:
    """The units whose maps (units, height, width) are the strongest on average, strongest first."""
    return np.argsort(-maps.mean(axis=(1, 2)), kind="stable")[:count].tolist()


def figures_of(views: Views, seen: Sequence[GlyphViews], best: Sequence[BestInput]) -> dict[str, Any]:
    """All that was found as plain JSON types, without the pictures: figures to 6 places."""
    return {
        "network": views.name,
        "classes": list(views.classes),
        "gradients": "derivatives" if views.exact else "differences",
        "remarks": list(views.remarks),
        "digits": [_of_glyph(views, one) for one in seen],
        "best_inputs": [
            {"class": views.classes[one.target], "probability": _short(one.probabilities[one.target])}
            for one in best
        ],
    }


def _of_glyph(views: Views, seen: GlyphViews) -> dict[str, Any]:
    row, column = np.unravel_index(int(seen.falls.argmax()), seen.falls.shape)
    y, x = np.unravel_index(int(np.abs(seen.slopes).argmax()), seen.slopes.shape)
    return {
        "read": views.classes[int(seen.probabilities.argmax())],
        "probabilities": {
            name: _short(value) for name, value in zip(views.classes, seen.probabilities, strict=True)
        },
        "explained": views.classes[seen.target],
        "occlusion": {
            "patch": PATCH,
            "largest_fall": _short(seen.falls.max()),
            "at": [int(column) * CELL + CELL // 2, int(row) * CELL + CELL // 2],
        },
        "gradient": {"steepest": _short(seen.slopes[y, x]), "at": [int(x), int(y)]},
        "layers": [
            {
                "name": name,
                "maps": len(maps),
                "height": maps.shape[1],
                "width": maps.shape[2],
                "strongest_units": strongest_units(maps, 5),
                "silent_units": int((np.ptp(maps, axis=(1, 2)) < 1e-6).sum()),
            }
            for name, maps in seen.maps.items()
        ],
    }


def _short(value: Any) -> float:
    return round(float(value), 6)
