"""Training against the clock: each contestant learns and says how long that took, the log is gone on with,
and the figures are those of the runs.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("keras", reason="the learning half needs: pip install 'inkdigits[train]'")

import train_contestants
import train_speed
from inkdigits.errors import DataError
from inkdigits.learning.datasets import Digits
from inkdigits.learning.recipes import RECIPES

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "learning"))
import tiny

# Keras and TensorFlow warn of each other.
pytestmark = pytest.mark.filterwarnings(
    "ignore:__array__ implementation doesn't accept a copy keyword:DeprecationWarning"
)

RUN = {"seconds": 20.0, "compile_seconds": 1.0, "images_per_second": 3000.0, "epochs": 1, "load_before": 0.1}


def made_up(name: str, seed: int, **changes: float) -> dict:
    return {"name": name, "seed": seed, **RUN, "accuracy": 0.99, **changes}


@pytest.fixture
def training() -> Digits:
    return Digits(*tiny.bars(1200, 0))


def accuracy(scores: train_contestants.Scores) -> float:
    images, labels = tiny.bars(200, 1)
    return float((scores(images).argmax(axis=1) == labels).mean())


def test_keras_and_scikit_learn_learn_by_recipes_of_their_own(training):
    by_keras = train_contestants._fitted_by_keras(train_contestants._keras_example, (28, 28, 1), 32, 3, 0.1)
    for contestant, count in ((by_keras, 1080), (train_contestants.perceptron, 1200)):
        scores, told = contestant(0, training, Path("nowhere"))
        assert accuracy(scores) > 0.5
        assert told["seconds"] > 0 and told["epochs"] >= 3
        assert told["images_per_second"] == pytest.approx(told["epochs"] * count / told["seconds"], rel=0.01)


def test_the_papers_network_in_keras_is_the_papers():
    assert train_contestants._papers_network().count_params() == 184_586


def test_ours_learns_by_its_recipe_and_compiling_is_told_apart(training, monkeypatch):
    monkeypatch.setitem(RECIPES, "fast", tiny.TINY)
    scores, told = train_contestants.recipe_of_ours("fast", epochs=6)(0, training, Path("nowhere"))
    assert accuracy(scores) > 0.5
    assert told["epochs"] == 6 and told["seconds"] > 0 and told["compile_seconds"] > 0


def test_compiling_leaves_the_weights_as_they_were():
    model = train_contestants._keras_example()
    model.compile(loss="categorical_crossentropy", optimizer="adam")
    before = model.get_weights()
    images, labels = tiny.bars(64, 0)
    targets = np.eye(10, dtype=np.float32)[labels]
    assert train_contestants.compile_fit(model, images.astype(np.float32)[..., None], targets, 4) > 0
    assert all(np.array_equal(a, b) for a, b in zip(before, model.get_weights(), strict=True))
    assert int(model.optimizer.iterations.numpy()) == 0


def test_figures_are_those_of_the_runs():
    runs = [
        made_up(name, seed, seconds=seconds + seed, images_per_second=speed)
        for name, seconds, speed in (
            ("paper-cnn", 100, 9000.0),
            (train_speed.KERAS, 300, 3000.0),
            (train_speed.OURS[1], 20, 5000.0),
        )
        for seed in (0, 1)
    ]
    rows = {row["figure"]: row for row in train_speed.rows_of(runs)}
    assert rows["paper-cnn: time"]["value"] == 100.5 and rows["paper-cnn: time"]["n"] == 2
    assert rows["paper-cnn: speed over that of stock Keras"]["value"] == 3.0
    share = rows["time to 99.15 % over that of the paper's recipe"]
    assert share["value"] == pytest.approx((20 / 300 + 21 / 301) / 2, abs=1e-3)
    reached = rows[f"{train_speed.OURS[1]}: MNIST test"]
    assert (reached["value"], reached["target"]) == (99.0, ">= 99.15")
    assert rows["paper-cnn: MNIST test"]["target"] is None


def test_a_log_is_gone_on_with_and_a_line_cut_off_is_none(tmp_path, monkeypatch, capsys):
    log = tmp_path / "log.jsonl"
    log.write_text(json.dumps(made_up("paper-cnn", 0)) + "\n" + '{"name": "paper-cnn", "se')
    asked = []

    def train_apart(python: Path, name: str, seed: int, folder: Path) -> dict:
        asked.append((name, seed))
        return {**RUN, "accuracy": 0.992}

    written: list[dict] = []
    monkeypatch.setattr(train_speed, "train_apart", train_apart)
    monkeypatch.setattr(train_speed, "write_results", lambda path, rows: written.extend(rows))
    arguments = ["--data", str(tmp_path), "--log", str(log), "--seeds", "2", "--only", "paper-cnn"]
    assert train_speed.main(arguments) == 0
    assert asked == [("paper-cnn", 1)]
    assert train_speed.main(arguments) == 0
    assert asked == [("paper-cnn", 1)]
    figures = {row["figure"]: row["value"] for row in written}
    assert figures["paper-cnn: MNIST test"] == pytest.approx(99.1)
    assert "seed 1" in capsys.readouterr().out


def test_bad_use_is_said_in_a_line(tmp_path, capsys):
    with pytest.raises(SystemExit):
        train_speed.main(["--seeds", "0"])
    arguments = ["--data", str(tmp_path), "--log", str(tmp_path / "log"), "--only", "scikit-learn MLP"]
    assert train_speed.main(arguments) == 1
    assert "ended without a result" in capsys.readouterr().err
    with pytest.raises(DataError, match="no-such-python"):
        train_speed.train_apart(tmp_path / "no-such-python", "paper-cnn", 0, tmp_path)
