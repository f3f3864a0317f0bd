"""A network in integers, and what it computes. In: glyphs uint8. Out: logits int32; the largest wins.

Every tensor is uint8 with a zero point: 0 after a ReLU, 128 where values have a sign. Weights are int8 around
0 with a scale for each output map (a dense step: one for all), sums int32. A sum becomes uint8 by a factor of
15 bits and a rounding shift (Jacob et al. 2018), the same in NumPy, in C and in JavaScript, so that all three
give the same logits to the bit.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

FACTOR_BITS = 15
SIGNED_ZERO = 128
Kind = Literal["convolution", "max-pool", "add", "mean", "dense"]


@dataclass(frozen=True)
class Tensor:
    """What a step gives: (channels, height, width) uint8, one unit of which stands for `scale`, counted from
    `zero`. The last step gives int32 instead, one unit of which stands for the network's `logit_scale`.
    """

    shape: tuple[int, int, int]
    scale: float
    zero: int


@dataclass(frozen=True, eq=False)
class Rescale:
    """Sums (channels, ...) int32 to uint8: times `factor` (channels,), shifted right by `shift`, rounded.

    Both are int64 arrays here; a factor needs `FACTOR_BITS` bits and a sign, a sum and a factor together at
    most 53, which is what a JavaScript number holds exactly.
    """

    factor: np.ndarray
    shift: np.ndarray

    @classmethod
    def by(cls, ratios: np.ndarray) -> Rescale:
        """The nearest to `ratios`, which are not 0, and of either sign below 2**14."""
        exponents = np.floor(np.log2(np.abs(ratios))).astype(np.int64) + 1
        factor = np.round(ratios * 2.0 ** (FACTOR_BITS - exponents)).astype(np.int64)
        shift = FACTOR_BITS - exponents
        too_large = np.abs(factor) == 1 << FACTOR_BITS
        return cls(np.where(too_large, factor >> 1, factor), np.where(too_large, shift - 1, shift))

    def __call__(self, sums: np.ndarray, zero: int) -> np.ndarray:
        """Sums (n, channels, height, width) int64 to uint8 of the same shape."""
        factor, shift = (part[:, None, None] for part in (self.factor, self.shift))
        return np.clip(((sums * factor + (1 << (shift - 1))) >> shift) + zero, 0, 255).astype(np.uint8)


@dataclass(frozen=True, eq=False)
class Step:
    """One operation. `inputs` are numbers of tensors: 0 is the glyph, n is what step n gives.

    Attributes:
        weights: int8, (out, in / groups, height, width) of a convolution, (out, in) of a dense step.
        bias: int32 (out,), in units of the sum; None where it is 0.
        rescales: of the sum; of an "add" one for each of its inputs. None of the last step.
        padding: (top, left, bottom, right). window: (height, width) of a pool.
    """

    kind: Kind
    inputs: tuple[int, ...]
    output: Tensor
    weights: np.ndarray | None = None
    bias: np.ndarray | None = None
    rescales: tuple[Rescale, ...] = ()
    strides: tuple[int, int] = (1, 1)
    padding: tuple[int, int, int, int] = (0, 0, 0, 0)
    groups: int = 1
    window: tuple[int, int] = (1, 1)


def constants(step: Step) -> list[np.ndarray]:
    """The numbers of a step as they are written: weights int8, bias int32, factors int16, shifts uint8."""
    written = [part for part in (step.weights, step.bias) if part is not None]
    for rescale in step.rescales:
        written += [rescale.factor.astype(np.int16), rescale.shift.astype(np.uint8)]
    return written


@dataclass(frozen=True, eq=False)
class IntegerNetwork:
    """Steps in order, the last a dense one: its sums, times `logit_scale`, are the logits of `classes`."""

    name: str
    classes: tuple[str, ...]
    glyph: Tensor
    steps: tuple[Step, ...]
    logit_scale: float

    @property
    def tensors(self) -> tuple[Tensor, ...]:
        """The glyph, then what each step gives."""
        return self.glyph, *(step.output for step in self.steps)

    @property
    def weight_bytes(self) -> int:
        """Bytes of weights (1 each), biases (4), factors (2) and shifts (1), as they are in C: what several
        steps have alike is there once.
        """
        parts = {(part.dtype, part.tobytes()) for step in self.steps for part in constants(step)}
        return sum(len(written) for _, written in parts)

    def logits(self, glyphs: np.ndarray) -> np.ndarray:
        """Glyphs (n, 28, 28) uint8 to int32 logits (n, classes), in units of `logit_scale`."""
        tensors: list[np.ndarray] = [glyphs.reshape(len(glyphs), *self.glyph.shape)]
        for step in self.steps:
            tensors.append(_run(step, [(tensors[i], self.tensors[i].zero) for i in step.inputs]))
        return tensors[-1].reshape(len(glyphs), -1)


def _run(step: Step, inputs: list[tuple[np.ndarray, int]]) -> np.ndarray:
    values, zero = inputs[0]
    if step.kind == "max-pool":
        return _windows(values, step.window, step.strides).max(axis=(-2, -1))
    if step.kind == "add":
        sums = [
            (one.astype(np.int64) - its_zero) * rescale.factor[0]
            for (one, its_zero), rescale in zip(inputs, step.rescales, strict=True)
        ]
        shift = int(step.rescales[0].shift[0])
        total = ((sums[0] + sums[1] + (1 << (shift - 1))) >> shift) + step.output.zero
        return np.clip(total, 0, 255).astype(np.uint8)
    if step.kind == "mean":
        sums = (values.astype(np.int64) - zero).sum(axis=(2, 3), keepdims=True)
    elif step.kind == "convolution":
        sums = _convolve(step, values, zero)
    else:
        # Exact: float64 holds every sum of products of bytes.
        flat = (values.reshape(len(values), -1).astype(np.float64) - zero) @ _weights(step).T
        sums = (flat.astype(np.int64) + _bias(step))[:, :, None, None]
    if not step.rescales:
        return sums.astype(np.int32)
    return step.rescales[0](sums, step.output.zero)


def _convolve(step: Step, values: np.ndarray, zero: int) -> np.ndarray:
    top, left, bottom, right = step.padding
    centred = np.pad(values.astype(np.float64) - zero, ((0, 0), (0, 0), (top, bottom), (left, right)))
    weights = _weights(step)
    count, maps = len(values), weights.shape[0] // step.groups
    found = []
    for group in range(step.groups):
        own = slice(group * weights.shape[1], (group + 1) * weights.shape[1])
        windows = _windows(centred[:, own], weights.shape[2:], step.strides)
        height, width = windows.shape[2:4]
        columns = windows.transpose(0, 2, 3, 1, 4, 5).reshape(count * height * width, -1)
        sums = columns @ weights[group * maps : (group + 1) * maps].reshape(maps, -1).T
        found.append(sums.reshape(count, height, width, maps).transpose(0, 3, 1, 2))
    return np.concatenate(found, axis=1).astype(np.int64) + _bias(step)[:, None, None]


def _windows(values: np.ndarray, size: tuple[int, ...], strides: tuple[int, int]) -> np.ndarray:
    found = np.lib.stride_tricks.sliding_window_view(values, (size[0], size[1]), axis=(2, 3))
    return found[:, :, :: strides[0], :: strides[1]]


def _weights(step: Step) -> np.ndarray:
    if step.weights is None:
        raise ValueError(f"a {step.kind} step without weights")
    return step.weights.astype(np.float64)


def _bias(step: Step) -> np.ndarray:
    return np.zeros(1, np.int64) if step.bias is None else step.bias.astype(np.int64)
