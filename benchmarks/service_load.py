"""How many digits a second the service reads, and how fast, beside a server as a tutorial would write it.

    python benchmarks/service_load.py [--seconds 10] [--rounds 3] [--model PATH] [--output PATH]

In: ten pictures of one digit each, 28 x 28 pixels, dark on white, drawn by a pen; --model is a .keras file of
the paper's network for the other server (random weights are as quick). Out: a table and results/service.json:
images a second, and the median and the 99th percentile of the answers' times, at 1, 8 and 64 connections.

Four servers run at one time and are driven in turn, so that what else the machine does hurts all alike: ours,
ours without batches, and benchmarks/naive_server.py with one process and with one a core. wrk drives them
from this machine and takes its part of the processors, in all cases. Every figure is the median over the
rounds; failed answers are counted and told. That ours reads each of the ten rightly is checked first.
"""

from __future__ import annotations

import argparse
import os
import socket
import statistics
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import cv2
import httpx
import numpy as np

from common import RESULTS, ROOT, commit, deviation, print_rows, result_row, write_results
from inkdigits.errors import InkdigitsError
from inkdigits.learning.environment import versions
from inkdigits.learning.pen import Hand, Pen, write
from service_process import Running, running, service
from service_wrk import Load, load, program, write_script

CONNECTIONS = (1, 8, 64)
OURS, NAIVE = "", "FastAPI with Keras predict"  # as results/ names ours and those beside it
UNBATCHED = "without batches"
RATIO_TARGET, P99_TARGET = ">= 8", "<= 50"
JUDGED = 8  # connections at which the 99th percentile has a target
_WARM_UP_SECONDS = 2.0
_SEED = 3
_SERVERS = ("fastapi", "uvicorn", "uvloop", "httptools")
_READY = "a naive worker is ready"


@dataclass(frozen=True)
class Driven:
    """A server to be driven: what it is called, and the path at which it takes pictures."""

    name: str
    server: Running
    path: str

    def load(self, script: Path, connections: int, seconds: float) -> Load:
        """One run of wrk, and the end of what it has left behind: that would slow the next one down."""
        found = load(f"{self.server.url}{self.path}", script, connections, seconds)
        self.server.wait_until_idle()
        return found


def digit_pictures() -> list[bytes]:
    """The ten digits, each as a PNG of 28 x 28 pixels, dark on white."""
    random = np.random.default_rng(_SEED)
    pen = Pen(width=16.0, color=(0.0, 0.0, 0.0), opacity=0.95)
    found = []
    for digit in range(10):
        ink = np.zeros((280, 280), np.float32)
        write(ink, str(digit), (90, 225), 165, Hand(), pen, random)
        page = cv2.resize(255 * (1 - 0.9 * ink), (28, 28), interpolation=cv2.INTER_AREA)
        found.append(cv2.imencode(".png", page.round().astype(np.uint8))[1].tobytes())
    return found


def _naive_port(text: str, port: int, processes: int) -> int | None:
    return port if text.count(_READY) >= processes else None


