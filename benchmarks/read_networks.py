"""How many images a second networks read on several runtimes: ours, in float32 and int8, and what others use.

    python benchmarks/read_networks.py --data DIR [--peer-python PYTHON] [--rounds 3] [--networks NAMES]

In: MNIST, on whose training images the ranges of int8 are fitted. Out: a table, and rows of
results/read_speed.json: each network, with one and two threads, at batches of 1, 8, 64 and 512 images. Ours
is ONNX Runtime in float32; its share of the machine's peak is that of a large product of float32 matrices,
timed in the same round. PyTorch and OpenVINO are another Python's,

    python3 -m venv ENVIRONMENT && ENVIRONMENT/bin/pip install torch onnx onnx2torch openvino

and without it there are no figures of theirs. Each runtime has a process of its own, and they take turns,
round by round. A figure is the median of the rounds, each of them the median of its calls. paper-cnn is built
and not trained: that changes no time.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

from common import RESULTS, commit, deviation, print_rows, result_row, told_by, write_results
from inkdigits.errors import DataError, InkdigitsError
from inkdigits.learning.sources import data_folder

TABLE = "Networks by runtime: images a second"
NETWORKS = ("paper-cnn", "light", "inkdigits-digits", "inkdigits-lines")
THREADS, BATCHES = (1, 2), (1, 8, 64, 512)
STRIP = (32, 160)  # pixels: a line of about seven digits
PREDICT, INT8 = "Keras predict", "int8"
# What the README calls it: the worker's name, which of a network's files it opens, and whether it is this
# Python's.
RUNTIMES = {
    "": ("onnx", "onnx", True),
    INT8: ("onnx", INT8, True),
    PREDICT: ("keras", "keras", True),
    "PyTorch": ("torch", "onnx", False),
    "TorchScript": ("torch-compiled", "onnx", False),
    "OpenVINO": ("openvino", "onnx", False),
}
TARGETS = {(PREDICT, 64): ">= 3", (PREDICT, 1): ">= 10", (INT8, 64): ">= 1.5"}
_WORKER = Path(__file__).resolve().with_name("runtime_worker.py")
_RANGES = 2000  # training images
_SECONDS = 600

# Images a second of each round, by network, runtime, threads and batch.
Speeds = dict[tuple[str, str, int, int], list[float]]


@dataclass(frozen=True)
class Network:
    """A network's files by kind, the shape of one image, and the multiply-adds of one."""

    name: str
    files: dict[str, Path]
    shape: tuple[int, int]
    multiply_adds: int


def main(arguments: list[str] | None = None) -> int:
    """Write the networks, time them, print and write the figures."""
    parser = argparse.ArgumentParser(description="Networks on several runtimes, side by side.")
    parser.add_argument("--data", type=Path, help="data folder (default: INKDIGITS_DATA)")
    parser.add_argument("--peer-python", type=Path, metavar="PYTHON", help="one that has torch and openvino")
    parser.add_argument("--rounds", type=int, default=3, help="(default %(default)s)")
    parser.add_argument("--networks", default=",".join(NETWORKS), help="(default %(default)s)")
    options = parser.parse_args(arguments)
    names = options.networks.split(",")
    if options.rounds < 1 or not set(names) <= set(NETWORKS):
        parser.error(f"--rounds must be at least 1, --networks some of {', '.join(NETWORKS)}")
    commit()
    load = os.getloadavg()[0]
    try:
        with tempfile.TemporaryDirectory() as folder:
            networks = list(write_networks(names, data_folder(options.data), Path(folder)))
            speeds, peaks, versions, absent = time_networks(networks, options.rounds, options.peer_python)
    except InkdigitsError as error:
        print(error, file=sys.stderr)
        return 1
    for message in absent:
        print(message)
    told = {"load_before": round(load, 2), "load_after": round(os.getloadavg()[0], 2), "versions": versions}
    rows = [*speed_rows(networks, speeds, peaks, told), *ratio_rows(speeds)]
    print_rows(rows, title=TABLE)
    write_results(RESULTS / "read_speed.json", rows)
    return 0


def write_networks(names: list[str], data: Path, folder: Path) -> Iterator[Network]:
    """The networks as files: ONNX in float32, the same in int8 where it reads glyphs, and Keras."""
    import numpy as np

    from inkdigits.learning.complexity import multiply_adds
    from inkdigits.learning.config import TrainConfig
    from inkdigits.learning.datasets import load_mnist
    from inkdigits.learning.export import export_model, float32_copy
    from inkdigits.learning.onnx_int8 import store_in_int8
    from inkdigits.learning.recipes import RECIPES
    from inkdigits.learning.training import build
    from inkdigits.reading.card import WEIGHTS

    ranges = load_mnist(data, "train").images[:_RANGES]
    for name in names:
        recipe = RECIPES[name]
        model = float32_copy(build(recipe, TrainConfig(name, **recipe.defaults)))
        files = {"keras": folder / f"{name}.keras", "onnx": folder / f"{name}.onnx"}
        model.save(files["keras"])
        shape = STRIP if recipe.kind == "line" else (28, 28)
        if (WEIGHTS / f"{name}.onnx").is_file():
            shutil.copy(WEIGHTS / f"{name}.onnx", files["onnx"])
        else:
            some = np.random.default_rng(0).integers(0, 256, (10, *shape), np.uint8)
            kind: Any = recipe.kind
            export_model(model, name, kind, recipe.classes, folder, some)
        if recipe.kind == "glyph":
            files[INT8] = folder / f"{name}-int8.onnx"
            store_in_int8(files["onnx"], files[INT8], ranges)
        width = STRIP[1] if recipe.kind == "line" else None
        yield Network(name, files, shape, multiply_adds(model, width))


