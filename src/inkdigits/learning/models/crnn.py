"""The network that reads a line of digits of any length: convolutions, then time, then a class a step.

In: whether time is read by convolutions or by an LSTM. Out: a Keras model from strips (n, 32, width) uint8,
any width from 8 pixels on, to probabilities (n, steps, 11) float32, a step for every second column. Class 0
is the blank, 1 to 10 are the digits 0 to 9.
"""

from __future__ import annotations

import keras
from keras import layers

from inkdigits.learning.models.normalisation import convolution

CLASSES = 11
TIMES = ("convolution", "lstm")


def crnn(time: str = "convolution") -> keras.Model:
    """Seven convolutions that fold the height away, then `time`, "convolution" (577,590 parameters) or "lstm"
    (bidirectional, 591,030; Graves and Schmidhuber 2005; Shi, Bai and Yao 2015).

    Two convolutions see strokes at half the strip's size, as in `inkdigits_single`, before the maps shrink to
    every fourth column, where convolutions are cheap. Each of these columns names two steps: neighbouring
    strokes of two ones are 5 pixels apart and need three steps.
    """

    along: list[layers.Layer] = (
        [layers.Reshape((-1, 160)), layers.Bidirectional(layers.LSTM(96, return_sequences=True), name="time")]
        if time == "lstm"
        else [*convolution(128, (1, 5)), *convolution(128, (1, 5)), layers.Reshape((-1, 128))]
    )
    return keras.Sequential(
        [
            keras.Input((32, None), dtype="uint8", name="strips"),
            layers.Rescaling(1 / 255),
            layers.Reshape((32, -1, 1)),
            *convolution(32, 5, strides=2),
            *convolution(64),
            *convolution(64),
            *convolution(96, strides=2),
            *convolution(96),
            *convolution(128, strides=(2, 1)),
            # The four rows that are left become one.
            *convolution(160, (4, 1), padding="valid"),
            layers.SpatialDropout2D(0.1),
            *along,
            layers.Dense(2 * CLASSES),
            layers.Reshape((-1, CLASSES)),
            layers.Softmax(dtype="float32"),
        ],
        name="crnn",
    )
