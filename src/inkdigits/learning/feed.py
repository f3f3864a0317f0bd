"""Arrays as batches for Keras. In: inputs and targets (n, ...). Out: data for `fit`, or a model's metrics."""

# Keras declares types that its own documentation contradicts (verbose: str).
# pyright: reportArgumentType=false

from __future__ import annotations

from typing import Any

import keras
import numpy as np

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


def measured(model: keras.Model, inputs: np.ndarray, targets: np.ndarray) -> dict[str, float]:
    """The loss and the metrics of a compiled model on these arrays, without dropout."""
    values = model.evaluate(**feed(inputs, targets, EVALUATION_BATCH), verbose=0, return_dict=True)
    return {name: float(value) for name, value in values.items()}
