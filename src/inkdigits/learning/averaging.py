"""The mean of two networks' weights: of one that went on learning, and of the one that it began from. In: a
Keras network, an .onnx file. Out: a Keras network of the same layers.

A network that goes on from another on other ink loses a little of what that one knew; the mean of both keeps
it and most of what was gained (Wortsman et al. 2022).
"""

# Keras and ONNX declare types that their own documentation contradicts.
# pyright: reportArgumentType=false, reportReturnType=false, reportOptionalSubscript=false

from __future__ import annotations

import tempfile
from pathlib import Path

import keras
import numpy as np
import onnx
from onnx import numpy_helper

from inkdigits.errors import RunError
from inkdigits.learning.beginning import begin_from, class_count, load_network


def averaged(model: keras.Sequential, other: Path, inputs: np.ndarray) -> keras.Sequential:
    """A network whose convolutions and matrices, batch normalisation folded into them, are the mean of those
    of `model` and of the network in `other`.

    `inputs` are some hundred of what it reads. The other may know fewer classes, those that the network names
    first. Raises RunError where the file cannot be read, or is of another network.
    """
    from inkdigits.learning.export import export_model, float32_copy

    plain = float32_copy(model)
    with tempfile.TemporaryDirectory() as scratch:
        kind = "line" if len(model.output_shape) == 3 else "glyph"
        classes = [str(number) for number in range(model.output_shape[-1])]
        path = export_model(plain, "mean", kind, classes, Path(scratch), inputs)
        _mean_into(path, other)
        mean = keras.models.clone_model(plain)
        begin_from(mean, path, inputs)
    return mean


def _mean_into(path: Path, other: Path) -> None:
    """Replace the weights in `path` by their mean with those in `other`; of classes that only `path` knows,
    named last, its own stay.
    """
    first, second = load_network(path), load_network(other)
    known = class_count(second)
    ours, theirs = _weights(first.graph), _weights(second.graph)
    differs = RunError(f"{other}: exported by another version, or of another network: its graph differs")
    if [kind for kind, _ in ours] != [kind for kind, _ in theirs]:
        raise differs
    for (_, mine), (_, one) in zip(ours, theirs, strict=True):
        mean, values = numpy_helper.to_array(mine).copy(), numpy_helper.to_array(one)
        both = mean[..., :known] if values.shape == (*mean.shape[:-1], known) else mean
        if both.shape != values.shape:
            raise differs
        if mean.dtype == np.float32:
            both[...] = (both + values) / 2
            mine.CopyFrom(numpy_helper.from_array(mean, mine.name))
    onnx.save(first, path)


def _weights(graph: onnx.GraphProto) -> list[tuple[str, onnx.TensorProto]]:
    """The initial values of a graph in the order in which its operations use them, and of which kind these
    are.
    """
    values = {one.name: one for one in graph.initializer}
    return [(node.op_type, values[name]) for node in graph.node for name in node.input if name in values]
