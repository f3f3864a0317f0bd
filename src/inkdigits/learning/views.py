"""A network that can be looked into, whatever runs it: what it computes on the way, and how steeply.

In: functions of a framework. Out: `Views`, which `keras_views` and `onnx_views` make.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

SIDE = 28
NO_FILTERS = (
    "no filters to show: its first weights are neither a convolution's over pixels nor a picture each"
)
NO_MAPS = "no feature maps: it has no convolution, nor another layer whose units lie in a plane"


@dataclass(frozen=True, eq=False)
class Filters:
    """The weights of the first layer as pictures: (count, height, width) float32, of either sign.

    A convolution's are as small as its window; those of a layer that sees the whole glyph are 28x28.
    """

    layer: str
    pictures: np.ndarray


@dataclass(frozen=True, eq=False)
class Views:
    """A glyph network from inside. Pixels are float32 in [0, 1], 1 is ink.

    Attributes:
        name: the network's.
        classes: what its outputs mean, in order.
        layers: names of the layers that have feature maps, from input to output.
        filters: of the first layer; None where its weights are no pictures.
        probabilities: pixels (n, 28, 28) to (n, classes) float32.
        maps: pixels of one glyph (28, 28) to the feature maps of each of `layers`, (count, height, width)
            float32, after the normalisation and the rectifier that follow the layer.
        slopes: how fast targets grow: of pixels (n, 28, 28), targets (n,) and directions (k, 28, 28) the
            derivative of each example's target along each direction, (n, k) float32. With layer None, target
            c is the log odds of class c: its score before the softmax less that of all others together. With
            the name of a layer it is the mean of that layer's map c.
        exact: whether slopes are derivatives; else they are differences.
        remarks: what does not apply to this network, a sentence each.
    """

    name: str
    classes: tuple[str, ...]
    layers: tuple[str, ...]
    filters: Filters | None
    probabilities: Callable[[np.ndarray], np.ndarray]
    maps: Callable[[np.ndarray], dict[str, np.ndarray]]
    slopes: Callable[[np.ndarray, np.ndarray, np.ndarray, str | None], np.ndarray]
    exact: bool
    remarks: tuple[str, ...] = ()


def in_batches(run: Callable[[np.ndarray], np.ndarray], pixels: np.ndarray, size: int) -> np.ndarray:
    """`run` on `pixels` (n, ...), at most `size` at a time, and its results (n, ...) together."""
    return np.concatenate([run(pixels[start : start + size]) for start in range(0, len(pixels), size)])
