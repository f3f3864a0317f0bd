"""Recurrent networks: their cells as published, against plain loops, learning, resuming, exporting."""

import dataclasses
import io
from pathlib import Path

import keras
import numpy as np
import pytest
import tiny
from keras import layers
from rich.console import Console

from inkdigits.learning import runs
from inkdigits.learning.augment import Augmentation
from inkdigits.learning.complexity import multiply_adds
from inkdigits.learning.config import TrainConfig
from inkdigits.learning.export import export_run
from inkdigits.learning.models.multidimensional import MultidimensionalLSTM
from inkdigits.learning.models.recurrent import lstm, mdlstm
from inkdigits.learning.recipe import TrainingData, one_hot
from inkdigits.learning.recipes import RECIPES
from inkdigits.learning.training import train

NAMES = ("lstm", "mdlstm")


def sigmoid(values: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-values))


def scanned(
    grid: np.ndarray, kernel: np.ndarray, recurrent: np.ndarray, bias: np.ndarray, peepholes: np.ndarray
) -> np.ndarray:
    """One scan from the upper left by the publication's equations, cell by cell: (rows, columns, units)."""
    rows, columns = grid.shape[:2]
    units = len(peepholes) // 4
    outputs = np.zeros((rows + 1, columns + 1, units))
    states = np.zeros((rows + 1, columns + 1, units))
    enter_peep, above_peep, left_peep, leave_peep = peepholes.reshape(4, units)
    for row in range(rows):
        for column in range(columns):
            above, left = (row, column + 1), (row + 1, column)  # The border is row 0 and column 0.
            sums = grid[row, column] @ kernel + bias
            sums = sums + outputs[above] @ recurrent[:units] + outputs[left] @ recurrent[units:]
            enter, keep_above, keep_left, cell, leave = sums.reshape(5, units)
            enter = sigmoid(enter + enter_peep * (states[above] + states[left]))
            keep_above = sigmoid(keep_above + above_peep * states[above])
            keep_left = sigmoid(keep_left + left_peep * states[left])
            state = enter * np.tanh(cell) + keep_above * states[above] + keep_left * states[left]
            states[row + 1, column + 1] = state
            outputs[row + 1, column + 1] = sigmoid(leave + leave_peep * state) * np.tanh(state)
    return outputs[1:, 1:]


@pytest.mark.parametrize("shape", [(4, 4), (3, 5), (5, 2), (1, 4), (4, 1), (1, 1)])
def test_the_diagonals_compute_what_plain_loops_compute(shape):
    generator = np.random.default_rng(0)
    layer = MultidimensionalLSTM(3)
    layer.build((None, *shape, 2))
    for variable in layer.weights:
        variable.assign(generator.normal(0, 1, variable.shape))
    grids = generator.normal(0, 1, (2, *shape, 2))
    found = np.asarray(layer(grids.astype(np.float32)))
    assert found.shape == layer.compute_output_shape((2, *shape, 2)) == (2, *shape, 12)
    weights = [np.asarray(value, dtype=np.float64) for value in layer.weights]
    kernel, recurrent, bias, peepholes = weights
    for direction, flips in enumerate([(1, 1), (1, -1), (-1, 1), (-1, -1)]):
        turn = (slice(None, None, flips[0]), slice(None, None, flips[1]))
        for image, grid in enumerate(grids):
            expected = scanned(
                grid[turn],
                kernel[direction],
                recurrent[direction],
                bias[direction, 0],
                peepholes[direction, 0],
            )[turn]
            ours = found[image, :, :, 3 * direction : 3 * direction + 3]
            np.testing.assert_allclose(ours, expected, atol=2e-6)


def lstm_weights(size: int, units: int) -> int:
    """Four gates, each with a bias, that see the inputs and the outputs before."""
    return 4 * units * (size + units + 1)


def mdlstm_weights(size: int, units: int) -> int:
    """In four directions: five gates that see the inputs and two neighbours, and four peepholes."""
    return 4 * units * (5 * (size + 2 * units + 1) + 4)


def test_the_rows_go_through_two_layers_of_cells():
    model = lstm()
    assert model.input_shape == (None, 28, 28) and model.output_shape == (None, 10)
    assert model.count_params() == 213_258
    assert model.count_params() == lstm_weights(28, 128) + lstm_weights(128, 128) + 129 * 10
    # A bias is added once, not multiplied.
    assert multiply_adds(model) == 28 * 4 * 128 * (28 + 128 + 128 + 128) + 1280


def test_the_two_dimensional_network_is_a_hierarchy_of_two_levels():
    model = mdlstm()
    assert model.input_shape == (None, 28, 28) and model.output_shape == (None, 10)
    shapes = [tuple(layer.output.shape)[1:] for layer in model.layers]
    assert shapes[6:10] == [(8, 8, 16), (8, 8, 48), (4, 4, 32), (4, 4, 192)]
    gathered = 4 * 48 * 32
    assert model.count_params() == 171_514
    assert model.count_params() == mdlstm_weights(16, 12) + gathered + mdlstm_weights(32, 48) + 3073 * 10
    cells = 64 * (mdlstm_weights(16, 12) - 4 * 60) + 16 * (mdlstm_weights(32, 48) - 4 * 240)
    assert multiply_adds(model) == cells + 16 * gathered + 30_720


