"""The IDX format of MNIST (LeCun, Cortes and Burges 1998), read strictly.

In: the path of an IDX file of unsigned bytes, gzipped or not. Out: its array, uint8.
The header is: two zero bytes, the type (0x08 = unsigned byte), the number of axes, and a big-endian int32 for
each axis.
"""

from __future__ import annotations

import gzip
import math
import struct
import zlib
from pathlib import Path

import numpy as np

from inkdigits.errors import DataError

UNSIGNED_BYTE = 0x08
# The largest array that is believed: EMNIST ByClass, the largest IDX file in use, holds 0.6e9 bytes.
MAX_BYTES = 2 * 1024**3


def read_idx(path: Path | str, axes: int | None = None) -> np.ndarray:
    """The array of an IDX file of unsigned bytes: (n,) for labels, (n, rows, columns) for images.

    `axes` is the number of axes that the caller needs, None for any. Raises DataError, one message for each
    fault: a file that cannot be opened, broken gzip, wrong magic, another number of axes, a size not
    believed, truncation, bytes left over.
    """
    path = Path(path)
    data = _bytes_of(path)
    if len(data) < 4:
        raise DataError(
            f"{path}: truncated: {len(data)} bytes, an IDX header has at least 4; fetch the file again"
        )
    zeros, kind, rank = struct.unpack_from(">HBB", data)
    if zeros != 0 or kind != UNSIGNED_BYTE:
        raise DataError(
            f"{path}: wrong magic 0x{data[:4].hex()}: not an IDX file of unsigned bytes "
            "(0x000008 and the number of axes)"
        )
    if rank == 0 or (axes is not None and rank != axes):
        wanted = "at least 1" if axes is None else str(axes)
        raise DataError(
            f"{path}: wrong number of axes: {rank}, not {wanted}; are images and labels exchanged?"
        )
    start = 4 + 4 * rank
    if len(data) < start:
        raise DataError(
            f"{path}: truncated: the header of {rank} axes ends after {len(data)} bytes; fetch it again"
        )
    shape = struct.unpack_from(f">{rank}i", data, 4)
    size = math.prod(shape)
    if min(shape) < 1 or size > MAX_BYTES:
        raise DataError(
            f"{path}: impossible size {'x'.join(map(str, shape))} in the header; fetch the file again"
        )
    body = len(data) - start
    if body < size:
        raise DataError(f"{path}: truncated: {body} bytes of {size} after the header; fetch the file again")
    if body > size:
        raise DataError(
            f"{path}: wrong size: {body - size} bytes more than the header says; fetch the file again"
        )
    return np.frombuffer(data, dtype=np.uint8, offset=start).reshape(shape)


def read_idx_pair(images: Path | str, labels: Path | str, classes: int = 10) -> tuple[np.ndarray, np.ndarray]:
    """Images (n, rows, columns) uint8 and their labels (n,) uint8 below `classes`; DataError where they do
    not agree.
    """
    pictures, numbers = read_idx(images, axes=3), read_idx(labels, axes=1)
    if len(pictures) != len(numbers):
        raise DataError(
            f"{images}: count mismatch: {len(pictures)} images and {len(numbers)} labels in {labels}; "
            "take both files from the same place"
        )
    if numbers.max() >= classes:
        raise DataError(
            f"{labels}: label {numbers.max()} at index {int(numbers.argmax())} is not below {classes}"
        )
    return pictures, numbers


def _bytes_of(path: Path) -> bytes:
    """The file's bytes, unpacked where they begin as gzip does, whatever the file is called."""
    try:
        with open(path, "rb") as file:
            packed = file.read(2) == b"\x1f\x8b"
        with gzip.open(path, "rb") if packed else open(path, "rb") as file:
            data = file.read(MAX_BYTES + 1)
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise DataError(f"{path}: damaged gzip: {error}; fetch the file again") from error
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror or error}") from error
    if len(data) > MAX_BYTES:
        raise DataError(f"{path}: more than {MAX_BYTES} bytes: no data set of this project is as large")
    return data
