"""Workers that die, hang or are too few: no wrong answer, no lost place, and the service goes on."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest
from serving import Served, serving, workers_of

from inkdigits.errors import InkdigitsError
from inkdigits.service.measures import Measures
from inkdigits.service.messages import Message, receive_async
from inkdigits.service.pool import Pool, ReadingFailed
from inkdigits.service.reading import Asked
from inkdigits.service.settings import Settings

PICTURE = (Path(__file__).parents[2] / "examples" / "string.jpg").read_bytes()
ASKED = Asked().model_dump() | {"kind": "read", "name": "picture"}


def in_pool(settings: Settings, act: Callable[[Pool], Awaitable[None]]) -> None:
    """Run `act` with a pool that is started before and stopped after it."""

    async def main() -> None:
        pool = Pool(settings, Measures())
        await pool.start()
        try:
            async with asyncio.timeout(60):
                await act(pool)
        finally:
            await pool.stop()
        assert not workers()

    asyncio.run(main())


def workers() -> list[psutil.Process]:
    return workers_of(os.getpid())


async def text(pool: Pool) -> str:
    """What the picture reads as."""
    _, payloads = await (await pool.submit(ASKED, PICTURE)).result
    return payloads[0].decode().split('"text": "')[1].split('"')[0]


def test_many_images_at_once_share_batches_and_are_told_apart() -> None:
    examples = Path(__file__).parents[2] / "examples"
    sure, blank = ((examples / name).read_bytes() for name in ("digit-plain.jpg", "blank.jpg"))

    async def act(pool: Pool) -> None:
        contents = [sure, blank, b"nonsense", sure] * 8
        jobs = [await pool.submit(ASKED, content) for content in contents]
        results = await asyncio.gather(*(job.result for job in jobs))
        wanted = [["ok"], ["blank"], ["error"], ["ok"]] * 8
        assert [header["statuses"] for header, _ in results] == wanted
        batches = {sample.name: sample.value for sample in list(pool._measures.batch.collect())[0].samples}
        assert batches["inkdigits_batch_images_sum"] == 32 and batches["inkdigits_batch_images_count"] <= 16

    in_pool(Settings(workers=1), act)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSEGV])
def test_what_a_dead_worker_was_reading_is_read_by_the_next(number: signal.Signals) -> None:
    async def act(pool: Pool) -> None:
        assert await text(pool) == "30517"
        (worker,) = workers()
        worker.suspend()
        readings = [asyncio.create_task(text(pool)) for _ in range(4)]
        await asyncio.sleep(0.2)
        worker.send_signal(number)
        worker.resume()
        assert await asyncio.gather(*readings) == ["30517"] * 4
        assert workers()[0].pid != worker.pid

    in_pool(Settings(workers=1), act)


def test_an_idle_worker_that_dies_is_replaced() -> None:
    async def act(pool: Pool) -> None:
        (worker,) = workers()
        worker.kill()
        assert await text(pool) == "30517"

    in_pool(Settings(workers=1), act)


def test_an_image_that_takes_too_long_fails_and_costs_no_other() -> None:
    async def act(pool: Pool) -> None:
        (worker,) = workers()
        worker.suspend()
        job = await pool.submit(ASKED, PICTURE)
        with pytest.raises(ReadingFailed, match="takes too long"):
            await job.result
        assert await text(pool) == "30517"

    in_pool(Settings(workers=1, read_seconds=1.0), act)


def test_an_image_that_kills_every_worker_is_given_up() -> None:
    async def act(pool: Pool) -> None:
        (worker,) = workers()
        worker.suspend()
        job = await pool.submit(ASKED, PICTURE)
        await asyncio.sleep(0.1)
        worker.kill()
        while not (new := [one for one in workers() if one.pid != worker.pid]):
            await asyncio.sleep(0.001)
        new[0].suspend()  # while it starts
        await asyncio.sleep(0.1)
        new[0].resume()
        while pool.ready == 0:
            await asyncio.sleep(0.0005)
        new[0].kill()
        # Either it was being read, and is given up, or the worker was quicker than the signal.
        outcome = (await asyncio.gather(job.result, return_exceptions=True))[0]
        assert isinstance(outcome, ReadingFailed) or outcome[0]["statuses"] == ["ok"]
        assert await text(pool) == "30517"

    in_pool(Settings(workers=1), act)


def test_a_worker_that_talks_nonsense_is_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    replies: list[dict[str, Any]] = [{}, {"results": [{"parts": 0}] * 2}, {"results": [7]}]

    async def nonsense(stream: asyncio.StreamReader) -> Message:
        header, payloads = await receive_async(stream)
        return (header, payloads) if "models" in header or not replies else (replies.pop(), [])

    async def act(pool: Pool) -> None:
        job = await pool.submit(ASKED, PICTURE)
        with pytest.raises(ReadingFailed, match="ended"):
            await job.result
        assert await text(pool) == "30517" and not replies

    monkeypatch.setattr("inkdigits.service.pool.receive_async", nonsense)
    in_pool(Settings(workers=1), act)


def test_weights_that_are_not_there_are_told_at_the_start(tmp_path: Path) -> None:
    async def act(pool: Pool) -> None:
        raise AssertionError("started")

    with pytest.raises(InkdigitsError, match="no such weights file"):
        in_pool(Settings(workers=1, weights=tmp_path / "nothing.onnx"), act)


def post(url: str) -> socket.socket:
    """A connection that has sent the picture and waits for its answer."""
    host, _, port = url.removeprefix("http://").partition(":")
    connection = socket.create_connection((host, int(port)))
    head = f"POST /v1/read HTTP/1.1\r\nHost: {host}\r\nContent-Length: {len(PICTURE)}\r\n\r\n"
    connection.sendall(head.encode() + PICTURE)
    return connection


def until(true: Callable[[], bool], seconds: float = 10) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if true():
            return True
        time.sleep(0.02)
    return False


@pytest.fixture(scope="module")
def narrow() -> object:
    with serving("--places", "2", "--workers", "1") as one:
        yield one


def test_beyond_its_places_the_service_sends_away_and_a_client_that_leaves_frees_one(narrow: Served) -> None:
    (worker,) = narrow.workers()
    worker.suspend()
    try:
        waiting = [post(narrow.url), post(narrow.url)]
        assert until(lambda: httpx.get(f"{narrow.url}/readyz").status_code == 503)
        refused = httpx.post(f"{narrow.url}/v1/read", content=PICTURE)
        assert refused.status_code == 503 and int(refused.headers["retry-after"]) >= 1
        assert "2 places" in refused.json()["detail"]
        waiting[0].close()
        assert until(lambda: httpx.get(f"{narrow.url}/readyz").status_code == 200)
    finally:
        worker.resume()
    assert b"200 OK" in waiting[1].recv(65536)
    waiting[1].close()
    assert httpx.post(f"{narrow.url}/v1/read", content=PICTURE).json()["answers"][0]["text"] == "30517"


def test_an_upload_that_stops_half_way_frees_its_place(narrow: Served) -> None:
    host, _, port = narrow.url.removeprefix("http://").partition(":")
    for _ in range(3):
        with socket.create_connection((host, int(port))) as connection:
            head = f"POST /v1/read HTTP/1.1\r\nHost: {host}\r\nContent-Length: 1000\r\n\r\nabc"
            connection.sendall(head.encode())
            time.sleep(0.05)
    assert until(lambda: httpx.get(f"{narrow.url}/readyz").status_code == 200)
    assert httpx.post(f"{narrow.url}/v1/read", content=PICTURE).status_code == 200
