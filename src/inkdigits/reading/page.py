"""Any input to pages. In: a path, the bytes of a file, or an array. Out: upright `Page`s, gray uint8 and
colour.

The format is told by the first bytes, never by the file's name. Nothing is decoded before the limits are
checked, nor before its page is asked for: `load_pages` is a generator.
"""

from __future__ import annotations

import io
import os
import stat
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import cv2
import numpy as np

from inkdigits.errors import InputError
from inkdigits.reading.limits import Limits, PageRanges, parse_pages

__all__ = ["Limits", "Page", "Source", "count_pages", "load_pages", "parse_pages"]

Source = str | Path | bytes | np.ndarray

_HEAD_BYTES = 1024
_MOST_COUNTED = 10_000  # pages of a TIFF file
_READ_FORMATS = "PNG, JPEG, WebP, BMP, TIFF, GIF and PDF"


@dataclass(frozen=True, eq=False)
class Page:
    """One upright page.

    `gray` is (h, w) uint8, 0 black to 255 white, and `color` (h, w, 3) uint8 RGB or None where it
    was not asked for, the input has none, or it has more than 32 million pixels. `source` is the name to
    report, `number` the page's number in it, from 1.
    """

    gray: np.ndarray
    source: str
    number: int
    color: np.ndarray | None = None

    @property
    def width(self) -> int:
        """Columns of pixels."""
        return self.gray.shape[1]

    @property
    def height(self) -> int:
        """Rows of pixels."""
        return self.gray.shape[0]


def load_pages(
    source: Source,
    *,
    pages: str | None = None,
    limits: Limits | None = None,
    name: str | None = None,
    in_color: bool = False,
) -> Iterator[Page]:
    """The pages of one source, decoded one at a time as they are asked for.

    `source` is the path of a picture or PDF file, the bytes of one, or an array: gray (h, w) or (h, w, 1),
    RGB (h, w, 3) or RGBA (h, w, 4), of uint8, uint16, bool, or float in 0..1 or 0..255. `pages` chooses, as
    in "1-3,5" or "4-"; None means all. `name` is reported in place of the path. Colour is kept `in_color`
    only: reading needs none, and a JPEG's gray alone is decoded three times as fast. Raises InputError, and
    LimitError beyond `limits`.
    """
    limits = limits or Limits()
    wanted = parse_pages(pages)
    if isinstance(source, np.ndarray):
        name = name or "array"
        wanted.choose(name, 1)
        gray, color = _from_array(source, name, limits, in_color)
        yield Page(gray, name, 1, color)
    elif isinstance(source, (bytes, bytearray, memoryview)):
        name = name or "bytes"
        limits.check_bytes(name, len(source))
        yield from _from_file(io.BytesIO(source), name, wanted, limits, in_color)
    elif isinstance(source, (str, os.PathLike)):
        name = name or os.fspath(source)
        with _open_file(source, name, limits) as file:
            yield from _from_file(file, name, wanted, limits, in_color)
    else:
        raise InputError(
            f"{name or 'input'}: a path, bytes or a NumPy array is needed, not {type(source).__name__}; "
            "numpy.asarray makes an array of a Pillow image"
        )


def count_pages(data: bytes, *, name: str = "bytes") -> int:
    """How many pages the bytes of a file hold, told by its headers alone; of a TIFF file at most 10,000.

    Raises InputError for a file that cannot be read.
    """
    kind = _format_of(data[:_HEAD_BYTES], name)
    if kind == "PDF":
        from inkdigits.reading.pdf import count_pdf_pages

        return count_pdf_pages(data, name)
    from inkdigits.reading.raster import count_raster_pages

    return count_raster_pages(io.BytesIO(data), kind, name, _MOST_COUNTED)


def _open_file(path: str | os.PathLike[str], name: str, limits: Limits) -> IO[bytes]:
    """The file, open for reading; a pipe is read into memory, as far as the limit on bytes allows."""
    try:
        if Path(path).is_dir():
            raise InputError(f"{name}: is a folder, not a picture; `inkdigits read` takes folders")
        file = open(path, "rb")  # noqa: SIM115 - the caller closes it
    except FileNotFoundError as error:
        raise InputError(f"{name}: there is no such file") from error
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise InputError(f"{name}: the file cannot be opened ({reason})") from error
    try:
        status = os.fstat(file.fileno())
        if stat.S_ISREG(status.st_mode):
            limits.check_bytes(name, status.st_size)
            return file
        with file:
            data = file.read(limits.bytes + 1)
    except OSError as error:
        file.close()
        raise InputError(f"{name}: the file cannot be read ({error.strerror or error})") from error
    except InputError:
        file.close()
        raise
    limits.check_bytes(name, len(data))
    return io.BytesIO(data)


