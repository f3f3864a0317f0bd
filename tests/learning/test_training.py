"""Training: the same seed gives the same weights, also through kill -9 and --resume; bad runs are refused."""

import dataclasses
import io
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
import tiny
from rich.console import Console

from inkdigits.errors import RunError
from inkdigits.learning import runs
from inkdigits.learning.config import TrainConfig
from inkdigits.learning.recipes import RECIPES
from inkdigits.learning.training import TrainResult, train

HERE = Path(__file__).parent
NOWHERE = Path("nowhere")


def run(folder: Path, resume: bool = False, recipe=tiny.TINY, data: Path = NOWHERE, **changes) -> TrainResult:
    console = Console(file=io.StringIO())
    return train(tiny.config(**changes), folder, data, resume=resume, recipe=recipe, console=console)


def weights(folder: Path) -> list[np.ndarray]:
    return keras.saving.load_model(folder / runs.MODEL, compile=False).get_weights()


def same(first: Path, second: Path) -> bool:
    return all(np.array_equal(a, b) for a, b in zip(weights(first), weights(second), strict=True))


@pytest.fixture(scope="module")
def whole(tmp_path_factory) -> tuple[Path, TrainResult]:
    folder = tmp_path_factory.mktemp("runs") / "whole"
    return folder, run(folder)


def test_a_run_folder_tells_everything(whole):
    folder, result = whole
    assert result.epochs == 4 and result.train_count == tiny.COUNT
    assert result.train["accuracy"] > 0.6
    assert json.loads((folder / runs.CONFIG).read_text())["batch_size"] == 32
    record = json.loads((folder / runs.ENVIRONMENT).read_text())
    assert record["data"] == {"bars": "nowhere"} and record["backend"] == keras.config.backend()
    assert record["versions"]["keras"] == keras.__version__ and record["commit"]
    rows = runs.read_metrics(folder)
    assert [row["epoch"] for row in rows] == [1, 2, 3, 4]
    assert all(row["images_per_second"] > 0 and 0 <= row["val_accuracy"] <= 1 for row in rows)
    assert rows[-1]["learning_rate"] == pytest.approx(0, abs=1e-6)
    kept = sorted(path.name for path in (folder / runs.CHECKPOINTS).iterdir())
    assert kept == ["epoch-0003.json", "epoch-0003.npz", "epoch-0004.json", "epoch-0004.npz"]
    assert (folder / "accuracy.png").stat().st_size > 1000 and (folder / "loss.png").is_file()
    assert json.loads((folder / runs.RESULT).read_text())["validation"] == result.validation


def test_the_kept_weights_are_those_that_were_measured(whole):
    folder, result = whole
    model = keras.saving.load_model(folder / runs.MODEL, compile=False)
    images, labels = tiny.bars(200, 1)
    read = model.predict(images, verbose=0).argmax(axis=1)
    assert (read == labels).mean() == pytest.approx(result.validation["accuracy"], abs=1e-6)
    assert result.validation["accuracy"] == pytest.approx(runs.read_metrics(folder)[-1]["val_accuracy"])


def test_the_same_seed_gives_the_same_weights(whole, tmp_path):
    run(tmp_path / "again")
    assert same(whole[0], tmp_path / "again")
    run(tmp_path / "other", seed=1)
    assert not same(whole[0], tmp_path / "other")


@pytest.mark.parametrize("moment", ["epoch", "arrays", "state"])
def test_a_killed_run_goes_on_to_the_same_weights(moment, whole, tmp_path):
    folder = tmp_path / "run"
    killed = subprocess.run(
        [sys.executable, HERE / "killed.py", folder, moment],
        env={**os.environ, "PYTHONPATH": str(HERE), "TF_CPP_MIN_LOG_LEVEL": "3"},
        capture_output=True,
        timeout=200,
    )
    assert killed.returncode == -signal.SIGKILL, killed.stderr.decode()
    last = runs.last_checkpoint(folder)
    assert last is not None and last.epoch == 2 and not (folder / runs.RESULT).exists()
    result = run(folder, resume=True)
    assert result.epochs == 4
    assert [row["epoch"] for row in runs.read_metrics(folder)] == [1, 2, 3, 4]
    assert same(whole[0], folder)


def test_a_full_disk_loses_at_most_the_checkpoint_that_was_written(whole, tmp_path):
    folder = tmp_path / "run"
    full = subprocess.run(
        [sys.executable, HERE / "killed.py", folder, "full"],
        env={**os.environ, "PYTHONPATH": str(HERE), "TF_CPP_MIN_LOG_LEVEL": "3"},
        capture_output=True,
        text=True,
        timeout=200,
    )
    assert full.returncode == 1
    told = full.stderr.strip().splitlines()[-1]
    assert told.startswith("inkdigits.errors.RunError:") and "File too large" in told
    assert "the last good checkpoint is that of epoch 2; make room and go on with --resume" in told
    assert not list(folder.rglob("*.part"))
    assert runs.last_checkpoint(folder).epoch == 2
    run(folder, resume=True)
    assert same(whole[0], folder)


