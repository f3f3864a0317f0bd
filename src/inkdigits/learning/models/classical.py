"""Two classical classifiers as networks: the nearest of stored neighbours, and a support vector machine.

In: which features they see and how many examples they keep. Out: Keras models from glyphs (n, 28, 28) uint8
to ten probabilities (n, 10) float32. What they keep was learnt elsewhere (`learning.classical`): no weight is
trained by gradient.
"""

# Keras declares that its operations may return None, which they do not.
# pyright: reportOptionalOperand=false, reportOptionalSubscript=false, reportOptionalMemberAccess=false
# pyright: reportGeneralTypeIssues=false, reportOperatorIssue=false

from __future__ import annotations

from typing import Any, Literal, get_args

import keras
import numpy as np
from keras import layers, ops

from inkdigits.learning.models.descriptors import Deskewing, OrientedGradients

Features = Literal["hog", "pixels"]
FEATURES = get_args(Features)
# A class that no neighbour votes for is not impossible.
LEAST_VOTE = 1e-4
NEIGHBOURS = 101  # of thousands; of few examples a tenth


class Kept(layers.Layer):
    """A layer whose weights hold what was learnt without a gradient; always float32."""

    def __init__(self, count: int, classes: int = 10, **settings: Any) -> None:
        super().__init__(**{"dtype": "float32", "trainable": False, **settings})
        self.count, self.classes = count, classes

    def keep(self, name: str, *shape: int, dtype: str = "float32") -> Any:
        """A weight of zeros, to be set."""
        return self.add_weight(shape=shape, initializer="zeros", dtype=dtype, trainable=False, name=name)

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """(n, classes)."""
        return (input_shape[0], self.classes)

    def get_config(self) -> dict[str, Any]:
        """The settings the layer is built again from."""
        return {**super().get_config(), "count": self.count, "classes": self.classes}


