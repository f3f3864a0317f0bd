"""Networks in other forms: the same logits in NumPy, compiled C and Node, the same readings; refusals."""

import io
import os
import re
import shutil
from pathlib import Path

import keras
import numpy as np
import pytest
import tiny
from hypothesis import given
from hypothesis import strategies as st
from keras import layers
from rich.console import Console
from sklearn.datasets import load_digits
from typer.testing import CliRunner

from inkdigits.cli import app
from inkdigits.errors import RunError, WeightsError
from inkdigits.learning.datasets import Digits
from inkdigits.learning.export import export_model, export_run, load_run
from inkdigits.learning.integer import runtimes
from inkdigits.learning.integer.c_source import write_c
from inkdigits.learning.integer.js_source import write_js
from inkdigits.learning.integer.network import Rescale, constants
from inkdigits.learning.integer.quantise import quantise
from inkdigits.learning.targets import convert, write_target
from inkdigits.learning.training import train
from inkdigits.reading.card import WEIGHTS, load_card
from inkdigits.reading.glyph import NORMALISER_VERSION, normalise
from inkdigits.reading.reader import Reader
from inkdigits.reading.recogniser import Recogniser

DIGITS = tuple("0123456789")
needs_compiler = pytest.mark.skipif(not shutil.which("cc"), reason="needs a C compiler")
needs_node = pytest.mark.skipif(not shutil.which("node"), reason="needs Node")


@pytest.fixture(scope="module")
def real() -> Digits:
    """Real digits of 8x8, as the reader would show them to a network."""
    images, labels = load_digits(return_X_y=True)
    inks = (images.reshape(-1, 8, 8) * 15.9).astype(np.uint8)
    return Digits(np.stack([normalise(ink) for ink in inks]), labels.astype(np.uint8))


