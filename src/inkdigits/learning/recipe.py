"""What a recipe is: a network, its loss, and what it learns from.

In: a `TrainConfig` and the data folder. Out: `Recipe`s, and `TrainingData`, which makes the arrays of any
epoch.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import keras
import numpy as np

from inkdigits.errors import RunError
from inkdigits.learning.augment import Augmentation
from inkdigits.learning.config import TrainConfig
from inkdigits.learning.sources import SOURCES

DIGIT_CLASSES = tuple("0123456789")
Arrays = tuple[np.ndarray, np.ndarray]


@dataclass(frozen=True)
class TrainingData:
    """What a run learns from.

    `epoch(index)` makes the inputs and targets of epoch `index` (from 0): shuffled, augmented, and the same
    whenever it is called with the same index, which is what lets a run be resumed. It is called in a thread
    of its own. `count` is the number of examples of an epoch. `validation` are held-out inputs and targets,
    None where there are none. `plain` are the training inputs and targets without augmentation, to measure
    accuracy on without dropout at the end. `warps` are given where each epoch is `plain`, shuffled and warped
    by them: then a device can make its epochs itself. `hashes` are the sha256 of the files read; `sources`
    hold {"name", "sha256", "count", "licence"} for the card.
    """

    epoch: Callable[[int], Arrays]
    count: int
    validation: Arrays | None
    hashes: dict[str, str]
    sources: tuple[dict[str, Any], ...] = ()
    plain: Arrays | None = None
    warps: Augmentation | None = None


@dataclass(frozen=True)
class Recipe:
    """How one network is trained.

    `paper` names where the network was published (authors, year). `kind` and `classes` are the card's.
    `build` makes the uncompiled network; it runs under the precision of the config. `loss` makes a Keras
    loss, or any callable (targets, outputs) -> losses. `metrics` makes fresh Keras metrics. `defaults` are
    the settings of `TrainConfig` in which this recipe departs from the paper's.

    `options` names what `TrainConfig.options` may hold; another name is refused.

    `begin(model, config, data_folder, run_folder)` changes the fresh weights before the first epoch, such as
    by pretraining; a run that is resumed before its first checkpoint begins again. `fit` stands in for all
    epochs where a network is not learnt by gradient descent: it returns the finished network, which computes
    what the fitted estimator computes.
    """

    name: str
    description: str
    kind: str
    classes: tuple[str, ...]
    build: Callable[[TrainConfig], keras.Model]
    loss: Callable[[TrainConfig], Any]
    metrics: Callable[[], list[Any]]
    prepare: Callable[[TrainConfig, Path], TrainingData]
    defaults: dict[str, Any] = field(default_factory=dict)
    paper: str = ""
    options: tuple[str, ...] = ()
    begin: Callable[[keras.Model, TrainConfig, Path, Path], None] | None = None
    fit: Callable[[TrainConfig, TrainingData], keras.Model] | None = None


def check_options(recipe: Recipe, config: TrainConfig) -> None:
    """RunError where the config names an option that the recipe does not have."""
    if unknown := sorted(config.options.keys() - set(recipe.options)):
        known = f"its options are {', '.join(recipe.options)}" if recipe.options else "it has none"
        raise RunError(f"{config.model} has no option {', '.join(unknown)}; {known}")


def epoch_generator(seed: int, index: int) -> np.random.Generator:
    """The random generator of epoch `index` of a run with `seed`: the same whenever it is asked for."""
    return np.random.default_rng((seed, index))


def one_hot(labels: np.ndarray, classes: int) -> np.ndarray:
    """Labels (n,) below `classes` as (n, classes) float32."""
    return np.eye(classes, dtype=np.float32)[labels]


def source_rows(
    counts: dict[str, int], hashes: dict[str, str], files: dict[str, str]
) -> tuple[dict[str, Any], ...]:
    """The card's rows: of each source its name, count, licence, and the hash of its file `files[name]`."""
    return tuple(
        {"name": name, "sha256": hashes[files[name]], "count": count, "licence": SOURCES[name].licence}
        for name, count in counts.items()
    )
