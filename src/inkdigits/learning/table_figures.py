"""The pictures of table 1's report: each network's accuracy, also against its size, its cost and its training
time; curves, times, and what all read wrongly.

In: `Summary`s. Out: PNG files, drawn without a display. One colour is one family of networks.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

from inkdigits.learning.direct_labels import label_points, spread_evenly
from inkdigits.learning.figures import GREY, save
from inkdigits.learning.table import Row
from inkdigits.learning.table_summary import Spread, Summary

# Okabe and Ito's colours (2008), which the colour-blind tell apart too.
FAMILIES = {
    "perceptrons": (
        "#0072B2",
        ("mlp", "mlp-simard", "mlp-dropconnect", "mlp-maxout", "denoising-autoencoder"),
    ),
    "no network": ("#7a7a7a", ("knn", "svm")),
    "convolutional to 2012": ("#D55E00", ("lenet5", "paper-cnn", "alexnet", "ciresan")),
    "convolutional since": ("#009E73", ("resnet", "transfer", "inkdigits-single", "embedding")),
    "light": ("#56B4E9", ("light", "light-10k", "tiny-1k", "tiny-2k", "tiny-5k")),
    "recurrent": ("#CC79A7", ("lstm", "mdlstm", "crnn-ctc")),
}
COMMITTEES = ("committees", "#000000")
OTHERS = ("others", "#b58900")
SIZE = 8.5
ERROR_TICKS = (0.01, 0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.7, 1, 1.5, 2, 3, 5, 10, 20, 50)
FEW_ERROR_TICKS = (0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30, 90)
ACCURACY = "MNIST test images read rightly, per cent"
STYLES = ("-", "--", ":", "-.", (0, (5, 1, 1, 1, 1, 1)))
TIME_TICKS = (0.001, 0.01, 0.1, 1, 10, 60, 600, 3600, 36_000, 360_000)


def family(row: Row) -> tuple[str, str]:
    """(name, colour) of the family that a row belongs to."""
    if row.members:
        return COMMITTEES
    for name, (colour, recipes) in FAMILIES.items():
        if (row.recipe or row.name) in recipes:
            return name, colour
    return OTHERS


def compact(number: float) -> str:
    """A number in three digits, such as "185 k" or "3.87 M"."""
    for unit, size in ((" G", 1e9), (" M", 1e6), (" k", 1e3)):
        if number >= size:
            return _digits(number / size, 3) + unit
    return _digits(number, 3)


def told_time(seconds: float) -> str:
    """A time in two digits, such as "0.26 s", "4.5 min" or "2.1 h"."""
    for unit, size in ((" h", 3600), (" min", 60)):
        if seconds >= size:
            return _digits(seconds / size, 2) + unit
    return _digits(seconds, 2) + " s"


def _digits(number: float, digits: int) -> str:
    return f"{float(f'{number:.{digits}g}'):g}"


def draw_accuracies(summaries: Sequence[Summary], path: Path) -> Path | None:
    """Every row's seeds as dots, its mean, its published figure and its target, best at the top; None
    without any.
    """
    shown = sorted(_on_mnist(summaries), key=lambda pair: pair[1].mean)
    if not shown:
        return None
    figure = Figure(figsize=(8, 1.3 + 0.3 * len(shown)), layout="constrained")
    axes = figure.subplots()
    for place, (summary, spread) in enumerate(shown):
        colour = family(summary.row)[1]
        axes.scatter([_error(one) for one in spread.values], [place] * len(spread.values), s=14, color=colour)
        axes.plot([_error(spread.mean)] * 2, [place - 0.32, place + 0.32], color=colour, lw=2)
        if summary.row.published is not None:
            axes.scatter(
                [100 - summary.row.published], [place], s=48, marker="D", edgecolors=GREY, facecolors="none"
            )
        if summary.row.target is not None:
            axes.scatter([100 - summary.row.target], [place], s=90, marker="|", color=GREY, zorder=1)
    axes.set_yticks(
        range(len(shown)), [f"{summary.row.name}  {100 * one.mean:.2f}" for summary, one in shown]
    )
    for label, (summary, _) in zip(axes.get_yticklabels(), shown, strict=True):
        label.set_color(family(summary.row)[1])
    axes.set_ylim(-0.7, len(shown) - 0.3)
    axes.grid(alpha=0.25, axis="x")
    errors = [_error(one) for _, spread in shown for one in spread.values]
    errors += [
        100 - one for summary, _ in shown for one in (summary.row.published, summary.row.target) if one
    ]
    _accuracy_axis(axes, "x", errors)
    axes.set_xlabel(ACCURACY)
    axes.set_title("dot: one seed; bar: the mean; diamond: as published; grey stroke: our target", fontsize=9)
    return save(figure, path)


def draw_against(summaries: Sequence[Summary], field: str, label: str, path: Path) -> Path | None:
    """Accuracy against a field of runs such as "parameters", both logarithmic, each row named beside its
    point, whiskers of one standard deviation; None where no row has both.
    """
    shown = [
        (summary, spread, cost)
        for summary, spread in _on_mnist(summaries)
        if (cost := summary.mean(field)) is not None and cost > 0
    ]
    if not shown:
        return None
    figure = Figure(figsize=(9, 6.2), layout="constrained")
    axes = figure.subplots()
    colours = [family(summary.row)[1] for summary, _, _ in shown]
    points = [(cost, _error(spread.mean)) for _, spread, cost in shown]
    # A whisker that reached below no error at all would leave a logarithmic axis.
    reach = [min(100 * (spread.sd or 0), 0.9 * _error(spread.mean)) for _, spread, _ in shown]
    for (x, y), far, colour in zip(points, reach, colours, strict=True):
        axes.scatter([x], [y], s=34, color=colour, zorder=3)
        axes.plot([x, x], [y - far, y + far], color=colour, lw=1, alpha=0.7)
    axes.set_xscale("log")
    low, high = min(x for x, _ in points), max(x for x, _ in points)
    axes.set_xlim(low / 2, high * 4)
    axes.set_xlabel(label)
    if field == "seconds":
        _time_axis(axes)
    else:
        axes.xaxis.set_major_formatter(FuncFormatter(lambda one, _: compact(one)))
    axes.grid(alpha=0.25)
    _accuracy_axis(axes, "y", [y for _, y in points])
    axes.set_ylabel(ACCURACY)
    _name_families(axes, [summary.row for summary, _, _ in shown])
    names = [summary.row.name for summary, _, _ in shown]
    label_points(axes, points, names, colours, SIZE, reach)
    return save(figure, path)


def draw_curves(summaries: Sequence[Summary], path: Path) -> Path | None:
    """Training loss and training accuracy over the epochs, a row of panels a family: thin lines are seeds,
    thick ones means over seeds of as many epochs as all have; None where no run has a curve.
    """
    shown = [summary for summary in summaries if _curve(summary, "loss") or _curve(summary, "accuracy")]
    if not shown:
        return None
    names = list(dict.fromkeys(family(summary.row)[0] for summary in shown))
    figure = Figure(figsize=(10, 0.4 + 2.5 * len(names)), layout="constrained")
    grid = figure.subplots(len(names), 2, squeeze=False)
    for axes_row, name in zip(grid, names, strict=True):
        members = [summary for summary in shown if family(summary.row)[0] == name]
        axes_row[0].set_ylabel(name, color=family(members[0].row)[1])
        for axes, quantity in zip(axes_row, ("loss", "accuracy"), strict=True):
            _draw_curves(axes, members, quantity)
    for axes in grid[-1]:
        axes.set_xlabel("epoch")
    grid[0][0].set_title("training loss", fontsize=10)
    grid[0][1].set_title("training accuracy, per cent, of distorted images where a row distorts", fontsize=10)
    return save(figure, path)


def draw_times(summaries: Sequence[Summary], path: Path) -> Path | None:
    """Seconds to train and to read MNIST's test images, mean over seeds, quickest at the top; None without
    any.
    """
    shown = [one for one in summaries if one.mean("seconds") or one.mean("test_seconds")]
    if not shown:
        return None
    shown.sort(key=lambda one: -(one.mean("seconds") or 0))
    figure = Figure(figsize=(8, 1.3 + 0.42 * len(shown)), layout="constrained")
    axes = figure.subplots()
    places = np.arange(len(shown))
    colours = [family(one.row)[1] for one in shown]
    some: list[float] = []
    for offset, field, alpha in ((0.2, "seconds", 1.0), (-0.2, "test_seconds", 0.4)):
        values = [one.mean(field) or 0.0 for one in shown]
        bars = axes.barh(places + offset, values, 0.36, color=colours, alpha=alpha)
        axes.bar_label(bars, [told_time(one) if one else "" for one in values], fontsize=8, padding=2)
        some += [one for one in values if one]
    axes.set_xscale("log")
    axes.set_xlim(min(some) / 2, max(some) * 3)
    axes.set_ylim(-0.6, len(shown) - 0.4)
    axes.set_yticks(places, [one.row.name for one in shown])
    _time_axis(axes)
    axes.grid(alpha=0.25, axis="x")
    axes.set_axisbelow(True)
    axes.set_title("dark: training; light: reading the test images", fontsize=9)
    return save(figure, path)


def draw_gallery(images: Sequence[np.ndarray], titles: Sequence[str], path: Path, columns: int = 8) -> Path:
    """Images (28, 28) uint8 with their titles below, in rows of `columns`."""
    rows = max(1, math.ceil(len(images) / columns))
    size = (columns * 1.15, rows * 1.6 + 0.1)
    figure = Figure(figsize=size, layout=ConstrainedLayoutEngine(h_pad=0.08))
    grid = figure.subplots(rows, columns, squeeze=False)
    for axes in grid.flat:
        axes.axis("off")
    for axes, image, title in zip(grid.flat, images, titles, strict=False):
        axes.imshow(255 - image.astype(int), cmap="gray", vmin=0, vmax=255, interpolation="nearest")
        axes.text(0.5, -0.06, title, transform=axes.transAxes, ha="center", va="top", fontsize=7.5)
    return save(figure, path)


def _on_mnist(summaries: Sequence[Summary]) -> list[tuple[Summary, Spread]]:
    """Rows that are judged by MNIST's test images: a string's or a few labels' figure is another thing."""
    judged = [(one, one.figure) for one in summaries if one.row.figure == "mnist-test"]
    return [(one, spread) for one, spread in judged if spread is not None]