def test_a_damaged_checkpoint_is_passed_over(whole, tmp_path):
    folder = tmp_path / "run"

    def stop(done: int) -> None:
        if done == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(
            tiny.config(),
            folder,
            NOWHERE,
            recipe=tiny.TINY,
            console=Console(file=io.StringIO()),
            after_epoch=stop,
        )
    newest = folder / runs.CHECKPOINTS / "epoch-0003.npz"
    data = bytearray(newest.read_bytes())
    data[len(data) // 2] ^= 1
    newest.write_bytes(data)
    last = runs.last_checkpoint(folder)
    assert last is not None and last.epoch == 2
    run(folder, resume=True)
    assert same(whole[0], folder)


def test_resume_of_a_run_that_never_began_begins_it(tmp_path):
    assert run(tmp_path / "new", resume=True, epochs=1).epochs == 1


def test_a_folder_in_use_is_refused(whole, tmp_path):
    with pytest.raises(RunError, match="already holds a run"):
        run(whole[0])
    with pytest.raises(RunError, match="finished"):
        run(whole[0], resume=True)
    (tmp_path / "letter.txt").write_text("mine")
    with pytest.raises(RunError, match="no run folder"):
        run(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["letter.txt"]


def test_another_config_model_or_data_is_refused(tmp_path):
    folder = tmp_path / "run"
    run(folder, epochs=2)
    (folder / runs.RESULT).unlink()
    with pytest.raises(RunError, match="batch_size 32, not 64"):
        run(folder, resume=True, epochs=2, batch_size=64)
    with pytest.raises(RunError, match="other data"):
        run(folder, resume=True, epochs=2, data=Path("elsewhere"))
    bigger = dataclasses.replace(
        tiny.TINY, build=lambda config: keras.Sequential([keras.Input((28, 28)), keras.layers.Flatten()])
    )
    with pytest.raises(RunError, match="another network"):
        run(folder, resume=True, epochs=2, recipe=bigger)


def test_a_loss_that_is_no_number_stops_the_run(tmp_path):
    def spoilt(config, folder):
        data = tiny.prepare(config, folder)

        def epoch(index):
            inputs, targets = data.epoch(index)
            return inputs, targets * np.float32("nan") if index == 1 else targets

        return dataclasses.replace(data, epoch=epoch)

    with pytest.raises(
        RunError, match="no longer a number in epoch 2, the last good checkpoint is that of epoch 1"
    ):
        run(tmp_path / "run", recipe=dataclasses.replace(tiny.TINY, prepare=spoilt))
    last = runs.last_checkpoint(tmp_path / "run")
    assert last is not None and last.epoch == 1
    assert all(np.isfinite(value).all() for value in last.arrays.values())


def test_other_precisions_and_schedules_train(tmp_path):
    result = run(
        tmp_path / "run",
        epochs=2,
        precision="mixed_bfloat16",
        schedule="one-cycle",
        ema_momentum=None,
        weight_decay=1e-4,
    )
    assert result.train["accuracy"] > 0.5
    model = keras.saving.load_model(tmp_path / "run" / runs.MODEL, compile=False)
    assert all(layer.dtype_policy.name == "float32" for layer in model.layers)
    assert keras.config.dtype_policy().name == "float32"


def test_settings_that_cannot_be_are_refused():
    for name, value in (
        ("epochs", 0),
        ("batch_size", 0),
        ("seed", -1),
        ("learning_rate", float("nan")),
        ("schedule", "linear"),
        ("precision", "float8"),
        ("ema_momentum", 1.0),
        ("label_smoothing", 1.0),
        ("weight_decay", -0.1),
    ):
        with pytest.raises(RunError):
            tiny.config(**{name: value})


@pytest.mark.parametrize("name", sorted(RECIPES))
def test_options_that_a_network_does_not_have_are_refused_before_any_work(name, tmp_path):
    with pytest.raises(RunError, match=f"{name} has no option widht"):
        train(TrainConfig(name, options={"widht": 12}), tmp_path / "run", tmp_path / "nowhere")
    assert not (tmp_path / "run").exists()


def test_a_run_folder_belongs_to_one_process_at_a_time(tmp_path):
    with runs.held(tmp_path / "run"):
        with pytest.raises(RunError, match="another process is training"):
            run(tmp_path / "run")
    assert list((tmp_path / "run").iterdir()) == []
