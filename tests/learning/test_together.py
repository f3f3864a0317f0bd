"""Seeds that learn side by side, by JAX on this processor: each as alone, each its own run folder."""

from pathlib import Path

import keras
import numpy as np
import pytest
import tiny
from rich.console import Console
from test_device_epochs import run_on_jax

from inkdigits.errors import RunError
from inkdigits.learning import runs
from inkdigits.learning.together import train_together


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("together")
    told = run_on_jax(folder, folder / "compiled", script="together_on_jax.py")
    (folder / "told").write_text(told)
    return folder


def test_each_learns_as_it_would_alone(folder):
    together, alone = runs.read_metrics(folder / "first"), runs.read_metrics(folder / "alone")
    assert len(together) == len(alone) == tiny.config().epochs
    for ours, theirs in zip(together, alone, strict=True):
        assert ours["loss"] == pytest.approx(theirs["loss"], rel=0.02)
    measured = [runs.read_json(folder / name / runs.RESULT) for name in ("first", "alone")]
    for part in ("train", "validation"):
        ours, theirs = (one[part]["accuracy"] for one in measured)
        assert ours == pytest.approx(theirs, abs=0.03) and ours > 0.4
    assert measured[0]["seconds"] > 0 and measured[0]["train_count"] == tiny.COUNT


def test_each_has_a_folder_of_its_own(folder):
    first, second = (
        keras.saving.load_model(folder / name / runs.MODEL, compile=False).get_weights()
        for name in ("first", "second")
    )
    assert not any(np.array_equal(one, other) for one, other in zip(first, second, strict=True) if one.any())
    configs = [runs.read_json(folder / name / runs.CONFIG) for name in ("first", "second")]
    assert [config["seed"] for config in configs] == [0, 1]
    record = runs.read_json(folder / "first" / runs.ENVIRONMENT)
    assert (record["backend"], record["gpu"]) == ("jax", "")


def test_what_cannot_learn_so_is_refused(folder):
    told = (folder / "told").read_text().splitlines()
    assert any("the run there is finished" in line for line in told)
    assert any("cannot learn side by side" in line for line in told)
    assert not (folder / "third").exists()


def test_another_backend_is_refused(tmp_path):
    with pytest.raises(RunError, match="KERAS_BACKEND=jax"):
        train_together(tiny.TINY, tiny.config(), {0: tmp_path / "run"}, tmp_path, Console())
