"""Networks for small devices: depthwise-separable convolutions (Howard et al. 2017) and little else.

In: nothing. Out: Keras models from glyphs (n, 28, 28) uint8 to ten probabilities (n, 10) float32. The
parameters counted are all, the moving averages of batch normalisation included.
"""

from __future__ import annotations

from typing import Any

import keras
from keras import layers

from inkdigits.learning.models.normalisation import FusedBatchNormalization, convolution


def _separable(filters: int, strides: int = 1) -> list[layers.Layer]:
    """3x3 in each map alone, then 1x1 over the maps."""
    return [
        layers.DepthwiseConv2D(3, strides, "same", use_bias=False),
        layers.Conv2D(filters, 1, use_bias=False),
        FusedBatchNormalization(momentum=0.95),
        layers.ReLU(),
    ]


def _input() -> list[Any]:
    return [
        keras.Input((28, 28), dtype="uint8", name="glyphs"),
        layers.Rescaling(1 / 255),
        layers.Reshape((28, 28, 1)),
    ]


def _output() -> list[layers.Layer]:
    return [layers.GlobalAveragePooling2D(), layers.Dense(10, activation="softmax", dtype="float32")]


def _repeated(maps: Any, times: int) -> Any:
    """One separable block applied several times with the same weights, each time added to what came in; only
    its normalisation is each time another.
    """
    depthwise = layers.DepthwiseConv2D(3, padding="same", use_bias=False)
    pointwise = layers.Conv2D(maps.shape[-1], 1, use_bias=False)
    for _ in range(times):
        change = FusedBatchNormalization(momentum=0.95)(pointwise(depthwise(maps)))
        maps = layers.Add()([maps, layers.ReLU()(change)])
    return maps


def light() -> keras.Model:
    """At most 2,500 parameters: the last block is applied three times."""
    first, *rest = _input()
    x = first
    for layer in (
        *rest,
        *convolution(8, 5),
        layers.MaxPooling2D(2),
        *_separable(16),
        layers.MaxPooling2D(2),
        *_separable(24),
    ):
        x = layer(x)
    x = _repeated(x, times=3)
    for layer in _output():
        x = layer(x)
    return keras.Model(first, x, name="light")


def light_10k() -> keras.Model:
    """At most 10,000 parameters: the block before the last is applied three times."""
    first, *rest = _input()
    x = first
    for layer in (*rest, *convolution(16, 5, strides=2), *_separable(32), *_separable(44, strides=2)):
        x = layer(x)
    x = _repeated(x, times=3)
    for layer in (*_separable(60), *_output()):
        x = layer(x)
    return keras.Model(first, x, name="light_10k")
