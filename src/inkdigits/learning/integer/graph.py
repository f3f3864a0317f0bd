"""An ONNX file as the operations that have an integer form. In: the file. Out: `Operation`s.

The graph is what `export` writes: pixels are scaled, then convolutions with their ReLU, pools, sums, a mean
or a flattening, dense steps, softmax. Most batch normalisation is folded into the convolutions by then; what
of it stands behind a convolution or a dense step is folded here.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import numpy_helper

from inkdigits.errors import WeightsError
from inkdigits.learning.integer.network import Kind

_TO_PLACES_LAST = [0, 2, 3, 1]


@dataclass
class Operation:
    """An operation: `inputs` and `output` are tensors' names in the graph.

    `weights` are (out, in / groups, height, width), or (out, in) of a dense step, whose inputs are numbered
    place by place, not map by map, if `places_first`. `geometry` are what a `Step` names so.
    """

    kind: Kind
    inputs: list[str]
    output: str
    weights: np.ndarray | None = None
    bias: np.ndarray | None = None
    places_first: bool = False
    geometry: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Graph:
    """Operations in order, and the glyph's tensor: its name, what one grey level stands for, and which grey
    level, not always a whole one, stands for 0.
    """

    glyph: str
    scale: float
    zero: float
    operations: tuple[Operation, ...]


def read_graph(path: Path) -> Graph:
    """The operations of `path`; WeightsError where one has no integer form, and which."""
    graph = onnx.load(path).graph
    return _GraphReader(path, graph).read()


class _GraphReader:
    """Owns what is known of the graph so far."""

    def __init__(self, path: Path, graph: onnx.GraphProto) -> None:
        self._path, self._graph = path, graph
        self._constants = {one.name: numpy_helper.to_array(one) for one in graph.initializer}
        self._operations: list[Operation] = []
        self._by_output: dict[str, Operation] = {}
        # Tensors that hold the same values as another, in the same order or with places before maps.
        self._same: dict[str, str] = {}
        self._places_last: set[str] = set()
        self._rectified: set[str] = set()
        self._glyph, self._scale, self._offset = graph.input[0].name, 1.0, 0.0

    def read(self) -> Graph:
        """All nodes, in the order of the file."""
        for node in self._graph.node:
            handler = getattr(self, f"_{node.op_type.lower()}", None)
            if handler is None:
                raise self._no_form(node)
            attributes = {one.name: onnx.helper.get_attribute_value(one) for one in node.attribute}
            handler(node, attributes)
        return Graph(self._glyph, self._scale, -self._offset / self._scale, tuple(self._operations))

    def _no_form(self, node: onnx.NodeProto) -> WeightsError:
        return WeightsError(
            f"{self._path}: its {node.op_type} has no integer form; networks of convolutions, pools, sums and"
            " dense layers have one"
        )

    def _source(self, name: str) -> str:
        while name in self._same:
            name = self._same[name]
        return name

    def _begins(self, node: onnx.NodeProto) -> bool:
        return self._source(node.input[0]) == self._glyph and not self._operations

    def _add_operation(self, operation: Operation) -> None:
        self._operations.append(operation)
        self._by_output[operation.output] = operation

    def _pass(self, node: onnx.NodeProto, attributes: dict[str, Any]) -> None:
        self._same[node.output[0]] = node.input[0]
        if node.input[0] in self._places_last:
            self._places_last.add(node.output[0])

    def _cast(self, node: onnx.NodeProto, attributes: dict[str, Any]) -> None:
        if node.input[0] in self._constants:  # a weight that is kept in half the bytes
            self._constants[node.output[0]] = self._constants[node.input[0]].astype(np.float32)
        else:
            self._pass(node, attributes)

    def _forget(self, node: onnx.NodeProto, attributes: dict[str, Any]) -> None:
        """What only tells the shape of another tensor."""

    _shape = _gather = _slice = _concat = _forget
    _squeeze = _reshape = _flatten = _softmax = _identity = _pass

    def _transpose(self, node: onnx.NodeProto, attributes: dict[str, Any]) -> None:
        if list(attributes["perm"]) != _TO_PLACES_LAST:
            raise self._no_form(node)
        self._same[node.output[0]] = node.input[0]
        self._places_last.add(node.output[0])

    def _mul(self, node: onnx.NodeProto, attributes: dict[str, Any]) -> None:
        (factor,) = self._constant_inputs(node)
        if self._begins(node) and factor.size == 1:
            self._scale *= float(factor.reshape(()))
            self._offset *= float(factor.reshape(()))
            return self._pass(node, attributes)
        operation, weights = self._before(node, factor)
        operation.weights = weights * factor.reshape(-1, *[1] * (weights.ndim - 1))
        operation.bias = None if operation.bias is None else operation.bias * factor.reshape(-1)
        return self._rename(operation, node)

    def _add(self, node: onnx.NodeProto, attributes: dict[str, Any]) -> None:
        constants = self._constant_inputs(node, least=0)
        if not constants:
            names = [self._source(name) for name in node.input]
            return self._add_operation(Operation("add", names, node.output[0]))
        if self._begins(node) and constants[0].size == 1:
            self._offset += float(constants[0].reshape(()))
            return self._pass(node, attributes)
        operation, weights = self._before(node, constants[0])
        shift = np.broadcast_to(constants[0].reshape(-1), len(weights))
        operation.bias = shift if operation.bias is None else operation.bias + shift
        return self._rename(operation, node)

    def _before(self, node: onnx.NodeProto, values: np.ndarray) -> tuple[Operation, np.ndarray]:
        """The operation with weights that `node` stands right behind, alone, and those weights: `values`, one
        or one an output, can be folded into them.
        """
        name = self._source(node.input[0])
        operation = self._by_output.get(name)
        if operation is None or operation.weights is None or name in self._rectified:
            raise self._no_form(node)
        if values.size not in (1, len(operation.weights)) or self._is_shared(name):
            raise self._no_form(node)
        return operation, operation.weights

    def _is_shared(self, name: str) -> bool:
        """Whether more than one node reads the tensor."""
        return sum(name in node.input for node in self._graph.node) > 1

    def _constant_inputs(self, node: onnx.NodeProto, least: int = 1) -> list[np.ndarray]:
        found = [self._constants[name] for name in node.input if name in self._constants]
        if len(found) < least or node.input[0] in self._constants:
            raise self._no_form(node)
        return found

    def _rename(self, operation: Operation, node: onnx.NodeProto) -> None:
        """The operation now gives what `node` gives."""
        del self._by_output[operation.output]
        operation.output = node.output[0]
        self._by_output[operation.output] = operation

    def _relu(self, node: onnx.NodeProto, attributes: dict[str, Any]) -> None:
        operation = self._by_output.get(node.input[0])
        if operation is None or self._is_shared(node.input[0]):
            raise self._no_form(node)
        self._rename(operation, node)
        self._rectified.add(node.output[0])

    def _conv(self, node: onnx.NodeProto, attributes: dict[str, Any]) -> None:
        if (
            list(attributes.get("dilations", [1, 1])) != [1, 1]
            or attributes.get("auto_pad", b"NOTSET") != b"NOTSET"
        ):
            raise self._no_form(node)
        bias = self._constants[node.input[2]] if len(node.input) > 2 else None
        geometry = {
            "strides": tuple(attributes.get("strides", (1, 1))),
            "padding": tuple(attributes.get("pads", (0, 0, 0, 0))),
            "groups": int(attributes.get("group", 1)),
        }
        weights = self._constants[node.input[1]]
        source = self._source(node.input[0])
        self._add_operation(
            Operation("convolution", [source], node.output[0], weights, bias, geometry=geometry)
        )

    def _maxpool(self, node: onnx.NodeProto, attributes: dict[str, Any]) -> None:
        if any(attributes.get("pads", ())) or attributes.get("ceil_mode", 0):
            raise self._no_form(node)
        geometry = {
            "window": tuple(attributes["kernel_shape"]),
            "strides": tuple(attributes.get("strides", (1, 1))),
        }
        self._add_operation(
            Operation("max-pool", [self._source(node.input[0])], node.output[0], geometry=geometry)
        )

    def _globalaveragepool(self, node: onnx.NodeProto, attributes: dict[str, Any]) -> None:
        self._add_operation(Operation("mean", [self._source(node.input[0])], node.output[0]))

    def _matmul(self, node: onnx.NodeProto, attributes: dict[str, Any]) -> None:
        (weights,) = self._constant_inputs(node)
        self._add_operation(
            Operation(
                "dense",
                [self._source(node.input[0])],
                node.output[0],
                weights.T,
                places_first=node.input[0] in self._places_last,
            )
        )
