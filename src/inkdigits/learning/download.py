"""Downloads: resumed where they broke off, checked by sha256, never half there.

In: a source's file and the data folder. Out: the file in its place. Bytes go to NAME.part; only when all are
there and their sha256 is right is that renamed to NAME. A damaged download is deleted and never used.
"""

from __future__ import annotations

import http.client
import os
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)

from inkdigits.errors import DataError
from inkdigits.learning.sources import Source, SourceFile, check, local_path
from inkdigits.reading.card import file_sha256

BLOCK = 1 << 16
TIMEOUT = 30  # seconds without a byte before a mirror counts as out of reach


def download_source(source: Source, folder: Path, console: Console | None = None) -> list[Path]:
    """Bring every file of `source` into `folder` and return their paths; whole files that are there are not
    fetched again.

    Raises DataError, naming all files that no mirror gave or that have none, after having fetched the others.
    """
    console = console or Console(stderr=True)
    paths, failures = [], []
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console) as progress:
        for file in source.files:
            there = local_path(file, folder)
            if there is not None and check(file, there):
                paths.append(there)
                continue
            task = progress.add_task(Path(file.path).name, total=file.size)
            try:
                paths.append(
                    download(file, folder, lambda done, task=task: progress.update(task, completed=done))
                )
            except DataError as error:
                failures.append(str(error))
    if failures:
        places = "\n".join(f"  {folder / file.path}" for file in source.files)
        raise DataError(
            "\n".join(failures)
            + f"\n{source.name} is not complete. Put its files there by hand ({source.homepage}):\n{places}"
        )
    return paths


def download(file: SourceFile, folder: Path, progress: Callable[[int], None] = lambda done: None) -> Path:
    """Fetch one file from the first mirror that gives it; `progress` is told how many bytes are there.

    Raises DataError where there is no mirror, none answers, or what they give has another sha256.
    """
    target = folder / file.path
    if not file.urls:
        raise DataError(f"{target}: has no public download; it has to be converted and put there by hand")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DataError(f"{target.parent}: cannot be made: {error.strerror}") from error
    part = target.with_name(target.name + ".part")
    troubles = []
    for url in file.urls:
        try:
            begun = part.exists()
            _fetch(url, part, file.size, progress)
            if begun and file_sha256(part) != file.sha256:
                # What was left of an earlier download may be to blame: fetch it once more, from the start.
                part.unlink()
                _fetch(url, part, file.size, progress)
            if file_sha256(part) == file.sha256:
                os.replace(part, target)
                return target
            part.unlink()
            troubles.append(f"{url}: its sha256 is not the one known; what it gave was deleted")
        except urllib.error.URLError as error:
            troubles.append(f"{url}: {getattr(error, 'reason', error)}")
        except (OSError, http.client.HTTPException) as error:
            troubles.append(f"{url}: broke off: {error}")
    raise DataError(f"{target.name}: no mirror gave it:\n  " + "\n  ".join(troubles))


def _fetch(url: str, part: Path, size: int, progress: Callable[[int], None]) -> None:
    """Append to `part` what it still lacks of `url`; begin anew where the server cannot go on from there."""
    have = part.stat().st_size if part.exists() else 0
    if have >= size:
        if have > size:
            part.unlink()
            have = 0
        else:
            return
    headers = {"User-Agent": "inkdigits", **({"Range": f"bytes={have}-"} if have else {})}
    request = urllib.request.Request(url, headers=headers)
    with urllib.request.urlopen(request, timeout=TIMEOUT) as answer:
        resumed = answer.status == http.HTTPStatus.PARTIAL_CONTENT and _starts_at(answer, have)
        if have and answer.status == http.HTTPStatus.PARTIAL_CONTENT and not resumed:
            raise http.client.HTTPException("the server goes on from another byte than it was asked for")
        done = have if resumed else 0
        with open(part, "ab" if resumed else "wb") as out:
            while block := answer.read(BLOCK):
                done += len(block)
                if done > size:
                    raise http.client.HTTPException(f"more than the {size} bytes known")
                out.write(block)
                progress(done)
            out.flush()
            os.fsync(out.fileno())
        if done < size:
            raise http.client.HTTPException(
                f"it ended after {done} of {size} bytes; start again to go on from there"
            )


def _starts_at(answer: http.client.HTTPResponse, position: int) -> bool:
    return (answer.headers.get("Content-Range") or "").startswith(f"bytes {position}-")
