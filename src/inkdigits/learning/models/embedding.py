"""The network whose last layers measure how alike two glyphs are: an embedding under a cosine softmax.

In: how many classes. Out: a Keras model from glyphs (n, 28, 28) uint8 to class probabilities (n, classes)
float32. The layer named `EMBEDDING` gives unit vectors (n, 128): the closer, the more alike. The layer named
`FEATURES` gives what they are made of, (n, 1008), none below 0.
"""

from __future__ import annotations

import keras
from keras import layers

from inkdigits.learning.models.normalisation import FusedBatchNormalization

FEATURES = "features"
EMBEDDING = "embedding"
COSINES = "cosines"
EMBEDDING_SIZE = 128
# The cosines of the softmax are times this: with a factor of 1 no probability could be near 1.
COSINE_SCALE = 16.0


def embedding_cnn(classes: int) -> keras.Model:
    """Convolutions as in `transfer`, a linear layer to 128, and the cosines between that vector and one
    vector a class (Gidaris and Komodakis 2018; Chen et al. 2019).
    """
    return keras.Sequential(
        [
            *trunk(),
            layers.Dropout(0.2),
            layers.Dense(EMBEDDING_SIZE, use_bias=False),
            layers.BatchNormalization(momentum=0.95),
            layers.UnitNormalization(dtype="float32", name=EMBEDDING),
            *cosine_softmax(classes),
        ],
        name="embedding",
    )


def trunk() -> list[keras.Layer]:
    """Two convolutions at 14x14, two at 7x7, two without padding down to 3x3: 1008 features."""

    def convolution(
        filters: int, size: int = 3, strides: int = 1, padding: str = "same"
    ) -> list[keras.Layer]:
        return [
            layers.Conv2D(filters, size, strides, padding, use_bias=False),
            FusedBatchNormalization(momentum=0.95),
            layers.ReLU(),
        ]

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
        layers.Flatten(name=FEATURES),
    ]


def cosine_softmax(classes: int) -> list[keras.Layer]:
    """Unit vectors in, probabilities out: the softmax of the scaled cosines to one unit vector a class."""
    return [
        layers.Dense(
            classes,
            use_bias=False,
            kernel_constraint=keras.constraints.UnitNorm(axis=0),
            dtype="float32",
            name=COSINES,
        ),
        layers.Rescaling(COSINE_SCALE, dtype="float32", name="scale"),
        layers.Softmax(dtype="float32", name="probabilities"),
    ]