def test_the_publications_network_has_its_159369_weights():
    """The Arabic network of Graves and Schmidhuber 2008: levels of 2, 10 and 50 cells over windows of 3x4,
    3x4 and 2x4, 6 and 20 tanh units between them, 121 outputs.
    """
    model = keras.Sequential(
        [
            keras.Input((12, 16, 12)),
            MultidimensionalLSTM(2),
            layers.Conv2D(6, (3, 4), strides=(3, 4), use_bias=False, activation="tanh"),
            MultidimensionalLSTM(10),
            layers.Conv2D(20, (2, 4), strides=(2, 4), use_bias=False, activation="tanh"),
            MultidimensionalLSTM(50),
            layers.Dense(121),
        ]
    )
    assert model.count_params() == 159_369


def test_the_blocks_are_those_of_the_padded_glyph():
    glyph = np.random.default_rng(0).integers(0, 256, (1, 28, 28)).astype(np.uint8)
    model = mdlstm()
    blocks = np.asarray(keras.Model(model.inputs[0], model.get_layer("blocks").output)(glyph))[0]
    padded = (np.pad(glyph[0], 2) / 255 - 0.1307) / 0.3081
    np.testing.assert_allclose(blocks[3, 5], padded[12:16, 20:24].ravel(), atol=1e-5)


def bars(config: TrainConfig, folder: Path) -> TrainingData:
    """A hundred bars, eight times an epoch, and a thousand to compare ONNX Runtime with Keras on."""
    images, labels = tiny.bars(100, 0)
    held_images, held_labels = tiny.bars(1000, 1)
    plain = images, one_hot(labels, 10)

    def epoch(index: int) -> tuple[np.ndarray, np.ndarray]:
        order = np.concatenate([np.random.default_rng((index, part)).permutation(100) for part in range(8)])
        return plain[0][order], plain[1][order]

    return dataclasses.replace(
        tiny.prepare(config, folder),
        epoch=epoch,
        count=800,
        validation=(held_images, one_hot(held_labels, 10)),
        plain=plain,
    )


def learn(name: str, folder: Path, stop: int = 0, resume: bool = False, **changes) -> float:
    """Train on the bars; the accuracy on them. Interrupted after `stop` epochs, where told to."""
    recipe = dataclasses.replace(RECIPES[name], prepare=bars)
    build = changes.pop("build", recipe.build)
    settings = {**recipe.defaults, "augmentation": Augmentation(), "batch_size": 50, **changes}

    def after(done: int) -> None:
        if done == stop:
            raise KeyboardInterrupt

    result = train(
        TrainConfig(name, **settings),
        folder,
        folder,
        resume=resume,
        recipe=dataclasses.replace(recipe, build=build),
        console=Console(file=io.StringIO()),
        after_epoch=after,
    )
    return result.train["accuracy"]


@pytest.mark.parametrize("name", NAMES)
def test_a_hundred_images_are_learnt_by_heart_and_the_network_exported(name, tmp_path):
    assert learn(name, tmp_path / "run", epochs=12, learning_rate=5e-3, ema_momentum=0.9) == 1
    exported = export_run(
        tmp_path / "run", tmp_path, tmp_path, recipe=dataclasses.replace(RECIPES[name], prepare=bars)
    )
    assert exported.is_file()  # Only where ONNX Runtime computes what Keras does.


def small(*cells: keras.Layer) -> keras.Model:
    """`cells` over blocks of 7x7 pixels: quick to build."""
    return keras.Sequential(
        [
            keras.Input((28, 28), dtype="uint8"),
            layers.Rescaling(1 / 255),
            layers.Reshape((4, 7, 4, 7)),
            layers.Permute((1, 3, 2, 4)),
            *cells,
            layers.Dropout(0.2),
            layers.Dense(10, activation="softmax", dtype="float32"),
        ]
    )


SMALL = {
    "lstm": lambda config: small(layers.Reshape((16, 49)), layers.LSTM(8, unroll=True)),
    "mdlstm": lambda config: small(layers.Reshape((4, 4, 49)), MultidimensionalLSTM(4), layers.Flatten()),
}


@pytest.mark.parametrize("name", NAMES)
def test_an_interrupted_run_goes_on_to_the_same_weights(name, tmp_path):
    changes = {"epochs": 2, "build": SMALL[name]}
    learn(name, tmp_path / "whole", **changes)
    with pytest.raises(KeyboardInterrupt):
        learn(name, tmp_path / "broken", stop=1, **changes)
    learn(name, tmp_path / "broken", resume=True, **changes)
    first, second = (
        keras.saving.load_model(tmp_path / run / runs.MODEL, compile=False).get_weights()
        for run in ("whole", "broken")
    )
    assert all(np.array_equal(a, b) for a, b in zip(first, second, strict=True))
