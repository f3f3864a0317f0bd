"""The recipes of the shipped networks: what an epoch is made of, on a bank of scikit-learn's digits."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import cv2
import keras
import numpy as np
import pytest
from sklearn.datasets import load_digits

from inkdigits.learning import shipped
from inkdigits.learning.bank import BANK_SOURCES
from inkdigits.learning.config import TrainConfig
from inkdigits.learning.recipe import Recipe, TrainingData
from inkdigits.learning.recipes import RECIPES
from inkdigits.learning.shipped import CONTEXT_RECIPE, DIGIT_RECIPE, LINE_RECIPE
from inkdigits.learning.strings import InkBank
from inkdigits.reading.card import GLYPH_FILE, LINE_FILE, SECOND_FILE, WEIGHTS, load_card
from inkdigits.reading.glyph import NORMALISER_VERSION, normalise
from inkdigits.reading.recogniser import LINE_STRIDE

COUNT = 48
SHAPES = {"glyph": (28, 28), "line": (32, 160)}
FILES = {"inkdigits-digits": GLYPH_FILE, "inkdigits-lines": LINE_FILE, "inkdigits-context": SECOND_FILE}
SHIPPED = (DIGIT_RECIPE, LINE_RECIPE, CONTEXT_RECIPE)
EACH = pytest.mark.parametrize("recipe", SHIPPED, ids=lambda recipe: recipe.name)


def _bank(start: int, count: int = 150) -> InkBank:
    flat, labels = (part[start : start + count] for part in load_digits(return_X_y=True))
    images = flat.reshape(-1, 8, 8)
    glyphs = np.stack(
        [
            normalise(cv2.resize(image.astype(np.float32) / 16, (28, 28), interpolation=cv2.INTER_CUBIC))
            for image in images
        ]
    )
    writers = np.arange(count) // (count // 2)
    rows = [[np.flatnonzero((writers == w) & (labels == digit)) for digit in range(10)] for w in range(2)]
    return InkBank(glyphs, rows, np.array([0.5, 0.5]), glyphs[:20, ::-1].copy())


@pytest.fixture
def banks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Banks made here stand in for those of the data folder."""
    monkeypatch.setattr(shipped, "load_banks", lambda folder, ink: (_bank(0), _bank(300)))
    monkeypatch.setattr(shipped, "source_hashes", lambda names, folder: {name: "0" for name in names})


def _prepare(recipe: Recipe, seed: int = 0) -> TrainingData:
    config = TrainConfig(recipe.name, seed=seed, options={"examples_an_epoch": COUNT})
    make = {"glyph": shipped.make_glyphs, "line": shipped.make_lines}[recipe.kind]
    ink = {"glyph": shipped.GLYPH_INK, "line": shipped.LINE_INK}[recipe.kind]
    return shipped.prepare_synthetic(make, ink, config, Path("."), 20)


