"""Connectionist temporal classification (Graves et al. 2006): a network learns strings without being told
where each digit lies.

In: lines of `writer_lines`. Out: `CRNN_CTC`, the recipe; the loss; decoding of outputs to texts; the share of
texts that are wrong.
"""

# Keras declares that its operations may return None.
# pyright: reportOptionalSubscript=false, reportOptionalOperand=false, reportArgumentType=false

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import ops

from inkdigits.errors import RunError
from inkdigits.learning.augment import Augmentation
from inkdigits.learning.config import TrainConfig
from inkdigits.learning.ctc_decoding import CTC_CLASSES, best_path, prefix_search
from inkdigits.learning.models.crnn import TIMES, crnn
from inkdigits.learning.recipe import Arrays, Recipe, TrainingData, epoch_generator, source_rows
from inkdigits.learning.sources import source_hashes
from inkdigits.learning.writer_lines import MOST_DIGITS, draw_lengths, load_writer_bank, make_lines

LINES_AN_EPOCH = 24_000
TRAINING_WIDTH = 160  # pixels; digits of a line that do not fit are left out
VALIDATION_COUNT = 2_000
VALIDATION_SEED = 2
VALIDATION_WIDTH = 256
_FILLED = 0.75  # of the training strips hold as many digits as fit, up to 10
_FLOOR = 1e-30  # below it a probability has no logarithm in float32


def spaced(digits: np.ndarray) -> np.ndarray:
    """Rows of `Lines.digits` (n, 10) as targets (n, 20) with a 0 after each digit, so that two equal ones are
    told apart by whoever reads a target as steps.
    """
    targets = np.zeros((len(digits), 2 * digits.shape[1]), np.uint8)
    targets[:, ::2] = digits
    return targets


def ctc_loss(targets: Any, outputs: Any) -> Any:
    """-ln of the probability that each line says its target, (n,) float32.

    `targets` (n, 2k) are those of `spaced`, `outputs` (n, steps, 11) probabilities with the blank first.
    """
    labels = ops.cast(targets[:, ::2], "int32")
    logarithms = ops.log(ops.cast(outputs, "float32") + _FLOOR)
    steps = ops.full_like(labels[:, 0], ops.shape(outputs)[1])
    if keras.config.backend() != "tensorflow":
        lengths = ops.sum(ops.cast(labels > 0, "int32"), axis=1)
        return ops.ctc_loss(labels, logarithms, lengths, steps)
    import tensorflow

    # Keras's own is a loop of small operations; with sparse labels TensorFlow takes its kernel, four times as
    # quick on a CPU.
    return tensorflow.nn.ctc_loss(
        labels=tensorflow.sparse.from_dense(labels),
        logits=logarithms,
        label_length=None,
        logit_length=steps,
        logits_time_major=False,
        blank_index=0,
    )


def exact(targets: Any, outputs: Any) -> Any:
    """Whether the best path of each line says its target: (n,) float32, 0 or 1."""
    best = ops.cast(ops.argmax(outputs, axis=-1), "int32")
    before = ops.pad(best[:, :-1], ((0, 0), (1, 0)))
    begins = ops.logical_and(best > 0, best != before)
    labels = ops.cast(targets[:, ::2], "int32")
    place = ops.cumsum(ops.cast(begins, "int32"), axis=1)
    # One more label, 0, for all that is read beyond the target's end.
    longer = ops.pad(labels, ((0, 0), (0, 1)))
    wanted = ops.take_along_axis(longer, ops.clip(place - 1, 0, ops.shape(labels)[1]), axis=1)
    right = ops.all(ops.logical_or(ops.logical_not(begins), wanted == best), axis=1)
    whole = place[:, -1] == ops.sum(ops.cast(labels > 0, "int32"), axis=1)
    return ops.cast(ops.logical_and(right, whole), "float32")


def decode(outputs: np.ndarray) -> tuple[list[str], np.ndarray]:
    """The most probable texts of `outputs` (n, steps, 11) and their probabilities (n,) float64.

    Where the best path's text is more probable than all others together, it is that; elsewhere prefixes are
    searched.
    """
    texts = best_path(outputs)
    probabilities = text_probabilities(outputs, texts)
    doubtful = np.flatnonzero(probabilities <= 0.5)
    searched = [prefix_search(outputs[row]) for row in doubtful]
    found = text_probabilities(outputs[doubtful], searched)
    for row, text, probability in zip(doubtful, searched, found, strict=True):
        if probability > probabilities[row]:
            texts[row], probabilities[row] = text, probability
    return texts, probabilities


