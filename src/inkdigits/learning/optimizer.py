"""The optimizer of a run: Adam with its schedule and averages. In: a model and a `TrainConfig`. Out: it
compiled.
"""

# Keras annotates these arguments more narrowly than it accepts.
# pyright: reportArgumentType=false, reportCallIssue=false

from __future__ import annotations

import math
from typing import Any

import keras

from inkdigits.learning.config import TrainConfig
from inkdigits.learning.recipe import Recipe, TrainingData

STEPS_PER_EXECUTION = 16


class AveragedAdam(keras.optimizers.Adam):
    """Adam that keeps its moving averages of the weights apart until `take_averages` is called.

    Keras replaces the weights by their averages at the end of each `fit`; a run that calls `fit` once an
    epoch would go on from the averages.
    """

    def finalize_variable_values(self, var_list: Any) -> None:
        """Called by `fit`; leaves the weights as they are."""

    def take_averages(self, weights: Any) -> None:
        """Replace `weights` by their moving averages, where the optimizer keeps them."""
        super().finalize_variable_values(weights)
        for weight in weights if self.use_ema else ():
            # Under JAX the two are one array now, and `evaluate` gives away the weights' arrays.
            weight.assign(keras.ops.copy(weight))


def compile_model(
    model: keras.Model, recipe: Recipe, config: TrainConfig, data: TrainingData
) -> AveragedAdam:
    """Compile `model` in place with the recipe's loss and metrics, and return its optimizer."""
    steps = config.epochs * math.ceil(data.count / config.batch_size)
    optimizer = AveragedAdam(
        learning_rate=_schedule(config, steps),
        weight_decay=config.weight_decay or None,
        use_ema=config.ema_momentum is not None,
        ema_momentum=config.ema_momentum or 0.99,
    )
    model.compile(
        optimizer=optimizer,
        loss=recipe.loss(config),
        metrics=recipe.metrics(),
        **execution(),
    )
    optimizer.build(model.trainable_variables)
    return optimizer


def execution() -> dict[str, Any]:
    """What `Model.compile` is told of how steps run, wherever something is trained here."""
    return {
        # Python is entered once in 16 steps: 30 % faster for a small network on two cores.
        "steps_per_execution": STEPS_PER_EXECUTION,
        # XLA on a CPU halves the speed of convolutions under TensorFlow; JAX cannot do without it.
        "jit_compile": False if keras.config.backend() == "tensorflow" else "auto",
    }


def _schedule(config: TrainConfig, steps: int) -> float | keras.optimizers.schedules.LearningRateSchedule:
    if config.schedule == "constant":
        return config.learning_rate
    if config.schedule == "cosine":
        return keras.optimizers.schedules.CosineDecay(config.learning_rate, steps)
    warmup = max(1, round(0.3 * steps))
    return keras.optimizers.schedules.CosineDecay(
        config.learning_rate / 25,
        max(1, steps - warmup),
        warmup_target=config.learning_rate,
        warmup_steps=warmup,
    )
