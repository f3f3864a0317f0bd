"""Few-shot learning: how well digits are read after 1, 5, 10 or 100 labels a class, by six methods.

In: the run folder of an `embedding`, the data folder. Out: accuracies, one a draw of the labels. The methods:

- knn, knn-deskewed: the nearest labelled image by its pixels, as they are or deskewed;
- scratch: the embedding's network, learnt from the warped labelled images alone;
- prototypes: the nearest mean of a class's embeddings (Snell, Swersky and Zemel 2017), nothing is learnt;
- fine-tuned: the embedding's network, its classes set to the prototypes, learnt on from the warped images;
  an image is read in five views;
- semi-supervised: MNIST's other training images are seen too, without their labels: the embedding is adapted
  to them, labels spread over them from neighbour to neighbour, and the nearest of these vote.

Each test image is read on its own; none is learnt from, with or without its label.
"""

# Keras declares types that its own documentation contradicts (verbose: str).
# pyright: reportArgumentType=false, reportCallIssue=false

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import keras
import numpy as np
from sklearn.neighbors import KNeighborsClassifier

from inkdigits.errors import RunError
from inkdigits.learning.augment import Augmentation, augment
from inkdigits.learning.datasets import Digits, load_mnist, load_mnist_split
from inkdigits.learning.export import load_run
from inkdigits.learning.fewshot_data import draw_labels
from inkdigits.learning.fewshot_tuning import Plan, Tuner, imprinted, prototypes_of
from inkdigits.learning.fewshot_unlabelled import NEIGHBOURS, Graph, adapt, embed, make_graph, nearest
from inkdigits.learning.models.descriptors import Deskewing
from inkdigits.learning.models.embedding import embedding_cnn

SIZES = (1, 5, 10, 100)
DRAWS = 10
SETS = ("mnist-test", "validation")
INDUCTIVE, SEMI_SUPERVISED = "fine-tuned", "semi-supervised"
_PRECISION = "mixed_bfloat16"
# Settings were chosen on the validation part: few labels are learnt by heart soon, many take longer.
_TUNING = {1: Plan(150, 5e-4), 5: Plan(200, 5e-4), 10: Plan(200, 5e-4), 100: Plan(1000, 1e-3)}
_SCRATCH = Plan(200, 2e-3)
# The mean over five views of an image wins 0.6 points after ten labels a class, 0.2 after a hundred.
_VIEW, _VIEWS, _VIEWS_SEED = Augmentation(translation=1.0, rotation=10.0, scale=0.1, shear=0.1), 4, 5
_ADAPTATION = {"steps": 800, "rate": 1e-3}


class Bench:
    """What all draws share: the digits to draw labels from, those to read, and what was computed of them.

    `pool` are digits whose labels are drawn, `read` those that accuracy is measured on. Networks are compiled
    and embeddings computed when they are first needed, and kept.
    """

    def __init__(self, pretrained: keras.Model, pool: Digits, read: Digits, seed: int = 0) -> None:
        self.pretrained, self.pool, self.read, self.seed = pretrained, pool, read, seed
        self._tuners: dict[Plan, Tuner] = {}

    def accuracy(self, method: str, labels: int, draw: int) -> float:
        """The share of `read` that `method` reads rightly after the labels of `draw`."""
        rows = draw_labels(self.pool.labels, labels, draw)
        probabilities = METHODS[method](self, rows, draw)
        return float((probabilities.argmax(axis=1) == self.read.labels).mean())

    @cached_property
    def embeddings(self) -> tuple[np.ndarray, np.ndarray]:
        """Of `pool` and of `read`, by the pretrained network: (n, 128) float32."""
        return embed(self.pretrained, self.pool.images), embed(self.pretrained, self.read.images)

    @cached_property
    def deskewed(self) -> tuple[np.ndarray, np.ndarray]:
        """The pixels of `pool` and of `read`, deskewed: (n, 784) float32."""
        network = keras.Sequential([keras.Input((28, 28)), keras.layers.Rescaling(1 / 255), Deskewing()])
        parts = [network.predict(part.images, batch_size=500, verbose=0) for part in (self.pool, self.read)]
        return _flat(parts[0]), _flat(parts[1])

    @cached_property
    def views(self) -> list[np.ndarray]:
        """`read` as it is and a little moved, turned and stretched, four times: (n, 28, 28) uint8 each."""
        generator = np.random.default_rng(_VIEWS_SEED)
        warped = [augment(self.read.images, _VIEW, generator) for _ in range(_VIEWS)]
        return [self.read.images, *warped]

    @cached_property
    def adapted(self) -> keras.Model:
        """The network adapted to the unlabelled `pool`."""
        return adapt(self.pretrained, self.pool.images, **_ADAPTATION, seed=self.seed, precision=_PRECISION)

    @cached_property
    def graph(self) -> Graph:
        """The neighbours among `pool` by the adapted network."""
        return make_graph(embed(self.adapted, self.pool.images))

    @cached_property
    def neighbours(self) -> tuple[np.ndarray, np.ndarray]:
        """Places and cosines in `pool` of the neighbours of `read`, each found on its own."""
        vectors = (embed(self.adapted, part.images) for part in (self.read, self.pool))
        return nearest(*vectors, NEIGHBOURS)

    def tuner(self, plan: Plan) -> Tuner:
        """The network that is trained by `plan`, compiled once."""
        if plan not in self._tuners:
            self._tuners[plan] = Tuner(self.pretrained, plan, _PRECISION)
        return self._tuners[plan]


def _knn(bench: Bench, rows: np.ndarray, draw: int) -> np.ndarray:
    return _nearest_image(_flat(bench.pool.images[rows]), _flat(bench.read.images), bench.pool.labels[rows])


