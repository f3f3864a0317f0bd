"""Multiply-adds against figures computed by hand, layer by layer; the list of all networks."""

import json
from functools import partial
from pathlib import Path

import keras
import numpy as np
import pytest
import typer
from keras import layers, ops
from typer.testing import CliRunner

import inkdigits
from inkdigits.errors import InkdigitsError
from inkdigits.learning import recipes, table
from inkdigits.learning.catalogue import catalogue, model_file
from inkdigits.learning.cli import register
from inkdigits.learning.complexity import multiply_adds
from inkdigits.learning.config import TrainConfig
from inkdigits.learning.recipes import RECIPES
from inkdigits.learning.table import ROWS

DENSE_MNIST = 1024 * 128 + 128 * 10


def count(shape, *body, width=None):
    return multiply_adds(keras.Sequential([keras.Input(shape), *body]), width)


def built(name):
    return RECIPES[name].build(TrainConfig(name))


def test_the_papers_networks():
    assert multiply_adds(built("paper-cnn")) == 24 * 24 * 32 * 25 + 8 * 8 * 64 * 32 * 25 + DENSE_MNIST
    assert multiply_adds(built("mlp")) == 784 * 512 + 512 * 512 + 512 * 10


def test_lenet_counts_its_table_and_its_subsampling():
    c1, c3, c5 = 28 * 28 * 6 * 25, 10 * 10 * 60 * 25, 120 * 400
    assert multiply_adds(built("lenet5")) == c1 + 14 * 14 * 6 + c3 + 5 * 5 * 16 + c5 + 120 * 84 + 84 * 10


@pytest.mark.parametrize(
    ("layer", "expected"),
    [
        (layers.Conv2D(8, 3), 10 * 8 * 8 * 6 * 9),
        (layers.Conv2D(8, 3, padding="same", strides=2), 6 * 5 * 8 * 6 * 9),
        (layers.Conv2D(8, 3, dilation_rate=2), 8 * 6 * 8 * 6 * 9),
        (layers.Conv2D(8, (3, 1), groups=2), 10 * 10 * 8 * 3 * 3),
        (layers.DepthwiseConv2D(5, depth_multiplier=2), 8 * 6 * 6 * 2 * 25),
        (layers.SeparableConv2D(8, 3), 10 * 8 * (6 * 9 + 6 * 8)),
        (layers.Conv2DTranspose(4, 2, strides=2), 12 * 10 * 6 * 4 * 4),
        (layers.Dense(7), 12 * 10 * 6 * 7),
        (layers.EinsumDense("...c,cd->...d", 7), 12 * 10 * 6 * 7),
        (layers.EinsumDense("bhwc,wcd->bhd", (12, 7)), 12 * 10 * 6 * 7),
        (layers.LayerNormalization(), 12 * 10 * 6),
        (layers.BatchNormalization(), 0),
        (layers.Dropout(0.5), 0),
        (layers.MaxPooling2D(), 0),
        (layers.TimeDistributed(layers.Conv1D(8, 3)), 12 * 8 * 8 * 6 * 3),
    ],
)
def test_layers_on_maps(layer, expected):
    assert count((12, 10, 6), layer) == expected


@pytest.mark.parametrize(
    ("layer", "expected"),
    [
        (layers.Conv1D(8, 3), 26 * 8 * 3 * 5),
        (layers.SeparableConv1D(8, 3), 26 * (3 * 5 + 5 * 8)),
        (layers.TimeDistributed(layers.Dense(8)), 28 * 5 * 8),
        (layers.LSTM(16), 28 * 4 * 16 * (5 + 16)),
        (layers.GRU(16, return_sequences=True), 28 * 3 * 16 * (5 + 16)),
        (layers.SimpleRNN(16, unroll=True), 28 * 16 * (5 + 16)),
        (layers.Bidirectional(layers.LSTM(16)), 2 * 28 * 4 * 16 * (5 + 16)),
        (layers.RNN([layers.GRUCell(16), layers.LSTMCell(8)]), 28 * (3 * 16 * 21 + 4 * 8 * 24)),
    ],
)
def test_layers_on_sequences(layer, expected):
    assert count((28, 5), layer) == expected


def test_a_layer_called_twice_counts_twice_and_a_nested_model_as_what_it_holds():
    shared = layers.Dense(6)
    inner = keras.Sequential([keras.Input((6,)), shared, layers.Dense(4)])
    inputs = keras.Input((6,))
    model = keras.Model(inputs, layers.Concatenate()([inner(shared(inputs)), inner(inputs)]))
    assert multiply_adds(model) == 3 * 36 + 2 * 24


def test_a_model_that_calls_its_layers_itself_is_counted_too():
    class Twice(keras.Model):
        def __init__(self):
            super().__init__()
            self.inner = layers.Dense(6)

        def call(self, inputs):
            return self.inner(self.inner(inputs))

    inputs = keras.Input((6,))
    assert multiply_adds(keras.Model(inputs, Twice()(inputs))) == 2 * 36


