"""A Keras network for LiteRT (TensorFlow Lite). In: the network. Out: NAME.tflite, and what it computes."""

# Keras declares types that its own documentation contradicts (verbose: str).
# pyright: reportArgumentType=false

from __future__ import annotations

from pathlib import Path

import keras
import numpy as np

from inkdigits.errors import WeightsError


def write_litert(model: keras.Model, path: Path) -> None:
    """Write the network, in float32, to `path`; WeightsError where the backend is not TensorFlow."""
    if keras.config.backend() != "tensorflow":
        raise WeightsError("LiteRT files are written by TensorFlow; set KERAS_BACKEND=tensorflow")
    model.export(path, format="litert", verbose=False)


def run_litert(path: Path, glyphs: np.ndarray) -> np.ndarray:
    """Probabilities (n, classes) float32 of glyphs (n, 28, 28) uint8, by LiteRT."""
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(str(path), num_threads=1)
    place = interpreter.get_input_details()[0]["index"]
    result = interpreter.get_output_details()[0]["index"]
    found = []
    for start in range(0, len(glyphs), 250):
        batch = glyphs[start : start + 250]
        interpreter.resize_tensor_input(place, batch.shape)
        interpreter.allocate_tensors()
        interpreter.set_tensor(place, batch)
        interpreter.invoke()
        found.append(interpreter.get_tensor(result))
    return np.concatenate(found)
