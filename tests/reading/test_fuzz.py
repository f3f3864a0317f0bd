"""Thousands of damaged files: no exception but ours, none over 5 seconds, memory under 1 GiB, nothing on
standard error.

Each file is a small valid one of every format, changed by bit flips, truncation, splices and edits of its
header. The number of a file decides all of it, so that a failure is seen again with `python
tests/reading/test_fuzz.py NUMBER 1`. INKDIGITS_FUZZ sets how many are read (1,000 by default; CI reads
10,000), by one child process a processor.
"""

from __future__ import annotations

import faulthandler
import io
import os
import signal
import struct
import subprocess
import sys
import time
import zlib
from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, TiffImagePlugin

from inkdigits.errors import InkdigitsError
from inkdigits.reading.page import count_pages, load_pages
from inkdigits.reading.reader import Reader

SECONDS_A_FILE = 5
MEMORY_LIMIT = 1 << 30
FILES = int(os.environ.get("INKDIGITS_FUZZ", "1000"))


def _drawing(mode: str = "RGB", size: tuple[int, int] = (48, 32)) -> Image.Image:
    image = Image.new("RGB", size, (235, 230, 210))
    pen = ImageDraw.Draw(image)
    pen.line([(8, 6), (16, 5), (15, 14), (9, 25), (18, 25)], fill=(20, 20, 90), width=3)
    pen.ellipse((26, 7, 38, 25), outline=(20, 20, 90), width=3)
    return image.convert(mode, dither=Image.Dither.NONE)


@cache
def _seeds() -> list[bytes]:
    """Small valid files of every format that is read, in most of the ways that each can be written."""
    color, gray = _drawing(), _drawing("L")
    deep = Image.fromarray(np.asarray(gray).astype(np.uint16) * 257)
    real = Image.fromarray(np.asarray(gray).astype(np.float32))
    exif = Image.Exif()
    exif[0x0112] = 6
    frames = {"save_all": True, "append_images": [color.rotate(180)]}
    saved: list[tuple[Image.Image, str, dict[str, object]]] = [
        (color, "PNG", {}),
        (gray, "PNG", {"exif": exif}),
        (deep, "PNG", {}),
        (_drawing("1"), "PNG", {}),
        (_drawing("P"), "PNG", {"transparency": 3}),
        (_drawing("RGBA"), "PNG", {}),
        (color, "PNG", frames),
        (color, "JPEG", {"exif": exif}),
        (gray, "JPEG", {}),
        (color, "JPEG", {"progressive": True}),
        (_drawing("CMYK"), "JPEG", {}),
        (color, "WEBP", {"exif": exif}),
        (_drawing("RGBA"), "WEBP", {"lossless": True}),
        (color, "WEBP", frames),
        (color, "BMP", {}),
        (_drawing("P"), "BMP", {}),
        (_drawing("1"), "BMP", {}),
        (color, "GIF", {}),
        (_drawing("P"), "GIF", frames),
        (color, "TIFF", frames),
        (deep, "TIFF", {}),
        (real, "TIFF", {}),
        (_drawing("1"), "TIFF", {"compression": "group4"}),
        (color, "TIFF", {"compression": "tiff_lzw"}),
        (color, "TIFF", {"compression": "jpeg"}),
        (color, "TIFF", {"compression": "tiff_adobe_deflate", "exif": exif}),
        (color, "PDF", frames),
        (_drawing("1"), "PDF", {}),
    ]
    files = []
    for image, kind, options in saved:
        buffer = io.BytesIO()
        image.save(buffer, kind, **options)
        files.append(buffer.getvalue())
    return files


def _flip_bits(data: bytearray, random: np.random.Generator) -> bytearray:
    for place in random.integers(0, len(data), random.integers(1, 12)):
        data[place] ^= 1 << int(random.integers(8))
    return data


def _truncate(data: bytearray, random: np.random.Generator) -> bytearray:
    return data[: int(random.integers(0, len(data)))]


def _splice(data: bytearray, random: np.random.Generator) -> bytearray:
    """A part of another file, or of this one, is laid over or put in between."""
    other = _seeds()[random.integers(len(_seeds()))] if random.random() < 0.5 else bytes(data)
    start = int(random.integers(len(other)))
    piece = other[start : start + int(random.integers(1, 200))]
    place = int(random.integers(len(data)))
    end = place + (len(piece) if random.random() < 0.5 else 0)
    return data[:place] + piece + data[end:]


