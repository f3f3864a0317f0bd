"""Networks for the smallest devices: a few depthwise-separable convolutions, and a pool that weighs places.

In: nothing. Out: Keras models from glyphs (n, 28, 28) uint8 to ten probabilities (n, 10) float32. The
parameters counted are all, the moving averages of batch normalisation included, which exported networks do
without.
"""

from __future__ import annotations

import keras
from keras import layers


def tiny(first: int, second: int, third: int, name: str) -> keras.Model:
    """28x28 to 12x12, 10x10, 5x5 and one place, with `first`, `second`, `third` and as many maps again.

    The last convolution sees all of a map: where something was counts, unlike to a mean (as the global
    depthwise convolution of Chen et al. 2018, MobileFaceNets).
    """
    return keras.Sequential(
        [
            keras.Input((28, 28), dtype="uint8", name="glyphs"),
            layers.Rescaling(2 / 255, offset=-1),
            layers.Reshape((28, 28, 1)),
            layers.Conv2D(first, 5, strides=2, use_bias=False),
            *_normalised(),
            layers.DepthwiseConv2D(3, use_bias=False),
            layers.Conv2D(second, 1, use_bias=False),
            *_normalised(),
            layers.DepthwiseConv2D(3, strides=2, padding="same", use_bias=False),
            layers.Conv2D(third, 1, use_bias=False),
            *_normalised(),
            layers.DepthwiseConv2D(5, use_bias=False),
            _normalisation(),
            layers.Flatten(),
            layers.Dense(10),
            layers.Softmax(dtype="float32"),
        ],
        name=name,
    )


def _normalised() -> list[layers.Layer]:
    return [_normalisation(), layers.ReLU()]


def _normalisation() -> layers.Layer:
    """Without a scale of its own: the weights behind it have one."""
    return layers.BatchNormalization(momentum=0.95, scale=False)
