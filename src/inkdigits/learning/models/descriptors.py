"""Fixed features of glyphs, as layers without parameters: upright digits, and histograms of gradients.

In: glyphs (n, height, width) float32 in [0, 1], 1 is ink. Out: the same deskewed, or features (n, size)
float32. All are sums and products of whole arrays, so that ONNX Runtime computes what Keras does.
"""

# Keras declares that its operations may return None, which they do not.
# pyright: reportOptionalOperand=false, reportOptionalSubscript=false, reportOptionalMemberAccess=false
# pyright: reportGeneralTypeIssues=false, reportOperatorIssue=false

from __future__ import annotations

import math
from typing import Any

import keras
import numpy as np
from keras import layers, ops

# Below what a glyph with any ink has, in sums of pixels: a blank one keeps its place.
TINY = 1e-6


@keras.saving.register_keras_serializable("inkdigits")
class Deskewing(layers.Layer):
    """Digits sheared upright and centred: (n, height, width) to the same shape.

    The shear is the slope of the ink's columns against its rows, mu11 / mu02 of its central moments (LeCun et
    al. 1998 deskew so); pixels are interpolated linearly. The centre of mass goes to pixel (height / 2,
    width / 2), where MNIST has it to within half a pixel.
    """

    def call(self, inputs: Any) -> Any:
        """Two products with matrices of interpolation, one for the rows and one for each row's columns."""
        height, width = inputs.shape[1:]
        y, x = ops.arange(height, dtype="float32"), ops.arange(width, dtype="float32")
        total = ops.maximum(ops.sum(inputs, axis=(1, 2)), TINY)
        by_row, by_column = ops.sum(inputs, axis=2), ops.sum(inputs, axis=1)
        mean_y = ops.sum(by_row * y, axis=1) / total
        mean_x = ops.sum(by_column * x, axis=1) / total
        from_y, from_x = y - mean_y[:, None], x - mean_x[:, None]
        along = ops.sum(inputs * from_y[:, :, None] * from_x[:, None, :], axis=(1, 2))
        slope = along / ops.maximum(ops.sum(by_row * from_y**2, axis=1), TINY)
        rows = y - height / 2 + mean_y[:, None]
        upright = ops.matmul(_between(rows, y), inputs)
        columns = (x - width / 2 + mean_x[:, None])[:, None, :] + (slope[:, None] * (y - height / 2))[
            :, :, None
        ]
        return ops.matmul(_between(columns, x), upright[:, :, :, None])[:, :, :, 0]

    def multiply_adds(self, input_shape: tuple[int | None, ...]) -> int:
        """Both products of matrices."""
        height, width = input_shape[1] or 0, input_shape[2] or 0
        return height * height * width + height * width * width


def _between(positions: Any, places: Any) -> Any:
    """Matrices (..., positions, places) that read values at `positions` linearly from their whole places."""
    return ops.maximum(0.0, 1 - ops.abs(positions[..., None] - places))


@keras.saving.register_keras_serializable("inkdigits")
class OrientedGradients(layers.Layer):
    """Histograms of oriented gradients (Dalal and Triggs 2005): (n, height, width) to (n, features).

    The gradient is that of [-1, 0, 1]. Its magnitude is shared among the two nearest of `orientations`
    directions over the whole turn (ink on paper has a sign) and the four nearest cells of `cell` x `cell`
    pixels, by distance. Blocks of 2x2 cells, all that there are, are normalised to length 1, clipped at 0.2
    and normalised again (L2-Hys); a cell thus comes in up to four features.
    """

    def __init__(self, cell: int = 4, orientations: int = 8, **settings: Any) -> None:
        super().__init__(**settings)
        self.cell, self.orientations = cell, orientations

    def call(self, inputs: Any) -> Any:
        """Features by block row, block column, cell of the block, orientation."""
        height, width = inputs.shape[1:]
        padded = ops.pad(inputs, ((0, 0), (1, 1), (1, 1)))
        by_x = padded[:, 1:-1, 2:] - padded[:, 1:-1, :-2]
        by_y = padded[:, 2:, 1:-1] - padded[:, :-2, 1:-1]
        magnitude = ops.sqrt(by_x**2 + by_y**2)
        turn = ops.arctan2(by_y, by_x) * (self.orientations / (2 * math.pi))
        bins = ops.arange(self.orientations, dtype="float32")[:, None, None]
        away = ops.abs(turn[:, None] - bins)
        away = ops.minimum(away, ops.abs(away - self.orientations))
        votes = magnitude[:, None] * ops.maximum(0.0, 1 - away)
        rows, columns = self._sharing(height), self._sharing(width)
        cells = ops.matmul(ops.matmul(rows, votes), columns.T)
        cells = ops.transpose(cells, (0, 2, 3, 1))
        down, across = len(rows) - 1, len(columns) - 1
        corners = [cells[:, i : i + down, j : j + across] for i in (0, 1) for j in (0, 1)]
        blocks = ops.concatenate(corners, axis=-1)
        blocks = ops.minimum(_of_length_one(blocks), 0.2)
        return ops.reshape(_of_length_one(blocks), (-1, down * across * 4 * self.orientations))

    def _sharing(self, size: int) -> np.ndarray:
        """(cells, size) float32: how much of a pixel goes to each cell along an axis."""
        count = size // self.cell
        centres = (np.arange(count) + 0.5) * self.cell - 0.5 + (size - count * self.cell) / 2
        distance = np.abs(centres[:, None] - np.arange(size)) / self.cell
        return np.maximum(0, 1 - distance).astype(np.float32)

    def multiply_adds(self, input_shape: tuple[int | None, ...]) -> int:
        """The sharing among cells."""
        height, width = input_shape[1] or 0, input_shape[2] or 0
        down, across = height // self.cell, width // self.cell
        return self.orientations * down * width * (height + across)

    def get_config(self) -> dict[str, Any]:
        """The settings the layer is built again from."""
        return {**super().get_config(), "cell": self.cell, "orientations": self.orientations}


def _of_length_one(blocks: Any) -> Any:
    """Vectors divided by their length; the least length keeps noise on clean paper from growing."""
    return blocks / ops.sqrt(ops.sum(blocks**2, axis=-1, keepdims=True) + 1e-2)
