"""Other readers on the same images: Tesseract 5 and RapidOCR. In: image files. Out: lines of text for each.

Each is asked in the way that suits the images: Tesseract with digits only and its page segmentation for
one sign, one line or a block; RapidOCR finds the text of pages by itself, and is told that a photo or a
cheque field is one line, since its detector loses most of those. Answers are kept under runs/peers by the
sha256 of each image, so that a second run asks nothing.

RapidOCR brings another OpenCV: it lives in an environment of its own, whose Python is given to the
benchmarks,

    python3 -m venv ENVIRONMENT && ENVIRONMENT/bin/pip install rapidocr-onnxruntime
"""

from __future__ import annotations

import contextlib
import csv
import io
import json
import os
import re
import resource
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from common import ROOT
from inkdigits.reading.card import file_sha256

CACHE = ROOT / "runs" / "peers"
_WORKER = Path(__file__).resolve().with_name("rapidocr_worker.py")
_SAVE_EVERY = 20
# Ways of asking for each set of images; where there are several, a benchmark keeps the best.
TESSERACT_MODES = {"photos": ("10",), "cheques": ("7",), "pages": ("6",)}
RAPIDOCR_MODES = {"photos": ("line",), "cheques": ("line",), "pages": ("page",)}


@dataclass(frozen=True)
class PeerAnswer:
    """The lines a peer read, and the wall and processor seconds that it took."""

    lines: tuple[str, ...]
    seconds: float = 0.0
    cpu_seconds: float = 0.0


class Peer(Protocol):
    """Something that reads image files; `name` holds its version."""

    name: str

    def read(self, paths: Sequence[Path], mode: str) -> Iterator[PeerAnswer]:
        """One answer a path, in order."""
        ...


class Tesseract:
    """Tesseract's command line, one process for all the images of a call; `mode` is its page segmentation."""

    def __init__(self, program: str) -> None:
        self._program = program
        said = subprocess.run([program, "--version"], capture_output=True, text=True, check=True)
        self.name = "Tesseract " + (said.stdout or said.stderr).split()[1]

    def read(self, paths: Sequence[Path], mode: str) -> Iterator[PeerAnswer]:
        """One answer a path; its times are the whole process's, shared evenly by the images."""
        with tempfile.NamedTemporaryFile("w", suffix=".txt") as listing:
            listing.write("".join(f"{path}\n" for path in paths))
            listing.flush()
            start, start_cpu = time.perf_counter(), _children_cpu()
            done = subprocess.run(
                [
                    *(self._program, listing.name, "stdout", "--psm", mode),
                    *("-c", "tessedit_char_whitelist=0123456789", "tsv"),
                ],
                capture_output=True,
                text=True,
                check=True,
                env={**os.environ, "OMP_THREAD_LIMIT": "1"},
            )
            seconds, cpu = time.perf_counter() - start, _children_cpu() - start_cpu
        # One row a word; the plain text output leaves out a blank image, which would shift all after it.
        pages: list[dict[tuple[str, str, str], str]] = [{} for _ in paths]
        for row in csv.DictReader(io.StringIO(done.stdout), delimiter="\t", quoting=csv.QUOTE_NONE):
            if row["level"] == "5":
                lines = pages[int(row["page_num"]) - 1]
                key = (row["block_num"], row["par_num"], row["line_num"])
                lines[key] = lines.get(key, "") + row["text"]
        for lines in pages:
            yield PeerAnswer(tuple(lines.values()), seconds / len(paths), cpu / len(paths))


class RapidOcr:
    """RapidOCR in a worker process of another environment; `mode` is "page" or "line"."""

    def __init__(self, python: Path) -> None:
        self._worker = subprocess.Popen(
            [str(python), str(_WORKER)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env={**os.environ, "OMP_NUM_THREADS": "1"},
        )
        if self._worker.stdin is None or self._worker.stdout is None:
            raise RuntimeError("the RapidOCR worker has no pipes")
        self._questions, self._replies = self._worker.stdin, self._worker.stdout
        self.name: str = self._answer()["peer"]

    def read(self, paths: Sequence[Path], mode: str) -> Iterator[PeerAnswer]:
        """One answer a path, each timed inside the worker."""
        for path in paths:
            self._questions.write(json.dumps({"path": str(path), "mode": mode}) + "\n")
            self._questions.flush()
            answer = self._answer()
            yield PeerAnswer(tuple(answer["lines"]), answer["seconds"], answer["cpu_seconds"])

    def close(self) -> None:
        """End the worker."""
        self._worker.communicate()

    def _answer(self) -> dict:
        line = self._replies.readline()
        if not line:
            raise RuntimeError("the RapidOCR worker ended; run it alone to see why: rapidocr_worker.py")
        return json.loads(line)


@contextlib.contextmanager
def installed_peers(rapidocr_pythons: Sequence[Path]) -> Iterator[tuple[list[Peer], list[str]]]:
    """The peers that are here, and for each that is not one line that says what to do."""
    peers: list[Peer] = []
    absent: list[str] = []
    program = shutil.which("tesseract")
    if program is None:
        absent.append("Tesseract is skipped: no program `tesseract` on the path; install tesseract-ocr")
    else:
        peers.append(Tesseract(program))
    if not rapidocr_pythons:
        absent.append("RapidOCR is skipped: give the Python of its environment with --rapidocr-python")
    with contextlib.ExitStack() as stack:
        for python in rapidocr_pythons:
            try:
                rapid = RapidOcr(python)
            except (OSError, RuntimeError) as error:
                absent.append(f"RapidOCR is skipped: {python} cannot start it ({error})")
                continue
            stack.callback(rapid.close)
            peers.append(rapid)
        yield peers, absent


def modes_of(peer: Peer, set_name: str) -> tuple[str, ...]:
    """The ways in which a peer is asked about one set of images."""
    return (TESSERACT_MODES if peer.name.startswith("Tesseract") else RAPIDOCR_MODES)[set_name]


def cached_lines(peer: Peer, mode: str, paths: Sequence[Path], cache: Path = CACHE) -> list[tuple[str, ...]]:
    """The lines that `peer` reads in each file, asked for only where the cache does not hold them."""
    file = cache / (re.sub(r"[^\w.]+", "-", f"{peer.name}-{mode}").lower() + ".json")
    known: dict[str, list[str]] = json.loads(file.read_text()) if file.is_file() else {}
    keys = [file_sha256(path) for path in paths]
    missing = {key: path for key, path in zip(keys, paths, strict=True) if key not in known}
    if missing:
        file.parent.mkdir(parents=True, exist_ok=True)
        for index, (key, answer) in enumerate(
            zip(missing, peer.read(list(missing.values()), mode), strict=True), 1
        ):
            known[key] = list(answer.lines)
            if index % _SAVE_EVERY == 0 or index == len(missing):
                half = file.with_suffix(".part")
                half.write_text(json.dumps(known, ensure_ascii=False))
                half.replace(file)
    return [tuple(known[key]) for key in keys]


def _children_cpu() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime
