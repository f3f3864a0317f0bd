"""Training: epoch after epoch, a whole checkpoint after each.

In: a `TrainConfig` and a run folder. Out: the run folder, filled as `runs` says, and a `TrainResult`. The
same config on the same machine gives the same weights, also where the run was killed in between and resumed.
"""

# Keras declares types that its own documentation contradicts (verbose: str).
# pyright: reportArgumentType=false, reportCallIssue=false, reportReturnType=false

from __future__ import annotations

import math
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
from rich.console import Console

from inkdigits.errors import RunError
from inkdigits.learning import runs
from inkdigits.learning.config import TrainConfig
from inkdigits.learning.environment import environment
from inkdigits.learning.feed import Epochs, HostEpochs, measured
from inkdigits.learning.finishing import TrainResult, finish
from inkdigits.learning.makers import Maker, epoch_makers
from inkdigits.learning.optimizer import AveragedAdam, compile_model
from inkdigits.learning.precision import layers_of, suited
from inkdigits.learning.progress import Watch, epoch_progress
from inkdigits.learning.recipe import check_options
from inkdigits.learning.recipes import RECIPES, Arrays, Recipe, TrainingData
from inkdigits.learning.runs import Checkpoint


def train(
    config: TrainConfig,
    run_folder: Path,
    data_folder: Path,
    *,
    resume: bool = False,
    recipe: Recipe | None = None,
    console: Console | None = None,
    after_epoch: Callable[[int], None] | None = None,
    makers: int = 1,
) -> TrainResult:
    """Train `config.model` into `run_folder` and return how it ended.

    `recipe` stands in for the one that `config.model` names. With `resume` the run goes on from its last
    whole checkpoint, or begins where there is none. `after_epoch` is called with the number of whole epochs
    after each checkpoint. `makers` above 1 are processes that make the epochs' examples ahead, of a recipe of
    `RECIPES`. Raises RunError where the folder belongs to another run, holds a finished run, or
    exists without `resume`, where the loss stops being a number, and where the disk is full; DataError where
    data is missing or damaged.
    """
    recipe = recipe or RECIPES[config.model]
    console = console or Console(stderr=True)
    check_options(recipe, config)
    checkpoint = check_folder(config, run_folder, resume)
    data = recipe.prepare(config, data_folder)
    with runs.held(run_folder):
        open_folder(config, run_folder, data)
        keras.utils.set_random_seed(config.seed)
        if recipe.fit is not None:
            with console.status(f"{config.model}: fitting {data.count} images"):
                return _fit_whole(recipe.fit, recipe, data, config, run_folder)
        model = build(recipe, config)
        optimizer = compile_model(model, recipe, config, data)
        history: list[dict[str, Any]] = []
        if checkpoint is not None:
            _restore(model, optimizer, checkpoint, run_folder)
            history = list(checkpoint.history)
            console.print(
                f"{run_folder}: going on after epoch {checkpoint.epoch} of {config.epochs}", highlight=False
            )
        elif recipe.begin is not None:
            recipe.begin(model, config, data_folder, run_folder)
        try:
            runs.write_metrics(run_folder, tuple(history))
            with epoch_makers(data, config, data_folder, makers) as maker:
                epochs = learner(model, optimizer, recipe, config, data, maker)
                _run_epochs(model, optimizer, epochs, data, config, run_folder, history, console, after_epoch)
            optimizer.take_averages(model.trainable_variables)
            kept = recipe.build(config)
            kept.set_weights(model.get_weights())
            return _finish(model, kept, recipe, data, config, run_folder, history)
        except OSError as error:
            raise RunError(_unwritten(run_folder, error)) from error


def build(recipe: Recipe, config: TrainConfig) -> keras.Model:
    """The recipe's network with fresh weights, in the config's precision if that suits the machine."""
    with layers_of(config.precision):
        return recipe.build(config)