def _error(share: float) -> float:
    """Per cent read wrongly; a hundredth for none, which has no logarithm."""
    return max(100 * (1 - share), 0.01)


def _accuracy_axis(
    axes: Axes, side: str, errors: Sequence[float], among: Sequence[float] = ERROR_TICKS
) -> None:
    """The error's logarithm, growing to the left or down, with accuracies for labels."""
    low, high = min(errors) * 0.82, max(errors) * 1.25
    axis = axes.xaxis if side == "x" else axes.yaxis
    getattr(axes, f"set_{side}scale")("log")
    getattr(axes, f"set_{side}lim")(high, low)
    axis.set_ticks([tick for tick in among if low <= tick <= high])
    axis.set_major_formatter(FuncFormatter(lambda error, _: f"{100 - error:g}"))
    axis.set_minor_locator(NullLocator())


def _time_axis(axes: Axes) -> None:
    """Seconds, minutes and hours on a logarithmic axis whose limits are set."""
    low, high = axes.get_xlim()
    axes.xaxis.set_ticks([tick for tick in TIME_TICKS if low <= tick <= high])
    axes.xaxis.set_major_formatter(FuncFormatter(lambda one, _: told_time(one)))
    axes.xaxis.set_minor_locator(NullLocator())


def _name_families(axes: Axes, rows: Sequence[Row]) -> None:
    """The families' names above the plot, each in its colour."""
    names = dict.fromkeys(family(row) for row in rows)
    for name, colour in names:
        axes.scatter([], [], s=34, color=colour, label=name)
    axes.legend(
        loc="lower center",
        bbox_to_anchor=(0.5, 1.0),
        ncols=len(names),
        fontsize=SIZE,
        frameon=False,
        labelcolor="linecolor",
        handletextpad=0.1,
        columnspacing=1.2,
    )


