"""The networks for the smallest devices: what each seed of them reads as C, in integers, and what that takes.

    python benchmarks/smallest.py --data DIR [--runs runs/table1] [--log FILE] [--plot docs/smallest.png]

In: the runs that `inkdigits benchmark table1 tiny-1k tiny-2k tiny-5k light-10k` left, and a C compiler. Out:
a table, rows of results/tiny.json, and a plot beside published networks: accuracy against bytes of weights,
and against multiply-adds. Each seed's network is written as `inkdigits export --target c` writes it and reads
MNIST's 10,000 test images; each is written to the log as it ends, and a benchmark that was interrupted goes
on from there. Nothing is chosen here: the figures are means over all seeds.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

from common import (
    RESULTS,
    ROOT,
    append_log,
    commit,
    mean_row,
    print_rows,
    read_log,
    read_results,
    result_row,
    write_results,
)
from inkdigits.errors import DataError, InkdigitsError
from inkdigits.learning.benchmark import SCORE, run_folder
from inkdigits.learning.direct_labels import label_points
from inkdigits.learning.figures import BLUE, GREY, save
from inkdigits.learning.runs import read_json
from inkdigits.learning.sources import data_folder
from inkdigits.learning.table import BY_NAME
from inkdigits.learning.table_figures import compact
from inkdigits.learning.targets import write_target

NAMES = ("tiny-1k", "tiny-2k", "tiny-5k", "light-10k")
TABLE = "The smallest devices: each network as C, in integers"
# What a network promises to read in integers, per cent, with at most so many bytes of weights; others promise
# what they read in float32.
IN_INTEGERS = {"light-10k": (99.6, 12_288)}
# BitNetMCU's networks (its documentation, read in 2026): bytes of weights, per cent of MNIST's test images.
PUBLISHED = ((3_200, 98.92), (5_400, 99.06), (7_300, 99.28), (9_300, 99.44), (11_000, 99.55), (13_000, 99.58))
Run = dict[str, Any]


def main(arguments: list[str] | None = None) -> int:
    """Write and run what the log lacks; print, record and draw the figures of all that it holds."""
    parser = argparse.ArgumentParser(description="The networks for the smallest devices, as C.")
    parser.add_argument("--data", type=Path, help="data folder (default: INKDIGITS_DATA)")
    parser.add_argument("--runs", type=Path, default=Path("runs/table1"), help="(default %(default)s)")
    parser.add_argument("--log", type=Path, default=Path("runs/smallest.jsonl"), help="(default %(default)s)")
    parser.add_argument("--plot", type=Path, default=ROOT / "docs" / "smallest.png")
    options = parser.parse_args(arguments)
    commit()
    try:
        told = list(measure(options.runs, data_folder(options.data), options.log))
    except InkdigitsError as error:
        print(error, file=sys.stderr)
        return 1
    rows = rows_of(told)
    print_rows(rows, title=TABLE)
    write_results(RESULTS / "tiny.json", rows)
    # Networks whose runs are not here keep their points.
    recorded = read_results(RESULTS / "tiny.json")
    draw([row for row in recorded if row["detail"].get("table") == TABLE], options.plot)
    return 0


def measure(runs: Path, folder: Path, log: Path) -> Iterator[Run]:
    """Each finished seed's figures, from the log or measured now. Raises DataError where there is none."""
    known = {(run["name"], run["seed"]): run for run in read_log(log)}
    wanted = [(name, seed) for name in NAMES for seed in range(BY_NAME[name].seeds)]
    places = {(name, seed): run_folder(runs, BY_NAME[name], seed) for name, seed in wanted}
    places = {run: place for run, place in places.items() if (place / SCORE).is_file()}
    if not places:
        raise DataError(f"{runs}: no scored run; `inkdigits benchmark table1 {' '.join(NAMES)}` makes them")
    for (name, seed), place in places.items():
        if (name, seed) not in known:
            known[name, seed] = {"name": name, "seed": seed, **_as_c(place, folder)}
            append_log(log, known[name, seed])
            print(f"{name}, seed {seed}: {known[name, seed]}", flush=True)
        yield known[name, seed]


