"""An exported network from inside. In: an ONNX file and its card. Out: `Views`, by ONNX Runtime alone.

A copy of the graph takes pixels that are no whole numbers and puts out whatever is asked for. ONNX Runtime
computes no derivatives: slopes are differences, many in one batch.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
from onnx import numpy_helper

from inkdigits.errors import RunError, WeightsError
from inkdigits.learning.views import NO_FILTERS, NO_MAPS, SIDE, Filters, Views, in_batches
from inkdigits.reading.card import load_card
from inkdigits.reading.decoder import soften
from inkdigits.reading.glyph import NORMALISER_VERSION

BATCH = 64  # Larger ones leave the processor's cache.
STEP = 0.02  # Of full ink, the most that a pixel changes in a difference.
# What may stand between a convolution and what its map is taken to be.
FOLLOWING = frozenset({"Add", "Mul", "BatchNormalization", "Relu", "LeakyRelu", "Clip", "Tanh", "Sigmoid"})


def open_onnx(path: Path) -> Views:
    """The views of an ONNX file with its card.

    Raises WeightsError for weights that do not belong to their card, RunError for those that read lines.
    """
    card = load_card(path, NORMALISER_VERSION)
    if card.kind != "glyph":
        raise RunError(f"{path}: reads whole lines; explain looks into networks that read one glyph")
    model = onnx.load(path)
    entry = model.graph.input[0]
    entry.type.tensor_type.elem_type = onnx.TensorProto.FLOAT
    del model.graph.value_info[:]  # They tell the types of whole numbers.
    output = model.graph.output[0].name
    maps = _maps(model.graph)
    filters = _filters(model.graph)
    softmax = next(
        (node for node in model.graph.node if output in node.output and node.op_type == "Softmax"), None
    )
    read = _Session(model, [output])
    look = _Session(model, list(maps.values())) if maps else None
    targets: dict[str | None, _Session] = {None: _Session(model, [softmax.input[0]]) if softmax else read}

    def values(pixels: np.ndarray, layer: str | None) -> np.ndarray:
        if layer not in targets:
            targets[layer] = _Session(model, [maps[str(layer)]])
        found = in_batches(lambda part: targets[layer].run(part)[0], pixels, BATCH)
        if layer is not None:
            return found.mean(axis=(2, 3))
        return log_odds(found if softmax else np.log(np.maximum(found, 1e-12)))

    def slopes(
        pixels: np.ndarray, of: np.ndarray, directions: np.ndarray, layer: str | None = None
    ) -> np.ndarray:
        steps = STEP / np.abs(directions).max(axis=(1, 2))
        moved = pixels[:, None] + steps[:, None, None] * directions
        every = np.concatenate([pixels[:, None], moved], axis=1).reshape(-1, SIDE, SIDE)
        found = values(every.astype(np.float32), layer).reshape(len(pixels), len(directions) + 1, -1)
        chosen = np.take_along_axis(found, of[:, None, None], axis=2)[:, :, 0]
        return ((chosen[:, 1:] - chosen[:, :1]) / steps).astype(np.float32)

    return Views(
        name=card.name,
        classes=card.classes,
        layers=tuple(maps),
        filters=filters,
        probabilities=lambda pixels: soften(
            in_batches(lambda part: read.run(part)[0], pixels, BATCH), card.temperature
        ),
        maps=lambda glyph: dict(
            zip(maps, (one[0] for one in look.run(glyph[None])) if look else (), strict=True)
        ),
        slopes=slopes,
        exact=False,
        remarks=tuple(remark for remark, there in ((NO_FILTERS, filters), (NO_MAPS, maps)) if not there),
    )


class _Session:
    """A copy of the graph with outputs of its own; it owns an ONNX Runtime session."""

    def __init__(self, model: onnx.ModelProto, outputs: list[str]) -> None:
        copy = onnx.ModelProto()
        copy.CopyFrom(model)
        kept = {one.name: one for one in copy.graph.output}
        ends = [kept.get(name) or onnx.ValueInfoProto(name=name) for name in outputs]
        del copy.graph.output[:]
        copy.graph.output.extend(ends)
        self._outputs, self._input = outputs, copy.graph.input[0].name
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 3
        try:
            self._session: Any = onnxruntime.InferenceSession(
                copy.SerializeToString(), options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:  # ONNX Runtime raises a class of its own for each cause
            raise WeightsError(f"{model.graph.name}: cannot be looked into: {error}") from error

    def run(self, pixels: np.ndarray) -> list[np.ndarray]:
        """Pixels (n, 28, 28) in [0, 1] to the outputs; the graph itself takes 0 to 255."""
        return self._session.run(self._outputs, {self._input: (pixels * 255).astype(np.float32)})


def log_odds(scores: np.ndarray) -> np.ndarray:
    """Each class's score over that of all others together: (n, classes) to the same."""
    others = np.repeat(scores[:, None], scores.shape[1], axis=1)
    np.einsum("nii->ni", others)[:] = -np.inf
    most = others.max(axis=2)
    return scores - most - np.log(np.exp(others - most[:, :, None]).sum(axis=2))


def _maps(graph: onnx.GraphProto) -> dict[str, str]:
    """The output that holds each convolution's maps (n, count, height, width), by a name for the layer."""
    users: dict[str, list[Any]] = {}
    for node in graph.node:
        for name in node.input:
            users.setdefault(name, []).append(node)
    constants = {one.name for one in graph.initializer}
    found = {}
    for node in (one for one in graph.node if one.op_type == "Conv"):
        name = node.output[0]
        while len(users.get(name, ())) == 1 and _follows(users[name][0], name, constants):
            name = users[name][0].output[0]
        found[f"convolution_{len(found) + 1}"] = name
    return found


def _follows(node: Any, name: str, constants: set[str]) -> bool:
    """Whether a node is part of the layer before it: it changes its values one by one, by constants."""
    others = [one for one in node.input if one != name]
    return node.op_type in FOLLOWING and all(one in constants for one in others)


def _filters(graph: onnx.GraphProto) -> Filters | None:
    """The first weights: a convolution's over one channel, or those of a product with all pixels."""
    weights = {one.name: one for one in graph.initializer}
    for node in graph.node:
        if node.op_type not in ("Conv", "MatMul", "Gemm"):
            continue
        if len(node.input) < 2 or node.input[1] not in weights:
            return None
        values = numpy_helper.to_array(weights[node.input[1]]).astype(np.float32)
        if node.op_type == "Conv":
            return (
                Filters("convolution_1", values[:, 0]) if values.ndim == 4 and values.shape[1] == 1 else None
            )
        turned = any(one.name == "transB" and one.i for one in node.attribute)
        values = values.T if turned else values
        whole = values.ndim == 2 and values.shape[0] == SIDE * SIDE
        return Filters("first layer", values.T.reshape(-1, SIDE, SIDE)) if whole else None
    return None
