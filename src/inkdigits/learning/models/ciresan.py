"""One column of the multi-column network of Ciresan, Meier and Schmidhuber (2012): 1x29x29-20C4-MP2-40C5-MP3-
150N-10N.

In: the width in pixels that digits are brought to, or none. Out: a Keras model from glyphs (n, 28, 28) uint8
to ten probabilities (n, 10) float32; 76,040 parameters.
"""

# Keras declares that its operations and weights may be None.
# pyright: reportOptionalOperand=false, reportOptionalSubscript=false, reportOperatorIssue=false

from __future__ import annotations

from typing import Any

import keras
from keras import layers, ops

from inkdigits.learning.models.lenet import squash

WIDTHS = (10, 12, 14, 16, 18, 20)


@keras.saving.register_keras_serializable("inkdigits")
class WidthNormalisation(layers.Layer):
    """Digits stretched or squeezed sideways until their ink is `width` pixels wide, centred: (n, height,
    side, 1) in [0, 1] to the same shape.
    """

    INK = 0.2  # Fainter pixels are the rim of a stroke.

    def __init__(self, width: int, **settings: Any) -> None:
        super().__init__(**settings)
        self.width = width

    def call(self, inputs: Any) -> Any:
        """Each column of the output read from between two of the input."""
        side = inputs.shape[2]
        columns = ops.arange(side, dtype="float32")
        inked = ops.cast(ops.max(inputs, axis=(1, 3)) > self.INK, "float32")
        left = ops.min(columns * inked + side * (1 - inked), axis=1, keepdims=True)
        right = ops.max((columns + 1) * inked, axis=1, keepdims=True)
        stretch = ops.maximum(right - left, 1.0) / self.width
        source = (left + right - 1) / 2 + (columns - (side - 1) / 2) * stretch
        # A wide digit is squeezed: each output column is then the mean of as many as it stands for.
        reach = ops.maximum(stretch, 1.0)[:, None, :]
        near = ops.maximum(0.0, 1 - ops.abs(source[:, None, :] - columns[None, :, None]) / reach) / reach
        return ops.einsum("nhco,ncj->nhjo", inputs, ops.cast(near, inputs.dtype))

    def multiply_adds(self, input_shape: tuple[int | None, ...]) -> int:
        """The resampling's product of matrices."""
        return (input_shape[1] or 0) * (input_shape[2] or 0) ** 2

    def get_config(self) -> dict[str, Any]:
        """The settings the layer is built again from."""
        return {**super().get_config(), "width": self.width}


def ciresan(width: int | None = None) -> keras.Model:
    """One column; `width` None is the "original" column, which sees digits as they are."""
    return keras.Sequential(
        [
            keras.Input((28, 28), dtype="uint8", name="glyphs"),
            layers.Rescaling(1 / 255, name="pixels"),
            layers.Reshape((28, 28, 1), name="channel"),
            *([WidthNormalisation(width, dtype="float32", name="width")] if width else []),
            layers.ZeroPadding2D(((0, 1), (0, 1)), name="padding"),
            layers.Conv2D(20, 4, activation=squash, name="convolution_1"),
            layers.MaxPooling2D(2, name="pooling_1"),
            layers.Conv2D(40, 5, activation=squash, name="convolution_2"),
            layers.MaxPooling2D(3, name="pooling_2"),
            layers.Flatten(name="flatten"),
            layers.Dense(150, activation=squash, name="hidden"),
            layers.Dense(10, activation="softmax", dtype="float32", name="probabilities"),
        ],
        name="ciresan",
    )