def test_a_strip_needs_a_width():
    with pytest.raises(InkdigitsError, match="need a width"):
        multiply_adds(built("inkdigits-lines"))
    narrow, wide = (multiply_adds(built("inkdigits-lines"), width) for width in (160, 320))
    assert wide == 2 * narrow
    assert narrow > 16 * 80 * 24 * 25 + 16 * 80 * 40 * 24 * 9


def test_precision_and_pixels_do_not_matter():
    policy = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        assert multiply_adds(built("paper-cnn")) == 3_869_952
    finally:
        keras.config.set_dtype_policy(policy)


class Weighted(layers.Layer):
    def build(self, input_shape):
        self.kernel = self.add_weight(shape=(input_shape[-1], 3))

    def call(self, inputs):
        return ops.matmul(inputs, self.kernel)


class Telling(Weighted):
    def multiply_adds(self, input_shape):
        assert input_shape == (1, 5)
        return 15


class Looping(layers.Layer):
    def __init__(self):
        super().__init__()
        self.inner = layers.Dense(5)

    def build(self, input_shape):
        self.inner.build((None, 5))

    def call(self, inputs):
        return ops.vectorized_map(lambda row: self.inner(row[None])[0], inputs)


def test_a_layer_of_our_own_tells_its_cost_or_is_refused():
    assert count((5,), Telling()) == 15
    with pytest.raises(InkdigitsError, match=r"Weighted needs a method multiply_adds\(input_shape\)"):
        count((5,), Weighted(name="mine"))


def test_calls_that_cannot_be_counted_are_refused():
    with pytest.raises(InkdigitsError, match="in a loop"):
        count((5,), Looping())
    with pytest.raises(InkdigitsError, match="not known"):
        inputs = keras.Input((6, 5))
        multiply_adds(keras.Model(inputs, layers.Dot(axes=1)([inputs, inputs])))
    with pytest.raises(InkdigitsError, match="not known"):
        multiply_adds(keras.Model(inputs, ops.matmul(inputs, ops.transpose(inputs, (0, 2, 1)))))


def test_counting_leaves_the_network_as_it_was():
    model = built("paper-cnn")
    glyphs = np.random.default_rng(0).integers(0, 256, (2, 28, 28)).astype(np.uint8)
    before = np.asarray(model(glyphs))
    multiply_adds(model)
    assert not any("call" in vars(layer) for layer in model.layers)
    assert np.array_equal(before, np.asarray(model(glyphs)))


@pytest.fixture(scope="module")
def everything():
    return catalogue(RECIPES.values(), ROWS)


def test_every_network_is_listed_with_its_cost_and_its_file(everything):
    names = [entry.name for entry in everything]
    assert names[: len(RECIPES)] == list(RECIPES)
    assert names[len(RECIPES) :] == [row.name for row in ROWS if row.members]
    for entry in everything:
        assert entry.parameters > 0 and entry.multiply_adds > 0, entry
        assert (Path(inkdigits.__file__).parent / entry.file).is_file(), entry


def test_a_committee_costs_what_its_members_cost(everything):
    column, committee = (
        next(entry for entry in everything if entry.name == name) for name in ("ciresan", "ciresan-committee")
    )
    (row,) = (row for row in ROWS if row.name == "ciresan-committee")
    assert committee.parameters == column.parameters * len(row.members)
    # Six of them resample a digit's columns first: a product of 28x28 with 28x28.
    assert committee.multiply_adds == column.multiply_adds * len(row.members) + 6 * 28**3


def test_the_file_is_that_of_the_network_and_not_of_its_recipe():
    from inkdigits.learning.models.paper import paper_cnn

    for build in (paper_cnn, partial(paper_cnn, classes=10), RECIPES["paper-cnn"].build):
        assert model_file(build) == "learning/models/paper.py"
    assert model_file(lambda config: None) == model_file(print) == ""


def test_the_verb_lists_names_papers_costs(monkeypatch):
    monkeypatch.setattr(recipes, "RECIPES", {name: RECIPES[name] for name in ("paper-cnn", "mlp-simard")})
    monkeypatch.setattr(table, "ROWS", ())
    app = typer.Typer()
    register(app)
    listed = CliRunner().invoke(app, ["models"]).output
    for part in ("paper-cnn", "184,586", "3,869,952", "learning/models/perceptrons.py", "Platt 2003"):
        assert part in listed
    rows = json.loads(CliRunner().invoke(app, ["models", "--json"]).output)
    assert [row["name"] for row in rows] == ["paper-cnn", "mlp-simard"]
    assert rows[0]["multiply_adds"] == 3_869_952 and rows[1]["paper"].endswith("2003")