def _edit_header(data: bytearray, random: np.random.Generator) -> bytearray:
    """Numbers near the start, where the sizes and offsets are, take values that programs trip over."""
    odd = [0, 1, 2, 0x7F, 0x80, 0xFF, 0x7FFF, 0xFFFF, 8000, 60_000, 0x7FFFFFFF, 0xFFFFFFFF]
    for _ in range(random.integers(1, 4)):
        place = int(random.integers(4, min(len(data), 160)))
        form = ["<B", "<H", ">H", "<I", ">I"][random.integers(5)]
        value = odd[random.integers(len(odd))] & (256 ** struct.calcsize(form) - 1)
        data[place : place + struct.calcsize(form)] = struct.pack(form, value)
    return data


_MUTATIONS: list[Callable[[bytearray, np.random.Generator], bytearray]] = [
    _flip_bits,
    _truncate,
    _splice,
    _edit_header,
]


def _with_right_sums(data: bytearray) -> bytearray:
    """A PNG whose chunks have their checksums again: else a damaged chunk never reaches its decoder."""
    place = 8
    while place + 12 <= len(data):
        (length,) = struct.unpack_from(">I", data, place)
        end = place + 8 + length
        if end + 4 > len(data):
            break
        struct.pack_into(">I", data, end, zlib.crc32(data[place + 4 : end]))
        place = end + 4
    return data


def damaged_file(number: int) -> bytes:
    """The damaged file of that number, always the same."""
    random = np.random.default_rng(number)
    data = bytearray(_seeds()[number % len(_seeds())])
    for _ in range(random.integers(1, 3)):
        if len(data) > 8:
            data = _MUTATIONS[random.integers(len(_MUTATIONS))](data, random)
    if data.startswith(b"\x89PNG") and random.random() < 0.8:
        data = _with_right_sums(data)
    return bytes(data)


def _read_all(first: int, count: int) -> None:
    """In the child: read the files; print the slowest's seconds, the peak of memory, pages and refusals."""
    slowest, pages, refused = 0.0, 0, 0
    reader = Reader(threads=1)
    faulthandler.register(signal.SIGPROF, chain=True)
    for number in range(first, first + count):
        data = damaged_file(number)
        # Either timer ends the process with the place where it is, even inside a decoder written in C: the
        # first counts processor time, which a busy machine does not stretch, and the second the time of one
        # that sleeps.
        signal.setitimer(signal.ITIMER_PROF, SECONDS_A_FILE)
        faulthandler.dump_traceback_later(20 * SECONDS_A_FILE, exit=True)
        start = time.process_time()
        try:
            if number % 4 == 0:
                count_pages(data)
                list(load_pages(data, in_color=True))
            pages += len(reader.read(data))
        except InkdigitsError as error:
            refused += 1
            if not str(error).startswith("bytes"):
                raise AssertionError(
                    f"file {number}: the message does not name the input: {error}"
                ) from error
        except BaseException:
            print(f"file {number}", file=sys.stderr)
            raise
        slowest = max(slowest, time.process_time() - start)
    signal.setitimer(signal.ITIMER_PROF, 0)
    faulthandler.cancel_dump_traceback_later()
    peak = next(
        line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM")
    )
    print(slowest, int(peak.split()[1]) * 1024, pages, refused)


def test_damaged_files_never_break_the_reader(tmp_path: Path) -> None:
    jobs = os.cpu_count() or 1
    share = -(-FILES // jobs)
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONFAULTHANDLER": "1"}
    children = [
        subprocess.Popen(
            [sys.executable, "-W", "error", __file__, str(job * share), str(share)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=environment,
        )
        for job in range(jobs)
    ]
    total = 0
    for child in children:
        said, complaints = child.communicate()
        assert complaints == ""
        assert child.returncode == 0
        slowest, peak, pages, refused = (float(part) for part in said.split())
        assert slowest < SECONDS_A_FILE
        assert peak < MEMORY_LIMIT
        # The mutations must neither spare the files nor spoil them all.
        assert pages > 0.1 * share and refused > 0.1 * share
        total += share
    assert total >= FILES


def test_the_seeds_are_valid() -> None:
    for data in _seeds():
        for page in load_pages(data):
            assert page.gray.min() < 100 < 200 < page.gray.max()


def test_a_tiff_that_points_at_itself_ends() -> None:
    buffer = io.BytesIO()
    with TiffImagePlugin.AppendingTiffWriter(buffer) as writer:
        _drawing("L").save(writer, "TIFF")
        writer.newFrame()
    data = bytearray(buffer.getvalue())
    (directory,) = struct.unpack_from("<I", data, 4)
    (entries,) = struct.unpack_from("<H", data, directory)
    struct.pack_into("<I", data, directory + 2 + 12 * entries, directory)
    assert len(list(load_pages(bytes(data)))) == 1


if __name__ == "__main__":
    _read_all(int(sys.argv[1]), int(sys.argv[2]))
