"""Convolutions as products of matrices are convolutions; what they cannot do is refused."""

import jax
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inkdigits.learning.products import _convolution, _depthwise

SIDES = st.integers(5, 9)
SIZES = st.integers(1, 5)
STEPS = st.integers(1, 3)


def plain(maps: np.ndarray, kernel: np.ndarray, step: int, padding: str, groups: int = 1) -> np.ndarray:
    """JAX's own convolution."""
    order = ("NHWC", "HWIO", "NHWC")
    steps = (step, step)
    return np.asarray(
        jax.lax.conv_general_dilated(
            maps, kernel, steps, padding.upper(), dimension_numbers=order, feature_group_count=groups
        )
    )


@settings(deadline=None, max_examples=25)
@given(SIDES, SIDES, SIZES, SIZES, STEPS, st.sampled_from(["same", "valid"]), st.integers(0, 2**32 - 1))
def test_products_are_convolutions(height, width, rows, columns, step, padding, seed):
    random = np.random.default_rng(seed)
    maps = random.normal(size=(2, height, width, 3)).astype(np.float32)
    kernel = random.normal(size=(rows, columns, 3, 4)).astype(np.float32)
    ours = np.asarray(_convolution(maps, kernel, step, padding))
    np.testing.assert_allclose(ours, plain(maps, kernel, step, padding), atol=1e-4)
    own = random.normal(size=(rows, columns, 3, 1)).astype(np.float32)
    ours = np.asarray(_depthwise(maps, own, step, padding))
    grouped = own.reshape(rows, columns, 1, 3)
    np.testing.assert_allclose(ours, plain(maps, grouped, step, padding, groups=3), atol=1e-4)


def test_other_convolutions_are_refused():
    maps, kernel = np.ones((1, 6, 6, 2), np.float32), np.ones((3, 3, 2, 2), np.float32)
    for changes in ({"dilation_rate": 2}, {"data_format": "channels_first"}):
        for convolve in (_convolution, _depthwise):
            with pytest.raises(NotImplementedError, match="channels last"):
                convolve(maps, kernel, **changes)
    with pytest.raises(NotImplementedError):
        _depthwise(maps, kernel)  # two maps of each
