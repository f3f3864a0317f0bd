"""Multilayer perceptrons: the paper's, Simard's, and those of DropConnect and Maxout.

In: nothing. Out: Keras models from glyphs (n, 28, 28) uint8 to ten probabilities (n, 10) float32.
"""

# Keras declares that its operations and weights may be None.
# pyright: reportOptionalOperand=false

from __future__ import annotations

from typing import Any

import keras
from keras import layers, ops


@keras.saving.register_keras_serializable("inkdigits")
class DropConnect(layers.Dense):
    """A dense layer whose weights, not its outputs, are dropped while it learns (Wan et al. 2013).

    One mask serves a whole batch; the publication draws one for each example, which costs as many weight
    matrices as there are examples. Without training the mean weights are used, not the publication's
    sampling.
    """

    def __init__(self, units: int, rate: float = 0.5, seed: int | None = None, **settings: Any) -> None:
        super().__init__(units, **settings)
        self.rate, self.seed = rate, seed
        self.seed_generator = keras.random.SeedGenerator(seed)

    def call(self, inputs: Any, training: bool | None = None) -> Any:
        """Inputs (n, size) to outputs (n, units)."""
        kernel = ops.cast(self.kernel, inputs.dtype)
        if training:
            kernel = keras.random.dropout(kernel, self.rate, seed=self.seed_generator)
        outputs = ops.matmul(inputs, kernel) + ops.cast(self.bias, inputs.dtype)
        return self.activation(outputs)

    def get_config(self) -> dict[str, Any]:
        """The settings the layer is built again from."""
        return {**super().get_config(), "rate": self.rate, "seed": self.seed}


@keras.saving.register_keras_serializable("inkdigits")
class Maxout(layers.Layer):
    """The largest of `pieces` inputs that lie side by side: (n, units * pieces) to (n, units) (Goodfellow
    et al. 2013).
    """

    def __init__(self, pieces: int, **settings: Any) -> None:
        super().__init__(**settings)
        self.pieces = pieces

    def call(self, inputs: Any) -> Any:
        """The maxima."""
        return ops.max(ops.reshape(inputs, (-1, inputs.shape[-1] // self.pieces, self.pieces)), axis=-1)

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """(n, units)."""
        return (*input_shape[:-1], (input_shape[-1] or 0) // self.pieces)

    def get_config(self) -> dict[str, Any]:
        """The settings the layer is built again from."""
        return {**super().get_config(), "pieces": self.pieces}


def _pixels() -> list[Any]:
    return [
        keras.Input((28, 28), dtype="uint8", name="glyphs"),
        layers.Rescaling(1 / 255, name="pixels"),
        layers.Flatten(name="flatten"),
    ]


def _softmax() -> layers.Layer:
    return layers.Dense(10, activation="softmax", dtype="float32", name="probabilities")


def mlp() -> keras.Model:
    """Two hidden layers of 512 rectified linear units, each followed by dropout; 669,706 parameters."""
    return keras.Sequential(
        [
            *_pixels(),
            layers.Dense(512, activation="relu", name="hidden_1"),
            layers.Dropout(0.3, name="dropout_1"),
            layers.Dense(512, activation="relu", name="hidden_2"),
            layers.Dropout(0.3, name="dropout_2"),
            _softmax(),
        ],
        name="mlp",
    )


def mlp_simard() -> keras.Model:
    """One hidden layer of 800 (Simard, Steinkraus and Platt 2003), rectified here; 636,010 parameters."""
    return keras.Sequential(
        [*_pixels(), layers.Dense(800, activation="relu", name="hidden"), _softmax()],
        name="mlp_simard",
    )


def mlp_dropconnect() -> keras.Model:
    """784-800-800-10 with DropConnect of a half in both hidden layers (Wan et al. 2013); 1,276,810
    parameters.
    """
    return keras.Sequential(
        [
            *_pixels(),
            DropConnect(800, activation="relu", name="hidden_1"),
            DropConnect(800, activation="relu", name="hidden_2"),
            _softmax(),
        ],
        name="mlp_dropconnect",
    )


def mlp_maxout() -> keras.Model:
    """Two layers of 240 maxout units of 5 pieces with dropout (Goodfellow et al. 2013); 1,233,610
    parameters.
    """
    return keras.Sequential(
        [
            *_pixels(),
            layers.Dropout(0.2, name="dropout_0"),
            layers.Dense(1200, name="pieces_1"),
            Maxout(5, name="maxout_1"),
            layers.Dropout(0.5, name="dropout_1"),
            layers.Dense(1200, name="pieces_2"),
            Maxout(5, name="maxout_2"),
            layers.Dropout(0.5, name="dropout_2"),
            _softmax(),
        ],
        name="mlp_maxout",
    )
