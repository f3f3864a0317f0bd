"""How the shipped line network is trained: every epoch on new synthetic lines, validated on other writers'
lines.

In: a `TrainConfig` and the data folder. Out: the `Recipe` named inkdigits-lines.
"""

from __future__ import annotations

from pathlib import Path

import keras
import numpy as np

from inkdigits.learning.bank import BANK_SOURCES, load_banks
from inkdigits.learning.config import TrainConfig
from inkdigits.learning.models.lines import build_line_cnn
from inkdigits.learning.recipes import Arrays, Recipe, TrainingData, epoch_generator
from inkdigits.learning.sources import SOURCES, source_hashes
from inkdigits.learning.strings import LINE_CLASSES, make_lines

LINES_AN_EPOCH = 48_000
VALIDATION_LINES = 2_000
_VALIDATION_SEED = 7


def prepare_lines(config: TrainConfig, folder: Path) -> TrainingData:
    """Strips (n, 32, 160) uint8 and classes by column (n, 80) uint8; `options` may set lines_an_epoch."""
    training, validation = load_banks(folder)
    count = int(config.options.get("lines_an_epoch", LINES_AN_EPOCH))

    def epoch(index: int) -> Arrays:
        return make_lines(training, count, epoch_generator(config.seed, index))

    hashes = source_hashes(list(BANK_SOURCES), folder)
    return TrainingData(
        epoch=epoch,
        count=count,
        validation=make_lines(validation, VALIDATION_LINES, np.random.default_rng(_VALIDATION_SEED)),
        hashes=hashes,
        sources=tuple({"name": name, "licence": SOURCES[name].licence} for name in BANK_SOURCES),
    )


LINE_RECIPE = Recipe(
    name="inkdigits-lines",
    description="the shipped line network: synthetic lines of one writer's digits",
    kind="line",
    classes=LINE_CLASSES,
    build=lambda config: build_line_cnn(len(LINE_CLASSES)),
    loss=lambda config: keras.losses.SparseCategoricalCrossentropy(),
    metrics=lambda: [keras.metrics.SparseCategoricalAccuracy(name="accuracy")],
    prepare=prepare_lines,
    defaults={
        "epochs": 12,
        "learning_rate": 3e-3,
        "schedule": "one-cycle",
        "ema_momentum": 0.998,
        "precision": "mixed_bfloat16",
    },
)