def check_folder(config: TrainConfig, folder: Path, resume: bool) -> Checkpoint | None:
    """Refuse a folder of another or a finished run; the checkpoint to go on from, None to begin."""
    if (folder / runs.CONFIG).exists():
        if not resume:
            raise RunError(
                f"{folder}: already holds a run; go on with --resume, or name another folder with --run"
            )
        before, now = TrainConfig.from_dict(runs.read_json(folder / runs.CONFIG)).to_dict(), config.to_dict()
        told = ", ".join(
            f"{name} {before[name]!r}, not {now[name]!r}" for name in now if before[name] != now[name]
        )
        if told:
            raise RunError(
                f"{folder}: the run there has {told}; resume it as it was begun, or name another folder"
            )
        if (folder / runs.RESULT).exists():
            raise RunError(f"{folder}: the run there is finished; there is nothing to resume")
        return runs.last_checkpoint(folder)
    if folder.is_dir() and any(path for path in folder.iterdir() if path.suffix != ".part"):
        raise RunError(f"{folder}: holds files and is no run folder; name an empty or new folder")
    return None


def open_folder(config: TrainConfig, folder: Path, data: TrainingData) -> None:
    """Record config, environment and data; refuse a run that learnt from other data."""
    record = {
        **environment(),
        "precision": suited(config.precision),
        "data": data.hashes,
        "sources": list(data.sources),
        "count": data.count,
    }
    try:
        if (folder / runs.ENVIRONMENT).exists():
            before = runs.read_json(folder / runs.ENVIRONMENT)
            if before.get("data") != data.hashes:
                raise RunError(f"{folder}: the run there learnt from other data; resume it with that data")
            record["resumed_from"] = before.get("commit")
        runs.write_json(folder / runs.CONFIG, config.to_dict())
        runs.write_json(folder / runs.ENVIRONMENT, record)
    except OSError as error:
        raise RunError(f"{folder}: cannot be written: {error.strerror or error}") from error


def _run_epochs(
    model: keras.Model,
    optimizer: AveragedAdam,
    epochs: Epochs,
    data: TrainingData,
    config: TrainConfig,
    folder: Path,
    history: list[dict[str, Any]],
    console: Console,
    after_epoch: Callable[[int], None] | None,
) -> None:
    """Train what is left of the epochs; `history` grows by one row each."""
    first = len(history)
    with epoch_progress(console) as progress:
        task = progress.add_task(
            config.model,
            total=config.epochs * data.count,
            completed=first * data.count,
            speed="",
            loss="",
            last="",
        )
        for index in range(first, config.epochs):
            progress.update(task, description=f"{config.model} epoch {index + 1}/{config.epochs}")
            watch = Watch(model, progress, task, index * data.count, config.batch_size, data.count)
            row = _run_epoch(model, optimizer, epochs, data, config, index, watch)
            if watch.failed or not math.isfinite(row["loss"]):
                raise RunError(_diverged(folder, index))
            history.append(row)
            arrays = {f"variable-{i}": np.asarray(value) for i, value in enumerate(_state(model, optimizer))}
            runs.save_checkpoint(folder, Checkpoint(index + 1, arrays, tuple(history)))
            runs.write_metrics(folder, tuple(history))
            progress.update(task, completed=(index + 1) * data.count, last=_summary(row))
            if not console.is_terminal:
                console.print(f"epoch {index + 1}/{config.epochs}  {_summary(row)}", highlight=False)
            if after_epoch is not None:
                after_epoch(index + 1)


def learner(
    model: keras.Model,
    optimizer: AveragedAdam,
    recipe: Recipe,
    config: TrainConfig,
    data: TrainingData,
    maker: Maker,
) -> Epochs:
    """What learns epoch after epoch, in the way that suits Keras's backend."""
    if keras.config.backend() == "jax" and data.warps is not None:
        from inkdigits.learning.device_epochs import DeviceEpochs

        return DeviceEpochs(model, optimizer, recipe.loss(config), config, data)
    return HostEpochs(model, config, maker)


def _run_epoch(
    model: keras.Model,
    optimizer: AveragedAdam,
    epochs: Epochs,
    data: TrainingData,
    config: TrainConfig,
    index: int,
    watch: Watch,
) -> dict[str, Any]:
    """One epoch and its validation, as the row of metrics.jsonl; times in seconds."""
    _seed_layers(model, config.seed, index)
    start = time.perf_counter()
    learnt = epochs.run(index, watch)
    seconds = time.perf_counter() - start
    row: dict[str, Any] = {"epoch": index + 1, **learnt}
    row["learning_rate"] = float(keras.ops.convert_to_numpy(optimizer.learning_rate))
    row |= {"seconds": seconds, "images_per_second": data.count / seconds}
    if data.validation is not None:
        start = time.perf_counter()
        row |= {f"val_{name}": value for name, value in _measure(model, optimizer, data.validation).items()}
        row["val_seconds"] = time.perf_counter() - start
    return row


