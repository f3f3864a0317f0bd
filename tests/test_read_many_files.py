"""Many files: by several processes, in order, whatever dies; an interrupted output is gone on with."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Generator
from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

import cv2
import numpy as np
import psutil
import pytest
from hypothesis import given
from hypothesis import strategies as st

from inkdigits.answer import Answer
from inkdigits.errors import InputError, WeightsError
from inkdigits.reading import crew
from inkdigits.reading.crew import Order, read_files
from inkdigits.reading.resume import answered

_NAMES = [f"{number:03}.png" for number in range(40)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Forty pictures of numbers, each its own."""
    place = tmp_path_factory.mktemp("pictures")
    for number, name in enumerate(_NAMES):
        picture = np.full((300, 700), 235, np.uint8)
        cv2.putText(picture, str(1000 + 37 * number), (60, 200), cv2.FONT_HERSHEY_SIMPLEX, 5, 40, 12)
        assert cv2.imwrite(str(place / name), picture)
    return place


def command(*arguments: object) -> list[str]:
    return [sys.executable, "-m", "inkdigits", "read", *map(str, arguments)]


def run(*arguments: object, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command(*arguments), capture_output=True, text=True, cwd=cwd, timeout=120)


def test_several_processes_answer_as_one_does(folder: Path) -> None:
    (folder / "broken.png").write_bytes(b"no picture")
    files = [*_NAMES[:6], "missing.png", "broken.png", "*.nothing", *_NAMES[6:20]]
    one, two = (run(*files, "--json", "--jobs", jobs, cwd=folder) for jobs in (1, 2))
    (folder / "broken.png").unlink()
    assert one.returncode == two.returncode == 1
    assert one.stdout == two.stdout and one.stderr == two.stderr
    answers = [json.loads(line) for line in two.stdout.splitlines()]
    assert [answer["source"] for answer in answers] == files
    assert sum(answer["status"] == "error" for answer in answers) == 3
    assert len({answer["lines"][0]["text"] for answer in answers if answer["lines"]}) > 10


def test_what_is_asked_reaches_every_process(folder: Path) -> None:
    asked = ("--pattern", r"1\d{3}", "--json", "--jobs", 2)
    read = run(*_NAMES[:8], *asked, cwd=folder)
    texts = [line["text"] for row in read.stdout.splitlines() for line in json.loads(row)["lines"]]
    assert read.returncode == 0 and texts and all(len(text) == 4 and text[0] == "1" for text in texts)
    small = run(*_NAMES[:4], "--max-pixels", 1000, "--json", "--jobs", 2, cwd=folder)
    assert small.returncode == 1 and small.stderr.count("--max-pixels") == 4


def test_wrong_weights_are_one_message(folder: Path) -> None:
    read = run(*_NAMES[:4], "--weights", "nowhere.onnx", "--jobs", 2, cwd=folder)
    assert read.returncode == 1 and "Traceback" not in read.stderr
    assert len(read.stderr.splitlines()) == 1 and "nowhere.onnx" in read.stderr
    with pytest.raises(WeightsError):
        list(read_files([str(folder / _NAMES[0])], Order(weights=Path("nowhere.onnx")), 2))