@pytest.fixture(scope="module")
def run(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("targets") / "tiny"
    config, quiet = tiny.config(epochs=3), Console(file=io.StringIO())
    train(config, folder, Path("nowhere"), recipe=tiny.TINY, console=quiet)
    return folder


def _network(name: str, real: Digits):
    path = WEIGHTS / f"{name}.onnx"
    return quantise(path, load_card(path, NORMALISER_VERSION).classes, real.images[:300])


@needs_compiler
@needs_node
@pytest.mark.parametrize(
    ("name", "count"),
    [("light", 1000), ("tiny-2k", 1000), ("inkdigits-digits", 100), ("inkdigits-single", 50)],
)
def test_c_and_javascript_give_the_logits_of_numpy_to_the_bit(name, count, real):
    network = _network(name, real)
    glyphs = real.images[-count:]
    extremes = np.stack([np.zeros((28, 28), np.uint8), np.full((28, 28), 255, np.uint8)])
    glyphs = np.concatenate(
        [glyphs, extremes, np.random.default_rng(0).integers(0, 256, (8, 28, 28), np.uint8)]
    )
    logits = network.logits(glyphs)
    assert logits.dtype == np.int32 and len(np.unique(logits)) > count
    in_c, in_js = runtimes.run_c(name, *write_c(network), glyphs), runtimes.run_js(write_js(network), glyphs)
    assert in_c is not None and in_js is not None
    assert np.array_equal(in_c, logits) and np.array_equal(in_js, logits)
    floats = Recogniser(WEIGHTS / f"{name}.onnx").glyph_probabilities(glyphs)[:count]
    assert (logits[:count].argmax(axis=1) == floats.argmax(axis=1)).mean() >= 0.98


def test_the_c_needs_neither_memory_of_others_nor_fractions(real):
    header, source = write_c(_network("light", real))
    assert not re.search(r"\b(malloc|calloc|alloca|float|double|stdlib)\b", header + source)
    assert "#include <stdint.h>" in header and "light_classify" in header


@given(
    st.one_of(st.floats(1e-6, 1000), st.floats(-1000, -1e-6)),
    st.integers(-(2**24), 2**24),
    st.sampled_from([0, 128]),
)
def test_rescaling_is_rounding_to_a_part_in_thirty_thousand(ratio, total, zero):
    found = int(Rescale.by(np.array([ratio]))(np.full((1, 1, 1, 1), total, np.int64), zero).item())
    exact = ratio * total
    low, high = (np.clip(exact * (1 + sign * 2.0**-15) + zero, 0, 255) for sign in (-1, 1))
    assert min(low, high) - 0.5 - 1e-6 <= found <= max(low, high) + 0.5 + 1e-6


@pytest.mark.parametrize(
    ("target", "runtime", "files"),
    [
        pytest.param("c", "C", ["light.c", "light.h"], marks=needs_compiler),
        pytest.param("js", "JavaScript", ["light.js"], marks=needs_node),
        ("onnx-int8", "ONNX Runtime", ["light-int8.card.json", "light-int8.onnx"]),
    ],
)
def test_a_shipped_network_reads_the_same_there(target, runtime, files, real, tmp_path):
    written = convert(WEIGHTS / "light.onnx", target, real.images[:800], real[800:], tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == files
    assert sorted(path.name for path in written.paths) == files
    assert written.runtime == runtime and written.images == len(real[800:])
    assert written.agreement >= 0.985 and abs(written.accuracy - written.float_accuracy) <= 0.01
    assert written.float_accuracy > 0.9
    if target == "c":
        assert written.sizes["weights"] < written.sizes["flash"] < 12_288
        assert 28 * 28 <= written.sizes["work"] < 16_384


def test_int8_weights_are_read_with_like_any_others(real, tmp_path):
    convert(WEIGHTS / "inkdigits-single.onnx", "onnx-int8", real.images[:200], real[-200:], tmp_path)
    path = tmp_path / "inkdigits-single-int8.onnx"
    assert path.stat().st_size < 0.6 * (WEIGHTS / "inkdigits-single.onnx").stat().st_size
    assert [card.name for card in Reader(path).cards] == ["inkdigits-single-int8"]


def test_litert_reads_what_keras_does(run, tmp_path):
    onnx = export_run(run, Path("nowhere"), tmp_path / "onnx", recipe=tiny.TINY)
    glyphs, labels = tiny.bars(300, 5)
    out = tmp_path / "new"
    written = convert(onnx, "litert", glyphs, Digits(glyphs, labels), out, load_run(run)[0])
    assert [path.name for path in out.iterdir()] == ["tiny.tflite"] and written.runtime == "LiteRT"
    assert written.agreement == 1 and written.accuracy == written.float_accuracy > 0.3
    with pytest.raises(RunError, match="from a run folder"):
        convert(onnx, "litert", glyphs, Digits(glyphs, labels), out)


@pytest.mark.parametrize(("target", "needed"), [("c", "C compiler"), ("js", "Node")])
def test_without_its_runtime_it_is_checked_in_numpy_and_says_so(target, needed, real, tmp_path, monkeypatch):
    monkeypatch.setattr(runtimes.shutil, "which", lambda name: None)
    written = convert(WEIGHTS / "light.onnx", target, real.images[:800], real[-400:], tmp_path)
    assert needed in written.runtime and written.agreement >= 0.98 and "flash" not in written.sizes


@pytest.mark.parametrize("spoil", [lambda logits: logits + 1, lambda logits: logits[:, ::-1]])
def test_what_computes_otherwise_is_not_written(spoil, real, tmp_path, monkeypatch):
    path = WEIGHTS / "light.onnx"
    wrong = spoil(quantise(path, DIGITS, real.images[:800]).logits(real.images[-300:]))
    monkeypatch.setattr(runtimes, "run_js", lambda *_: wrong)
    with pytest.raises(WeightsError, match="other logits here than it should"):
        convert(path, "js", real.images[:800], real[-300:], tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_what_reads_worse_is_not_written(real, tmp_path):
    blank = np.zeros((4, 28, 28), np.uint8)  # ranges that fit no digit
    with pytest.raises(WeightsError, match=r"as onnx-int8, .*% of 200 images are read otherwise"):
        convert(WEIGHTS / "light.onnx", "onnx-int8", blank, real[-200:], tmp_path / "out")
    assert not (tmp_path / "out").exists()


@needs_compiler
def test_c_that_does_not_compile_says_why(real):
    header, _ = write_c(_network("light", real))
    with pytest.raises(WeightsError, match="error:"):
        runtimes.run_c("light", header, "int no semicolon", real.images[:1])


def test_an_operation_without_integers_is_named(tmp_path):
    glyphs = tiny.bars(50, 1)[0]
    model = keras.Sequential(
        [
            keras.Input((28, 28), dtype="uint8", name="glyphs"),
            layers.Rescaling(1 / 255),
            layers.Flatten(),
            layers.Dense(8, activation="tanh"),
            layers.Dense(10, activation="softmax"),
        ]
    )
    path = export_model(model, "bent", "glyph", tiny.DIGIT_CLASSES, tmp_path, glyphs)
    with pytest.raises(WeightsError, match="Tanh"):
        convert(path, "c", glyphs, Digits(glyphs, np.zeros(50, np.uint8)), tmp_path / "out")


def _trained_a_little(*middle: layers.Layer) -> keras.Model:
    """A network whose batch normalisation has seen something."""
    keras.utils.set_random_seed(0)
    model = keras.Sequential(
        [
            keras.Input((28, 28), dtype="uint8", name="glyphs"),
            layers.Rescaling(1 / 255),
            layers.Reshape((28, 28, 1)),
            layers.Conv2D(8, 5, strides=2),
            *middle,
            layers.Flatten(),
            layers.Dense(10, activation="softmax"),
        ]
    )
    model.compile("adam", "sparse_categorical_crossentropy")
    model.fit(*tiny.bars(500, 0), epochs=3, verbose=0)
    return model


def test_normalisation_behind_a_convolution_is_part_of_it(tmp_path):
    glyphs, labels = tiny.bars(300, 1)
    pool = [layers.DepthwiseConv2D(12, use_bias=False), layers.BatchNormalization(momentum=0.5, scale=False)]
    path = export_model(_trained_a_little(*pool), "pooled", "glyph", tiny.DIGIT_CLASSES, tmp_path, glyphs)
    network = quantise(path, tiny.DIGIT_CLASSES, glyphs)
    assert [step.kind for step in network.steps] == ["convolution", "convolution", "dense"]
    wanted = Recogniser(path).glyph_probabilities(glyphs)
    found = np.exp(network.logits(glyphs) * network.logit_scale)
    found /= found.sum(axis=1, keepdims=True)
    assert np.abs(found - wanted).max() < 0.1
    assert (found.argmax(axis=1) == wanted.argmax(axis=1)).mean() > 0.95


def test_normalisation_behind_a_rectifier_is_no_part_of_the_convolution(tmp_path):
    glyphs = tiny.bars(50, 1)[0]
    middle = [layers.ReLU(), layers.BatchNormalization(momentum=0.5, scale=False), layers.ReLU()]
    path = export_model(_trained_a_little(*middle), "bent", "glyph", tiny.DIGIT_CLASSES, tmp_path, glyphs)
    with pytest.raises(WeightsError, match="its Mul has no integer form"):
        quantise(path, tiny.DIGIT_CLASSES, glyphs)


def _repeated(gammas: tuple[float, ...]) -> keras.Model:
    """A network whose second block is applied once for each of `gammas`, which its normalisation has."""
    keras.utils.set_random_seed(0)
    inputs = keras.Input((28, 28), dtype="uint8", name="glyphs")
    maps = layers.Reshape((28, 28, 1))(layers.Rescaling(1 / 255)(inputs))
    maps = layers.ReLU()(layers.Conv2D(6, 5, strides=4)(maps))
    shared = layers.Conv2D(6, 3, padding="same", use_bias=False)
    for gamma in gammas:
        normal = layers.BatchNormalization(gamma_initializer=keras.initializers.Constant(gamma))
        maps = layers.Add()([maps, layers.ReLU()(normal(shared(maps)))])
    outputs = layers.Dense(10, activation="softmax")(layers.GlobalAveragePooling2D()(maps))
    return keras.Model(inputs, outputs)


@needs_compiler
@needs_node
def test_weights_that_several_layers_share_are_written_once(tmp_path):
    glyphs = tiny.bars(200, 1)[0]
    path = export_model(_repeated((0.7, 1.3, -0.9)), "again", "glyph", tiny.DIGIT_CLASSES, tmp_path, glyphs)
    network = quantise(path, tiny.DIGIT_CLASSES, glyphs)
    first, *repeats = [step for step in network.steps if step.kind == "convolution"]
    assert len(repeats) == 3 and all(np.array_equal(one.weights, repeats[0].weights) for one in repeats)
    assert np.array_equal(np.sign(repeats[0].rescales[0].factor), -np.sign(repeats[2].rescales[0].factor)), (
        "what is turned over by its normalisation is turned over by its factor"
    )
    header, source = write_c(network)
    assert len(re.findall(r"int8_t weights_\d+\[\]", source)) == 3, "the first, the shared one, the last"
    logits = network.logits(glyphs)
    assert np.array_equal(runtimes.run_c("again", header, source, glyphs), logits)
    assert np.array_equal(runtimes.run_js(write_js(network), glyphs), logits)
    wanted = Recogniser(path).glyph_probabilities(glyphs)
    found = np.exp(logits * network.logit_scale)
    assert np.abs(found / found.sum(axis=1, keepdims=True) - wanted).max() < 0.05
    apart = sum(one.nbytes for step in network.steps for one in constants(step))
    assert network.weight_bytes <= apart - 2 * repeats[0].weights.nbytes


def test_what_is_no_network_of_digits_is_refused(real, tmp_path):
    with pytest.raises(WeightsError, match="it reads lines"):
        convert(WEIGHTS / "inkdigits-lines.onnx", "c", real.images, real, tmp_path)
    with pytest.raises(RunError, match="no run folder, ONNX file or network"):
        write_target(Path("nothing"), "c", tmp_path)
    with pytest.raises(RunError, match="inkdigits train"):
        write_target(Path("light"), "litert", tmp_path)


def test_the_command_line_names_targets_and_refuses_options_of_others(tmp_path):
    runner = CliRunner()
    told = runner.invoke(app, ["export", "light", "--target", "onnx8", "--data", str(tmp_path)])
    assert told.exit_code == 2 and "did you mean onnx" in told.output and "js" in told.output
    told = runner.invoke(app, ["export", "light", "--target", "c", "--half", "--data", str(tmp_path)])
    assert told.exit_code == 2 and "are for onnx" in told.output


@pytest.mark.data
@needs_compiler
def test_the_command_line_writes_c_and_tells_its_size(tmp_path):
    named = os.environ.get("INKDIGITS_DATA")
    if not named or not (Path(named) / "mnist").is_dir():
        pytest.skip("INKDIGITS_DATA names no folder with mnist/")
    given = ["export", "light", "--target", "c", "--data", named, "--out", str(tmp_path)]
    told = CliRunner().invoke(app, given)
    assert told.exit_code == 0, told.output
    assert sorted(path.name for path in tmp_path.iterdir()) == ["light.c", "light.h"]
    said = re.search(r"C reads (\S+)% of 10,000 test images rightly, .* (\S+)%; (\S+)% alike", told.output)
    assert said is not None and float(said[3]) >= 99.5
    assert abs(float(said[1]) - float(said[2])) < 0.1
    assert re.search(r"weights: [\d,]+ bytes", told.output) and "flash" in told.output
