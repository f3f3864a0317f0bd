"""What an operator decides of the service. In: the flags of `inkdigits serve`. Out: `Settings`, checked."""

from __future__ import annotations

import ipaddress
import os
from dataclasses import dataclass, field
from pathlib import Path

from inkdigits.errors import InkdigitsError
from inkdigits.reading.limits import Limits

SERVICE_LIMITS = Limits(pixels=72_000_000, pages=20, bytes=32 * 1024 * 1024)


@dataclass(frozen=True)
class Settings:
    """How the service runs.

    Attributes:
        host, port: where it listens; port 0 takes a free one.
        weights: as `Recogniser` takes them.
        workers: processes that read; a reading never shares a process with the network's side.
        batch: images at most that a worker reads together.
        wait: seconds that the first of them waits for others, while others are on their way.
        places: requests inside at one time, uploading, waiting or being read; the next one is sent away.
        memory: bytes of all uploads inside at one time.
        files: images in one request at most.
        receive_seconds: for an upload to arrive. read_seconds: for an image to be read.
        limits: on each image.
        key_file: a file of keys, one a line; None for none.
        open_to_all: no key is asked for, wherever the service listens.
        rate: requests a minute of one key, or of one address where there are no keys; 0 for any number.
        origins: web origins whose pages may ask (CORS); none by default.
        store: a folder in which images and answers are kept; None, so that nothing is.
    """

    host: str = "127.0.0.1"
    port: int = 8000
    weights: Path | str | None = None
    workers: int = field(default_factory=lambda: max(1, min(8, os.cpu_count() or 1)))
    batch: int = 16
    wait: float = 0.002
    places: int = 128
    memory: int = 256 * 1024 * 1024
    files: int = 32
    receive_seconds: float = 30.0
    read_seconds: float = 30.0
    limits: Limits = SERVICE_LIMITS
    key_file: Path | None = None
    open_to_all: bool = False
    rate: int = 0
    origins: tuple[str, ...] = ()
    store: Path | None = None

    @property
    def is_local(self) -> bool:
        """Whether only this machine can reach the service."""
        if self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False

    def check(self) -> None:
        """Raise InkdigitsError for settings that would be unsafe or cannot work, saying what to do."""
        if not self.is_local and self.key_file is None and not self.open_to_all:
            raise InkdigitsError(
                f"--host {self.host}: others could reach the service without a key; name a file of keys with "
                "--api-key-file, or say --no-auth if everybody may ask"
            )
        if self.key_file is not None and self.open_to_all:
            raise InkdigitsError("--api-key-file and --no-auth exclude each other")
        if self.store is not None:
            try:
                self.store.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise InkdigitsError(
                    f"{self.store}: cannot be written ({error.strerror or error})"
                ) from error
