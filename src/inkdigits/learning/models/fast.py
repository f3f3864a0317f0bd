"""The network that learns digits soonest on a processor: few multiplications, and no pooling (slow to learn
through).

In: nothing. Out: a Keras model from glyphs (n, 28, 28) uint8 to ten probabilities (n, 10) float32.
"""

from __future__ import annotations

import keras
from keras import layers

from inkdigits.learning.models.normalisation import convolution


def fast() -> keras.Model:
    """Four convolutions without padding, two of them strided, down to 2x2, all of which the softmax sees."""
    return keras.Sequential(
        [
            keras.Input((28, 28), dtype="uint8", name="glyphs"),
            layers.Rescaling(2 / 255, offset=-1),
            layers.Reshape((28, 28, 1)),
            *convolution(24, 5, strides=2, padding="valid"),
            *convolution(32, padding="valid"),
            *convolution(64, strides=2, padding="valid"),
            *convolution(96, padding="valid"),
            layers.Flatten(),
            layers.Dense(10, use_bias=False),
            layers.BatchNormalization(momentum=0.95),
            layers.Softmax(dtype="float32"),
        ],
        name="fast",
    )
