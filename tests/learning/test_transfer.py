"""Transfer: what is pretrained on, that its weights are taken, kept and resumed, and labels drawn fairly."""

import dataclasses
import io
from pathlib import Path

import keras
import numpy as np
import pytest
import tiny
from rich.console import Console

from inkdigits.errors import RunError
from inkdigits.learning import runs, transfer, transfer_curve
from inkdigits.learning.augment import Augmentation
from inkdigits.learning.config import TrainConfig
from inkdigits.learning.datasets import Digits
from inkdigits.learning.evaluation import SETS
from inkdigits.learning.export import export_run
from inkdigits.learning.models.transfer import transfer_cnn
from inkdigits.learning.recipe import one_hot
from inkdigits.learning.recipes import RECIPES
from inkdigits.learning.training import train


def config(**changes: object) -> TrainConfig:
    settings = {
        "epochs": 2,
        "batch_size": 50,
        "learning_rate": 3e-3,
        "augmentation": Augmentation(),
        **changes,
    }
    return TrainConfig("transfer", **settings)  # type: ignore[arg-type]


def prepare(config: TrainConfig, folder: Path):
    """A hundred bars to learn, ten times an epoch; a thousand to compare ONNX Runtime with Keras on."""
    images, labels = tiny.bars(100, 0)
    held_images, held_labels = tiny.bars(1000, 1)
    plain = images, one_hot(labels, 10)
    return dataclasses.replace(
        tiny.prepare(config, folder),
        epoch=lambda index: (np.tile(images, (10, 1, 1)), np.tile(plain[1], (10, 1))),
        count=1000,
        validation=(held_images, one_hot(held_labels, 10)),
        plain=plain,
    )


BARS = dataclasses.replace(RECIPES["transfer"], prepare=prepare)


@pytest.fixture
def data_folder(tmp_path) -> Path:
    return tiny.characters_folder(tmp_path, drawings=10, first=30)


@pytest.fixture(autouse=True)
def one_epoch(monkeypatch):
    monkeypatch.setattr(transfer, "PRETRAINING_EPOCHS", 1)


def run(folder: Path, data: Path, resume: bool = False, after_epoch=None, **changes):
    return train(
        config(**changes),
        folder,
        data,
        resume=resume,
        recipe=BARS,
        console=Console(file=io.StringIO()),
        after_epoch=after_epoch,
    )


def weights(folder: Path) -> list[np.ndarray]:
    model = keras.saving.load_model(folder / runs.MODEL, compile=False)
    assert isinstance(model, keras.Model)
    return model.get_weights()


def test_the_network_is_small_and_sees_glyphs():
    model = transfer_cnn()
    assert model.count_params() == 304_170 and model.output_shape == (None, 10)


def test_characters_are_letters_and_four_turns_of_omniglot(data_folder):
    glyphs, labels = transfer.characters(data_folder)
    assert glyphs.shape == (60 + 40, 28, 28) and glyphs.dtype == np.uint8
    assert np.array_equal(np.bincount(labels), [10] * 6 + [2] * 20)
    upright, turned = glyphs[60], glyphs[70]
    assert upright.max() == 255 and upright[:, 0].max() == 0
    assert np.ptp(np.flatnonzero(upright.any(1))) > np.ptp(np.flatnonzero(upright.any(0)))
    assert np.ptp(np.flatnonzero(turned.any(1))) < np.ptp(np.flatnonzero(turned.any(0)))


def test_it_pretrains_overfits_a_hundred_images_and_exports(data_folder, tmp_path):
    folder = tmp_path / "run"
    result = run(folder, data_folder, epochs=3, batch_size=10, schedule="cosine", precision="mixed_bfloat16")
    assert result.train["accuracy"] > 0.97
    record = runs.read_json(folder / transfer.PRETRAINING)
    assert record["count"] == 100 and record["classes"] == 26 and record["seconds"] > 0
    assert export_run(folder, data_folder, recipe=BARS).is_file()


