"""A residual network for 28x28 (He et al. 2016, pre-activated as in their second publication).

In: nothing. Out: a Keras model from glyphs (n, 28, 28) uint8 to ten probabilities (n, 10) float32.
"""

from __future__ import annotations

from typing import Any

import keras
from keras import layers

from inkdigits.learning.models.normalisation import FusedBatchNormalization


def _convolution(x: Any, filters: int, strides: int = 1) -> Any:
    """Batch normalisation, ReLU, 3x3 convolution."""
    x = layers.ReLU()(FusedBatchNormalization(momentum=0.95)(x))
    return layers.Conv2D(filters, 3, strides, "same", use_bias=False)(x)


def _block(x: Any, filters: int, strides: int = 1) -> Any:
    """Two convolutions beside a path that skips them, or that is projected where the shape changes."""
    residual = _convolution(_convolution(x, filters, strides), filters)
    if strides > 1 or x.shape[-1] != filters:
        x = layers.Conv2D(filters, 1, use_bias=False)(layers.AveragePooling2D(strides)(x))
    return layers.Add()([x, residual])


def resnet() -> keras.Model:
    """A stem at 14x14, two blocks of 40 maps there and two of 80 at 7x7, all of which the softmax sees.

    The publication takes the mean of the last maps; keeping where a stroke was reads digits better.
    """
    glyphs = keras.Input((28, 28), dtype="uint8", name="glyphs")
    x = layers.Reshape((28, 28, 1))(layers.Rescaling(1 / 255)(glyphs))
    x = layers.Conv2D(40, 5, 2, "same", use_bias=False)(x)
    for filters, strides in ((40, 1), (40, 1), (80, 2), (80, 1)):
        x = _block(x, filters, strides)
    x = layers.ReLU()(FusedBatchNormalization(momentum=0.95)(x))
    x = layers.Dropout(0.3)(layers.Flatten()(x))
    x = layers.BatchNormalization(momentum=0.95)(layers.Dense(10, use_bias=False)(x))
    return keras.Model(glyphs, layers.Softmax(dtype="float32")(x), name="resnet")
