"""What a larger network says as targets: the very pictures that are learnt, worked out once, and refusals."""

import dataclasses
from pathlib import Path

import keras
import numpy as np
import pytest
import tiny

from inkdigits.errors import RunError
from inkdigits.learning import taught
from inkdigits.learning.augment import Augmentation
from inkdigits.learning.config import TrainConfig
from inkdigits.learning.recipe import TrainingData, one_hot
from inkdigits.learning.taught import PASSES, TEACHER, prepare_taught, taught_loss
from inkdigits.reading.decoder import soften
from inkdigits.reading.recogniser import Recogniser

COUNT = 40


def config(**options: object) -> TrainConfig:
    return TrainConfig("tiny-1k", seed=3, augmentation=Augmentation(translation=2.0), options=options)


@pytest.fixture
def cache(tmp_path, monkeypatch) -> Path:
    images, labels = tiny.bars(COUNT, 0)

    def prepare(config: TrainConfig, folder: Path) -> TrainingData:
        plain = images, one_hot(labels, 10)
        return dataclasses.replace(
            tiny.prepare(config, folder), plain=plain, epoch=lambda index: plain, warps=config.augmentation
        )

    monkeypatch.setattr(taught, "prepare_mnist", prepare)
    monkeypatch.setattr(taught, "cache_folder", lambda: tmp_path)
    return tmp_path


def test_targets_are_what_the_teacher_says_of_the_same_pictures(cache):
    data = prepare_taught(config(taught=4), cache)
    images, targets = data.epoch(1)
    said = Recogniser(TEACHER).glyph_probabilities(images)
    assert np.allclose(targets, soften(said, 4.0), atol=1e-5)
    assert data.warps is None  # a device cannot make such epochs itself


def test_passes_come_back_in_another_order_and_are_those_of_every_seed(cache):
    data = prepare_taught(config(taught=4), cache)
    first, again = data.epoch(0)[0], data.epoch(PASSES)[0]
    other = prepare_taught(dataclasses.replace(config(taught=4), seed=8), cache).epoch(0)[0]

    def sorted_rows(images: np.ndarray) -> list[bytes]:
        return sorted(image.tobytes() for image in images)

    assert sorted_rows(first) == sorted_rows(again) == sorted_rows(other)
    assert not np.array_equal(first, again) and not np.array_equal(first, other)
    assert sorted_rows(data.epoch(1)[0]) != sorted_rows(first)
    assert np.array_equal(data.epoch(0)[0], first)


def test_what_was_said_is_kept_and_said_anew_where_the_file_is_damaged(cache, monkeypatch):
    _, before = prepare_taught(config(taught=4), cache).epoch(0)
    (kept,) = cache.rglob("*.npy*")
    assert kept.name == "pass-0.npy"
    kept.write_bytes(kept.read_bytes()[:90])
    assert np.array_equal(prepare_taught(config(taught=4), cache).epoch(0)[1], before)
    monkeypatch.setattr(Recogniser, "glyph_probabilities", lambda *told: pytest.fail("it was kept"))
    assert np.array_equal(prepare_taught(config(taught=4), cache).epoch(0)[1], before)


def test_a_cache_folder_that_cannot_be_written_is_named(cache, monkeypatch):
    (cache / "file").write_text("no folder")
    monkeypatch.setattr(taught, "cache_folder", lambda: cache / "file")
    with pytest.raises(RunError, match=r"file.*cannot be kept: Not a directory; .*XDG_CACHE_HOME"):
        prepare_taught(config(taught=4), cache).epoch(0)


def test_without_the_option_it_learns_from_labels(cache):
    data = prepare_taught(config(), cache)
    assert data.warps == config().augmentation and set(np.unique(data.epoch(0)[1])) == {0.0, 1.0}
    assert isinstance(taught_loss(config()), keras.losses.CategoricalCrossentropy)


def test_the_loss_is_least_where_the_pupil_says_what_the_teacher_says():
    teacher = np.array([[0.7, 0.2, 0.1], [0.05, 0.05, 0.9]], np.float32)
    loss = taught_loss(config(taught=4))
    targets = soften(teacher, 4.0)
    least = np.asarray(loss(targets, teacher))
    assert np.allclose(least, -(targets * np.log(targets)).sum(axis=1), atol=1e-5)
    for other in (teacher[:, ::-1].copy(), np.eye(3, dtype=np.float32)[[0, 2]]):
        told = np.asarray(loss(targets, other))
        assert np.all(told > least + 0.01) and np.all(np.isfinite(told))


@pytest.mark.parametrize("told", [0, 0.5, 21, True, "warm"])
def test_a_temperature_that_is_none_is_refused(told, cache):
    with pytest.raises(RunError, match="a temperature from 1 to 20"):
        prepare_taught(config(taught=told), cache)