def text_probabilities(outputs: np.ndarray, texts: Sequence[str]) -> np.ndarray:
    """The probability (n,) float64 of each text: the sum over all paths that say it."""
    found = np.prod(outputs[:, :, 0].astype(np.float64), axis=1)  # Of nothing there is one path: all blanks.
    some = [row for row, text in enumerate(texts) if text]
    if not some:
        return found
    targets = np.zeros((len(some), 2 * max(len(text) for text in texts)), np.uint8)
    for target, row in zip(targets, some, strict=True):
        target[: 2 * len(texts[row]) : 2] = [CTC_CLASSES.index(digit) for digit in texts[row]]
    losses = ctc_loss(ops.convert_to_tensor(targets), ops.convert_to_tensor(outputs[some]))
    found[some] = np.exp(-np.asarray(ops.convert_to_numpy(losses), np.float64))
    return found


def string_error(texts: Sequence[str], truths: Sequence[str]) -> float:
    """The share of texts that are not exactly the truth, in [0, 1]."""
    return float(np.mean([text != truth for text, truth in zip(texts, truths, strict=True)]))


def digit_error(texts: Sequence[str], truths: Sequence[str]) -> float:
    """Digits put in, left out and mistaken (Levenshtein's distance) by digits that are there; Graves' label
    error rate.
    """
    wrong = sum(_distance(text, truth) for text, truth in zip(texts, truths, strict=True) if text != truth)
    return wrong / max(1, sum(len(truth) for truth in truths))


def _distance(first: str, second: str) -> int:
    row = list(range(len(second) + 1))
    for index, one in enumerate(first, start=1):
        diagonal, row[0] = row[0], index
        for place, other in enumerate(second, start=1):
            diagonal, row[place] = (
                row[place],
                min(row[place] + 1, row[place - 1] + 1, diagonal + (one != other)),
            )
    return row[-1]


def prepare_lines(config: TrainConfig, folder: Path) -> TrainingData:
    """Lines of MNIST's training writers, validated on lines of writers held out, or of all 539.

    `config.augmentation` warps each digit, its translation excepted: where a digit lies is drawn anyway.
    `config.options` may set `lines_an_epoch`.
    """
    training = load_writer_bank(folder, "all" if config.train_on_all else "train")
    count = int(config.options.get("lines_an_epoch", LINES_AN_EPOCH))
    if count < 1:
        raise RunError(f"lines_an_epoch is {count}: at least 1 is needed")
    hashes = source_hashes(["mnist", "qmnist"], folder)

    def epoch(index: int) -> Arrays:
        random = epoch_generator(config.seed, index)
        # Most strips are filled to their end: paper at the right teaches little and costs as much as ink.
        lengths = np.where(random.random(count) < _FILLED, MOST_DIGITS, draw_lengths(count, random))
        lines = make_lines(training, lengths, random, augmentation=config.augmentation, width=TRAINING_WIDTH)
        return lines.strips, spaced(lines.digits)

    return TrainingData(
        epoch=epoch,
        count=count,
        validation=None if config.train_on_all else _validation(folder),
        hashes=hashes,
        sources=source_rows(
            {"mnist": len(training.glyphs)}, hashes, {"mnist": "mnist/train-images-idx3-ubyte"}
        ),
    )


def _validation(folder: Path) -> Arrays:
    random = np.random.default_rng(VALIDATION_SEED)
    bank, lengths = load_writer_bank(folder, "validation"), draw_lengths(VALIDATION_COUNT, random)
    lines = make_lines(bank, lengths, random, width=VALIDATION_WIDTH)
    return lines.strips, spaced(lines.digits)


def _build(config: TrainConfig) -> keras.Model:
    time = config.options.get("time", TIMES[0])
    if time not in TIMES:
        raise RunError(f"time is {time!r}: {' or '.join(TIMES)} is needed")
    return crnn(time)


CRNN_CTC = Recipe(
    name="crnn-ctc",
    description="strings of 1 to 10 digits without cutting them up; --option time=lstm reads time by an LSTM",
    paper="Graves, Fernandez, Gomez and Schmidhuber 2006; Shi, Bai and Yao 2015",
    kind="line",
    classes=CTC_CLASSES,
    build=_build,
    loss=lambda config: ctc_loss,
    metrics=lambda: [keras.metrics.MeanMetricWrapper(exact, name="accuracy")],
    prepare=prepare_lines,
    options=("time", "lines_an_epoch"),
    defaults={
        "epochs": 40,
        "learning_rate": 3e-3,
        "schedule": "one-cycle",
        "ema_momentum": 0.999,
        "precision": "mixed_bfloat16",
        "augmentation": Augmentation(rotation=8, scale=0.12, shear=0.12, elastic=20),
    },
)
