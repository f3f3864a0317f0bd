"""Trains two seeds of a small convolutional recipe side by side, and the first of them alone: run with
KERAS_BACKEND=jax. Prints what a second call, and one without JAX's kind of epochs, are refused with.
"""

import builtins
import dataclasses
import sys
import warnings
from pathlib import Path

import keras
import tiny
from keras import layers
from rich.console import Console

from conftest import FOREIGN
from inkdigits.errors import RunError
from inkdigits.learning.augment import Augmentation
from inkdigits.learning.together import train_together
from inkdigits.learning.training import train

CONFIG = tiny.config(augmentation=Augmentation(translation=1.0, rotation=4.0), ema_momentum=0.9)


def network(config) -> keras.Model:
    """Each kind of convolution that is learnt as a product."""
    return keras.Sequential(
        [
            keras.Input((28, 28), dtype="uint8", name="glyphs"),
            layers.Rescaling(1 / 255),
            layers.Reshape((28, 28, 1)),
            layers.Conv2D(4, 5, strides=2, use_bias=False),
            layers.BatchNormalization(momentum=0.9),
            layers.ReLU(),
            layers.DepthwiseConv2D(3, strides=2, padding="same"),
            layers.Conv2D(8, 1, activation="relu"),
            layers.Flatten(),
            layers.Dense(10, activation="softmax", dtype="float32"),
        ]
    )


def main(folder: Path) -> None:
    recipe = dataclasses.replace(tiny.TINY, build=network)
    nowhere, console = Path("nowhere"), Console(file=sys.stderr)
    places = {0: folder / "first", 1: folder / "second"}
    train_together(recipe, CONFIG, places, nowhere, console)
    train(CONFIG, folder / "alone", nowhere, recipe=recipe)
    unwarped = dataclasses.replace(
        recipe, prepare=lambda config, data: dataclasses.replace(tiny.prepare(config, data), warps=None)
    )
    for again, these in ((recipe, places), (unwarped, {2: folder / "third"})):
        try:
            train_together(again, CONFIG, these, nowhere, console)
        except RunError as error:
            print(error)


if __name__ == "__main__":
    warnings.simplefilter("error")
    for one in FOREIGN:
        action, message, category = one.split(":")
        warnings.filterwarnings(action, message, getattr(builtins, category))
    main(Path(sys.argv[1]))
