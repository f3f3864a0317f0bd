"""Few-shot learning: the embedding, what it learns from, labels drawn fairly, and every method on bars."""

import dataclasses
import io
import json
from pathlib import Path

import keras
import numpy as np
import pytest
import tiny
from rich.console import Console
from typer.testing import CliRunner

from inkdigits.cli import app
from inkdigits.errors import RunError
from inkdigits.learning import fewshot, fewshot_data, fewshot_tuning, fewshot_unlabelled, runs
from inkdigits.learning.augment import Augmentation
from inkdigits.learning.config import TrainConfig
from inkdigits.learning.datasets import Digits
from inkdigits.learning.export import export_run
from inkdigits.learning.fewshot_pretraining import EMBEDDING_RECIPE
from inkdigits.learning.models.embedding import FEATURES, embedding_cnn
from inkdigits.learning.training import train

TURNS = Augmentation(rotation=5)


@pytest.fixture
def data_folder(tmp_path) -> Path:
    return tiny.characters_folder(tmp_path, drawings=22, first=20)


@pytest.fixture(scope="module")
def bench() -> fewshot.Bench:
    """Bars as digits; the network is as it was drawn."""
    keras.utils.set_random_seed(0)
    return fewshot.Bench(embedding_cnn(20), Digits(*tiny.bars(300, 0)), Digits(*tiny.bars(60, 1)))


@pytest.fixture
def short(monkeypatch):
    # Fewer steps, and the moving averages of batch normalisation are not yet there.
    plan = fewshot_tuning.Plan(192, 2e-3, batch_size=20)
    monkeypatch.setattr(fewshot_tuning, "WARPS", TURNS)
    monkeypatch.setattr(fewshot, "_TUNING", {1: plan})
    monkeypatch.setattr(fewshot, "_SCRATCH", plan)
    monkeypatch.setattr(fewshot, "_ADAPTATION", {"steps": 2, "rate": 1e-3})
    monkeypatch.setattr(fewshot_unlabelled, "PAIRS", 16)


def test_the_network_gives_unit_vectors_and_a_probability_a_class():
    model = embedding_cnn(fewshot_data.CLASS_COUNT)
    assert model.count_params() == 674_496 and model.output_shape == (None, 1960)
    assert len(EMBEDDING_RECIPE.classes) == len(set(EMBEDDING_RECIPE.classes)) == 1960
    assert model.get_layer(FEATURES).output.shape == (None, 1008)
    vectors = fewshot_unlabelled.embed(model, tiny.bars(5, 0)[0])
    assert vectors.shape == (5, 128) and np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)


def test_a_letter_has_four_classes_and_a_drawing_eight(data_folder):
    characters = fewshot_data.load_characters(data_folder, "all")
    generator = np.random.default_rng(0)
    glyphs, classes = characters.draw(generator)
    assert glyphs.shape == (60 + 4 * 22, 28, 28) and len(characters) == len(glyphs) == len(classes)
    assert (classes < 24).sum() == 60
    seen = np.unique(np.concatenate([classes, *(characters.draw(generator)[1] for _ in range(9))]))
    assert len(seen) == 24 + 8 * 11
    upright, names = characters.upright()
    assert upright.shape == (82, 28, 28) and EMBEDDING_RECIPE.classes[names[1]] == "B"
    # A bar stands where it is not turned, or turned by 180 degrees, and lies where it is turned by 90.
    lying = [np.ptp(np.flatnonzero(view[0].any(0))) > 15 for view in characters.drawings]
    assert lying == [False, True] * 4


def test_a_letter_turned_twice_four_times_is_itself():
    image = np.random.default_rng(0).integers(0, 256, (1, 28, 28)).astype(np.uint8)
    image[:, 0] = image[:, :, 0] = 0
    turned = fewshot_data._turned(image, 1)
    assert np.array_equal(fewshot_data._turned(turned, 1), fewshot_data._turned(image, 2))
    assert np.array_equal(fewshot_data._turned(turned, 3), image)


def test_training_and_validation_share_no_drawing(data_folder):
    parts = [fewshot_data.load_characters(data_folder, part) for part in ("all", "training", "validation")]
    counts = [len(part.kinds) for part in parts]
    assert counts == [22, 19, 3] and [len(part.letters) for part in parts] == [60, 60, 30]


def test_it_overfits_a_hundred_images_resumes_and_exports(tmp_path):
    images, labels = tiny.bars(100, 0)
    held = tiny.bars(1000, 1)

    def prepare(config, folder):
        return dataclasses.replace(
            tiny.prepare(config, folder),
            epoch=lambda index: (np.tile(images, (10, 1, 1)), np.tile(labels, 10).astype(np.int32)),
            count=1000,
            validation=(held[0], held[1].astype(np.int32)),
            plain=(images, labels.astype(np.int32)),
        )

    recipe = dataclasses.replace(EMBEDDING_RECIPE, prepare=prepare)
    config = TrainConfig("embedding", epochs=3, batch_size=20, learning_rate=3e-3, precision="mixed_bfloat16")
    settings = {"recipe": recipe, "console": Console(file=io.StringIO())}

    def stop(done: int) -> None:
        raise KeyboardInterrupt

    result = train(config, tmp_path / "whole", tmp_path, **settings)
    assert result.train["accuracy"] > 0.97
    with pytest.raises(KeyboardInterrupt):
        train(config, tmp_path / "stopped", tmp_path, after_epoch=stop, **settings)
    train(config, tmp_path / "stopped", tmp_path, resume=True, **settings)
    whole, stopped = (
        keras.saving.load_model(tmp_path / name / runs.MODEL, compile=False).get_weights()
        for name in ("whole", "stopped")
    )
    assert all(map(np.array_equal, whole, stopped))
    assert export_run(tmp_path / "whole", tmp_path, recipe=recipe).is_file()


