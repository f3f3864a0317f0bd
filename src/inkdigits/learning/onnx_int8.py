"""An ONNX file in float32 as one in int8. In: the file, glyphs to find ranges on. Out: the file in int8.

Static quantisation by ONNX Runtime (QDQ): weights by map, activations by tensor. ONNX Runtime computes in
integers where the processor has instructions for it.
"""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

_BATCH = 100


def store_in_int8(path: Path, target: Path, glyphs: np.ndarray) -> None:
    """Write `path` in int8 to `target`; ranges are those of `glyphs` (n, 28, 28) uint8."""
    from onnxruntime import quantization
    from onnxruntime.quantization import shape_inference

    class Glyphs(quantization.CalibrationDataReader):
        """Batches of the glyphs, as ONNX Runtime asks for them."""

        def __init__(self) -> None:
            self._batches: Iterator[np.ndarray] = (
                glyphs[start : start + _BATCH] for start in range(0, len(glyphs), _BATCH)
            )

        def get_next(self) -> dict[str, Any]:
            batch = next(self._batches, None)
            return {} if batch is None else {"glyphs": batch}

    with tempfile.TemporaryDirectory() as folder:
        folded = Path(folder) / "folded.onnx"
        level, root = logging.root.level, logging.root
        root.setLevel(logging.ERROR)  # it advises what is done here
        try:
            shape_inference.quant_pre_process(path, folded, skip_symbolic_shape=True)
            quantization.quantize_static(
                folded,
                target,
                Glyphs(),
                quant_format=quantization.QuantFormat.QDQ,
                per_channel=True,
                activation_type=quantization.QuantType.QUInt8,
                weight_type=quantization.QuantType.QInt8,
                # Weights of 7 bits: processors without VNNI add two products in 16 bits, and saturate.
                reduce_range=True,
            )
        finally:
            root.setLevel(level)
