"""Epochs on the device, by JAX on this processor: the warps are those of `augment`, a run learns, and one
that was interrupted goes on as if it had not been.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import jax
import numpy as np
import pytest
import tiny
from test_training import same

from inkdigits.learning import runs
from inkdigits.learning.augment import Augmentation, augment, source_positions
from inkdigits.learning.device_epochs import _draw, warped

HERE = Path(__file__).parent
STRONG = Augmentation(translation=2.0, rotation=12.0, scale=0.15, shear=0.1, elastic=20.0)


def run_on_jax(folder: Path, cache: Path, stop_after: int = 0, script: str = "on_jax.py") -> str:
    """What the process printed; what it compiled is kept for the next in `cache`."""
    command = [sys.executable, str(HERE / script), str(folder), str(stop_after)]
    environment = {
        **os.environ,
        "KERAS_BACKEND": "jax",
        "JAX_PLATFORMS": "cpu",
        "JAX_COMPILATION_CACHE_DIR": str(cache),
        "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
    }
    done = subprocess.run(command, cwd=HERE, env=environment, capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def cache(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("compiled")


@pytest.fixture(scope="module")
def whole(tmp_path_factory, cache) -> Path:
    folder = tmp_path_factory.mktemp("runs") / "whole"
    assert "interrupted" not in run_on_jax(folder, cache)
    return folder


def test_a_run_learns_on_the_device(whole):
    rows = runs.read_metrics(whole)
    assert [row["epoch"] for row in rows] == [1, 2, 3, 4]
    assert rows[-1]["loss"] < rows[0]["loss"] and rows[-1]["accuracy"] > rows[0]["accuracy"]
    assert rows[-1]["learning_rate"] == pytest.approx(0, abs=1e-6)
    result = json.loads((whole / runs.RESULT).read_text())
    assert result["train"]["accuracy"] > 0.5
    assert result["validation"]["accuracy"] == pytest.approx(rows[-1]["val_accuracy"], abs=1e-6)
    assert json.loads((whole / runs.ENVIRONMENT).read_text())["backend"] == "jax"


def test_an_interrupted_run_goes_on_to_the_same_weights(whole, cache, tmp_path):
    folder = tmp_path / "interrupted"
    assert "interrupted" in run_on_jax(folder, cache, stop_after=2)
    assert not (folder / runs.RESULT).exists()
    run_on_jax(folder, cache)
    assert same(whole, folder)


def test_positions_are_those_that_numpy_computes():
    draws = _draw((5, 28, 28), STRONG, jax.random.key(3))
    ours = source_positions(draws, (28, 28), STRONG, jax.numpy)
    plain = source_positions(
        type(draws)(**{name: np.asarray(value) for name, value in vars(draws).items()}), (28, 28), STRONG
    )
    assert plain.shape == (5, 28, 28, 2)
    np.testing.assert_allclose(np.asarray(ours), plain, atol=1e-3)


def test_the_device_warps_as_much_as_augment():
    images, _ = tiny.bars(600, 0)
    on_device = np.asarray(warped(jax.numpy.asarray(images), STRONG, jax.random.key(0)))
    on_host = augment(images, STRONG, np.random.default_rng(0))
    assert on_device.dtype == np.uint8 and on_device.shape == images.shape

    def changed(warps: np.ndarray) -> float:
        return float(np.abs(warps.astype(float) - images).mean())

    assert changed(on_device) == pytest.approx(changed(on_host), rel=0.05)
    assert on_device.mean() == pytest.approx(on_host.mean(), rel=0.05)


def test_no_warps_leave_images_as_they_are():
    images, _ = tiny.bars(8, 0)
    assert np.array_equal(warped(images, Augmentation(), jax.random.key(0)), images)


def test_data_that_a_device_cannot_warp_is_refused():
    from dataclasses import replace

    from inkdigits.learning.device_epochs import DeviceEpochs

    config = tiny.config()
    data = replace(tiny.prepare(config, Path("nowhere")), warps=None)
    with pytest.raises(ValueError, match="shuffled and warped"):
        DeviceEpochs(tiny.build(config), None, None, config, data)  # type: ignore[arg-type]
