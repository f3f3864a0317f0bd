"""Weights stored in half the bytes. In: an ONNX file of float32. Out: the same graph, its large constants
kept as float16 and widened again where they are used; or, in memory, a graph without that.

ONNX Runtime widens them once, when it loads the file: reading is as quick as before.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

LEAST = 64  # values; smaller constants are not worth a node


def store_in_half(path: Path) -> int:
    """Rewrite the ONNX file at `path` in place; returns how many constants were halved.

    A constant that float16 cannot hold, for a value above 65504 in magnitude, stays as it is.
    """
    model = onnx.load(path)
    graph = model.graph
    kept, halved, casts = [], [], []
    for tensor in graph.initializer:
        values = numpy_helper.to_array(tensor) if tensor.data_type == TensorProto.FLOAT else None
        if values is None or values.size < LEAST or np.abs(values).max() > np.finfo(np.float16).max:
            kept.append(tensor)
            continue
        half = f"{tensor.name}_half"
        halved.append(numpy_helper.from_array(values.astype(np.float16), half))
        casts.append(helper.make_node("Cast", [half], [tensor.name], to=TensorProto.FLOAT))
    nodes = list(graph.node)
    graph.ClearField("initializer")
    graph.initializer.extend([*kept, *halved])
    graph.ClearField("node")
    graph.node.extend([*casts, *nodes])
    onnx.checker.check_model(model)
    onnx.save(model, path)
    return len(halved)


def widen(model: onnx.ModelProto) -> None:
    """Make of what `store_in_half` wrote a graph of float32 constants again, in place."""
    graph = model.graph
    constants = {tensor.name: tensor for tensor in graph.initializer}
    nodes = []
    for node in graph.node:
        half = constants.get(node.input[0]) if node.op_type == "Cast" else None
        if half is None or half.data_type != TensorProto.FLOAT16:
            nodes.append(node)
            continue
        values = numpy_helper.to_array(constants.pop(half.name)).astype(np.float32)
        constants[node.output[0]] = numpy_helper.from_array(values, node.output[0])
    graph.ClearField("initializer")
    graph.initializer.extend(constants.values())
    graph.ClearField("node")
    graph.node.extend(nodes)
