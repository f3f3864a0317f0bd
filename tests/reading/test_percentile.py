"""Our percentile against NumPy's."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from inkdigits.reading.percentile import percentile


@given(
    arrays(np.float32, st.integers(1, 40), elements=st.floats(0, 1, width=32)),
    st.one_of(st.integers(0, 100), st.floats(0, 100)),
)
def test_it_is_that_of_numpy(values: np.ndarray, share: float) -> None:
    wanted = float(np.percentile(values.astype(np.float64), share))
    assert percentile(values, share) == pytest.approx(wanted, abs=1e-6)
    grid = np.tile(values, (3, 1))
    assert percentile(grid, 50) == pytest.approx(float(np.median(grid)), abs=1e-6)
