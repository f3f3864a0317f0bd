"""k-NN and the support vector machine: features by their formulas, answers as scikit-learn's."""

import dataclasses
import io
import os
from pathlib import Path

import keras
import numpy as np
import pytest
import tiny
from rich.console import Console
from sklearn.neighbors import KNeighborsClassifier
from sklearn.svm import SVC

from inkdigits.errors import DataError, RunError
from inkdigits.learning import classical, runs
from inkdigits.learning.augment import Augmentation
from inkdigits.learning.complexity import multiply_adds
from inkdigits.learning.config import TrainConfig
from inkdigits.learning.datasets import load_mnist_split
from inkdigits.learning.evaluation import open_network
from inkdigits.learning.export import export_run
from inkdigits.learning.models.classical import LEAST_VOTE, StoredNeighbours
from inkdigits.learning.models.descriptors import Deskewing, OrientedGradients
from inkdigits.learning.recipe import one_hot
from inkdigits.learning.recipes import RECIPES
from inkdigits.learning.training import train
from inkdigits.reading.card import load_card
from inkdigits.reading.glyph import NORMALISER_VERSION

NOWHERE = Path("nowhere")
NAMES = ("knn", "svm")
UNSEEN, TRUTH = tiny.bars(1000, 5)


def config(name: str, **changes) -> TrainConfig:
    return TrainConfig(name, **{**RECIPES[name].defaults, **changes})


def fitted(name: str, features: str) -> keras.Model:
    told = config(name, options={"features": features})
    return RECIPES[name].fit(told, tiny.prepare(told, NOWHERE))


@pytest.fixture(scope="module")
def networks() -> dict[tuple[str, str], keras.Model]:
    return {(name, features): fitted(name, features) for name in NAMES for features in ("hog", "pixels")}


def inner(model: keras.Model, images: np.ndarray) -> np.ndarray:
    """What the last layer sees."""
    return keras.Model(model.inputs, model.layers[-2].output).predict(images, verbose=0)


def learnt_from(model: keras.Model, images: np.ndarray) -> np.ndarray:
    """What the last layer was fitted on: `inner`, computed step by step as the fit does. Rounded otherwise, a
    vector at the margin is a support vector on some processors and none on others.
    """
    *described, project, _ = model.layers
    features = keras.Sequential([model.inputs[0], *described]).predict(images, batch_size=512, verbose=0)
    return np.asarray(project(features.reshape(len(features), -1)))


def stroke(slope: float, left: float = 13.0) -> np.ndarray:
    """(28, 28) float32: a stroke 3 pixels wide whose columns move by `slope` a row."""
    y, x = np.mgrid[:28, :28].astype(np.float32)
    inside = np.clip(2 - np.abs(x - left - slope * (y - 14)), 0, 1)
    return inside * ((y >= 5) & (y < 23))


@pytest.mark.parametrize("slope", [-0.5, -0.2, 0.0, 0.3, 0.6])
def test_a_slanted_stroke_is_made_upright_and_centred(slope):
    out = np.asarray(Deskewing()(stroke(slope, left=12.3)[None]))[0]
    columns = (out * np.arange(28)).sum(axis=1)[8:20] / out.sum(axis=1)[8:20]
    assert np.allclose(columns, 14, atol=0.1)
    assert out.sum() == pytest.approx(stroke(slope).sum(), rel=0.02)
    assert (out * np.arange(28)[:, None]).sum() / out.sum() == pytest.approx(14, abs=0.01)


def test_what_is_upright_and_centred_stays_and_a_blank_glyph_stays_blank():
    upright = stroke(0.0, left=14.0)
    upright[23] = upright[22]
    centred = np.asarray(Deskewing()(upright[None]))[0]
    assert np.allclose(centred, upright, atol=1e-4)
    for layer in (Deskewing(), OrientedGradients()):
        assert not np.asarray(layer(np.zeros((2, 28, 28), np.float32))).any()


@pytest.mark.parametrize(("turn", "orientation"), [(0, 0), (1, 2), (2, 4), (3, 6)])
def test_an_edge_votes_for_its_direction_only(turn, orientation):
    edge = np.zeros((28, 28), np.float32)
    edge[:, 14:] = 1  # darker to the right: the gradient points along x, orientation 0
    image = np.rot90(edge, -turn)  # a quarter turn clockwise, with y downwards: two of eight orientations on
    features = np.asarray(OrientedGradients(7, 8)(np.ascontiguousarray(image)[None]))
    blocks = features.reshape(3, 3, 4, 8)[1, 1]
    assert blocks[:, orientation].min() > 0.4
    assert np.allclose(np.delete(blocks, orientation, axis=1), 0, atol=1e-5)


