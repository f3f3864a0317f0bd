"""A network in integers from an ONNX file in float32. In: the file, glyphs to find ranges on. Out: an
`IntegerNetwork`.

The graph is read as a chain of convolutions with their ReLU, pools, sums and dense steps; batch normalisation
is folded by then. What a tensor may hold is fitted on the glyphs: the range that loses least, in squares, to
rounding and clipping. Weights take their range from their largest.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import onnxruntime

from inkdigits.errors import WeightsError
from inkdigits.learning.integer.graph import Graph, Operation, read_graph
from inkdigits.learning.integer.network import (
    SIGNED_ZERO,
    IntegerNetwork,
    Kind,
    Rescale,
    Step,
    Tensor,
)

_SHARES = np.linspace(0.4, 1.0, 25)  # of the largest value seen: ranges that are tried
_LEVELS = 127  # of a weight to either side
_SAMPLES = 2_000_000  # values of a tensor that ranges are fitted on


def quantise(path: Path, classes: tuple[str, ...], glyphs: np.ndarray) -> IntegerNetwork:
    """The network of `path` in integers; ranges are those of `glyphs` (n, 28, 28) uint8.

    Raises WeightsError where the graph holds something that has no integer form here.
    """
    graph = read_graph(path)
    values = _values(path, [one.output for one in graph.operations], glyphs)
    zero = round(graph.zero)
    if not 0 <= zero <= 255:
        raise WeightsError(f"{path}: it shifts grey levels by {-graph.zero:.4g}, beyond a byte")
    if zero != graph.zero:
        _correct(graph, zero)
    tensors = [Tensor((1, *glyphs.shape[1:]), graph.scale, zero)]
    places = {graph.glyph: 0}
    steps: list[Step] = []
    for number, operation in enumerate(graph.operations, start=1):
        inputs = tuple(places[name] for name in operation.inputs)
        places[operation.output] = number
        source = [tensors[place] for place in inputs]
        seen = values[operation.output]
        channels, height, width = (*seen.shape[1:], 1, 1)[:3]
        scale, zero = (source[0].scale, source[0].zero) if operation.kind == "max-pool" else _range(seen)
        output = Tensor((channels, height, width), scale, zero)
        last = number == len(graph.operations)
        steps.append(_step(operation, inputs, source, output, last))
        tensors.append(output)
    weights = graph.operations[-1].weights
    if graph.operations[-1].kind != "dense" or weights is None or len(weights) != len(classes):
        raise WeightsError(f"{path}: it does not end with a dense layer of {len(classes)} classes")
    logit_scale = tensors[steps[-1].inputs[0]].scale * _weight_scales(weights, "dense")[0]
    return IntegerNetwork(path.stem, classes, tensors[0], tuple(steps), float(logit_scale))


def _correct(graph: Graph, zero: int) -> None:
    """Count grey levels from `zero`, a whole one: what is missing goes into the biases. Padding, which is 0
    exactly, then has that part of a grey level.
    """
    missing = (zero - graph.zero) * graph.scale
    for operation in graph.operations:
        if graph.glyph in operation.inputs and operation.weights is not None:
            sums = operation.weights.reshape(len(operation.weights), -1).sum(axis=1)
            operation.bias = missing * sums + (0 if operation.bias is None else operation.bias)


def _step(step: Operation, inputs: tuple[int, ...], source: list[Tensor], output: Tensor, last: bool) -> Step:
    made = Step(step.kind, inputs, output, **step.geometry)
    if step.kind == "max-pool":
        return made
    if step.kind == "add":
        ratios = np.array([one.scale / output.scale for one in source])
        shift = Rescale.by(ratios.max(keepdims=True)).shift
        factors = [np.array([round(ratio * 2.0 ** int(shift[0]))]) for ratio in ratios]
        return replace(made, rescales=tuple(Rescale(factor, shift) for factor in factors))
    if step.kind == "mean":
        places = source[0].shape[1] * source[0].shape[2]
        ratio = source[0].scale / (places * output.scale)
        return replace(made, rescales=(Rescale.by(np.full(output.shape[0], ratio)),))
    if step.weights is None:
        raise ValueError(f"{step.output}: a {step.kind} without weights")
    weights = step.weights
    if step.places_first:
        maps, height, width = source[0].shape
        weights = weights.reshape(-1, height, width, maps).transpose(0, 3, 1, 2).reshape(len(weights), -1)
    scales = _weight_scales(weights, step.kind)
    if not last:
        # Two layers that share weights, and differ in how their maps are normalised, share integers then.
        scales = scales * _signs(weights)
    per_map = scales.reshape(-1, *[1] * (weights.ndim - 1))
    units = source[0].scale * scales
    return replace(
        made,
        weights=np.round(weights / per_map).astype(np.int8),
        bias=None if step.bias is None else np.round(step.bias / units).astype(np.int32),
        rescales=() if last else (Rescale.by(units / output.scale),),
    )


def _weight_scales(weights: np.ndarray, kind: Kind) -> np.ndarray:
    """One for each output map, (out,); of a dense step all alike, so that its sums can be compared."""
    largest = np.abs(weights.reshape(len(weights), -1)).max(axis=1)
    if kind == "dense":
        largest = np.full_like(largest, largest.max())
    return np.maximum(largest, np.finfo(np.float32).tiny * 1e6).astype(np.float64) / _LEVELS


def _signs(weights: np.ndarray) -> np.ndarray:
    """1 or -1 for each output map, (out,): the sign of its largest weight."""
    flat = weights.reshape(len(weights), -1)
    largest = np.take_along_axis(flat, np.abs(flat).argmax(axis=1, keepdims=True), axis=1)[:, 0]
    return np.where(largest < 0, -1, 1)


def _range(values: np.ndarray) -> tuple[float, int]:
    """(scale, zero) of a tensor that held `values`: those whose bytes lose least, in squares."""
    flat = values.reshape(-1)[:: max(1, values.size // _SAMPLES)].astype(np.float64)
    low, high, zero = (-_LEVELS, _LEVELS, SIGNED_ZERO) if flat.min() < 0 else (0, 255, 0)
    largest = float(np.abs(flat).max())
    if largest == 0:
        return 1.0, zero

    def loss(scale: float) -> float:
        return float(((np.clip(np.round(flat / scale), low, high) * scale - flat) ** 2).sum())

    return min((largest * float(share) / high for share in _SHARES), key=loss), zero


def _values(path: Path, names: list[str], glyphs: np.ndarray) -> dict[str, np.ndarray]:
    """What each named tensor holds when the network sees `glyphs`, (n, channels, ...) float32."""
    model = onnx.load(path)
    del model.graph.output[:]
    model.graph.output.extend(onnx.helper.make_empty_tensor_value_info(name) for name in names)
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
    found = session.run(None, {session.get_inputs()[0].name: glyphs})
    return {name: np.asarray(value) for name, value in zip(names, found, strict=True)}
