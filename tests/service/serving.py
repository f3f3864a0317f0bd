"""A service in a process of its own. In: flags. Out: where it is, and its process."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import psutil

_START_SECONDS = 60


def workers_of(process: int) -> list[psutil.Process]:
    """The children of a process that read, without those that are just ending."""
    found = []
    for child in psutil.Process(process).children():
        with suppress(psutil.NoSuchProcess):  # ZombieProcess is one
            if "inkdigits.service.worker" in " ".join(child.cmdline()):
                found.append(child)
    return found


@dataclass
class Served:
    """A running service: its address, its process, and what it wrote to standard error so far."""

    url: str
    process: subprocess.Popen[str]
    said: list[str] = field(default_factory=list)

    def workers(self) -> list[psutil.Process]:
        """The processes that read."""
        return workers_of(self.process.pid)

    def end(self, number: int = signal.SIGTERM) -> int:
        """Tell it to end, and its exit code."""
        self.process.send_signal(number)
        return self.process.wait(30)


def serving(*flags: str) -> AbstractContextManager[Served]:
    """A service with these flags, on a free port; killed at the end if it still runs."""
    return serving_command([sys.executable, "-m", "inkdigits", "serve", "--port", "0", *flags])


@contextmanager
def serving_command(
    command: list[str], environment: dict[str, str] | None = None, folder: Path | None = None
) -> Iterator[Served]:
    """The service that a command starts; the environment and the folder are this process's unless given."""
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment, cwd=folder)
    said: list[str] = []
    ready = threading.Event()

    def listen() -> None:
        for line in process.stderr or ():
            said.append(line)
            if "inkdigits reads at" in line:
                ready.set()
        ready.set()

    listener = threading.Thread(target=listen, daemon=True)
    listener.start()
    try:
        assert ready.wait(_START_SECONDS), "the service did not start"
        found = re.search(r"http://\S+", "".join(said))
        assert found, "".join(said)
        yield Served(found[0], process, said)
    finally:
        process.kill()
        process.wait()
        listener.join(10)
        if process.stderr:
            process.stderr.close()