def test_histograms_do_not_depend_on_contrast():
    layer = OrientedGradients(5, 8)
    image = tiny.bars(1, 0)[0].astype(np.float32) / 255
    full, faint = np.asarray(layer(image)), np.asarray(layer(image / 2))
    assert full.shape == (1, 4 * 4 * 4 * 8)
    assert np.abs(full - faint).max() < 0.05 and full.max() > 0.2


def dudani(distances: np.ndarray) -> np.ndarray:
    """Weights of neighbours by their distances (n, k), nearest first."""
    farthest = distances[:, -1:]
    return ((farthest - distances) / (farthest - distances[:, :1])) ** 4


def by_scikit_learn(model: keras.Model, images: np.ndarray, labels: np.ndarray, **settings):
    """scikit-learn's classifier, fitted on what the last layer of `model` sees of `images`."""
    layer = model.layers[-1]
    if model.name == "knn":
        reference = KNeighborsClassifier(layer.neighbours, weights=dudani, algorithm="brute")
    else:
        reference = SVC(C=classical.SLACK_COST, gamma=layer.gamma, **settings)
    return reference.fit(learnt_from(model, images), labels)


@pytest.mark.parametrize("features", ["hog", "pixels"])
def test_neighbours_vote_as_scikit_learns_classifier(features, networks):
    images, targets = tiny.prepare(config("knn"), NOWHERE).plain
    model = networks["knn", features]
    reference = by_scikit_learn(model, images, targets.argmax(axis=1))
    seen, out = inner(model, UNSEEN), model.predict(UNSEEN, verbose=0)
    assert np.array_equal(out.argmax(axis=1), reference.predict(seen))
    shares = (reference.predict_proba(seen) + LEAST_VOTE) / (1 + 10 * LEAST_VOTE)
    assert np.allclose(out, shares, atol=1e-4)
    assert (out.argmax(axis=1) == TRUTH).mean() > 0.8


@pytest.mark.parametrize("features", ["hog", "pixels"])
def test_support_vectors_elect_as_scikit_learns_classifier(features, networks):
    images, targets = tiny.prepare(config("svm"), NOWHERE).plain
    model, labels = networks["svm", features], targets.argmax(axis=1)
    reference = by_scikit_learn(model, images, labels, break_ties=True)
    assert model.layers[-1].count == len(reference.support_)
    seen, read = inner(model, UNSEEN), model.predict(UNSEEN, verbose=0).argmax(axis=1)
    assert np.array_equal(read, reference.predict(seen))
    # Without break_ties scikit-learn takes the lowest of classes with as many pairs won.
    assert (read == by_scikit_learn(model, images, labels).predict(seen)).mean() > 0.99
    assert (read == TRUTH).mean() > 0.8


@pytest.mark.data
@pytest.mark.parametrize("name", NAMES)
def test_1000_real_digits_are_read_as_scikit_learn_reads_them(name):
    named = os.environ.get("INKDIGITS_DATA")
    if not named or not (Path(named) / "mnist").is_dir():
        pytest.skip("INKDIGITS_DATA names no folder with mnist/")
    training, validation = load_mnist_split(Path(named))
    images, labels = training.images[:4000], training.labels[:4000]
    data = dataclasses.replace(tiny.prepare(config(name), NOWHERE), plain=(images, one_hot(labels, 10)))
    model = RECIPES[name].fit(config(name), data)
    read = model.predict(validation.images[:1000], verbose=0).argmax(axis=1)
    reference = by_scikit_learn(model, images, labels, **({"break_ties": True} if name == "svm" else {}))
    assert np.array_equal(read, reference.predict(inner(model, validation.images[:1000])))
    assert (read == validation.labels[:1000]).mean() > 0.96


def test_neighbours_that_are_all_equally_far_all_count():
    layer = StoredNeighbours(4, 4)
    layer.build((None, 2))
    layer.set_weights([np.ones((4, 2)), np.array([3, 3, 3, 7])])
    out = np.asarray(layer(np.zeros((1, 2), np.float32)))[0]
    assert out[3] == pytest.approx(0.75, abs=1e-3) and out[7] == pytest.approx(0.25, abs=1e-3)


def test_the_electeds_margins_are_the_pairs_values(networks):
    model = networks["svm", "hog"]
    images, targets = tiny.prepare(config("svm"), NOWHERE).plain
    layer = model.layers[-1]
    pairwise = SVC(C=classical.SLACK_COST, gamma=layer.gamma, decision_function_shape="ovo")
    pairwise.fit(inner(model, images), targets.argmax(axis=1))
    values = pairwise.decision_function(inner(model, UNSEEN[:50]))
    out = model.predict(UNSEEN[:50], verbose=0)
    for row, probabilities in zip(values, out, strict=True):
        elected = probabilities.argmax()
        for value, first, second in zip(row, *np.triu_indices(10, 1), strict=True):
            if elected in (first, second):
                rival = first + second - elected
                margin = max(value if elected == first else -value, 1e-3)
                ratio = np.log(probabilities[elected] / probabilities[rival])
                assert ratio == pytest.approx(layer.sharpness * margin, abs=1e-2)