@contextmanager
def naive(processes: int, model: Path | None) -> Iterator[Running]:
    """The server to compare with, as soon as all its processes have predicted once."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [sys.executable, str(ROOT / "benchmarks" / "naive_server.py")]
    command += ["--port", str(port), "--workers", str(processes)]
    command += ["--model", str(model.resolve())] if model else []
    with running(command, lambda text: _naive_port(text, port, processes)) as server:
        yield server


def check_readings(url: str, pictures: Sequence[bytes]) -> None:
    """InkdigitsError where a picture is not read as what it is: speed is worth nothing then."""
    for digit, picture in enumerate(pictures):
        reply = httpx.post(url, content=picture, timeout=30)
        text = reply.json()["answers"][0]["text"] if reply.status_code == 200 else reply.text
        if text != str(digit):
            raise InkdigitsError(f"the picture of {digit} was answered with {text!r}")


def measure(
    servers: Sequence[Driven], script: Path, seconds: float, rounds: int
) -> dict[tuple[str, int], list[Load]]:
    """The loads of each server at each number of connections, one a round."""
    loads: dict[tuple[str, int], list[Load]] = {}
    for server in servers:
        server.load(script, max(CONNECTIONS), _WARM_UP_SECONDS)
    for _ in range(rounds):
        for connections in CONNECTIONS:
            for server in servers:
                one = server.load(script, connections, seconds)
                loads.setdefault((server.name, connections), []).append(one)
                print(
                    f"{server.name or 'ours'}, {connections} at a time: {one.per_second:.1f}/s",
                    file=sys.stderr,
                )
    return loads


def rows_of(loads: Mapping[tuple[str, int], Sequence[Load]], told: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Throughput and times of each server, and how many times the others' throughput ours is."""
    rows = []
    throughput: dict[tuple[str, int], float] = {}
    for (name, connections), found in loads.items():
        where = f"{connections} connection{'s' if connections > 1 else ''}" + (f", {name}" if name else "")
        count = sum(one.requests for one in found)
        detail = {**told, "failures": sum(one.failures for one in found)}
        speeds = [one.per_second for one in found]
        throughput[name, connections] = statistics.median(speeds)
        rows.append(_row(f"images a second, {where}", speeds, "/s", count, None, detail))
        rows.append(_row(f"p50, {where}", [one.p50 for one in found], "ms", count, None, detail))
        target = P99_TARGET if (name, connections) == (OURS, JUDGED) else None
        rows.append(_row(f"p99, {where}", [one.p99 for one in found], "ms", count, target, detail))
    ours = [one for (name, _), found in loads.items() if name in (OURS, UNBATCHED) for one in found]
    failures, asked = (sum(getattr(one, what) for one in ours) for what in ("failures", "requests"))
    rows.append(result_row("load, answers that failed", failures, n=asked, unit="", target="<= 0"))
    for (name, connections), other in throughput.items():
        if name in (OURS, UNBATCHED) or connections == 1:
            continue
        if not other:
            raise InkdigitsError(
                f"{name} answered nothing at {connections} connections: give it more --seconds"
            )
        ratio = throughput[OURS, connections] / other
        figure = f"throughput over that of {name}, {connections} connections"
        rounds = len(loads[name, connections])
        rows.append(result_row(figure, round(ratio, 1), n=rounds, unit="times", target=RATIO_TARGET))
    return rows


def _row(
    figure: str, values: Sequence[float], unit: str, count: int, target: str | None, detail: dict[str, Any]
) -> dict[str, Any]:
    """The median over the rounds; n is the number of answers behind it."""
    sd = deviation(values)
    detail = {**detail, "rounds": [round(value, 2) for value in values]}
    value = round(statistics.median(values), 2)
    return result_row(figure, value, n=count, unit=unit, sd=sd, target=target, detail=detail)


def main(arguments: Sequence[str] | None = None) -> int:
    """Drive all servers; print and write the figures."""
    parser = argparse.ArgumentParser(description="Throughput and latency, beside a naive server.")
    parser.add_argument("--seconds", type=float, default=10.0, help="a run of wrk (default %(default)s)")
    parser.add_argument("--rounds", type=int, default=3, help="runs of each (default %(default)s)")
    parser.add_argument("--model", type=Path, help="a .keras file for the naive server")
    parser.add_argument("--output", type=Path, default=RESULTS / "service.json", help="(default %(default)s)")
    options = parser.parse_args(arguments)
    if options.rounds < 1 or options.seconds < 1:
        parser.error("--rounds and --seconds must be at least 1")
    commit()
    processes = len(os.sched_getaffinity(0))
    before = os.getloadavg()[0]
    try:
        program()
        pictures = digit_pictures()
        with TemporaryDirectory() as folder, ExitStack() as stack:
            script = write_script(Path(folder), pictures)
            batches = stack.enter_context(service("--batch", "16"))
            single = stack.enter_context(service("--batch", "1"))
            one = stack.enter_context(naive(1, options.model))
            many = stack.enter_context(naive(processes, options.model))
            check_readings(f"{batches.url}/v1/read", pictures)
            check_readings(f"{single.url}/v1/read", pictures)
            servers = [
                Driven(OURS, batches, "/v1/read"),
                Driven(UNBATCHED, single, "/v1/read"),
                Driven(NAIVE, one, "/predict"),
                Driven(f"{NAIVE} ({processes} processes)", many, "/predict"),
            ]
            loads = measure(servers, script, options.seconds, options.rounds)
        told = {"load_before": round(before, 2), "seconds": options.seconds, "served_by": versions(_SERVERS)}
        rows = rows_of(loads, told)
    except InkdigitsError as error:
        print(error, file=sys.stderr)
        return 1
    print_rows(rows, title="Load", note=f"load average {before:.1f} before")
    write_results(options.output, rows)
    return 0


if __name__ == "__main__":
    sys.exit(main())
