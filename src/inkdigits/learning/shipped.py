"""How the shipped networks that read together are trained: each epoch on new synthetic ink, validated on ink
of other writers.

In: a `TrainConfig` and the data folder. Out: the recipes `inkdigits-digits`, `inkdigits-lines` and
`inkdigits-context`.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path

import keras
import numpy as np

from inkdigits.learning.again import seen_again
from inkdigits.learning.bank import BANK_SOURCES, Mixture, load_banks, redrawn
from inkdigits.learning.beginning import begin_from
from inkdigits.learning.config import TrainConfig
from inkdigits.learning.glyphs import GLYPH_CLASSES, make_glyphs
from inkdigits.learning.models.context import build_context_cnn
from inkdigits.learning.models.glyphs import build_glyph_cnn
from inkdigits.learning.models.lines import build_line_cnn
from inkdigits.learning.recipe import Arrays, Recipe, TrainingData, epoch_generator
from inkdigits.learning.sources import SOURCES, source_hashes
from inkdigits.learning.strings import InkBank, make_lines
from inkdigits.learning.texts import LINE_CLASSES

EXAMPLES_AN_EPOCH = 48_000
VALIDATION_SEED = 7
LINE_INK = Mixture("ABCDFT", drawn=0.5)
# To whoever sees it alone a b is a 6 and a D is a 0; a quarter of drawn ink was too much for it.
GLYPH_INK = Mixture("ACFT", drawn=0.18)
_OPTIONS = ("examples_an_epoch", "begin_from")
_BEGINNING = 512  # examples that a network that begins from another is measured on
_DEFAULTS = {
    "learning_rate": 3e-3,
    "schedule": "one-cycle",
    "ema_momentum": 0.998,
    "precision": "mixed_bfloat16",
}
Maker = Callable[[InkBank, int, np.random.Generator], Arrays]


def prepare_synthetic(
    make: Maker,
    ink: Mixture,
    config: TrainConfig,
    folder: Path,
    validation_count: int,
    change: Callable[[np.ndarray, np.random.Generator], np.ndarray] | None = None,
) -> TrainingData:
    """What `make` makes, with other drawn writers in each epoch; `config.options` may set
    `examples_an_epoch`. With `change` half of the examples are made, the other half are these, their images
    changed by it.
    """
    training, validation = load_banks(folder, ink)
    count = int(config.options.get("examples_an_epoch", EXAMPLES_AN_EPOCH))

    def epoch(index: int) -> Arrays:
        random = epoch_generator(config.seed, index)
        bank = redrawn(training, random)
        if change is None:
            return make(bank, count, random)
        images, targets = make(bank, (count + 1) // 2, random)
        changed = change(images, random)
        return np.concatenate([images, changed])[:count], np.concatenate([targets, targets])[:count]

    return TrainingData(
        epoch=epoch,
        count=count,
        validation=make(validation, validation_count, np.random.default_rng(VALIDATION_SEED)),
        hashes=source_hashes(list(BANK_SOURCES), folder),
        sources=tuple({"name": name, "licence": SOURCES[name].licence} for name in BANK_SOURCES),
    )


def _begin(make: Maker, ink: Mixture) -> Callable[[keras.Model, TrainConfig, Path, Path], None]:
    """What `Recipe.begin` is: with the option `begin_from`, the weights of that .onnx file instead of fresh
    ones.
    """

    def begin(model: keras.Model, config: TrainConfig, folder: Path, run_folder: Path) -> None:
        if "begin_from" in config.options:
            path = Path(str(config.options["begin_from"]))
            inputs, _ = make(load_banks(folder, ink)[0], _BEGINNING, np.random.default_rng(config.seed))
            begin_from(model, path, inputs)

    return begin


DIGIT_RECIPE = Recipe(
    name="inkdigits-digits",
    description="the shipped digit network: synthetic glyphs, ten digits and none",
    kind="glyph",
    classes=GLYPH_CLASSES,
    build=lambda config: build_glyph_cnn(len(GLYPH_CLASSES)),
    loss=lambda config: keras.losses.SparseCategoricalCrossentropy(),
    metrics=lambda: [keras.metrics.SparseCategoricalAccuracy(name="accuracy")],
    prepare=lambda config, folder: prepare_synthetic(make_glyphs, GLYPH_INK, config, folder, 5_000),
    options=_OPTIONS,
    begin=_begin(make_glyphs, GLYPH_INK),
    defaults={**_DEFAULTS, "epochs": 40},
)

LINE_RECIPE = Recipe(
    name="inkdigits-lines",
    description="the shipped line network: synthetic lines of one writer's digits",
    kind="line",
    classes=LINE_CLASSES,
    build=lambda config: build_line_cnn(len(LINE_CLASSES)),
    loss=lambda config: keras.losses.SparseCategoricalCrossentropy(),
    metrics=lambda: [keras.metrics.SparseCategoricalAccuracy(name="accuracy")],
    prepare=lambda config, folder: prepare_synthetic(make_lines, LINE_INK, config, folder, 2_000, seen_again),
    options=_OPTIONS,
    begin=_begin(make_lines, LINE_INK),
    defaults={**_DEFAULTS, "epochs": 28},
)

CONTEXT_RECIPE = dataclasses.replace(
    LINE_RECIPE,
    name="inkdigits-context",
    description="the second line network, for lines in doubt: it sees the signs beside each",
    build=lambda config: build_context_cnn(len(LINE_CLASSES)),
    defaults={**_DEFAULTS, "epochs": 26},
)
