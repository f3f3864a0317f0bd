"""The two-dimensional LSTM layer, which scans a grid from its four corners.

In: a grid (n, rows, columns, size). Out: what the cells of all four scans put out, (n, rows, columns,
4 * units). Every cell of an anti-diagonal depends on the diagonal before alone, so that a whole diagonal of
all four scans is one batched matrix product: rows + columns - 1 products instead of rows * columns.
"""

# Keras declares that its operations may return None.
# pyright: reportOptionalSubscript=false, reportArgumentType=false, reportOptionalMemberAccess=false
# pyright: reportGeneralTypeIssues=false, reportOptionalOperand=false

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import initializers, layers, ops

DIRECTIONS = ((False, False), (False, True), (True, False), (True, True))
GATES = 5  # input, forget upwards, forget leftwards, cell input, output


@keras.saving.register_keras_serializable("inkdigits")
class MultidimensionalLSTM(layers.Layer):
    """Two-dimensional LSTM in four directions (Graves, Fernandez and Schmidhuber 2007; Graves and Schmidhuber
    2008).

    Each cell sees the outputs and states of its upper and its left neighbour, as seen from the corner where
    its scan began, and has a forget gate for each of the two; beyond the border both are 0. Each gate sees
    the states through a peephole: the input gate the sum of both neighbours' by one weight, as Graves's own
    program has it, the forget gates their neighbour's, the output gate the new one. Weights: 4 * units *
    (5 * (size + 2 * units + 1) + 4). All biases begin at 0: two forget gates of 1/2 pass on the mean of both
    neighbours, where the usual bias of 1 would let states grow from cell to cell.
    """

    def __init__(self, units: int, **settings: Any) -> None:
        super().__init__(**settings)
        self.units = units

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Weights, one of each for each direction."""
        size, units = int(input_shape[-1] or 0), self.units
        self.kernel = self._weights("kernel", initializers.GlorotUniform, size, GATES * units)
        self.recurrent_kernel = self._weights(
            "recurrent_kernel", initializers.Orthogonal, 2 * units, GATES * units
        )
        self.bias = self._weights("bias", initializers.Zeros, 1, GATES * units)
        self.peepholes = self._weights("peepholes", initializers.Zeros, 1, 4 * units)
        super().build(input_shape)

    def _weights(self, name: str, initializer: Any, rows: int, columns: int) -> Any:
        """(4, rows, columns), each direction drawn on its own."""
        drawn = [initializer() for _ in DIRECTIONS]

        def draw(shape: Any, dtype: Any = None) -> Any:
            return ops.stack([one(tuple(shape[1:]), dtype=dtype) for one in drawn])

        return self.add_weight(name=name, shape=(len(DIRECTIONS), rows, columns), initializer=draw)

    def call(self, inputs: Any) -> Any:
        """Inputs (n, rows, columns, size) to outputs (n, rows, columns, 4 * units)."""
        rows, columns, size = (int(length) for length in inputs.shape[1:])
        cells, scans = rows * columns, len(DIRECTIONS)
        order = scan_orders(rows, columns)
        inputs = ops.concatenate([inputs, ops.ones_like(inputs[..., :1])], axis=-1)
        grid = ops.transpose(ops.reshape(inputs, (-1, cells, size + 1)), (1, 0, 2))
        scanned = ops.reshape(ops.take(grid, order.ravel(), axis=0), (scans, cells, -1, size + 1))
        outputs = self._scan(scanned, _diagonals(rows, columns))
        # Back to the grid: of each cell and direction, the place in that direction's scan.
        places = np.argsort(order, axis=1).T + np.arange(scans) * cells
        flat = ops.reshape(outputs, (scans * cells, -1, self.units))
        flat = ops.transpose(ops.take(flat, places.ravel(), axis=0), (1, 0, 2))
        return ops.reshape(flat, (-1, rows, columns, scans * self.units))

    def _scan(self, inputs: Any, diagonals: list[tuple[int, int]]) -> Any:
        """Outputs (4, cells, n, units) of inputs with a 1 behind each (4, cells, n, size + 1), both in the
        order of the scans.
        """
        units, scans = self.units, len(DIRECTIONS)
        weights, leaving = self._gate_weights(), self.peepholes[:, None, :, 3 * units :]
        ends = np.cumsum([last - first + 1 for first, last in diagonals])[:-1].tolist()
        parts = ops.split(inputs, ends, axis=1) if ends else [inputs]
        outputs: list[Any] = []
        output = state = ops.zeros_like(ops.repeat(parts[0][..., :1], units, axis=-1))
        to_above = to_left = (0, 0)
        for index, part in enumerate(parts):
            if index:
                to_above, to_left = _shifts(diagonals[index - 1], diagonals[index])
            above, left = _shift(output, *to_above), _shift(output, *to_left)
            above_state, left_state = _shift(state, *to_above), _shift(state, *to_left)
            seen = ops.concatenate([part, above, above_state, left, left_state], axis=-1)
            gates = ops.matmul(ops.reshape(seen, (scans, -1, seen.shape[-1])), weights)
            gates = ops.reshape(gates, (scans, part.shape[1], -1, GATES * units))
            opened, cell, leave = ops.split(gates, [3 * units, 4 * units], axis=-1)
            enter, keep_above, keep_left = ops.split(ops.sigmoid(opened), 3, axis=-1)
            state = enter * ops.tanh(cell) + keep_above * above_state + keep_left * left_state
            output = ops.sigmoid(leave + leaving * state) * ops.tanh(state)
            outputs.append(output)
        return ops.concatenate(outputs, axis=1)

    def _gate_weights(self) -> Any:
        """What makes all gates of a cell in one product: (4, size + 1 + 4 * units, 5 * units), the peepholes
        as diagonals.

        The rows are input, bias, output and state of the upper neighbour, output and state of the left one.
        """
        units = self.units
        diagonals = ops.eye(units, dtype=self.peepholes.dtype)[:, None] * ops.reshape(
            self.peepholes, (len(DIRECTIONS), 1, 4, units)
        )
        enter, above, left = (diagonals[:, :, index] for index in range(3))
        nothing = ops.zeros_like(enter)
        to_above = ops.concatenate([enter, above, nothing, nothing, nothing], axis=-1)
        to_left = ops.concatenate([enter, nothing, left, nothing, nothing], axis=-1)
        recurrent_above, recurrent_left = ops.split(self.recurrent_kernel, 2, axis=1)
        rows = [self.kernel, self.bias, recurrent_above, to_above, recurrent_left, to_left]
        return ops.concatenate(rows, axis=1)

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """(n, rows, columns, 4 * units)."""
        return (*input_shape[:-1], len(DIRECTIONS) * self.units)

    def multiply_adds(self, input_shape: tuple[int | None, ...]) -> int:
        """Multiplications with a weight for one image: of the kernels and peepholes."""
        _, rows, columns, size = (int(length or 0) for length in input_shape)
        cell = GATES * self.units * (size + 2 * self.units) + 4 * self.units
        return rows * columns * len(DIRECTIONS) * cell

    def get_config(self) -> dict[str, Any]:
        """The settings the layer is built again from."""
        return {**super().get_config(), "units": self.units}


def scan_orders(rows: int, columns: int) -> np.ndarray:
    """The cells (index row * columns + column) in the order of each direction's scan, diagonal by diagonal:
    (4, rows * columns) int64.
    """
    row, column = np.divmod(np.arange(rows * columns), columns)
    order = np.lexsort((row, row + column))
    row, column = row[order], column[order]
    return np.stack(
        [
            (rows - 1 - row if upwards else row) * columns + (columns - 1 - column if leftwards else column)
            for upwards, leftwards in DIRECTIONS
        ]
    )


def _diagonals(rows: int, columns: int) -> list[tuple[int, int]]:
    """The first and the last row of each anti-diagonal."""
    return [(max(0, t - columns + 1), min(rows - 1, t)) for t in range(rows + columns - 1)]


def _shifts(before: tuple[int, int], now: tuple[int, int]) -> tuple[tuple[int, int], tuple[int, int]]:
    """How many cells to add at the start and the end of the diagonal before (below 0: to drop), to have the
    upper and the left neighbour of each cell of the diagonal now.
    """
    start, end = before[0] - now[0], now[1] - before[1]
    return (start + 1, end - 1), (start, end)


def _shift(values: Any, start: int, end: int) -> Any:
    """`values` (4, cells, n, units) with so many cells of 0 added, or dropped where below 0."""
    # Split, not sliced: the gradient of a slice is by far the slowest part of training under TensorFlow.
    if start < 0:
        values = ops.split(values, [-start], axis=1)[1]
    if end < 0:
        values = ops.split(values, [values.shape[1] + end], axis=1)[0]
    if start > 0 or end > 0:
        values = ops.pad(values, ((0, 0), (max(0, start), max(0, end)), (0, 0), (0, 0)))
    return values
