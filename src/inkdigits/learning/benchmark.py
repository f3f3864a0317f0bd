"""Runs of table 1: one row and seed is trained from nothing, or gone on with, and scored once.

In: a `Row`, a seed, the folder of all runs. Out: the run as a dict of plain JSON types, kept as score.json in
its run folder; `results/table1.json` is the list of all.
"""

from __future__ import annotations

import json
import platform
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import keras
import numpy as np
from rich.console import Console

from inkdigits.errors import RunError
from inkdigits.learning import runs
from inkdigits.learning.augment import Augmentation
from inkdigits.learning.complexity import multiply_adds
from inkdigits.learning.config import TrainConfig
from inkdigits.learning.environment import commit, gpu, processor, versions
from inkdigits.learning.evaluation import SETS
from inkdigits.learning.export import load_run
from inkdigits.learning.feed import EVALUATION_BATCH
from inkdigits.learning.fewshot import score_fewshot
from inkdigits.learning.line_evaluation import score_strings
from inkdigits.learning.recipes import RECIPES
from inkdigits.learning.sources import SOURCES, local_path
from inkdigits.learning.table import BY_NAME, Row
from inkdigits.learning.training import train

SCORE = "score.json"
PROBABILITIES = "probabilities.npz"
BOOTSTRAPS = 200
# Pixels: a line of five digits, which is what a line network's multiply-adds are told for.
STRIP_WIDTH = 128
# The set of each figure and the source whose files it needs; MNIST must be there.
SCORED = {"mnist-test": "mnist", "usps-test": "usps", "ardis": "ardis", "quiz-sheets": "quiz-sheets"}


def run_folder(folder: Path, row: Row, seed: int) -> Path:
    """Where the run of `row` with `seed` lies."""
    return folder / f"{row.name}-seed-{seed}"


def config_of(row: Row, seed: int) -> TrainConfig:
    """The settings of a run: the recipe's, the row's over them, over these what the row has where a GPU
    computes; all 60,000 images, for nothing is chosen by it.
    """
    on_processor, on_gpu = configs_of(row, seed)
    return on_gpu if gpu(keras.config.backend()) else on_processor


def configs_of(row: Row, seed: int) -> tuple[TrainConfig, TrainConfig]:
    """The settings of a run on a processor, and on a GPU."""
    found = []
    for longer in ({}, row.on_gpu):
        settings = {**RECIPES[row.recipe].defaults, "train_on_all": True, **row.settings, **longer}
        if isinstance(settings.get("augmentation"), dict):
            settings["augmentation"] = Augmentation(**settings["augmentation"])
        found.append(TrainConfig(row.recipe, **settings, seed=seed))
    return found[0], found[1]


def run_together(row: Row, seeds: Iterable[int], folder: Path, data_folder: Path, console: Console) -> None:
    """Train those seeds of `row` that are not yet trained, side by side on a GPU; `run` scores them. Of a
    committee there is nothing to train.
    """
    from inkdigits.learning.together import train_together

    places = {seed: run_folder(folder, row, seed) for seed in seeds}
    places = {seed: place for seed, place in places.items() if not (place / runs.RESULT).is_file()}
    if places and not row.members:
        train_together(RECIPES[row.recipe], config_of(row, 0), places, data_folder, console)


def run(row: Row, seed: int, folder: Path, data_folder: Path, console: Console) -> dict[str, Any]:
    """Train `row` with `seed` where it is not trained, score it once, and return the run.

    A run that is scored is read from its folder; one that was interrupted goes on. RunError where a member of
    a committee is not yet there, or where the folder holds a run of other settings.
    """
    place = run_folder(folder, row, seed)
    if (place / SCORE).is_file():
        return runs.read_json(place / SCORE)
    if row.scorer == "committee":
        return _committee(row, seed, folder, data_folder)
    config = config_of(row, seed)
    if not (place / runs.RESULT).is_file():
        train(config, place, data_folder, resume=(place / runs.CONFIG).is_file(), console=console)
    elif TrainConfig.from_dict(runs.read_json(place / runs.CONFIG)) not in configs_of(row, seed):
        raise RunError(f"{place}: was trained with other settings than the row's; remove it to train it anew")
    return _score(row, seed, place, data_folder)


def _score(row: Row, seed: int, place: Path, data_folder: Path) -> dict[str, Any]:
    model, config = load_run(place)
    result, record = runs.read_json(place / runs.RESULT), runs.read_json(place / runs.ENVIRONMENT)
    history = runs.read_metrics(place)
    figures = _SCORERS[row.scorer](model, place, data_folder)
    shown = {name: [one.get(name) for one in history] for name in ("loss", "accuracy")}
    scored = {
        "model": row.name,
        "seed": seed,
        "epochs": result["epochs"],
        "seconds": round(result["seconds"], 1),
        "images_per_second": round(
            result["epochs"] * result["train_count"] / max(result["seconds"], 1e-9), 1
        ),
        "parameters": model.count_params(),
        "multiply_adds": multiply_adds(model, STRIP_WIDTH),
        **figures,
        "curve": {
            name: [round(one, 5) for one in values if one is not None] for name, values in shown.items()
        },
        "config": config.to_dict(),
        "versions": {"python": record["python"], **record["versions"]},
        "hardware": {
            "processor": record["processor"],
            "cores": record["cores"],
            "backend": record["backend"],
            **({"gpu": record["gpu"]} if record.get("gpu") else {}),
        },
        "commit": record["commit"],
    }
    runs.write_json(place / SCORE, scored)
    return scored


