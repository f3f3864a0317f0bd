"""k nearest neighbours and a support vector machine, fitted at once and kept as networks.

In: a `TrainConfig` and the data folder. Out: the recipes `knn` and `svm`. The option "features" is "hog"
(default: histograms of oriented gradients of deskewed digits) or "pixels" (deskewed digits). What is fitted
is computed by the very layers that later read. Nothing is random: `seed` changes nothing.
"""

# Keras and scikit-learn declare narrower types than they take: verbose=0, gamma a number.
# pyright: reportArgumentType=false

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import keras
import numpy as np
from sklearn.covariance import shrunk_covariance
from sklearn.decomposition import PCA
from sklearn.svm import SVC

from inkdigits.errors import DataError, RunError
from inkdigits.learning.config import TrainConfig
from inkdigits.learning.mnist import glyph_recipe, prepare_mnist
from inkdigits.learning.models.classical import (
    FEATURES,
    Features,
    nearest_neighbours,
    support_vector_machine,
)
from inkdigits.learning.recipe import Recipe, TrainingData

# How much of the within-class covariance's shape is ignored, chosen on the validation part; 1 ignores all.
NEIGHBOURS_SHRINKAGE = {"hog": 0.1, "pixels": 0.6}
VECTORS_SHRINKAGE = {"hog": 0.6, "pixels": 1.0}
SLACK_COST = 10.0  # the C of support vector machines
# What stands for the data where a network is built without: as many as MNIST has, and leaves of them.
IMAGES, SUPPORT_VECTORS = 60_000, 5_000
ANY = ("model", "seed", "train_on_all", "options")


def features_of(config: TrainConfig) -> Features:
    """The option "features"; RunError for an unknown value."""
    features = config.options.get("features", FEATURES[0])
    if features not in FEATURES:
        raise RunError(f"{config.model}: features {features!r}: {' or '.join(FEATURES)} is needed")
    return features


def projection(
    features: np.ndarray, labels: np.ndarray, dimensions: int, shrinkage: float
) -> tuple[np.ndarray, np.ndarray]:
    """The matrix (size, dimensions) and offset (dimensions,), float64, that bring features (n, size) to the
    `dimensions` in which digits of different classes differ most beside those of one class.

    Features are whitened by the covariance within classes (relevant component analysis, Shental et al. 2002),
    shrunk in [0, 1] towards a multiple of the identity, and then cut to their principal components.
    """
    centred = features.astype(np.float64)
    mean = centred.mean(axis=0)
    centred -= mean
    within = np.zeros((centred.shape[1],) * 2)
    for label in np.unique(labels):
        own = centred[labels == label]
        own = own - own.mean(axis=0)
        within += own.T @ own
    scales, axes = np.linalg.eigh(shrunk_covariance(within / len(centred), shrinkage))
    # Features that never vary, such as corners without ink, would be divided by 0.
    whitening = axes / np.sqrt(np.maximum(scales, 1e-12 + 1e-6 * scales.max()))
    principal = PCA(dimensions, svd_solver="covariance_eigh").fit(centred @ whitening)
    matrix = whitening @ np.asarray(principal.components_).T
    return matrix, -mean @ matrix


def fit_neighbours(config: TrainConfig, data: TrainingData) -> keras.Model:
    """All training digits, stored."""
    features = features_of(config)
    images, labels = _examples(data)
    model = nearest_neighbours(features, len(images))
    vectors = _projected(model, images, labels, NEIGHBOURS_SHRINKAGE[features])
    model.layers[-1].set_weights([vectors, labels])
    return model


