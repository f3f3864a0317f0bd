"""The body of a request to images. In: a request. Out: `Upload`s, within the limits on bytes, files and time.

Three kinds of body: one image as it is, a form with files (multipart/form-data), and JSON with base64. All is
kept in memory, nothing is written to disk, and nothing is decoded here.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import json
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from fastapi import Request
from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import ClientDisconnect

from inkdigits.service.problems import Problem, busy
from inkdigits.service.settings import Settings

_LONGEST_NAME = 200  # characters
_ENVELOPE = 1 << 16  # bytes of a form or of JSON around the images

PARAMETERS = ("pages", "pattern", "length", "check", "amounts", "shown")


@dataclass(frozen=True)
class Upload:
    """One image: the name to report, and its bytes."""

    name: str
    content: bytes


class Entrance:
    """Owns the places of a service, and the memory that uploads may take."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._places = settings.places
        self._memory = settings.memory

    @property
    def full(self) -> bool:
        """Whether the next request would be sent away."""
        return self._places <= 0

    @asynccontextmanager
    async def place(self) -> AsyncIterator[Place]:
        """A place for one request; Problem 503 where there is none."""
        if self.full:
            raise busy(f"all {self._settings.places} places are taken")
        place = Place(self)
        self._places -= 1
        try:
            yield place
        finally:
            self._places += 1
            self._memory += place.taken

    def take(self, count: int) -> None:
        """Take `count` bytes of the memory; Problem 503 where they are not left."""
        if count > self._memory:
            raise busy("the uploads of others fill the memory")
        self._memory -= count


@dataclass
class Place:
    """One request's place, and the bytes that its upload has `taken`."""

    entrance: Entrance
    taken: int = 0

    def take(self, count: int) -> None:
        """Take memory for `count` more bytes."""
        self.entrance.take(count)
        self.taken += count


async def _receive(request: Request, place: Place, settings: Settings) -> bytes:
    """The whole body. A base64 text is a third longer than what it holds."""
    most = settings.limits.bytes * 4 // 3 + _ENVELOPE
    too_large = Problem(413, f"the request is larger than {most:,} bytes")
    declared = request.headers.get("content-length", "0")
    if declared.isdecimal() and int(declared) > most:
        raise too_large
    parts: list[bytes] = []
    size = 0
    try:
        async with asyncio.timeout(settings.receive_seconds):
            async for part in request.stream():
                size += len(part)
                if size > most:
                    raise too_large
                place.take(len(part))
                parts.append(part)
    except TimeoutError as error:
        raise Problem(408, f"the request took longer than {settings.receive_seconds:g} seconds") from error
    except ClientDisconnect as error:
        raise Problem(400, "the request ended before its body did") from error
    return b"".join(parts)


async def _of_form(request: Request, body: bytes, settings: Settings) -> tuple[list[Upload], dict[str, Any]]:
    async def stream() -> AsyncGenerator[bytes]:
        yield body

    try:
        parser = MultiPartParser(
            request.headers, stream(), max_files=settings.files, max_fields=16, max_part_size=_ENVELOPE
        )
        parser.spool_max_size = len(body) + 1  # in memory, whatever its size
        form = await parser.parse()
    except (MultiPartException, ValueError, KeyError, UnicodeDecodeError) as error:
        detail = getattr(error, "message", "") or "the form is damaged"
        raise Problem(400, f"multipart/form-data: {detail}") from error
    uploads, asked = [], {}
    for name, value in form.multi_items():
        if isinstance(value, UploadFile):
            uploads.append(Upload(_name(value.filename), await value.read()))
        elif name in PARAMETERS:
            asked[name] = value
    return uploads, asked


def _of_json(body: bytes, settings: Settings) -> tuple[list[Upload], dict[str, Any]]:
    try:
        data = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise Problem(400, "the body is not JSON") from error
    images = data.get("images") if isinstance(data, dict) else None
    if not isinstance(images, list) or not all(isinstance(one, dict) for one in images):
        raise Problem(422, 'JSON is to be {"images": [{"name": TEXT, "data": BASE64}, ...]}')
    if len(images) > settings.files:
        raise Problem(422, f"{len(images)} images, and at most {settings.files} are read of one request")
    uploads = []
    for number, image in enumerate(images, 1):
        text = image.get("data")
        name = image.get("name", f"image {number}")
        if not isinstance(text, str) or not isinstance(name, str):
            raise Problem(422, f"image {number}: data is to be base64 text, and name, if any, text")
        try:
            uploads.append(Upload(_name(name), base64.b64decode(text, validate=True)))
        except (binascii.Error, ValueError) as error:
            raise Problem(422, f"image {number}: data is not base64 ({error})") from error
    return uploads, {name: data[name] for name in PARAMETERS if name in data}


def _name(given: str | None) -> str:
    """A name to report: it names no path, and is of a sensible length."""
    name = (given or "image").replace("\\", "/").rpartition("/")[2]
    name = "".join(letter for letter in name if letter.isprintable())
    return name[:_LONGEST_NAME] if name.strip(" .") else "image"


async def uploads(request: Request, place: Place, settings: Settings) -> tuple[list[Upload], dict[str, Any]]:
    """The images of a request, and what its form or JSON asks of them.

    Raises:
        Problem: too large, too slow, damaged, of another kind, or without an image.
    """
    kind = request.headers.get("content-type", "application/octet-stream").partition(";")[0].strip().lower()
    body = await _receive(request, place, settings)
    if kind == "multipart/form-data":
        found, asked = await _of_form(request, body, settings)
    elif kind == "application/json":
        # A text of megabytes is not taken apart on the loop that serves everybody.
        found, asked = await asyncio.to_thread(_of_json, body, settings)
    elif kind.startswith("image/") or kind in ("application/pdf", "application/octet-stream"):
        found, asked = [Upload("image", body)], {}
    else:
        raise Problem(415, "send an image, a PDF file, a form with files, or JSON with base64")
    if not found:
        raise Problem(422, "the request holds no image")
    return found, asked
