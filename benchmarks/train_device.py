"""Training against the clock on a GPU: whole epochs as one compiled program, images and warps on the device.

    KERAS_BACKEND=jax python benchmarks/train_device.py --data DIR [--seeds 100] [--results FILE]

In: MNIST. Out: a table and rows in results/train_speed.json. The recipes are those of `train --fast` and of
its shorter kin, as `train_contestants.py` has them for a processor. What is timed of a training is everything
from the raw arrays in the computer's memory, uint8 images and labels, to the finished weights on the device:
the copy to it, shuffling, warps, all steps. Compilation, once for all seeds, and drawing the first weights
are timed apart. Accuracy is that of all 10,000 test images after the last epoch, scored once a seed.

Without a GPU the program runs on the processor, and says so.
"""

# Keras declares types that its own documentation contradicts.
# pyright: reportArgumentType=false, reportCallIssue=false

from __future__ import annotations

import argparse
import os
import statistics
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

os.environ.setdefault("KERAS_BACKEND", "jax")

import jax
import keras
import numpy as np

from common import RESULTS, commit, mean_row, print_rows, write_results
from inkdigits.errors import InkdigitsError
from inkdigits.learning.augment import Augmentation
from inkdigits.learning.config import TrainConfig
from inkdigits.learning.datasets import load_mnist
from inkdigits.learning.device_epochs import DeviceEpochs, reading, state_of
from inkdigits.learning.environment import gpu
from inkdigits.learning.optimizer import AveragedAdam, compile_model
from inkdigits.learning.recipes import RECIPES
from inkdigits.learning.sources import data_folder
from inkdigits.learning.training import build

# (per cent of the test images, epochs, whether digits are warped, seconds promised)
RACES = ((99.0, 1, False, 0.3), (99.15, 2, False, None), (99.5, 6, True, 1.5))
_WARM_UPS = 2  # trainings before the clock counts: the first calls load kernels
Row = dict[str, Any]


def main(arguments: list[str] | None = None) -> int:
    """Train all seeds of each race; print and write the figures."""
    parser = argparse.ArgumentParser(description="Training against the clock on a GPU.")
    parser.add_argument("--data", type=Path, help="data folder (default: INKDIGITS_DATA)")
    parser.add_argument("--seeds", type=int, default=100, help="trainings of each (default %(default)s)")
    parser.add_argument("--results", type=Path, default=RESULTS / "train_speed.json")
    options = parser.parse_args(arguments)
    if options.seeds < 1:
        parser.error("--seeds must be at least 1")
    commit()
    device = gpu(keras.config.backend()) or "a processor"
    rows = []
    try:
        folder = data_folder(options.data)
        for reach, epochs, is_warped, seconds in RACES:
            rows += race(reach, epochs, is_warped, seconds, options.seeds, folder, device)
            write_results(options.results, rows)
    except InkdigitsError as error:
        print(error, file=sys.stderr)
        return 1
    print_rows(rows, title=f"training against the clock, on {device}")
    return 0


def race(
    reach: float, epochs: int, is_warped: bool, promised: float | None, seeds: int, folder: Path, device: str
) -> list[Row]:
    """The rows of time and accuracy of so many trainings of `epochs` epochs each."""
    recipe = RECIPES["fast"]
    config = replace(TrainConfig("fast", **recipe.defaults), epochs=epochs, train_on_all=True)
    config = config if is_warped else replace(config, augmentation=Augmentation())
    data = recipe.prepare(config, folder)
    test = load_mnist(folder, "test")
    began = time.perf_counter()
    model = build(recipe, config)
    optimizer = compile_model(model, recipe, config, data)
    learning = DeviceEpochs(model, optimizer, recipe.loss(config), config, data)
    learning.compile()
    compiling = time.perf_counter() - began
    read = reading(model)
    blank = [np.asarray(variable.value) for variable in optimizer.variables]
    taken, right = [], []
    for seed in [*range(-_WARM_UPS, 0), *range(seeds)]:
        keras.utils.set_random_seed(abs(seed))
        model.set_weights(build(recipe, config).get_weights())
        for variable, value in zip(optimizer.variables, blank, strict=True):
            variable.assign(value)
        jax.block_until_ready([variable.value for variable in (*model.variables, *optimizer.variables)])
        seconds = _train(learning, model, optimizer, abs(seed), epochs)
        if seed >= 0:
            taken.append(seconds)
            classes = read(state_of(model, optimizer), test.images)
            right.append(100 * float((classes == test.labels).mean()))
    name = f"fast on {device}, to {reach:g} %"
    detail = {
        "epochs": epochs,
        "compile_seconds": round(compiling, 2),
        "median_seconds": round(statistics.median(taken), 4),
        "longest_seconds": round(max(taken), 4),
        "gpu": device,
    }
    target = None if promised is None else f"<= {promised}"
    return [
        mean_row(f"{name}: time", taken, 4, "s", target, detail),
        mean_row(f"{name}: MNIST test", right, 3, "%", f">= {reach:g}", {"gpu": device}),
    ]


def _train(
    learning: DeviceEpochs, model: keras.Model, optimizer: AveragedAdam, seed: int, epochs: int
) -> float:
    """Seconds of one training; its weights are the model's."""
    start = time.perf_counter()
    learning.begin(seed)
    for index in range(epochs):
        learning.run(index)
    optimizer.take_averages(model.trainable_variables)
    jax.block_until_ready([variable.value for variable in model.variables])
    return time.perf_counter() - start


if __name__ == "__main__":
    sys.exit(main())
