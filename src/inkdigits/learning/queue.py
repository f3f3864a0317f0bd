"""Many runs of table 1, each in a process of its own with its share of the cores.

In: rows and seeds. Out: their scores merged into a results file as they end, and messages of what failed.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console

from inkdigits.errors import InkdigitsError
from inkdigits.learning import benchmark
from inkdigits.learning.runs import read_json
from inkdigits.learning.table import BY_NAME, Row

Job = tuple[Row, int]


@dataclass(frozen=True)
class Places:
    """Where things are: the run folders, the data, the list of runs."""

    runs: Path
    data: Path
    results: Path

    def score(self, job: Job) -> Path:
        """The file that a finished run leaves."""
        return benchmark.run_folder(self.runs, *job) / benchmark.SCORE

    def log(self, job: Job) -> Path:
        """What the run printed."""
        return self.runs / f"{job[0].name}-seed-{job[1]}.log"


def jobs_of(rows: list[Row], seeds: int | None = None, seed: int | None = None) -> list[Job]:
    """All first seeds, then all second, ...; committees after their members. `seed` is that one only."""
    rows = list({row.shares or row.name: BY_NAME.get(row.shares, row) for row in rows}.values())
    counts = {row.name: seeds or row.seeds for row in rows}
    if seed is not None:
        counts = {name: seed + 1 for name in counts}
    ordered = sorted(rows, key=lambda row: row.scorer == "committee")
    numbers = range(seed or 0, max(counts.values(), default=0))
    return [(row, number) for number in numbers for row in ordered if number < counts[row.name]]


def run_all(wanted: list[Job], places: Places, at_a_time: int, console: Console) -> list[str]:
    """Run what is not yet scored, `at_a_time` processes; returns a message for each that failed."""
    _collect(wanted, places)
    waiting = [job for job in wanted if not places.score(job).is_file()]
    cores = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
    free = [cores[index::at_a_time] for index in range(at_a_time)]
    count, ended, failed, begun = len(waiting), 0, [], time.monotonic()
    running: dict[subprocess.Popen[bytes], tuple[Job, list[int]]] = {}
    with _stopped_with_us(running):
        while waiting or running:
            job = next(
                (job for job in waiting if not _members(job) & _names([*waiting, *_of(running)])), None
            )
            if job is not None and len(running) < at_a_time:
                waiting.remove(job)
                share = free.pop(0)
                running[_start(job, places, share)] = job, share
                console.print(f"{_title(job)} begins", highlight=False)
                continue
            time.sleep(0.2)
            for process in [process for process in running if process.poll() is not None]:
                job, share = running.pop(process)
                process.communicate()  # closes what it could have read from
                free.append(share)
                ended += 1
                left = (time.monotonic() - begun) / ended * (count - ended) / 60
                message = _outcome(job, process.returncode, places)
                console.print(f"[{ended}/{count}, about {left:.0f} min left] {message}", markup=False)
                if process.returncode:
                    failed.append(message)
                else:
                    _collect([job], places)
    return failed


def _collect(jobs: list[Job], places: Places) -> None:
    """Put the scores of those that are finished into the results file."""
    benchmark.merge(
        places.results, [read_json(places.score(job)) for job in jobs if places.score(job).is_file()]
    )


def _names(jobs: list[Job]) -> set[tuple[str, int]]:
    return {(row.name, seed) for row, seed in jobs}


def _of(running: dict[Any, tuple[Job, list[int]]]) -> list[Job]:
    return [job for job, _ in running.values()]


def _members(job: Job) -> set[tuple[str, int]]:
    row, seed = job
    return {(name, seed * count + index) for name, count in row.members for index in range(count)}


def _title(job: Job) -> str:
    return f"{job[0].name} seed {job[1]}"


def _outcome(job: Job, status: int, places: Places) -> str:
    if status:
        return f"{_title(job)} failed: the end of {places.log(job)} says why"
    score = read_json(places.score(job))
    figures = ", ".join(f"{name} {100 * value:.2f} %" for name, value in score["accuracy"].items())
    return f"{_title(job)}: {figures}; {score['seconds']:.0f} s of training"


def _start(job: Job, places: Places, cores: list[int]) -> subprocess.Popen[bytes]:
    places.runs.mkdir(parents=True, exist_ok=True)
    words = [job[0].name, str(job[1]), str(places.runs), str(places.data), ",".join(map(str, cores))]
    with open(places.log(job), "ab") as log:
        return subprocess.Popen(
            [sys.executable, "-m", "inkdigits.learning.queue", *words],
            stdin=subprocess.PIPE,  # closed by the system when this process ends, however it does
            stdout=log,
            stderr=log,
        )


@contextmanager
def _stopped_with_us(running: dict[subprocess.Popen[bytes], Any]) -> Iterator[None]:
    """End the processes where the command is interrupted; their checkpoints stay."""
    try:
        yield
    finally:
        for process in running:
            process.terminate()
        for process in running:
            process.communicate()


def _end_with_the_queue() -> None:
    """Nobody waits for this run then, and another may begin in its folder; its checkpoints stay."""
    # Not by `sys.stdin`: while a thread waits for that, the interpreter cannot end.
    os.read(sys.stdin.fileno(), 1)
    os._exit(1)


def _work(name: str, seed: str, folder: str, data: str, cores: str) -> int:
    """One run, in this process."""
    threading.Thread(target=_end_with_the_queue, daemon=True).start()
    # TensorFlow makes as many threads as it may use cores.
    if cores and hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {int(core) for core in cores.split(",")})
    try:
        benchmark.run(BY_NAME[name], int(seed), Path(folder), Path(data), Console(stderr=True))
    except InkdigitsError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(_work(*sys.argv[1:]))
