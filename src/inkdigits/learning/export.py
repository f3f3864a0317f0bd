"""Export: a trained Keras network becomes an ONNX file with its card, once ONNX Runtime agrees with Keras.

In: a finished run folder, or any Keras model with inputs to compare on. Out: NAME.onnx and NAME.card.json.
The scaling of pixels is in the graph, the batch (and a line's width) is dynamic, the computation is float32
whatever it was trained in.
"""

# Keras declares types that its own documentation contradicts (verbose: str).
# pyright: reportArgumentType=false, reportCallIssue=false, reportReturnType=false

from __future__ import annotations

import os
import tempfile
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np

from inkdigits.errors import RunError, WeightsError
from inkdigits.learning import runs
from inkdigits.learning.averaging import averaged
from inkdigits.learning.calibration import choose_threshold, fit_temperature
from inkdigits.learning.config import TrainConfig
from inkdigits.learning.environment import commit
from inkdigits.learning.feed import measured
from inkdigits.learning.half import store_in_half
from inkdigits.learning.line_calibration import calibrate_lines
from inkdigits.learning.recipes import RECIPES, Recipe, TrainingData
from inkdigits.reading.card import Card, Kind, file_sha256, save_card
from inkdigits.reading.decoder import soften
from inkdigits.reading.glyph import NORMALISER_VERSION

PARITY_COUNT = 1000
PARITY_LIMIT = 1e-4
HALF_PARITY_LIMIT = 2e-2  # of weights with 11 significant bits
INPUT_NAMES = {"glyph": "glyphs", "line": "strips"}
OUTPUT_NAME = "probabilities"
# Of the readings above the threshold, one in a thousand may be wrong on the validation part.
ACCEPTED_RISK = 0.001
ACCEPTED_LINE_RISK = 0.05  # held-out synthetic lines are harder than life: some cannot be read by anyone


def export_run(
    run_folder: Path,
    data_folder: Path,
    out_folder: Path | None = None,
    *,
    threshold: float | None = None,
    recipe: Recipe | None = None,
    half: bool = False,
    average: Path | None = None,
) -> Path:
    """Export a finished run to `out_folder` (default: the run folder itself); returns the ONNX file's path.

    Temperature and threshold are fitted on the validation part of a glyph network (Guo et al. 2017); a run
    that learnt from all its data has none, and keeps temperature 1 and threshold 0.5 where no `threshold` is
    given. `average` is an exported network, such as the one that the run began from: what is exported then
    has the mean of both networks' weights. Raises RunError where the run is not finished, WeightsError where
    ONNX Runtime and Keras disagree.
    """
    model, config = load_run(run_folder)
    recipe = recipe or RECIPES[config.model]
    data = recipe.prepare(config, data_folder)
    result = runs.read_json(run_folder / runs.RESULT)
    record = runs.read_json(run_folder / runs.ENVIRONMENT)
    metrics = {name: result[name] for name in ("train", "validation") if result[name]}
    settings = config.to_dict()
    if "begin_from" in config.options:
        # A card is read elsewhere: where the file lay means nothing there.
        settings["options"] = {**config.options, "begin_from": Path(config.options["begin_from"]).name}
    if average is not None:
        model = averaged(model, average, _parity_inputs(data))
        metrics = {}
        if data.validation is not None:
            model.compile(loss=recipe.loss(config), metrics=recipe.metrics())
            metrics["validation"] = measured(model, *data.validation)
        settings["averaged_with_sha256"] = file_sha256(average)
    if recipe.kind == "glyph":
        temperature, chosen = _calibrate(model, data)
    else:
        temperature, chosen, found = _calibrate_lines(model, data)
        if found:
            metrics["validation"] = {**metrics.get("validation", {}), **found}
    return export_model(
        model,
        config.model,
        recipe.kind,
        recipe.classes,
        out_folder or run_folder,
        _parity_inputs(data),
        training_data=record["sources"],
        metrics=metrics,
        threshold=chosen if threshold is None else threshold,
        temperature=temperature,
        recipe=settings,
        created_from_commit=record["commit"],
        half=half,
    )


