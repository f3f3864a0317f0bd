"""The studies beside table 1: what few labels give, and what pretraining is worth under noise.

In: runs of few-shot rows; the folder of the report, where `inkdigits transfer-curve --report` and `inkdigits
figures denoising --out` left what they measured. Out: sections of the report in Markdown, empty where nothing
is measured.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from inkdigits.learning import table_cells as cells
from inkdigits.learning.runs import read_json
from inkdigits.learning.table_summary import Summary, spread_of

TRANSFER_CURVE = "transfer-curve"
DENOISING = "denoising"


def few_labels(summaries: Sequence[Summary], folder: Path) -> str:
    """Few labels a class by every method, and transfer's curve over numbers of labels."""
    parts = [_draws(summaries), _transfer_curve(folder / TRANSFER_CURVE)]
    told = "\n\n".join(part for part in parts if part)
    return f"## Few labels\n\n{told}" if told else ""


def under_noise(folder: Path) -> str:
    """The denoising autoencoder with and without its pretraining, on noisy digits."""
    place = folder / DENOISING
    table = place / "denoising.json"
    if not table.is_file():
        return ""
    record = read_json(table)
    lines = [
        [
            row["noise"],
            f"{row['level']:g}",
            *(f"{100 * row[name]:.2f}" for name in ("pretrained", "baseline")),
        ]
        for row in record["accuracy"]
    ]
    parts = [
        "## Under noise",
        f"Per cent of {record['count']:,} noisy digits ({record['on']}) that denoising-autoencoder reads"
        " rightly, pretrained by undoing noise and without; neither saw noise while it learnt the digits.",
        cells.markdown(["noise", "level", "pretrained", "without"], lines),
        f"![accuracy under noise]({DENOISING}/noise.png)",
        "What goes in, and what the autoencoder gives back.",
        f"![reconstructions]({DENOISING}/reconstructions.png)",
    ]
    return "\n\n".join(parts)


def _draws(summaries: Sequence[Summary]) -> str:
    """A line a method, a column for each number of labels a class."""
    runs = [run for one in summaries if not one.row.shares for run in one.runs if run.get("draws")]
    if not runs:
        return ""
    found: dict[str, dict[str, list[float]]] = {}
    for run in runs:
        for key, methods in run["draws"].items():
            for method, values in methods.items():
                found.setdefault(method, {}).setdefault(key, []).extend(values)
    keys = list(runs[0]["draws"])
    heading = ["method", *(key.replace("-labels", " a class") for key in keys)]
    lines = [
        [method, *(cells.mean_sd(spread_of(by_key[key]) if key in by_key else None, 2) for key in keys)]
        for method, by_key in found.items()
    ]
    count = len(next(iter(runs[0]["draws"][keys[0]].values())))
    told = (
        "Per cent of MNIST's test images after a few labels a class: mean and sd over draws of them,"
        f" {count} a run."
    )
    return f"{told}\n\n{cells.markdown(heading, lines)}"


def _transfer_curve(place: Path) -> str:
    """A line a number of labels, with and without pretraining."""
    table = place / f"{TRANSFER_CURVE}.json"
    if not table.is_file():
        return ""
    record = read_json(table)
    points: list[dict[str, Any]] = record["points"]
    seeds = len({point["seed"] for point in points})
    lines = [
        [f"{labels:,}", *(_mean(points, labels, pretrained) for pretrained in (True, False))]
        for labels in sorted({point["labels"] for point in points})
    ]
    told = (
        f"transfer after {record['steps']:,} steps from so many labels in all, pretrained on letters and"
        f" characters and from scratch: per cent right on {record['on']}, mean and sd of {seeds} draws."
    )
    picture = f"![transfer's curve]({TRANSFER_CURVE}/{TRANSFER_CURVE}.png)"
    return f"{told}\n\n{cells.markdown(['labels', 'pretrained', 'from scratch'], lines)}\n\n{picture}"


def _mean(points: Sequence[dict[str, Any]], labels: int, pretrained: bool) -> str:
    chosen = [one for one in points if one["labels"] == labels and one["pretrained"] == pretrained]
    return cells.mean_sd(spread_of([one["accuracy"] for one in chosen]) if chosen else None, 2)
