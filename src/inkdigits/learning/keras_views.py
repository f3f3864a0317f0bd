"""A trained network from inside. In: a Keras model of glyphs. Out: `Views`, with derivatives by its backend.

A float32 copy of the network takes pixels that are no whole numbers, and gives scores in place of a softmax.
"""

# Keras declares that its operations may return None, which they do not.
# pyright: reportArgumentType=false, reportAttributeAccessIssue=false, reportCallIssue=false
# pyright: reportOperatorIssue=false, reportOptionalOperand=false, reportOptionalSubscript=false

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import keras
import numpy as np
from keras import layers, ops

from inkdigits.learning.export import float32_copy
from inkdigits.learning.views import NO_FILTERS, NO_MAPS, SIDE, Filters, Views, in_batches

BATCH = 196
COPIES, NOISE = 12, 8.0  # Where there is no gradient: noisy copies, and their noise in steps of 255.
SMOOTHED = "its gradients are means over noisy copies: blank paper is a kink of its features"
LEAST = 1e-12  # Smaller probabilities have no logarithm worth having.
FOLLOWING = (layers.BatchNormalization, layers.ReLU, layers.LeakyReLU, layers.Activation)


class Step(NamedTuple):
    """A layer with what it gets and what it gives."""

    layer: Any
    input: Any
    output: Any


def open_keras(model: keras.Model, name: str, classes: tuple[str, ...]) -> Views:
    """The views of a model from glyphs (n, 28, 28) uint8 to probabilities (n, classes)."""
    plain = _float_copy(model)
    inner, remarks = _inner(plain)
    entry, steps = _steps(inner)
    planes = _planes(steps)
    filters = _filters(inner)
    look = keras.Model(entry, planes) if planes else None
    scores = _scores(plain)

    def target(layer: str | None) -> Callable[[Any], Any]:
        if layer is None:
            return lambda pixels: _log_odds(scores(pixels))
        part = keras.Model(entry, planes[layer])
        return lambda pixels: ops.mean(part(pixels, training=False), axis=(1, 2))

    def slopes(
        pixels: np.ndarray, of: np.ndarray, directions: np.ndarray, layer: str | None = None
    ) -> np.ndarray:
        gradients = 255 * input_gradient(target(layer), pixels * 255, of)
        if not np.isfinite(gradients).all():
            gradients = 255 * _smoothed_gradient(target(layer), pixels * 255, of)
        return gradients.reshape(len(pixels), -1) @ directions.reshape(len(directions), -1).T

    def maps(glyph: np.ndarray) -> dict[str, np.ndarray]:
        found = look((glyph * 255)[None], training=False) if look else {}
        return {layer: _numpy(found[layer])[0].transpose(2, 0, 1) for layer in planes}

    blank = input_gradient(target(None), np.zeros((1, SIDE, SIDE), np.float32), np.zeros(1, int))
    applies = (
        (NO_FILTERS, filters is None),
        (NO_MAPS, not planes),
        (SMOOTHED, not np.isfinite(blank).all()),
    )
    return Views(
        name=name,
        classes=classes,
        layers=tuple(planes),
        filters=filters,
        probabilities=lambda pixels: in_batches(
            lambda part: _numpy(plain(part * 255, training=False)), pixels.astype(np.float32), BATCH
        ),
        maps=maps,
        slopes=slopes,
        exact=True,
        remarks=(*remarks, *(remark for remark, true in applies if true)),
    )


