"""Trains the tiny recipe with JAX as Keras's backend: run with KERAS_BACKEND=jax. The second argument is
after how many epochs it stops, as a run that was interrupted; where the folder holds one, it goes on.
"""

import builtins
import sys
import warnings
from pathlib import Path

import tiny

from conftest import FOREIGN
from inkdigits.learning.augment import Augmentation
from inkdigits.learning.training import train


class Interrupted(Exception):
    """The run was stopped after the epoch that was asked for."""


def main(folder: Path, stop_after: int) -> None:
    def after_epoch(done: int) -> None:
        if done == stop_after:
            raise Interrupted

    settings = tiny.config(augmentation=Augmentation(translation=1.0, rotation=4.0, elastic=4.0))
    try:
        train(
            settings,
            folder,
            Path("nowhere"),
            resume=folder.exists(),
            recipe=tiny.TINY,
            after_epoch=after_epoch,
        )
    except Interrupted:
        print("interrupted")


if __name__ == "__main__":
    warnings.simplefilter("error")
    for one in FOREIGN:
        action, message, category = one.split(":")
        warnings.filterwarnings(action, message, getattr(builtins, category))
    main(Path(sys.argv[1]), int(sys.argv[2]))