def test_a_killed_process_takes_no_file_with_it(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "answers.jsonl"
    with subprocess.Popen(command(folder, "--json", "-o", out, "--jobs", 2), cwd=folder) as reading:
        _wait_for_lines(out, 5)
        readers = [
            one for one in psutil.Process(reading.pid).children() if "spawn_main" in str(one.cmdline())
        ]
        assert len(readers) == 2
        readers[0].kill()
        assert reading.wait(120) == 0
    sources = [Path(json.loads(line)["source"]).name for line in out.read_text().splitlines()]
    assert sources == _NAMES


def test_reading_that_is_given_up_leaves_nothing_running(folder: Path) -> None:
    reading = read_files([str(folder / name) for name in _NAMES], Order(), 2)
    assert isinstance(reading, Generator)
    next(reading)
    assert psutil.Process().children() and threading.active_count() > 1
    reading.close()
    readers = [one for one in psutil.Process().children() if "spawn_main" in str(one.cmdline())]
    assert not readers and not [one for one in threading.enumerate() if "Executor" in type(one).__name__]


def test_a_file_that_kills_is_told_and_the_others_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    class Pool:
        """Breaks at "bad.png", and for ever then."""

        def __init__(self, jobs: int) -> None:
            self.broken = False

        def submit(self, _: object, source: str, order: Order) -> Future[tuple[Answer, ...]]:
            if self.broken:
                raise BrokenProcessPool
            future: Future[tuple[Answer, ...]] = Future()
            if source == "bad.png":
                self.broken = True
                future.set_exception(BrokenProcessPool())
            else:
                future.set_result((Answer(source, 1, 5, 5),))
            return future

        def shutdown(self, **_: object) -> None: ...

        def __enter__(self) -> "Pool":
            return self

        def __exit__(self, *_: object) -> None: ...

    monkeypatch.setattr(crew, "_pool", Pool)
    files = [*_NAMES[:12], "bad.png", *_NAMES[12:30], "bad.png", _NAMES[30]]
    answers = [answer for (answer,) in read_files(files, Order(), 2)]
    assert [answer.source for answer in answers] == files
    wrong = [answer for answer in answers if answer.error is not None]
    assert [answer.source for answer in wrong] == ["bad.png", "bad.png"]
    assert "bad.png: the process that read it died" in str(wrong[0].error)


def test_killed_it_goes_on_and_leaves_no_process(folder: Path, tmp_path: Path) -> None:
    whole, part = tmp_path / "whole.jsonl", tmp_path / "part.jsonl"
    assert run(folder, "--json", "-o", whole, cwd=folder).returncode == 0
    with subprocess.Popen(command(folder, "--json", "-o", part, "--jobs", 2), cwd=folder) as reading:
        _wait_for_lines(part, 5)
        children = psutil.Process(reading.pid).children(recursive=True)
        reading.send_signal(signal.SIGKILL)
    _, alive = psutil.wait_procs(children, timeout=30)
    assert not alive
    before = part.read_bytes()
    assert 0 < len(before) < whole.stat().st_size
    assert run(folder, "--json", "-o", part, "--resume", cwd=folder).returncode == 0
    assert part.read_bytes() == whole.read_bytes()
    assert run(folder, "--json", "-o", part, "--resume", cwd=folder).returncode == 0
    assert part.read_bytes() == whole.read_bytes()


_ROWS = [
    json.dumps({"source": source, "page": page}) + "\n"
    for source, pages in (("a.png", 1), ("scan é.pdf", 3), ("b.png", 1), ("c.tif", 2))
    for page in range(1, pages + 1)
]


@given(st.integers(0, len("".join(_ROWS).encode())))
def test_wherever_it_was_cut_whole_files_are_kept(
    tmp_path_factory: pytest.TempPathFactory, length: int
) -> None:
    path = tmp_path_factory.mktemp("cut") / "answers.jsonl"
    content = "".join(_ROWS).encode()
    path.write_bytes(content[:length])
    done = answered(path)
    kept = path.read_bytes()
    assert content.startswith(kept) and len(kept) <= length
    assert {json.loads(row)["source"] for row in kept.splitlines()} == done
    for source in done:
        assert sum(json.loads(row)["source"] == source for row in _ROWS) == kept.count(
            json.dumps({"source": source})[1:-1].encode()
        )


def test_another_file_is_left_as_it_is(tmp_path: Path, folder: Path) -> None:
    path = tmp_path / "letter.txt"
    for text in ("Dear reader,\nall well here.\n", "no line end", '{"other": 1}\n'):
        path.write_text(text)
        with pytest.raises(InputError, match="name another --output"):
            answered(path)
        assert path.read_text() == text
    assert answered(tmp_path / "none.jsonl") == set()
    assert run(_NAMES[0], "--resume", "-o", path, cwd=folder).returncode == 2
    assert run(_NAMES[0], "--resume", "--json", cwd=folder).returncode == 2
    assert path.exists() and os.path.getsize(path) > 0


def _wait_for_lines(path: Path, count: int) -> None:
    until = time.monotonic() + 60
    while time.monotonic() < until:
        if path.exists() and path.read_bytes().count(b"\n") >= count:
            return
        time.sleep(0.002)
    raise AssertionError(f"{path.name}: fewer than {count} answers after a minute")
