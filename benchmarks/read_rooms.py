"""Where the time of reading goes: pages a second from JPEG to answer, and the share of each room.

    python benchmarks/read_rooms.py --data DIR [--photos 40] [--repeat 10]

In: the photos and pages of the data folder, and the page of fifty digits that `read_speed.py` draws. Out: a
table, and rows of results/read_speed.json. One thread, warm. Each of the reader's functions is timed where
`reader.py` calls it, without what it calls of another room, so that the shares of a page add up to its time;
what no room claims is "the rest". A room's share is that of all passes over a set together.
"""

from __future__ import annotations

import argparse
import contextlib
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from unittest import mock

import cv2

from common import RESULTS, commit, print_rows, result_row, write_results
from inkdigits.errors import InkdigitsError
from inkdigits.learning.sources import data_folder
from inkdigits.reading import reader as rooms
from inkdigits.reading.page import load_pages
from inkdigits.reading.recogniser import Recogniser
from read_speed import draw_page
from real_sets import load_pictures

TABLE = "Where the time of reading goes, one thread"
DECODING, NETWORKS, REST = "decoding", "networks", "the rest"
# What `reader.py` calls, by room. Views are slanted in `mean_of_views`, which asks the networks.
ROOMS = {
    "ink": ("find_ink",),
    "lines": ("find_lines",),
    "strips and glyphs": ("cut_strip", "cut_glyph", "cut_pieces", "mean_of_views"),
    "decoder": ("draft", "transcribe"),
    "turning": ("lines_turned",),
    "paler ink": ("lines_in_paler_ink",),
}
ASKED = ("glyph_probabilities", "line_probabilities")
TARGET = "<= 25"  # per cent, of every room but the networks and the decoding
_WARM_UP = 3


class Clock:
    """Seconds by room; while a room calls another, only the other's clock runs."""

    def __init__(self) -> None:
        self.seconds: defaultdict[str, float] = defaultdict(float)
        self._within = [REST]
        self._since = time.perf_counter()

    @contextlib.contextmanager
    def room(self, name: str) -> Iterator[None]:
        """While it lasts, time is that of `name`."""
        self._turn()
        self._within.append(name)
        try:
            yield
        finally:
            self._turn()
            self._within.pop()

    def stop(self) -> dict[str, float]:
        """The seconds of each room, from the beginning until now."""
        self._turn()
        return dict(self.seconds)

    def _turn(self) -> None:
        now = time.perf_counter()
        self.seconds[self._within[-1]] += now - self._since
        self._since = now

    def timed(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """The function, its time that of room `name`."""

        def called(*arguments: Any, **settings: Any) -> Any:
            with self.room(name):
                return function(*arguments, **settings)

        return called


def main(arguments: list[str] | None = None) -> int:
    """Read, print and write the figures."""
    parser = argparse.ArgumentParser(description="Where the time of reading goes.")
    parser.add_argument("--data", type=Path, help="data folder (default: INKDIGITS_DATA)")
    parser.add_argument("--photos", type=int, default=40, help="photos to read (default %(default)s)")
    parser.add_argument("--repeat", type=int, default=10, help="passes over each set (default %(default)s)")
    options = parser.parse_args(arguments)
    if min(options.photos, options.repeat) < 1:
        parser.error("--photos and --repeat must be at least 1")
    commit()
    cv2.setNumThreads(1)
    rows: list[dict[str, Any]] = []
    try:
        data = data_folder(options.data)
        with tempfile.TemporaryDirectory() as folder:
            drawn = Path(folder) / "page.jpg"
            cv2.imwrite(str(drawn), draw_page()[0])
            sets = {
                "a photo": [picture.path for picture in load_pictures(data, "photos", options.photos)],
                "a drawn page of 50 digits": [drawn],
                "a photographed page": [picture.path for picture in load_pictures(data, "pages")],
            }
            for name, paths in sets.items():
                rows += room_rows(name, time_rooms(paths, options.repeat), options.repeat * len(paths))
    except InkdigitsError as error:
        print(error, file=sys.stderr)
        return 1
    print_rows(rows, title=TABLE)
    write_results(RESULTS / "read_speed.json", rows)
    return 0


def time_rooms(paths: list[Path], repeat: int) -> dict[str, float]:
    """Seconds of each room over `repeat` passes through the files, each of which is one page."""
    with contextlib.ExitStack() as stack:
        reader = rooms.Reader(threads=1)
        for path in paths[:_WARM_UP]:
            reader.read(path)
        clock = Clock()
        for room, names in ROOMS.items():
            for name in names:
                timed = clock.timed(room, getattr(rooms, name))
                stack.enter_context(mock.patch.object(rooms, name, timed))
        for name in ASKED:
            timed = clock.timed(NETWORKS, getattr(Recogniser, name))
            stack.enter_context(mock.patch.object(Recogniser, name, timed))
        for _ in range(repeat):
            for path in paths:
                with clock.room(DECODING):
                    pages = list(load_pages(path))
                for page in pages:
                    reader.read_page(page)
        return clock.stop()


def room_rows(name: str, seconds: dict[str, float], count: int) -> list[dict[str, Any]]:
    """Pages a second, and what share each room has."""
    whole = sum(seconds.values())
    rows = [
        result_row(
            f"{name}: read in a second",
            round(count / whole, 2),
            n=count,
            unit="/s",
            detail={"table": TABLE, "milliseconds": round(1000 * whole / count, 2)},
        )
    ]
    for room in (DECODING, *ROOMS, NETWORKS, REST):
        rows.append(
            result_row(
                f"{name}: {room}",
                round(100 * seconds.get(room, 0.0) / whole, 2),
                n=count,
                unit="%",
                target=None if room in (DECODING, NETWORKS) else TARGET,
                detail={"table": TABLE, "milliseconds": round(1000 * seconds.get(room, 0.0) / count, 3)},
            )
        )
    return rows


if __name__ == "__main__":
    sys.exit(main())
