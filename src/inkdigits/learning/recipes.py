"""The recipes of `inkdigits train`, by name: the paper's two networks and the two that are shipped.

In: a `TrainConfig` and the data folder. Out: `RECIPES`.
"""

from __future__ import annotations

from pathlib import Path

import keras

from inkdigits.learning.augment import augment
from inkdigits.learning.config import TrainConfig
from inkdigits.learning.datasets import load_mnist, load_mnist_split
from inkdigits.learning.models import REGISTRY
from inkdigits.learning.recipe import (
    DIGIT_CLASSES,
    Arrays,
    Recipe,
    TrainingData,
    epoch_generator,
    one_hot,
    source_rows,
)
from inkdigits.learning.shipped import DIGIT_RECIPE, LINE_RECIPE
from inkdigits.learning.sources import source_hashes

__all__ = [
    "DIGIT_CLASSES",
    "RECIPES",
    "Arrays",
    "Recipe",
    "TrainingData",
    "epoch_generator",
    "one_hot",
    "source_rows",
]


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
        DIGIT_RECIPE,
        LINE_RECIPE,
    )
}
