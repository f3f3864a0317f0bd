"""LeNet-5 as LeCun, Bottou, Bengio and Haffner published it (1998), with the softmax in place of the RBFs.

In: nothing. Out: a Keras model from glyphs (n, 28, 28) uint8 to ten probabilities (n, 10) float32; 60,850
parameters, the publication's 60,000 and the softmax's 850.
"""

# Keras declares that its operations and weights may be None.
# pyright: reportOperatorIssue=false

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import layers, ops

# Table I of the publication: which of S2's six maps each of C3's sixteen maps sees.
C3_TABLE = (
    *((0, 1, 2), (1, 2, 3), (2, 3, 4), (3, 4, 5), (0, 4, 5), (0, 1, 5)),
    *((0, 1, 2, 3), (1, 2, 3, 4), (2, 3, 4, 5), (0, 3, 4, 5), (0, 1, 4, 5), (0, 1, 2, 5)),
    *((0, 1, 3, 4), (1, 2, 4, 5), (0, 2, 3, 5)),
    (0, 1, 2, 3, 4, 5),
)


@keras.saving.register_keras_serializable("inkdigits")
def squash(x: Any) -> Any:
    """1.7159 tanh(2x/3): the publication's, which takes +-1 to +-1."""
    return 1.7159 * ops.tanh(x * (2 / 3))


@keras.saving.register_keras_serializable("inkdigits")
class Subsampling(layers.Layer):
    """The mean over 2x2, times a learnt coefficient, plus a learnt bias: two parameters a map."""

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Make the parameters for maps (n, height, width, channels)."""
        channels = (input_shape[-1],)
        self.coefficient = self.add_weight(shape=channels, initializer="ones", name="coefficient")
        self.bias = self.add_weight(shape=channels, initializer="zeros", name="bias")

    def call(self, inputs: Any) -> Any:
        """Maps of half the height and width, squashed."""
        return squash(ops.average_pool(inputs, 2) * self.coefficient + self.bias)

    def multiply_adds(self, input_shape: tuple[int | None, ...]) -> int:
        """One product an output."""
        return int(np.prod([size or 1 for size in input_shape[1:]])) // 4


@keras.saving.register_keras_serializable("inkdigits")
class TableConvolution(layers.Layer):
    """5x5 convolution of which each output map sees only the input maps that `C3_TABLE` gives it: 60
    connections of 25 weights, and 16 biases.
    """

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Make the weights of the connections."""
        # As wide as the mean connection's fan-in, in place of the publication's uniform +-2.4 / fan-in.
        start = keras.initializers.RandomNormal(stddev=(25 * 60 / 16) ** -0.5)
        self.kernel = self.add_weight(shape=(5, 5, 60), initializer=start, name="kernel")
        self.bias = self.add_weight(shape=(16,), initializer="zeros", name="bias")
        pairs = [(maps, output) for output, seen in enumerate(C3_TABLE) for maps in seen]
        self.places = np.zeros((60, 6 * 16), np.float32)
        self.places[np.arange(60), [maps * 16 + output for maps, output in pairs]] = 1

    def call(self, inputs: Any) -> Any:
        """Maps (n, height, width, 6) to (n, height - 4, width - 4, 16), squashed."""
        places = ops.cast(self.places, self.kernel.dtype)
        kernel = ops.reshape(ops.matmul(ops.reshape(self.kernel, (25, 60)), places), (5, 5, 6, 16))
        return squash(ops.conv(inputs, ops.cast(kernel, inputs.dtype), padding="valid") + self.bias)

    def multiply_adds(self, input_shape: tuple[int | None, ...]) -> int:
        """Only the connections count."""
        return ((input_shape[1] or 0) - 4) * ((input_shape[2] or 0) - 4) * 25 * 60


def lenet5() -> keras.Model:
    """C1, S2, C3, S4, C5, F6, output: 32x32 pixels, of which the outer two are padding."""
    return keras.Sequential(
        [
            keras.Input((28, 28), dtype="uint8", name="glyphs"),
            # Paper -0.1 and ink 1.175: mean about 0, variance about 1, as published.
            layers.Rescaling(1.275 / 255, offset=-0.1, name="pixels"),
            layers.Reshape((28, 28, 1), name="channel"),
            layers.ZeroPadding2D(2, name="padding"),
            layers.Conv2D(6, 5, activation=squash, name="c1"),
            Subsampling(name="s2"),
            TableConvolution(name="c3"),
            Subsampling(name="s4"),
            layers.Conv2D(120, 5, activation=squash, name="c5"),
            layers.Flatten(name="flatten"),
            layers.Dense(84, activation=squash, name="f6"),
            layers.Dense(10, activation="softmax", dtype="float32", name="probabilities"),
        ],
        name="lenet5",
    )