def load_run(run_folder: Path) -> tuple[keras.Model, TrainConfig]:
    """The network of a finished run, in float32, with the weights it ended with, and what the run was told to
    do.
    """
    if not (run_folder / runs.CONFIG).is_file():
        raise RunError(f"{run_folder}: no run folder: it has no {runs.CONFIG}")
    config = TrainConfig.from_dict(runs.read_json(run_folder / runs.CONFIG))
    if not (run_folder / runs.RESULT).is_file():
        raise RunError(
            f"{run_folder}: the run is not finished; finish it with `inkdigits train {config.model} --resume`"
        )
    try:
        model = keras.saving.load_model(run_folder / runs.MODEL, compile=False)
    except (OSError, ValueError) as error:
        raise RunError(f"{run_folder / runs.MODEL}: cannot be loaded: {error}") from error
    return model, config


def export_model(
    model: keras.Model,
    name: str,
    kind: Kind,
    classes: Sequence[str],
    out_folder: Path,
    sample_inputs: np.ndarray,
    *,
    training_data: Sequence[dict[str, Any]] = (),
    metrics: dict[str, Any] | None = None,
    threshold: float = 0.5,
    temperature: float = 1.0,
    recipe: dict[str, Any] | None = None,
    created_from_commit: str | None = None,
    half: bool = False,
) -> Path:
    """Write NAME.onnx and its card to `out_folder` and return the ONNX file's path.

    `model` maps (n, 28, 28) uint8 to (n, classes), or (n, height, width) uint8 to (n, steps, classes).
    `sample_inputs` are inputs on which ONNX Runtime must agree with Keras to 1e-4; WeightsError where they do
    not, and then nothing is written. With `half`, weights are stored as float16, and must agree to 0.02.
    """
    if len(sample_inputs) == 0:
        raise WeightsError(f"{name}: nothing to compare ONNX Runtime with Keras on")
    plain = float32_copy(model)
    out_folder.mkdir(parents=True, exist_ok=True)
    target = out_folder / f"{name}.onnx"
    with tempfile.TemporaryDirectory(dir=out_folder, prefix=".export-") as scratch:
        draft = Path(scratch) / target.name
        plain(sample_inputs[:1])  # Keras exports no model that was never called.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)  # Keras's own look at NumPy's retired names.
            plain.export(draft, format="onnx", verbose=False)
        _name_ends(draft, INPUT_NAMES[kind])
        if half:
            store_in_half(draft)
        difference, limit = parity(draft, plain, sample_inputs), HALF_PARITY_LIMIT if half else PARITY_LIMIT
        # Not `>`: a difference that is no number must not pass.
        if not difference <= limit:
            raise WeightsError(
                f"{name}: ONNX Runtime and Keras differ by {difference:.2g} on {len(sample_inputs)} inputs, "
                f"over {limit}; not exported (under KERAS_BACKEND=tensorflow it is known to work)"
            )
        os.replace(draft, target)
    shape = tuple(None if size is None else int(size) for size in model.input_shape[1:])
    card = Card(
        name=name,
        kind=kind,
        sha256=file_sha256(target),
        normaliser_version=NORMALISER_VERSION,
        classes=tuple(classes),
        input_shape=shape,
        training_data=tuple(training_data),
        metrics={
            **(metrics or {}),
            "onnx_keras_difference": difference,
            "onnx_keras_inputs": len(sample_inputs),
        },
        threshold=threshold,
        temperature=temperature,
        recipe=recipe or {},
        created_from_commit=created_from_commit or commit(),
    )
    save_card(card, target)
    return target


def float32_copy(model: keras.Model) -> keras.Model:
    """The same network and weights with every layer computing in float32; the model itself where it already
    does.
    """
    config: Any = keras.saving.serialize_keras_object(model)
    config.pop("compile_config", None)
    plain = _in_float32(config)
    if plain == config:
        return model
    copy = keras.saving.deserialize_keras_object(plain)
    copy.set_weights(model.get_weights())
    return copy


