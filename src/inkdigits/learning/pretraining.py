"""Pretraining: what a network learns before the first epoch of its run, a Keras fit an epoch.

In: an uncompiled network, and what makes an epoch's arrays. Out: the network trained in place, and a row of
metrics for each epoch.
"""

# Keras declares types that its own documentation contradicts (verbose: str).
# pyright: reportArgumentType=false, reportCallIssue=false

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
from rich.console import Console

from inkdigits.errors import RunError
from inkdigits.learning.feed import feed
from inkdigits.learning.optimizer import execution
from inkdigits.learning.progress import Watch, epoch_progress
from inkdigits.learning.recipe import Arrays


@dataclass(frozen=True)
class Plan:
    """How long and how fast: `count` examples an epoch; Adam's rate rises to `rate` over the first fifth of
    the steps, and then falls to 0 along a cosine.
    """

    count: int
    epochs: int
    batch_size: int
    rate: float


def fit_epochs(
    network: keras.Model,
    epoch: Callable[[int], Arrays],
    plan: Plan,
    loss: Any,
    run_folder: Path,
    metrics: tuple[Any, ...] = (),
) -> list[dict[str, float]]:
    """Train `network` on `epoch(0)`, `epoch(1)`, ..., and return each epoch's loss, metrics and seconds.

    RunError where the loss stops being a number; `run_folder` is named in its message.
    """
    _compile(network, plan, loss, metrics)
    history: list[dict[str, float]] = []
    with epoch_progress(Console(stderr=True)) as progress:
        total = plan.epochs * plan.count
        task = progress.add_task(network.name, total=total, speed="", loss="", last="")
        for index in range(plan.epochs):
            inputs, targets = epoch(index)
            watch = Watch(network, progress, task, index * plan.count, plan.batch_size, plan.count)
            start = time.perf_counter()
            batches = feed(inputs, targets, plan.batch_size)
            fitted = network.fit(**batches, shuffle=False, verbose=0, callbacks=[watch])
            row = {name: float(values[-1]) for name, values in fitted.history.items()}
            if watch.failed or not math.isfinite(row["loss"]):
                raise RunError(
                    f"{run_folder}: the loss of {network.name} is no longer a number in epoch {index + 1}; "
                    "train again with --precision float32, or with another --seed"
                )
            history.append({"epoch": index + 1, **row, "seconds": time.perf_counter() - start})
            progress.update(task, completed=(index + 1) * plan.count)
    return history


def _compile(network: keras.Model, plan: Plan, loss: Any, metrics: tuple[Any, ...]) -> None:
    steps = plan.epochs * math.ceil(plan.count / plan.batch_size)
    rate = keras.optimizers.schedules.CosineDecay(
        plan.rate / 25,
        math.ceil(0.8 * steps),
        warmup_target=plan.rate,
        warmup_steps=math.ceil(0.2 * steps),
    )
    network.compile(
        optimizer=keras.optimizers.Adam(rate),
        loss=loss,
        metrics=list(metrics),
        **execution(),
    )
