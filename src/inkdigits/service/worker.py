"""The process that reads. In: messages of jobs on standard input. Out: a message of results each, on standard
output.

A job is {"kind": "read" | "preview", "name", "pages", "pattern", "length", "check", "amounts", "shown"} with
the bytes of an image. Its result is {"ok", "statuses"} with the answers as JSON, one after another with
commas between, and in the same way what the glyph network was shown; or {"error"}, where the request itself
is wrong; or, of a preview, {"page_count"} with a JPEG.
"""

from __future__ import annotations

import base64
import json
import os
import signal
import sys
from dataclasses import asdict, dataclass, field
from typing import Any

import cv2

from inkdigits.answer import Answer
from inkdigits.errors import InkdigitsError
from inkdigits.reading.constraint import Constraint, asked
from inkdigits.reading.ink import find_ink
from inkdigits.reading.limits import Limits, parse_pages
from inkdigits.reading.page import Page, load_pages
from inkdigits.reading.pieces import cut_glyph
from inkdigits.reading.reader import Reader
from inkdigits.reading.transcript import to_corners
from inkdigits.reading.windows import without_windows
from inkdigits.service import memory
from inkdigits.service.messages import pack, receive
from inkdigits.service.preview import preview

_TOGETHER = 8_000_000  # pixels of pages that go through the networks together; memory is bounded by it

Result = tuple[dict[str, Any], list[bytes]]


@dataclass
class _Reading:
    """A job that is being read: its pages in order, answered or waiting for the networks."""

    job: dict[str, Any]
    answers: list[Answer] = field(default_factory=list)
    shown: list[list[list[str]]] = field(default_factory=list)
    error: str | None = None


class _Desk:
    """Pages of all jobs of a message, read together as soon as they are enough."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._waiting: list[tuple[_Reading, Page, Constraint | None]] = []

    def add(self, reading: _Reading, page: Page, constraint: Constraint | None) -> None:
        """Put a page on the desk."""
        self._waiting.append((reading, page, constraint))
        if sum(page.gray.size for _, page, _ in self._waiting) >= _TOGETHER:
            self.clear()

    def clear(self) -> None:
        """Read what is on the desk."""
        waiting, self._waiting = self._waiting, []
        try:
            answers = self._reader.read_pages([page for _, page, _ in waiting], [one for *_, one in waiting])
        except Exception:
            # Whosever page it is, the others are not to pay for it.
            answers = [self._alone(page, constraint) for _, page, constraint in waiting]
        for (reading, page, _), answer in zip(waiting, answers, strict=True):
            reading.answers.append(answer)
            if reading.job["shown"]:
                reading.shown.append(_shown(page, answer))

    def _alone(self, page: Page, constraint: Constraint | None) -> Answer:
        try:
            return self._reader.read_page(page, constraint)
        except MemoryError:
            message = "not enough memory to read this page"
        except Exception as error:
            message = f"internal error, please report it: {type(error).__name__}"
        return Answer(page.source, page.number, 0, 0, error=f"{page.source}: {message}")


def _shown(page: Page, answer: Answer) -> list[list[str]]:
    """Of each digit of each line the 28x28 glyph in its box, as the base64 of a PNG."""
    if not any(line.digits for line in answer.lines):
        return [[] for _ in answer.lines]
    ink = find_ink(without_windows(page))
    shown = []
    for line in answer.lines:
        glyphs = [cut_glyph(ink, to_corners(digit.box)) for digit in line.digits]
        shown.append(
            [base64.b64encode(cv2.imencode(".png", glyph)[1].tobytes()).decode() for glyph in glyphs]
        )
    return shown


def _read(job: dict[str, Any], content: bytes, limits: Limits, desk: _Desk) -> _Reading:
    """Put the pages of one image on the desk; what is wrong with the image becomes its last answer."""
    reading = _Reading(job)
    try:
        constraint = asked(job["pattern"], job["length"], job["check"], job["amounts"])
        parse_pages(job["pages"])
    except InkdigitsError as error:
        reading.error = str(error)
        return reading
    number = 0
    try:
        for page in load_pages(content, pages=job["pages"], limits=limits, name=job["name"]):
            number = page.number
            desk.add(reading, page, constraint)
    except (InkdigitsError, MemoryError) as error:
        desk.clear()
        message = str(error) or f"{job['name']}: not enough memory to read this page"
        reading.answers.append(Answer(job["name"], number + 1, 0, 0, error=message))
        if job["shown"]:
            reading.shown.append([])
    return reading


def _result(reading: _Reading) -> Result:
    if reading.error is not None:
        return {"error": reading.error}, []
    statuses = [answer.status for answer in reading.answers]
    answers = ",".join(json.dumps(answer.to_dict(), ensure_ascii=False) for answer in reading.answers)
    shown = ",".join(json.dumps(one) for one in reading.shown)
    header = {"ok": any(status != "error" for status in statuses), "statuses": statuses}
    return header, [answers.encode("utf-8", errors="replace"), shown.encode()]


def work(reader: Reader, limits: Limits, jobs: list[dict[str, Any]], contents: list[bytes]) -> list[Result]:
    """The results of all jobs of a message, in their order."""
    desk = _Desk(reader)
    begun: list[_Reading | Result] = []
    for job, content in zip(jobs, contents, strict=True):
        if job["kind"] == "preview":
            begun.append(preview(content, job, limits))
        else:
            begun.append(_read(job, content, limits, desk))
    desk.clear()
    return [_result(one) if isinstance(one, _Reading) else one for one in begun]


def main() -> None:
    """Serve messages until standard input ends. The first message holds the weights and the limits."""
    # Ctrl-C goes to every process of a terminal; the service tells its workers itself when to end.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    outbox = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever a library prints does not end up among the messages
    cv2.setNumThreads(1)
    first = receive(sys.stdin.buffer)
    if first is None:
        return
    limits = Limits(**first[0]["limits"])
    memory.bound(limits)
    memory.give_back()
    try:
        reader = Reader(first[0]["weights"], limits=limits)
        header: dict[str, Any] = {"models": [asdict(card) for card in reader.cards]}
    except InkdigitsError as error:
        header = {"error": str(error)}
    outbox.write(pack(header))
    outbox.flush()
    while "error" not in header and (message := receive(sys.stdin.buffer)) is not None:
        results = work(reader, limits, message[0]["jobs"], message[1])
        payloads = [payload for _, parts in results for payload in parts]
        heads = [{**head, "parts": len(parts)} for head, parts in results]
        outbox.write(pack({"results": heads}, payloads))
        outbox.flush()


if __name__ == "__main__":
    main()
