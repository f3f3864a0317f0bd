"""Half an hour at four fifths of what the service can do: no error, and memory as at the start.

    python benchmarks/service_soak.py [--minutes 30] [--share 0.8] [--seed 1] [--output PATH]

In: for how long. Out: a table and results/service.json. The pictures of examples/ that the service, left
alone, reads rightly are sent one after the other, and every answer is checked against them. At the start of
every two minutes 16 connections that never wait measure how many a second it can answer: a machine that is
lent may change its speed by two fifths within an hour. It is quickest when it has idled: the first of these
peaks comes after half a minute of the same. For the rest of the two minutes requests come at random times,
as those of strangers do (a Poisson process), at a share of the mean of the last two peaks, whether or not
the ones before are answered; the time of an answer counts from when its request was due. Anything but a right
answer is an error; those with 503, which a client would send again, are told apart, with the seconds in which
they came and the most requests that were under way at once. The times of the answers to the peaks are not
noted.

Memory is the resident memory of the service and all its workers, each second. Its growth is that of the last
tenth of the time over the first, after a warm-up; its slope is fitted to all of it.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from common import RESULTS, commit, print_rows, result_row, write_results
from inkdigits.errors import InkdigitsError
from service_client import Connection, NoReply, Picture, is_right, read_rightly, request, run
from service_process import Running, service

_PEAK_CONNECTIONS = 16
_ROUND_SECONDS = 120.0  # about
_PEAK_SECONDS, _PEAK_SHARE = 10.0, 0.5  # of a round at most, and at most this share of it
_SETTLE_SECONDS, _SETTLE_SHARE = 30.0, 0.25  # before the first, and at most this share of a round
_PEAKS = 2  # the last ones, whose mean counts
_WARM_UP_SHARE, _WARM_UP_MOST = 0.1, 60.0  # of the whole time, and seconds at most, before memory counts
_EDGE = 10  # growth compares the first and the last 1/10 of the looks at memory
_LOOKS, _LOOK_SECONDS = 20, 1.0  # looks at memory at least, and the seconds between at most


@dataclass
class Log:
    """What came back: milliseconds of the right answers, how often each outcome, and memory by the second.

    Attributes:
        began: the start, by `time.monotonic`.
        memory: (seconds since the start, MiB).
        away: how many were sent away with 503, by the second since the start.
        most: the most requests under way at once.
    """

    began: float = field(default_factory=time.monotonic)
    milliseconds: list[float] = field(default_factory=list)
    outcomes: Counter[str] = field(default_factory=Counter)
    memory: list[tuple[float, float]] = field(default_factory=list)
    away: Counter[int] = field(default_factory=Counter)
    most: int = 0

    def note(self, found: str) -> None:
        """Count an outcome."""
        self.outcomes[found] += 1
        if found == "503":
            self.away[int(time.monotonic() - self.began)] += 1


async def outcome(connection: Connection, picture: Picture) -> str:
    """What comes of sending a picture: "right", "wrong", a status other than 200, or "none"."""
    try:
        reply = await connection.ask(request(picture.content))
    except NoReply:
        return "none"
    if reply.status != 200:
        return str(reply.status)
    return "right" if is_right(picture, reply) else "wrong"


async def peak(server: Running, pictures: Sequence[Picture], seconds: float, log: Log) -> float:
    """Right answers a second to connections that never wait; their times are not noted."""
    right = 0
    until = time.monotonic() + seconds

    async def ask_on(first: int) -> None:
        nonlocal right
        connection = Connection(server.port)
        for number in itertools.count(first):
            if time.monotonic() >= until:
                break
            found = await outcome(connection, pictures[number % len(pictures)])
            log.note(found)
            right += found == "right"  # after the waiting: others count meanwhile
        connection.close()

    began = time.monotonic()
    await asyncio.gather(*(ask_on(number) for number in range(_PEAK_CONNECTIONS)))
    return right / (time.monotonic() - began)


async def _look_at_memory(server: Running, log: Log, between: float) -> None:
    while True:
        log.memory.append((time.monotonic() - log.began, server.resident()))
        await asyncio.sleep(between)


async def soak(
    server: Running,
    pictures: Sequence[Picture],
    rate: float,
    until: float,
    random: np.random.Generator,
    log: Log,
) -> None:
    """Send so many a second until that time, by `time.monotonic`, at random times, whatever comes back."""
    free: list[Connection] = []
    asking: set[asyncio.Task[None]] = set()

    async def ask(picture: Picture, due: float) -> None:
        connection = free.pop() if free else Connection(server.port)
        found = await outcome(connection, picture)
        log.note(found)
        if found == "right":
            log.milliseconds.append(1000 * (time.monotonic() - due))
        free.append(connection)

    due = time.monotonic()
    for number in itertools.count():
        due += random.exponential(1 / rate)
        if due >= until:
            break
        await asyncio.sleep(max(0.0, due - time.monotonic()))
        if not server.alive:
            raise InkdigitsError(f"the service has died after {sum(log.outcomes.values())} answers")
        task = asyncio.create_task(ask(pictures[number % len(pictures)], due))
        asking.add(task)
        log.most = max(log.most, len(asking))
        task.add_done_callback(asking.discard)
    await asyncio.gather(*asking)
    for connection in free:
        connection.close()


async def soaked(server: Running, seconds: float, share: float, seed: int) -> list[dict[str, Any]]:
    """The rows of a soak of so many seconds."""
    pictures = await read_rightly(server.port)
    if not pictures:
        raise InkdigitsError("the service reads no picture of examples/ rightly")
    random = np.random.default_rng(seed)
    log, peaks = Log(), list[float]()
    rounds = max(1, round(seconds / _ROUND_SECONDS))
    measuring = min(_PEAK_SECONDS, _PEAK_SHARE * seconds / rounds)
    settling = min(_SETTLE_SECONDS, _SETTLE_SHARE * seconds / rounds)
    between = min(_LOOK_SECONDS, seconds / _LOOKS)
    looking = asyncio.create_task(_look_at_memory(server, log, between))
    settled = await peak(server, pictures, settling, log)
    for number in range(1, rounds + 1):
        peaks.append(await peak(server, pictures, measuring, log))
        if peaks[-1] <= 0:
            raise InkdigitsError("nothing was answered while the peak was measured")
        rate = share * float(np.mean(peaks[-_PEAKS:]))
        await soak(server, pictures, rate, log.began + number * seconds / rounds, random, log)
    looking.cancel()
    await asyncio.gather(looking, return_exceptions=True)
    told = {
        "minutes": round(seconds / 60, 2),
        "before_a_second": round(settled, 1),
        "peaks_a_second": [round(one, 1) for one in peaks],
    }
    more = {"load": share, "pictures": len(pictures), "workers_replaced": server.replaced()}
    return rows_of(log, {**told, **more})


def rows_of(log: Log, told: dict[str, Any]) -> list[dict[str, Any]]:
    """Errors, times and memory."""
    sent = sum(log.outcomes.values())
    away = log.outcomes["503"]
    timed = len(log.milliseconds)
    outcomes = {"outcomes": dict(sorted(log.outcomes.items()))}
    crowd = {"most_at_once": log.most, "by_second": dict(sorted(log.away.items()))}
    length = log.memory[-1][0]
    warm = min(_WARM_UP_MOST, _WARM_UP_SHARE * length)
    times, memory = np.array([look for look in log.memory if look[0] >= warm]).T
    edge = max(1, len(memory) // _EDGE)
    start, end = float(np.median(memory[:edge])), float(np.median(memory[-edge:]))
    slope = float(np.polyfit(times / 3600, memory, 1)[0]) if len(memory) > 2 else 0.0
    held = {"start_MiB": round(start, 1), "end_MiB": round(end, 1), "highest_MiB": round(memory.max(), 1)}
    p50, p99 = np.percentile(log.milliseconds or [0.0], [50, 99])
    rows = [
        ("soak, errors but 503", sent - away - log.outcomes["right"], sent, "", "<= 0", {**told, **outcomes}),
        ("soak, sent away with 503", away, sent, "", "<= 0", crowd),
        ("soak, p50", round(float(p50), 1), timed, "ms", None, {}),
        ("soak, p99", round(float(p99), 1), timed, "ms", None, {}),
        ("soak, growth of memory", round(100 * (end / start - 1), 2), len(memory), "%", "<= 10",
         {**held, "slope_MiB_an_hour": round(slope, 2)}),
    ]  # fmt: skip
    return [
        result_row(figure, value, n=n, unit=unit, target=target, detail=detail)
        for figure, value, n, unit, target, detail in rows
    ]


def main(arguments: Sequence[str] | None = None) -> int:
    """Soak, print and write."""
    parser = argparse.ArgumentParser(description="A long run at a share of the service's peak.")
    parser.add_argument("--minutes", type=float, default=30.0, help="(default %(default)s)")
    parser.add_argument("--share", type=float, default=0.8, help="of the peak (default %(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="(default %(default)s)")
    parser.add_argument("--output", type=Path, default=RESULTS / "service.json", help="(default %(default)s)")
    options = parser.parse_args(arguments)
    if options.minutes <= 0 or options.share <= 0:
        parser.error("--minutes and --share must be more than 0")
    commit()
    try:
        with service() as server:
            rows = run(soaked(server, 60 * options.minutes, options.share, options.seed))
    except InkdigitsError as error:
        print(error, file=sys.stderr)
        return 1
    told = rows[0]["detail"]
    note = f"{told['minutes']} minutes at {options.share:g} of {np.mean(told['peaks_a_second']):.1f}/s"
    print_rows(rows, title="Soak", note=note)
    write_results(options.output, rows)
    return 0


if __name__ == "__main__":
    sys.exit(main())