def parity(onnx_path: Path, model: keras.Model, inputs: np.ndarray) -> float:
    """The largest absolute difference between ONNX Runtime's and Keras's outputs on `inputs`; inf for other
    shapes.
    """
    import onnxruntime

    session = onnxruntime.InferenceSession(str(onnx_path), providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    largest = 0.0
    for start in range(0, len(inputs), 250):
        batch = inputs[start : start + 250]
        ours = np.asarray(session.run(None, {name: batch})[0])
        theirs = model.predict(batch, batch_size=len(batch), verbose=0)
        if ours.shape != theirs.shape:
            return float("inf")
        difference = float(np.abs(ours - theirs).max())
        # Not max(): it would lose a NaN.
        largest = difference if not difference <= largest else largest
    return largest


def _calibrate(model: keras.Model, data: TrainingData) -> tuple[float, float]:
    """(temperature, threshold), fitted on the validation part; 1 and 0.5 where there is none."""
    if data.validation is None:
        return 1.0, 0.5
    inputs, targets = data.validation
    outputs = model.predict(inputs, batch_size=1024, verbose=0)
    labels = targets.argmax(axis=1) if targets.ndim == 2 else targets
    temperature = fit_temperature(outputs, labels)
    softened = soften(outputs, temperature)
    right = softened.argmax(axis=1) == labels
    return temperature, choose_threshold(softened.max(axis=1), right, ACCEPTED_RISK)


def _calibrate_lines(model: keras.Model, data: TrainingData) -> tuple[float, float, dict[str, float]]:
    """(temperature, threshold, the share of held-out lines read exactly, if lines were held out)."""
    if data.validation is None:
        return 1.0, 0.5, {}
    inputs, targets = data.validation
    outputs = model.predict(inputs, batch_size=250, verbose=0)
    temperature, threshold, exact = calibrate_lines(outputs, targets, ACCEPTED_LINE_RISK)
    return temperature, threshold, {"lines_exact": exact}


def _parity_inputs(data: TrainingData) -> np.ndarray:
    """1,000 inputs to compare on: held-out ones where there are, else inputs of the first epoch."""
    inputs = data.validation[0] if data.validation is not None else data.epoch(0)[0]
    if len(inputs) < PARITY_COUNT:
        inputs = np.concatenate([inputs, data.epoch(0)[0]])
    if len(inputs) < PARITY_COUNT:
        raise RunError(
            f"{len(inputs)} images are too few: ONNX Runtime is compared with Keras on {PARITY_COUNT}"
        )
    return inputs[:PARITY_COUNT]


def _in_float32(config: Any) -> Any:
    """A serialised Keras object with every mixed-precision policy replaced by float32."""
    if isinstance(config, dict):
        if config.get("class_name") in ("DTypePolicy", "FloatDTypePolicy"):
            name = str(config["config"]["name"]).removeprefix("mixed_")
            if name in ("bfloat16", "float16"):
                return {**config, "config": {**config["config"], "name": "float32"}}
        return {key: _in_float32(value) for key, value in config.items()}
    if isinstance(config, (list, tuple)):
        return type(config)(_in_float32(value) for value in config)
    return "float32" if config in ("mixed_bfloat16", "mixed_float16") else config


def _name_ends(path: Path, input_name: str) -> None:
    """Give the graph's input and output the names that the reading half knows, and its dynamic axes readable
    ones.
    """
    import onnx

    model = onnx.load(path)
    graph = model.graph
    if len(graph.input) != 1 or len(graph.output) != 1:
        raise WeightsError(
            f"{path.stem}: {len(graph.input)} inputs and {len(graph.output)} outputs; one each is needed"
        )
    renamed = {graph.input[0].name: input_name, graph.output[0].name: OUTPUT_NAME}
    for node in graph.node:
        for names in (node.input, node.output):
            for index, name in enumerate(names):
                names[index] = renamed.get(name, name)
    for end, axes in (
        (graph.input[0], ("n", "height", "width")),
        (graph.output[0], ("n", "steps", "classes")),
    ):
        end.name = renamed[end.name]
        for axis, size in zip(axes, end.type.tensor_type.shape.dim, strict=False):
            if not size.HasField("dim_value"):
                size.dim_param = axis
    onnx.checker.check_model(model)
    onnx.save(model, path)
