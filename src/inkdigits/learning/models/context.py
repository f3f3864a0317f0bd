"""The second network that reads lines: it sees the signs on either side of each. In: a strip (32, width).
Out: a class for every second column.

Fully convolutional in width, as `lines` is. The last convolutions are dilated (Yu and Koltun, 2016), so that
some four signs to the left and to the right are seen: a writer who crosses the 7 begins the 1 with an
upstroke, and what stands between digits is one. Maps come in multiples of 32, of which a processor with
AMX computes twice as many a second.
"""

from __future__ import annotations

import keras
from keras import layers

from inkdigits.learning.models.normalisation import convolution


def build_context_cnn(classes: int) -> keras.Model:
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
            *convolution(128, (1, 3), dilation=(1, 8)),
            *convolution(128, (1, 3), dilation=(1, 20)),
            layers.Reshape((-1, 128)),
            layers.Dense(classes),
            layers.Softmax(dtype="float32"),
        ],
        name="context_cnn",
    )
