"""Training that begins from an exported network."""

from __future__ import annotations

from pathlib import Path

import keras
import numpy as np
import pytest

from inkdigits.errors import RunError
from inkdigits.learning.averaging import averaged
from inkdigits.learning.beginning import begin_from, check_beginning
from inkdigits.learning.export import export_model
from inkdigits.learning.models.glyphs import build_glyph_cnn
from inkdigits.learning.models.lines import build_line_cnn

SHAPES = {"glyph": (28, 28), "line": (32, 64)}


def inputs(kind: str, count: int, seed: int) -> np.ndarray:
    random = np.random.default_rng(seed)
    return (random.random((count, *SHAPES[kind])) < 0.3).astype(np.uint8) * np.uint8(255)


def stirred(model: keras.Model) -> keras.Model:
    """The model with other statistics and scales than fresh ones have."""
    random = np.random.default_rng(3)
    for layer in model.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            size = layer.gamma.shape
            layer.gamma.assign(random.uniform(0.5, 1.5, size))
            layer.beta.assign(random.normal(0, 0.3, size))
            layer.moving_mean.assign(random.normal(0, 0.2, size))
            layer.moving_variance.assign(random.uniform(0.5, 2.0, size))
        elif isinstance(layer, keras.layers.Dense):
            layer.bias.assign(random.normal(0, 0.5, layer.bias.shape))
    return model


def build(kind: str) -> keras.Model:
    return build_glyph_cnn(11) if kind == "glyph" else build_line_cnn(16)


@pytest.fixture(scope="module", params=["glyph", "line"])
def exported(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    kind = request.param
    folder = tmp_path_factory.mktemp(kind)
    model = stirred(build(kind))
    classes = [str(number) for number in range(model.output_shape[-1])]
    return kind, export_model(model, kind, kind, classes, folder, inputs(kind, 8, 0))


def test_a_network_that_begins_from_a_file_says_what_it_says(exported: tuple[str, Path]) -> None:
    kind, path = exported
    model = build(kind)
    begin_from(model, path, inputs(kind, 64, 1))
    check_beginning(model, path, inputs(kind, 16, 2))
    # Learning changes nothing at once: with a batch's own statistics it says nearly the same.
    drop = [layer for layer in model.layers if "drop" in layer.name]
    for layer in drop:
        layer.rate = 0.0
    images = inputs(kind, 64, 1)
    learning = np.asarray(model(images, training=True))
    assert np.allclose(learning, np.asarray(model(images)), atol=0.02)


def test_a_file_of_another_network_is_refused(exported: tuple[str, Path]) -> None:
    kind, path = exported
    other = build("line" if kind == "glyph" else "glyph")
    shape = SHAPES["line" if kind == "glyph" else "glyph"]
    with pytest.raises(RunError, match="another network"):
        begin_from(other, path, np.zeros((4, *shape), np.uint8))
    fresh = build(kind)
    with pytest.raises(RunError, match="differs by"):
        check_beginning(fresh, path, inputs(kind, 4, 2))


def test_a_network_of_more_classes_says_the_same_of_those_that_the_file_knows(
    exported: tuple[str, Path],
) -> None:
    kind, path = exported
    make, known = (build_glyph_cnn, 11) if kind == "glyph" else (build_line_cnn, 16)
    wider, same = make(known + 2), make(known)
    begin_from(wider, path, inputs(kind, 64, 1))
    begin_from(same, path, inputs(kind, 64, 1))
    images = inputs(kind, 16, 2)
    told, plain = np.asarray(wider(images)), np.asarray(same(images))
    assert np.allclose(told[..., :known], plain, atol=1e-3)
    assert 0 < told[..., known:].max() < 1e-3
    with pytest.raises(RunError, match="another network"):
        begin_from(make(known - 1), path, inputs(kind, 64, 1))


def test_a_file_that_is_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="cannot be read"):
        begin_from(build("glyph"), tmp_path / "missing.onnx", inputs("glyph", 2, 0))
    broken = tmp_path / "broken.onnx"
    broken.write_bytes(b"no network")
    with pytest.raises(RunError, match="no ONNX file"):
        begin_from(build("glyph"), broken, inputs("glyph", 2, 0))


def test_the_mean_of_a_network_with_itself_is_itself(exported: tuple[str, Path]) -> None:
    kind, path = exported
    model = build(kind)
    begin_from(model, path, inputs(kind, 64, 1))
    mean = averaged(model, path, inputs(kind, 64, 1))
    images = inputs(kind, 8, 4)
    assert np.allclose(np.asarray(mean(images)), np.asarray(model(images)), atol=1e-4)


def test_the_mean_lies_between_two_networks(exported: tuple[str, Path]) -> None:
    kind, path = exported
    model = build(kind)
    begin_from(model, path, inputs(kind, 64, 1))
    last = next(layer for layer in reversed(model.layers) if isinstance(layer, keras.layers.Dense))
    before = np.asarray(last.bias)
    last.bias.assign(before + np.linspace(0, 2, len(before), dtype=np.float32))
    mean = averaged(model, path, inputs(kind, 64, 1))
    bias = np.asarray(next(layer for layer in reversed(mean.layers) if layer.name == last.name).bias)
    assert np.allclose(bias, before + np.linspace(0, 1, len(before)), atol=1e-5)


def test_the_mean_with_a_network_of_fewer_classes_keeps_the_weights_of_the_others(
    exported: tuple[str, Path],
) -> None:
    kind, path = exported
    make, known = (build_glyph_cnn, 11) if kind == "glyph" else (build_line_cnn, 16)
    model = make(known + 1)
    begin_from(model, path, inputs(kind, 64, 1))
    last = next(layer for layer in reversed(model.layers) if isinstance(layer, keras.layers.Dense))
    before = np.asarray(last.bias)
    last.bias.assign(before + 2)
    mean = averaged(model, path, inputs(kind, 64, 1))
    bias = np.asarray(next(layer for layer in reversed(mean.layers) if layer.name == last.name).bias)
    assert np.allclose(bias, before + np.array([1] * known + [2]), atol=1e-5)
    with pytest.raises(RunError, match="another network"):
        averaged(make(known - 1), path, inputs(kind, 4, 0))


def test_the_mean_with_another_network_is_refused(exported: tuple[str, Path]) -> None:
    kind, path = exported
    other = "line" if kind == "glyph" else "glyph"
    with pytest.raises(RunError, match="another network"):
        averaged(build(other), path, inputs(other, 4, 0))
