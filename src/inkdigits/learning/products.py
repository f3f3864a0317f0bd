"""Convolutions as products of matrices, for networks of several seeds that learn side by side under JAX.

In: nothing. Out: a context in which Keras's convolutions are such products. Of several networks at once a
convolution is one of many groups, for which a GPU has no quick kernel; a product of matrices it computes for
all of them as for one.
"""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Iterator
from typing import Any
from unittest import mock

from jax import numpy as jnp
from keras.src.backend.jax import nn

Size = int | tuple[int, int]


@contextlib.contextmanager
def convolutions_as_products() -> Iterator[None]:
    """Within it, Keras's two-dimensional convolutions under JAX are products; others are refused."""
    with mock.patch.object(nn, "conv", _convolution), mock.patch.object(nn, "depthwise_conv", _depthwise):
        yield


def _convolution(inputs: Any, kernel: Any, *settings: Any, **named: Any) -> Any:
    """As Keras's: maps (n, height, width, channels) by a kernel (rows, columns, channels, filters)."""
    kernel = jnp.asarray(kernel)
    windows = _windows(inputs, kernel, *settings, **named)
    return windows.reshape(*windows.shape[:3], -1) @ kernel.reshape(-1, kernel.shape[3])


def _depthwise(inputs: Any, kernel: Any, *settings: Any, **named: Any) -> Any:
    """As Keras's: each map of (n, height, width, channels) by its own of (rows, columns, channels, 1)."""
    kernel = jnp.asarray(kernel)
    windows = _windows(inputs, kernel, *settings, **named)
    if kernel.shape[3] != 1:
        raise NotImplementedError("a convolution that makes several maps of each")
    return (windows * kernel.reshape(-1, kernel.shape[2])).sum(axis=3)


def _windows(
    inputs: Any,
    kernel: Any,
    strides: Size = 1,
    padding: str = "valid",
    data_format: str | None = None,
    dilation_rate: Size = 1,
) -> Any:
    """What each place of the output sees of the maps: (n, rows, columns, kernel's places, channels)."""
    plain = data_format in (None, "channels_last") and dilation_rate in (1, (1, 1))
    if not plain or inputs.shape[-1] != kernel.shape[2]:
        raise NotImplementedError("a convolution that is no plain one of maps with channels last")
    maps, size = jnp.asarray(inputs, kernel.dtype), kernel.shape[:2]
    steps = (strides, strides) if isinstance(strides, int) else strides
    if padding.lower() == "same":
        ends = [_margins(*one) for one in zip(maps.shape[1:3], size, steps, strict=True)]
        maps = jnp.pad(maps, ((0, 0), *ends, (0, 0)))
    counts = [(side - one) // step + 1 for side, one, step in zip(maps.shape[1:3], size, steps, strict=True)]
    places = itertools.product(range(size[0]), range(size[1]))
    seen = [
        maps[
            :,
            row : row + (counts[0] - 1) * steps[0] + 1 : steps[0],
            column : column + (counts[1] - 1) * steps[1] + 1 : steps[1],
        ]
        for row, column in places
    ]
    return jnp.stack(seen, axis=3)


def _margins(side: int, size: int, step: int) -> tuple[int, int]:
    """How much is padded before and behind, so that the output has ceil(side / step) places."""
    whole = max((-(-side // step) - 1) * step + size - side, 0)
    return whole // 2, whole - whole // 2
