"""The convolutional network of the paper: 184,586 parameters.

In: how many classes. Out: a Keras model from glyphs (n, 28, 28) uint8 to class probabilities (n, classes)
float32. The scaling of pixels to [0, 1] is a layer of the model, so that whoever uses it passes the bytes of
the glyph.
"""

from __future__ import annotations

import keras
from keras import layers

GLYPH_SHAPE = (28, 28)


def paper_cnn(classes: int = 10) -> keras.Model:
    """Two 5x5 convolutions with max-pooling, a hidden layer of 128, dropout, softmax; 184,586 parameters for
    10 classes.
    """
    return keras.Sequential(
        [
            keras.Input(GLYPH_SHAPE, dtype="uint8", name="glyphs"),
            layers.Rescaling(1 / 255, name="pixels"),
            layers.Reshape((*GLYPH_SHAPE, 1), name="channel"),
            layers.Conv2D(32, 5, activation="relu", name="convolution_1"),
            layers.MaxPooling2D(2, name="pooling_1"),
            layers.Conv2D(64, 5, activation="relu", name="convolution_2"),
            layers.MaxPooling2D(2, name="pooling_2"),
            layers.Flatten(name="flatten"),
            layers.Dense(128, activation="relu", name="hidden"),
            layers.Dropout(0.5, name="dropout"),
            layers.Dense(classes, activation="softmax", dtype="float32", name="probabilities"),
        ],
        name="paper_cnn",
    )
