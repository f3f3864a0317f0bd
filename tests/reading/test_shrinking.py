"""Images made smaller."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from inkdigits.reading.shrinking import shrink


@given(st.integers(1, 40), st.integers(1, 40), st.integers(1, 9), st.integers(1, 9), st.integers(0, 255))
def test_size_and_shade_are_those_asked_for(
    columns: int, rows: int, across: int, down: int, shade: int
) -> None:
    image = np.full((rows * down, columns * across), shade, np.uint8)
    small = shrink(image, (columns, rows))
    assert small.shape == (rows, columns) and small.dtype == np.uint8 and (small == shade).all()


def test_every_pixel_counts_alike_by_whole_halves() -> None:
    image = np.random.default_rng(0).integers(0, 256, (80, 120), np.uint8)
    means = image.reshape(10, 8, 15, 8).mean(axis=(1, 3))
    assert np.abs(shrink(image, (15, 10)) - means).max() <= 1.5  # rounded three times
    line = np.zeros((101, 203), np.uint8)
    line[37] = 255
    assert shrink(line, (50, 25)).any(axis=0).all()
