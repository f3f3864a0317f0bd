"""The network of the stacked denoising autoencoder (Vincent et al. 2010): 784-1000-1000-1000-10, sigmoids.

In: shares of units to drop. Out: Keras models from glyphs (n, 28, 28) uint8: the classifier to probabilities
(n, 10) float32, the autoencoder to pixels (n, 28, 28) float32 in [0, 1].
"""

from __future__ import annotations

from typing import Any

import keras
from keras import layers

GLYPH_SHAPE = (28, 28)
PIXELS = 28 * 28
HIDDEN = (1000, 1000, 1000)
ENCODERS = tuple(f"hidden_{number}" for number in range(1, len(HIDDEN) + 1))
DECODERS = tuple(f"decoder_{number}" for number in range(len(HIDDEN), 0, -1))


def denoising_classifier(input_dropout: float = 0.2, dropout: float = 0.3) -> keras.Model:
    """Three hidden layers of 1,000 sigmoid units, then softmax; 2,797,010 parameters.

    The published network drops no units while it is fine-tuned: dropout came later (Srivastava et al. 2014).
    """
    stack: list[Any] = [layers.Dropout(input_dropout)]
    for name, size in zip(ENCODERS, HIDDEN, strict=True):
        stack += [layers.Dense(size, activation="sigmoid", name=name), layers.Dropout(dropout)]
    return keras.Sequential(
        [
            keras.Input(GLYPH_SHAPE, dtype="uint8", name="glyphs"),
            layers.Rescaling(1 / 255),
            layers.Flatten(),
            *stack,
            layers.Dense(10, activation="softmax", dtype="float32", name="probabilities"),
        ],
        name="denoising_autoencoder",
    )


def autoencoder() -> keras.Model:
    """The encoders of all layers, one after the other, and their decoders back to pixels."""
    sizes = (*reversed(HIDDEN[:-1]), PIXELS)
    pairs = [*zip(ENCODERS, HIDDEN, strict=True), *zip(DECODERS, sizes, strict=True)]
    return keras.Sequential(
        [
            keras.Input(GLYPH_SHAPE, dtype="uint8", name="glyphs"),
            layers.Rescaling(1 / 255),
            layers.Flatten(),
            *[layers.Dense(size, activation="sigmoid", name=name) for name, size in pairs],
            layers.Reshape(GLYPH_SHAPE, name="pixels"),
        ],
        name="autoencoder",
    )


class TiedDecoder(layers.Layer):
    """The way back of a dense layer: its kernel transposed, and a bias; (n, units) to logits (n, inputs)
    float32.
    """

    def __init__(self, encoder: layers.Dense, **settings: Any) -> None:
        super().__init__(**settings)
        self.encoder: Any = encoder
        self.bias: Any = None

    def build(self, input_shape: Any) -> None:
        """Make the bias, one value for each input of the encoder."""
        self.bias = self.add_weight(shape=(self.encoder.kernel.shape[0],), initializer="zeros", name="bias")

    def call(self, hidden: Any) -> Any:
        """Hidden units (n, units) to logits (n, inputs) float32."""
        kernel = keras.ops.transpose(keras.ops.cast(self.encoder.kernel, hidden.dtype))
        logits: Any = keras.ops.cast(keras.ops.matmul(hidden, kernel), "float32")
        return logits + keras.ops.cast(self.bias, "float32")
