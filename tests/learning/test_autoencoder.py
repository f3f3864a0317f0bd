"""The denoising autoencoder: its noises, that layers undo them, that runs resume, figures, export."""

import dataclasses
import io
from pathlib import Path

import keras
import numpy as np
import pytest
import tiny
from rich.console import Console

from inkdigits.errors import RunError
from inkdigits.learning import autoencoder, denoising_figures, runs
from inkdigits.learning.config import TrainConfig
from inkdigits.learning.datasets import Digits
from inkdigits.learning.evaluation import SETS
from inkdigits.learning.export import export_run
from inkdigits.learning.models.autoencoder import ENCODERS, denoising_classifier
from inkdigits.learning.recipe import one_hot
from inkdigits.learning.recipes import RECIPES
from inkdigits.learning.training import train

RECIPE = RECIPES["denoising-autoencoder"]


def config(**changes: object) -> TrainConfig:
    settings = {"epochs": 2, "batch_size": 20, "learning_rate": 1e-3, "schedule": "cosine", **changes}
    return TrainConfig("denoising-autoencoder", **settings)  # type: ignore[arg-type]


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


def begin(model: keras.Model, config: TrainConfig, data_folder: Path, run_folder: Path) -> None:
    if config.options.get("pretrain", True):
        autoencoder.pretrain_on(model, tiny.bars(100, 0)[0], config, run_folder)


BARS = dataclasses.replace(RECIPE, prepare=prepare, begin=begin)


@pytest.fixture(autouse=True)
def few_epochs(monkeypatch):
    monkeypatch.setattr(autoencoder, "EPOCHS_A_LAYER", 2)
    monkeypatch.setattr(autoencoder, "BATCH", 20)


def run(folder: Path, resume: bool = False, after_epoch=None, **changes):
    return train(
        config(**changes),
        folder,
        Path("nowhere"),
        resume=resume,
        recipe=BARS,
        console=Console(file=io.StringIO()),
        after_epoch=after_epoch,
    )


def weights(folder: Path) -> list[np.ndarray]:
    model = keras.saving.load_model(folder / runs.MODEL, compile=False)
    assert isinstance(model, keras.Model)
    return model.get_weights()


def test_the_network_is_the_published_one():
    model = denoising_classifier()
    assert model.count_params() == 785_000 + 2 * 1_001_000 + 10_010
    hidden = [model.get_layer(name) for name in ENCODERS]
    assert [layer.activation.__name__ for layer in hidden] == ["sigmoid"] * 3


@pytest.mark.parametrize("dtype", [np.uint8, np.float16, np.float32])
def test_noise_has_its_level(dtype):
    full = 255 if dtype == np.uint8 else 1
    values = np.full((100, 28, 28), full * 3 // 5 if dtype == np.uint8 else 0.6, dtype)

    def noisy(kind, level):
        out = autoencoder.corrupt(values, kind, level, np.random.default_rng(0))
        assert out.dtype == dtype and out.shape == values.shape
        assert np.array_equal(out, autoencoder.corrupt(values, kind, level, np.random.default_rng(0)))
        return out

    assert (noisy("masking", 0.25) == 0).mean() == pytest.approx(0.25, abs=0.01)
    pepper = noisy("salt-and-pepper", 0.2)
    assert (pepper == 0).mean() == pytest.approx(0.1, abs=0.01) == (pepper == full).mean()
    assert noisy("gaussian", 0.1).std() / full == pytest.approx(0.1, abs=0.01)
    for kind in autoencoder.NOISES:
        assert np.array_equal(noisy(kind, 0.0), values)
    with pytest.raises(RunError, match="masking"):
        noisy("fog", 0.1)


def test_layers_learn_to_undo_noise(tmp_path, monkeypatch):
    monkeypatch.setattr(autoencoder, "EPOCHS_A_LAYER", 6)
    keras.utils.set_random_seed(0)
    images = tiny.bars(200, 0)[0]
    images[images < 200] = 0
    model = denoising_classifier()
    autoencoder.pretrain_on(model, images, config(), tmp_path)
    record = runs.read_json(tmp_path / autoencoder.PRETRAINING)
    for name in ENCODERS:
        assert record[name][-1]["loss"] < record[name][0]["loss"]
    whole = keras.saving.load_model(tmp_path / autoencoder.AUTOENCODER)
    assert isinstance(whole, keras.Model)
    for name in ENCODERS:
        assert all(
            map(np.array_equal, model.get_layer(name).get_weights(), whole.get_layer(name).get_weights())
        )
    # Each pixel of the mean image is the best guess of whoever does not look at the noisy image.
    pixels = images / 255
    mean = np.clip(pixels.mean(axis=0), 1e-6, 1 - 1e-6)
    guess = -(pixels * np.log(mean) + (1 - pixels) * np.log(1 - mean)).mean()
    assert record[ENCODERS[0]][-1]["loss"] < 0.8 * guess


def test_it_pretrains_overfits_a_hundred_images_and_exports(tmp_path):
    folder = tmp_path / "run"
    result = run(folder, epochs=4, learning_rate=3e-3, precision="mixed_bfloat16")
    assert result.train["accuracy"] > 0.97
    assert export_run(folder, Path("nowhere"), recipe=BARS).is_file()


def test_a_stopped_run_goes_on_to_the_same_weights_and_pretrains_once(tmp_path, monkeypatch):
    def stop(done: int) -> None:
        raise KeyboardInterrupt

    run(tmp_path / "whole")
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path / "stopped", after_epoch=stop)
    for path in (tmp_path / "stopped" / runs.CHECKPOINTS).iterdir():
        path.unlink()
    monkeypatch.setattr(autoencoder, "fit_epochs", None)  # What was learnt before is taken, not learnt again.
    run(tmp_path / "stopped", resume=True)
    assert all(map(np.array_equal, weights(tmp_path / "whole"), weights(tmp_path / "stopped")))


def test_figures_compare_two_runs_under_noise(tmp_path, monkeypatch):
    monkeypatch.setitem(SETS, "mnist-test", lambda folder: Digits(*tiny.bars(60, 3)))
    run(tmp_path / "first", epochs=1)
    run(tmp_path / "second", epochs=1, options={"pretrain": False})
    rows, files = denoising_figures.report_denoising(
        tmp_path / "first", tmp_path / "second", "mnist-test", Path("nowhere"), tmp_path / "out"
    )
    assert {row.noise for row in rows} == set(autoencoder.NOISES)
    assert all(0 <= row.pretrained <= 1 and 0 <= row.baseline <= 1 for row in rows)
    assert [path.name for path in files] == ["denoising.json", "reconstructions.png", "noise.png"]
    assert all(path.stat().st_size > 500 for path in files)
    with pytest.raises(RunError, match="not|no run"):
        denoising_figures.report_denoising(
            tmp_path / "second", tmp_path / "first", "mnist-test", Path("nowhere"), tmp_path / "out"
        )


@pytest.mark.parametrize("options", [{"noise": 1.0}, {"noise": "much"}])
def test_impossible_options_are_refused(options, tmp_path):
    with pytest.raises(RunError):
        RECIPE.prepare(config(options=options), tmp_path)
