"""A small network learns what a larger one says of the same warped digits (Hinton, Vinyals and Dean 2015).

In: a `TrainConfig` with the option `taught`, the data folder. Out: `TrainingData` whose targets are the
teacher's probabilities, and the loss that goes with them. The teacher is the shipped `inkdigits-single`.
What it says of `PASSES` warped epochs is worked out once, kept in the cache folder and serves all seeds:
teacher and pupil see the very same pictures, which is what matters most (Beyer et al. 2022).
"""

# Keras declares types that its own documentation contradicts.
# pyright: reportOptionalOperand=false

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from keras import ops

from inkdigits.errors import RunError
from inkdigits.learning.augment import augment
from inkdigits.learning.config import TrainConfig
from inkdigits.learning.mnist import cross_entropy, prepare_mnist
from inkdigits.learning.recipe import Arrays, TrainingData, epoch_generator
from inkdigits.learning.runs import write_atomically
from inkdigits.learning.sources import cache_folder
from inkdigits.reading.decoder import soften

if TYPE_CHECKING:
    from inkdigits.reading.recogniser import Recogniser

TEACHER = "inkdigits-single"
PASSES = 12  # epochs of warped digits; each comes back every twelfth epoch, in another order
_SEED = 20261128  # of their warps, which are the same for all seeds of a pupil
_LEAST = 1e-30  # probability, above float32's least, whose logarithm can be taken


def temperature(config: TrainConfig) -> float | None:
    """The option `taught`: what teacher's and pupil's logits are divided by; None to learn from labels.

    RunError where it is no number from 1 to 20.
    """
    told = config.options.get("taught")
    if told is None:
        return None
    if isinstance(told, bool) or not isinstance(told, int | float) or not 1 <= told <= 20:
        raise RunError(f"{config.model}: taught is {told!r}: a temperature from 1 to 20 is needed")
    return float(told)


def taught_loss(config: TrainConfig) -> Any:
    """The cross-entropy of the pupil's softened probabilities with the teacher's; with labels where there is
    no teacher.
    """
    divisor = temperature(config)
    if divisor is None:
        return cross_entropy(config)

    def loss(targets: Any, outputs: Any) -> Any:
        logits = ops.log(ops.maximum(outputs, _LEAST)) / divisor
        return ops.categorical_crossentropy(targets, logits, from_logits=True)

    return loss


def prepare_taught(config: TrainConfig, folder: Path) -> TrainingData:
    """MNIST's training images as `prepare_mnist` gives them; with the option `taught` the targets of epochs
    are the teacher's probabilities at that temperature.

    DataError where MNIST, WeightsError where the teacher is missing or damaged.
    """
    data = prepare_mnist(config, folder)
    divisor = temperature(config)
    if divisor is None or data.plain is None:
        return data
    # ONNX Runtime: the other recipes, and every command that lists them, do without.
    from inkdigits.reading.recogniser import Recogniser

    images, _ = data.plain
    teacher = Recogniser(TEACHER)
    told = [teacher.glyph_card.sha256, data.hashes, len(images), dataclasses.asdict(config.augmentation)]
    place = cache_folder() / "taught" / hashlib.sha256(json.dumps(told).encode()).hexdigest()[:16]

    def epoch(index: int) -> Arrays:
        number = index % PASSES
        warped = augment(images, config.augmentation, epoch_generator(_SEED, number))
        said = _said(teacher, place / f"pass-{number}.npy", warped)
        order = epoch_generator(config.seed, index).permutation(len(images))
        return warped[order], soften(said[order], divisor)

    return dataclasses.replace(data, epoch=epoch, warps=None)


def _said(teacher: Recogniser, kept: Path, glyphs: np.ndarray) -> np.ndarray:
    """The teacher's probabilities (n, 10) float32 of `glyphs`, from the file `kept` where they are there.

    RunError where they cannot be written there.
    """
    try:
        said = np.load(kept, allow_pickle=False)
        if said.shape == (len(glyphs), 10):
            return said
    except (OSError, ValueError, EOFError):
        pass
    said = teacher.glyph_probabilities(glyphs)
    try:
        kept.parent.mkdir(parents=True, exist_ok=True)
        # Two runs may work out the same pass at once.
        own = kept.with_name(f"{kept.stem}-{os.getpid()}.npy")
        write_atomically(own, lambda file: np.save(file, said, allow_pickle=False))
        own.replace(kept)
    except OSError as error:
        raise RunError(
            f"{kept}: what {TEACHER} says cannot be kept: {error.strerror or error}; make room there, "
            "or name another cache folder (XDG_CACHE_HOME)"
        ) from error
    return said
