"""Damaged files and bombs. In: a random generator. Out: bytes that a reader of pictures may trip over.

Small valid files of every format are changed by bit flips, truncation, splices and edits of their headers, as
the tests of the reader do. A bomb is a small file that claims, or really unfolds to, very much.
"""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable
from functools import cache

import numpy as np
from PIL import Image, ImageDraw

from service_client import EXAMPLES

PNG = b"\x89PNG\r\n\x1a\n"
_ODD = (0, 1, 2, 0x7F, 0x80, 0xFF, 0x7FFF, 0xFFFF, 8000, 60_000, 0x7FFFFFFF, 0xFFFFFFFF)
_REAL = ("digit-plain.jpg", "string.jpg", "amount.png", "three-pages.tif", "two-pages.pdf")


def drawing(mode: str = "RGB", size: tuple[int, int] = (48, 32)) -> Image.Image:
    """A 7 and a 0 on paper."""
    image = Image.new("RGB", size, (235, 230, 210))
    pen = ImageDraw.Draw(image)
    pen.line([(8, 6), (16, 5), (15, 14), (9, 25)], fill=(20, 20, 90), width=3)
    pen.ellipse((26, 7, 38, 25), outline=(20, 20, 90), width=3)
    return image.convert(mode, dither=Image.Dither.NONE)


def saved(image: Image.Image, kind: str, **options: object) -> bytes:
    """The picture as a file of this kind."""
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


@cache
def small_files() -> tuple[bytes, ...]:
    """Valid pictures of every format, small enough to be read in no time."""
    color, gray = drawing(), drawing("L")
    deep = Image.fromarray(np.asarray(gray).astype(np.uint16) * 257)
    exif = Image.Exif()
    exif[0x0112] = 6
    frames = {"save_all": True, "append_images": [color.rotate(180)]}
    return (
        saved(color, "PNG"),
        saved(gray, "PNG", exif=exif),
        saved(deep, "PNG"),
        saved(drawing("1"), "PNG"),
        saved(drawing("P"), "PNG", transparency=3),
        saved(drawing("RGBA"), "PNG"),
        saved(color, "PNG", **frames),
        saved(color, "JPEG", exif=exif),
        saved(gray, "JPEG", progressive=True),
        saved(drawing("CMYK"), "JPEG"),
        saved(color, "WEBP", exif=exif),
        saved(drawing("RGBA"), "WEBP", lossless=True),
        saved(color, "BMP"),
        saved(drawing("P"), "BMP"),
        saved(drawing("P"), "GIF", **frames),
        saved(color, "TIFF", **frames),
        saved(deep, "TIFF"),
        saved(drawing("1"), "TIFF", compression="group4"),
        saved(color, "TIFF", compression="jpeg"),
        saved(color, "TIFF", compression="tiff_adobe_deflate", exif=exif),
    )


@cache
def small_documents() -> tuple[bytes, ...]:
    """Valid PDF files."""
    color = drawing()
    frames = [color.rotate(180), drawing("L")]
    return (
        saved(color, "PDF", save_all=True, append_images=frames),
        saved(drawing("1"), "PDF"),
        pdf(b"0 0 200 100", b"BT ET 20 20 m 60 80 l S 90 20 m 90 80 l S"),
    )


@cache
def real_files() -> tuple[bytes, ...]:
    """Pictures of examples/, which take longer to read."""
    return tuple((EXAMPLES / name).read_bytes() for name in _REAL)


def pdf(box: bytes, drawn: bytes, *, pages: int = 1, filters: bytes = b"") -> bytes:
    """A PDF file of pages with this media box and this stream of drawing commands."""
    kids = b" ".join(b"%d 0 R" % number for number in range(4, 4 + pages))
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Count %d/Kids[%s]>>" % (pages, kids),
        b"<</Length %d%s>>stream\n%s\nendstream" % (len(drawn), filters, drawn),
    ]
    objects += [b"<</Type/Page/Parent 2 0 R/MediaBox[%s]/Contents 3 0 R>>" % box] * pages
    body, places = b"%PDF-1.4\n", []
    for number, content in enumerate(objects, 1):
        places.append(len(body))
        body += b"%d 0 obj%s endobj\n" % (number, content)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    head = b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    tail = b"trailer<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, len(body))
    return body + head + table + tail


