"""Strips that are seen again: another lean, another pen, the same columns."""

from __future__ import annotations

import numpy as np

from inkdigits.learning.again import seen_again


def _strips() -> np.ndarray:
    """Bars across the middle rows, each strip's in a column of its own."""
    strips = np.zeros((40, 32, 160), np.uint8)
    for index in range(40):
        strips[index, 6:26, 16 + 3 * index : 28 + 3 * index] = 255
    return strips


def _seen(seed: int = 0) -> np.ndarray:
    return seen_again(_strips(), np.random.default_rng(seed))


def test_the_same_seed_sees_the_same() -> None:
    again = _seen()
    assert again.shape == _strips().shape and again.dtype == np.uint8
    np.testing.assert_array_equal(again, _seen())
    assert not np.array_equal(again, _seen(1))


def test_what_stands_in_a_column_stays_there() -> None:
    columns = np.arange(160)
    for index, strip in enumerate(_seen().astype(float)):
        middle = (strip.sum(axis=0) * columns).sum() / strip.sum()
        assert abs(middle - (21.5 + 3 * index)) < 0.6


def test_strips_lean_to_either_side_with_wider_and_narrower_strokes() -> None:
    again = _seen().astype(float)
    columns = np.arange(160)
    top, foot = again[:, 7:10].sum(axis=1), again[:, 22:25].sum(axis=1)
    leans = (top * columns).sum(axis=1) / top.sum(axis=1) - (foot * columns).sum(axis=1) / foot.sum(axis=1)
    assert leans.min() < -1 and leans.max() > 1
    assert np.abs(leans).max() <= 15 * 0.25 + 0.5
    widths = (again[:, 15:17] / 255).sum(axis=2).mean(axis=1)
    assert widths.min() < 11.5 and widths.max() > 12.5
