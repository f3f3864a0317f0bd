"""The run folder: what a run was told, where it ran, what it measured, and its checkpoints, each whole or
absent.

    config.json  environment.json  metrics.jsonl  checkpoints/epoch-0003.npz + .json  model.keras  result.json
     curves.png

A file is written under a temporary name, synced, and then renamed. A checkpoint counts once its state file,
written after it, holds its sha256: a run that is killed at any moment leaves whole checkpoints and perhaps a
file that nobody takes.
"""

from __future__ import annotations

import json
import os
import re
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np

from inkdigits.errors import RunError
from inkdigits.reading.card import file_sha256

CONFIG = "config.json"
ENVIRONMENT = "environment.json"
METRICS = "metrics.jsonl"
MODEL = "model.keras"
RESULT = "result.json"
CHECKPOINTS = "checkpoints"
HELD = "running.part"
KEPT_CHECKPOINTS = 2


@dataclass(frozen=True)
class Checkpoint:
    """All state after `epoch` whole epochs: `arrays` of the model and its optimizer, and the metrics of each
    epoch so far.
    """

    epoch: int
    arrays: dict[str, np.ndarray]
    history: tuple[dict[str, Any], ...]


@contextmanager
def held(folder: Path) -> Iterator[None]:
    """Make the run folder and keep it to this process; RunError where another one is training into it.

    The system lets go of it when the process ends, however it ends. Where the system has no such locks,
    nothing is kept.
    """
    try:
        import fcntl
    except ImportError:
        fcntl = None
    try:
        folder.mkdir(parents=True, exist_ok=True)
        file = open(folder / HELD, "wb")
    except OSError as error:
        raise RunError(f"{folder}: cannot be written: {error.strerror or error}") from error
    with file:
        if fcntl is not None:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                raise RunError(f"{folder}: another process is training into it") from error
        try:
            yield
        finally:
            (folder / HELD).unlink(missing_ok=True)


@contextmanager
def in_turn(folder: Path) -> Iterator[None]:
    """Wait until no other process, or thread, is here with the same folder: for a file that is read, changed
    and written. Where the system has no such locks, nothing is waited for.
    """
    try:
        import fcntl
    except ImportError:
        yield
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def write_atomically(path: Path, write: Callable[[IO[bytes]], None]) -> None:
    """Let `write` fill a temporary file, sync it to the disk, and rename it to `path`; where that fails,
    nothing is left of it.
    """
    temporary = path.with_name(path.name + ".part")
    try:
        with open(temporary, "wb") as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def write_text(path: Path, text: str) -> None:
    """Write `text` in UTF-8 to `path`, whole or not at all."""
    write_atomically(path, lambda file: _write_text(file, text))


def write_json(path: Path, value: Any) -> None:
    """Write `value` as JSON to `path`, whole or not at all."""
    write_text(path, json.dumps(value, indent=2) + "\n")


def read_json(path: Path) -> Any:
    """What a JSON file of a run folder holds; RunError where it is missing or damaged."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise RunError(f"{path}: cannot be read: {error.strerror or error}") from error
    except ValueError as error:
        raise RunError(f"{path}: damaged: {error}") from error


def write_metrics(folder: Path, history: tuple[dict[str, Any], ...]) -> None:
    """Write metrics.jsonl: one JSON object a line, one line an epoch."""
    text = "".join(json.dumps(row) + "\n" for row in history)
    write_text(folder / METRICS, text)


def read_metrics(folder: Path) -> list[dict[str, Any]]:
    """The rows of metrics.jsonl in order; RunError where the file is missing or damaged."""
    path = folder / METRICS
    try:
        return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    except OSError as error:
        raise RunError(
            f"{path}: cannot be read: {error.strerror or error}; is {folder} a run folder?"
        ) from error
    except ValueError as error:
        raise RunError(f"{path}: damaged: {error}") from error


def save_checkpoint(folder: Path, checkpoint: Checkpoint) -> Path:
    """Write a checkpoint, then its state file, then drop all but the last `KEPT_CHECKPOINTS`; returns its
    path.
    """
    path = folder / CHECKPOINTS / f"epoch-{checkpoint.epoch:04d}.npz"
    path.parent.mkdir(exist_ok=True)
    write_atomically(path, lambda file: np.savez(file, allow_pickle=False, **checkpoint.arrays))
    state = {"epoch": checkpoint.epoch, "sha256": file_sha256(path), "history": list(checkpoint.history)}
    write_json(path.with_suffix(".json"), state)
    for old in _checkpoint_paths(folder)[:-KEPT_CHECKPOINTS]:
        # The state file goes first: without it the arrays are no checkpoint.
        old.with_suffix(".json").unlink(missing_ok=True)
        old.unlink(missing_ok=True)
    return path


def last_checkpoint(folder: Path) -> Checkpoint | None:
    """The last checkpoint that is whole, None where there is none; damaged and half written ones are passed
    over.
    """
    for path in reversed(_checkpoint_paths(folder)):
        try:
            state = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
            if state["sha256"] != file_sha256(path):
                continue
            with np.load(path, allow_pickle=False) as archive:
                arrays = {name: archive[name] for name in archive.files}
            return Checkpoint(int(state["epoch"]), arrays, tuple(state["history"]))
        except (OSError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile):
            continue
    return None


def _checkpoint_paths(folder: Path) -> list[Path]:
    """The arrays of all checkpoints, whole or not, by epoch."""
    found = (folder / CHECKPOINTS).glob("epoch-*.npz")
    return sorted(path for path in found if re.fullmatch(r"epoch-\d{4,}", path.stem))


def _write_text(file: IO[bytes], text: str) -> None:
    file.write(text.encode())
