"""What every benchmark shares. In: a measured figure. Out: a row that says where and how it was measured.

A row is a dict of plain JSON types; `results/*.json` is a list of rows, one a figure, so that a second run of
a benchmark replaces its own figures and leaves the others.
"""

from __future__ import annotations

import functools
import json
import operator
import os
import platform
import statistics
import subprocess
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from inkdigits.errors import DataError
from inkdigits.learning import environment
from inkdigits.learning.runs import in_turn, write_text

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "results"

# Distribution names as the package registry knows them; those that are not installed are left out of the row.
PACKAGES = (
    "numpy",
    "onnxruntime",
    "opencv-python-headless",
    "pillow",
    "keras",
    "tensorflow-cpu",
    "tensorflow",
    "jax",
    "torch",
    "scikit-learn",
)


def hardware() -> dict[str, Any]:
    """The processor's name, the cores this process may use and those of the machine, and the system."""
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return {
        "cpu": environment.processor(),
        "cores": usable,
        "machine_cores": os.cpu_count(),
        "system": f"{platform.system()} {platform.machine()}",
    }


def versions() -> dict[str, str]:
    """Versions of Python and of the packages that can change a figure, read without importing them."""
    return {"python": platform.python_version(), **environment.versions(PACKAGES)}


@functools.cache
def commit() -> str:
    """The checked-out commit, with `+dirty` where tracked or new files other than results differ from it, or
    what INKDIGITS_COMMIT says of a copy without history.

    The first call decides for the whole process: a benchmark makes it before it measures, so that one made
    meanwhile does not claim the figures.
    """
    return environment.commit(ROOT, (".", ":(exclude)results"))


def command_line(arguments: Sequence[str] | None = None) -> str:
    """The command that is running, as a reader would type it in the project's root.

    A path beside or below the project is written relative to it. Any other absolute path says nothing outside
    this machine and is written as its last name in capitals.
    """
    words = list(sys.argv if arguments is None else arguments)
    return " ".join(["python", *(_portable(word) for word in words)])


def _portable(word: str) -> str:
    option, equals, value = word.partition("=") if word.startswith("--") else ("", "", word)
    path = Path(value)
    if not path.is_absolute():
        return word
    if path.is_relative_to(ROOT.parent):
        return option + equals + os.path.relpath(path, ROOT)
    return option + equals + path.name.upper()


def told_by(command: Sequence[str | Path], *, seconds: float, env: dict[str, str]) -> dict[str, Any]:
    """The JSON object on the last line that a process prints.

    Raises DataError where it cannot be started, takes longer, or ends without a result; its last lines are
    what the process complained of.
    """
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=seconds, env={**os.environ, **env}
        )
        return json.loads(done.stdout.strip().splitlines()[-1])
    except (OSError, subprocess.TimeoutExpired) as error:
        raise DataError(str(error)) from error
    except (IndexError, json.JSONDecodeError) as error:
        raise DataError(f"ended without a result:\n{done.stderr[-2000:].strip()}") from error


def read_log(path: Path) -> list[dict[str, Any]]:
    """The runs that ended, one a line; a line that was cut off by a kill is none."""
    runs = []
    for line in path.read_text(encoding="utf-8").splitlines() if path.is_file() else []:
        try:
            runs.append(json.loads(line))
        except json.JSONDecodeError:
            continue
    return runs