def _flip_bits(data: bytearray, random: np.random.Generator) -> bytearray:
    for place in random.integers(0, len(data), random.integers(1, 12)):
        data[place] ^= 1 << int(random.integers(8))
    return data


def _truncate(data: bytearray, random: np.random.Generator) -> bytearray:
    return data[: int(random.integers(0, len(data)))]


def _splice(data: bytearray, random: np.random.Generator) -> bytearray:
    """A part of another file, or of this one, is laid over or put in between."""
    others = small_files()
    other = others[random.integers(len(others))] if random.random() < 0.5 else bytes(data)
    start, place = int(random.integers(len(other))), int(random.integers(len(data)))
    piece = other[start : start + int(random.integers(1, 200))]
    end = place + (len(piece) if random.random() < 0.5 else 0)
    return data[:place] + piece + data[end:]


def _edit_header(data: bytearray, random: np.random.Generator) -> bytearray:
    """Numbers near the start, where the sizes and offsets are, take values that programs trip over."""
    for _ in range(random.integers(1, 4)):
        place = int(random.integers(4, min(len(data), 160)))
        form = ("<B", "<H", ">H", "<I", ">I")[random.integers(5)]
        value = _ODD[random.integers(len(_ODD))] & (256 ** struct.calcsize(form) - 1)
        data[place : place + struct.calcsize(form)] = struct.pack(form, value)
    return data


_CHANGES: tuple[Callable[[bytearray, np.random.Generator], bytearray], ...] = (
    _flip_bits,
    _truncate,
    _splice,
    _edit_header,
)


def _with_right_sums(data: bytearray) -> bytearray:
    """A PNG whose chunks have their checksums again: else a damaged chunk never reaches its decoder."""
    place = len(PNG)
    while place + 12 <= len(data):
        (length,) = struct.unpack_from(">I", data, place)
        end = place + 8 + length
        if end + 4 > len(data):
            break
        struct.pack_into(">I", data, end, zlib.crc32(data[place + 4 : end]))
        place = end + 4
    return data


def damaged(files: tuple[bytes, ...], random: np.random.Generator) -> bytes:
    """One of the files, changed once or twice."""
    data = bytearray(files[random.integers(len(files))])
    for _ in range(random.integers(1, 3)):
        if len(data) > 8:
            data = _CHANGES[random.integers(len(_CHANGES))](data, random)
    if data.startswith(PNG) and random.random() < 0.8:
        data = _with_right_sums(data)
    return bytes(data)


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def _claimed(width: int, height: int, unfolded: int) -> bytes:
    """A PNG that claims a size and unfolds to so many bytes."""
    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    data = zlib.compress(bytes(unfolded), 9)
    return PNG + _chunk(b"IHDR", head) + _chunk(b"IDAT", data) + _chunk(b"IEND", b"")


def _drawn_lines(count: int) -> bytes:
    """A PDF file of some kilobytes that draws so many lines."""
    lines = zlib.compress(b"0 0 m 100 100 l S\n" * count, 9)
    return pdf(b"0 0 100 100", lines, filters=b"/Filter/FlateDecode")


@cache
def bombs() -> tuple[bytes, ...]:
    """Small files that are large, or say so. The dearest is just within the limits of the service."""
    white = Image.new("1", (8400, 8400), 1)
    many = [Image.new("1", (64, 64), number % 2) for number in range(400)]
    text = _chunk(b"zTXt", b"a\0\0" + zlib.compress(bytes(50_000_000), 9))
    small = saved(drawing(), "PNG")
    return (
        _claimed(60_000, 60_000, 1_000_000),
        _claimed(0x7FFFFFFF, 0x7FFFFFFF, 1_000_000),
        _claimed(5000, 5000, 80_000_000),
        saved(white, "PNG"),
        saved(white, "TIFF", compression="group4"),
        saved(many[0], "TIFF", save_all=True, append_images=many[1:]),
        saved(many[0], "GIF", save_all=True, append_images=many[1:]),
        small[:33] + text + small[33:],
        pdf(b"0 0 14400 14400", b"10 10 m 9000 9000 l S"),
        pdf(b"0 0 100 1e30", b"0 0 m 100 100 l S"),
        pdf(b"0 0 100 100", b"0 0 m 100 100 l S", pages=5000),
        _drawn_lines(10_000),
    )


@cache
def endless() -> bytes:
    """A PDF file that takes minutes to draw: more than the service gives any image."""
    return _drawn_lines(20_000_000)
