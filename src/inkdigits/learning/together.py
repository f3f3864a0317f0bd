"""Several seeds of one network, learnt side by side in one program on a GPU, under JAX.

In: one `TrainConfig`, and a run folder for each seed. Out: the run folders, finished as `training` finishes
one. A small network leaves most of a GPU idle, and ten of them take it hardly longer than one. Each learns
as it would alone, but for rounding and for what dropout draws.
"""

# Keras declares types that its own documentation contradicts.
# pyright: reportArgumentType=false, reportCallIssue=false

from __future__ import annotations

import time
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import jax
import keras
import numpy as np
from jax import numpy as jnp
from rich.console import Console

from inkdigits.errors import RunError
from inkdigits.learning import runs
from inkdigits.learning.config import TrainConfig
from inkdigits.learning.device_epochs import epoch_program, give, reading, state_of
from inkdigits.learning.finishing import finish
from inkdigits.learning.optimizer import AveragedAdam, compile_model
from inkdigits.learning.products import convolutions_as_products
from inkdigits.learning.progress import epoch_progress
from inkdigits.learning.recipe import Recipe, TrainingData
from inkdigits.learning.training import build, check_folder, open_folder

Learner = tuple[keras.Model, AveragedAdam]


def train_together(
    recipe: Recipe, config: TrainConfig, places: dict[int, Path], data_folder: Path, console: Console
) -> None:
    """Train `config` with each seed of `places` into the run folder there.

    Nothing is kept of a run that is interrupted: it begins again. RunError where a folder belongs to another
    run, where the recipe's epochs are not its images, shuffled and warped, where something else than epochs
    makes the network, and where a loss stops being a number.
    """
    if keras.config.backend() != "jax":
        raise RunError("seeds learn side by side under JAX only: set KERAS_BACKEND=jax")
    data = recipe.prepare(config, data_folder)
    if data.warps is None or data.plain is None or recipe.fit or recipe.begin:
        raise RunError(f"{recipe.name}: cannot learn side by side; train its seeds one by one")
    with ExitStack() as held:
        learners = []
        for seed, place in places.items():
            own = replace(config, seed=seed)
            check_folder(own, place, resume=True)
            held.enter_context(runs.held(place))
            open_folder(own, place, data)
            keras.utils.set_random_seed(seed)
            model = build(recipe, own)
            learners.append((model, compile_model(model, recipe, own, data)))
        histories = _learn(learners, list(places), recipe, config, data, console)
        read = reading(learners[0][0])
        for (seed, place), history, (model, optimizer) in zip(
            places.items(), histories, learners, strict=True
        ):
            optimizer.take_averages(model.trainable_variables)
            state = state_of(model, optimizer)
            kept = recipe.build(config)
            kept.set_weights(model.get_weights())
            train, validation = (
                {}
                if part is None
                else {"accuracy": float((read(state, part[0]) == part[1].argmax(axis=1)).mean())}
                for part in (data.plain, data.validation)
            )
            runs.write_metrics(place, tuple(history))
            finish(kept, train, validation, data, replace(config, seed=seed), place, history)


def _learn(
    learners: list[Learner],
    seeds: list[int],
    recipe: Recipe,
    config: TrainConfig,
    data: TrainingData,
    console: Console,
) -> list[list[dict[str, Any]]]:
    """All epochs of all; the rows of each one's metrics.jsonl. A row's seconds are those of all together,
    shared evenly.
    """
    model, optimizer = learners[0]
    plain, warps = data.plain, data.warps
    if plain is None or warps is None:
        raise ValueError("the epochs of this data are not its images, shuffled and warped")
    epoch = epoch_program(model, optimizer, recipe.loss(config), config.batch_size, warps)
    program = jax.jit(jax.vmap(epoch, in_axes=(0, 0, None, None)))
    arrays = tuple(jnp.asarray(part) for part in plain)
    state = jax.tree.map(lambda *values: jnp.stack(values), *(state_of(*learner) for learner in learners))
    keys = jnp.stack([jax.random.key(seed) for seed in seeds])
    histories: list[list[dict[str, Any]]] = [[] for _ in learners]
    with convolutions_as_products():
        program = program.lower(state, keys, *arrays).compile()
    with epoch_progress(console) as progress:
        total = config.epochs * data.count * len(seeds)
        task = progress.add_task(f"{config.model} x {len(seeds)}", total=total, speed="", loss="", last="")
        for index in range(config.epochs):
            start = time.perf_counter()
            own = jax.vmap(lambda key, index=index: jax.random.fold_in(key, index))(keys)
            state, losses, accuracies = program(state, own, *arrays)
            if not np.isfinite(losses := np.asarray(losses)).all():
                raise RunError(
                    f"{config.model}: the loss of seed {seeds[int(np.argmin(np.isfinite(losses)))]} is no "
                    f"longer a number in epoch {index + 1}; train again with a smaller learning rate"
                )
            seconds = (time.perf_counter() - start) / len(seeds)
            for history, loss, accuracy in zip(histories, losses, np.asarray(accuracies), strict=True):
                row = {"epoch": index + 1, "loss": float(loss), "accuracy": float(accuracy)}
                history.append({**row, "seconds": seconds, "images_per_second": data.count / seconds})
            progress.update(task, advance=data.count * len(seeds))
            if not console.is_terminal and (index + 1) % 10 == 0:
                told = f"loss {losses.mean():.4f}, {seconds:.3f} s a seed"
                console.print(f"epoch {index + 1}/{config.epochs}  {told}", highlight=False)
    for place, learner in enumerate(learners):
        give(jax.tree.map(lambda values, place=place: values[place], state), *learner)
    return histories
