"""How long one photo and one page take: ours, Tesseract and RapidOCR in the same run, warm.

    python benchmarks/read_speed.py --data DIR [--rapidocr-python PYTHON] [--photos 40] [--weights PATH]

In: the 800 px photos of the data folder. Out: a table and results/read_speed.json. Every reader has read
once before the clock starts, and takes one thread; a photo's time goes from its path to its text. Photos
are read by one reader after the other, photo by photo, so that what else the machine does hurts all
alike. The figure is the median of wall times; the detail adds the best, processor time, which waits for
nobody, and the load average. Tesseract's time is that of one process over all photos, its start included
and shared.

The page holds fifty digits in five lines, written by the pen that the examples are drawn with and read as a
JPEG of 1240 x 1754 pixels (A4 at 150 to the inch), again and again, ours by two threads; RapidOCR finds its
lines by itself.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from common import RESULTS, commit, deviation, print_rows, result_row, write_results
from inkdigits.errors import InkdigitsError
from inkdigits.learning.pen import Hand, Pen, write
from inkdigits.learning.sources import data_folder
from inkdigits.reading.reader import Reader
from peers import Peer, RapidOcr, installed_peers
from real_sets import load_pictures
from scoring import score_page

TARGET = "<= 15"
FIGURE = "one photo (800 px) read, warm, one thread"
PAGE_FIGURE, PAGE_TARGET = "one page of 50 digits read, warm, two threads", "<= 40"
PAGE_SIZE, PAGE_SEED, PAGE_LINES, LINE_DIGITS = (1754, 1240), 7, 5, 10
_PAGE_REPEATS = 30
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
            cv2.setNumThreads(2)
            page_times, text = time_page(Reader(options.weights, threads=2), peers)
    except InkdigitsError as error:
        print(error, file=sys.stderr)
        return 1
    loads = {"load_before": round(load_before[0], 2), "load_after": round(os.getloadavg()[0], 2)}
    rows = [speed_row(FIGURE, name, measured, TARGET, loads) for name, measured in times.items()]
    told = {**loads, "read_rightly": text}
    rows += [speed_row(PAGE_FIGURE, name, took, PAGE_TARGET, told) for name, took in page_times.items()]
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


def time_page(reader: Reader, peers: list[Peer]) -> tuple[dict[str, Times], str]:
    """The times of the page, and how many of its digits ours read rightly."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "page.jpg"
        page, lines = draw_page()
        cv2.imwrite(str(path), page)
        times: defaultdict[str, Times] = defaultdict(list)
        for _ in range(_WARM_UP):
            (answer,) = reader.read(path)
        score = score_page([line.text for line in answer.lines], lines)
        for _ in range(_PAGE_REPEATS):
            start, start_cpu = time.perf_counter(), time.process_time()
            reader.read(path)
            times[""].append((time.perf_counter() - start, time.process_time() - start_cpu))
        for peer in peers:
            mode = "page" if isinstance(peer, RapidOcr) else "6"
            list(peer.read([path], mode))
            answers = [next(iter(peer.read([path], mode))) for _ in range(max(3, _PAGE_REPEATS // 6))]
            times[peer.name] += [(answer.seconds, answer.cpu_seconds) for answer in answers]
    return dict(times), f"{score.true_digits - score.wrong_digits} of {score.true_digits}"


def draw_page() -> tuple[np.ndarray, list[str]]:
    """The page, gray (height, width) uint8, and what its lines say."""
    random = np.random.default_rng(PAGE_SEED)
    ink = np.zeros(PAGE_SIZE, np.float32)
    lines = ["".join(map(str, random.integers(0, 10, LINE_DIGITS))) for _ in range(PAGE_LINES)]
    pen = Pen(width=6.0, color=(0.0, 0.0, 0.0), opacity=0.95)
    for number, line in enumerate(lines):
        write(ink, line, (150, 350 + 260 * number), 84, Hand(spacing=0.28), pen, random)
    paper = 232 + random.normal(0, 2, PAGE_SIZE)
    return np.clip(paper * (1 - 0.8 * ink), 0, 255).astype(np.uint8), lines


def speed_row(
    figure: str, name: str, times: Times, target: str, loads: Mapping[str, float | str]
) -> dict[str, Any]:
    """The median of one reader in milliseconds; only ours has a target."""
    wall, cpu = ([1000 * seconds[kind] for seconds in times] for kind in (0, 1))
    return result_row(
        f"{figure}, {name}" if name else figure,
        round(statistics.median(wall), 2),
        n=len(wall),
        unit="ms",
        sd=deviation(wall),
        target=None if name else target,
        detail={
            "statistic": "median",
            "best": round(min(wall), 2),
            "cpu_median": round(statistics.median(cpu), 2),
            **loads,
        },
    )


if __name__ == "__main__":
    sys.exit(main())
