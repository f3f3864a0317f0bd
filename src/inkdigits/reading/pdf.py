"""PDF pages to pixels. In: the bytes of a PDF. Out: per page gray uint8 and colour, at 200 dots an inch.

PDFium is not thread-safe: one lock is held during each call into it, and between two pages it is free for
other threads.
"""

from __future__ import annotations

import ctypes
import math
import threading
from collections.abc import Generator

import cv2
import numpy as np
import pypdfium2
import pypdfium2.raw as pdfium_c

from inkdigits.errors import InputError, LimitError
from inkdigits.reading.limits import Limits, PageRanges
from inkdigits.reading.raster import COLOR_PIXELS

DOTS_PER_INCH = 200
_POINTS_PER_INCH = 72
_LOCK = threading.Lock()


def pdf_pages(
    data: bytes, name: str, wanted: PageRanges, limits: Limits, in_color: bool
) -> Generator[tuple[int, np.ndarray, np.ndarray | None]]:
    """The wanted pages of a PDF: (number from 1, gray (h, w) uint8, colour (h, w, 3) uint8 RGB or None).

    A page larger than the pixel limit is drawn at a lower resolution; an embedded picture beyond it is a
    LimitError. Raises InputError for a damaged or encrypted file.
    """
    with _LOCK:
        document = _open(data, name)
    try:
        with _LOCK:
            count = len(document)
        if count < 1:
            raise InputError(f"{name}: the PDF has no pages, or its page list is damaged")
        numbers = wanted.choose(name, count)
        limits.check_pages(name, len(numbers))
        for number in numbers:
            with _LOCK:
                gray, color = _draw(document, number, name, limits)
            yield number, gray, color if in_color else None
    finally:
        with _LOCK:
            document.close()


def count_pdf_pages(data: bytes, name: str) -> int:
    """How many pages a PDF has; InputError where it is damaged or encrypted."""
    with _LOCK:
        document = _open(data, name)
        try:
            return len(document)
        finally:
            document.close()


def _open(data: bytes, name: str) -> pypdfium2.PdfDocument:
    try:
        return pypdfium2.PdfDocument(data)
    except pypdfium2.PdfiumError as error:
        if error.err_code in (pdfium_c.FPDF_ERR_PASSWORD, pdfium_c.FPDF_ERR_SECURITY):
            raise InputError(
                f"{name}: the PDF is encrypted; save a copy without a password and read that"
            ) from error
        raise InputError(f"{name}: the PDF is damaged or truncated; copy or export it again") from error


def _draw(
    document: pypdfium2.PdfDocument, number: int, name: str, limits: Limits
) -> tuple[np.ndarray, np.ndarray | None]:
    where = f"{name}, page {number}"
    try:
        page = document[number - 1]
    except pypdfium2.PdfiumError as error:
        raise InputError(f"{where}: the PDF page is damaged") from error
    try:
        _check_pictures(page, where, limits)
        width, height = page.get_size()
        if not (width > 0 and height > 0 and math.isfinite(width * height)):
            raise InputError(f"{where}: the PDF page has no area")
        scale = min(DOTS_PER_INCH / _POINTS_PER_INCH, math.sqrt(limits.pixels / (width * height)))
        # A strip a million points long and one wide still rounds up to a whole pixel across.
        scale = min(scale, limits.pixels / max(width, height))
        large = width * height * scale * scale > COLOR_PIXELS
        bitmap = page.render(
            scale=scale,  # pyright: ignore[reportArgumentType] - any number, says its docstring
            rev_byteorder=True,
            grayscale=large,
        )
        try:
            pixels = bitmap.to_numpy().copy()
        finally:
            bitmap.close()
    except (pypdfium2.PdfiumError, ctypes.ArgumentError, MemoryError, ValueError) as error:
        raise InputError(f"{where}: the PDF page cannot be drawn ({error})") from error
    finally:
        page.close()
    if pixels.ndim == 2:
        return pixels, None
    rgb = np.ascontiguousarray(pixels[..., :3])
    gray = cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY)
    # PDFium always draws in colour: a scan without any is gray.
    is_gray = all(np.array_equal(gray, rgb[..., channel]) for channel in range(3))
    return gray, None if is_gray else rgb


def _check_pictures(page: pypdfium2.PdfPage, where: str, limits: Limits) -> None:
    """PDFium decodes an embedded picture whole, however small it is drawn: its size counts, too."""
    for picture in page.get_objects(filter=[pdfium_c.FPDF_PAGEOBJ_IMAGE], max_depth=4):
        width, height = ctypes.c_uint(), ctypes.c_uint()
        if not pdfium_c.FPDFImageObj_GetImagePixelSize(picture, width, height):
            continue
        if width.value * height.value > limits.pixels:
            raise LimitError(
                f"{where}: a picture of {width.value} x {height.value} pixels is more than the limit of "
                f"{limits.pixels:,}; raise it with --max-pixels if you trust the file"
            )
