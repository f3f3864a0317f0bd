"""What networks see: the same by Keras and by ONNX Runtime, right where it is known, and drawn; refusals."""

import io
import json
from pathlib import Path

import cv2
import keras
import numpy as np
import pytest
import tiny
import typer
from keras import layers
from rich.console import Console
from typer.testing import CliRunner

from inkdigits.errors import InkdigitsError, InputError, RunError
from inkdigits.learning import explain, recipes, runs
from inkdigits.learning.cli import register
from inkdigits.learning.explain_figures import write_network_pictures
from inkdigits.learning.explain_glyphs import find_glyphs
from inkdigits.learning.export import export_model
from inkdigits.learning.keras_views import input_gradient, open_keras
from inkdigits.learning.models.descriptors import OrientedGradients
from inkdigits.learning.onnx_views import open_onnx
from inkdigits.learning.recipe import DIGIT_CLASSES
from inkdigits.learning.training import train
from inkdigits.learning.views import Views
from inkdigits.reading.reader import Reader
from inkdigits.reading.recogniser import Recogniser

EXAMPLES = Path(__file__).parent.parent.parent / "examples"
GLYPHS = tiny.bars(8, 5)[0]
PIXELS = (GLYPHS / 255).astype(np.float32)

app = typer.Typer()
register(app)
runner = CliRunner()


def call(*arguments: object, code: int = 0) -> str:
    result = runner.invoke(app, ["explain", *(str(one) for one in arguments)])
    if isinstance(result.exception, InkdigitsError):
        assert code == 1, result.exception
        return str(result.exception)
    assert result.exit_code == code, (result.output, result.exception)
    return result.output


def convolutional() -> keras.Model:
    """Smooth, so that derivatives and differences agree; with a rectifier behind normalisation."""
    keras.utils.set_random_seed(4)
    model = keras.Sequential(
        [
            keras.Input((28, 28), dtype="uint8", name="glyphs"),
            layers.Rescaling(1 / 255),
            layers.Reshape((28, 28, 1)),
            layers.Conv2D(6, 5, activation="tanh", name="edges", dtype="mixed_bfloat16"),
            layers.Conv2D(8, 3, strides=2, use_bias=False, name="parts"),
            layers.BatchNormalization(name="norm"),
            layers.ReLU(name="rectified"),
            layers.GlobalAveragePooling2D(),
            layers.Dense(10),
            layers.Softmax(dtype="float32"),
        ],
        name="small",
    )
    mean = model.get_layer("norm").moving_mean
    mean.assign(0.1 * np.arange(8) - 0.3)
    return model


@pytest.fixture(scope="module")
def views() -> Views:
    return open_keras(convolutional(), "small", DIGIT_CLASSES)


@pytest.fixture(scope="module")
def weights(tmp_path_factory) -> Path:
    return export_model(
        convolutional(), "small", "glyph", DIGIT_CLASSES, tmp_path_factory.mktemp("onnx"), GLYPHS
    )


