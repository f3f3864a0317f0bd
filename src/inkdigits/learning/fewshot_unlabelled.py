"""What unlabelled digits add: an embedding adapted to them, and labels spread from neighbour to neighbour.

In: the pretrained network, unlabelled glyphs, a few labels. Out: an adapted network, and soft labels.
"""

# Keras declares types that its own documentation contradicts (verbose: str), and that operations give None.
# pyright: reportArgumentType=false, reportCallIssue=false, reportOptionalOperand=false
# pyright: reportOptionalSubscript=false

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from keras import ops
from scipy import sparse
from scipy.sparse.linalg import cg

from inkdigits.learning.augment import augment
from inkdigits.learning.feed import feed
from inkdigits.learning.fewshot_tuning import PREDICTION_BATCH, WARPS, digits_network
from inkdigits.learning.models.embedding import EMBEDDING
from inkdigits.learning.optimizer import STEPS_PER_EXECUTION, execution

TEMPERATURE = 0.2
PAIRS = 128
POSITIVES = 5  # a glyph is drawn together with one of so many nearest neighbours
NEIGHBOURS = 15
SPREADING = 0.99
_BLOCK = 2000


def embed(network: keras.Model, glyphs: np.ndarray) -> np.ndarray:
    """The unit vectors (n, 128) float32 of glyphs (n, 28, 28) uint8."""
    body = keras.Model(network.inputs, network.get_layer(EMBEDDING).output)
    return np.asarray(body.predict(glyphs, batch_size=PREDICTION_BATCH, verbose=0))


def nearest(vectors: np.ndarray, stored: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Of each of `vectors` the `count` of `stored` with the largest cosine: places and cosines, (n, count),
    the nearest first. Both are unit vectors.
    """
    places, cosines = [], []
    for start in range(0, len(vectors), _BLOCK):
        products = vectors[start : start + _BLOCK] @ stored.T
        found = np.argpartition(-products, count - 1, axis=1)[:, :count]
        values = np.take_along_axis(products, found, axis=1)
        order = np.argsort(-values, axis=1)
        places.append(np.take_along_axis(found, order, axis=1))
        cosines.append(np.take_along_axis(values, order, axis=1))
    return np.concatenate(places), np.concatenate(cosines)


def adapt(
    pretrained: keras.Model, glyphs: np.ndarray, steps: int, rate: float, seed: int, precision: str
) -> keras.Model:
    """A copy of `pretrained` that places each of `glyphs` (n, 28, 28) uint8 near its neighbours, whatever
    warps both undergo, and far from the others (Chen et al. 2020; Dwibedi et al. 2021); no label is used.
    """
    neighbours = nearest(*(2 * (embed(pretrained, glyphs),)), POSITIVES + 1)[0]
    generator = np.random.default_rng(seed)
    keras.utils.set_random_seed(seed)
    network = digits_network(pretrained, precision)
    body = keras.Model(network.inputs, network.get_layer(EMBEDDING).output)
    body.compile(
        optimizer=keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(rate, steps)),
        loss=contrast,
        **execution(),
    )
    left = steps
    while left:
        now = min(left, max(STEPS_PER_EXECUTION, len(glyphs) // PAIRS))
        first = generator.integers(0, len(glyphs), now * PAIRS)
        second = neighbours[first, generator.integers(0, POSITIVES + 1, len(first))]
        rows = np.stack([first, second], axis=1).ravel()
        pairs = np.repeat(np.arange(len(first), dtype=np.int32), 2)
        shown = augment(glyphs[rows], WARPS, generator)
        body.fit(**feed(shown, pairs, 2 * PAIRS), shuffle=False, verbose=0)
        left -= now
    adapted = digits_network(network)
    return adapted


def contrast(pairs: Any, embeddings: Any) -> Any:
    """The loss of each of a batch's unit vectors (n, 128), of which those with the same of `pairs` (n,) are
    to be alike: how unlikely the softmax over the others' cosines is to choose its partner (NT-Xent).
    """
    pairs = ops.reshape(pairs, (-1, 1))
    cosines = ops.matmul(embeddings, ops.transpose(embeddings)) / TEMPERATURE
    itself = ops.eye(ops.shape(embeddings)[0])
    partner = ops.cast(ops.equal(pairs, ops.transpose(pairs)), "float32") - itself
    chances = ops.log_softmax(cosines - 1e4 * itself, axis=-1)
    return -ops.sum(partner * chances, axis=1)


@dataclass(frozen=True)
class Graph:
    """Glyphs and their neighbours: `links` (n, n) sparse, symmetric, normalised; `degrees` (n,)."""

    links: sparse.csr_matrix
    degrees: np.ndarray
    width: float

    def spread(self, rows: np.ndarray, labels: np.ndarray) -> np.ndarray:
        """Soft labels (n, 10) of all glyphs from `labels` of `rows` (Zhou et al. 2004), ten digits in equal
        shares (class mass normalisation, Zhu, Ghahramani and Lafferty 2003).
        """
        known = np.zeros((len(self.degrees), 10))
        known[rows, labels] = 1
        system = sparse.identity(len(self.degrees)) - SPREADING * self.links
        spread = np.stack([cg(system, column, rtol=1e-3, maxiter=200)[0] for column in known.T], axis=1)
        soft = np.maximum(spread, 0) / np.sqrt(self.degrees)[:, None] + 1e-12
        for _ in range(20):
            soft /= soft.sum(axis=1, keepdims=True)
            soft /= soft.mean(axis=0)
        return (soft / soft.sum(axis=1, keepdims=True)).astype(np.float32)

    def vote(self, places: np.ndarray, cosines: np.ndarray, soft: np.ndarray) -> np.ndarray:
        """The labels (m, 10) of other glyphs, by their `nearest` places and cosines in the graph."""
        weights = self.weights(cosines)
        votes = np.einsum("nk,nkc->nc", weights, soft[places])
        return votes / votes.sum(axis=1, keepdims=True)

    def weights(self, cosines: np.ndarray) -> np.ndarray:
        """How much neighbours count: 1 at a cosine of 1, less the farther."""
        return np.exp((cosines - 1) / self.width)


def make_graph(vectors: np.ndarray) -> Graph:
    """The graph of unit vectors (n, 128): each with its `NEIGHBOURS`."""
    places, cosines = nearest(vectors, vectors, NEIGHBOURS + 1)
    width = 0.5 * float(1 - np.median(cosines[:, 1:]))
    graph = Graph(sparse.csr_matrix((0, 0)), np.zeros(0), max(width, 1e-6))
    rows = np.repeat(np.arange(len(vectors)), NEIGHBOURS + 1)
    links = sparse.csr_matrix((graph.weights(cosines).ravel(), (rows, places.ravel())), (len(vectors),) * 2)
    links.setdiag(0)
    links = links.maximum(links.T).tocsr()
    degrees = np.asarray(links.sum(axis=1)).ravel() + 1e-12
    scale = sparse.diags(degrees**-0.5)
    return Graph(sparse.csr_matrix(scale @ links @ scale), degrees, graph.width)