def test_labels_are_drawn_evenly_and_more_of_them_include_the_fewer():
    labels = np.random.default_rng(0).integers(0, 10, 1000)
    five, ten = (fewshot_data.draw_labels(labels, count, 3) for count in (5, 10))
    assert np.array_equal(np.bincount(labels[ten]), [10] * 10) and set(five) < set(ten)
    assert np.array_equal(five, fewshot_data.draw_labels(labels, 5, 3))
    assert not np.array_equal(five, fewshot_data.draw_labels(labels, 5, 4))
    for count in (0, 200):
        with pytest.raises(RunError, match="a class are needed"):
            fewshot_data.draw_labels(labels, count, 0)


def test_the_same_draw_gives_the_same_network_and_another_draw_another(bench, short):
    plan = fewshot_tuning.Plan(16, 2e-3, batch_size=20)
    tuner = fewshot_tuning.Tuner(bench.pretrained, plan)
    start, (glyphs, labels) = tuner.model.get_weights(), tiny.bars(50, 2)
    outputs = []
    for seed in (0, 1, 0):
        tuner.learn(start, glyphs, labels, seed)
        outputs.append(tuner.predict(glyphs))
    assert np.array_equal(outputs[0], outputs[2]) and not np.array_equal(outputs[0], outputs[1])


@pytest.mark.parametrize("method", list(fewshot.METHODS))
def test_every_method_reads_bars_better_than_chance(method, bench, short):
    values = fewshot.measure(bench, [5], range(2), [method])
    found = values["5-labels"][method]
    assert len(found) == 2 and np.mean(found) > 0.15


def test_neighbours_are_the_nearest_ones():
    vectors = np.random.default_rng(0).normal(size=(50, 8)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    places, cosines = fewshot_unlabelled.nearest(vectors[:5], vectors, 4)
    assert np.array_equal(places, np.argsort(-(vectors[:5] @ vectors.T), axis=1)[:, :4])
    assert np.allclose(cosines[:, 0], 1) and (np.diff(cosines) <= 0).all()


def test_one_label_a_cluster_spreads_over_it():
    generator = np.random.default_rng(0)
    labels = np.repeat(np.arange(10), 40)
    vectors = np.eye(10, 16)[labels] + generator.normal(0, 0.08, (400, 16))
    vectors = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    graph = fewshot_unlabelled.make_graph(vectors)
    soft = graph.spread(np.arange(0, 400, 40), np.arange(10))
    assert np.allclose(soft.sum(axis=1), 1, atol=1e-5) and (soft.argmax(axis=1) == labels).all()
    votes = graph.vote(*fewshot_unlabelled.nearest(vectors[::7], vectors, 5), soft)
    assert (votes.argmax(axis=1) == labels[::7]).all()


def test_the_contrast_is_smallest_where_pairs_are_alike():
    vectors = np.eye(4, 8, dtype=np.float32)
    pairs = np.array([0, 0, 1, 1], dtype=np.int32)
    apart = np.asarray(fewshot_unlabelled.contrast(pairs, vectors))
    alike = np.asarray(fewshot_unlabelled.contrast(pairs, vectors[[0, 0, 1, 1]]))
    assert apart.shape == (4,) and np.allclose(apart, np.log(3), atol=1e-4) and (alike < 0.1).all()


def test_the_command_prints_every_method_and_writes_json(bench, short, tmp_path, monkeypatch):
    monkeypatch.setattr(fewshot, "open_bench", lambda run, folder, on: bench)
    out = tmp_path / "few.json"
    done = CliRunner().invoke(
        app,
        ["fewshot", "run", "--labels", "1", "--labels", "5", "--draws", "2", "--method", "knn"]
        + ["--method", "prototypes", "--out", str(out)],
    )
    assert done.exit_code == 0, done.output
    assert "prototypes" in done.stdout and "5 a class" in done.stdout
    draws = json.loads(out.read_text())["draws"]
    assert set(draws) == {"1-labels", "5-labels"} and len(draws["1-labels"]["knn"]) == 2


def test_a_table_gets_means_of_both_kinds(bench, short, monkeypatch):
    monkeypatch.setattr(fewshot, "open_bench", lambda run, folder: bench)
    monkeypatch.setattr(fewshot, "SIZES", (1,))
    asked = []

    def measured(bench, methods):
        asked.append(methods)
        return {"1-labels": dict.fromkeys(methods, [0.25, 0.75])}

    monkeypatch.setattr(fewshot, "measure", measured)
    scored = fewshot.score_fewshot(Path("run"), Path("data"))
    assert scored["accuracy"] == {"1-labels": 0.5, "1-labels-semi-supervised": 0.5}
    assert scored["draws"]["1-labels"]["knn"] == [0.25, 0.75]
    monkeypatch.setattr(bench, "seed", 1)
    fewshot.score_fewshot(Path("run"), Path("data"))
    assert asked == [tuple(fewshot.METHODS), fewshot.PRETRAINED]


def test_runs_of_other_networks_and_other_sets_are_refused(tmp_path, monkeypatch):
    with pytest.raises(RunError, match="no run folder"):
        fewshot.fewshot_scores(tmp_path, tmp_path, 5)
    monkeypatch.setattr(fewshot, "load_run", lambda run: (None, TrainConfig("mlp")))
    with pytest.raises(RunError, match="a run of mlp"):
        fewshot.open_bench(tmp_path, tmp_path)
    monkeypatch.setattr(fewshot, "load_run", lambda run: (None, TrainConfig("embedding")))
    with pytest.raises(RunError, match="not on usps"):
        fewshot.open_bench(tmp_path, tmp_path, "usps")
