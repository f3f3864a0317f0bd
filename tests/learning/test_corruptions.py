"""Corruptions: each changes what it should and nothing else, the same way every time."""

import numpy as np
import pytest
import tiny

from inkdigits.learning.corruptions import CORRUPTIONS, MIDDLE, corrupt

GLYPHS = np.where(tiny.bars(40, 0)[0] > 100, 255, 0).astype(np.uint8)


@pytest.mark.parametrize("name", CORRUPTIONS)
def test_the_same_seed_damages_the_same_way_and_another_another(name):
    first, again, other = (corrupt(GLYPHS, name, seed) for seed in (0, 0, 1))
    assert first.shape == GLYPHS.shape and first.dtype == np.uint8
    assert np.array_equal(first, again) and not np.array_equal(first, GLYPHS)
    drawn = {"scale", "brightness", "stripe", "canny-edges"}
    assert np.array_equal(first, other) == (name in drawn)
    assert np.array_equal(GLYPHS, np.where(tiny.bars(40, 0)[0] > 100, 255, 0))


def centre(image: np.ndarray) -> np.ndarray:
    rows, columns = np.indices(image.shape)
    total = image.astype(float).sum()
    return np.array([(columns * image).sum(), (rows * image).sum()]) / total


def test_geometry_is_about_the_middle():
    square = np.zeros((8, 28, 28), np.uint8)
    square[:, 10:18, 10:18] = 255
    for name in ("shear", "scale", "rotate"):
        for image in corrupt(square, name):
            assert np.allclose(centre(image), MIDDLE, atol=0.1), name
    assert np.allclose(corrupt(square, "scale")[0].sum() / square[0].sum(), 0.49, atol=0.05)
    moves = {tuple(np.rint(centre(image) - MIDDLE)) for image in corrupt(square, "translate")}
    assert moves <= {(x, y) for x in (-3, 3) for y in (-3, 3)} and len(moves) > 1


def test_noise_and_light_have_their_strength():
    black = np.zeros((200, 28, 28), np.uint8)
    struck = corrupt(black, "impulse-noise") == 255
    assert struck.mean() == pytest.approx(0.085, abs=0.004)
    assert (corrupt(black, "brightness") == 128).all() and (corrupt(black, "shot-noise") == 0).all()
    striped = corrupt(black, "stripe")
    assert (
        (striped[:, :, 7:21] == 0).all()
        and (striped[:, :, :7] == 255).all()
        and (striped[:, :, 21:] == 255).all()
    )
    full = corrupt(np.full((200, 28, 28), 255, np.uint8), "shot-noise").astype(float)
    assert (full == 255).mean() == pytest.approx(0.577, abs=0.02)  # three photons or more, of a mean of three


def test_lines_cross_the_image_and_leave_the_rest():
    black = np.zeros((50, 28, 28), np.uint8)
    for name, columns in (("dotted-line", 13), ("zigzag", 20)):
        inked = (corrupt(black, name) > 60).any(axis=1)
        assert inked.sum(axis=1).mean() >= columns, name
        assert (corrupt(black, name) > 0).mean() < 0.2
