"""Transfer's curve: accuracy against how many of MNIST's labels are known, pretrained and from scratch.

In: the data folder, and a folder for the runs. Out: transfer-curve.json and transfer-curve.png in that
folder, beside a run folder for each point; a curve that was stopped goes on where it was.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import keras
import numpy as np
from matplotlib.figure import Figure
from rich.console import Console

from inkdigits.errors import RunError
from inkdigits.learning import runs
from inkdigits.learning.config import TrainConfig
from inkdigits.learning.environment import environment
from inkdigits.learning.evaluation import evaluate_set
from inkdigits.learning.figures import BLUE, ORANGE, save
from inkdigits.learning.recipe import Recipe
from inkdigits.learning.training import train
from inkdigits.learning.transfer import PRETRAINED, PRETRAINING, TRANSFER, pretrain

COUNTS = (10, 50, 100, 500, 1000, 5000, 60_000)
CURVE = "transfer-curve"
CURVE_EPOCHS = 10
# Averages over the last 200 of the few steps; those of the whole recipe would still hold the first ones.
CURVE_EMA = 0.995


@dataclass(frozen=True)
class CurvePoint:
    """Accuracy after learning from `labels` labels drawn by `seed`; `seconds` of training without
    pretraining.
    """

    labels: int
    seed: int
    pretrained: bool
    accuracy: float
    seconds: float


def label_curve(
    folder: Path,
    data_folder: Path,
    *,
    counts: Sequence[int] = COUNTS,
    seeds: Sequence[int] = (0, 1, 2),
    steps: int = 1000,
    on: str = "mnist-test",
    report: Path | None = None,
    console: Console | None = None,
) -> tuple[list[CurvePoint], list[Path]]:
    """Train for `steps` steps (rounded up to tens) from each of `counts` labels and each of `seeds`, with and
    without pretraining, and measure on the set `on`; the points, and the files written.

    Both networks of a point see the same labels. Pretraining is done once a seed. All 60,000 training images
    are there to draw from, unless `on` is "validation". Table and picture go to `report`, else to `folder`.
    RunError where `folder` holds a curve of other steps.
    """
    if steps < 1:
        raise RunError(f"steps is {steps}: at least 1 is needed")
    console = console or Console(stderr=True)
    points = []
    for seed in seeds:
        for labels in counts:
            for pretrained in (False, True):
                config = _config(labels, seed, pretrained, steps, on)
                run = folder / f"{'pretrained' if pretrained else 'scratch'}-labels{labels}-seed{seed}"
                point = _point(config, run, folder / f"pretraining-seed{seed}", data_folder, on)
                kind = "pretrained" if pretrained else "from scratch"
                console.print(f"{labels:6} labels, seed {seed}, {kind}: {100 * point.accuracy:.2f} %")
                points.append(point)
    told = report or folder
    told.mkdir(parents=True, exist_ok=True)
    table = told / f"{CURVE}.json"
    record = {"on": on, "steps": steps, "batch_size": TRANSFER.defaults["batch_size"], **environment()}
    record["pretraining"] = _pretraining_seconds(folder, seeds)
    runs.write_json(table, {**record, "points": [asdict(point) for point in points]})
    return points, [table, draw_curve(points, on, told / f"{CURVE}.png")]


def _config(labels: int, seed: int, pretrained: bool, steps: int, on: str) -> TrainConfig:
    batch = TRANSFER.defaults["batch_size"]
    settings = {
        **TRANSFER.defaults,
        "seed": seed,
        "epochs": CURVE_EPOCHS,
        "ema_momentum": CURVE_EMA,
        "train_on_all": on != "validation",
        "options": {
            "pretrain": pretrained,
            "labels": labels,
            "images_an_epoch": batch * math.ceil(steps / CURVE_EPOCHS),
        },
    }
    return TrainConfig(TRANSFER.name, **settings)


def _point(config: TrainConfig, run: Path, shared: Path, data_folder: Path, on: str) -> CurvePoint:
    """Train `run` unless it is finished, measure it unless it was measured."""
    if not (run / runs.RESULT).is_file():
        train(config, run, data_folder, resume=True, recipe=_pretrained_in(shared))
    elif TrainConfig.from_dict(runs.read_json(run / runs.CONFIG)) != config:
        raise RunError(f"{run}: is of a curve with other settings; name another folder")
    result = runs.read_json(run / runs.RESULT)
    report = run / "evaluation" / on / "report.json"
    if not report.is_file():
        found = evaluate_set(run, on, data_folder)
        report.parent.mkdir(parents=True, exist_ok=True)
        runs.write_json(report, found.to_dict())
    accuracy = runs.read_json(report)["accuracy"]
    options = config.options
    return CurvePoint(options["labels"], config.seed, options["pretrain"], accuracy, result["seconds"])


def _pretrained_in(shared: Path) -> Recipe:
    """The recipe with its pretraining done, or found done, in the folder `shared`."""

    def begin(model: keras.Model, config: TrainConfig, data_folder: Path, run_folder: Path) -> None:
        shared.mkdir(parents=True, exist_ok=True)
        pretrain(model, config, data_folder, shared)

    return dataclasses.replace(TRANSFER, begin=begin)


def _pretraining_seconds(folder: Path, seeds: Sequence[int]) -> dict[str, float]:
    """How long each seed was pretrained, by the seed."""
    places = {str(seed): folder / f"pretraining-seed{seed}" for seed in seeds}
    done = {seed: place for seed, place in places.items() if (place / PRETRAINED).is_file()}
    return {seed: runs.read_json(place / PRETRAINING)["seconds"] for seed, place in done.items()}


def draw_curve(points: Sequence[CurvePoint], on: str, path: Path) -> Path:
    """The points over a logarithmic axis of labels, and a line through the means over seeds."""
    figure = Figure(figsize=(6, 4.2), layout="constrained")
    axes = figure.subplots()
    for pretrained, colour, label in ((True, BLUE, "pretrained"), (False, ORANGE, "from scratch")):
        chosen = [point for point in points if point.pretrained == pretrained]
        counts = sorted({point.labels for point in chosen})
        means = [
            100 * float(np.mean([point.accuracy for point in chosen if point.labels == count]))
            for count in counts
        ]
        axes.plot(counts, means, color=colour, label=label)
        axes.plot(
            [point.labels for point in chosen],
            [100 * point.accuracy for point in chosen],
            ".",
            color=colour,
        )
    axes.set_xscale("log")
    # Distance from 100 % on a logarithmic axis: 99.0 and 99.5 lie as far apart as 90 and 95.
    axes.set_yscale("function", functions=(_errors, _errors_back))
    axes.set_ylim(min(100 * point.accuracy for point in points) - 2, 99.9)
    axes.set_yticks([tick for tick in (20, 50, 80, 90, 95, 98, 99, 99.5, 99.8) if tick > axes.get_ylim()[0]])
    axes.set(xlabel="labels of MNIST", ylabel=f"accuracy on {on}, %")
    axes.grid(alpha=0.3)
    axes.legend()
    return save(figure, path)


def _errors(percent: np.ndarray) -> np.ndarray:
    return -np.log10(np.maximum(100.01 - np.asarray(percent, dtype=float), 1e-3))


def _errors_back(height: np.ndarray) -> np.ndarray:
    return 100.01 - 10 ** -np.asarray(height, dtype=float)