@pytest.fixture(scope="module")
def run(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("explain") / "tiny"
    train(tiny.config(), folder, Path("nowhere"), recipe=tiny.TINY, console=Console(file=io.StringIO()))
    return folder


@pytest.fixture
def tiny_recipe(monkeypatch):
    monkeypatch.setitem(recipes.RECIPES, "tiny", tiny.TINY)


def of_templates(templates: np.ndarray) -> Views:
    """A network whose score of a class is the product of the glyph with a template (10, 28, 28)."""
    flat = templates.reshape(10, -1)

    def probabilities(pixels: np.ndarray) -> np.ndarray:
        scores = np.exp(pixels.reshape(len(pixels), -1) @ flat.T)
        return (scores / scores.sum(axis=1, keepdims=True)).astype(np.float32)

    def slopes(pixels, of, directions, layer=None):
        return flat[of] @ directions.reshape(len(directions), -1).T

    return Views("templates", DIGIT_CLASSES, (), None, probabilities, lambda glyph: {}, slopes, True)


def test_keras_and_onnx_runtime_see_the_same(views, weights):
    other = open_onnx(weights)
    assert views.layers == ("edges", "parts") and other.layers == ("convolution_1", "convolution_2")
    assert np.allclose(views.probabilities(PIXELS), other.probabilities(PIXELS), atol=1e-4)
    assert views.filters is not None and other.filters is not None
    assert views.filters.pictures.shape == (6, 5, 5)
    assert np.allclose(views.filters.pictures, other.filters.pictures, atol=1e-5)
    for ours, theirs in zip(views.maps(PIXELS[0]).values(), other.maps(PIXELS[0]).values(), strict=True):
        assert ours.shape == theirs.shape and np.allclose(ours, theirs, atol=1e-4)
    rectified = views.maps(PIXELS[0])["parts"]
    assert rectified.shape == (8, 11, 11) and rectified.min() == 0 < rectified.max()
    waves = explain.cosine_waves(5)
    for ours, theirs in ((None, None), ("edges", "convolution_1")):
        of = np.array([3, 5])
        exact = views.slopes(PIXELS[:2], of, waves, ours)
        near = other.slopes(PIXELS[:2], of, waves, theirs)
        assert exact.shape == (2, 15) and np.abs(exact - near).max() < 0.03 * np.abs(exact).max()
    assert views.exact and not other.exact and not views.remarks and not other.remarks


def test_the_copy_that_is_looked_into_computes_what_the_network_does(views):
    model = convolutional()
    direct = np.asarray(model(GLYPHS))
    assert np.abs(views.probabilities(PIXELS) - direct).max() < 5e-3  # which computes in half precision


def test_gradients_are_those_of_each_examples_own_target():
    inputs = np.arange(12, dtype=np.float32).reshape(3, 4)
    found = input_gradient(lambda x: x**2 * np.arange(4, dtype=np.float32), inputs, np.array([1, 3, 0]))
    expected = np.zeros((3, 4))
    expected[0, 1], expected[1, 3] = 2 * 1, 3 * 2 * 7
    assert np.allclose(found, expected)


def test_features_with_a_kink_at_blank_paper_have_slopes_all_the_same():
    keras.utils.set_random_seed(1)
    body = [layers.Rescaling(1 / 255), OrientedGradients(), layers.Dense(10, activation="softmax")]
    model = keras.Sequential([keras.Input((28, 28), dtype="uint8"), *body])
    views = open_keras(model, "gradients", DIGIT_CLASSES)
    slopes = explain.saliency(views, PIXELS[0] * (PIXELS[0] > 0.5), 2)
    assert np.isfinite(slopes).all() and np.abs(slopes).max() > 0
    assert any("noisy copies" in one for one in views.remarks) and views.filters is None


def test_a_committee_shows_its_first_member():
    member, other = convolutional(), convolutional()
    other.name = "second"
    glyphs = keras.Input((28, 28), dtype="uint8")
    both = keras.Model(glyphs, layers.Average()([member(glyphs), other(glyphs)]))
    views = open_keras(both, "committee", DIGIT_CLASSES)
    assert views.layers == ("edges", "parts") and "small, the first of its 2" in views.remarks[0]
    assert views.maps(PIXELS[0])["edges"].shape == (6, 24, 24)
    assert np.abs(explain.saliency(views, PIXELS[0], 1)).max() > 0


def test_occlusion_falls_where_the_network_looks():
    templates = np.zeros((10, 28, 28), np.float32)
    templates[4, 6:10, 20:24] = 0.2
    views, glyph = of_templates(templates), np.full((28, 28), 255, np.uint8)
    seen = explain.look_at(views, glyph)
    assert seen.target == 4 and seen.falls.shape == (14, 14)
    row, column = np.unravel_index(seen.falls.argmax(), seen.falls.shape)
    assert 6 <= 2 * row + 1 < 10 and 20 <= 2 * column + 1 < 24
    assert np.abs(seen.falls[7:]).max() < 1e-6
    # Another class gains by the same patch.
    assert explain.look_at(views, glyph, 5).falls.min() < 0
    assert explain.figures_of(views, [seen], [])["digits"][0]["occlusion"]["at"] == [
        2 * column + 1,
        2 * row + 1,
    ]


def test_the_best_input_is_the_template():
    waves = explain.cosine_waves(explain.WAVES)
    flat = waves.reshape(len(waves), -1)
    assert np.allclose(flat @ flat.T, np.eye(len(waves)), atol=1e-5)
    templates = np.stack([waves[5 + i] for i in range(10)])
    best = explain.maximise(of_templates(templates), [0, 3, 9])
    for one in best:
        assert one.picture.shape == (28, 28) and 0 <= one.picture.min() and one.picture.max() <= 1
        match = [np.corrcoef(one.picture.ravel(), other.ravel())[0, 1] for other in templates]
        assert int(np.argmax(match)) == one.target == int(one.probabilities.argmax())
    again = explain.maximise(of_templates(templates), [0, 3, 9])
    assert all(np.array_equal(a.picture, b.picture) for a, b in zip(best, again, strict=True))


def test_a_trained_network_is_excited_by_its_best_inputs(run, tiny_recipe):
    views = explain.open_views(run)
    assert views.filters is not None and views.filters.pictures.shape == (32, 28, 28)
    assert any("no feature maps" in one for one in views.remarks)
    best = explain.maximise(views, range(10))
    assert np.mean([one.probabilities[one.target] for one in best]) > 0.8


def test_the_shipped_network_is_looked_into_without_keras_weights():
    found = find_glyphs(EXAMPLES / "digit-squared.jpg")
    views = explain.open_views()
    seen = explain.look_at(views, found[0].glyph)
    assert views.classes[seen.target] == found[0].read == "4"
    assert seen.falls.max() > 0.1 and [len(maps) for maps in seen.maps.values()][0] == 24
    assert len(views.layers) == 6 and views.filters is not None and views.filters.pictures.shape == (24, 3, 3)
    (best,) = explain.maximise(views, [4], steps=2)
    assert best.picture.max() > 0


def test_glyphs_are_those_that_the_reader_shows_its_network(monkeypatch):
    shown: list[np.ndarray] = []
    original = Recogniser.glyph_probabilities

    def spy(self: Recogniser, glyphs: np.ndarray, lone: np.ndarray) -> np.ndarray:
        shown.extend(glyphs)
        return original(self, glyphs, lone)

    monkeypatch.setattr(Recogniser, "glyph_probabilities", spy)
    (answer,) = Reader().read(EXAMPLES / "string.jpg")
    expected = list(shown)
    found = find_glyphs(EXAMPLES / "string.jpg")
    assert "".join(one.read for one in found) == answer.text
    assert [one.number for one in found] == list(range(1, len(found) + 1))
    assert all(any(np.array_equal(one.glyph, glyph) for glyph in expected) for one in found)
    (third,) = find_glyphs(EXAMPLES / "string.jpg", number=3)
    assert third.number == 3 and np.array_equal(third.glyph, found[2].glyph)


@pytest.mark.parametrize("dark_ink", [False, True])
def test_a_picture_of_28x28_is_a_glyph_already(tmp_path, dark_ink):
    glyph = np.zeros((28, 28), np.uint8)
    glyph[5:23, 12:16] = 250
    cv2.imwrite(str(tmp_path / "glyph.png"), 255 - glyph if dark_ink else glyph)
    (found,) = find_glyphs(tmp_path / "glyph.png")
    assert np.array_equal(found.glyph, glyph)


def test_pictures_of_a_network_for_given_glyphs(weights, tmp_path):
    written = write_network_pictures(weights, GLYPHS[:2], tmp_path / "out")
    names = [path.name for path in written]
    assert names == [
        "glyphs.png",
        "attention.png",
        "filters.png",
        "feature-maps-1.png",
        "feature-maps-2.png",
        "best-inputs.png",
        "explain.json",
    ]
    for path in written[:-1]:
        picture = cv2.imread(str(path))
        assert picture is not None and picture.std() > 5 and min(picture.shape[:2]) > 150, path
    found = json.loads(written[-1].read_text())
    assert found["network"] == "small" and len(found["digits"]) == 2 and len(found["best_inputs"]) == 10
    assert [one["name"] for one in found["digits"][0]["layers"]] == ["convolution_1", "convolution_2"]


def test_the_verb_explains_each_digit(run, weights, tmp_path, tiny_recipe):
    told = call(EXAMPLES / "digit-plain.jpg", "--run", run, "--out", tmp_path / "dense", "--class", 3)
    assert (
        (tmp_path / "dense" / "glyphs.png").is_file()
        and "explain.json" in told
        and "feature-maps" not in told
    )
    found = json.loads((tmp_path / "dense" / "explain.json").read_text())
    assert found["digits"][0]["explained"] == "3" and found["found"][0]["text"]
    flags = ["--run", weights, "--digit", 2, "--layer", "convolution_2", "--out", tmp_path / "convolutional"]
    call(EXAMPLES / "string.jpg", *flags)
    names = {path.name for path in (tmp_path / "convolutional").iterdir()}
    assert {"feature-maps-2.png", "best-inputs-of-units.png"} <= names and "feature-maps-1.png" not in names


def test_refusals_name_what_is_wrong(run, weights, tmp_path, tiny_recipe):
    assert "no such file" in call(tmp_path / "none.png", code=1)
    assert "no digit was found" in call(EXAMPLES / "blank.jpg", code=1)
    digit = EXAMPLES / "digit-plain.jpg"
    assert "one digit was found, and no digit 9" in call(digit, "--digit", 9, code=1)
    assert "no such run folder" in call(digit, "--run", tmp_path / "none", code=1)
    assert "no class '12'" in call(digit, "--run", weights, "--class", 12, code=2)
    assert "did you mean convolution_1?" in call(digit, "--run", weights, "--layer", "convoluton_1", code=2)
    assert "has no layer with feature" in call(digit, "--run", run, "--layer", "convolution_1", code=2)
    assert not (Path("explain") / "digit-plain").exists()
    with pytest.raises(InputError):
        find_glyphs(tmp_path)
    (tmp_path / runs.CONFIG).write_text((run / runs.CONFIG).read_text())
    with pytest.raises(RunError, match="not finished"):
        explain.open_views(tmp_path)
    (tmp_path / "notes.txt").write_text("no weights")
    with pytest.raises(RunError, match="neither"):
        explain.open_views(tmp_path / "notes.txt")


def test_a_line_network_is_refused():
    with pytest.raises(RunError, match="whole lines"):
        open_onnx(explain.WEIGHTS / "inkdigits-lines.onnx")