def _knn_deskewed(bench: Bench, rows: np.ndarray, draw: int) -> np.ndarray:
    pool, read = bench.deskewed
    return _nearest_image(pool[rows], read, bench.pool.labels[rows])


def _scratch(bench: Bench, rows: np.ndarray, draw: int) -> np.ndarray:
    keras.utils.set_random_seed(draw)
    tuner = bench.tuner(_SCRATCH)
    tuner.learn(embedding_cnn(10).get_weights(), bench.pool.images[rows], bench.pool.labels[rows], draw)
    return tuner.predict(bench.read.images)


def _prototypes(bench: Bench, rows: np.ndarray, draw: int) -> np.ndarray:
    pool, read = bench.embeddings
    return read @ prototypes_of(pool[rows], bench.pool.labels[rows]).T


def _fine_tuned(bench: Bench, rows: np.ndarray, draw: int) -> np.ndarray:
    tuner = bench.tuner(_TUNING[max(size for size in _TUNING if 10 * size <= len(rows))])
    prototypes = prototypes_of(bench.embeddings[0][rows], bench.pool.labels[rows])
    tuner.learn(
        imprinted(tuner.pretrained, prototypes), bench.pool.images[rows], bench.pool.labels[rows], draw
    )
    return np.mean([tuner.predict(view) for view in bench.views], axis=0)


def _semi_supervised(bench: Bench, rows: np.ndarray, draw: int) -> np.ndarray:
    soft = bench.graph.spread(rows, bench.pool.labels[rows])
    return bench.graph.vote(*bench.neighbours, soft)


METHODS: dict[str, Callable[[Bench, np.ndarray, int], np.ndarray]] = {
    "knn": _knn,
    "knn-deskewed": _knn_deskewed,
    "scratch": _scratch,
    "prototypes": _prototypes,
    INDUCTIVE: _fine_tuned,
    SEMI_SUPERVISED: _semi_supervised,
}

PRETRAINED = ("prototypes", INDUCTIVE, SEMI_SUPERVISED)


def open_bench(run_folder: Path, data_folder: Path, on: str = "mnist-test") -> Bench:
    """The bench of a finished `embedding` run.

    On "mnist-test" labels are drawn from all 60,000 training images; on "validation" from the part of the
    other writers. RunError where the run is of another recipe or not finished, or `on` is none of `SETS`.
    """
    model, config = load_run(run_folder)
    if config.model != "embedding":
        raise RunError(f"{run_folder}: a run of {config.model}; few-shot learning starts from an embedding")
    if on == "validation":
        return Bench(model, *load_mnist_split(data_folder), seed=config.seed)
    if on != "mnist-test":
        raise RunError(f"few-shot learning is measured on {' or '.join(SETS)}, not on {on}")
    return Bench(model, load_mnist(data_folder, "train"), load_mnist(data_folder, "test"), seed=config.seed)


def fewshot_scores(
    run_folder: Path,
    data_folder: Path,
    labels: int,
    draws: range = range(DRAWS),
    *,
    method: str = INDUCTIVE,
    on: str = "mnist-test",
) -> list[float]:
    """The accuracy of `method` on `on` after `labels` labels a class, one for each of `draws`."""
    bench = open_bench(run_folder, data_folder, on)
    return [bench.accuracy(method, labels, draw) for draw in draws]


def measure(
    bench: Bench,
    sizes: Sequence[int] = SIZES,
    draws: Sequence[int] = range(DRAWS),
    methods: Sequence[str] = tuple(METHODS),
    tell: Callable[[str, int, list[float]], None] | None = None,
) -> dict[str, dict[str, list[float]]]:
    """The accuracies by "N-labels" and method, one a draw; `tell` is called with each method's as they come.

    All methods see the same labels.
    """
    found: dict[str, dict[str, list[float]]] = {}
    for labels in sizes:
        for method in methods:
            values = [bench.accuracy(method, labels, draw) for draw in draws]
            found.setdefault(key(labels), {})[method] = values
            if tell is not None:
                tell(method, labels, values)
    return found


def score_fewshot(run_folder: Path, data_folder: Path) -> dict[str, Any]:
    """What table 1 keeps of a run: the mean accuracy on MNIST's test images after 10 draws of 1, 5, 10 and
    100 labels a class. Methods that do without the run's network are measured with the first seed only.

    "accuracy" holds "N-labels", which uses no image but the labelled ones, and "N-labels-semi-supervised".
    "draws" holds all values, by labels and method.
    """
    start = time.perf_counter()
    bench = open_bench(run_folder, data_folder)
    draws = measure(bench, methods=tuple(METHODS) if bench.seed == 0 else PRETRAINED)
    means = {name: float(np.mean(found[INDUCTIVE])) for name, found in draws.items()}
    means |= {
        f"{name}-{SEMI_SUPERVISED}": float(np.mean(one[SEMI_SUPERVISED])) for name, one in draws.items()
    }
    return {"accuracy": means, "draws": draws, "test_seconds": round(time.perf_counter() - start, 1)}


def key(labels: int) -> str:
    """How a number of labels a class is named, such as "5-labels"."""
    return f"{labels}-labels"


def _nearest_image(known: np.ndarray, read: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """One-hot (n, 10): the label of the nearest of `known`, by Euclidean distance."""
    found = KNeighborsClassifier(1).fit(known, labels).predict(read)
    return np.eye(10, dtype=np.float32)[found]


def _flat(images: np.ndarray) -> np.ndarray:
    return images.reshape(len(images), -1).astype(np.float32)
