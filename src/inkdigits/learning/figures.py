"""The pictures of training: curves of accuracy and loss, times.

In: rows of metrics.jsonl. Out: PNG files.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

LABELS = {
    "accuracy": "training (with dropout)",
    "val_accuracy": "validation",
    "loss": "training (with dropout)",
}
LABELS["val_loss"] = "validation"


def draw_curves(histories: dict[str, list[dict[str, Any]]], folder: Path) -> list[Path]:
    """Accuracy (the paper's Fig. 3) and loss (Fig. 4) over epochs, of one or more named runs, as PNG files in
    `folder`.
    """
    written = []
    for quantity in ("accuracy", "loss"):
        figure = Figure(figsize=(6, 4), layout="constrained")
        axes = figure.subplots()
        for run, history in histories.items():
            for name in (quantity, f"val_{quantity}"):
                points = [(row["epoch"], row[name]) for row in history if name in row]
                if points:
                    axes.plot(*zip(*points, strict=True), marker=".", label=f"{run}, {LABELS[name]}")
        if not axes.lines:
            continue
        axes.set(xlabel="epoch", ylabel=quantity)
        axes.grid(alpha=0.3)
        axes.legend()
        written.append(folder / f"{quantity}.png")
        figure.savefig(written[-1], dpi=150)
    return written
