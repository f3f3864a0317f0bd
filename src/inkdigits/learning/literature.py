"""The networks of the literature, each by the recipe it is measured with; all learn from MNIST alone.

In: nothing. Out: `LITERATURE`. What a publication leaves open was chosen on the validation part.
"""

from __future__ import annotations

import dataclasses
from typing import Any

import keras

from inkdigits.errors import RunError
from inkdigits.learning.config import TrainConfig
from inkdigits.learning.mnist import glyph_recipe
from inkdigits.learning.models.alexnet import alexnet
from inkdigits.learning.models.ciresan import ciresan
from inkdigits.learning.models.fast import fast
from inkdigits.learning.models.lenet import lenet5
from inkdigits.learning.models.light import light, light_10k
from inkdigits.learning.models.paper import paper_cnn
from inkdigits.learning.models.perceptrons import mlp, mlp_dropconnect, mlp_maxout, mlp_simard
from inkdigits.learning.models.resnet import resnet
from inkdigits.learning.models.single import inkdigits_single
from inkdigits.learning.models.tiny import tiny
from inkdigits.learning.recipe import Recipe
from inkdigits.learning.taught import prepare_taught, taught_loss

# As much as a digit moves when its centre of mass is a pixel off.
SHIFTED: dict[str, Any] = {"translation": 1.0}
AFFINE: dict[str, Any] = {"translation": 2.0, "rotation": 10.0, "scale": 0.1, "shear": 0.1}
SLIGHT: dict[str, Any] = {"translation": 1.0, "rotation": 8.0, "scale": 0.08, "shear": 0.08}
ELASTIC: dict[str, Any] = {**AFFINE, "elastic": 20.0}
STRONG: dict[str, Any] = {"translation": 2.5, "rotation": 14.0, "scale": 0.15, "shear": 0.15, "elastic": 20.0}
HALF: dict[str, Any] = {"precision": "mixed_bfloat16"}
AVERAGED: dict[str, Any] = {"schedule": "one-cycle", "ema_momentum": 0.999}


def _ciresan() -> Recipe:
    """The option `width` is the width that digits are brought to, in pixels; none for the original column."""
    recipe = glyph_recipe(
        "ciresan",
        "one column of the multi-column network; --option width=10..20 squeezes its digits",
        "Ciresan, Meier and Schmidhuber 2012",
        ciresan,
        {"epochs": 60, "learning_rate": 1.2e-3, **AVERAGED, **HALF, "augmentation": ELASTIC},
    )
    return dataclasses.replace(recipe, build=_column, options=("width",))


def _tiny(name: str, budget: str, maps: tuple[int, int, int], warps: dict[str, Any]) -> Recipe:
    """A network of `tiny` with so many maps."""
    settings = {"epochs": 40, "learning_rate": 1e-2, "schedule": "one-cycle", "augmentation": warps}
    return glyph_recipe(
        name,
        f"depthwise-separable, at most {budget}",
        "here",
        lambda: tiny(*maps, name),
        settings,
        prepare=prepare_taught,
        loss=taught_loss,
        options=("taught",),
    )


def _column(config: TrainConfig) -> keras.Model:
    width = config.options.get("width")
    if width is not None and (not isinstance(width, int) or not 4 <= width <= 28):
        raise RunError(f"ciresan: width is {width!r}: a whole number of pixels from 4 to 28 is needed")
    return ciresan(width)


LITERATURE: tuple[Recipe, ...] = (
    glyph_recipe("paper-cnn", "two 5x5 convolutions, a hidden layer of 128, dropout", "the paper", paper_cnn),
    glyph_recipe("mlp", "two hidden layers of 512 rectified linear units", "the paper", mlp),
    glyph_recipe(
        "mlp-simard",
        "one hidden layer of 800, elastic distortion",
        "Simard, Steinkraus and Platt 2003",
        mlp_simard,
        {
            "epochs": 300,
            "batch_size": 128,
            "learning_rate": 2e-3,
            **AVERAGED,
            **HALF,
            "augmentation": {"translation": 1.0, "elastic": 34.0},
        },
    ),
    glyph_recipe(
        "mlp-dropconnect",
        "784-800-800-10, weights dropped by DropConnect; digits shifted by up to a pixel",
        "Wan et al. 2013",
        mlp_dropconnect,
        {"epochs": 50, "batch_size": 128, "augmentation": SHIFTED, **HALF},
    ),
    glyph_recipe(
        "mlp-maxout",
        "two layers of 240 maxout units, dropout; digits shifted by up to a pixel",
        "Goodfellow et al. 2013",
        mlp_maxout,
        {"epochs": 50, "batch_size": 128, "augmentation": SHIFTED, **HALF},
    ),
    glyph_recipe(
        "lenet5",
        "LeNet-5 with its connection table and learnt subsampling; softmax, distorted digits",
        "LeCun, Bottou, Bengio and Haffner 1998",
        lenet5,
        {"epochs": 25, "learning_rate": 2e-3, "augmentation": AFFINE, **HALF},
    ),
    glyph_recipe(
        "alexnet",
        "AlexNet's eight layers for 28x28, a third as wide",
        "Krizhevsky, Sutskever and Hinton 2012",
        alexnet,
        {"epochs": 8, "augmentation": AFFINE, **HALF},
    ),
    _ciresan(),
    glyph_recipe(
        "resnet",
        "residual network: six pre-activated blocks",
        "He, Zhang, Ren and Sun 2016",
        resnet,
        {"epochs": 16, "batch_size": 128, "learning_rate": 4e-3, **AVERAGED, **HALF, "augmentation": STRONG},
    ),
    glyph_recipe(
        "light",
        "depthwise-separable, at most 2,500 parameters",
        "Howard et al. 2017",
        light,
        {"epochs": 60, "learning_rate": 1e-2, **AVERAGED, "augmentation": {**AFFINE, "translation": 1.0}},
    ),
    glyph_recipe(
        "light-10k",
        "depthwise-separable, at most 10,000 parameters; 12 kB of weights in integers",
        "Howard et al. 2017",
        light_10k,
        {"epochs": 80, "learning_rate": 1e-2, **AVERAGED, "augmentation": AFFINE},
    ),
    _tiny("tiny-1k", "1,000 parameters", (5, 9, 13), SLIGHT),
    _tiny("tiny-2k", "2,000 parameters", (8, 17, 23), SLIGHT),
    _tiny("tiny-5k", "5,000 parameters", (14, 34, 46), SLIGHT),
    glyph_recipe(
        "inkdigits-single",
        "our best single network, 3x3 convolutions without pooling",
        "here; after An et al. 2020",
        inkdigits_single,
        {"epochs": 16, "batch_size": 128, "learning_rate": 4e-3, **AVERAGED, **HALF, "augmentation": STRONG},
    ),
    glyph_recipe(
        "fast",
        "learns soonest; the recipe of `train --fast`",
        "here; one cycle after Smith and Topin 2019",
        fast,
        {
            "epochs": 6,
            "batch_size": 128,
            "learning_rate": 1e-2,
            "schedule": "one-cycle",
            "augmentation": {"translation": 1.5, "rotation": 8.0, "scale": 0.08, "shear": 0.08},
        },
    ),
)