def _measure(model: keras.Model, optimizer: AveragedAdam, arrays: Arrays) -> dict[str, float]:
    """Loss and metrics on `arrays`, without dropout, of the averaged weights where they are kept."""
    live = [np.asarray(value) for value in model.trainable_variables] if optimizer.use_ema else []
    optimizer.take_averages(model.trainable_variables)
    try:
        return measured(model, *arrays)
    finally:
        for variable, value in zip(model.trainable_variables, live, strict=False):
            variable.assign(value)


def _fit_whole(
    fit: Callable[[TrainConfig, TrainingData], keras.Model],
    recipe: Recipe,
    data: TrainingData,
    config: TrainConfig,
    folder: Path,
) -> TrainResult:
    """A network that is fitted at once: no epochs and no checkpoints, the same run folder at the end."""
    start = time.perf_counter()
    model = fit(config, data)
    seconds = time.perf_counter() - start
    model.compile(loss=recipe.loss(config), metrics=recipe.metrics())
    history = [{"epoch": 1, "seconds": seconds, "images_per_second": data.count / seconds}]
    runs.write_metrics(folder, tuple(history))
    return _finish(model, model, recipe, data, config, folder, history)


def _finish(
    model: keras.Model,
    kept: keras.Model,
    recipe: Recipe,
    data: TrainingData,
    config: TrainConfig,
    folder: Path,
    history: list[dict[str, Any]],
) -> TrainResult:
    """Measure the weights of `model`, and `finish` with `kept`."""
    train = measured(model, *data.plain) if data.plain is not None else {}
    validation = measured(model, *data.validation) if data.validation is not None else {}
    return finish(kept, train, validation, data, config, folder, history)


def _state(model: keras.Model, optimizer: AveragedAdam) -> list[Any]:
    """All variables that a checkpoint holds, in a fixed order: the model's weights, then the optimizer's."""
    return [*model.weights, *optimizer.variables]


def _restore(model: keras.Model, optimizer: AveragedAdam, checkpoint: Checkpoint, folder: Path) -> None:
    variables = _state(model, optimizer)
    shapes = [tuple(value.shape) for value in variables]
    saved = [checkpoint.arrays.get(f"variable-{i}") for i in range(len(checkpoint.arrays))]
    if [None if value is None else value.shape for value in saved] != shapes:
        raise RunError(
            f"{folder}: its checkpoint is of another network than this version builds; train it anew"
        )
    for variable, value in zip(variables, saved, strict=True):
        variable.assign(value)


def _seed_layers(model: keras.Model, seed: int, index: int) -> None:
    """Set the random state of dropout and its kind from (seed, epoch), so that a resumed epoch draws as it
    would have.
    """
    weights = {id(variable) for variable in model.weights}
    states = [
        variable
        for variable in model.variables
        if id(variable) not in weights and variable.path.endswith("seed_generator_state")
    ]
    for number, variable in enumerate(states):
        draw = np.random.SeedSequence((seed, index, number)).generate_state(int(np.prod(variable.shape)))
        variable.assign((draw & 0x7FFFFFFF).reshape(variable.shape).astype(variable.dtype))


def _diverged(folder: Path, index: int) -> str:
    return (
        f"{folder}: the loss is no longer a number in epoch {index + 1}, {_kept(folder)}; "
        "train again with a smaller --learning-rate, or with --precision float32"
    )


def _unwritten(folder: Path, error: OSError) -> str:
    return (
        f"{folder}: cannot be written: {error.strerror or error}; {_kept(folder)}; "
        "make room and go on with --resume"
    )


def _kept(folder: Path) -> str:
    last = runs.last_checkpoint(folder)
    return f"the last good checkpoint is that of epoch {last.epoch}" if last else "no epoch was completed"


def _summary(row: dict[str, Any]) -> str:
    named = {"accuracy": "train", "val_accuracy": "validation", "val_loss": "validation loss"}
    return "  ".join(f"{label} {row[name]:.4f}" for name, label in named.items() if name in row)
