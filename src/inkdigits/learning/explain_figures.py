"""The pictures of what a network sees, as PNG files.

In: a network (run folder or weights) and glyphs, or what `explain` found about them. Out: glyphs.png,
filters.png, feature-maps-N.png of each glyph, best-inputs.png, attention.png, and explain.json.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from inkdigits.learning import runs
from inkdigits.learning.explain import (
    PATCH,
    BestInput,
    GlyphViews,
    figures_of,
    look_at,
    maximise,
    open_views,
    strongest_units,
)
from inkdigits.learning.figures import BLUE, GREY, save
from inkdigits.learning.views import SIDE, Filters, Views

DIGITS = 10
SHOWN = 64  # Maps or filters of one layer.
LEAST_FALL = 0.02  # Smaller falls of a probability are not drawn as if they mattered,
LEAST_SLOPE = 1e-3  # nor log odds that hardly move.
TILE = 28  # Pixels: smaller maps and filters are enlarged to about this side.
INK, PALE = "#1f2430", "#e4e6ea"
FRAME = (-0.5, SIDE - 0.5, SIDE - 0.5, -0.5)


@dataclass(frozen=True, eq=False)
class UnitInputs:
    """The inputs that excite units of one layer most."""

    layer: str
    best: list[BestInput]


def write_network_pictures(run_or_weights: Path | None, glyphs: np.ndarray, out: Path) -> list[Path]:
    """All pictures of a network, with glyphs (n, 28, 28) uint8 to try it on; returns the files' paths.

    `run_or_weights` is a finished run folder, an ONNX file with its card, or None for the weights of the
    package. Raises RunError or WeightsError where it cannot be opened.
    """
    views = open_views(run_or_weights)
    seen = [look_at(views, glyph) for glyph in glyphs]
    best = maximise(views, list(range(min(DIGITS, len(views.classes)))))
    return write_pictures(views, seen, best, out)


def write_pictures(
    views: Views,
    seen: Sequence[GlyphViews],
    best: Sequence[BestInput],
    out: Path,
    *,
    cutouts: Sequence[np.ndarray] = (),
    numbers: Sequence[int] = (),
    units: UnitInputs | None = None,
    layers: Sequence[str] = (),
    facts: dict[str, Any] | None = None,
) -> list[Path]:
    """Draw everything into the folder `out` and write explain.json; returns the paths.

    `cutouts` are the glyphs' places on the page, (height, width) uint8, and `numbers` what they are called,
    else 1, 2, and so on. `layers` are those whose maps are drawn, all where none is named. `facts` are added
    to the JSON.
    """
    out.mkdir(parents=True, exist_ok=True)
    numbers = numbers or range(1, len(seen) + 1)
    written = [draw_glyphs(views, seen, cutouts, numbers, out / "glyphs.png")]
    written.append(draw_attention(views, seen, out / "attention.png"))
    if views.filters is not None:
        written.append(draw_filters(views.filters, views.name, out / "filters.png"))
    for number, one in zip(numbers, seen, strict=True):
        maps = {name: one.maps[name] for name in layers or one.maps}
        if maps:
            written.append(draw_maps(views, one, maps, out / f"feature-maps-{number}.png"))
    written.append(draw_best_inputs(views, best, out / "best-inputs.png"))
    if units is not None:
        written.append(draw_unit_inputs(views, units, out / "best-inputs-of-units.png"))
    record = {**(facts or {}), **figures_of(views, seen, best), "pictures": [path.name for path in written]}
    written.append(out / "explain.json")
    runs.write_json(written[-1], record)
    return written


def draw_glyphs(
    views: Views,
    seen: Sequence[GlyphViews],
    cutouts: Sequence[np.ndarray],
    numbers: Sequence[int],
    path: Path,
) -> Path:
    """Each digit on its page where that is known, as the network gets it, and its probabilities."""
    panels = 3 if cutouts else 2
    figure, cards = _cards(len(seen), panels, (1.25,) * (panels - 1) + (1.9,), 1.55)
    for index, (axes, number, one) in enumerate(zip(cards, numbers, seen, strict=True)):
        if cutouts:
            axes[0].imshow(cutouts[index], cmap="gray", vmin=0, vmax=255)
            axes[0].set_title(f"digit {number} on the page", fontsize=8, color=GREY)
        axes[-2].imshow(one.glyph, cmap="gray", vmin=0, vmax=255, interpolation="nearest")
        axes[-2].set_title("as the network gets it", fontsize=8, color=GREY)
        _draw_probabilities(axes[-1], views.classes, one.probabilities)
        axes[-1].set_title(_reading(views, one.probabilities), fontsize=9, color=INK)
    return _save(figure, path)


def draw_attention(views: Views, seen: Sequence[GlyphViews], path: Path) -> Path:
    """What a reading depends on: the glyph, its occlusion map, and its gradient."""
    figure, cards = _cards(len(seen), 3, (1.0, 1.0, 1.0), 1.75)
    for axes, one in zip(cards, seen, strict=True):
        name = views.classes[one.target]
        most = float(one.falls.max())
        for each in axes:
            _draw_pale(each, one.glyph)
        axes[0].set_title(_reading(views, one.probabilities), fontsize=9, color=INK)
        _overlay(axes[1], one.falls, max(float(np.abs(one.falls).max()), LEAST_FALL))
        least = float(one.probabilities[one.target]) - most
        told = f"{name} falls to {_percent(least)}" if most > 0 else f"{name} does not fall"
        axes[1].set_title(f"covered, {told}", fontsize=8, color=INK)
        _overlay(axes[2], one.slopes, max(float(np.percentile(np.abs(one.slopes), 99.5)), LEAST_SLOPE))
        axes[2].set_title(f"ink for and against {name}", fontsize=8, color=INK)
    figure.supxlabel(
        f"middle: red where a blank patch of {PATCH}x{PATCH} pixels lowers the probability\n"
        "right: red where more ink would raise the score, blue where lower it",
        fontsize=7,
        color=GREY,
    )
    return _save(figure, path)


def draw_filters(filters: Filters, name: str, path: Path) -> Path:
    """The weights of the first layer: red where ink excites a unit, blue where it inhibits it."""
    pictures = filters.pictures
    strongest = np.sort(np.argsort(-np.linalg.norm(pictures, axis=(1, 2)), kind="stable")[:SHOWN])
    count, height, width = pictures.shape
    figure = Figure(figsize=(5.2, 5.5), layout="constrained")
    axes = figure.subplots()
    limit = float(np.percentile(np.abs(pictures[strongest]), 99.5))
    _show(axes, pictures[strongest], "RdBu_r", -limit, limit)
    figure.set_facecolor(PALE)
    axes.axis("off")
    shown = f"{count} filters" if count <= SHOWN else f"the {SHOWN} strongest of {count} filters"
    axes.set_title(
        f"{name}, {filters.layer}: {shown} of {height}x{width}\nred: ink excites; blue: ink inhibits",
        fontsize=9,
        color=INK,
    )
    return _save(figure, path)


def draw_maps(views: Views, seen: GlyphViews, maps: dict[str, np.ndarray], path: Path) -> Path:
    """The feature maps of each layer for one glyph, bright where a unit is excited."""
    panels = len(maps) + 1
    columns = min(4, panels) if panels != 5 else 3
    rows = -(-panels // columns)
    figure = Figure(figsize=(2.9 * columns, 3.2 * rows), layout="constrained")
    grid = list(figure.subplots(rows, columns, squeeze=False).flat)
    for axes in grid:
        axes.axis("off")
    grid[0].imshow(seen.glyph, cmap="gray", vmin=0, vmax=255, interpolation="nearest")
    grid[0].set_title(f"{views.name}\n{_reading(views, seen.probabilities)}", fontsize=9, color=INK)
    for axes, (name, every) in zip(grid[1:], maps.items(), strict=False):
        chosen = every[sorted(strongest_units(every, SHOWN))]
        _show(axes, chosen, "magma", float(chosen.min()), float(np.percentile(chosen, 99.7)))
        count = f"{len(every)} maps" if len(every) <= SHOWN else f"the {SHOWN} strongest of {len(every)} maps"
        axes.set_title(f"{name}\n{count} of {every.shape[1]}x{every.shape[2]}", fontsize=9, color=INK)
    return _save(figure, path)


def draw_best_inputs(views: Views, best: Sequence[BestInput], path: Path) -> Path:
    """The input that excites each class most, with the probability that the network then gives it."""
    titles = [
        f"{views.classes[one.target]}: {_percent(float(one.probabilities[one.target]))}" for one in best
    ]
    title = f"{views.name}: activation maximisation for each class, and its probability there"
    return _draw_pictures([one.picture for one in best], titles, title, path)


def draw_unit_inputs(views: Views, units: UnitInputs, path: Path) -> Path:
    """The inputs that excite units of a layer most."""
    title = f"{views.name}, {units.layer}: activation maximisation for its units"
    return _draw_pictures(
        [one.picture for one in units.best], [f"unit {one.target}" for one in units.best], title, path
    )


def _draw_pictures(pictures: Sequence[np.ndarray], titles: Sequence[str], title: str, path: Path) -> Path:
    columns = min(5 if len(pictures) <= DIGITS else 8, len(pictures))
    rows = -(-len(pictures) // columns)
    figure = Figure(figsize=(max(1.3 * columns, 5.0), 1.6 * rows + 0.4), layout="constrained")
    grid = figure.subplots(rows, columns, squeeze=False)
    for axes in grid.flat:
        axes.axis("off")
    for axes, picture, name in zip(grid.flat, pictures, titles, strict=False):
        # A faint picture is shown with its own brightest pixel white.
        axes.imshow(
            picture, cmap="gray", vmin=0, vmax=max(0.3, float(picture.max())), interpolation="bicubic"
        )
        axes.set_title(name, fontsize=9, color=INK)
    figure.suptitle(title, fontsize=9, color=INK)
    return _save(figure, path)


def _cards(
    count: int, panels: int, widths: tuple[float, ...], height: float
) -> tuple[Figure, list[list[Axes]]]:
    """A figure of `count` cards of `panels` axes side by side: one, two or three cards a row."""
    across = 1 if count <= 3 else 2 if count <= 8 else 3
    rows = -(-count // across)
    width = height * sum(widths) * across * 0.98
    figure = Figure(figsize=(max(width, 4.6), (height + 0.3) * rows + 0.3), layout="constrained")
    grid = figure.subplots(
        rows, across * panels, squeeze=False, gridspec_kw={"width_ratios": list(widths) * across}
    )
    for axes in grid.flat:
        axes.axis("off")
    cards = [
        list(grid[index // across, panels * (index % across) : panels * (index % across + 1)])
        for index in range(count)
    ]
    return figure, cards


def _draw_probabilities(axes: Axes, classes: Sequence[str], probabilities: np.ndarray) -> None:
    axes.axis("on")
    places = np.arange(len(classes))
    best = int(probabilities.argmax())
    axes.bar(places, probabilities, 0.75, color=[BLUE if one == best else GREY for one in places])
    axes.set_xticks(places, list(classes), fontsize=7)
    axes.set(ylim=(0, 1), yticks=[])
    axes.tick_params(length=0)
    for side in ("top", "left", "right"):
        axes.spines[side].set_visible(False)
    axes.spines["bottom"].set_color(GREY)


def _draw_pale(axes: Axes, glyph: np.ndarray) -> None:
    """Dark ink on white, pale enough for colours over it."""
    axes.imshow(255 - glyph * 0.55, cmap="gray", vmin=0, vmax=255, extent=FRAME, interpolation="nearest")


def _overlay(axes: Axes, values: np.ndarray, limit: float) -> None:
    """Values of either sign over a glyph: red above 0, blue below, and clear where they are small."""
    limit = max(limit, 1e-9)
    share = np.clip(values / limit, -1, 1)
    colours = matplotlib.colormaps["RdBu_r"](0.5 + 0.42 * np.sign(share))
    colours[..., 3] = 0.9 * np.abs(share)
    axes.imshow(colours, extent=FRAME, interpolation="bilinear")


def _mosaic(pictures: np.ndarray) -> np.ndarray:
    """Pictures (count, height, width) side by side in about as many rows as columns, NaN between them."""
    # Small ones are enlarged, so that what lies between is thin.
    enlarged = max(1, round(TILE / max(pictures.shape[1:])))
    pictures = pictures.repeat(enlarged, axis=1).repeat(enlarged, axis=2)
    count, height, width = pictures.shape
    columns = int(np.ceil(np.sqrt(count)))
    rows = -(-count // columns)
    gap = max(1, round(max(height, width) / 12))
    tiles = np.full((rows * columns, height + gap, width + gap), np.nan, np.float32)
    tiles[:count, :height, :width] = pictures
    sheet = tiles.reshape(rows, columns, height + gap, width + gap).swapaxes(1, 2)
    return sheet.reshape(rows * (height + gap), columns * (width + gap))[:-gap, :-gap]


def _show(axes: Axes, pictures: np.ndarray, colours: str, low: float, high: float) -> None:
    """Pictures of one layer on one scale."""
    palette = matplotlib.colormaps[colours].with_extremes(bad=(0, 0, 0, 0))
    sheet = _mosaic(pictures)
    axes.imshow(sheet, cmap=palette, vmin=low, vmax=max(high, low + 1e-9), interpolation="nearest")


def _reading(views: Views, probabilities: np.ndarray) -> str:
    best = int(probabilities.argmax())
    name = views.classes[best]
    return f"{'no digit' if name == 'none' else f'read as {name}'}, {_percent(float(probabilities[best]))}"


def _percent(share: float) -> str:
    """A share as it reads: a float32 that is nearly 1 is no certainty."""
    text = f"{100 * share:.1f} %"
    return ">99.9 %" if text == "100.0 %" else text


def _save(figure: Figure, path: Path) -> Path:
    figure.get_layout_engine().set(w_pad=0.08, h_pad=0.11)  # type: ignore[union-attr]
    return save(figure, path)
