"""The networks of the literature: parameters as published, what they take and give, and that they learn."""

import keras
import numpy as np
import onnx
import onnxruntime
import pytest
import tiny

from inkdigits.errors import RunError
from inkdigits.learning.config import TrainConfig
from inkdigits.learning.literature import LITERATURE
from inkdigits.learning.models.alexnet import LocalResponseNormalisation
from inkdigits.learning.models.ciresan import WidthNormalisation
from inkdigits.learning.models.lenet import TableConvolution
from inkdigits.learning.models.normalisation import DilatedConvolution, FusedBatchNormalization
from inkdigits.learning.models.perceptrons import DropConnect
from inkdigits.learning.recipe import one_hot
from inkdigits.learning.recipes import RECIPES

PARAMETERS = {
    "paper-cnn": 184_586,
    "mlp": 784 * 512 + 512 + 512 * 512 + 512 + 512 * 10 + 10,
    "mlp-simard": 784 * 800 + 800 + 800 * 10 + 10,
    "mlp-dropconnect": 784 * 800 + 800 + 800 * 800 + 800 + 800 * 10 + 10,
    "mlp-maxout": 784 * 1200 + 1200 + 240 * 1200 + 1200 + 240 * 10 + 10,
    # C1, S2, C3, S4, C5, F6 as published, and a softmax.
    "lenet5": 156 + 12 + 1_516 + 32 + 48_120 + 10_164 + 850,
    "ciresan": 20 * 17 + 40 * (20 * 25 + 1) + 150 * (360 + 1) + 10 * 151,
}


def build(name, **options):
    return RECIPES[name].build(TrainConfig(name, options=options))


def test_the_papers_network_has_its_layers():
    shapes = [tuple(layer.output.shape)[1:] for layer in build("paper-cnn").layers]
    assert shapes[2:] == [(24, 24, 32), (12, 12, 32), (8, 8, 64), (4, 4, 64), (1024,), (128,), (128,), (10,)]


@pytest.mark.parametrize(("name", "count"), PARAMETERS.items())
def test_parameters_are_those_of_the_publication(name, count):
    assert build(name).count_params() == count


@pytest.mark.parametrize(
    ("name", "most"),
    [
        ("light", 2_500),
        ("light-10k", 10_000),
        ("tiny-1k", 1_000),
        ("tiny-2k", 2_000),
        ("tiny-5k", 5_000),
        ("inkdigits-single", 1_200_000),
    ],
)
def test_small_networks_keep_to_their_budget(name, most):
    assert build(name).count_params() <= most


@pytest.mark.parametrize("recipe", LITERATURE, ids=lambda recipe: recipe.name)
def test_bytes_go_in_probabilities_come_out_and_100_images_are_learnt_by_heart(recipe, tmp_path):
    keras.utils.set_random_seed(0)
    model = recipe.build(TrainConfig(recipe.name))
    images, labels = tiny.bars(100, 0)
    out = model.predict(images, verbose=0)
    assert out.shape == (100, 10) and out.dtype == np.float32
    assert np.allclose(out.sum(axis=1), 1, atol=1e-5)
    # The scale of pixels is the model's own: bytes as floats give the same.
    assert np.allclose(out[:5], np.asarray(model(images[:5].astype(np.float32))), atol=1e-5)

    model.compile(keras.optimizers.Adam(2e-3), "categorical_crossentropy", steps_per_execution=4)
    for _ in range(30):
        model.fit(images, one_hot(labels, 10), batch_size=25, epochs=5, verbose=0)
        learnt = model.predict(images, verbose=0)
        if (learnt.argmax(axis=1) == labels).all():
            break
    assert (learnt.argmax(axis=1) == labels).all()

    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras", compile=False)
    assert np.allclose(loaded.predict(images, verbose=0), learnt, atol=1e-5)


@pytest.mark.parametrize("options", [{"width": "wide"}, {"width": 40}])
def test_a_column_refuses_widths_that_cannot_be(options):
    with pytest.raises(RunError, match="ciresan.*width"):
        build("ciresan", **options)


