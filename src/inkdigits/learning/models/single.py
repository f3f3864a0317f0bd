"""Our best single network: plain 3x3 convolutions whose maps shrink early, without padding towards the end.

In: nothing. Out: a Keras model from glyphs (n, 28, 28) uint8 to ten probabilities (n, 10) float32.
"""

from __future__ import annotations

import keras
from keras import layers

from inkdigits.learning.models.normalisation import convolution


def inkdigits_single() -> keras.Model:
    """Two convolutions at 14x14, then valid ones down to 4x4, all of which the softmax sees.

    Flattening keeps where a stroke was; batch normalisation of the logits is An et al.'s (2020).
    """

    return keras.Sequential(
        [
            keras.Input((28, 28), dtype="uint8", name="glyphs"),
            layers.Rescaling(2 / 255, offset=-1),
            layers.Reshape((28, 28, 1)),
            *convolution(32, 5, strides=2),
            *convolution(64),
            *convolution(64, padding="valid"),
            *convolution(96, padding="valid"),
            *convolution(112, padding="valid"),
            *convolution(128, padding="valid"),
            *convolution(144, padding="valid"),
            layers.Flatten(),
            layers.Dropout(0.2),
            layers.Dense(10, use_bias=False),
            layers.BatchNormalization(momentum=0.95),
            layers.Softmax(dtype="float32"),
        ],
        name="inkdigits_single",
    )
