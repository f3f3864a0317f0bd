"""Who makes the examples of epochs to come, while one is learnt: a thread, or processes of their own.

In: `TrainingData`, or the config that it is prepared from. Out: each epoch's arrays, as futures.
"""

from __future__ import annotations

import contextlib
import functools
import json
import multiprocessing
import os
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import cv2

from inkdigits.learning.config import TrainConfig
from inkdigits.learning.recipe import Arrays, TrainingData

Prepare = Callable[[TrainConfig, Path], TrainingData]


@dataclass(frozen=True)
class Maker:
    """`begin(index)` begins to make an epoch; `ahead` is how many epochs it is worth beginning ahead."""

    begin: Callable[[int], Future[Arrays]]
    ahead: int


def _prepare(config: TrainConfig, data_folder: Path) -> TrainingData:
    from inkdigits.learning.recipes import RECIPES

    return RECIPES[config.model].prepare(config, data_folder)


@contextlib.contextmanager
def epoch_makers(
    data: TrainingData,
    config: TrainConfig,
    data_folder: Path,
    processes: int = 1,
    prepare: Prepare = _prepare,
) -> Iterator[Maker]:
    """A thread that calls `data.epoch`; with `processes` above 1 so many processes, each with what `prepare`
    gives it: what the recipe that `config` names prepares. The arrays are the same.
    """
    if processes < 2:
        with ThreadPoolExecutor(1) as thread:
            yield Maker(lambda index: thread.submit(data.epoch, index), 1)
        return
    told = json.dumps(config.to_dict())
    context = multiprocessing.get_context("spawn")
    with _without_gpu(), ProcessPoolExecutor(processes, context, initializer=_begin) as pool:
        try:
            yield Maker(lambda index: pool.submit(_make, prepare, told, data_folder, index), processes)
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


@contextlib.contextmanager
def _without_gpu() -> Iterator[None]:
    """Processes that begin within it take no GPU from the one that learns."""
    before = os.environ.get("JAX_PLATFORMS")
    os.environ["JAX_PLATFORMS"] = "cpu"
    try:
        yield
    finally:
        if before is None:
            del os.environ["JAX_PLATFORMS"]
        else:
            os.environ["JAX_PLATFORMS"] = before


def _begin() -> None:
    cv2.setNumThreads(1)


def _make(prepare: Prepare, config: str, data_folder: Path, index: int) -> Arrays:
    return _prepared(prepare, config, data_folder).epoch(index)


@functools.cache
def _prepared(prepare: Prepare, config: str, data_folder: Path) -> TrainingData:
    """Prepared once a process."""
    return prepare(TrainConfig.from_dict(json.loads(config)), data_folder)