def input_gradient(function: Callable[[Any], Any], inputs: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """The gradient of each example's target with respect to that example.

    Args:
        function: inputs (n, ...) as a tensor to (n, targets).
        inputs: (n, ...) float32.
        targets: (n,) int, which output of each example.
    """
    chosen = np.eye(int(targets.max()) + 1, dtype=np.float32)[targets]

    def total(tensor: Any) -> Any:
        outputs = function(tensor)
        return ops.sum(outputs[:, : chosen.shape[1]] * chosen)

    inputs = inputs.astype(np.float32)
    if keras.backend.backend() == "jax":
        import jax  # pyright: ignore[reportMissingImports]

        return np.asarray(jax.grad(total)(inputs))
    tensor = ops.convert_to_tensor(inputs)
    if keras.backend.backend() == "torch":
        import torch  # pyright: ignore[reportMissingImports]

        tensor = torch.as_tensor(tensor).clone().requires_grad_()
        return _numpy(torch.autograd.grad(total(tensor), tensor)[0])
    import tensorflow

    with tensorflow.GradientTape() as tape:
        tape.watch(tensor)
        result = total(tensor)
    return _numpy(tape.gradient(result, tensor))


def _smoothed_gradient(function: Callable[[Any], Any], inputs: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """The mean gradient at noisy copies of each example (Smilkov et al. 2017), which is there also
    where the function has a kink.
    """
    copies = np.repeat(inputs, COPIES, axis=0)
    copies = copies + NOISE * np.random.default_rng(0).normal(size=copies.shape)
    gradients = np.nan_to_num(input_gradient(function, copies, np.repeat(targets, COPIES)))
    return gradients.reshape(len(inputs), COPIES, *inputs.shape[1:]).mean(axis=1)


def _numpy(tensor: Any) -> np.ndarray:
    return np.asarray(ops.convert_to_numpy(tensor), np.float32)


def _float_copy(model: keras.Model) -> keras.Model:
    """The same network and weights for float32 inputs, computing in float32."""
    config = _float_inputs(keras.saving.serialize_keras_object(float32_copy(model)))
    config.pop("compile_config", None)
    copy: Any = keras.saving.deserialize_keras_object(config)
    copy.set_weights(model.get_weights())
    return copy


def _float_inputs(config: Any) -> Any:
    """A serialised Keras object whose inputs, and those of the networks in it, are float32."""
    if isinstance(config, dict):
        if config.get("class_name") == "InputLayer":
            return {**config, "config": {**config["config"], "dtype": "float32"}}
        return {key: _float_inputs(value) for key, value in config.items()}
    if isinstance(config, (list, tuple)):
        return type(config)(_float_inputs(value) for value in config)
    return config


def _inner(model: Any) -> tuple[Any, list[str]]:
    """The network whose layers are shown: of a committee its first member, as the remark then says."""
    members = [layer for layer in model.layers if isinstance(layer, keras.Model)]
    if not members:
        return model, []
    first = members[0]
    if tuple(first.input_shape) != tuple(model.input_shape):
        return model, []
    inner, deeper = _inner(first)
    shown = f"filters and feature maps are those of {first.name}, the first of its {len(members)} networks"
    return inner, deeper or [shown if len(members) > 1 else f"its layers are those of {first.name}"]


def _steps(model: Any) -> tuple[Any, list[Step]]:
    """A network's input, and its layers in order."""
    if not isinstance(model, keras.Sequential):
        layered = [layer for layer in model.layers if not isinstance(layer, layers.InputLayer)]
        return model.inputs[0], [Step(layer, layer.input, layer.output) for layer in layered]
    # A Sequential that was loaded was traced anew with each layer added: what lies between is traced here.
    entry = tensor = keras.Input(model.input_shape[1:], dtype="float32")
    steps = []
    for layer in model.layers:
        steps.append(Step(layer, tensor, layer(tensor)))
        tensor = steps[-1].output
    return entry, steps


def _in_a_plane(layer: Any, output: Any) -> bool:
    """Whether a layer learns from places in a plane, as convolutions do: maps out, weights over places."""
    return len(getattr(output, "shape", ())) == 4 and any(len(one.shape) >= 3 for one in layer.weights)


def _planes(steps: list[Step]) -> dict[str, Any]:
    """The maps of each such layer, (n, height, width, count), after what follows it directly."""
    after = {id(step.input): step for step in steps if isinstance(step.layer, FOLLOWING)}
    planes = {}
    for step in steps:
        if _in_a_plane(step.layer, step.output):
            end = step.output
            while id(end) in after:
                end = after[id(end)].output
            planes[step.layer.name] = end
    return planes


def _filters(model: Any) -> Filters | None:
    """Those of the first layer with a matrix of weights or more."""
    for layer in model.layers:
        kernels = [one for one in layer.weights if len(one.shape) >= 2]
        if not kernels:
            continue
        values = _numpy(kernels[0])
        if values.ndim == 4 and values.shape[2] == 1:
            return Filters(layer.name, np.moveaxis(values.reshape(*values.shape[:2], -1), 2, 0))
        if values.ndim == 2 and values.shape[0] == SIDE * SIDE and isinstance(layer, layers.Dense):
            return Filters(layer.name, values.T.reshape(-1, SIDE, SIDE))
        return None
    return None


def _log_odds(scores: Any) -> Any:
    """Each class's score over that of all others together: (n, classes) to the same."""
    itself = 1e9 * np.eye(scores.shape[1], dtype=np.float32)
    return scores - ops.logsumexp(scores[:, None] - itself, axis=2)


def _scores(model: Any) -> Callable[[Any], Any]:
    """The network up to its softmax; where it ends in none, the logarithm of its probabilities."""
    entry, steps = _steps(model)
    last: Any = steps[-1].layer
    before: Any
    softmax = getattr(last, "activation", None) is keras.activations.softmax
    if isinstance(last, layers.Softmax) or (softmax and isinstance(last, layers.Dense)):
        before = keras.Model(entry, steps[-1].input)
        if isinstance(last, layers.Softmax):
            return lambda pixels: before(pixels, training=False)
        weights: Any = last.kernel
        bias: Any = last.bias if last.use_bias else 0.0
        return lambda pixels: ops.matmul(before(pixels, training=False), weights) + bias
    return lambda pixels: ops.log(ops.maximum(model(pixels, training=False), LEAST))