def time_networks(
    networks: list[Network], rounds: int, peer_python: Path | None
) -> tuple[Speeds, dict[int, list[float]], dict[str, str], list[str]]:
    """Images a second, the machine's peak (GFLOPS) by threads, the runtimes' versions, and a line for each
    that could not be run.
    """
    speeds: Speeds = defaultdict(list)
    peaks: defaultdict[int, list[float]] = defaultdict(list)
    versions: dict[str, str] = {}
    absent: dict[tuple[str, str], str] = {}
    for _, threads in product(range(rounds), THREADS):
        peaks[threads].append(ask(Path(sys.executable), threads, "peak")["gflops"])
        for network, (title, (runtime, kind, own)) in product(networks, RUNTIMES.items()):
            python, file = Path(sys.executable) if own else peer_python, network.files.get(kind)
            if file is None or python is None or (network.name, title) in absent:
                continue
            try:
                told = ask(python, threads, runtime, file, network.shape)
            except DataError as error:
                absent[network.name, title] = f"{title or 'ONNX Runtime'}, {network.name}: {error}"
                continue
            versions[title] = told["version"]
            for size, seconds in told["seconds"].items():
                speed = int(size) / statistics.median(seconds)
                speeds[network.name, title, threads, int(size)].append(speed)
    return speeds, peaks, versions, list(absent.values())


def ask(
    python: Path, threads: int, runtime: str, file: Path | None = None, shape: tuple[int, int] = (28, 28)
) -> dict[str, Any]:
    """What the worker says. Raises DataError where the runtime is not there or cannot run the network."""
    command = [python, _WORKER, runtime, *([file] if file else [])]
    command += ["--threads", str(threads), "--batches", ",".join(map(str, BATCHES))]
    command += ["--shape", ",".join(map(str, shape))]
    limits = {name: str(threads) for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")}
    try:
        return told_by(command, seconds=_SECONDS, env=limits)
    except DataError as error:
        raise DataError(f"cannot be run ({str(error).splitlines()[-1]})") from error


def speed_rows(
    networks: list[Network], speeds: Speeds, peaks: dict[int, list[float]], told: dict[str, Any]
) -> list[dict[str, Any]]:
    """Images a second: a figure for each network, number of threads and batch, others beside ours."""
    rows = []
    for threads in THREADS:
        if peaks.get(threads):
            figure = f"largest matrix product, {_threads(threads)}"
            rows.append(_median_row(figure, peaks[threads], "GFLOPS", detail=told))
    for network, threads, size, title in product(networks, THREADS, BATCHES, RUNTIMES):
        found = speeds.get((network.name, title, threads, size))
        if not found:
            continue
        speed = statistics.median(found)
        work = 2 * network.multiply_adds * speed / 1e9
        detail = {
            "milliseconds_a_call": round(1000 * size / speed, 3),
            "share_of_peak": round(work / statistics.median(peaks[threads]), 3),
            **told,
        }
        figure = f"{network.name}, {_threads(threads)}, batch {size}" + (f", {title}" if title else "")
        rows.append(_median_row(figure, found, "/s", detail=detail))
    return rows


def ratio_rows(speeds: Speeds) -> list[dict[str, Any]]:
    """How many times as many images a second ours reads as Keras, and int8 as float32, with one thread."""
    rows = []
    for (title, size), target in TARGETS.items():
        for network in NETWORKS:
            ours, others = (speeds.get((network, kind, 1, size)) for kind in ("", title))
            if not ours or not others:
                continue
            over = [mine / theirs for mine, theirs in zip(ours, others, strict=True)]
            figure = f"{network}: over {PREDICT}, batch {size}"
            if title == INT8:
                over, figure = [1 / one for one in over], f"{network}: int8 over float32, batch {size}"
            rows.append(_median_row(figure, over, "times", target))
    return rows


def _threads(threads: int) -> str:
    return f"{threads} thread{'s'[: threads > 1]}"


def _median_row(
    figure: str,
    values: list[float],
    unit: str,
    target: str | None = None,
    detail: dict[str, Any] | None = None,
) -> dict[str, Any]:
    return result_row(
        figure,
        round(statistics.median(values), 2),
        n=len(values),
        unit=unit,
        sd=deviation(values),
        target=target,
        detail={"table": TABLE, "statistic": "median", **(detail or {})},
    )


if __name__ == "__main__":
    sys.exit(main())
