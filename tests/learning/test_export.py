"""Export: ONNX that agrees with Keras, in float32, for glyphs and for lines; a card that fits; refusals."""

import io
import json
import shutil
from pathlib import Path

import keras
import numpy as np
import onnxruntime
import pytest
import tiny
from keras import layers
from onnx import numpy_helper
from rich.console import Console

from inkdigits.errors import RunError, WeightsError
from inkdigits.learning import export, runs
from inkdigits.learning.beginning import load_network
from inkdigits.learning.export import export_model, export_run
from inkdigits.learning.half import store_in_half
from inkdigits.learning.training import train
from inkdigits.reading.card import load_card
from inkdigits.reading.glyph import NORMALISER_VERSION

GLYPHS = tiny.bars(1000, 3)[0]


@pytest.fixture(scope="module")
def run(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("export") / "tiny"
    train(
        tiny.config(precision="mixed_bfloat16", epochs=3),
        folder,
        Path("nowhere"),
        recipe=tiny.TINY,
        console=Console(file=io.StringIO()),
    )
    return folder


def test_a_run_is_exported_with_its_card(run, tmp_path):
    path = export_run(run, Path("nowhere"), tmp_path, recipe=tiny.TINY)
    assert sorted(one.name for one in tmp_path.iterdir()) == ["tiny.card.json", "tiny.onnx"]
    card = load_card(path, NORMALISER_VERSION)
    assert card.kind == "glyph" and card.classes == tuple("0123456789") and card.input_shape == (28, 28)
    assert card.training_data[0]["name"] == "bars" and card.recipe["batch_size"] == 32
    assert card.metrics["onnx_keras_difference"] <= 1e-4 and card.metrics["onnx_keras_inputs"] == 1000
    assert 0.5 <= card.threshold <= 1 and 0.2 <= card.temperature <= 5
    session = onnxruntime.InferenceSession(str(path))
    (end,) = session.get_inputs()
    assert (end.name, end.type) == ("glyphs", "tensor(uint8)")
    assert session.get_outputs()[0].name == "probabilities"
    model = keras.saving.load_model(run / runs.MODEL, compile=False)
    for count in (1, 3, 100):
        ours = session.run(None, {"glyphs": GLYPHS[:count]})[0]
        assert np.abs(ours - model.predict(GLYPHS[:count], verbose=0)).max() < 1e-4


def test_a_card_says_what_the_run_began_from_not_where_that_lay(run, tmp_path):
    begun = shutil.copytree(run, tmp_path / "begun")
    config = runs.read_json(begun / runs.CONFIG)
    config["options"] = {"begin_from": "/somewhere/else/first.onnx"}
    (begun / runs.CONFIG).write_text(json.dumps(config))
    path = export_run(begun, Path("nowhere"), tmp_path, recipe=tiny.TINY)
    assert load_card(path, NORMALISER_VERSION).recipe["options"] == {"begin_from": "first.onnx"}


def test_half_the_bytes_read_nearly_the_same(run, tmp_path):
    model, _ = export.load_run(run)
    whole = export_model(model, "whole", "glyph", tiny.DIGIT_CLASSES, tmp_path, GLYPHS)
    half = export_model(model, "half", "glyph", tiny.DIGIT_CLASSES, tmp_path, GLYPHS, half=True)
    assert half.stat().st_size < 0.55 * whole.stat().st_size
    assert 0 < load_card(half, NORMALISER_VERSION).metrics["onnx_keras_difference"] < 0.02
    assert export.parity(half, model, GLYPHS) < 0.02


def test_what_is_stored_in_half_can_be_had_in_full(run, tmp_path):
    model, _ = export.load_run(run)
    path = export_model(model, "whole", "glyph", tiny.DIGIT_CLASSES, tmp_path, GLYPHS)
    before = load_network(path)
    assert store_in_half(path) > 0
    after = load_network(path)
    assert [node.name for node in after.graph.node] == [node.name for node in before.graph.node]
    constants, widened = (
        {tensor.name: numpy_helper.to_array(tensor) for tensor in one.graph.initializer}
        for one in (before, after)
    )
    assert constants.keys() == widened.keys()
    for name, values in constants.items():
        assert values.dtype == widened[name].dtype
        np.testing.assert_allclose(widened[name], values, rtol=1e-3, atol=1e-6)


def test_a_given_threshold_is_kept(run, tmp_path):
    path = export_run(run, Path("nowhere"), tmp_path, threshold=0.75, recipe=tiny.TINY)
    assert load_card(path, NORMALISER_VERSION).threshold == 0.75


def test_a_line_network_keeps_its_dynamic_width(tmp_path):
    strips = keras.Input((16, None), dtype="uint8")
    x = layers.Rescaling(1 / 255)(strips)
    x = layers.Reshape((16, -1, 1))(x)
    x = layers.Conv2D(8, 3, padding="same", activation="relu", dtype="mixed_bfloat16")(x)
    x = layers.MaxPooling2D(2)(x)
    x = layers.Permute((2, 1, 3))(x)
    x = layers.Reshape((-1, 64))(x)
    x = layers.Bidirectional(layers.GRU(8, return_sequences=True))(x)
    model = keras.Model(strips, layers.Dense(11, activation="softmax", dtype="float32")(x))
    inputs = np.random.default_rng(0).integers(0, 256, (20, 16, 40)).astype(np.uint8)
    path = export_model(model, "lines", "line", [*"0123456789", "blank"], tmp_path, inputs)
    assert load_card(path, NORMALISER_VERSION).input_shape == (16, None)
    session = onnxruntime.InferenceSession(str(path))
    assert session.get_inputs()[0].name == "strips"
    for width in (20, 64, 131):
        wide = np.resize(inputs, (2, 16, width))
        assert session.run(None, {"strips": wide})[0].shape == (2, width // 2, 11)


def test_disagreement_refuses_and_leaves_nothing(run, tmp_path, monkeypatch):
    model, _ = export.load_run(run)
    for difference in (2e-4, float("nan"), float("inf")):
        monkeypatch.setattr(export, "parity", lambda *_, value=difference: value)
        with pytest.raises(WeightsError, match="differ by"):
            export_model(model, "tiny", "glyph", tiny.DIGIT_CLASSES, tmp_path, GLYPHS)
    assert list(tmp_path.iterdir()) == []


def test_parity_sees_other_weights(run, tmp_path):
    model, _ = export.load_run(run)
    path = export_model(model, "tiny", "glyph", tiny.DIGIT_CLASSES, tmp_path, GLYPHS)
    kernel = model.trainable_variables[0]
    kernel.assign(kernel + 0.01)
    assert export.parity(path, model, GLYPHS) > 1e-4


def test_an_unfinished_or_absent_run_is_refused(run, tmp_path):
    with pytest.raises(RunError, match="no run folder"):
        export_run(tmp_path, Path("nowhere"), recipe=tiny.TINY)
    (tmp_path / runs.CONFIG).write_text((run / runs.CONFIG).read_text())
    with pytest.raises(RunError, match="not finished"):
        export_run(tmp_path, Path("nowhere"), recipe=tiny.TINY)
