"""How long one photo takes: ours, Tesseract and RapidOCR in the same run, warm, one thread.

    python benchmarks/read_speed.py --data DIR [--rapidocr-python PYTHON] [--photos 40] [--weights PATH]

In: the 800 px photos of the data folder. Out: a table and results/read_speed.json. Every reader has read
once before the clock starts, and takes one thread; a photo's time goes from its path to its text. Photos
are read by one reader after the other, photo by photo, so that what else the machine does hurts all
alike. The figure is the median of wall times; the detail adds the best, processor time, which waits for
nobody, and the load average. Tesseract's time is that of one process over all photos, its start included
and shared.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import time
from collections import defaultdict
from pathlib import Path
from typing import Any

import cv2

from common import RESULTS, commit, print_rows, result_row, write_results
from inkdigits.errors import InkdigitsError
from inkdigits.learning.sources import data_folder
from inkdigits.reading.reader import Reader
from peers import Peer, RapidOcr, installed_peers
from real_sets import load_pictures

TARGET = "<= 15"
FIGURE = "one photo (800 px) read, warm, one thread"
_WARM_UP = 3
_RAPIDOCR_MODES = {"page": "(finds text)", "line": "(picture is one line)"}

Times = list[tuple[float, float]]  # wall and processor seconds of each photo


def main(arguments: list[str] | None = None) -> int:
    """Time every reader that is installed; print and write the figures."""
    parser = argparse.ArgumentParser(description="Time to read one photo, with peers in the same run.")
    parser.add_argument("--data", type=Path, help="data folder (default: INKDIGITS_DATA)")
    parser.add_argument("--weights", type=Path, help="other weights; their figures are not written")
    parser.add_argument("--photos", type=int, default=40, help="photos to read (default %(default)s)")
    parser.add_argument("--rapidocr-python", type=Path, action="append", default=[], metavar="PYTHON")
    options = parser.parse_args(arguments)
    if options.photos < 1:
        parser.error("--photos must be at least 1")
    commit()
    cv2.setNumThreads(1)
    try:
        pictures = load_pictures(data_folder(options.data), "photos", options.photos)
        paths = [picture.path for picture in pictures]
        load_before = os.getloadavg()
        with installed_peers(options.rapidocr_python) as (peers, absent):
            for message in absent:
                print(message)
            times = time_readers(Reader(options.weights, threads=1), peers, paths)
    except InkdigitsError as error:
        print(error, file=sys.stderr)
        return 1
    loads = {"load_before": round(load_before[0], 2), "load_after": round(os.getloadavg()[0], 2)}
    rows = [speed_row(name, measured, loads) for name, measured in times.items()]
    print_rows(rows, title=FIGURE, note=f"load average {loads['load_before']} to {loads['load_after']}")
    for row in rows:
        detail = row["detail"]
        print(f"{row['figure']}: best {detail['best']} ms, processor {detail['cpu_median']} ms (median)")
    if options.weights is None:
        write_results(RESULTS / "read_speed.json", rows)
    return 0


def time_readers(reader: Reader, peers: list[Peer], paths: list[Path]) -> dict[str, Times]:
    """Wall and processor seconds of each photo for each reader, by its name; "" is ours."""
    one_by_one = [peer for peer in peers if isinstance(peer, RapidOcr)]
    times: defaultdict[str, Times] = defaultdict(list)
    for path in paths[:_WARM_UP]:
        reader.read(path)
    for peer in one_by_one:
        for mode in _RAPIDOCR_MODES:
            list(peer.read(paths[:1], mode))
    for path in paths:
        start, start_cpu = time.perf_counter(), time.process_time()
        reader.read(path)
        times[""].append((time.perf_counter() - start, time.process_time() - start_cpu))
        for peer in one_by_one:
            for mode, words in _RAPIDOCR_MODES.items():
                times[f"{peer.name} {words}"] += [
                    (answer.seconds, answer.cpu_seconds) for answer in peer.read([path], mode)
                ]
    for peer in peers:
        if peer not in one_by_one:
            times[peer.name] += [(answer.seconds, answer.cpu_seconds) for answer in peer.read(paths, "10")]
    return dict(times)


def speed_row(name: str, times: Times, loads: dict[str, float]) -> dict[str, Any]:
    """The median of one reader in milliseconds; only ours has a target."""
    wall, cpu = ([1000 * seconds[kind] for seconds in times] for kind in (0, 1))
    return result_row(
        f"{FIGURE}, {name}" if name else FIGURE,
        round(statistics.median(wall), 2),
        n=len(wall),
        unit="ms",
        sd=round(statistics.stdev(wall), 2) if len(wall) > 1 else None,
        target=None if name else TARGET,
        detail={
            "statistic": "median",
            "best": round(min(wall), 2),
            "cpu_median": round(statistics.median(cpu), 2),
            **loads,
        },
    )


if __name__ == "__main__":
    sys.exit(main())
