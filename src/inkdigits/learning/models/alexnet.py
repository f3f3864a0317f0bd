"""AlexNet (Krizhevsky, Sutskever and Hinton 2012) for 28x28: its eight layers, a third as wide, less stride.

In: nothing. Out: a Keras model from glyphs (n, 28, 28) uint8 to ten probabilities (n, 10) float32.
"""

# Keras declares that its operations and weights may be None.
# pyright: reportOperatorIssue=false

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import layers, ops


@keras.saving.register_keras_serializable("inkdigits")
class LocalResponseNormalisation(layers.Layer):
    """Each value over (2 + 1e-4 * sum of squares of `reach` neighbouring maps on both sides) ** 0.75."""

    def __init__(self, reach: int = 2, **settings: Any) -> None:
        super().__init__(**settings)
        self.reach = reach

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Which maps are neighbours."""
        maps = np.arange(input_shape[-1] or 0)
        self.neighbours = (np.abs(maps[:, None] - maps) <= self.reach).astype(np.float32)

    def call(self, inputs: Any) -> Any:
        """Maps of the same shape."""
        # A product with a band matrix: Keras has no sum over neighbouring maps.
        squares = ops.matmul(ops.square(inputs), ops.cast(self.neighbours, inputs.dtype))
        return inputs * ops.power(2.0 + 1e-4 * squares, -0.75)

    def multiply_adds(self, input_shape: tuple[int | None, ...]) -> int:
        """The window's squares, each added once."""
        return int(np.prod([size or 1 for size in input_shape[1:]])) * (2 * self.reach + 1)

    def get_config(self) -> dict[str, Any]:
        """The settings the layer is built again from."""
        return {**super().get_config(), "reach": self.reach}


def alexnet() -> keras.Model:
    """Five convolutions and three dense layers; overlapping pools; normalised after pooling, not before."""
    return keras.Sequential(
        [
            keras.Input((28, 28), dtype="uint8", name="glyphs"),
            layers.Rescaling(1 / 255, name="pixels"),
            layers.Reshape((28, 28, 1), name="channel"),
            layers.Conv2D(32, 5, padding="same", activation="relu", name="convolution_1"),
            layers.MaxPooling2D(3, 2, padding="same", name="pooling_1"),
            LocalResponseNormalisation(name="normalisation_1"),
            layers.Conv2D(64, 5, padding="same", activation="relu", name="convolution_2"),
            layers.MaxPooling2D(3, 2, padding="same", name="pooling_2"),
            LocalResponseNormalisation(name="normalisation_2"),
            layers.Conv2D(96, 3, padding="same", activation="relu", name="convolution_3"),
            layers.Conv2D(96, 3, padding="same", activation="relu", name="convolution_4"),
            layers.Conv2D(64, 3, padding="same", activation="relu", name="convolution_5"),
            layers.MaxPooling2D(3, 2, name="pooling_5"),
            layers.Flatten(name="flatten"),
            layers.Dense(256, activation="relu", name="dense_6"),
            layers.Dropout(0.5, name="dropout_6"),
            layers.Dense(256, activation="relu", name="dense_7"),
            layers.Dropout(0.5, name="dropout_7"),
            layers.Dense(10, activation="softmax", dtype="float32", name="probabilities"),
        ],
        name="alexnet",
    )
