"""Files read by several processes at once. In: names of files, and how they are to be read. Out: the answers
of each file, in the order of the files.

A file on which a process dies is tried once more by itself; where that ends a process too, its answer is an
error and the others are read by new processes.
"""

from __future__ import annotations

import functools
import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from pathlib import Path

from inkdigits.answer import Answer
from inkdigits.errors import InkdigitsError
from inkdigits.reading.constraint import Constraint
from inkdigits.reading.limits import Limits
from inkdigits.reading.page import Page, load_pages
from inkdigits.reading.reader import Reader

_AHEAD = 4  # files given out for each process: none waits for work, and few answers wait for their turn


@dataclass(frozen=True)
class Order:
    """How files are to be read, the same for all of them."""

    weights: Path | None = None
    threads: int | None = None
    limits: Limits = Limits()
    pages: str | None = None
    constraint: Constraint | None = None


@functools.cache
def _reader(weights: Path | None, threads: int | None, limits: Limits) -> Reader:
    """One for the life of a process."""
    return Reader(weights, threads=threads, limits=limits)


def read_file(
    reader: Reader, source: str, order: Order, *, content: str | bytes | None = None, in_color: bool = False
) -> Iterator[tuple[Page | None, Answer]]:
    """The pages of a file with their answers; an error is its last answer, without a page.

    `content` is what is read where it is not the file `source`.
    """
    number = 0
    try:
        opened = load_pages(
            source if content is None else content,
            pages=order.pages,
            limits=order.limits,
            name=source,
            in_color=in_color,
        )
        for page in opened:
            number = page.number
            yield page, reader.read_page(page, order.constraint)
    except InkdigitsError as error:
        yield None, failure(source, str(error), number + 1)
    except MemoryError:
        yield None, failure(source, f"{source}: not enough memory to read this page", number + 1)


def failure(source: str, message: str, page: int = 1) -> Answer:
    """The answer of a page that could not be read."""
    return Answer(source=source, page=page, width=0, height=0, error=message)


def _read(source: str, order: Order) -> tuple[Answer, ...]:
    reader = _reader(order.weights, order.threads, order.limits)
    return tuple(answer for _, answer in read_file(reader, source, order))


def _give(pool: ProcessPoolExecutor, source: str | Answer, order: Order) -> Future[tuple[Answer, ...]]:
    future: Future[tuple[Answer, ...]] = Future()
    if isinstance(source, Answer):
        future.set_result((source,))
        return future
    try:
        return pool.submit(_read, source, order)
    except BrokenProcessPool as error:  # known when its turn comes, as for those that were given before
        future.set_exception(error)
        return future


def _begin() -> None:
    # Ctrl-C goes to every process of a terminal; the first ends the others.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_the_first, daemon=True).start()


def _end_with_the_first() -> None:
    """However the process that gave out the files ends: nobody waits for these answers then."""
    first = multiprocessing.parent_process()
    if first is not None:
        first.join()
        os._exit(1)


def _pool(jobs: int) -> ProcessPoolExecutor:
    # Not forked: a copy of a process whose libraries have threads may hang.
    spawn = multiprocessing.get_context("spawn")
    return ProcessPoolExecutor(jobs, mp_context=spawn, initializer=_begin)


def read_files(sources: Iterable[str | Answer], order: Order, jobs: int) -> Iterator[tuple[Answer, ...]]:
    """The answers of each file, in order, by `jobs` processes; what is an answer already stays as it is.

    Raises InkdigitsError where the weights cannot be used.
    """
    left = iter(sources)
    given: deque[tuple[str | Answer, Future[tuple[Answer, ...]]]] = deque()
    pool = _pool(jobs)
    try:
        while True:
            while len(given) < _AHEAD * jobs and (source := next(left, None)) is not None:
                given.append((source, _give(pool, source, order)))
            if not given:
                break
            source, future = given.popleft()
            try:
                yield future.result()
            except BrokenProcessPool:
                pool.shutdown(cancel_futures=True)
                yield _alone(str(source), order)
                pool = _pool(jobs)
                given = deque((other, _give(pool, other, order)) for other, _ in given)
    finally:
        # The interpreter's end would wait for it too, and may write to a pipe that the pool is just closing.
        pool.shutdown(cancel_futures=True)


def _alone(source: str, order: Order) -> tuple[Answer, ...]:
    with _pool(1) as pool:
        try:
            return pool.submit(_read, source, order).result()
        except BrokenProcessPool:
            return (failure(source, f"{source}: the process that read it died; it may need too much memory"),)
