"""What the service and its workers say to each other. In: a header and payloads. Out: one message of bytes.

A message is its length, a header as JSON, and the payloads, whose sizes the header names. Nothing in it can
be executed: a worker decodes what strangers send, so that what comes out of it is not trusted either.
"""

from __future__ import annotations

import json
import struct
from asyncio import StreamReader
from collections.abc import Sequence
from typing import IO, Any

_LENGTHS = struct.Struct("<II")  # of the header, and of all payloads
TOO_LARGE = 86  # exit code of a worker whose image took too much memory
_LARGEST = 1 << 28  # bytes of a message from a worker

Message = tuple[dict[str, Any], list[bytes]]


def pack(header: dict[str, Any], payloads: Sequence[bytes] = ()) -> bytes:
    """One message as bytes."""
    head = json.dumps({**header, "sizes": [len(payload) for payload in payloads]}).encode()
    return b"".join([_LENGTHS.pack(len(head), sum(map(len, payloads))), head, *payloads])


def _unpack(head: bytes, body: bytes) -> Message:
    header = json.loads(head)
    payloads, start = [], 0
    for size in header.pop("sizes"):
        payloads.append(body[start : start + size])
        start += size
    return header, payloads


def receive(inbox: IO[bytes]) -> Message | None:
    """The next message; None at the end of the stream."""
    lengths = inbox.read(_LENGTHS.size)
    if len(lengths) < _LENGTHS.size:
        return None
    head, body = _LENGTHS.unpack(lengths)
    return _unpack(inbox.read(head), inbox.read(body))


async def receive_async(inbox: StreamReader) -> Message:
    """The next message; asyncio.IncompleteReadError where the other side has ended, ValueError where its
    lengths make no sense.
    """
    head, body = _LENGTHS.unpack(await inbox.readexactly(_LENGTHS.size))
    if head + body > _LARGEST:
        raise ValueError(f"a message of {head + body} bytes")
    return _unpack(await inbox.readexactly(head), await inbox.readexactly(body))
