"""Training that begins from an exported network. In: a fresh Keras network, an .onnx file of the same layers,
some inputs. Out: the network, computing what the file computes.

Export folds each batch normalisation into the layer before it. Here it is unfolded again: the mean and the
variance that it normalises by are measured on the inputs, its scale and offset undo them, so that the network
says the same with the statistics of a batch as with those that it keeps.

A network may know more classes than the file, behind those: they begin as its last class, hardly probable.
"""

# Keras and ONNX declare types that their own documentation contradicts.
# pyright: reportArgumentType=false, reportAttributeAccessIssue=false, reportOptionalMemberAccess=false

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np
import onnx
from onnx import numpy_helper

from inkdigits.errors import RunError
from inkdigits.learning.half import widen

_AGREEMENT = 1e-3  # of probabilities
_HARDLY = 8.0  # less a new class's logit is than that of the class which it begins as


@dataclass(frozen=True, eq=False)
class _Product:
    """A convolution or matrix product of a graph: its kernel as Keras has it, and what each of its outputs is
    then multiplied by and has added.
    """

    kernel: np.ndarray
    scale: np.ndarray
    offset: np.ndarray


def begin_from(model: keras.Sequential, path: Path, inputs: np.ndarray) -> None:
    """Give `model`, layers one after another, the weights of the network in `path`, in place.

    `inputs` are some hundred of what it reads. Raises RunError where the file cannot be read, is of another
    network, or says something else of them than the model then does, by over 0.001 in a probability.
    """
    found = _products(load_network(path).graph)
    others = RunError(f"{path}: of another network than {model.name}: its layers differ")
    maps = inputs
    last = next((layer for layer in reversed(model.layers) if layer.weights), None)
    product: _Product | None = None
    for layer in model.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            if product is None:
                raise others
            _unfold(layer, product, np.asarray(maps, np.float32))
            product = None
        elif layer.weights:
            product = next(found, None)
            if product is not None and layer is last:
                product = _with_classes(product, layer.kernel.shape[-1])
            if product is None or product.kernel.size != np.prod(layer.kernel.shape):
                raise others
            layer.kernel.assign(product.kernel.reshape(layer.kernel.shape))
            if layer.use_bias:
                layer.bias.assign(product.offset)
                product = None
        maps = layer(maps)
    if product is not None or next(found, None) is not None:
        raise others
    check_beginning(model, path, inputs)


def load_network(path: Path) -> onnx.ModelProto:
    """The .onnx file at `path`, its constants in float32; RunError where it cannot be read."""
    try:
        model = onnx.load(path)
    except OSError as error:
        raise RunError(f"{path}: cannot be read: {error.strerror or error}") from error
    except Exception as error:  # protobuf raises classes of its own
        raise RunError(f"{path}: no ONNX file that training can begin from ({error})") from error
    widen(model)
    return model


def class_count(network: onnx.ModelProto) -> int:
    """How many classes the network of an .onnx file knows; 0 where the file does not say."""
    return network.graph.output[0].type.tensor_type.shape.dim[-1].dim_value


def check_beginning(model: keras.Model, path: Path, inputs: np.ndarray) -> None:
    """RunError where the network and the file that it began from differ in the classes that both know."""
    from inkdigits.learning.export import float32_copy, parity

    known = class_count(load_network(path))
    copy = float32_copy(model)
    if 0 < known < copy.output_shape[-1]:
        copy = keras.Model(copy.inputs, copy.outputs[0][..., :known])
    difference = parity(path, copy, inputs)
    if not difference <= _AGREEMENT:
        raise RunError(
            f"{path}: {model.name} cannot begin from it: what they say differs by {difference:.2g}"
        )


def _with_classes(product: _Product, classes: int) -> _Product:
    """The last product of a network as it is where that knows more classes; itself where not."""
    more = classes - product.kernel.shape[-1]
    if more <= 0:
        return product
    kernel, scale, offset = (
        np.concatenate([part, np.repeat(part[..., -1:], more, axis=-1)], axis=-1)
        for part in (product.kernel, product.scale, product.offset)
    )
    offset[-more:] -= _HARDLY
    return _Product(kernel, scale, offset)


def _unfold(layer: keras.layers.BatchNormalization, product: _Product, maps: np.ndarray) -> None:
    """Set a normalisation after `maps` (..., channels) so that it does to them what `product` does."""
    axes = tuple(range(maps.ndim - 1))
    mean, variance = maps.mean(axis=axes), maps.var(axis=axes)
    layer.moving_mean.assign(mean)
    layer.moving_variance.assign(variance)
    layer.gamma.assign(product.scale * np.sqrt(variance + layer.epsilon))
    layer.beta.assign(product.offset + product.scale * mean)


def _products(graph: onnx.GraphProto) -> Iterator[_Product]:
    """The convolutions and matrix products of a chain of operations, in their order."""
    values = {one.name: numpy_helper.to_array(one) for one in graph.initializer}
    kernel: np.ndarray | None = None
    scale = offset = np.zeros(0, np.float32)
    for node in graph.node:
        known = [values[name] for name in node.input if name in values]
        if node.op_type in ("Conv", "MatMul"):
            if kernel is not None:
                yield _Product(kernel, scale, offset)
            kernel = known[0].transpose(2, 3, 1, 0) if node.op_type == "Conv" else known[0]
            scale = np.ones(kernel.shape[-1], np.float32)
            offset = known[1] if len(known) > 1 else np.zeros(kernel.shape[-1], np.float32)
        elif kernel is not None and known and node.op_type in ("Mul", "Add"):
            if node.op_type == "Mul":
                scale, offset = scale * known[0].ravel(), offset * known[0].ravel()
            else:
                offset = offset + known[0].ravel()
    if kernel is not None:
        yield _Product(kernel, scale, offset)
