"""The pictures: data sets compared, a network's layers, curves, times, and what an evaluation found.

In: arrays, rows of metrics.jsonl, or a Keras model. Out: PNG files, drawn without a display.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

DPI = 150
BLUE, ORANGE, GREY = "#2a6fbb", "#d9822b", "#8a8f98"
# Colours of layers by what they do; any other layer is grey.
LAYER_COLOURS = {"Conv2D": BLUE, "MaxPooling2D": "#5aa469", "Dense": ORANGE, "Dropout": "#b04a5a"}
CURVES = {
    "accuracy": "training, with dropout",
    "val_accuracy": "validation",
    "loss": "training, with dropout",
    "val_loss": "validation",
}


def draw_datasets(samples: dict[str, tuple[np.ndarray, np.ndarray]], path: Path, columns: int = 10) -> Path:
    """Data sets compared (the paper's Fig. 1): a row of images for each, one of each class as far as there
    are.

    `samples` maps a data set's name to (images (n, height, width) uint8, labels (n,)).
    """
    figure = Figure(figsize=(columns * 0.75 + 1.6, 0.8 * len(samples) + 0.2), layout="constrained")
    grid = figure.subplots(len(samples), columns, squeeze=False)
    for axes_row, (name, (images, labels)) in zip(grid, samples.items(), strict=True):
        firsts = np.sort(np.unique(labels, return_index=True)[1])
        by_label = firsts[np.argsort(labels[firsts], kind="stable")]
        # Fewer classes than columns: the classes again, with their next images.
        others = np.setdiff1d(np.arange(len(images)), by_label)
        chosen = np.concatenate([by_label, others])[:columns]
        for axes in axes_row:
            axes.axis("off")
        for axes, index in zip(axes_row, chosen, strict=False):
            axes.imshow(images[index], cmap="gray", vmin=0, vmax=255, interpolation="nearest")
        axes_row[0].text(
            -0.2, 0.5, name, transform=axes_row[0].transAxes, ha="right", va="center", fontsize=9
        )
    return save(figure, path)


def draw_architecture(model: Any, path: Path) -> Path:
    """A Keras model's layers from input to output (the paper's Fig. 2): kind, output shape, parameters."""
    rows = [("input", "Input", tuple(model.input_shape), 0)]
    rows += [(one.name, type(one).__name__, _shape(one), one.count_params()) for one in model.layers]
    figure = Figure(figsize=(6.4, 0.62 * len(rows) + 0.5), layout="constrained")
    axes = figure.subplots()
    for number, (name, kind, shape, parameters) in enumerate(rows):
        y = -number
        axes.add_patch(Rectangle((0, y), 6, 0.72, color=LAYER_COLOURS.get(kind, GREY), alpha=0.85, lw=0))
        size = " x ".join("n" if one is None else str(one) for one in shape)
        axes.text(0.15, y + 0.36, f"{kind}  ({name})", va="center", color="white", fontsize=9, weight="bold")
        label = f"{size}    {parameters:,} parameters" if parameters else size
        axes.text(5.85, y + 0.36, label, va="center", ha="right", color="white", fontsize=8)
        if number:
            axes.annotate("", (3, y + 0.72), (3, y + 1.0), arrowprops={"arrowstyle": "->", "color": GREY})
    axes.set(xlim=(-0.1, 6.1), ylim=(-len(rows) + 0.9, 0.9))
    axes.axis("off")
    figure.suptitle(f"{model.name}: {model.count_params():,} parameters", fontsize=11)
    return save(figure, path)


def draw_curves(histories: dict[str, list[dict[str, Any]]], folder: Path) -> list[Path]:
    """Accuracy (the paper's Fig. 3) and loss (Fig. 4) over epochs: accuracy.png and loss.png in `folder`.

    `histories` maps a run's name to its rows of metrics.jsonl; a quantity that no run has is left out.
    """
    written = []
    for quantity in ("accuracy", "loss"):
        figure = Figure(figsize=(6, 4), layout="constrained")
        axes = figure.subplots()
        for number, (run, history) in enumerate(histories.items()):
            for name, style in ((quantity, "--"), (f"val_{quantity}", "-")):
                points = [(row["epoch"], row[name]) for row in history if name in row]
                if points:
                    x, y = zip(*points, strict=True)
                    axes.plot(x, y, style, marker=".", color=f"C{number}", label=f"{run}: {CURVES[name]}")
        if not axes.lines:
            continue
        axes.set(xlabel="epoch", ylabel=quantity)
        axes.grid(alpha=0.3)
        axes.legend(fontsize=8)
        written.append(save(figure, folder / f"{quantity}.png"))
    return written


def draw_times(times: dict[str, tuple[float, float]], path: Path) -> Path:
    """Seconds to train and to test each run (the paper's Fig. 5), as bars on a logarithmic axis.

    `times` maps a run's name to (training seconds of all epochs, seconds to test all test images).
    """
    figure = Figure(figsize=(1.8 + 1.4 * len(times), 4), layout="constrained")
    axes = figure.subplots()
    places = np.arange(len(times))
    for offset, colour, label, index in ((-0.2, BLUE, "training", 0), (0.2, ORANGE, "testing", 1)):
        bars = axes.bar(
            places + offset, [pair[index] for pair in times.values()], 0.38, color=colour, label=label
        )
        axes.bar_label(bars, fmt="%.3g s", fontsize=8)
    axes.set_yscale("log")
    axes.set_xticks(places, list(times))
    axes.set_ylabel("seconds")
    axes.margins(y=0.2)
    axes.legend()
    return save(figure, path)


def draw_confusion(matrix: np.ndarray, classes: Sequence[str], path: Path) -> Path:
    """A confusion matrix, rows true and columns read; shades follow the mistakes, since right readings
    outnumber them.
    """
    wrong = matrix * (1 - np.eye(len(matrix), dtype=int))
    figure = Figure(figsize=(6, 5.6), layout="constrained")
    axes = figure.subplots()
    axes.imshow(wrong, cmap="Reds", vmin=0, vmax=max(1, wrong.max()))
    for row, column in np.argwhere(matrix):
        dark = wrong[row, column] > wrong.max() / 2 and row != column
        axes.text(
            column,
            row,
            str(matrix[row, column]),
            ha="center",
            va="center",
            fontsize=8,
            color="white" if dark else "black",
        )
    axes.set_xticks(range(len(classes)), list(classes))
    axes.set_yticks(range(len(classes)), list(classes))
    axes.set(xlabel="read as", ylabel="true", title=f"{wrong.sum()} mistakes of {matrix.sum()}")
    return save(figure, path)


def draw_reliability(count: np.ndarray, confidence: np.ndarray, accuracy: np.ndarray, path: Path) -> Path:
    """Accuracy against confidence in bins; a calibrated network lies on the diagonal. Point sizes follow the
    counts.
    """
    filled = count > 0
    figure = Figure(figsize=(4.6, 4.4), layout="constrained")
    axes = figure.subplots()
    axes.plot([0, 1], [0, 1], color=GREY, lw=1)
    sizes = 15 + 25 * np.log10(count[filled])
    axes.scatter(confidence[filled], accuracy[filled], s=sizes, color=BLUE)
    axes.set(xlabel="confidence", ylabel="accuracy", xlim=(0, 1.02), ylim=(-0.02, 1.02))
    axes.grid(alpha=0.3)
    return save(figure, path)


def draw_mistakes(images: Sequence[np.ndarray], titles: Sequence[str], path: Path, columns: int = 8) -> Path:
    """Images with their titles in rows of `columns`, the worst mistakes first."""
    rows = max(1, -(-len(images) // columns))
    figure = Figure(figsize=(columns * 1.15, rows * 1.35), layout="constrained")
    grid = figure.subplots(rows, columns, squeeze=False)
    for axes in grid.flat:
        axes.axis("off")
    for axes, image, title in zip(grid.flat, images, titles, strict=False):
        axes.imshow(image, cmap="gray", vmin=0, vmax=255)
        axes.set_title(title, fontsize=7)
    return save(figure, path)


def _shape(layer: Any) -> tuple[int | None, ...]:
    output = layer.output
    return tuple(output[0].shape if isinstance(output, (list, tuple)) else output.shape)


def save(figure: Figure, path: Path) -> Path:
    """Write a figure, its folder too; returns `path`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=DPI)
    return path