def _score_digits(model: Any, place: Path, data_folder: Path) -> dict[str, Any]:
    """Accuracy on every set that is there; the probabilities are kept for committees."""
    probabilities, labels, seconds = {}, {}, 0.0
    for name, source in SCORED.items():
        if not all(local_path(file, data_folder) for file in SOURCES[source].files):
            continue
        digits = SETS[name](data_folder)
        start = time.perf_counter()
        probabilities[name] = model.predict(digits.images, batch_size=EVALUATION_BATCH, verbose=0)
        labels[name] = digits.labels
        seconds = time.perf_counter() - start if name == "mnist-test" else seconds
    runs.write_atomically(
        place / PROBABILITIES, lambda file: np.savez_compressed(file, allow_pickle=False, **probabilities)
    )
    return {"test_seconds": round(seconds, 3), **_accuracies(probabilities, labels)}


def _accuracies(probabilities: dict[str, np.ndarray], labels: dict[str, np.ndarray]) -> dict[str, Any]:
    """The accuracies, and which MNIST test images were read wrongly."""
    wrong = {
        name: np.flatnonzero(values.argmax(axis=1) != labels[name]) for name, values in probabilities.items()
    }
    return {
        "accuracy": {name: 1 - len(wrong[name]) / len(probabilities[name]) for name in wrong},
        "wrong": wrong["mnist-test"].tolist(),
    }


def _committee(row: Row, seed: int, folder: Path, data_folder: Path) -> dict[str, Any]:
    """The mean of the members' probabilities: a fixed rule, no member is left out or weighted."""
    members = [(BY_NAME[name], seed * count + index) for name, count in row.members for index in range(count)]
    places = [run_folder(folder, *member) for member in members]
    missing = [place.name for place in places if not (place / SCORE).is_file()]
    if missing:
        raise RunError(f"{row.name} seed {seed}: not yet there: {', '.join(missing)}")
    scores = [runs.read_json(place / SCORE) for place in places]
    kept = [dict(np.load(place / PROBABILITIES)) for place in places]
    sets = [name for name in SCORED if all(name in one for one in kept)]
    means = {name: np.mean([one[name] for one in kept], axis=0) for name in sets}
    labels = {name: SETS[name](data_folder).labels for name in sets}
    scored = {
        "model": row.name,
        "seed": seed,
        "epochs": None,
        "seconds": round(sum(one["seconds"] for one in scores), 1),
        "images_per_second": None,
        "parameters": sum(one["parameters"] for one in scores),
        "multiply_adds": sum(one["multiply_adds"] for one in scores),
        "test_seconds": round(sum(one["test_seconds"] for one in scores), 3),
        **_accuracies(means, labels),
        "bootstrap": {name: _bootstrap([one[name] for one in kept], labels[name]) for name in sets},
        "curve": None,
        "config": {"members": [place.name for place in places], "rule": "mean of probabilities"},
        "versions": {"python": platform.python_version(), **versions()},
        "hardware": {**scores[0]["hardware"], "processor": processor()},
        "commit": commit(),
    }
    place = run_folder(folder, row, seed)
    place.mkdir(parents=True, exist_ok=True)
    runs.write_json(place / SCORE, scored)
    return scored


def _bootstrap(members: list[np.ndarray], labels: np.ndarray) -> float:
    """The standard deviation of the accuracy of committees drawn from the members with replacement (Efron
    1979): how much hangs on which networks happen to sit in it.
    """
    stacked = np.stack(members)
    generator = np.random.default_rng(0)
    drawn = (generator.integers(0, len(stacked), len(stacked)) for _ in range(BOOTSTRAPS))
    shares = [(stacked[rows].mean(axis=0).argmax(axis=1) == labels).mean() for rows in drawn]
    return float(np.std(shares, ddof=1))


_SCORERS: dict[str, Callable[[Any, Path, Path], dict[str, Any]]] = {
    "digits": _score_digits,
    "strings": score_strings,
    "fewshot": lambda model, place, data_folder: score_fewshot(place, data_folder),
}


def merge(path: Path, scored: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Put runs into the list at `path`, in the order of the table; a run of the same row and seed is
    replaced. Several commands may do so at a time.
    """
    order = list(BY_NAME)
    rank = {name: index for index, name in enumerate(order)}
    path.parent.mkdir(parents=True, exist_ok=True)
    with runs.in_turn(path.parent):
        there = runs.read_json(path) if path.is_file() else []
        merged = {(one["model"], one["seed"]): one for one in [*there, *scored]}
        listed = sorted(merged.values(), key=lambda one: (rank.get(one["model"], len(order)), one["seed"]))
        runs.write_text(path, _lines(listed))
    return listed


def _lines(listed: list[dict[str, Any]]) -> str:
    """A run a line: a difference between two versions shows which runs changed."""
    return "[\n" + ",\n".join(json.dumps(one, ensure_ascii=False) for one in listed) + "\n]\n"
