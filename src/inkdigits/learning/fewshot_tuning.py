"""A network learns ten digits from a few labelled images, again and again from the same start.

In: the pretrained network, labelled glyphs. Out: probabilities of other glyphs.
"""

# Keras declares types that its own documentation contradicts (verbose: str).
# pyright: reportArgumentType=false, reportCallIssue=false

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import keras
import numpy as np

from inkdigits.learning.augment import Augmentation, augment
from inkdigits.learning.feed import feed
from inkdigits.learning.models.embedding import COSINES, embedding_cnn
from inkdigits.learning.optimizer import execution
from inkdigits.learning.precision import layers_of

PREDICTION_BATCH = 500
WARPS = Augmentation(translation=2.0, rotation=15.0, scale=0.2, shear=0.2, elastic=28.0)


@dataclass(frozen=True)
class Plan:
    """`steps` batches of `batch_size` warped labelled glyphs; Adam's rate falls from `rate` to 0 along a
    cosine.
    """

    steps: int
    rate: float
    batch_size: int = 64
    label_smoothing: float = 0.05


class Tuner:
    """A network with a cosine softmax over ten digits, compiled once for one plan, trained from given weights
    as often as wanted. Without that Keras would trace the training step anew for each draw of labels.
    """

    def __init__(self, pretrained: keras.Model, plan: Plan, precision: str = "mixed_bfloat16") -> None:
        self.plan = plan
        self.model = digits_network(pretrained, precision)
        self.pretrained = self.model.get_weights()
        self.optimizer = keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(plan.rate, plan.steps))
        self.model.compile(
            optimizer=self.optimizer,
            loss=keras.losses.CategoricalCrossentropy(label_smoothing=plan.label_smoothing),
            **execution(),
        )
        self.optimizer.build(self.model.trainable_variables)
        self._fresh = [np.asarray(value) for value in self.optimizer.variables]

    def learn(self, start: Sequence[np.ndarray], glyphs: np.ndarray, labels: np.ndarray, seed: int) -> None:
        """Train from the weights `start` on glyphs (n, 28, 28) uint8 with labels (n,) in 0..9, warped anew
        each time they are shown, or with targets (n, 10).
        """
        self.model.set_weights(list(start))
        for variable, value in zip(self.optimizer.variables, self._fresh, strict=True):
            variable.assign(value)
        for layer in self.model.layers:
            if isinstance(layer, keras.layers.Dropout):  # It goes on with its own draws otherwise.
                layer.seed_generator.state.assign([seed, 0])
        generator = np.random.default_rng((seed, len(glyphs)))
        count = self.plan.steps * self.plan.batch_size
        rounds = -(-count // len(glyphs))
        order = np.concatenate([generator.permutation(len(glyphs)) for _ in range(rounds)])[:count]
        shown = augment(glyphs[order], WARPS, generator)
        targets = np.eye(10, dtype=np.float32)[labels] if labels.ndim == 1 else labels
        self.model.fit(**feed(shown, targets[order], self.plan.batch_size), shuffle=False, verbose=0)

    def predict(self, glyphs: np.ndarray) -> np.ndarray:
        """Probabilities (n, 10) float32."""
        return np.asarray(self.model.predict(glyphs, batch_size=PREDICTION_BATCH, verbose=0))


def digits_network(pretrained: keras.Model, precision: str = "float32") -> keras.Model:
    """A copy of the embedding network `pretrained` in `precision`, with ten digits for its classes."""
    with layers_of(precision):
        model = embedding_cnn(10)
    for ours, theirs in zip(model.layers, pretrained.layers, strict=True):
        if ours.name != COSINES:
            ours.set_weights(theirs.get_weights())
    return model


def imprinted(weights: Sequence[np.ndarray], prototypes: np.ndarray) -> list[np.ndarray]:
    """`weights` of a digits network with `prototypes` (10, 128) as its classes (Qi, Brown and Lowe 2018)."""
    return [*weights[:-1], np.ascontiguousarray(prototypes.T, dtype=np.float32)]


def prototypes_of(embeddings: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """The mean of each digit's embeddings (n, 128), brought to length 1: (10, 128) float32 (Snell et al.
    2017).
    """
    means = np.stack([embeddings[labels == digit].mean(axis=0) for digit in range(10)])
    return means / np.linalg.norm(means, axis=1, keepdims=True)
