"""In what precision this machine learns fastest. In: the precision that a recipe names. Out: the one to
compute in.
"""

# Keras annotates its operations more narrowly than they accept.
# pyright: reportArgumentType=false

from __future__ import annotations

import contextlib
import functools
import time
from collections.abc import Iterator

import keras
import numpy as np

BFLOAT16 = "mixed_bfloat16"
_SLOWER = 1.5  # times as long as in float32: then it is not worth its lost bits
_REPEATS = 5


def suited(precision: str) -> str:
    """`precision`, but "float32" in place of "mixed_bfloat16" where the processor has no arithmetic for it.

    There a convolution takes ten times as long as in float32 (an AMD EPYC with AVX2 alone, TensorFlow 2.21),
    on processors that have it half as long: too far apart for a measurement to be undecided.
    """
    return "float32" if precision == BFLOAT16 and _is_slow_in_bfloat16() else precision


@contextlib.contextmanager
def layers_of(precision: str) -> Iterator[None]:
    """Within it, layers are made to compute in `precision`, or in what suits this machine in its place."""
    policy = keras.config.dtype_policy()
    keras.config.set_dtype_policy(suited(precision))
    try:
        yield
    finally:
        keras.config.set_dtype_policy(policy)


@functools.cache
def _is_slow_in_bfloat16() -> bool:
    return _seconds("bfloat16") > _SLOWER * _seconds("float32")


def _seconds(dtype: str) -> float:
    """The least time that a convolution takes in `dtype`."""
    maps = keras.ops.cast(np.ones((4, 28, 28, 32), np.float32), dtype)
    kernel = keras.ops.cast(np.ones((3, 3, 32, 32), np.float32), dtype)
    taken = []
    for _ in range(_REPEATS):
        start = time.perf_counter()
        # Brought back, so that a backend that works behind is waited for.
        keras.ops.convert_to_numpy(
            keras.ops.cast(keras.ops.sum(keras.ops.conv(maps, kernel, padding="same")), "float32")
        )
        taken.append(time.perf_counter() - start)
    return min(taken)