def _as_c(place: Path, folder: Path) -> dict[str, Any]:
    """What a run scored as it was trained, and what it reads and takes as C."""
    score = read_json(place / SCORE)
    with tempfile.TemporaryDirectory() as out:
        written = write_target(place, "c", folder, Path(out))
    return {
        "parameters": score["parameters"],
        "multiply_adds": score["multiply_adds"],
        "float32": score["accuracy"]["mnist-test"],
        "integers": written.accuracy,
        "runtime": written.runtime,
        **written.sizes,
    }


def rows_of(runs: Sequence[Run]) -> list[dict[str, Any]]:
    """Of each network its accuracies, mean and deviation over its seeds, and its bytes."""
    by_name: defaultdict[str, list[Run]] = defaultdict(list)
    for run in runs:
        by_name[run["name"]].append(run)
    rows = []
    for name, own in by_name.items():
        cost = {key: own[0][key] for key in ("parameters", "multiply_adds", "runtime")}
        detail = {"table": TABLE, **cost}
        promised, most_bytes = IN_INTEGERS.get(name, (None, None))
        for key, target in (("float32", BY_NAME[name].target), ("integers", promised)):
            figure = f"{name} ({cost['parameters']:,} parameters): MNIST test, {key}"
            told = None if target is None else f">= {target}"
            rows.append(mean_row(figure, [100 * run[key] for run in own], 3, "%", told, detail))
        for title, key in (("weights", "weights"), ("flash, all of it", "flash"), ("memory", "work")):
            if key in own[0]:
                limited = key == "weights" and most_bytes is not None
                rows.append(
                    result_row(
                        f"{name}: bytes of {title}",
                        max(run[key] for run in own),
                        n=len(own),
                        unit="bytes",
                        target=f"<= {most_bytes}" if limited else None,
                        detail=detail,
                    )
                )
    return rows


def draw(rows: Sequence[dict[str, Any]], path: Path) -> Path:
    """Accuracy of the integers against bytes of weights and against multiply-adds, whiskers of one standard
    deviation; published networks beside them where their cost is known.
    """
    figure = Figure(figsize=(9, 3.6), layout="constrained")
    by_bytes, by_cost = figure.subplots(1, 2, sharey=True)
    figures = {row["figure"]: row for row in rows}
    ours = [row for row in rows if row["figure"].endswith("integers")]
    names = [row["figure"].split(" ", 1)[0] for row in ours]
    sizes = [figures[f"{name}: bytes of weights"]["value"] for name in names]
    by_bytes.plot(*zip(*PUBLISHED, strict=True), "o", color=GREY, label="BitNetMCU, as published")
    _points(by_bytes, sizes, ours, names)
    by_bytes.set(xlabel="bytes of weights", ylabel="MNIST test images read rightly, per cent")
    by_bytes.legend(frameon=False, loc="lower right")
    _points(by_cost, [row["detail"]["multiply_adds"] for row in ours], ours, names)
    by_cost.set(xlabel="multiply-adds a digit")
    return save(figure, path)


def _points(axes: Axes, costs: Sequence[float], rows: Sequence[dict[str, Any]], names: Sequence[str]) -> None:
    values, spread = [row["value"] for row in rows], [row["sd"] or 0.0 for row in rows]
    axes.errorbar(costs, values, yerr=spread, fmt="o", color=BLUE)
    axes.set_xscale("log")
    axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda one, _: compact(one)))
    axes.margins(x=0.2, y=0.2)
    axes.grid(alpha=0.3)
    label_points(axes, list(zip(costs, values, strict=True)), names, [BLUE] * len(names), 9, spread)


if __name__ == "__main__":
    sys.exit(main())
