"""The network that reads one digit, or refuses it. In: a glyph (28, 28). Out: eleven probabilities, the
last of none.

All convolutions, strides in place of pooling (Springenberg et al., 2015), batch normalisation (Ioffe and
Szegedy, 2015), a mean over places in place of dense layers (Lin et al., 2014).
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
            *convolution(24),
            *convolution(32, strides=2),
            *convolution(64),
            *convolution(64, strides=2),
            *convolution(96),
            *convolution(128, padding="valid"),
            layers.GlobalAveragePooling2D(),
            layers.Dropout(0.2),
            layers.Dense(classes),
            layers.Softmax(dtype="float32"),
        ],
        name="glyph_cnn",
    )
