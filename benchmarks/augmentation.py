"""What the augmentation of the literature costs beside the training step that it feeds.

    python benchmarks/augmentation.py [--images 8192] [--repeat 5]

Out: a table and results/augmentation.json: microseconds an image of each warp alone and of all together, and
the last as a share of a training step of the paper's network, float32, batches of 64. Warps and steps take
turns in one process, each with the cores to itself; medians of the repetitions. While a network is trained
the next epoch is warped in a thread beside it.
"""

# Keras declares types that its own documentation contradicts (verbose: str).
# pyright: reportArgumentType=false

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from functools import partial

import numpy as np

from common import RESULTS, commit, print_rows, result_row, write_results

SIDE = 28
WARPS: dict[str, dict[str, float]] = {
    "translation": {"translation": 2.0},
    "rotation": {"rotation": 10.0},
    "scale": {"scale": 0.1},
    "shear": {"shear": 0.1},
    "elastic distortion": {"elastic": 34.0},
    "all together": {"translation": 2.0, "rotation": 10.0, "scale": 0.1, "shear": 0.1, "elastic": 34.0},
}
STEP = "training step of paper-cnn"
SHARE = "all together as a share of that step"


def main(arguments: list[str] | None = None) -> int:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(description="The cost of augmentation beside training.")
    parser.add_argument("--images", type=int, default=8192, help="images a repetition (default %(default)s)")
    parser.add_argument("--repeat", type=int, default=5, help="repetitions (default %(default)s)")
    options = parser.parse_args(arguments)
    if options.images < 64 or options.repeat < 2:
        parser.error("at least 64 images and 2 repetitions are needed")
    commit()
    seconds = measure(options.images, options.repeat)
    micro = {name: [1e6 * one / options.images for one in values] for name, values in seconds.items()}
    rows = [
        result_row(
            name,
            round(statistics.median(values), 2),
            n=options.repeat,
            unit="µs an image",
            sd=round(statistics.stdev(values), 2),
        )
        for name, values in micro.items()
    ]
    shares = [warp / step for warp, step in zip(micro["all together"], micro[STEP], strict=True)]
    rows.append(
        result_row(
            SHARE,
            round(100 * statistics.median(shares), 1),
            n=options.repeat,
            unit="%",
            sd=round(100 * statistics.stdev(shares), 1),
            target="< 33.3",
        )
    )
    print_rows(rows, title="augmentation beside training")
    write_results(RESULTS / "augmentation.json", rows)
    return 0


def measure(count: int, repeat: int) -> dict[str, list[float]]:
    """Seconds of each repetition by what was done to `count` images."""
    from inkdigits.learning.augment import Augmentation, augment

    generator = np.random.default_rng(0)
    glyphs = generator.integers(0, 256, (count, SIDE, SIDE), dtype=np.uint8)
    work: dict[str, Callable[[], object]] = {
        name: partial(augment, glyphs, Augmentation(**warp), generator) for name, warp in WARPS.items()
    }
    work[STEP] = training(glyphs, generator.integers(0, 10, count))
    seconds: dict[str, list[float]] = {name: [] for name in work}
    for step in work.values():
        step()
    for _ in range(repeat):
        for name, step in work.items():
            start = time.perf_counter()
            step()
            seconds[name].append(time.perf_counter() - start)
    return seconds


def training(glyphs: np.ndarray, labels: np.ndarray) -> Callable[[], object]:
    """One epoch of the paper's network on `glyphs`, as `inkdigits train` runs it."""
    from inkdigits.learning.config import TrainConfig
    from inkdigits.learning.feed import feed
    from inkdigits.learning.optimizer import compile_model
    from inkdigits.learning.recipe import TrainingData, one_hot
    from inkdigits.learning.recipes import RECIPES

    targets = one_hot(labels, 10)
    recipe, config = RECIPES["paper-cnn"], TrainConfig("paper-cnn", **RECIPES["paper-cnn"].defaults)
    model = recipe.build(config)
    data = TrainingData(epoch=lambda index: (glyphs, targets), count=len(glyphs), validation=None, hashes={})
    compile_model(model, recipe, config, data)
    return lambda: model.fit(**feed(glyphs, targets, config.batch_size), shuffle=False, verbose=0)


if __name__ == "__main__":
    raise SystemExit(main())
