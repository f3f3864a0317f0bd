"""`train_device.py` with a small recipe in place of `fast` and bars in place of MNIST: run with
KERAS_BACKEND=jax, with benchmarks/ and tests/learning/ on the path.
"""

import dataclasses
import sys

import tiny

import train_device
from inkdigits.learning.datasets import Digits


def main(results: str) -> int:
    train_device.RECIPES["fast"] = dataclasses.replace(
        tiny.TINY, name="fast", defaults={"batch_size": 32, "learning_rate": 3e-3}
    )
    train_device.RACES = ((40.0, 2, False, 600), (50.0, 4, True, None))
    # So many that two seeds hardly ever read as many of them rightly.
    train_device.load_mnist = lambda folder, part: Digits(*tiny.bars(8_000, 1))
    return train_device.main(["--data", ".", "--seeds", "2", "--results", results])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