def fit_support_vectors(config: TrainConfig, data: TrainingData) -> keras.Model:
    """The support vectors that scikit-learn finds, of the kernel width it calls "scale"."""
    features = features_of(config)
    images, labels = _examples(data)
    if len(absent := np.setdiff1d(np.arange(10), labels)):
        raise DataError(f"no example of {', '.join(map(str, absent))} to learn from")
    draft = support_vector_machine(features, 1)
    vectors = _projected(draft, images, labels, VECTORS_SHRINKAGE[features])
    gamma = float(1 / (vectors.shape[1] * vectors.var()))
    fitted = SVC(C=SLACK_COST, gamma=gamma, cache_size=1000).fit(vectors, labels)
    model = support_vector_machine(features, len(fitted.support_), gamma)
    model.layers[-2].set_weights(draft.layers[-2].get_weights())
    # They come class by class, and a pair's coefficients have one sign in either class: mixed, their sums
    # stay small on the way, and float32 loses an eighth as much.
    mixed = np.argsort(
        np.concatenate([np.arange(count) / count for count in fitted.n_support_]), kind="stable"
    )
    kept = [vectors[fitted.support_][mixed], pair_coefficients(fitted)[mixed], fitted.intercept_]
    model.layers[-1].set_weights(kept)
    return model


def pair_coefficients(fitted: SVC) -> np.ndarray:
    """(support vectors, pairs): the coefficient of each vector in the machine of each pair of classes.

    scikit-learn keeps them in `dual_coef_` (classes - 1, support vectors): row r of a vector of class c is
    its coefficient against the r-th of the other classes.
    """
    classes = len(fitted.classes_)
    owners = np.repeat(np.arange(classes), fitted.n_support_)
    pairs = np.zeros((len(owners), classes * (classes - 1) // 2))
    for pair, (first, second) in enumerate(zip(*np.triu_indices(classes, 1), strict=True)):
        pairs[owners == first, pair] = fitted.dual_coef_[second - 1, owners == first]
        pairs[owners == second, pair] = fitted.dual_coef_[first, owners == second]
    return pairs


def _examples(data: TrainingData) -> tuple[np.ndarray, np.ndarray]:
    """Images and their labels (n,) int32."""
    if data.plain is None:
        raise DataError("there are no images to learn from as they are")
    images, targets = data.plain
    return images, targets.argmax(axis=1).astype(np.int32)


def _projected(model: keras.Model, images: np.ndarray, labels: np.ndarray, shrinkage: float) -> np.ndarray:
    """Set the projection of `model`, its layer but one, and return what it makes of `images`."""
    *described, project, _ = model.layers
    features = keras.Sequential([model.inputs[0], *described]).predict(images, batch_size=512, verbose=0)
    features = features.reshape(len(features), -1)
    matrix, offset = projection(features, labels, project.units, shrinkage)
    project.set_weights([matrix, offset])
    return np.asarray(project(features))


def _recipe(name: str, description: str, paper: str, **parts: Any) -> Recipe:
    recipe = glyph_recipe(name, description, paper, keras.Sequential, {"epochs": 1, "schedule": "constant"})

    def prepare(config: TrainConfig, folder: Path) -> TrainingData:
        """MNIST, once it is clear that nothing is asked for which is not there."""
        features_of(config)
        for field in dataclasses.fields(TrainConfig):
            given, only = getattr(config, field.name), getattr(plain, field.name)
            if field.name not in ANY and given != only:
                raise RunError(
                    f"{name} is fitted at once, without gradients, epochs or augmentation: {field.name} can "
                    f"only be {'none' if field.name == 'augmentation' else repr(only)}"
                )
        return prepare_mnist(config, folder)

    plain = TrainConfig(name, **recipe.defaults)
    return dataclasses.replace(recipe, prepare=prepare, options=("features",), **parts)


CLASSICAL: tuple[Recipe, ...] = (
    _recipe(
        "knn",
        "nearest of all training digits, by their gradients' histograms; --option features=pixels",
        "Cover and Hart 1967; Dudani 1976",
        build=lambda config: nearest_neighbours(features_of(config), IMAGES),
        fit=fit_neighbours,
    ),
    _recipe(
        "svm",
        "support vector machine on histograms of gradients; --option features=pixels",
        "Cortes and Vapnik 1995; Dalal and Triggs 2005",
        build=lambda config: support_vector_machine(features_of(config), SUPPORT_VECTORS),
        fit=fit_support_vectors,
    ),
)
