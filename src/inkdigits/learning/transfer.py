"""Transfer: a network learns letters and the characters of many alphabets first, and digits afterwards.

In: a `TrainConfig` and the data folder. Out: the recipe `transfer`; in the run folder pretrained.npz, the
weights before the first digit was seen, and pretraining.json, what learning them took. `options` of the
config: "pretrain" (default true), "labels" (so many of MNIST's labels, as many of each digit, drawn by the
seed; default all), "images_an_epoch" (default: each labelled image once).
"""

# Keras declares types that its own documentation contradicts (verbose: str).
# pyright: reportArgumentType=false, reportCallIssue=false

from __future__ import annotations

import math
import time
import zipfile
from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import layers

from inkdigits.errors import RunError
from inkdigits.learning import runs
from inkdigits.learning.augment import Augmentation, augment
from inkdigits.learning.config import TrainConfig
from inkdigits.learning.datasets import Digits, load_letters, load_mnist, load_mnist_split, load_omniglot
from inkdigits.learning.mnist import cross_entropy
from inkdigits.learning.models.transfer import FEATURES, transfer_cnn
from inkdigits.learning.pretraining import Plan, fit_epochs
from inkdigits.learning.recipe import (
    DIGIT_CLASSES,
    Arrays,
    Recipe,
    TrainingData,
    epoch_generator,
    one_hot,
    source_rows,
)
from inkdigits.learning.sources import source_hashes
from inkdigits.reading.glyph import normalise

PRETRAINED = "pretrained.npz"
PRETRAINING = "pretraining.json"
PRETRAINING_SOURCES = ("letters", "omniglot")
PRETRAINING_EPOCHS = 6
PRETRAINING_BATCH = 128
PRETRAINING_RATE = 3e-3
OPTIONS = ("pretrain", "labels", "images_an_epoch")
# The epochs of pretraining draw other numbers than those of training.
_PRETRAINING_DRAWS = 1 << 20


def characters(folder: Path) -> tuple[np.ndarray, np.ndarray]:
    """What is pretrained on: glyphs (n, 28, 28) uint8 and classes (n,) int64, none of them a digit.

    Six letters as they are, and Omniglot's characters through the reader's normaliser, each turned by 0, 90,
    180 and 270 degrees into four classes (Santoro et al. 2016): 28,800 and 19,360 glyphs of 6 + 968 classes.
    """
    letters, omniglot = load_letters(folder, "train"), load_omniglot(folder)
    ink = (255 - omniglot.images).astype(np.float32) / 255
    turned = [[normalise(np.rot90(image, turns)) for image in ink] for turns in range(4)]
    names, kinds = np.unique(omniglot.labels, return_inverse=True)
    first, classes = np.unique(letters.labels, return_inverse=True)
    labels = [len(first) + turns * len(names) + kinds for turns in range(4)]
    return np.concatenate([letters.images, *turned]), np.concatenate([classes, *labels])


def pretrain(model: keras.Model, config: TrainConfig, data_folder: Path, run_folder: Path) -> None:
    """Teach `model` the characters, all but its softmax, in place; nothing where the option "pretrain" is
    false.

    Weights that an earlier start left whole in the run folder are taken. RunError where the loss stops being
    a number.
    """
    if not config.options.get("pretrain", True):
        return
    learnt = model.layers[:-1]
    if _take(learnt, run_folder / PRETRAINED):
        return
    glyphs, labels = characters(data_folder)
    start = time.perf_counter()
    history = _learn_characters(model, glyphs, labels, config, run_folder)
    weights = {f"weight-{i}": np.asarray(value) for i, value in enumerate(_weights(learnt))}
    runs.write_atomically(run_folder / PRETRAINED, lambda file: np.savez(file, allow_pickle=False, **weights))
    record = {"seconds": time.perf_counter() - start, "count": len(glyphs), "classes": int(labels.max()) + 1}
    runs.write_json(run_folder / PRETRAINING, {**record, "history": history})


