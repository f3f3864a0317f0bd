"""The network that reads one digit, or refuses it. In: a glyph (28, 28). Out: eleven probabilities, the
last of none.

One stride at the start, then valid convolutions down to 4x4, all of which the softmax sees: where a stroke was
is kept, as in `single`, at two thirds of its cost.
"""

from __future__ import annotations

import keras
from keras import layers

from inkdigits.learning.models.normalisation import convolution


def build_glyph_cnn(classes: int) -> keras.Model:
    """Glyphs (n, 28, 28) uint8 to probabilities (n, classes) float32."""

    return keras.Sequential(
        [
            keras.Input((28, 28), dtype="uint8", name="glyphs"),
            layers.Rescaling(1 / 255),
            layers.Reshape((28, 28, 1)),
            *convolution(24, 5, strides=2),
            *convolution(40),
            *convolution(56, padding="valid"),
            *convolution(72, padding="valid"),
            *convolution(88, padding="valid"),
            *convolution(104, padding="valid"),
            *convolution(128, padding="valid"),
            layers.Flatten(),
            layers.Dropout(0.2),
            layers.Dense(classes),
            layers.Softmax(dtype="float32"),
        ],
        name="glyph_cnn",
    )