@keras.saving.register_keras_serializable("inkdigits")
class StoredNeighbours(Kept):
    """The vote of the `neighbours` nearest of `count` stored examples: (n, size) to (n, classes).

    A neighbour's weight falls with its distance from 1 for the nearest to 0 for the farthest of them, by the
    fourth power of Dudani's line (1976): the near ones decide, and the many far ones tell how sure that is
    (of 11 neighbours along the line, 96 in 100 digits have those of one class only, wrong ones among them). A
    class's probability is its share of the votes, each class having `LEAST_VOTE` of all votes beforehand.
    The weights are `vectors` (count, size) and their labels `labels` (count,) int32.
    """

    POWER = 4

    def __init__(self, count: int, neighbours: int = NEIGHBOURS, **settings: Any) -> None:
        super().__init__(count, **settings)
        self.neighbours = neighbours

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Make room for the examples."""
        self.vectors = self.keep("vectors", self.count, input_shape[-1] or 0)
        self.labels = self.keep("labels", self.count, dtype="int32")

    def call(self, inputs: Any) -> Any:
        """One product of matrices with all examples, then the nearest."""
        # |x - v|^2 = |x|^2 - 2 (x.v - |v|^2 / 2): the largest bracket is the nearest example's.
        nearness = ops.matmul(inputs, ops.transpose(self.vectors)) - ops.sum(self.vectors**2, axis=1) / 2
        nearest, places = ops.top_k(nearness, self.neighbours)
        squared = ops.sum(inputs**2, axis=1, keepdims=True) - 2 * nearest
        distances = ops.sqrt(ops.maximum(squared, 0.0))
        beyond = distances - distances[:, :1]
        # Where all are equally far all count.
        weights = (1 - beyond / ops.maximum(beyond[:, -1:], 1e-6)) ** self.POWER
        votes = ops.one_hot(ops.take(self.labels, places), self.classes, dtype="float32")
        votes = ops.sum(weights[:, :, None] * votes, axis=1)
        votes = votes / ops.sum(votes, axis=1, keepdims=True) + LEAST_VOTE
        return votes / (1 + self.classes * LEAST_VOTE)

    def multiply_adds(self, input_shape: tuple[int | None, ...]) -> int:
        """The product with all examples."""
        return self.count * (input_shape[-1] or 0)

    def get_config(self) -> dict[str, Any]:
        """The settings the layer is built again from."""
        return {**super().get_config(), "neighbours": self.neighbours}


@keras.saving.register_keras_serializable("inkdigits")
class SupportVectors(Kept):
    """A multi-class support vector machine of radial basis functions exp(-gamma |x - v|^2), one machine for
    each pair of classes: (n, size) to (n, classes).

    The class of most pairs won is elected, ties broken by the machines' values, as scikit-learn's
    `SVC(break_ties=True)` does. Its probability follows from the values of its own pairs: a class j has
    exp(-sharpness * value of the elected against j) times that of the elected, a value that is lost counting
    as the least won. The elected thus has the largest probability, and doubt where one rival is near.

    The weights are `vectors` (count, size), their `coefficients` (count, pairs) in each pair's machine, and
    `intercepts` (pairs,), of the pairs (0, 1), (0, 2), ..., (8, 9), whose value is above 0 for the first.
    """

    def __init__(self, count: int, gamma: float = 1.0, sharpness: float = 6.0, **settings: Any) -> None:
        super().__init__(count, **settings)
        self.gamma, self.sharpness = gamma, sharpness

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Make room for the vectors; lay out which pair belongs to which classes."""
        first, second = np.triu_indices(self.classes, 1)
        self.vectors = self.keep("vectors", self.count, input_shape[-1] or 0)
        self.coefficients = self.keep("coefficients", self.count, len(first))
        self.intercepts = self.keep("intercepts", len(first))
        self.firsts = np.eye(self.classes, dtype=np.float32)[first]
        self.seconds = np.eye(self.classes, dtype=np.float32)[second]

    def call(self, inputs: Any) -> Any:
        """One product of matrices with all vectors, one with their coefficients, then the election."""
        products = ops.matmul(inputs, ops.transpose(self.vectors))
        lengths = ops.sum(inputs**2, axis=1, keepdims=True) + ops.sum(self.vectors**2, axis=1)
        kernel = ops.exp(-self.gamma * ops.maximum(lengths - 2 * products, 0.0))
        values = ops.matmul(kernel, self.coefficients) + self.intercepts
        won = ops.cast(values > 0, "float32")
        votes = ops.matmul(won, self.firsts) + ops.matmul(1 - won, self.seconds)
        sums = ops.matmul(values, self.firsts - self.seconds)
        # Sums of values come below a third of a vote: they order only classes of as many pairs won.
        # The first of top_k, for Keras's argmax does not go into ONNX.
        _, elected = ops.top_k(votes + sums / (3 * (ops.abs(sums) + 1)), 1)
        elected = ops.one_hot(elected[:, 0], self.classes, dtype="float32")
        of_elected = ops.matmul(elected, self.firsts.T) - ops.matmul(elected, self.seconds.T)
        # In pair (i, j) only the rival's column gets the elected's value; the elected's own gets none.
        margins = ops.matmul(of_elected * values, self.firsts + self.seconds) * (1 - elected)
        margins = ops.maximum(margins, 1e-3 * (1 - elected))
        return ops.softmax(-self.sharpness * margins, axis=-1)

    def multiply_adds(self, input_shape: tuple[int | None, ...]) -> int:
        """The products with the vectors and with their coefficients."""
        return self.count * ((input_shape[-1] or 0) + self.classes * (self.classes - 1) // 2)

    def get_config(self) -> dict[str, Any]:
        """The settings the layer is built again from."""
        return {**super().get_config(), "gamma": self.gamma, "sharpness": self.sharpness}


def _described(features: Features, dimensions: int) -> list[Any]:
    """Deskewed digits, their features, and these brought to few dimensions by a matrix."""
    descriptor = (
        layers.Flatten(name="pixels") if features == "pixels" else OrientedGradients(5, 8, name="hog")
    )
    return [
        keras.Input((28, 28), dtype="uint8", name="glyphs"),
        layers.Rescaling(1 / 255, name="ink"),
        Deskewing(name="upright"),
        descriptor,
        layers.Dense(dimensions, name="projection"),
    ]


def nearest_neighbours(features: Features, count: int, dimensions: int = 60) -> keras.Model:
    """`count` stored digits of `dimensions` features each."""
    vote = StoredNeighbours(count, min(NEIGHBOURS, -(-count // 10)), name="probabilities")
    return keras.Sequential([*_described(features, dimensions), vote], name="knn")


def support_vector_machine(
    features: Features, count: int, gamma: float = 1.0, dimensions: int = 100
) -> keras.Model:
    """`count` support vectors of `dimensions` features each, of the kernel exp(-gamma d^2)."""
    body = [*_described(features, dimensions), SupportVectors(count, gamma, name="probabilities")]
    return keras.Sequential(body, name="svm")
