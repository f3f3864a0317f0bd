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

from inkdigits.learning.optimizer import execution

BFLOAT16 = "mixed_bfloat16"
_SLOWER = 1.5  # times as long as in float32: then it is not worth its lost bits
_REPEATS = 5


def suited(precision: str) -> str:
    """`precision`, but "float32" in place of "mixed_bfloat16" where the processor has no arithmetic for it.

    There the gradients of a convolution take twenty times as long as in float32 (an AMD EPYC with AVX2 alone,
    TensorFlow 2.21), on processors that have it half as long: too far apart for a measurement to be
    undecided.
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
    """The least time that a step of learning takes in `dtype`; what is forward alone says nothing of it."""
    layer = {"padding": "same", "kernel_initializer": "ones", "dtype": dtype}
    network = keras.Sequential(
        [keras.Input((28, 28, 32)), *(keras.layers.Conv2D(32, 3, **layer) for _ in range(2))]
    )
    network.compile("sgd", "mse", jit_compile=execution()["jit_compile"])
    maps = np.ones((4, 28, 28, 32), np.float32)
    taken = []
    for _ in range(1 + _REPEATS):
        start = time.perf_counter()
        # The loss comes back as a number, so that a backend that works behind is waited for.
        network.train_on_batch(maps, maps)
        taken.append(time.perf_counter() - start)
    return min(taken[1:])  # the first compiles
