"""A request for answers, from its images to the body of its answer. In: a request. Out: JSON, or a
`Problem`.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from typing import Any

from fastapi import Request
from pydantic import BaseModel, Field, ValidationError

from inkdigits.answer import Answer
from inkdigits.service.intake import Entrance, Upload, uploads
from inkdigits.service.measures import Measures
from inkdigits.service.messages import Message
from inkdigits.service.pool import Job, Pool, ReadingFailed
from inkdigits.service.problems import Problem, busy
from inkdigits.service.settings import Settings

_LONGEST = 200  # characters of a parameter


class ClientGone(Exception):
    """Nobody waits for the answer any more."""


class Asked(BaseModel):
    """What a request wants of its images; the same as the flags of `inkdigits read`."""

    pages: str | None = Field(
        default=None, max_length=_LONGEST, description="pages of PDF and TIFF files: 1-3,5"
    )
    pattern: str | None = Field(
        default=None,
        max_length=_LONGEST,
        description=r"what each number looks like, as a regular expression: \d{5}",
    )
    length: int | None = Field(default=None, ge=1, le=100, description="how many digits each number has")
    check: str | None = Field(
        default=None,
        max_length=_LONGEST,
        description="the check digit that each number must have: luhn, mod97, ...",
    )
    amounts: bool = Field(
        default=False,
        description="each number is an amount: it begins with a 1 oftener than with a 9 (Benford's law)",
    )
    shown: bool = Field(default=False, description="add what the glyph network was shown")


async def _gone(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


async def finished(request: Request, jobs: Sequence[Job]) -> list[Message | ReadingFailed]:
    """The results of all jobs; ClientGone, and their places free again, where the client leaves before."""
    gone = asyncio.create_task(_gone(request))
    results = asyncio.gather(*(job.result for job in jobs), return_exceptions=True)
    try:
        await asyncio.wait({gone, results}, return_when=asyncio.FIRST_COMPLETED)
        if not results.done():
            raise ClientGone
        return [_expected(one) for one in results.result()]
    finally:
        gone.cancel()
        for job in jobs:
            job.result.cancel()
        await asyncio.gather(gone, results, return_exceptions=True)


def _expected(result: Message | BaseException) -> Message | ReadingFailed:
    if isinstance(result, BaseException) and not isinstance(result, ReadingFailed):
        raise result
    return result


def _merged(query: Asked, body: dict[str, Any]) -> dict[str, Any]:
    """What is asked for, of the query and of the form or JSON; the latter counts."""
    try:
        return Asked.model_validate({**query.model_dump(), **body}).model_dump()
    except ValidationError as error:
        first = error.errors()[0]
        raise Problem(422, f"{'.'.join(map(str, first['loc']))}: {first['msg']}") from error


def _without_flags(message: str) -> str:
    """A message of the command line as one who sees no flags wants it."""
    for name in Asked.model_fields:
        message = message.replace(f"--{name}", name)
    return message


def _failure(upload: Upload, error: ReadingFailed) -> bytes:
    answer = Answer(upload.name, 1, 0, 0, error=str(error))
    return json.dumps(answer.to_dict(), ensure_ascii=False).encode("utf-8", errors="replace")


def _body(
    found: Sequence[Upload], results: Sequence[Message | ReadingFailed], shown: bool, measures: Measures
) -> bytes:
    """The answers of all images as one JSON object; a Problem where none could be read."""
    answers, glyphs, read = [], [], False
    for upload, result in zip(found, results, strict=True):
        if isinstance(result, ReadingFailed):
            measures.pages.labels("error").inc()
            answers.append(_failure(upload, result))
            glyphs.append(b"[]")
            continue
        header, payloads = result
        if "error" in header:
            raise Problem(422, _without_flags(header["error"]))
        for status in header["statuses"]:
            measures.pages.labels(status).inc()
        read = read or header["ok"]
        answers.append(payloads[0])
        glyphs.append(payloads[1])
    joined = b", ".join(part for part in answers if part)
    if not read:
        failed = [str(result) for result in results if isinstance(result, ReadingFailed)]
        if len(failed) == len(found):
            raise busy("; ".join(failed))
        errors = [one["error"] for one in json.loads(b"[" + joined + b"]") if one["error"]]
        raise Problem(422, _without_flags("; ".join(errors)), answers=joined)
    tail = b', "shown": [' + b", ".join(part for part in glyphs if part) + b"]" if shown else b""
    return b'{"answers": [' + joined + b"]" + tail + b"}"


async def answer(
    request: Request,
    query: Asked,
    settings: Settings,
    entrance: Entrance,
    pool: Pool,
    measures: Measures,
) -> tuple[bytes, list[Upload]]:
    """The body of the answer to a request for readings, and the images that it came with."""
    async with entrance.place() as place:
        pool.arriving += 1
        try:
            found, body = await uploads(request, place, settings)
        finally:
            pool.arriving -= 1
        asked = {**_merged(query, body), "kind": "read"}
        jobs = [await pool.submit({**asked, "name": one.name}, one.content) for one in found]
        results = await finished(request, jobs)
        return _body(found, results, asked["shown"], measures), found
