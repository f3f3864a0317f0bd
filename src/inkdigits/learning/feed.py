"""Arrays as batches for Keras. In: inputs and targets (n, ...). Out: data for `fit`, epochs, or a model's
metrics.
"""

# Keras declares types that its own documentation contradicts (verbose: str).
# pyright: reportArgumentType=false

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, Protocol

import keras
import numpy as np

from inkdigits.learning.config import TrainConfig
from inkdigits.learning.recipe import Arrays, TrainingData

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
    """Epochs by Keras's `fit`; the arrays of the next one are made in a thread meanwhile."""

    def __init__(
        self, model: keras.Model, config: TrainConfig, data: TrainingData, maker: ThreadPoolExecutor
    ) -> None:
        self._model, self._config, self._data, self._maker = model, config, data, maker
        self._coming: dict[int, Future[Arrays]] = {}  # by the number of the epoch

    def run(self, index: int, *callbacks: keras.callbacks.Callback) -> dict[str, float]:
        """Learn epoch `index`, from 0, and return its loss and metrics."""
        coming = self._coming.pop(index, None) or self._maker.submit(self._data.epoch, index)
        inputs, targets = coming.result()
        if index + 1 < self._config.epochs:
            self._coming[index + 1] = self._maker.submit(self._data.epoch, index + 1)
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