def test_lenets_third_layer_sees_only_the_maps_of_its_table():
    layer = TableConvolution()
    layer.build((None, 14, 14, 6))
    blank = np.zeros((1, 14, 14, 6), np.float32)
    only_first = blank.copy()
    only_first[..., 0] = 1
    changed = np.asarray(layer(only_first) - layer(blank)).any(axis=(0, 1, 2))
    # Column 0 of the publication's Table I.
    assert np.flatnonzero(changed).tolist() == [0, 4, 5, 6, 9, 10, 11, 12, 14, 15]


def test_dropconnect_drops_weights_in_training_only():
    layer = DropConnect(50, rate=0.5, seed=3)
    ones = np.ones((2, 400), np.float32)
    still = np.asarray(layer(ones))
    first, second = (np.asarray(layer(ones, training=True)) for _ in range(2))
    assert np.array_equal(still, np.asarray(layer(ones, training=False)))
    assert not np.allclose(first, still) and not np.allclose(first, second)
    # One mask for the batch.
    assert np.allclose(first[0], first[1])


def test_local_response_normalisation_by_its_formula():
    values = np.random.default_rng(0).normal(0, 100, (2, 3, 3, 7)).astype(np.float32)
    expected = np.empty_like(values)
    for index in range(7):
        near = values[..., max(0, index - 2) : index + 3]
        expected[..., index] = values[..., index] / (2 + 1e-4 * (near**2).sum(axis=-1)) ** 0.75
    assert np.allclose(np.asarray(LocalResponseNormalisation()(values)), expected, rtol=1e-4)


@pytest.mark.parametrize("width", [10, 16, 20])
@pytest.mark.parametrize(("left", "right"), [(3, 8), (0, 28), (12, 13), (20, 28)])
def test_digits_are_brought_to_a_width_and_centred(width, left, right):
    image = np.zeros((1, 28, 28, 1), np.float32)
    image[:, 5:20, left:right] = 1
    out = np.asarray(WidthNormalisation(width)(image))[0, 10, :, 0]
    inked = np.flatnonzero(out > 0.5)
    assert abs(len(inked) - width) <= 1
    assert abs((inked[0] + inked[-1]) / 2 - 13.5) <= 0.5
    blank = np.zeros((1, 28, 28, 1), np.float32)
    assert not np.asarray(WidthNormalisation(width)(blank)).any()


def test_fused_batch_normalisation_learns_what_kerass_own_learns():
    values = np.random.default_rng(0).normal(3, 2, (16, 5, 5, 8)).astype(np.float32)
    fused, plain = (
        kind(momentum=0.9, dtype="mixed_bfloat16")
        for kind in (FusedBatchNormalization, keras.layers.BatchNormalization)
    )
    ours, theirs = (np.asarray(layer(values, training=True)).astype(np.float32) for layer in (fused, plain))
    assert np.allclose(ours, theirs, atol=0.05)
    for one, other in zip(fused.weights, plain.weights, strict=True):
        assert np.allclose(np.asarray(one), np.asarray(other), rtol=0.02, atol=0.02)


@pytest.mark.parametrize(("size", "dilation"), [((1, 3), (1, 8)), ((3, 5), (2, 3))])
def test_a_dilated_convolution_is_kerass_own_and_one_operation_in_onnx(tmp_path, size, dilation):
    values = np.random.default_rng(0).normal(0, 1, (2, 6, 11, 4)).astype(np.float32)
    keras.utils.set_random_seed(0)
    ours = DilatedConvolution(5, size, padding="same", dilation_rate=dilation, use_bias=False)
    model = keras.Sequential([keras.Input((6, None, 4)), ours])
    theirs = keras.layers.Conv2D(5, size, padding="same", dilation_rate=dilation, use_bias=False)
    theirs.build(values.shape)
    theirs.kernel.assign(ours.kernel)
    expected = np.asarray(theirs(values))
    for training in (False, True):
        assert np.allclose(np.asarray(model(values, training=training)), expected, atol=1e-5)
    path = tmp_path / "dilated.onnx"
    model.export(path, format="onnx", verbose=False)
    graph = onnx.load(path).graph
    assert [node.op_type for node in graph.node].count("Conv") == 1
    assert not {"Pad", "Slice", "Gather"} & {node.op_type for node in graph.node}
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    (found,) = session.run(None, {session.get_inputs()[0].name: values})
    assert np.allclose(found, expected, atol=1e-4)
