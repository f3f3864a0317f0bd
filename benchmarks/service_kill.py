"""Workers are killed under load: how long the service gives no good answer, and whether it gives a wrong one.

    python benchmarks/service_kill.py [--kills 10] [--connections 8] [--output PATH]

In: how many times one worker is killed (kill -9); all of them at once are killed half as many times. Out: a
table and results/service.json. Each connection sends the pictures of examples/ one after the other and checks
every answer. The time without a good answer is the longest between two good ones, on any connection, from the
kill until some seconds later; the slowest answer of that time is in the detail. Before the next kill all
workers can read again.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import itertools
import signal
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from common import RESULTS, commit, print_rows, result_row, write_results
from inkdigits.errors import InkdigitsError
from service_client import Connection, NoReply, Picture, is_right, read_rightly, request, run
from service_process import Running, ready_workers, service

TARGET = "<= 2"
_WATCHED = 4.0  # seconds after a kill
_BETWEEN = 1.0  # seconds of good answers before one
_PATIENCE = 60.0
_BUSY_PAUSE = 0.02


@dataclass
class Log:
    """Every answer.

    Attributes:
        good: when each good one came and how long it took, seconds, in order.
        statuses: how often each status came; "none" where a connection ended instead.
        wrong: what was wrong with those with status 200 that were.
    """

    good: list[tuple[float, float]] = field(default_factory=list)
    statuses: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Kill:
    """One kill: of how many workers, the longest seconds without a good answer, and the slowest answer."""

    workers: int
    without: float
    slowest: float


async def ask_on(port: int, pictures: Sequence[Picture], first: int, log: Log) -> None:
    """Send picture after picture until cancelled, and check every answer."""
    with contextlib.closing(Connection(port)) as connection:
        for number in itertools.count(first):
            picture = pictures[number % len(pictures)]
            try:
                reply = await connection.ask(request(picture.content))
            except NoReply:
                log.statuses["none"] += 1
                await asyncio.sleep(_BUSY_PAUSE)
                continue
            log.statuses[str(reply.status)] += 1
            if reply.status != 200:
                await asyncio.sleep(_BUSY_PAUSE)
            elif is_right(picture, reply):
                log.good.append((time.monotonic(), reply.seconds))
            else:
                log.wrong.append(f"{picture.name}: {reply.body[:300]!r}")


async def all_ready(server: Running, count: int) -> None:
    """Until so many workers can read."""
    async with asyncio.timeout(_PATIENCE):
        while await asyncio.to_thread(ready_workers, server) < count or len(server.workers()) < count:
            await asyncio.sleep(_BUSY_PAUSE)


async def kill(server: Running, count: int, of: int, log: Log) -> Kill:
    """Kill so many of the workers, and see what becomes of the answers."""
    await all_ready(server, of)
    await asyncio.sleep(_BETWEEN)
    began = time.monotonic()
    for worker in server.workers()[:count]:
        with contextlib.suppress(psutil.NoSuchProcess):
            worker.send_signal(signal.SIGKILL)
    until = began + _WATCHED
    while time.monotonic() < until or not log.good or log.good[-1][0] < began:
        await asyncio.sleep(_BUSY_PAUSE)
        if time.monotonic() > began + _PATIENCE:
            raise InkdigitsError(f"no good answer in the {_PATIENCE:g} seconds after a kill")
    times = [when for when, _ in log.good]
    before = max((when for when in times if when <= began), default=began)
    after = [when for when in times if when > began]
    without = max(later - sooner for sooner, later in itertools.pairwise([before, *after]))
    slowest = max(took for when, took in log.good if when > began)
    return Kill(count, without, slowest)


async def killed(server: Running, kills: int, connections: int) -> tuple[list[Kill], Log]:
    """Kill one worker so many times, and all of them half as often, under load."""
    pictures = await read_rightly(server.port)
    if not pictures:
        raise InkdigitsError("the service reads no picture of examples/ rightly")
    log = Log()
    count = len(server.workers())
    tasks = [asyncio.create_task(ask_on(server.port, pictures, 3 * one, log)) for one in range(connections)]
    try:
        found = [await kill(server, 1, count, log) for _ in range(kills)]
        found += [await kill(server, count, count, log) for _ in range(max(1, kills // 2))]
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    return found, log


def rows_of(kills: Sequence[Kill], log: Log, single: int, replaced: int) -> list[dict[str, Any]]:
    """The figures of the first `single` kills, of one worker, of the others, and of all answers."""
    rows = []
    for who, some in (("one worker", kills[:single]), ("all workers", kills[single:])):
        figure = f"kill -9 of {who}, longest time without a good answer"
        detail = {
            "each_s": [round(one.without, 3) for one in some],
            "slowest_answer_s": [round(one.slowest, 3) for one in some],
            "workers": some[0].workers,
        }
        worst = round(max(one.without for one in some), 3)
        rows.append(result_row(figure, worst, n=len(some), unit="s", target=TARGET, detail=detail))
    sent = sum(log.statuses.values())
    statuses = {"statuses": dict(sorted(log.statuses.items())), "workers_replaced": replaced}
    other = sum(count for status, count in log.statuses.items() if status not in ("200", "503"))
    wrong = {"wrong": log.wrong[:20]}
    rows.append(
        result_row("kill -9, wrong answers", len(log.wrong), n=sent, unit="", target="<= 0", detail=wrong)
    )
    rows.append(
        result_row("kill -9, neither 200 nor 503", other, n=sent, unit="", target="<= 0", detail=statuses)
    )
    return rows


def main(arguments: Sequence[str] | None = None) -> int:
    """Kill, print and write."""
    parser = argparse.ArgumentParser(description="kill -9 of workers under load.")
    parser.add_argument("--kills", type=int, default=10, help="of one worker (default %(default)s)")
    parser.add_argument("--connections", type=int, default=8, help="(default %(default)s)")
    parser.add_argument("--output", type=Path, default=RESULTS / "service.json", help="(default %(default)s)")
    options = parser.parse_args(arguments)
    if min(options.kills, options.connections) < 1:
        parser.error("--kills and --connections must be at least 1")
    commit()
    try:
        with service() as server:
            kills, log = run(killed(server, options.kills, options.connections))
            rows = rows_of(kills, log, options.kills, server.replaced())
    except (InkdigitsError, TimeoutError) as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        return 1
    print_rows(rows, title="Killed workers")
    write_results(options.output, rows)
    return 0


if __name__ == "__main__":
    sys.exit(main())
