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

    def along(filters: int, size: int) -> list[layers.Layer]:
        return [
            layers.Conv1D(filters, size, padding="same", use_bias=False),
            layers.BatchNormalization(momentum=0.95),
            layers.ReLU(),
        ]

    return keras.Sequential(
        [
            keras.Input((32, None), dtype="uint8", name="strips"),
            layers.Rescaling(1 / 255),
            layers.Reshape((32, -1, 1)),
            *convolution(24, 5, strides=2),
            *convolution(40),
            layers.MaxPooling2D((2, 1)),
            *convolution(56),
            *convolution(56),
            layers.MaxPooling2D((2, 1)),
            *convolution(80),
            *convolution(128, (4, 1), padding="valid"),
            layers.Reshape((-1, 128)),
            layers.SpatialDropout1D(0.1),
            *along(128, 5),
            *along(128, 5),
            layers.Dense(classes),
            layers.Softmax(dtype="float32"),
        ],
        name="line_cnn",
    )
