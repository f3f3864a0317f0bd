"""The network that reads a line without cutting it up. In: a strip (32, width). Out: a class for every
second column.

Fully convolutional in width: any width from 8 pixels on is read. In the spirit of "space displacement"
networks (Matan et al., 1992; LeCun et al., 1998), with batch normalisation (Ioffe and Szegedy, 2015).
"""

from __future__ import annotations

import keras
from keras import layers

from inkdigits.learning.models.normalisation import convolution


def build_line_cnn(classes: int) -> keras.Model:
    """Strips (n, 32, width) uint8 to probabilities (n, width / 2, classes) float32, class 0 is none."""

    return keras.Sequential(
        [
            keras.Input((32, None), dtype="uint8", name="strips"),
            layers.Rescaling(1 / 255),
            layers.Reshape((32, -1, 1)),
            *convolution(32, 5, strides=2),
            *convolution(32),
            layers.MaxPooling2D((2, 1)),
            *convolution(64),
            *convolution(64),
            layers.MaxPooling2D((2, 1)),
            *convolution(64),
            *convolution(128, (4, 1), padding="valid"),
            layers.SpatialDropout2D(0.1),
            *convolution(128, (1, 5)),
            *convolution(128, (1, 5)),
            layers.Reshape((-1, 128)),
            layers.Dense(classes),
            layers.Softmax(dtype="float32"),
        ],
        name="line_cnn",
    )
