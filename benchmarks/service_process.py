"""A server in a process of its own, for the benchmarks of the service. In: a command. Out: a `Running`: its
address, its memory, its workers and its figures.

What it says goes to a file, as a pipe would have to be emptied by the process that measures. It runs in an
empty folder, which is also its home and its place for temporary files, so that whatever it writes is seen.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx
import psutil

from inkdigits.errors import InkdigitsError
from inkdigits.service.settings import Settings

_START_SECONDS = 120.0
_END_SECONDS = 30.0
_POLL = 0.05
_IDLE_SECONDS, _IDLE_LOOK, _IDLE_SHARE = 60.0, 0.5, 0.1
_MEBI = 1 << 20
READS_AT = re.compile(r"inkdigits reads at http://127\.0\.0\.1:(\d+)")


@dataclass(frozen=True)
class Running:
    """A server that answers at `port` of this machine.

    Attributes:
        log: what it wrote to standard output and standard error so far.
        folder: where it runs; empty unless it writes something.
    """

    port: int
    process: psutil.Process
    log: Path
    folder: Path

    @property
    def url(self) -> str:
        """Its address, without a slash at the end."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def alive(self) -> bool:
        """Whether its first process still runs."""
        return self.process.is_running() and self.process.status() != psutil.STATUS_ZOMBIE

    def workers(self) -> list[psutil.Process]:
        """The processes that read."""
        return [child for child in self._children() if _is_worker(child)]

    def resident(self) -> float:
        """Resident memory of it and of all its children, in MiB."""
        total = 0
        for process in (self.process, *self._children()):
            try:
                total += process.memory_info().rss
            except psutil.NoSuchProcess:
                continue
        return total / _MEBI

    def processor_seconds(self) -> float:
        """Processor time that it and its children have taken so far."""
        total = 0.0
        for process in (self.process, *self._children()):
            try:
                times = process.cpu_times()
                total += times.user + times.system
            except psutil.NoSuchProcess:
                continue
        return total

    def wait_until_idle(self) -> None:
        """Until it has nothing left to do for clients who have gone, for at most some seconds."""
        until = time.monotonic() + _IDLE_SECONDS
        while time.monotonic() < until:
            before = self.processor_seconds()
            time.sleep(_IDLE_LOOK)
            if self.processor_seconds() - before <= _IDLE_SHARE * _IDLE_LOOK:
                return

    def replaced(self) -> int:
        """How many of its workers have died, by its own count."""
        page = httpx.get(f"{self.url}/metrics", timeout=30).text
        found = re.search(r"^inkdigits_workers_replaced_total (\S+)", page, re.MULTILINE)
        return int(float(found[1])) if found else 0

    def tracebacks(self) -> int:
        """How many exceptions nobody has handled, by its log."""
        return self.log.read_text(encoding="utf-8", errors="replace").count(
            "Traceback (most recent call last)"
        )

    def too_much(self) -> int:
        """How many workers have been ended because an image took too much time or memory, by its log."""
        ended = 0
        for line in self.log.read_text(encoding="utf-8", errors="replace").splitlines():
            ended += '"a worker is replaced"' in line and '"it takes too ' in line
        return ended

    def left_files(self) -> list[str]:
        """The files that it has written."""
        return sorted(str(path.relative_to(self.folder)) for path in self.folder.rglob("*") if path.is_file())

    def _children(self) -> list[psutil.Process]:
        try:
            return self.process.children(recursive=True)
        except psutil.NoSuchProcess:
            return []


def _is_worker(process: psutil.Process) -> bool:
    try:
        return "inkdigits.service.worker" in process.cmdline() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _wait_for(said: Callable[[str], int | None], log: Path, process: subprocess.Popen[bytes]) -> int:
    """The port, as soon as `said` finds it in the log."""
    until = time.monotonic() + _START_SECONDS
    while time.monotonic() < until:
        text = log.read_text(encoding="utf-8", errors="replace")
        port = said(text)
        if port is not None:
            return port
        if process.poll() is not None:
            raise InkdigitsError(f"{process.args} ended with {process.returncode}:\n{text[-2000:]}")
        time.sleep(_POLL)
    raise InkdigitsError(f"{process.args} did not start in {_START_SECONDS:g} seconds:\n{text[-2000:]}")


@contextmanager
def running(command: list[str], said: Callable[[str], int | None]) -> Iterator[Running]:
    """The server of `command`, ended with all its children when the block ends.

    `said` finds in what the server has written the port at which it is ready, or None as long as it is not.
    """
    with TemporaryDirectory() as outer:
        folder, log = Path(outer) / "folder", Path(outer) / "log"
        folder.mkdir()
        places = {"HOME": str(folder), "TMPDIR": str(folder)}
        with log.open("wb") as out:
            process = subprocess.Popen(
                command, stdout=out, stderr=subprocess.STDOUT, cwd=folder, env={**os.environ, **places}
            )
        # A benchmark that is told to end does not leave its servers behind.
        before = signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
        try:
            yield Running(_wait_for(said, log, process), psutil.Process(process.pid), log, folder)
        finally:
            signal.signal(signal.SIGTERM, before)
            _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    try:
        children = psutil.Process(process.pid).children(recursive=True)
    except psutil.NoSuchProcess:
        children = []
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(_END_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    for child in children:
        if child.is_running():
            child.kill()


def _service_port(text: str) -> int | None:
    found = READS_AT.search(text)
    return int(found[1]) if found else None


def ready_workers(server: Running) -> int:
    """How many workers can read now, by the service's own word."""
    reply = httpx.get(f"{server.url}/readyz", timeout=30)
    return reply.json()["workers"] if reply.status_code == 200 else 0


def wait_for_workers(server: Running, count: int) -> None:
    """Until so many workers can read; InkdigitsError where that takes too long."""
    until = time.monotonic() + _START_SECONDS
    while time.monotonic() < until:
        if ready_workers(server) >= count:
            return
        time.sleep(_POLL)
    raise InkdigitsError(f"{count} workers did not start in {_START_SECONDS:g} seconds")


@contextmanager
def service(*flags: str, workers: int | None = None) -> Iterator[Running]:
    """`inkdigits serve` with these flags at a free port, as soon as all its workers can read."""
    command = [sys.executable, "-m", "inkdigits", "serve", "--port", "0", *flags]
    command += [] if workers is None else ["--workers", str(workers)]
    with running(command, _service_port) as server:
        wait_for_workers(server, workers or Settings().workers)
        yield server
