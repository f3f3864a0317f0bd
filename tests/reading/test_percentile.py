"""Our percentile against NumPy's."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from inkdigits.reading.percentile import percentile, percentile_level, percentiles


@given(
    arrays(np.float32, st.integers(1, 40), elements=st.floats(0, 1, width=32)),
    st.one_of(st.integers(0, 100), st.floats(0, 100)),
)
def test_it_is_that_of_numpy(values: np.ndarray, share: float) -> None:
    wanted = float(np.percentile(values.astype(np.float64), share))
    assert percentile(values, share) == pytest.approx(wanted, abs=1e-6)
    grid = np.tile(values, (3, 1))
    assert percentile(grid, 50) == pytest.approx(float(np.median(grid)), abs=1e-6)


@given(
    arrays(np.uint8, st.integers(1, 300)),
    st.lists(st.integers(0, 100), min_size=1, max_size=4),
)
def test_several_at_once_are_each_by_itself(values: np.ndarray, shares: list[int]) -> None:
    found = percentiles(values, *shares)
    assert found == [percentile(values, share) for share in shares]
    assert found == pytest.approx(list(np.percentile(values.astype(float), shares)))


@pytest.mark.parametrize("levels", [3, 1_000_000])
def test_many_numbers_are_no_different(levels: int) -> None:
    values = np.random.default_rng(0).integers(0, levels, (90, 100)).astype(np.float32)
    shares = (0, 12.5, 50, 99.6, 100)
    wanted = list(np.percentile(values.astype(float), shares))
    assert percentiles(values, *shares) == pytest.approx(wanted)
    assert [percentile(values, share) for share in shares] == pytest.approx(wanted)
    few = np.where(values == values.max(), values, np.float32(0))
    assert percentile(few, 99.6) == pytest.approx(float(np.percentile(few.astype(float), 99.6)))


def test_between_levels_it_is_that_of_the_numbers_that_were_rounded() -> None:
    numbers = np.random.default_rng(0).normal(6, 1.3, 50_000)
    levels = np.rint(numbers).astype(np.uint8)
    for share in (25, 50, 75, 99.6):
        assert percentile_level(levels, share) == pytest.approx(np.percentile(numbers, share), abs=0.1)


@given(arrays(np.uint8, st.integers(1, 300)), st.floats(0, 100))
def test_a_level_is_within_half_of_one_that_is_there(levels: np.ndarray, share: float) -> None:
    found = percentile_level(levels, share)
    assert found >= 0 and np.abs(levels - found).min() <= 0.5
    assert found <= percentile_level(levels, 100)
