"""A folder of 10,000 files: how fast by one process and by two, how time and memory grow, what kills cost.

    python benchmarks/read_folder.py --data DIR [--files 10000] [--plot docs/many-files.png]

In: the photos and cheques of the data folder, copied under new names until there are enough. Out: a table,
rows of results/read_speed.json, and a plot. What is timed is `inkdigits read FOLDER --json --output FILE`,
its start included; answers are counted in the file as it grows, memory is that of all its processes, each
shared page counted once (Linux). Both outputs must be the same to the byte, and so must be one of a reading
whose first process was killed (SIGKILL) a few times, each time gone on with by --resume.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
from matplotlib.figure import Figure

from common import RESULTS, ROOT, commit, print_rows, result_row, write_results
from inkdigits.errors import DataError, InkdigitsError
from inkdigits.learning.figures import BLUE, ORANGE, save
from inkdigits.learning.sources import data_folder
from real_sets import load_pictures

TABLE = "A folder of many files"
PARTS = 10  # the first and the last of so many are compared
KILLS = 5
_SOON, _EVERY = 0.05, 1.0  # seconds to the first look and, in the end, between two: a look costs milliseconds
_COLOURS = {1: BLUE, 2: ORANGE}


@dataclass(frozen=True)
class Reading:
    """One reading of the folder: the seconds, answers and bytes of memory of each look at it."""

    seconds: tuple[float, ...]
    answers: tuple[int, ...]
    memory: tuple[int, ...]

    def reached(self, answers: float) -> float:
        """Seconds until there were so many answers, between two looks as a straight line has it."""
        before_time, before = 0.0, 0
        for now, found in zip(self.seconds, self.answers, strict=True):
            if found >= answers:
                share = (answers - before) / max(1, found - before)
                return before_time + share * (now - before_time)
            before_time, before = now, found
        raise ValueError(f"there were never {answers} answers")

    def memory_at(self, answers: float) -> int:
        """Bytes when there were so many answers."""
        return next(
            size for size, found in zip(self.memory, self.answers, strict=True) if found >= answers and size
        )


def main(arguments: list[str] | None = None) -> int:
    """Make the folder, read it, print and write the figures."""
    parser = argparse.ArgumentParser(description="A folder of many files, by one process and by two.")
    parser.add_argument("--data", type=Path, help="data folder (default: INKDIGITS_DATA)")
    parser.add_argument("--files", type=int, default=10_000, help="(default %(default)s)")
    parser.add_argument("--plot", type=Path, default=ROOT / "docs" / "many-files.png")
    options = parser.parse_args(arguments)
    if options.files < 100:
        parser.error("--files must be at least 100")
    commit()
    load = os.getloadavg()[0]
    try:
        with tempfile.TemporaryDirectory() as place:
            folder, out = Path(place) / "files", Path(place)
            make_folder(data_folder(options.data), folder, options.files)
            readings = {jobs: read_folder(folder, out / f"{jobs}.jsonl", jobs) for jobs in (1, 2)}
            same = (out / "1.jsonl").read_bytes() == (out / "2.jsonl").read_bytes()
            killed, lost = read_killed(folder, out / "killed.jsonl", (out / "1.jsonl").read_bytes())
    except InkdigitsError as error:
        print(error, file=sys.stderr)
        return 1
    told = {"load_before": round(load, 2), "load_after": round(os.getloadavg()[0], 2)}
    rows = figure_rows(readings, options.files, same, told)
    rows.append(
        result_row(
            f"killed {killed} times and gone on with: answers that differ",
            lost,
            n=options.files,
            unit="",
            target="<= 0",
            detail={"table": TABLE},
        )
    )
    print_rows(rows, title=TABLE)
    write_results(RESULTS / "read_speed.json", rows)
    draw(readings, options.plot)
    return 0


def make_folder(data: Path, folder: Path, count: int) -> None:
    """Copy the photos and cheques to `folder`, again and again under new names, until it holds `count`."""
    paths = [picture.path for name in ("photos", "cheques") for picture in load_pictures(data, name)]
    random.Random(0).shuffle(paths)
    folder.mkdir()
    for number in range(count):
        path = paths[number % len(paths)]
        shutil.copyfile(path, folder / f"{number:06}{path.suffix}")


def command(folder: Path, output: Path, jobs: int) -> list[str]:
    """What a user types."""
    asked = ["--json", "--output", str(output), "--jobs", str(jobs)]
    return [sys.executable, "-m", "inkdigits", "read", str(folder), *asked]


def read_folder(folder: Path, output: Path, jobs: int) -> Reading:
    """Read it whole. Raises DataError where the command fails."""
    start = time.perf_counter()
    looks: list[tuple[float, int, int]] = []
    with subprocess.Popen(
        command(folder, output, jobs), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    ) as reading:
        counted, answers, pause = 0, 0, _SOON
        while reading.poll() is None:
            time.sleep(pause)
            pause = min(2 * pause, _EVERY)
            if output.exists():
                with open(output, "rb") as file:
                    file.seek(counted)
                    new = file.read()
                counted, answers = counted + len(new), answers + new.count(b"\n")
            looks.append((time.perf_counter() - start, answers, _memory(reading.pid)))
        said = reading.stderr.read().decode(errors="replace") if reading.stderr else ""
    if reading.returncode != 0:
        raise DataError(f"inkdigits read --jobs {jobs} ended with {reading.returncode}:\n{said[-2000:]}")
    ended = (time.perf_counter() - start, output.read_bytes().count(b"\n"), 0)
    seconds, counts, memory = zip(*looks, ended, strict=True)
    return Reading(seconds, counts, memory)


def read_killed(folder: Path, output: Path, wanted: bytes) -> tuple[int, int]:
    """Read it by two processes, killed at random moments; how often, and how many answers differ in the
    end.
    """
    moments = random.Random(0)
    killed = 0
    while True:
        with subprocess.Popen(
            [*command(folder, output, 2), "--resume"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        ) as reading:
            try:
                reading.wait(None if killed == KILLS else moments.uniform(2, 12))
            except subprocess.TimeoutExpired:
                reading.kill()
                killed += 1
                continue
        break
    found, right = output.read_bytes().splitlines(), wanted.splitlines()
    differing = sum(one != other for one, other in zip(found, right, strict=False))
    return killed, differing + abs(len(found) - len(right))


def _memory(pid: int) -> int:
    """Bytes of a process and its children; 0 where one has just ended."""
    try:
        first = psutil.Process(pid)
        family = [first, *first.children(recursive=True)]
        return sum(one.memory_full_info().pss for one in family)
    except psutil.Error:
        return 0


def figure_rows(
    readings: dict[int, Reading], files: int, same: bool, told: dict[str, Any]
) -> list[dict[str, Any]]:
    """Speed of each, what the second process gives, and how time and memory grow."""
    rows = []
    detail = {"table": TABLE, **told}
    for jobs, reading in readings.items():
        name = f"{files:,} files, {jobs} process{'es'[: 2 * (jobs > 1)]}"
        part = files / PARTS
        first = reading.reached(part) - reading.reached(1)
        last = reading.reached(files) - reading.reached(files - part)
        # The second tenth's memory: in the first, networks are loaded.
        grown = reading.memory_at(0.99 * files) / reading.memory_at(2 * part) - 1
        rows += [
            result_row(
                f"{name}: read in a second",
                round(files / reading.seconds[-1], 1),
                n=files,
                unit="/s",
                detail={"seconds": round(reading.seconds[-1], 2), **detail},
            ),
            result_row(
                f"{name}: last tenth's time over the first's",
                round(last / first, 3),
                n=files,
                unit="times",
                target="<= 1.1",
                detail=detail,
            ),
            result_row(
                f"{name}: growth of memory after the second tenth",
                round(100 * grown, 2),
                n=files,
                unit="%",
                target="<= 10",
                detail={"megabytes": round(max(reading.memory) / 1e6), **detail},
            ),
        ]
    rows.append(
        result_row(
            f"{files:,} files, two processes over one",
            round(readings[1].seconds[-1] / readings[2].seconds[-1], 3),
            n=files,
            unit="times",
            target=">= 1.8",
            detail={"same_answers": same, **detail},
        )
    )
    return rows


def draw(readings: dict[int, Reading], path: Path) -> Path:
    """Answers and memory over time."""
    figure = Figure(figsize=(8, 3.2), layout="constrained")
    counts, memory = figure.subplots(1, 2)
    for jobs, reading in readings.items():
        name = f"{jobs} process{'es'[: 2 * (jobs > 1)]}"
        counts.plot(reading.seconds, reading.answers, color=_COLOURS[jobs], label=name)
        shown = [(one, size / 1e6) for one, size in zip(reading.seconds, reading.memory, strict=True) if size]
        memory.plot(*zip(*shown, strict=True), color=_COLOURS[jobs], label=name)
    counts.set(xlabel="seconds", ylabel="files read")
    memory.set(xlabel="seconds", ylabel="memory, MB", ylim=(0, None))
    for axes in (counts, memory):
        axes.grid(alpha=0.3)
        axes.legend(frameon=False)
    return save(figure, path)


if __name__ == "__main__":
    sys.exit(main())
