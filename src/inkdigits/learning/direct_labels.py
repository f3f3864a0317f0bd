"""Names written beside the points of a plot, none over another. In: axes with their points. Out: the names
drawn.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.text import Text
from matplotlib.transforms import Bbox

DIRECTIONS = 24
REACHES = (9, 14, 20, 28, 38, 50, 64, 80, 98, 120)  # from the point, in 1/100 inch
LEADER = 12  # A name further away is joined to its point by a line.
MARGIN = 1.5


def label_points(
    axes: Axes,
    points: Sequence[tuple[float, float]],
    names: Sequence[str],
    colours: Sequence[str],
    size: float,
    reach: Sequence[float] | None = None,
) -> list[Text]:
    """Write `names` beside `points` (x, y), data coordinates, each where it covers no other name, no point
    and no whisker, as near as that allows. `reach` is how far each point's whiskers reach up and down.

    Limits and scales of the axes must be final. Points in the densest places are named first, for they have
    the least choice.
    """
    figure = axes.get_figure(root=True)
    if figure is None or not points:
        return []
    canvas = FigureCanvasAgg(figure)
    figure.draw_without_rendering()
    renderer, unit = canvas.get_renderer(), figure.dpi / 100  # pixels in 1/100 inch
    places = axes.transData.transform(np.asarray(points, float).reshape(-1, 2))
    points_taken = [Bbox.from_extents(*(place - 4 * unit), *(place + 4 * unit)) for place in places]
    for (x, y), far in zip(points, reach or [0.0] * len(points), strict=True):
        ends = axes.transData.transform([(x, y - far), (x, y + far)])
        points_taken.append(Bbox.from_extents(*(ends.min(axis=0) - unit), *(ends.max(axis=0) + unit)))
    names_taken: list[Bbox] = []
    texts: dict[int, Text] = {}
    for index in _densest_first(places):
        text = axes.text(0, 0, names[index], fontsize=size, color=colours[index], ha="center", va="center")
        text.set_transform(None)
        box = text.get_window_extent(renderer)
        extent = np.array([box.width, box.height]) + 2 * MARGIN * unit
        others = np.delete(places, index, axis=0)
        distance, taken = min(
            _candidates(places[index], extent, unit),
            key=lambda one: _cost(one[1], one[0], names_taken, points_taken, others, axes.bbox),
        )
        names_taken.append(taken)
        centre = np.array([(taken.x0 + taken.x1) / 2, (taken.y0 + taken.y1) / 2])
        inverse = axes.transData.inverted()
        text.set_transform(axes.transData)
        text.set_position(tuple(inverse.transform(centre)))
        if distance > LEADER * unit:
            end = np.clip(places[index], [taken.x0, taken.y0], [taken.x1, taken.y1])
            line = inverse.transform([places[index], end])
            axes.plot(line[:, 0], line[:, 1], color=colours[index], lw=0.6, alpha=0.6, zorder=1)
        texts[index] = text
    return [texts[index] for index in range(len(points))]


def spread_evenly(wanted: Sequence[float], gap: float, low: float, high: float) -> list[float]:
    """Positions near the `wanted` ones, in their order, at least `gap` apart and within `low` to `high`
    where there is room for all.
    """
    order = sorted(range(len(wanted)), key=lambda index: wanted[index])
    placed: list[float] = []
    for index in order:
        placed.append(max(wanted[index], placed[-1] + gap if placed else low))
    ceiling = high
    for rank in reversed(range(len(placed))):
        placed[rank] = min(placed[rank], ceiling)
        ceiling = placed[rank] - gap
    return [placed[order.index(index)] for index in range(len(wanted))]


def _densest_first(places: np.ndarray) -> list[int]:
    distance = np.linalg.norm(places[:, None] - places[None], axis=2)
    return list(np.argsort(-np.exp(-distance / 40).sum(axis=1), kind="stable"))


def _candidates(place: np.ndarray, extent: np.ndarray, unit: float) -> list[tuple[float, Bbox]]:
    """Boxes around a point, from near to far, each with its distance."""
    found = []
    for reach in REACHES:
        for step in range(DIRECTIONS):
            angle = 2 * math.pi * step / DIRECTIONS
            way = np.array([math.cos(angle), math.sin(angle)])
            # The box touches the circle of that radius from outside, whatever its form.
            centre = place + way * reach * unit + np.sign(np.round(way, 6)) * extent / 2 * np.abs(way)
            found.append((reach * unit, Bbox.from_bounds(*(centre - extent / 2), *extent)))
    return found


def _cost(
    box: Bbox, reach: float, names: list[Bbox], points: list[Bbox], others: np.ndarray, inside: Bbox
) -> float:
    """Over another name or out of the plot is worst, then nearer to another point than to its own, then over
    a point or a whisker; far away is a nuisance.
    """
    out = inside.x0 > box.x0 or inside.y0 > box.y0 or inside.x1 < box.x1 or inside.y1 < box.y1
    gaps = np.linalg.norm(others - np.clip(others, box.min, box.max), axis=1)
    doubtful = bool((gaps < 1.3 * reach).any())
    covered = box.count_overlaps(names), box.count_overlaps(points)
    return 1e6 * out + 1e5 * covered[0] + 1e4 * doubtful + 1e3 * covered[1] + reach