def _from_file(
    file: IO[bytes], name: str, wanted: PageRanges, limits: Limits, in_color: bool
) -> Iterator[Page]:
    try:
        head = file.read(_HEAD_BYTES)
        kind = _format_of(head, name)
        file.seek(0)
        if kind == "PDF":
            # Imported here because it costs 40 ms, which a photo need not pay.
            from inkdigits.reading.pdf import pdf_pages

            decoded = pdf_pages(file.read(), name, wanted, limits, in_color)
        else:
            from inkdigits.reading.raster import raster_pages

            decoded = raster_pages(file, kind, name, wanted, limits, in_color)
    except OSError as error:
        raise InputError(f"{name}: the file cannot be read ({error.strerror or error})") from error
    with closing(decoded):
        for number, gray, color in decoded:
            yield Page(gray, name, number, color)


def _format_of(head: bytes, name: str) -> str:
    """The format that the first bytes show. InputError for an empty file, and for what is not read."""
    if not head:
        raise InputError(f"{name}: the file is empty")
    starts = {
        b"\x89PNG\r\n\x1a\n": "PNG",
        b"\xff\xd8\xff": "JPEG",
        b"GIF87a": "GIF",
        b"GIF89a": "GIF",
        b"BM": "BMP",
        b"II*\0": "TIFF",
        b"MM\0*": "TIFF",
        b"II+\0": "TIFF",
        b"MM\0+": "TIFF",
    }
    for start, kind in starts.items():
        if head.startswith(start):
            return kind
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        return "WebP"
    if b"%PDF-" in head:  # readers accept junk before the header, and scanners write it
        return "PDF"
    if head[4:8] == b"ftyp":
        raise InputError(f"{name}: HEIC, AVIF and video files are not read; save the picture as JPEG or PNG")
    raise InputError(f"{name}: not a picture that can be read; {_READ_FORMATS} are")


def _from_array(
    array: np.ndarray, name: str, limits: Limits, in_color: bool
) -> tuple[np.ndarray, np.ndarray | None]:
    """Gray (h, w) uint8 and colour (h, w, 3) uint8 or None, in memory that the caller cannot change."""
    from inkdigits.reading.raster import sample_scale

    shape = array.shape
    if len(shape) not in (2, 3) or (len(shape) == 3 and shape[2] not in (1, 3, 4)):
        raise InputError(
            f"{name}: shape {shape} is no picture; (h, w), (h, w, 1), (h, w, 3) or (h, w, 4) are"
        )
    limits.check_size(name, shape[1], shape[0])
    if array.dtype == np.bool_:
        array = array.astype(np.uint8) * np.uint8(255)
    elif array.dtype.kind == "f" or array.dtype == np.uint16:
        is_float = array.dtype.kind == "f"
        low, high = float(array.min()), float(array.max())
        if not np.isfinite([low, high]).all():
            raise InputError(f"{name}: the array holds NaN or infinite values; replace them first")
        scale = sample_scale(low, high, is_float=is_float)
        if scale is None:
            raise InputError(
                f"{name}: float values must lie in 0..1 or 0..255, these go from {low:g} to {high:g}"
            )
        array = np.rint(array * np.float32(scale)).astype(np.uint8)
    elif array.dtype != np.uint8:
        raise InputError(f"{name}: dtype {array.dtype} is not read; use uint8, uint16, bool or float")
    if array.ndim == 2 or shape[2] == 1:
        return np.array(array.reshape(shape[:2]), order="C"), None
    if shape[2] == 4:
        from PIL import Image

        from inkdigits.reading.raster import over_paper

        return over_paper(Image.fromarray(np.ascontiguousarray(array), "RGBA"), in_color)
    gray = cv2.cvtColor(np.ascontiguousarray(array), cv2.COLOR_RGB2GRAY)
    return gray, np.array(array, order="C") if in_color else None
