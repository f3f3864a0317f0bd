"""A client that says exactly what it is told, byte by byte, and knows what pictures say. In: requests as
bytes. Out: `Reply`s, and whether they are right.

Usual clients refuse to send what the service has to withstand, and cost more processor time than a reading.
"""

from __future__ import annotations

import asyncio
import csv
import json
import time
from collections import defaultdict
from collections.abc import Coroutine, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import uvloop

from common import ROOT

EXAMPLES = ROOT / "examples"
_LONGEST_HEAD = 1 << 20

T = TypeVar("T")


class NoReply(Exception):
    """The connection ended before a whole answer had come."""


@dataclass(frozen=True)
class Reply:
    """An answer, and the seconds from its request's first byte to its own last one."""

    status: int
    body: bytes
    seconds: float


@dataclass(frozen=True)
class Picture:
    """A picture, and of each of its pages what it says, lines joined by a newline, and the status."""

    name: str
    content: bytes
    pages: tuple[tuple[str, str], ...]


def request(
    body: bytes,
    path: str = "/v1/read",
    kind: str | None = "application/octet-stream",
    *,
    method: str = "POST",
    headers: Mapping[str, str] | None = None,
) -> bytes:
    """A request with this body, well-formed as far as its parts are."""
    lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1", f"Content-Length: {len(body)}"]
    lines += [] if kind is None else [f"Content-Type: {kind}"]
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    return "\r\n".join([*lines, "", ""]).encode("utf-8", errors="surrogateescape") + body


def head_fields(head: bytes) -> tuple[int, dict[str, str]]:
    """The status and the headers of an answer's head."""
    first, *lines = head.decode("latin-1").split("\r\n")
    fields = {}
    for line in lines:
        name, _, value = line.partition(":")
        fields[name.strip().lower()] = value.strip()
    return int(first.split(" ")[1]), fields


class Connection:
    """Owns one connection at a time to the service; a new one where the last one has ended."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask(self, *pieces: bytes | float) -> Reply:
        """Send the pieces, pausing for the seconds between them, and receive the answer.

        A connection that the service has closed while nobody asked is opened again, once.

        Raises:
            NoReply: the connection ended first.
        """
        used = self._streams is not None
        try:
            return await self._ask(*pieces)
        except NoReply:
            if not used:
                raise
            return await self._ask(*pieces)

    async def send(self, *pieces: bytes | float) -> None:
        """Send the pieces and hang up."""
        try:
            _, writer = await self._open()
            await self._write(writer, pieces)
        except OSError:
            pass  # the service has hung up before
        finally:
            self.close()

    def close(self) -> None:
        """Hang up."""
        if self._streams is not None:
            self._streams[1].transport.abort()
            self._streams = None

    async def _open(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if self._streams is None:
            self._streams = await asyncio.open_connection("127.0.0.1", self._port, limit=_LONGEST_HEAD)
        return self._streams

    async def _write(self, writer: asyncio.StreamWriter, pieces: Iterable[bytes | float]) -> None:
        for piece in pieces:
            if isinstance(piece, bytes):
                writer.write(piece)
                await writer.drain()
            else:
                await asyncio.sleep(piece)

    async def _ask(self, *pieces: bytes | float) -> Reply:
        began = time.perf_counter()
        try:
            reader, writer = await self._open()
        except OSError as error:
            raise NoReply(str(error)) from error
        done = False
        # The answer is awaited meanwhile: the service may refuse a body before it has all come.
        sending = asyncio.create_task(self._write(writer, pieces))
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            status, fields = head_fields(head[:-4])
            size = fields.get("content-length")
            body = await (reader.read() if size is None else reader.readexactly(int(size)))
            done = sending.done() and size is not None and fields.get("connection") != "close"
            return Reply(status, body, time.perf_counter() - began)
        except (OSError, EOFError, asyncio.LimitOverrunError, ValueError, IndexError) as error:
            raise NoReply(f"{type(error).__name__}: {error}") from error
        finally:
            sending.cancel()
            await asyncio.gather(sending, return_exceptions=True)
            if not done:
                self.close()


def pictures() -> list[Picture]:
    """All pictures of examples/, with their truth."""
    pages: defaultdict[str, list[tuple[str, str]]] = defaultdict(list)
    with (EXAMPLES / "truth.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            pages[row["file"]].append((row["text"].replace("/", "\n"), row["status"]))
    return [Picture(name, (EXAMPLES / name).read_bytes(), tuple(said)) for name, said in pages.items()]


def is_right(picture: Picture, reply: Reply) -> bool:
    """Whether an answer with status 200 says what the picture says."""
    try:
        answers: list[dict[str, Any]] = json.loads(reply.body)["answers"]
        return picture.pages == tuple((one["text"], one["status"]) for one in answers)
    except (ValueError, LookupError, TypeError):
        return False


async def read_rightly(port: int) -> list[Picture]:
    """Those of `pictures` that the service, left alone, reads as they are; none should be missing."""
    connection = Connection(port)
    found = []
    for picture in pictures():
        reply = await connection.ask(request(picture.content))
        if reply.status == 200 and is_right(picture, reply):
            found.append(picture)
    connection.close()
    return found


def run(main: Coroutine[Any, Any, T]) -> T:
    """What a coroutine returns, run on a loop that takes little from the service on the same processors."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(main)
