"""Damage: every kind changes a digit, keeps its shape and type, and follows its seed."""

import numpy as np
import pytest
import tiny

from inkdigits.learning import damage


@pytest.fixture(scope="module")
def glyphs() -> np.ndarray:
    images, _ = tiny.bars(40, 0)
    return np.where(images > 100, images, 0).astype(np.uint8)


@pytest.mark.parametrize("kind", damage._KINDS)
def test_each_kind_changes_nearly_every_image(kind, glyphs) -> None:
    random = np.random.default_rng(1)
    changed = 0
    for glyph in glyphs:
        image = glyph.astype(np.float32) / 255
        before = image.copy()
        harmed = kind(image, random)
        assert harmed.shape == image.shape and harmed.dtype == np.float32
        assert np.isfinite(harmed).all() and np.array_equal(image, before)
        changed += np.abs(harmed - image).max() > 0.01
    assert changed > 0.7 * len(glyphs)


def test_all_glyphs_are_damaged_differently_and_the_seed_decides_how(glyphs) -> None:
    same = np.repeat(glyphs[:1], 200, axis=0)
    first, again, other = (damage.damage(same, np.random.default_rng(seed)) for seed in (0, 0, 1))
    assert first.shape == same.shape and first.dtype == np.uint8
    assert np.array_equal(first, again) and not np.array_equal(first, other)
    assert len(np.unique(first.reshape(200, -1), axis=0)) > 150


def test_most_digits_stay_where_they_were(glyphs) -> None:
    # What is left of a digit goes with its ink more than with its ground, whatever happened to most of them.
    same = np.repeat(glyphs[:1], 400, axis=0)
    harmed = damage.damage(same, np.random.default_rng(2)).astype(np.float32)
    likeness = [np.corrcoef(one.ravel(), glyphs[0].ravel())[0, 1] for one in harmed]
    assert np.mean(np.array(likeness) > 0.2) > 0.8
