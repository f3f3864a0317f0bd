"""Many thousand hostile uploads: no crash, no 5xx but 503, no wrong answer in between, memory as before.

    python benchmarks/service_hostile.py [--count 100000] [--seed 1] [--connections 32] [--output PATH]

In: how many. Out: a table and results/service.json. The service runs as it does for anybody on this machine,
in an empty folder. Attack NUMBER of a seed is always the same; one that was answered wrongly is printed with
its number and seen again with --first NUMBER --count 1. A good picture follows every 25th attack, and is sent
again where it is sent away with 503, until it has its answer.

Memory is the resident memory of the service and of its workers, when nothing has been asked for some seconds:
at the start, after the first 2,000 attacks (a quarter of them, if they are fewer than 8,000), and at the end.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import statistics
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from common import RESULTS, commit, print_rows, result_row, write_results
from inkdigits.errors import InkdigitsError
from service_attacks import Attack, attack
from service_client import Connection, NoReply, Picture, Reply, is_right, read_rightly, request, run
from service_process import Running, service

NAME = "hostile uploads"
GOOD = ("string.jpg", "amount.png", "digit-plain.jpg", "digit-pencil.jpg", "three-pages.tif", "two-pages.pdf")
_GOOD_EVERY = 25
_WARM_UP, _WARM_UP_SHARE = 2000, 4
_PATIENCE = 180.0  # seconds for an answer: an image is given 30, twice, and others may be before it
_DAMAGED_PATIENCE = 2.0  # seconds, where no answer is owed
_BUSY_PAUSE = 0.25
_SETTLE = (2.0, 0.5, 7)  # seconds before memory is looked at, between looks, and how many looks
_MEMORY_EVERY = 1.0  # seconds


@dataclass
class Tally:
    """What came back.

    Attributes:
        outcomes: how often each status came, or "hung up", "closed" and "silent", by the attack's kind.
        failures: attacks that were answered with a 5xx but 503, or not at all, by number.
        wrong: good pictures that were answered otherwise than before.
        good: good pictures answered rightly. sent_away: times that one was answered with 503.
        paths: answers that name a path.
        seconds: how long each attack took whose answer came.
        highest: the most resident memory seen, in MiB.
    """

    outcomes: dict[str, Counter[str]] = field(default_factory=dict)
    failures: dict[int, str] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)
    good: int = 0
    sent_away: int = 0
    paths: int = 0
    seconds: list[float] = field(default_factory=list)
    highest: float = 0.0

    def count(self, kind: str, outcome: str) -> None:
        """Note one outcome."""
        self.outcomes.setdefault(kind, Counter())[outcome] += 1

    def statuses(self) -> dict[str, int]:
        """All outcomes, whatever the kind."""
        return dict(sorted(sum(self.outcomes.values(), Counter[str]()).items()))


def main(arguments: Sequence[str] | None = None) -> int:
    """Attack, print and write."""
    parser = argparse.ArgumentParser(description="Hostile uploads to a service of its own.")
    parser.add_argument("--count", type=int, default=100_000, help="attacks (default %(default)s)")
    parser.add_argument("--first", type=int, default=0, help="number of the first (default %(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="(default %(default)s)")
    parser.add_argument("--connections", type=int, default=32, help="at one time (default %(default)s)")
    parser.add_argument("--output", type=Path, default=RESULTS / "service.json", help="(default %(default)s)")
    options = parser.parse_args(arguments)
    if min(options.count, options.connections) < 1:
        parser.error("--count and --connections must be at least 1")
    commit()
    try:
        with service() as server:
            rows = run(attacked(server, options.seed, options.first, options.count, options.connections))
    except InkdigitsError as error:
        print(error, file=sys.stderr)
        return 1
    print_rows(rows, title=f"{options.count} {NAME}")
    print(json.dumps(rows[0]["detail"], indent=1))
    write_results(options.output, rows)
    return 0


async def attacked(
    server: Running, seed: int, first: int, count: int, connections: int
) -> list[dict[str, Any]]:
    """The rows of so many attacks."""
    good = [one for one in await read_rightly(server.port) if one.name in GOOD]
    if not good:
        raise InkdigitsError("the service reads none of the good pictures; nothing can be told of the others")
    tally = Tally()
    warm_up = min(_WARM_UP, max(1, count // _WARM_UP_SHARE))
    watch = asyncio.create_task(_watch_memory(server, tally))
    began = time.perf_counter()
    try:
        await _attack_all(server, seed, range(first, first + warm_up), connections, good, tally)
        start = await _settled(server)
        await _attack_all(server, seed, range(first + warm_up, first + count), connections, good, tally)
    finally:
        watch.cancel()
        await asyncio.gather(watch, return_exceptions=True)
    minutes = (time.perf_counter() - began) / 60
    return _rows(server, tally, count, (start, await _settled(server)), minutes)


async def _settled(server: Running) -> float:
    """Resident memory of a service that is left alone, in MiB: the median of some looks."""
    before, between, looks = _SETTLE
    await asyncio.sleep(before)
    found = []
    for _ in range(looks):
        found.append(server.resident())
        await asyncio.sleep(between)
    return statistics.median(found)


async def _watch_memory(server: Running, tally: Tally) -> None:
    while True:
        tally.highest = max(tally.highest, server.resident())
        await asyncio.sleep(_MEMORY_EVERY)


async def _attack_all(
    server: Running, seed: int, numbers: range, connections: int, good: Sequence[Picture], tally: Tally
) -> None:
    """Send the attacks of these numbers, so many at one time."""
    left = iter(numbers)
    tasks = [asyncio.create_task(_attack_some(server, seed, left, good, tally)) for _ in range(connections)]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()


async def _attack_some(
    server: Running, seed: int, numbers: Iterator[int], good: Sequence[Picture], tally: Tally
) -> None:
    """What one of the connections sends: attack after attack, and good pictures in between."""
    connection = Connection(server.port)
    for number in numbers:
        if not server.alive:
            raise InkdigitsError(f"the service has died, at attack {number} or just before")
        one = attack(seed, number)
        outcome, reply = await _outcome(server, connection, one)
        tally.count(one.kind, outcome)
        if reply is not None:
            tally.seconds.append(reply.seconds)
            tally.paths += _names_a_path(reply.body)
        if (outcome.startswith("5") and outcome != "503") or (one.whole and not outcome.isdecimal()):
            tally.failures[number] = f"{one.kind}: {outcome}"
            print(f"attack {number} ({one.kind}): {outcome}", file=sys.stderr)
        if number % _GOOD_EVERY == _GOOD_EVERY // 2:
            await _read_good(connection, good[number // _GOOD_EVERY % len(good)], tally)
    connection.close()


async def _outcome(server: Running, connection: Connection, one: Attack) -> tuple[str, Reply | None]:
    """What comes of an attack: a status, or a word; and the answer, if there is one."""
    if one.hang_up:
        await Connection(server.port).send(*one.pieces)
        return "hung up", None
    # After broken HTTP nobody knows what a connection would answer to.
    used = connection if one.whole else Connection(server.port)
    try:
        async with asyncio.timeout(_PATIENCE if one.whole else _DAMAGED_PATIENCE):
            reply = await used.ask(*one.pieces)
        return str(reply.status), reply
    except TimeoutError:
        return "silent", None
    except NoReply:
        return "closed", None
    finally:
        if used is not connection:
            used.close()


def _names_a_path(body: bytes) -> bool:
    """Whether an answer repeats the path of a file's name, which could mislead whoever stores by it."""
    try:
        answers = json.loads(body)["answers"]
        return any(set("/\\\0") & set(one["source"]) or one["source"] == ".." for one in answers)
    except (ValueError, LookupError, TypeError):
        return False