def test_a_run_stopped_while_fine_tuning_or_before_goes_on_to_the_same_weights(data_folder, tmp_path):
    def stop(done: int) -> None:
        raise KeyboardInterrupt

    run(tmp_path / "whole", data_folder)
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path / "stopped", data_folder, after_epoch=stop)
    run(tmp_path / "stopped", data_folder, resume=True)
    assert all(map(np.array_equal, weights(tmp_path / "whole"), weights(tmp_path / "stopped")))
    for path in (tmp_path / "stopped" / runs.CHECKPOINTS).iterdir():
        path.unlink()
    (tmp_path / "stopped" / runs.RESULT).unlink()
    (data_folder / "letters" / "letters.npz").unlink()  # What was learnt before is taken, not learnt again.
    run(tmp_path / "stopped", data_folder, resume=True)
    assert all(map(np.array_equal, weights(tmp_path / "whole"), weights(tmp_path / "stopped")))


def test_pretraining_changes_all_but_the_softmax(data_folder, tmp_path):
    keras.utils.set_random_seed(0)
    model = transfer_cnn()
    before = model.get_weights()
    transfer.pretrain(model, config(options={"pretrain": False}), data_folder, tmp_path)
    assert all(map(np.array_equal, before, model.get_weights()))
    transfer.pretrain(model, config(), data_folder, tmp_path)
    same = [np.array_equal(a, b) for a, b in zip(before, model.get_weights(), strict=True)]
    assert same == [False] * (len(before) - 2) + [True, True]


def test_labels_are_drawn_evenly_by_the_seed():
    labels = np.random.default_rng(0).integers(0, 10, 1000).astype(np.uint8)
    digits = Digits(np.zeros((1000, 28, 28), np.uint8), labels)
    draws = [transfer.draw_labelled(digits, 50, np.random.default_rng(seed)) for seed in (0, 0, 1)]
    assert all(np.array_equal(np.bincount(draw.labels), [5] * 10) for draw in draws)
    assert np.array_equal(draws[0].labels, draws[1].labels)
    assert not np.array_equal(draws[0].labels, draws[2].labels)
    assert len(transfer.draw_labelled(digits, 1000, np.random.default_rng(0))) == 1000
    for count in (9, 1001):
        with pytest.raises(RunError, match="labels"):
            transfer.draw_labelled(digits, count, np.random.default_rng(0))


def test_a_curve_has_its_points_and_goes_on_where_it_stopped(data_folder, tmp_path, monkeypatch):
    monkeypatch.setattr(transfer_curve, "TRANSFER", BARS)
    monkeypatch.setattr(transfer_curve, "CURVE_EPOCHS", 1)
    monkeypatch.setitem(SETS, "mnist-test", lambda folder: Digits(*tiny.bars(50, 3)))
    out, console = tmp_path / "curve", Console(file=io.StringIO())

    def curve(counts, steps=10, report=None):
        return transfer_curve.label_curve(
            out, data_folder, counts=counts, seeds=(4,), steps=steps, report=report, console=console
        )

    curve([10])
    monkeypatch.setattr(transfer, "fit_epochs", None)  # The seed is pretrained once.
    points, files = curve([10, 50])
    assert [(one.labels, one.pretrained) for one in points] == [
        (10, False),
        (10, True),
        (50, False),
        (50, True),
    ]
    assert all(0 <= one.accuracy <= 1 and one.seed == 4 for one in points)
    table = runs.read_json(files[0])
    assert len(table["points"]) == 4 and table["pretraining"]["4"] > 0 and table["on"] == "mnist-test"
    assert files[1].stat().st_size > 5000
    monkeypatch.setattr(transfer_curve, "train", None)  # All of it is there.
    again, told = curve([10, 50], report=tmp_path / "report")
    assert again == points and {path.parent for path in told} == {tmp_path / "report"}
    with pytest.raises(RunError, match="other settings"):
        curve([10], steps=40)
    with pytest.raises(RunError, match="at least 1"):
        curve([10], steps=0)
