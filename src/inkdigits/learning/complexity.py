"""What a network costs: the multiply-adds of one image's forward pass.

In: a built Keras model. Out: a whole number. Counted are the products with a layer's weights, each with the
addition that follows it; not biases, activations, pooling, the products between an LSTM's gates, nor batch
normalisation, which an exported network folds into the convolution beside it where it can.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import keras
import numpy as np
from keras import layers

from inkdigits.errors import InkdigitsError

Shape = tuple[int, ...]

_CONVOLUTIONS = (layers.Conv1D, layers.Conv2D, layers.Conv3D, layers.DepthwiseConv1D, layers.DepthwiseConv2D)
_SEPARABLE = (layers.SeparableConv1D, layers.SeparableConv2D)
_TRANSPOSED = (layers.Conv1DTranspose, layers.Conv2DTranspose, layers.Conv3DTranspose)
_CELLS = (layers.LSTMCell, layers.GRUCell, layers.SimpleRNNCell)
# Their weights multiply nothing, or are folded into those of a neighbour.
_FREE = (layers.BatchNormalization, layers.Embedding, layers.Normalization)
_ONCE_A_VALUE = (layers.LayerNormalization, layers.GroupNormalization, layers.PReLU)
# Products of activations with activations, which the shapes of weights do not tell.
_REFUSED = (layers.Dot, layers.Attention, layers.AdditiveAttention, layers.MultiHeadAttention)
_REFUSED_OPERATIONS = ("Matmul", "Einsum", "Dot", "Tensordot", "Inner", "Outer", "Conv")


def multiply_adds(model: keras.Model, width: int | None = None) -> int:
    """The multiply-adds of one image through `model`, such as 3,869,952 for `paper-cnn`.

    `width` stands for an input dimension that the model leaves open, such as a strip's width in pixels. A
    blank image is passed once, and each call of a layer is counted by its shapes there: a layer shared by two
    places counts twice, nested models count as what they hold. A layer of one's own with weights has a method
    `multiply_adds(input_shape)`, the batch's size first in the shape, which counts for all within that layer.
    InkdigitsError where a dimension is open and no width is given, or where a layer's cost is not known.
    """
    images = [_blank(one, width) for one in model.inputs or ()]
    image = images[0] if len(images) == 1 else images
    for operation in getattr(model, "operations", ()):
        if not isinstance(operation, layers.Layer) and type(operation).__name__ in _REFUSED_OPERATIONS:
            raise _unknown(operation)
    return _counted(model, image)


def _blank(tensor: Any, width: int | None) -> np.ndarray:
    shape = tensor.shape[1:]
    if None in shape and width is None:
        raise InkdigitsError(f"the network's input is {shape}: multiply-adds need a width in pixels")
    return np.zeros((1, *(size or width or 0 for size in shape)), tensor.dtype)


def _counted(layer: layers.Layer, inputs: Any) -> int:
    """The multiply-adds of one call of `layer`, itself or what it holds."""
    total = 0

    def add(count: int) -> None:
        nonlocal total
        total += count

    with _observed(layer, add):
        layer(inputs, training=False) if layer._call_has_training_arg else layer(inputs)
    return total


@contextmanager
def _observed(root: layers.Layer, add: Callable[[int], None]) -> Iterator[None]:
    """While it lasts, each call of `root` or of a layer within adds its multiply-adds; what a counted layer
    calls in turn is in its own count already.
    """
    within: list[layers.Layer] = []

    def observe(layer: layers.Layer, call: Callable[..., Any]) -> Callable[..., Any]:
        def observed(*arguments: Any, **settings: Any) -> Any:
            if within:
                return call(*arguments, **settings)
            inputs = arguments[0] if arguments else next(iter(settings.values()))
            if not _has_own_cost(layer):
                return call(*arguments, **settings)
            within.append(layer)
            try:
                outputs = call(*arguments, **settings)
                add(_cost(layer, inputs, outputs))
            finally:
                within.pop()
            return outputs

        return observed

    found = {id(one): one for one in root._flatten_layers()}.values()
    calls = [(one, vars(one).get("call")) for one in found]
    for one, _ in calls:
        one.call = observe(one, one.call)
    try:
        yield
    finally:
        for one, call in calls:
            del one.call
            if call is not None:
                one.call = call


def _has_own_cost(layer: layers.Layer) -> bool:
    """Whether a layer is counted as a whole; else what it calls is."""
    if hasattr(layer, "multiply_adds") or isinstance(layer, (layers.RNN, layers.TimeDistributed, *_REFUSED)):
        return True
    inner = list(layer._flatten_layers(include_self=False))
    held = {id(weight) for one in inner for weight in one.weights}
    return not inner or any(id(weight) not in held for weight in layer.weights)


def _cost(layer: layers.Layer, inputs: Any, outputs: Any) -> int:
    if not _eager(inputs):
        raise InkdigitsError(
            f"the layer {layer.name} is called in a loop whose steps cannot be counted; give the layer around"
            " it a method multiply_adds(input_shape)"
        )
    one = next(iter(keras.tree.flatten(outputs)))
    return _by_shape(layer, inputs, tuple(one.shape))


def _by_shape(layer: Any, inputs: Any, output: Shape) -> int:
    """The multiply-adds of one call of `layer`."""
    if hasattr(layer, "multiply_adds"):
        return int(layer.multiply_adds(keras.tree.map_structure(lambda one: tuple(one.shape), inputs)))
    if isinstance(layer, layers.TimeDistributed):
        return inputs.shape[1] * _counted(layer.layer, inputs[:, 0])
    if isinstance(layer, layers.RNN):
        cells = getattr(layer.cell, "cells", [layer.cell])
        return inputs.shape[1] * sum(_cell(one, (1, *inputs.shape[2:])) for one in cells)
    if isinstance(layer, _FREE) or (not layer.weights and not isinstance(layer, _REFUSED)):
        return 0
    if isinstance(layer, _ONCE_A_VALUE):
        return math.prod(output)
    if isinstance(layer, layers.Dense):
        return math.prod(output[:-1]) * _size(layer.kernel)
    if isinstance(layer, layers.EinsumDense):
        left, right = layer.equation.split("->")[0].split(",")
        met = math.prod(
            size for letter, size in zip(right, _shape(layer.kernel), strict=True) if letter in left
        )
        return math.prod(inputs.shape) // met * _size(layer.kernel)
    if isinstance(layer, _CONVOLUTIONS):
        return _places(layer, output) * _size(layer.kernel)
    if isinstance(layer, _SEPARABLE):
        return _places(layer, output) * (_size(layer.depthwise_kernel) + _size(layer.pointwise_kernel))
    if isinstance(layer, _TRANSPOSED):
        return _places(layer, tuple(inputs.shape)) * _size(layer.kernel)
    raise _unknown(layer)


def _cell(cell: Any, step: Shape) -> int:
    """One step of a recurrent layer: the input's and the state's products."""
    if hasattr(cell, "multiply_adds"):
        return int(cell.multiply_adds(step))
    if isinstance(cell, _CELLS):
        return _size(cell.kernel) + _size(cell.recurrent_kernel)
    raise _unknown(cell)


def _places(layer: Any, shape: Shape) -> int:
    """How many places a convolution's maps have."""
    return math.prod(shape[1:-1] if layer.data_format == "channels_last" else shape[2:])


def _size(weights: Any) -> int:
    return math.prod(_shape(weights))


def _shape(weights: Any) -> Shape:
    return tuple(weights.shape)


def _eager(inputs: Any) -> bool:
    """Whether values are computed at once, so that a loop's steps are each a call."""
    try:
        keras.ops.convert_to_numpy(next(iter(keras.tree.flatten(inputs))))
    except (NotImplementedError, AttributeError, TypeError, ValueError):
        return False
    return True


def _unknown(layer: Any) -> InkdigitsError:
    return InkdigitsError(
        f"the multiply-adds of {layer.name} are not known: {type(layer).__name__} needs a method"
        " multiply_adds(input_shape) that tells them"
    )
