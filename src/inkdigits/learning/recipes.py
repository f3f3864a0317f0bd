"""What each network learns from, and by which loss: `RECIPES`, one `Recipe` a name of `inkdigits train`.

In: a `TrainConfig` and the data folder. Out: the network, and `TrainingData`, which makes the arrays of any
epoch.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import keras
import numpy as np

from inkdigits.learning.augment import augment
from inkdigits.learning.config import TrainConfig
from inkdigits.learning.datasets import load_mnist, load_mnist_split
from inkdigits.learning.models import REGISTRY
from inkdigits.learning.sources import SOURCES, source_hashes

DIGIT_CLASSES = tuple("0123456789")
Arrays = tuple[np.ndarray, np.ndarray]


@dataclass(frozen=True)
class TrainingData:
    """What a run learns from.

    `epoch(index)` makes the inputs and targets of epoch `index` (from 0): shuffled, augmented, and the same
    whenever it is called with the same index, which is what lets a run be resumed. It is called in a thread
    of its own. `count` is the number of examples of an epoch. `validation` are held-out inputs and targets,
    None where there are none. `plain` are the training inputs and targets without augmentation, to measure
    accuracy on without dropout at the end. `hashes` are the sha256 of the files read; `sources` hold {"name",
    "sha256", "count", "licence"} for the card.
    """

    epoch: Callable[[int], Arrays]
    count: int
    validation: Arrays | None
    hashes: dict[str, str]
    sources: tuple[dict[str, Any], ...] = ()
    plain: Arrays | None = None


@dataclass(frozen=True)
class Recipe:
    """How one network is trained.

    `kind` and `classes` are the card's. `build` makes the uncompiled network; it runs under the precision of
    the config. `loss` makes a Keras loss, or any callable (targets, outputs) -> losses. `metrics` makes fresh
    Keras metrics. `defaults` are the settings of `TrainConfig` in which this recipe departs from the paper's.
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


def prepare_mnist(config: TrainConfig, folder: Path) -> TrainingData:
    """MNIST's training images: about 55,000 to learn from and 5,000 of other writers to validate on, or all
    60,000.
    """
    if config.train_on_all:
        training, validation = load_mnist(folder, "train"), None
        hashes = source_hashes(["mnist"], folder)
    else:
        training, validation = load_mnist_split(folder)
        hashes = source_hashes(["mnist", "qmnist"], folder)
    targets = one_hot(training.labels, 10)

    def epoch(index: int) -> Arrays:
        generator = epoch_generator(config.seed, index)
        order = generator.permutation(len(training))
        return augment(training.images[order], config.augmentation, generator), targets[order]

    return TrainingData(
        epoch=epoch,
        count=len(training),
        validation=None if validation is None else (validation.images, one_hot(validation.labels, 10)),
        hashes=hashes,
        sources=source_rows({"mnist": len(training)}, hashes, {"mnist": "mnist/train-images-idx3-ubyte"}),
        plain=(training.images, targets),
    )


def _paper(name: str, description: str) -> Recipe:
    """The paper's recipe: Adam, softmax, categorical cross-entropy, dropout, batches of 64, 15 epochs, MNIST
    alone.

    The paper gives no learning rate. A constant 0.001 leaves the last epoch to chance; falling to 0 along a
    cosine it was better on the validation part (mlp: 98.2 against 98.1 %), and the last epoch the best or
    next to it.
    """
    return Recipe(
        name=name,
        description=description,
        kind="glyph",
        classes=DIGIT_CLASSES,
        build=lambda config: REGISTRY[name](),
        loss=lambda config: keras.losses.CategoricalCrossentropy(label_smoothing=config.label_smoothing),
        metrics=lambda: [keras.metrics.CategoricalAccuracy(name="accuracy")],
        prepare=prepare_mnist,
        defaults={"schedule": "cosine"},
    )


RECIPES: dict[str, Recipe] = {
    recipe.name: recipe
    for recipe in (
        _paper("paper-cnn", "the paper's convolutional network: 184,586 parameters, MNIST"),
        _paper("mlp", "input, two hidden ReLU layers of 512, softmax; MNIST"),
    )
}
