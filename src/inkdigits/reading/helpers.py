"""Threads that ask the networks while their caller prepares what is asked next. In: how many. Out: an
`Executor`.

Networks leave Python's lock alone while they run, so that the caller goes on with the page.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from typing import ParamSpec, TypeVar

_SHARES = 2  # a thread: with one a thread waits at the end, and many small ones cost more than they save

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")
Item = TypeVar("Item")


class AtOnce(Executor):
    """Does what it is given before it returns, in the caller's thread."""

    def submit(
        self, fn: Callable[Arguments, Result], /, *args: Arguments.args, **kwargs: Arguments.kwargs
    ) -> Future[Result]:
        """The result of `fn`; what it raises is raised here."""
        future: Future[Result] = Future()
        future.set_result(fn(*args, **kwargs))
        return future


def helpers(threads: int) -> Executor:
    """Helpers of `threads` threads, to be used in a `with` statement; one thread is the caller's own."""
    return ThreadPoolExecutor(threads) if threads > 1 else AtOnce()


def shares(items: Sequence[Item], threads: int) -> list[Sequence[Item]]:
    """The items in order, in shares of about one size: a few for each of several threads, one for a lone
    thread.
    """
    size = max(1, -(-len(items) // (_SHARES * threads if threads > 1 else 1)))
    return [items[start : start + size] for start in range(0, len(items), size)]
