"""A recipe small enough for tests: bars of ten lengths as 28x28 glyphs, learnt by a little network with
dropout.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path

import keras
import numpy as np
from keras import layers

from inkdigits.learning.augment import augment
from inkdigits.learning.config import TrainConfig
from inkdigits.learning.recipe import DIGIT_CLASSES, Recipe, TrainingData, epoch_generator, one_hot
from inkdigits.learning.recipes import RECIPES

COUNT = 1200


def bars(count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """`count` noisy images of bars; the label tells how long the bar is."""
    generator = np.random.default_rng(seed)
    labels = generator.integers(0, 10, count).astype(np.uint8)
    images = generator.integers(0, 60, (count, 28, 28)).astype(np.uint8)
    for image, label in zip(images, labels, strict=True):
        left = generator.integers(2, 6)
        image[10:18, left : left + 2 + 2 * label] = 230
    return images, labels


def build(config: TrainConfig) -> keras.Model:
    return keras.Sequential(
        [
            keras.Input((28, 28), dtype="uint8", name="glyphs"),
            layers.Rescaling(1 / 255),
            layers.Flatten(),
            layers.Dense(32, activation="relu"),
            layers.BatchNormalization(),
            layers.Dropout(0.2),
            layers.Dense(10, activation="softmax", dtype="float32"),
        ],
        name="tiny",
    )


def prepare(config: TrainConfig, folder: Path) -> TrainingData:
    images, labels = bars(COUNT, 0)
    held_images, held_labels = bars(200, 1)
    targets = one_hot(labels, 10)

    def epoch(index: int) -> tuple[np.ndarray, np.ndarray]:
        generator = epoch_generator(config.seed, index)
        order = generator.permutation(COUNT)
        return augment(images[order], config.augmentation, generator), targets[order]

    return TrainingData(
        epoch=epoch,
        count=COUNT,
        validation=(held_images, one_hot(held_labels, 10)),
        hashes={"bars": str(folder)},
        sources=({"name": "bars", "sha256": "0", "count": COUNT, "licence": "ours"},),
        plain=(images, targets),
        warps=config.augmentation,
    )


TINY: Recipe = dataclasses.replace(
    RECIPES["mlp"], name="tiny", classes=DIGIT_CLASSES, build=build, prepare=prepare, defaults={}
)


def config(**changes: object) -> TrainConfig:
    settings = {
        "epochs": 4,
        "batch_size": 32,
        "ema_momentum": 0.9,
        "schedule": "cosine",
        "learning_rate": 0.01,
        **changes,
    }
    return TrainConfig("tiny", **settings)  # type: ignore[arg-type]


def characters_folder(folder: Path, drawings: int, first: int) -> Path:
    """Letters, drawn at random, and twice as many drawings as characters, bars from column `first` on, where
    the real ones would lie.
    """
    letters = np.random.default_rng(0).integers(0, 256, (60, 28, 28)).astype(np.uint8)
    strokes = np.full((drawings, 105, 105), 255, np.uint8)
    for number, image in enumerate(strokes):
        image[20:80, first + 3 * number : first + 6 + 3 * number] = 0
    (folder / "letters").mkdir()
    (folder / "omniglot").mkdir()
    kinds = np.array(list("ABCDFT") * 10)
    arrays = {"x_train": letters, "y_train": kinds, "x_test": letters[:30], "y_test": kinds[:30]}
    np.savez(folder / "letters" / "letters.npz", **arrays)
    names = np.array([f"Greek/character{number % (drawings // 2):02}" for number in range(drawings)])
    np.savez(folder / "omniglot" / "omniglot_small.npz", x=strokes, cls=names)
    return folder
