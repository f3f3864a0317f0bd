"""Processes that read, and the queue before them. In: `Job`s. Out: what a worker made of each.

One queue serves all workers. A worker takes what waits, up to a batch, and waits two milliseconds for more
where more is on its way. A worker that dies is replaced; what it was reading is tried once more, each image
by itself, so that one image that kills workers does not take others with it.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import sys
import time
from collections import deque
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from inkdigits.errors import InkdigitsError
from inkdigits.service.measures import Measures
from inkdigits.service.messages import TOO_LARGE, Message, pack, receive_async
from inkdigits.service.settings import Settings

log = logging.getLogger("inkdigits.service")

_START_SECONDS = 60.0
_END_SECONDS = 1.0  # for a worker that has closed its pipe to be gone
_LONGEST_LINE = 1 << 20  # bytes of a stream that are buffered
_AGAIN = (0.05, 2.0)  # seconds before a worker that did not start is started again, at first and at most


class ReadingFailed(Exception):
    """An image that could not be read for no fault of its own, or that takes too much to read."""


@dataclass(eq=False)
class Job:
    """One image to be read, and where its result goes.

    Attributes:
        asked: what `worker` documents of a job.
        content: the image's bytes.
        result: set to (header, payloads), or to ReadingFailed.
        alone: whether it is read by itself, as its worker died before.
        since: when it came, by `time.monotonic`.
    """

    asked: dict[str, Any]
    content: bytes
    result: asyncio.Future[Message]
    alone: bool = False
    since: float = field(default_factory=time.monotonic)


class Pool:
    """Owns the workers. `start` it before the first job, `stop` it at the end."""

    def __init__(self, settings: Settings, measures: Measures) -> None:
        self._settings = settings
        self._measures = measures
        self._waiting: deque[Job] = deque()
        self._more = asyncio.Condition()
        self._tasks: list[asyncio.Task[None]] = []
        self._processes: dict[int, asyncio.subprocess.Process] = {}
        self.arriving = 0  # requests whose images are still on their way
        self.models: list[dict[str, Any]] = []

    @property
    def ready(self) -> int:
        """How many workers can read now."""
        return len(self._processes)

    async def start(self) -> None:
        """Start all workers; returns when the first can read.

        Raises:
            InkdigitsError: the weights cannot be used.
        """
        first = await self._spawn(0)
        self._tasks = [asyncio.create_task(self._serve(0, first))]
        self._tasks += [
            asyncio.create_task(self._serve(number, None)) for number in range(1, self._settings.workers)
        ]

    async def stop(self) -> None:
        """End the workers, and fail what still waits."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for job in self._waiting:
            _fail(job, "the service is stopping")
        for process in list(self._processes.values()):
            await _end(process)
        self._processes.clear()

    async def submit(self, asked: dict[str, Any], content: bytes, *, first: bool = False) -> Job:
        """Queue an image; `first` puts it before all others."""
        job = Job(asked, content, asyncio.get_running_loop().create_future())
        async with self._more:
            if first:
                self._waiting.appendleft(job)
            else:
                self._waiting.append(job)
            # All: one alone may be a worker's that is just being replaced.
            self._more.notify_all()
        return job

    async def _serve(self, number: int, process: asyncio.subprocess.Process | None) -> None:
        """Give one worker batch after batch, and replace it when it dies."""
        pause = _AGAIN[0]
        while True:
            if process is None:
                try:
                    process = await self._spawn(number)
                    pause = _AGAIN[0]
                except (InkdigitsError, OSError, TimeoutError) as error:
                    log.error("a worker did not start", extra={"error": str(error)})
                    await asyncio.sleep(pause)
                    pause = min(2 * pause, _AGAIN[1])
                    continue
            batch: list[Job] = []
            try:
                batch = await self._gather(process)
                if batch:
                    await self._read(process, batch)
            except asyncio.CancelledError:
                for job in batch:
                    _fail(job, "the service is stopping")
                raise
            except Exception as error:
                # Dead, late, or saying what makes no sense: a worker that a hostile image has taken over.
                reason, known = await _why(process, error)
                log.error("a worker is replaced", extra={"error": reason, "images": len(batch)})
                await self._again(batch, reason, known)
            else:
                if process.returncode is None:
                    continue
                log.error("a worker is replaced", extra={"error": "it ended", "images": 0})
            self._processes.pop(number, None)
            self._measures.replaced.inc()
            await _end(process)
            process = None

    async def _gather(self, process: asyncio.subprocess.Process) -> list[Job]:
        """What a worker reads next: [] where the worker has died meanwhile."""
        ended = asyncio.create_task(process.wait())
        waiting = asyncio.create_task(self._first())
        try:
            await asyncio.wait({ended, waiting}, return_when=asyncio.FIRST_COMPLETED)
            if not waiting.done():
                return []
            batch = [waiting.result()]
        finally:
            ended.cancel()
            if not waiting.done():
                waiting.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.gather(waiting, return_exceptions=True)
        until = time.monotonic() + self._settings.wait
        # With several workers each leaves the others their share.
        most = max(1, min(self._settings.batch, -(-len(self._waiting) // max(1, self.ready)) + 1))
        if self.arriving > 0:
            most = self._settings.batch
        while not batch[0].alone and len(batch) < most:
            self._drop_given_up()
            if self._waiting and not self._waiting[0].alone:
                batch.append(self._waiting.popleft())
                continue
            left = until - time.monotonic()
            if self._waiting or self.arriving == 0 or left <= 0:
                break
            await asyncio.sleep(min(left, 0.0005))
        return batch

    async def _first(self) -> Job:
        async with self._more:
            while True:
                self._drop_given_up()
                if self._waiting:
                    return self._waiting.popleft()
                await self._more.wait()

    def _drop_given_up(self) -> None:
        """Forget jobs whose client has gone."""
        while self._waiting and self._waiting[0].result.done():
            self._waiting.popleft()

    async def _read(self, process: asyncio.subprocess.Process, batch: list[Job]) -> None:
        """Have a batch read and deliver the results."""
        inbox, outbox = process.stdin, process.stdout
        if inbox is None or outbox is None:
            raise OSError("a worker without pipes")
        now = time.monotonic()
        for job in batch:
            self._measures.waited.observe(now - job.since)
        self._measures.batch.observe(len(batch))
        inbox.write(pack({"jobs": [job.asked for job in batch]}, [job.content for job in batch]))
        async with asyncio.timeout(self._settings.read_seconds):
            await inbox.drain()
            header, payloads = await receive_async(outbox)
        heads = header["results"]
        counts = [int(head.pop("parts")) for head in heads]
        # All of it is looked at before any is believed.
        if len(heads) != len(batch) or sum(counts) != len(payloads) or min(counts) < 0:
            raise ValueError("results that do not belong to their jobs")
        start = 0
        for job, head, count in zip(batch, heads, counts, strict=True):
            if not job.result.done():
                job.result.set_result((head, payloads[start : start + count]))
            start += count

    async def _again(self, batch: list[Job], reason: str, known: bool) -> None:
        """Queue what a worker that is gone was reading once more, or tell that it cannot be read.

        An image that was alone when it took too much, which is `known`, would do so again.
        """
        failed = [job for job in batch if job.alone or (known and len(batch) == 1)]
        for job in failed:
            _fail(job, reason)
        async with self._more:
            for job in reversed(batch):
                if job not in failed and not job.result.done():
                    job.alone = True
                    self._waiting.appendleft(job)
            self._more.notify_all()

    async def _spawn(self, number: int) -> asyncio.subprocess.Process:
        """A worker that has loaded its networks."""
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "inkdigits.service.worker",
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            limit=_LONGEST_LINE,
        )
        weights = self._settings.weights
        first = {
            "weights": str(weights) if isinstance(weights, Path) else weights,
            "limits": asdict(self._settings.limits),
        }
        try:
            if process.stdin is None or process.stdout is None:
                raise OSError("a worker without pipes")
            process.stdin.write(pack(first))
            async with asyncio.timeout(_START_SECONDS):
                header, _ = await receive_async(process.stdout)
        except (asyncio.IncompleteReadError, TimeoutError) as error:
            await _end(process)
            raise InkdigitsError("a process that reads did not start; see standard error") from error
        except asyncio.CancelledError:
            await _end(process)
            raise
        if "error" in header:
            await _end(process)
            raise InkdigitsError(header["error"])
        self.models = header["models"]
        self._processes[number] = process
        return process


async def _why(process: asyncio.subprocess.Process, error: Exception) -> tuple[str, bool]:
    """Why a worker gave no results, and whether an image is known to be the cause."""
    if isinstance(error, TimeoutError):
        return "it takes too long to read", True
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(_END_SECONDS):
            if await process.wait() == TOO_LARGE:
                return "it takes too much memory to read", True
    return "it ended the process that read it", False


def _fail(job: Job, reason: str) -> None:
    if not job.result.done():
        job.result.set_exception(ReadingFailed(f"{job.asked['name']}: {reason}"))


async def _end(process: asyncio.subprocess.Process) -> None:
    """Kill a process, if it has not ended, and wait until it and its pipes are gone."""
    with contextlib.suppress(ProcessLookupError):
        process.kill()
    if process.stdin is not None:
        process.stdin.close()
    if process.stdout is not None:
        with contextlib.suppress(OSError):
            await process.stdout.read()
    await process.wait()
