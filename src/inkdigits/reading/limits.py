"""How much of a file is decoded, and which pages. In: numbers, and a text such as "1-3,5". Out: checks.

Every limit is checked on the header of a file, before its pixels are decoded: a picture of a few kilobytes
can claim gigabytes (a decompression bomb).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from inkdigits.errors import InputError, LimitError


@dataclass(frozen=True)
class Limits:
    """The largest input that is read; beyond it a `LimitError` names the flag that raises the limit.

    `pixels` of one page (72 million: A3 at 600 dpi, or a 64-megapixel phone photo), `pages` of one file and
    `bytes` of one file. With these defaults decoding any accepted file stays below 1 GiB of memory.
    """

    pixels: int = 72_000_000
    pages: int = 500
    bytes: int = 256 * 1024 * 1024

    def __post_init__(self) -> None:
        for field in ("pixels", "pages", "bytes"):
            if getattr(self, field) < 1:
                raise LimitError(f"the limit on {field} is {getattr(self, field)}; it must be at least 1")

    def check_bytes(self, name: str, count: int) -> None:
        """Raise LimitError where a file of `count` bytes is over the limit."""
        if count > self.bytes:
            raise LimitError(
                f"{name}: the file is larger than {self.bytes:,} bytes; "
                "raise the limit with --max-bytes if you trust it"
            )

    def check_size(self, name: str, width: int, height: int) -> None:
        """Raise InputError for a page without area and LimitError for one with more pixels than the limit."""
        if width < 1 or height < 1:
            raise InputError(f"{name}: the picture has no area ({width} x {height} pixels)")
        if width * height > self.pixels:
            raise LimitError(
                f"{name}: {width} x {height} pixels are more than the limit of {self.pixels:,}; "
                "raise it with --max-pixels if you trust the file"
            )

    def check_pages(self, name: str, count: int) -> None:
        """Raise LimitError where `count` pages are to be read from one file and the limit is lower."""
        if count > self.pages:
            raise LimitError(
                f"{name}: more than {self.pages:,} pages; "
                "choose some with --pages, or raise the limit with --max-pages"
            )


@dataclass(frozen=True)
class PageRanges:
    """The pages asked for: inclusive ranges (first, last), counted from 1; `last` None means to the end."""

    ranges: tuple[tuple[int, int | None], ...] = ((1, None),)

    def __contains__(self, page: object) -> bool:
        return isinstance(page, int) and any(
            first <= page and (last is None or page <= last) for first, last in self.ranges
        )

    @property
    def last(self) -> int | None:
        """The last page that can be wanted, or None where there is no last."""
        ends = [last for _, last in self.ranges if last is not None]
        return max(ends) if len(ends) == len(self.ranges) else None

    def choose(self, name: str, count: int) -> list[int]:
        """Those of the pages 1..count that are wanted, in the file's order.

        Pages beyond the end are passed over, so that "1-3" fits a folder of files of any length; a file that
        holds none of the wanted pages is an InputError.
        """
        chosen = [page for page in range(1, count + 1) if page in self]
        if not chosen:
            pages = "1 page" if count == 1 else f"{count} pages"
            raise InputError(f"{name}: the file has {pages}, none of them among those asked for with --pages")
        return chosen


def parse_pages(text: str | None) -> PageRanges:
    """Pages from a text such as "1", "1-3,5" or "4-" (to the end); None is all. InputError if malformed."""
    if text is None:
        return PageRanges()
    ranges: list[tuple[int, int | None]] = []
    for part in text.split(","):
        match = re.fullmatch(r"\s*([0-9]{1,9})\s*(-\s*([0-9]{1,9})?\s*)?", part)
        first = int(match[1]) if match else 0
        last = None if match and match[2] and not match[3] else int(match[3] or match[1]) if match else 0
        if first < 1 or (last is not None and last < first):
            raise InputError(f"--pages {text!r}: pages are numbers from 1 and ranges, such as 1-3,5 or 4-")
        ranges.append((first, last))
    return PageRanges(tuple(ranges))
