"""Recurrent networks: a glyph read row by row as a sequence.

In: nothing. Out: Keras models from glyphs (n, 28, 28) uint8 to ten probabilities (n, 10) float32.
"""

from __future__ import annotations

import keras
from keras import layers


def lstm() -> keras.Model:
    """The 28 rows as time steps through two layers of 128 LSTM cells (Hochreiter and Schmidhuber 1997, with
    the forget gates of Gers, Schmidhuber and Cummins 2000); 213,258 parameters.
    """
    return keras.Sequential(
        [
            keras.Input((28, 28), dtype="uint8", name="rows"),
            layers.Rescaling(1 / 255, name="pixels"),
            # Unrolled: no slower to train on a CPU, and a graph without loops to export.
            layers.LSTM(128, return_sequences=True, unroll=True, name="lstm_1"),
            layers.Dropout(0.2, name="dropout_1"),
            layers.LSTM(128, unroll=True, name="lstm_2"),
            layers.Dropout(0.2, name="dropout_2"),
            layers.Dense(10, activation="softmax", dtype="float32", name="probabilities"),
        ],
        name="lstm",
    )
