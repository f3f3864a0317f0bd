"""The network whose last layers measure how alike two glyphs are: an embedding under a cosine softmax.

In: how many classes. Out: a Keras model from glyphs (n, 28, 28) uint8 to class probabilities (n, classes)
float32. The layer named `EMBEDDING` gives unit vectors (n, 128): the closer, the more alike. The layer named
`FEATURES` gives what they are made of, (n, 1008), none below 0.
"""

from __future__ import annotations

import keras
from keras import layers

from inkdigits.learning.models.transfer import trunk

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
            layers.Flatten(name=FEATURES),
            layers.Dropout(0.2),
            layers.Dense(EMBEDDING_SIZE, use_bias=False),
            layers.BatchNormalization(momentum=0.95),
            layers.UnitNormalization(dtype="float32", name=EMBEDDING),
            *cosine_softmax(classes),
        ],
        name="embedding",
    )


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