@pytest.mark.parametrize("name", NAMES)
def test_a_run_is_kept_loaded_exported_and_read(name, tmp_path):
    recipe = dataclasses.replace(RECIPES[name], prepare=tiny.prepare)
    told, folder = config(name), tmp_path / name
    result = train(told, folder, NOWHERE, recipe=recipe, console=Console(file=io.StringIO()))
    assert result.epochs == 1 and result.validation["accuracy"] > 0.8 and result.train["accuracy"] > 0.9
    assert runs.read_metrics(folder)[0]["seconds"] > 0 and not (folder / "accuracy.png").exists()
    with pytest.raises(RunError, match="finished"):
        train(told, folder, NOWHERE, recipe=recipe, resume=True)
    path = export_run(folder, NOWHERE, recipe=recipe)
    card = load_card(path, NORMALISER_VERSION)
    assert card.kind == "glyph" and len(card.classes) == 10 and card.metrics["onnx_keras_difference"] <= 1e-4
    by_keras, by_onnx = open_network(folder).probabilities(UNSEEN), open_network(path).probabilities(UNSEEN)
    assert (by_keras.argmax(axis=1) == by_onnx.argmax(axis=1)).all()
    assert np.allclose(by_keras.sum(axis=1), 1, atol=1e-5)
    again = RECIPES[name].fit(told, tiny.prepare(config(name, seed=3), NOWHERE))
    kept = keras.saving.load_model(folder / runs.MODEL, compile=False).get_weights()
    assert all(np.array_equal(a, b) for a, b in zip(again.get_weights(), kept, strict=True))


@pytest.mark.parametrize("name", NAMES)
def test_100_images_are_learnt_by_heart(name):
    images, labels = tiny.bars(100, 0)
    data = dataclasses.replace(tiny.prepare(config(name), NOWHERE), plain=(images, one_hot(labels, 10)))
    model = RECIPES[name].fit(config(name), data)
    assert (model.predict(images, verbose=0).argmax(axis=1) == labels).mean() == 1
    model = RECIPES[name].build(TrainConfig(name))
    out = model(images[:5])
    assert out.shape == (5, 10)
    assert np.allclose(out, np.asarray(model(images[:5].astype(np.float32))), atol=1e-5)


def test_costs_are_those_of_the_layers():
    shears, hog = 2 * 28**3, 8 * 5 * 28 * (28 + 5)
    assert multiply_adds(RECIPES["knn"].build(TrainConfig("knn"))) == shears + hog + 512 * 60 + 60_000 * 60
    count = classical.SUPPORT_VECTORS
    model = RECIPES["svm"].build(TrainConfig("svm", options={"features": "pixels"}))
    assert multiply_adds(model) == shears + 784 * 100 + count * (100 + 45)
    assert model.count_params() == 785 * 100 + count * (100 + 45) + 45


@pytest.mark.parametrize("name", NAMES)
def test_what_has_no_meaning_here_is_refused_before_any_work(name, tmp_path):
    for changes in (
        {"epochs": 2},
        {"batch_size": 128},
        {"learning_rate": 0.1},
        {"ema_momentum": 0.9},
        {"precision": "mixed_bfloat16"},
        {"augmentation": Augmentation(rotation=5.0)},
    ):
        with pytest.raises(RunError, match=f"{next(iter(changes))} can only be"):
            train(config(name, **changes), tmp_path / "run", NOWHERE)
    with pytest.raises(RunError, match="features 'sift': hog or pixels is needed"):
        train(config(name, options={"features": "sift"}), tmp_path / "run", NOWHERE)
    with pytest.raises(RunError, match="no option kernel"):
        train(config(name, options={"kernel": "linear"}), tmp_path / "run", NOWHERE)
    assert not (tmp_path / "run").exists()
    with pytest.raises(DataError):
        train(config(name, seed=4), tmp_path / "run", tmp_path)


def test_a_class_without_examples_is_refused():
    data = tiny.prepare(config("svm"), NOWHERE)
    images, targets = data.plain
    few = targets.argmax(axis=1) < 8
    with pytest.raises(DataError, match="no example of 8, 9"):
        RECIPES["svm"].fit(config("svm"), dataclasses.replace(data, plain=(images[few], targets[few])))
