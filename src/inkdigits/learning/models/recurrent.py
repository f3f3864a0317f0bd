"""Recurrent networks: a glyph read row by row as a sequence, and in two dimensions at once.

In: nothing. Out: Keras models from glyphs (n, 28, 28) uint8 to ten probabilities (n, 10) float32.
"""

from __future__ import annotations

import keras
from keras import layers

from inkdigits.learning.models.multidimensional import MultidimensionalLSTM


def lstm() -> keras.Model:
    """The 28 rows as time steps through two layers of 128 LSTM cells (Hochreiter and Schmidhuber 1997, with
    the forget gates of Gers, Schmidhuber and Cummins 2000); 213,258 parameters.
    """
    return keras.Sequential(
        [
            keras.Input((28, 28), dtype="uint8", name="glyphs"),
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


def mdlstm() -> keras.Model:
    """Two levels of two-dimensional LSTM cells over blocks of 4x4 pixels (Graves and Schmidhuber 2008; Graves
    2009); 171,514 parameters.

    As in the publications' hierarchy, pixels have mean 0 and deviation 1, a level scans a grid from its four
    corners, and a layer of tanh units without biases gathers blocks of its cells for the level above. There
    the last level's outputs are summed along one axis, to be a sequence; a digit is one label, and the
    softmax has weights of its own for each of the 4x4 cells (after 25,600 images 97.4 % on validation; 95.0 %
    from the mean over the cells).
    """
    return keras.Sequential(
        [
            keras.Input((28, 28), dtype="uint8", name="glyphs"),
            layers.Rescaling(1 / 255, name="pixels"),
            layers.Reshape((28, 28, 1), name="channel"),
            layers.ZeroPadding2D(2, name="border"),
            layers.Rescaling(1 / 0.3081, -0.1307 / 0.3081, name="standardised"),
            layers.Reshape((8, 4, 8, 4), name="block_rows"),
            layers.Permute((1, 3, 2, 4), name="block_order"),
            layers.Reshape((8, 8, 16), name="blocks"),
            MultidimensionalLSTM(12, name="mdlstm_1"),
            layers.Conv2D(32, 2, strides=2, use_bias=False, activation="tanh", name="gathered"),
            MultidimensionalLSTM(48, name="mdlstm_2"),
            layers.Flatten(name="cells"),
            layers.Dropout(0.2, name="dropout"),
            layers.Dense(10, activation="softmax", dtype="float32", name="probabilities"),
        ],
        name="mdlstm",
    )