@EACH
def test_an_epoch_has_its_shapes_and_names_its_sources(recipe: Recipe, banks: None) -> None:
    data = _prepare(recipe)
    images, targets = data.epoch(0)
    assert data.count == COUNT
    assert images.shape == (COUNT, *SHAPES[recipe.kind]) and images.dtype == np.uint8
    steps = (SHAPES["line"][1] // LINE_STRIDE,) if recipe.kind == "line" else ()
    assert targets.shape == (COUNT, *steps)
    assert targets.max() < len(recipe.classes)
    assert data.validation is not None
    assert data.validation[0].shape == (20, *SHAPES[recipe.kind])
    assert set(data.hashes) == {str(source["name"]) for source in data.sources} == set(BANK_SOURCES)
    assert all(source["licence"] for source in data.sources)


@EACH
def test_epochs_differ_and_the_seed_decides_them(recipe: Recipe, banks: None) -> None:
    first, again, other = _prepare(recipe), _prepare(recipe), _prepare(recipe, seed=1)
    np.testing.assert_array_equal(first.epoch(2)[0], again.epoch(2)[0])
    np.testing.assert_array_equal(first.epoch(2)[1], again.epoch(2)[1])
    assert not np.array_equal(first.epoch(0)[0], first.epoch(1)[0])
    assert not np.array_equal(first.epoch(0)[0], other.epoch(0)[0])
    # What it is judged by is the same for every seed.
    assert first.validation and other.validation
    np.testing.assert_array_equal(first.validation[0], other.validation[0])


def test_of_glyphs_letters_that_are_digits_alone_are_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[tuple[str, str]] = []
    monkeypatch.setattr(
        shipped,
        "prepare_synthetic",
        lambda make, ink, *rest: seen.append((make.__name__, ink.letters)),
    )
    for recipe in SHIPPED:
        recipe.prepare(TrainConfig(recipe.name), Path("."))
    assert seen == [("make_glyphs", "ACFT"), *2 * [("make_lines", "ABCDFT")]]


def test_drawn_writers_are_others_in_each_epoch(monkeypatch: pytest.MonkeyPatch, banks: None) -> None:
    made: list[InkBank] = []
    bank = dataclasses.replace(_bank(0), drawn=1)
    monkeypatch.setattr(shipped, "load_banks", lambda folder, ink: (bank, _bank(300)))
    monkeypatch.setattr(shipped, "redrawn", lambda bank, random: random.integers(1000))
    monkeypatch.setattr(shipped, "make_lines", lambda bank, count, random: made.append(bank))
    data = _prepare(LINE_RECIPE)
    for index in (0, 1, 0):
        data.epoch(index)
    _, *drawn = made
    assert drawn[0] == drawn[2] != drawn[1]


@pytest.mark.parametrize("recipe", [LINE_RECIPE, CONTEXT_RECIPE], ids=lambda recipe: recipe.name)
def test_half_of_the_lines_are_the_others_seen_again(recipe: Recipe, banks: None) -> None:
    config = TrainConfig(recipe.name, options={"examples_an_epoch": 5})
    images, targets = recipe.prepare(config, Path(".")).epoch(0)
    np.testing.assert_array_equal(targets[:2], targets[3:])
    assert images.shape == (5, *SHAPES["line"])
    assert all(not np.array_equal(one, other) for one, other in zip(images[:2], images[3:], strict=True))


@EACH
def test_the_recipe_trains_the_network_that_it_builds(recipe: Recipe, banks: None) -> None:
    config = TrainConfig(recipe.name)
    keras.utils.set_random_seed(0)
    model = recipe.build(config)
    model.compile(optimizer="adam", loss=recipe.loss(config), metrics=recipe.metrics())
    images, targets = _prepare(recipe).epoch(0)
    losses = [float(model.train_on_batch(images[:16], targets[:16])[0]) for _ in range(4)]
    assert np.isfinite(losses).all()
    assert losses[-1] < losses[0]
    outputs = np.asarray(model(images[:2]))
    assert outputs.shape == (*targets[:2].shape, len(recipe.classes))
    np.testing.assert_allclose(outputs.sum(axis=-1), 1, atol=1e-3)


@EACH
def test_the_weights_of_the_package_are_of_this_recipe(recipe: Recipe) -> None:
    assert RECIPES[recipe.name] is recipe
    card = load_card(WEIGHTS / FILES[recipe.name], NORMALISER_VERSION)
    assert card.kind == recipe.kind
    assert card.classes == recipe.classes
    assert {source["name"] for source in card.training_data} == set(BANK_SOURCES)


@EACH
def test_training_goes_on_from_the_shipped_network(recipe: Recipe, banks: None) -> None:
    path = WEIGHTS / FILES[recipe.name]
    model = recipe.build(TrainConfig(recipe.name))
    fresh = model.get_weights()[0]
    assert recipe.begin is not None
    recipe.begin(model, TrainConfig(recipe.name), Path("."), Path("."))
    assert np.array_equal(model.get_weights()[0], fresh), "nobody asked for it"
    recipe.begin(model, TrainConfig(recipe.name, options={"begin_from": str(path)}), Path("."), Path("."))
    assert not np.allclose(model.get_weights()[0], fresh)
