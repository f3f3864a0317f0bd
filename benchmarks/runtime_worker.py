"""One network on one runtime, in a process of its own: how long a batch takes. Others' runtimes need no more
than NumPy beside them.

    python benchmarks/runtime_worker.py RUNTIME FILE --shape 28,28 --threads N --batches 1,8,64,512

In: an ONNX file, or a Keras model for "keras". Out: one line of JSON, {"version": the runtime's name and
version, "seconds": {"64": [one call's, ...], ...}}. Inputs are uint8, random, the same for all; every batch
size is called before the clock starts. "peak" multiplies two large float32 matrices instead, and its line is
{"version", "gflops"}: what the machine can do.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

# Maps images (n, height, width) uint8 to scores, whatever holds them.
Call = Callable[[np.ndarray], Any]

_SECONDS = 0.6  # for each batch size
_CALLS = 3  # at least
_SIDE = 2048  # of the matrices
_PRODUCTS = 7


def open_onnx(path: Path, threads: int) -> tuple[str, Call]:
    """ONNX Runtime, opened as the reader opens it."""
    import onnxruntime

    from inkdigits.reading.recogniser import open_session

    session = open_session(path, threads)
    name = session.get_inputs()[0].name
    return f"ONNX Runtime {onnxruntime.__version__}", lambda images: session.run(None, {name: images})


def open_keras(path: Path, threads: int) -> tuple[str, Call]:
    """`Model.predict` under TensorFlow, as Keras's documentation has it."""
    os.environ.setdefault("KERAS_BACKEND", "tensorflow")
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    import keras
    import tensorflow

    from inkdigits.learning.models.normalisation import FusedBatchNormalization

    tensorflow.config.threading.set_intra_op_parallelism_threads(threads)
    tensorflow.config.threading.set_inter_op_parallelism_threads(threads)
    ours = {FusedBatchNormalization.__name__: FusedBatchNormalization}
    model: Any = keras.saving.load_model(path, custom_objects=ours, compile=False)
    version = f"Keras {keras.__version__}, TensorFlow {tensorflow.__version__}"
    return version, lambda images: model.predict(images, batch_size=len(images), verbose=0)


def open_torch(path: Path, threads: int, compiled: bool = False) -> tuple[str, Call]:
    """PyTorch, the network brought over by onnx2torch; compiled by TorchScript, each batch size for itself.

    `torch.compile` cannot do it: onnx2torch keeps the shapes of a reshaping in tensors.
    """
    import onnx2torch  # pyright: ignore[reportMissingImports]
    import torch  # pyright: ignore[reportMissingImports]

    torch.set_num_threads(threads)
    network = onnx2torch.convert(str(path)).eval()
    by_size: dict[int, Any] = {}

    def call(images: np.ndarray) -> Any:
        inputs = torch.from_numpy(images)
        with torch.inference_mode():
            if compiled and len(images) not in by_size:
                traced = torch.jit.freeze(torch.jit.trace(network, inputs))
                by_size[len(images)] = torch.jit.optimize_for_inference(traced)
            return by_size.get(len(images), network)(inputs).numpy()

    return f"PyTorch {torch.__version__}", call


def open_openvino(path: Path, threads: int) -> tuple[str, Call]:
    """OpenVINO, told that latency counts."""
    import openvino  # pyright: ignore[reportMissingImports]

    core = openvino.Core()
    settings = {"INFERENCE_NUM_THREADS": threads, "PERFORMANCE_HINT": "LATENCY"}
    network = core.compile_model(core.read_model(path), "CPU", settings)
    return f"OpenVINO {openvino.__version__.partition('-')[0]}", lambda images: network([images])[0]


RUNTIMES: dict[str, Callable[[Path, int], tuple[str, Call]]] = {
    "onnx": open_onnx,
    "keras": open_keras,
    "torch": open_torch,
    "torch-compiled": lambda path, threads: open_torch(path, threads, compiled=True),
    "openvino": open_openvino,
}


def seconds_of(call: Call, images: np.ndarray) -> list[float]:
    """Wall seconds of each of as many calls as fit into the time that a batch size has."""
    for _ in range(2):
        call(images)
    taken: list[float] = []
    began = time.perf_counter()
    while len(taken) < _CALLS or time.perf_counter() - began < _SECONDS:
        start = time.perf_counter()
        call(images)
        taken.append(time.perf_counter() - start)
    return taken


def peak() -> float:
    """The most thousand millions of float32 operations a second of a few matrix products."""
    left, right = np.random.default_rng(0).random((2, _SIDE, _SIDE), np.float32)
    taken = seconds_of(lambda _: left @ right, left)[:_PRODUCTS]
    return 2 * _SIDE**3 / min(taken) / 1e9


def main(arguments: list[str] | None = None) -> int:
    """Open, call, print."""
    parser = argparse.ArgumentParser(description="One network on one runtime against the clock.")
    parser.add_argument("runtime", choices=[*RUNTIMES, "peak"])
    parser.add_argument("file", type=Path, nargs="?")
    parser.add_argument("--shape", default="28,28", help="of one image (default %(default)s)")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--batches", default="1,8,64,512")
    options = parser.parse_args(arguments)
    if options.runtime == "peak":
        told: dict[str, Any] = {"version": f"NumPy {np.__version__}", "gflops": round(peak(), 1)}
    else:
        shape = [int(side) for side in options.shape.split(",")]
        version, call = RUNTIMES[options.runtime](options.file, options.threads)
        told = {"version": version, "seconds": {}}
        for size in map(int, options.batches.split(",")):
            images = np.random.default_rng(size).integers(0, 256, (size, *shape), np.uint8)
            told["seconds"][str(size)] = seconds_of(call, images)
    json.dump(told, sys.stdout)
    print()
    return 0


if __name__ == "__main__":
    sys.exit(main())
