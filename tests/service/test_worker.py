"""What a worker makes of jobs, and the messages that bring them; without processes."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inkdigits import Reader
from inkdigits.reading.limits import Limits
from inkdigits.service import worker
from inkdigits.service.messages import TOO_LARGE, pack, receive

EXAMPLES = Path(__file__).parents[2] / "examples"
JOB: dict[str, Any] = {
    "kind": "read",
    "name": "one",
    "pages": None,
    "pattern": None,
    "length": None,
    "check": None,
    "amounts": False,
    "shown": False,
}


@pytest.fixture(scope="module")
def reader() -> Reader:
    return Reader()


@given(st.lists(st.binary(max_size=50), max_size=5), st.dictionaries(st.text(), st.integers() | st.text()))
def test_a_message_comes_out_as_it_went_in(payloads: list[bytes], header: dict[str, Any]) -> None:
    header.pop("sizes", None)
    stream = io.BytesIO(pack(header, payloads) * 2)
    assert receive(stream) == receive(stream) == (header, payloads)
    assert receive(stream) is None


def test_results_come_in_the_order_of_the_jobs(reader: Reader) -> None:
    names = ["string.jpg", "two-pages.pdf", "blank.jpg", "page.jpg", "amount.png"]
    jobs = [{**JOB, "name": name} for name in names]
    jobs.insert(2, {"kind": "preview", "name": "shown", "pages": "1"})
    jobs.insert(3, {**JOB, "pattern": "("})
    jobs.insert(4, JOB)
    contents = [(EXAMPLES / name).read_bytes() for name in names]
    contents[2:2] = [contents[0], contents[0], b"nothing"]
    results = worker.work(reader, Limits(), jobs, contents)
    assert results[2][0] == {"page_count": 1} and results[2][1][0][:2] == b"\xff\xd8"
    assert "pattern" in results[3][0]["error"]
    assert results[4][0] == {"ok": False, "statuses": ["error"]}
    for name, (header, payloads) in zip(names, results[:2] + results[5:], strict=True):
        answers = [answer.to_dict() for answer in reader.read(EXAMPLES / name)]
        told = json.loads(b"[" + payloads[0] + b"]")
        assert header["ok"] and [{**answer, "source": name} for answer in answers] == told


def test_pages_go_to_the_networks_together_but_not_without_bound(
    reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    together: list[int] = []
    read_pages = reader.read_pages
    monkeypatch.setattr(
        reader, "read_pages", lambda pages, asked: (together.append(len(pages)), read_pages(pages, asked))[1]
    )
    content = (EXAMPLES / "string.jpg").read_bytes()
    results = worker.work(reader, Limits(), [JOB] * 25, [content] * 25)
    assert together == [20, 5]  # of 416,000 pixels each
    assert len({payloads[0] for _, payloads in results}) == 1


def test_a_page_that_breaks_the_reader_costs_no_other(
    reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    def breaks(pages: list[Any], asked: list[Any]) -> list[Any]:
        if any(page.source == "bad" for page in pages):
            raise ZeroDivisionError
        return read_pages(pages, asked)

    read_pages = reader.read_pages
    monkeypatch.setattr(reader, "read_pages", breaks)
    content = (EXAMPLES / "digit-plain.jpg").read_bytes()
    results = worker.work(reader, Limits(), [JOB, {**JOB, "name": "bad"}, JOB], [content] * 3)
    assert [header["statuses"] for header, _ in results] == [["ok"], ["error"], ["ok"]]
    assert b"ZeroDivisionError" in results[1][1][0]


_LARGE_PARENT = """
import subprocess, sys
kept = b"x" * 1_400_000_000
sys.exit(subprocess.run([sys.executable, "-c", sys.argv[1]]).returncode)
"""
_BOUND = """
import time
from inkdigits.reading.limits import Limits
from inkdigits.service import memory
memory.bound(Limits(pixels=1))
kept = b"x" * {taken}
time.sleep(0.5)
"""


@pytest.mark.parametrize(("taken", "code"), [(100_000_000, 0), (1_200_000_000, TOO_LARGE)])
def test_a_worker_ends_for_its_own_memory_and_not_for_that_of_its_parent(taken: int, code: int) -> None:
    command = [sys.executable, "-c", _LARGE_PARENT, _BOUND.format(taken=taken)]
    assert subprocess.run(command, timeout=60).returncode == code