def append_log(path: Path, run: dict[str, Any]) -> None:
    """Add a run that ended to the log, which is made where there is none."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", encoding="utf-8") as log:
        log.write("\n" + json.dumps(run) + "\n")  # the line before may have been cut off


def deviation(values: Sequence[float], places: int = 2) -> float | None:
    """The standard deviation, rounded; None of a single value."""
    return round(statistics.stdev(values), places) if len(values) > 1 else None


def result_row(
    figure: str,
    value: float,
    *,
    n: int,
    unit: str,
    command: str | None = None,
    sd: float | None = None,
    low: float | None = None,
    high: float | None = None,
    target: str | None = None,
    detail: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """One figure with everything needed to judge and to repeat it.

    `n` is the number of images, seeds or repetitions behind `value`; `low` and `high` bound its 95 %
    interval; `target` is what the project promises, in words (">= 95"); `command` defaults to the one that
    is running.
    """
    return {
        "figure": figure,
        "value": value,
        "unit": unit,
        "n": n,
        "sd": sd,
        "low": low,
        "high": high,
        "target": target,
        "detail": detail or {},
        "command": command_line() if command is None else command,
        "commit": commit(),
        "date": datetime.now(UTC).date().isoformat(),
        "hardware": hardware(),
        "versions": versions(),
    }


def mean_row(
    figure: str,
    values: Sequence[float],
    places: int,
    unit: str,
    target: str | None = None,
    detail: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """A row for the mean of `values`, rounded to `places`, with their deviation."""
    sd = deviation(values, max(places, 2))
    value = round(statistics.mean(values), places or None)
    return result_row(figure, value, n=len(values), unit=unit, sd=sd, target=target, detail=detail)


def wilson(correct: int, n: int) -> tuple[float, float]:
    """The 95 % interval of a share of `correct` in `n` trials, as fractions in [0, 1] (Wilson, 1927).

    Raises ValueError where there was no trial or more successes than trials.
    """
    # SciPy comes with the `train` extra; a benchmark that only takes times does without it.
    from scipy.stats import binomtest

    if n < 1:
        raise ValueError(f"an interval needs at least one trial, not {n}")
    interval = binomtest(correct, n).proportion_ci(confidence_level=0.95, method="wilson")
    return float(interval.low), float(interval.high)


def share_row(
    figure: str, correct: int, n: int, *, target: str | None = None, detail: dict[str, Any] | None = None
) -> dict[str, Any]:
    """A row for "`correct` of `n`" in per cent, with its Wilson interval and both counts in the detail."""
    low, high = wilson(correct, n)
    return result_row(
        figure,
        round(100 * correct / n, 3),
        n=n,
        unit="%",
        low=round(100 * low, 3),
        high=round(100 * high, 3),
        target=target,
        detail={"correct": correct, **(detail or {})},
    )


def read_results(path: Path) -> list[dict[str, Any]]:
    """The rows of a results file; an empty list where there is none yet."""
    return json.loads(path.read_text()) if path.is_file() else []


def write_results(path: Path, rows: Sequence[dict[str, Any]]) -> None:
    """Merge `rows` into the file: same figure replaced, new figures appended. Never leaves half a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with in_turn(path.parent):
        merged = {row["figure"]: row for row in read_results(path)}
        merged.update({row["figure"]: row for row in rows})
        write_text(path, json.dumps(list(merged.values()), indent=1, ensure_ascii=False) + "\n")


def print_rows(rows: Sequence[dict[str, Any]], *, title: str, note: str | None = None) -> None:
    """The rows as a table: figure, value, 95 % interval or standard deviation, n, target, and met or not."""
    table = Table(title=title, caption=note, caption_justify="left")
    table.add_column("figure", overflow="fold")
    for name in ("value", "95 % / sd", "n"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("target", no_wrap=True)
    for row in rows:
        table.add_row(
            row["figure"], f"{row['value']:g} {row['unit']}", _spread(row), str(row["n"]), _target_cell(row)
        )
    Console().print(table)


def _spread(row: dict[str, Any]) -> str:
    if row["low"] is not None:
        return f"{row['low']:.2f}..{row['high']:.2f}"
    return "" if row["sd"] is None else f"sd {row['sd']:g}"


def _target_cell(row: dict[str, Any]) -> str:
    met = target_met(row["value"], row["target"])
    if met is None:
        return row["target"] or ""
    return f"[green]{row['target']} yes[/]" if met else f"[red]{row['target']} NO[/]"


def target_met(value: float, target: str | None) -> bool | None:
    """Whether `value` keeps a target written as ">= 95", "<= 15", "< 0.3" or "> 0"; None without a target."""
    if target is None:
        return None
    sign, _, bound = target.partition(" ")
    comparisons = {">=": operator.ge, "<=": operator.le, "<": operator.lt, ">": operator.gt}
    return comparisons[sign](value, float(bound))
