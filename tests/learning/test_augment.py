"""Augmentation: reproducible, off by default, and each warp does what it is called."""

import numpy as np
import pytest
from scipy import ndimage

from inkdigits.errors import RunError
from inkdigits.learning.augment import Augmentation, _smooth, augment


@pytest.fixture
def bars() -> np.ndarray:
    images = np.zeros((300, 28, 28), np.uint8)
    images[:, 8:20, 12:16] = 255
    return images


def centres(images: np.ndarray) -> np.ndarray:
    return np.array([ndimage.center_of_mass(image) for image in images])


def warp(images: np.ndarray, seed: int = 0, **settings: float) -> np.ndarray:
    return augment(images, Augmentation(**settings), np.random.default_rng(seed))


def test_nothing_is_switched_on_by_default(bars):
    assert not Augmentation().active
    assert augment(bars, Augmentation(), np.random.default_rng(0)) is bars


@pytest.mark.parametrize("name", ["translation", "rotation", "scale", "shear", "elastic"])
def test_each_warp_is_reproducible_and_leaves_its_input(bars, name):
    before = bars.copy()
    strength = {"translation": 2, "rotation": 15, "scale": 0.2, "shear": 0.2, "elastic": 34}[name]
    first = warp(bars, **{name: strength})
    assert np.array_equal(first, warp(bars, **{name: strength}))
    assert not np.array_equal(first, warp(bars, seed=1, **{name: strength}))
    assert not np.array_equal(first[0], first[1])
    assert first.dtype == np.uint8 and first.shape == bars.shape
    assert np.array_equal(bars, before)


def test_translation_moves_by_at_most_what_it_is_told(bars):
    moved = centres(warp(bars, translation=3)) - centres(bars)
    assert np.abs(moved).max() <= 3.01 and np.abs(moved).max() > 2.5
    assert abs(moved.mean()) < 0.3


def test_rotation_keeps_the_centre_and_turns_the_axis(bars):
    turned = warp(bars, rotation=20)
    assert np.abs(centres(turned) - centres(bars)).max() < 0.6
    angles = []
    for image in turned:
        rows, columns = np.nonzero(image > 127)
        # Least squares of column on row: the slope is the tangent of the bar's angle.
        angles.append(np.rad2deg(np.arctan(np.polyfit(rows, columns, 1)[0])))
    assert 15 < np.abs(angles).max() < 24


def test_scale_changes_the_amount_of_ink_both_ways(bars):
    ink = warp(bars, scale=0.3).sum(axis=(1, 2)) / bars[0].sum()
    assert ink.min() < 0.75 and ink.max() > 1.3


def test_the_elastic_field_is_a_gaussian_blur_of_simards_strength():
    noise = np.random.default_rng(0).random((400, 28, 28, 2), dtype=np.float32) * 2 - 1
    ours = _smooth(noise, 4.0)
    theirs = ndimage.gaussian_filter(noise, (0, 4, 4, 0), mode="constant", truncate=8)
    assert np.abs(ours - theirs).max() < 1e-4
    assert 34 * ours[:, 14, 14].std() == pytest.approx(1.4, abs=0.15)


def test_any_image_size_is_warped():
    strips = np.full((3, 32, 77), 200, np.uint8)
    assert warp(strips, translation=1, elastic=10).shape == (3, 32, 77)
    assert warp(strips[:0], translation=1).shape == (0, 32, 77)


@pytest.mark.parametrize(
    "settings", [{"rotation": -1}, {"scale": 1.0}, {"elastic_sigma": 0}, {"elastic": float("nan")}]
)
def test_impossible_strengths_are_refused(settings):
    with pytest.raises(RunError):
        Augmentation(**settings)