async def _read_good(connection: Connection, picture: Picture, tally: Tally) -> None:
    """Send a good picture until it is read."""
    until = time.monotonic() + _PATIENCE
    said = "503"
    while time.monotonic() < until:
        with contextlib.suppress(NoReply, TimeoutError):
            async with asyncio.timeout(_PATIENCE):
                reply = await connection.ask(request(picture.content))
            if reply.status == 200 and is_right(picture, reply):
                tally.good += 1
                return
            said = f"{reply.status} {reply.body[:300]!r}"
            if reply.status != 503:
                break
            tally.sent_away += 1
        await asyncio.sleep(_BUSY_PAUSE)
    tally.wrong.append(f"{picture.name}: {said}")
    print(f"{picture.name}, a good picture, was answered with {said}", file=sys.stderr)


def _rows(
    server: Running, tally: Tally, count: int, memory: tuple[float, float], minutes: float
) -> list[dict[str, Any]]:
    start, end = memory
    stopped, replaced = server.too_much(), server.replaced()
    server_errors = [what for what in tally.failures.values() if what[-3:].isdecimal()]
    silent = len(tally.failures) - len(server_errors)
    good = tally.good + len(tally.wrong)
    detail = {
        "outcomes": tally.statuses(),
        "by_kind": {kind: dict(sorted(found.items())) for kind, found in sorted(tally.outcomes.items())},
        "failures": {str(number): what for number, what in sorted(tally.failures.items())[:20]},
        "minutes": round(minutes, 1),
        "slowest_answer_s": round(max(tally.seconds, default=0.0), 2),
        "tracebacks": server.tracebacks(),
    }
    told = {"start": round(start, 1), "end": round(end, 1), "highest": round(tally.highest, 1), "unit": "MiB"}
    rows = [
        (f"{NAME}, answers with 5xx other than 503", len(server_errors), "", count, "<= 0", detail),
        (f"{NAME}, requests owed an answer that got none", silent, "", count, "<= 0", {}),
        (f"{NAME}, workers that crashed", replaced - stopped, "", count, "<= 0",
         {"stopped as an image took over 30 s or 2 GiB": stopped}),
        (f"{NAME}, wrong answers to good pictures in between", len(tally.wrong), "", good, "<= 0",
         {"sent_away_before_with_503": tally.sent_away, "wrong": tally.wrong[:20]}),
        (f"{NAME}, answers that repeat the path of a name", tally.paths, "", count, "<= 0", {}),
        (f"{NAME}, files written", len(server.left_files()), "", count, "<= 0", {}),
        (f"{NAME}, growth of memory", round(100 * (end / start - 1), 2), "%", count, "<= 10", told),
        (f"{NAME}, answered a second", round(count / minutes / 60, 1), "/s", count, None, {}),
    ]  # fmt: skip
    return [
        result_row(figure, value, n=n, unit=unit, target=target, detail=more)
        for figure, value, unit, n, target, more in rows
    ]


if __name__ == "__main__":
    sys.exit(main())
