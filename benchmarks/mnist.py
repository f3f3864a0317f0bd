"""The paper's two networks on MNIST: mean and standard deviation of the test accuracy over seeds.

    python benchmarks/mnist.py [--seeds 5] [--model paper-cnn] [--data DIR] [--runs runs/benchmark-mnist]

In: MNIST (--data or INKDIGITS_DATA). Out: a table and results/mnist.json. Each seed is trained by the paper's
recipe on all 60,000 training images, and scored once, on the test set, at its last epoch. All settings were
chosen on the validation part. A seed that is finished is kept in the runs folder, one that was killed goes on
where it was.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from pathlib import Path
from typing import Any

from common import RESULTS, ROOT, print_rows, result_row, wilson, write_results
from inkdigits.errors import InkdigitsError
from inkdigits.learning import runs
from inkdigits.learning.config import TrainConfig
from inkdigits.learning.datasets import load_mnist
from inkdigits.learning.feed import EVALUATION_BATCH
from inkdigits.learning.recipes import RECIPES
from inkdigits.learning.sources import data_folder
from inkdigits.learning.training import train

TARGETS = {"paper-cnn": ">= 99.15", "mlp": ">= 98.3"}
TRAIN_TARGETS = {"paper-cnn": ">= 99.9"}
SCORE = "test-score.json"


def main(arguments: list[str] | None = None) -> int:
    """Train and score what is not yet there; print and write the figures of all models asked for."""
    parser = argparse.ArgumentParser(description="The paper's networks on MNIST, mean and sd over seeds.")
    parser.add_argument("--seeds", type=int, default=5, help="seeds 0 to N-1 (default 5)")
    parser.add_argument("--model", choices=sorted(TARGETS), action="append", help="default: all")
    parser.add_argument("--data", type=Path, default=None, help="data folder (default: INKDIGITS_DATA)")
    parser.add_argument("--runs", type=Path, default=ROOT / "runs" / "benchmark-mnist")
    parser.add_argument(
        "--epochs", type=int, default=15, help="another number than the paper's 15 is not written"
    )
    options = parser.parse_args(arguments)
    if options.seeds < 2:
        parser.error("--seeds must be at least 2: a standard deviation needs two")
    rows: list[dict[str, Any]] = []
    try:
        for model in options.model or ["mlp", "paper-cnn"]:
            settings = {**RECIPES[model].defaults, "epochs": options.epochs, "train_on_all": True}
            configs = [TrainConfig(model, **settings, seed=seed) for seed in range(options.seeds)]
            scores = [score_seed(config, options.runs, data_folder(options.data)) for config in configs]
            rows += figures(model, scores)
    except InkdigitsError as error:
        print(error, file=sys.stderr)
        return 1
    print_rows(rows, title=f"MNIST, {options.epochs} epochs, {options.seeds} seeds")
    if options.epochs == TrainConfig("mlp").epochs:
        write_results(RESULTS / "mnist.json", rows)
    return 0


def score_seed(config: TrainConfig, folder: Path, data: Path) -> dict[str, Any]:
    """The score of one seed: from its run folder if it is there, else trained (or trained on) and scored
    now.
    """
    run = folder / f"{config.model}-{config.epochs}-epochs-seed-{config.seed}"
    if (run / SCORE).is_file():
        return runs.read_json(run / SCORE)
    if not (run / runs.RESULT).is_file():
        train(config, run, data, resume=(run / runs.CONFIG).is_file())
    import keras

    result = runs.read_json(run / runs.RESULT)
    network: Any = keras.saving.load_model(run / runs.MODEL, compile=False)
    test = load_mnist(data, "test")
    start = time.perf_counter()
    outputs = network.predict(test.images, batch_size=EVALUATION_BATCH, verbose=0)
    seconds = time.perf_counter() - start
    score = {
        "seed": config.seed,
        "correct": int((outputs.argmax(axis=1) == test.labels).sum()),
        "count": len(test),
        "train_accuracy": result["train"]["accuracy"],
        "train_count": result["train_count"],
        "train_seconds": result["seconds"],
        "test_seconds": seconds,
        "commit": runs.read_json(run / runs.ENVIRONMENT)["commit"],
    }
    runs.write_json(run / SCORE, score)
    print(
        f"{config.model} seed {config.seed}: {100 * score['correct'] / score['count']:.2f} % on the test set",
        flush=True,
    )
    return score


def figures(model: str, scores: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rows of one model: test accuracy, training accuracy without dropout, seconds to train."""
    test = [100 * score["correct"] / score["count"] for score in scores]
    training = [100 * score["train_accuracy"] for score in scores]
    seconds = [score["train_seconds"] for score in scores]
    # The interval of one mean-sized draw of the test set, which the standard deviation over seeds does not
    # cover.
    low, high = wilson(round(statistics.mean(score["correct"] for score in scores)), scores[0]["count"])
    detail = {
        "per_seed": [round(value, 4) for value in test],
        "test_images": scores[0]["count"],
        "training_images": scores[0]["train_count"],
        "test_set_interval_95": [round(100 * low, 3), round(100 * high, 3)],
        "trained_at_commits": sorted({score["commit"] for score in scores}),
    }
    return [
        _row(f"{model}, MNIST test accuracy", test, "%", TARGETS[model], detail),
        _row(
            f"{model}, MNIST training accuracy without dropout, last epoch",
            training,
            "%",
            TRAIN_TARGETS.get(model),
            {"per_seed": [round(value, 4) for value in training]},
        ),
        _row(
            f"{model}, training time",
            seconds,
            "s",
            None,
            {
                "per_seed": [round(value, 1) for value in seconds],
                "test_seconds": [s["test_seconds"] for s in scores],
            },
        ),
    ]


def _row(
    figure: str, values: list[float], unit: str, target: str | None, detail: dict[str, Any]
) -> dict[str, Any]:
    return result_row(
        figure,
        round(statistics.mean(values), 4),
        sd=round(statistics.stdev(values), 4),
        n=len(values),
        unit=unit,
        target=target,
        detail=detail,
    )


if __name__ == "__main__":
    sys.exit(main())
