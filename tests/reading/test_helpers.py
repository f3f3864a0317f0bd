"""Work shared among threads comes back in order, whole, with what went wrong."""

from __future__ import annotations

import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inkdigits.reading.helpers import helpers, shares


@given(items=st.lists(st.integers(), max_size=200), threads=st.integers(1, 8))
def test_shares_are_all_items_in_order(items: list[int], threads: int) -> None:
    parts = shares(items, threads)
    assert [item for part in parts for item in part] == items
    assert all(parts)
    assert len({len(part) for part in parts[:-1]}) <= 1
    assert len(parts) <= (1 if threads == 1 else 2 * threads)


def test_two_threads_have_two_shares_each() -> None:
    assert shares("abcde", 2) == ["ab", "cd", "e"]
    assert shares("abcdefgh", 2) == ["ab", "cd", "ef", "gh"]


def test_a_lone_thread_is_the_callers_own() -> None:
    with helpers(1) as pool:
        assert pool.submit(threading.get_ident).result() == threading.get_ident()
        with pytest.raises(ZeroDivisionError):
            pool.submit(divmod, 1, 0)


def test_several_threads_work_beside_the_caller() -> None:
    begun = threading.Event()
    with helpers(2) as pool:
        waiting = pool.submit(begun.wait, 5)
        pool.submit(begun.set)
        assert waiting.result()
        with pytest.raises(ZeroDivisionError):
            pool.submit(divmod, 1, 0).result()