def _learn_characters(
    model: keras.Model, glyphs: np.ndarray, labels: np.ndarray, config: TrainConfig, run_folder: Path
) -> list[dict[str, float]]:
    """Train `model`'s layers under a softmax of their own over the characters; a row of metrics an epoch."""
    softmax = layers.Dense(int(labels.max()) + 1, activation="softmax", dtype="float32", name="characters")
    network = keras.Model(model.inputs, softmax(model.get_layer(FEATURES).output), name="pretraining")

    def epoch(index: int) -> Arrays:
        generator = epoch_generator(config.seed, _PRETRAINING_DRAWS + index)
        order = generator.permutation(len(glyphs))
        return augment(glyphs[order], config.augmentation, generator), labels[order]

    plan = Plan(len(glyphs), PRETRAINING_EPOCHS, PRETRAINING_BATCH, PRETRAINING_RATE)
    accuracy = keras.metrics.SparseCategoricalAccuracy(name="accuracy")
    return fit_epochs(network, epoch, plan, "sparse_categorical_crossentropy", run_folder, (accuracy,))


def _weights(learnt: list[keras.Layer]) -> list[Any]:
    return [value for layer in learnt for value in layer.weights]


def _take(learnt: list[keras.Layer], path: Path) -> bool:
    """Set the layers' weights to those at `path`; False where there are none that fit."""
    try:
        with np.load(path, allow_pickle=False) as archive:
            saved = [archive[f"weight-{i}"] for i in range(len(archive.files))]
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        return False
    variables = _weights(learnt)
    if [value.shape for value in saved] != [tuple(variable.shape) for variable in variables]:
        return False
    for variable, value in zip(variables, saved, strict=True):
        variable.assign(value)
    return True


def draw_labelled(digits: Digits, count: int, generator: np.random.Generator) -> Digits:
    """`count` of `digits`, as many of each class as `count` allows (one more of the first classes where it is
    no multiple of ten); RunError for fewer than 10 or more than there are.
    """
    if not 10 <= count <= len(digits):
        raise RunError(f"labels is {count}: 10 to {len(digits)} are needed")
    ranks = np.empty(len(digits), dtype=np.int64)
    for digit in range(10):
        rows = np.flatnonzero(digits.labels == digit)
        ranks[generator.permutation(rows)] = np.arange(len(rows)) * 10 + digit
    return digits[np.sort(np.argsort(ranks, kind="stable")[:count])]


def prepare(config: TrainConfig, folder: Path) -> TrainingData:
    """MNIST's training images, or as many of them as the option "labels" says."""
    names = ["mnist"] if config.train_on_all else ["mnist", "qmnist"]
    if config.options.get("pretrain", True):
        names += PRETRAINING_SOURCES
    hashes = source_hashes(names, folder)
    if config.train_on_all:
        digits, validation = load_mnist(folder, "train"), None
    else:
        digits, validation = load_mnist_split(folder)
    if (wanted := config.options.get("labels")) is not None:
        digits = draw_labelled(digits, int(wanted), np.random.default_rng(config.seed))
    targets = one_hot(digits.labels, 10)
    count = int(config.options.get("images_an_epoch") or len(digits))

    def epoch(index: int) -> Arrays:
        generator = epoch_generator(config.seed, index)
        rounds = math.ceil(count / len(digits))
        order = np.concatenate([generator.permutation(len(digits)) for _ in range(rounds)])[:count]
        return augment(digits.images[order], config.augmentation, generator), targets[order]

    files = {"mnist": "mnist/train-images-idx3-ubyte"}
    counts = {"mnist": len(digits)}
    if "letters" in names:
        files |= {"letters": "letters/letters.npz", "omniglot": "omniglot/omniglot_small.npz"}
        counts |= {"letters": 28_800, "omniglot": 4_840}
    return TrainingData(
        epoch=epoch,
        count=count,
        validation=None if validation is None else (validation.images, one_hot(validation.labels, 10)),
        hashes=hashes,
        sources=source_rows(counts, hashes, files),
        plain=(digits.images, targets),
        warps=config.augmentation if count == len(digits) else None,
    )


TRANSFER = Recipe(
    name="transfer",
    description="pretrained on letters and the characters of many alphabets, then fine-tuned",
    paper="Yosinski, Clune, Bengio and Lipson 2014",
    kind="glyph",
    classes=DIGIT_CLASSES,
    build=lambda config: transfer_cnn(),
    loss=cross_entropy,
    metrics=lambda: [keras.metrics.CategoricalAccuracy(name="accuracy")],
    prepare=prepare,
    begin=pretrain,
    options=OPTIONS,
    defaults={
        "epochs": 18,
        "batch_size": 128,
        "learning_rate": 3e-3,
        "schedule": "one-cycle",
        "ema_momentum": 0.999,
        "precision": "mixed_bfloat16",
        "augmentation": Augmentation(translation=2.0, rotation=12.0, scale=0.12, shear=0.12, elastic=20.0),
    },
)
