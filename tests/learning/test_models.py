"""The paper's networks: their layers, their parameters, what they take and give."""

import keras
import numpy as np
import pytest

from inkdigits.learning.config import TrainConfig
from inkdigits.learning.recipes import RECIPES


def test_the_papers_network_has_its_layers_and_184586_parameters():
    model = RECIPES["paper-cnn"].build(TrainConfig("paper-cnn"))
    assert model.count_params() == 184_586
    shapes = [tuple(layer.output.shape)[1:] for layer in model.layers]
    assert shapes[2:] == [
        (24, 24, 32),
        (12, 12, 32),
        (8, 8, 64),
        (4, 4, 64),
        (1024,),
        (128,),
        (128,),
        (10,),
    ]


def test_the_perceptron_has_two_hidden_rectified_layers():
    model = RECIPES["mlp"].build(TrainConfig("mlp"))
    hidden = [layer for layer in model.layers if isinstance(layer, keras.layers.Dense)]
    assert [layer.activation.__name__ for layer in hidden] == ["relu", "relu", "softmax"]


@pytest.mark.parametrize("name", ["mlp", "paper-cnn"])
def test_bytes_go_in_and_probabilities_come_out(name):
    model = RECIPES[name].build(TrainConfig(name))
    glyphs = np.random.default_rng(0).integers(0, 256, (5, 28, 28)).astype(np.uint8)
    out = model.predict(glyphs, verbose=0)
    assert out.shape == (5, 10) and out.dtype == np.float32
    assert np.allclose(out.sum(axis=1), 1, atol=1e-5)
    # The scale of pixels is the model's own: bytes as floats give the same.
    assert np.allclose(out, np.asarray(model(glyphs.astype(np.float32))), atol=1e-5)
