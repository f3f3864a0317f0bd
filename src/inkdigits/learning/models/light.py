"""Networks for small devices: depthwise-separable convolutions (Howard et al. 2017) and little else.

In: nothing. Out: Keras models from glyphs (n, 28, 28) uint8 to ten probabilities (n, 10) float32. The
parameters counted are all, the moving averages of batch normalisation included.
"""

from __future__ import annotations

import keras
from keras import layers

from inkdigits.learning.models.normalisation import FusedBatchNormalization


def _convolution(filters: int, size: int, strides: int) -> list[layers.Layer]:
    return [
        layers.Conv2D(filters, size, strides, "same", use_bias=False),
        FusedBatchNormalization(momentum=0.95),
        layers.ReLU(),
    ]


def _separable(filters: int, strides: int = 1) -> list[layers.Layer]:
    """3x3 in each map alone, then 1x1 over the maps."""
    return [
        layers.DepthwiseConv2D(3, strides, "same", use_bias=False),
        layers.Conv2D(filters, 1, use_bias=False),
        FusedBatchNormalization(momentum=0.95),
        layers.ReLU(),
    ]


def _network(name: str, body: list[layers.Layer]) -> keras.Model:
    return keras.Sequential(
        [
            keras.Input((28, 28), dtype="uint8", name="glyphs"),
            layers.Rescaling(1 / 255),
            layers.Reshape((28, 28, 1)),
            *body,
            layers.GlobalAveragePooling2D(),
            layers.Dense(10, activation="softmax", dtype="float32"),
        ],
        name=name,
    )


def light() -> keras.Model:
    """At most 2,500 parameters."""
    return _network(
        "light",
        [
            *_convolution(8, 5, strides=2),
            *_separable(16),
            *_separable(24, strides=2),
            *_separable(28),
        ],
    )


def light_10k() -> keras.Model:
    """At most 10,000 parameters."""
    return _network(
        "light_10k",
        [
            *_convolution(16, 5, strides=2),
            *_separable(32),
            *_separable(40, strides=2),
            *_separable(48),
            *_separable(56),
        ],
    )
