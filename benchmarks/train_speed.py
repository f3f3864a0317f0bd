"""Training against the clock: ours, stock Keras, stock PyTorch and scikit-learn, on the same cores.

    python benchmarks/train_speed.py --data DIR [--seeds 10] [--torch-python PYTHON] [--log FILE]

In: MNIST. Out: a table and results/train_speed.json. What a contestant is, and what is timed of it, says
`train_contestants.py`, which trains each in a process of its own. They take turns, seed by seed, so that what
else the machine does hurts all alike. Each run is written to the log as it ends; a benchmark that was
interrupted goes on from there, and nothing else may run beside it. PyTorch is another Python's, which has
torch and NumPy; without it there are no rows of PyTorch.

Accuracy is that of all 10,000 test images after the last epoch, the mean over the seeds; how many epochs a
recipe of ours has was fixed on the validation part.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
from collections import defaultdict
from pathlib import Path
from typing import Any

from common import RESULTS, append_log, commit, mean_row, print_rows, read_log, told_by, write_results
from inkdigits.errors import DataError, InkdigitsError
from inkdigits.learning.sources import data_folder
from train_contestants import CONTESTANTS, KERAS, OURS, PYTORCH, REACHES

_SECONDS = 3600  # within which the slowest ends
Run = dict[str, Any]


def main(arguments: list[str] | None = None) -> int:
    """Train what the log lacks; print and write the figures of all that it holds."""
    parser = argparse.ArgumentParser(description="Training against the clock, side by side.")
    parser.add_argument("--data", type=Path, help="data folder (default: INKDIGITS_DATA)")
    parser.add_argument("--seeds", type=int, default=10, help="runs of each (default %(default)s)")
    parser.add_argument("--torch-python", type=Path, metavar="PYTHON", help="a Python that has torch")
    parser.add_argument("--only", action="append", choices=list(CONTESTANTS), help="may be repeated")
    parser.add_argument("--log", type=Path, default=Path("runs/train_speed.jsonl"))
    options = parser.parse_args(arguments)
    if options.seeds < 1:
        parser.error("--seeds must be at least 1")
    names = [name for name in options.only or CONTESTANTS if name != PYTORCH or options.torch_python]
    commit()
    try:
        folder = data_folder(options.data)
        done = {(run["name"], run["seed"]): run for run in read_log(options.log)}
        for seed in range(options.seeds):
            for name in names:
                if (name, seed) in done:
                    continue
                python = options.torch_python if name == PYTORCH else Path(sys.executable)
                run = {"name": name, "seed": seed, **train_apart(python, name, seed, folder)}
                done[name, seed] = run
                append_log(options.log, run)
                print(f"{name}, seed {seed}: {run['seconds']} s, {100 * run['accuracy']:.2f} %", flush=True)
    except InkdigitsError as error:
        print(error, file=sys.stderr)
        return 1
    rows = rows_of([run for (name, _), run in done.items() if name in names])
    print_rows(rows, title="training against the clock")
    write_results(RESULTS / "train_speed.json", rows)
    return 0


def train_apart(python: Path, name: str, seed: int, folder: Path) -> Run:
    """One training in a process of its own. Raises DataError where it ends without a result."""
    script = Path(__file__).with_name("train_contestants.py")
    load = os.getloadavg()[0]
    command = [python, script, name, "--seed", str(seed), "--data", folder]
    try:
        told = told_by(command, seconds=_SECONDS, env={"PYTHONPATH": str(script.parent.parent / "src")})
    except DataError as error:
        raise DataError(f"{name}, seed {seed}: {error}") from error
    return {**told, "load_before": round(load, 2)}


def rows_of(runs: list[Run]) -> list[dict[str, Any]]:
    """Of each contestant its seconds, images a second and accuracy, and how ours compare."""
    by_name: defaultdict[str, list[Run]] = defaultdict(list)
    for run in runs:
        by_name[run["name"]].append(run)
    rows = []
    for name, own in by_name.items():
        told = {
            "epochs": [run["epochs"] for run in own],
            "compile_seconds": round(statistics.mean(run["compile_seconds"] for run in own), 2),
            "load_before": [run["load_before"] for run in own],
        }
        # What the row's versions and its name do not say: another Python's torch, our arithmetic.
        told |= {key: own[0][key] for key in ("torch", "precision") if key in own[0]}
        rows.append(mean_row(f"{name}: time", [run["seconds"] for run in own], 2, "s", detail=told))
        rows.append(mean_row(f"{name}: speed", [run["images_per_second"] for run in own], 0, "images/s"))
        target = f">= {REACHES[name]}" if name in REACHES else None
        accuracy = [100 * run["accuracy"] for run in own]
        rows.append(mean_row(f"{name}: MNIST test", accuracy, 3, "%", target))
    for title, field, ours, others, target in (
        ("paper-cnn: speed over that of stock Keras", "images_per_second", "paper-cnn", KERAS, ">= 2"),
        ("time to 99.15 % over that of the paper's recipe", "seconds", OURS[1], KERAS, "<= 0.1"),
    ):
        shares = [
            run[field] / other[field]
            for run in by_name[ours]
            for other in by_name[others]
            if run["seed"] == other["seed"]
        ]
        if shares:
            rows.append(mean_row(title, shares, 3, "", target))
    return rows


if __name__ == "__main__":
    sys.exit(main())
