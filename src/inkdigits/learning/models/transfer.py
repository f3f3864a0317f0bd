"""The network that is pretrained on letters and characters, then fine-tuned on digits.

In: how many classes. Out: a Keras model from glyphs (n, 28, 28) uint8 to class probabilities (n, classes)
float32. All layers up to the one named `FEATURES` are learnt twice; only the softmax is made anew.
"""

from __future__ import annotations

import keras
from keras import layers

from inkdigits.learning.models.normalisation import convolution

FEATURES = "features"


def transfer_cnn(classes: int = 10) -> keras.Model:
    """Convolutions with batch normalisation (Ioffe and Szegedy 2015): two at 14x14, two at 7x7, two without
    padding down to 3x3, all of which the softmax sees; 304,170 parameters for 10 classes.
    """

    return keras.Sequential(
        [
            *trunk(),
            layers.Flatten(),
            layers.Dropout(0.3, name=FEATURES),
            layers.Dense(classes, activation="softmax", dtype="float32", name="probabilities"),
        ],
        name="transfer",
    )


def trunk() -> list[keras.Layer]:
    """Two convolutions at 14x14, two at 7x7, two without padding down to 3x3: 112 maps."""
    return [
        keras.Input((28, 28), dtype="uint8", name="glyphs"),
        layers.Rescaling(2 / 255, offset=-1),
        layers.Reshape((28, 28, 1)),
        *convolution(32, 5, strides=2),
        *convolution(40),
        *convolution(80, strides=2),
        *convolution(80),
        *convolution(112, padding="valid"),
        *convolution(112, padding="valid"),
    ]