def _curve(summary: Summary, quantity: str) -> list[list[float]]:
    """A quantity's values by epoch, for each run that has them: losses, or for "accuracy" errors in per
    cent.
    """
    found = [(run.get("curve") or {}).get(quantity) or [] for run in summary.runs]
    return [
        [_error(one) for one in values] if quantity == "accuracy" else values for values in found if values
    ]


def _draw_curves(axes: Axes, members: Sequence[Summary], quantity: str) -> None:
    """One panel; the names stand at the right, in the order in which the curves end."""
    ends: list[tuple[str, float, float]] = []
    drawn: list[float] = []
    colour = family(members[0].row)[1]
    for number, summary in enumerate(members):
        curves, style = _curve(summary, quantity), STYLES[number % len(STYLES)]
        if not curves:
            continue
        for values in curves:
            axes.plot(range(1, len(values) + 1), values, color=colour, lw=0.5, alpha=0.35)
            drawn += values
        shortest = min(len(values) for values in curves)
        mean = np.mean([values[:shortest] for values in curves], axis=0)
        dot = "." if shortest == 1 else ""
        axes.plot(range(1, shortest + 1), mean, ls=style, marker=dot, color=colour, lw=1.6)
        ends.append((summary.row.name, shortest, float(mean[-1])))
    if not ends:
        axes.axis("off")
        return
    if quantity == "accuracy":
        _accuracy_axis(axes, "y", drawn, FEW_ERROR_TICKS)
    else:
        axes.set_yscale("log")
        axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axes.yaxis.set_major_formatter(FuncFormatter(lambda one, _: f"{one:g}"))
        axes.yaxis.set_minor_locator(NullLocator())
    axes.grid(alpha=0.25)
    axes.margins(x=0.02)
    _name_ends(axes, ends, colour)


def _name_ends(axes: Axes, ends: list[tuple[str, float, float]], colour: str) -> None:
    axes.autoscale_view()  # Until then the limits are not those of the curves.
    to_axes = axes.transData + axes.transAxes.inverted()
    places = [to_axes.transform((x, y)) for _, x, y in ends]
    heights = spread_evenly([place[1] for place in places], 0.11, 0.04, 0.96)
    leader = {"arrowstyle": "-", "color": colour, "lw": 0.5, "alpha": 0.6, "relpos": (0, 0.5), "shrinkB": 0}
    for (name, _, _), place, height in zip(ends, places, heights, strict=True):
        axes.annotate(
            name,
            (place[0], place[1]),
            (1.06, height),
            xycoords="axes fraction",
            textcoords="axes fraction",
            color=colour,
            fontsize=8,
            va="center",
            annotation_clip=False,
            arrowprops=leader,
        )
