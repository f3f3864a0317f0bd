"""Arrays as batches for Keras. In: inputs and targets (n, ...). Out: data for `fit`, epochs, or a model's
metrics.
"""

# Keras declares types that its own documentation contradicts (verbose: str).
# pyright: reportArgumentType=false

from __future__ import annotations

from concurrent.futures import Future
from typing import Any, Protocol

import keras
import numpy as np

from inkdigits.learning.config import TrainConfig
from inkdigits.learning.makers import Maker
from inkdigits.learning.recipe import Arrays

EVALUATION_BATCH = 1024


def feed(inputs: np.ndarray, targets: np.ndarray, batch_size: int) -> dict[str, Any]:
    """The arguments of `fit` or `evaluate` for these arrays, in their order.

    Given the arrays, Keras makes a tf.data pipeline whose tuning thread wakes after 10, 20, 40, ... ms, and
    the end of an epoch waits for it: up to as long again as the epoch took (TensorFlow 2.21). With the tuning
    off there is nothing to wait for. Other backends have no such thread and are given the arrays.
    """
    if keras.config.backend() != "tensorflow":
        return {"x": inputs, "y": targets, "batch_size": batch_size}
    import tensorflow

    options = tensorflow.data.Options()
    options.autotune.enabled = False
    with tensorflow.device("CPU"):
        whole = tensorflow.convert_to_tensor(inputs), tensorflow.convert_to_tensor(targets)
    starts = tensorflow.data.Dataset.range(0, len(inputs), batch_size)
    batches = starts.map(lambda start: tuple(part[start : start + batch_size] for part in whole))
    return {"x": batches.prefetch(2).with_options(options)}


class Epochs(Protocol):
    """What learns epoch after epoch."""

    def run(self, index: int, *callbacks: keras.callbacks.Callback) -> dict[str, float]:
        """Learn epoch `index`, from 0, and return its loss and metrics."""
        ...


class HostEpochs:
    """Epochs by Keras's `fit`; `maker` makes the arrays of the next ones meanwhile."""

    def __init__(self, model: keras.Model, config: TrainConfig, maker: Maker) -> None:
        self._model, self._config, self._maker = model, config, maker
        self._coming: dict[int, Future[Arrays]] = {}  # by the number of the epoch

    def run(self, index: int, *callbacks: keras.callbacks.Callback) -> dict[str, float]:
        """Learn epoch `index`, from 0, and return its loss and metrics."""
        for ahead in range(index, min(index + self._maker.ahead + 1, self._config.epochs)):
            if ahead not in self._coming:
                self._coming[ahead] = self._maker.begin(ahead)
        inputs, targets = self._coming.pop(index).result()
        fitted = self._model.fit(
            **feed(inputs, targets, self._config.batch_size),
            shuffle=False,
            verbose=0,
            callbacks=list(callbacks),
        )
        return {name: float(values[-1]) for name, values in fitted.history.items()}


def measured(model: keras.Model, inputs: np.ndarray, targets: np.ndarray) -> dict[str, float]:
    """The loss and the metrics of a compiled model on these arrays, without dropout."""
    values = model.evaluate(**feed(inputs, targets, EVALUATION_BATCH), verbose=0, return_dict=True)
    return {name: float(value) for name, value in values.items()}
