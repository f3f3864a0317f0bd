"""How people write amounts, beside how synthetic lines are written.

    python benchmarks/proportions.py --data DIR [--lines 1000]

Measured on the digits' boxes of the cheques, and on the strips that the line network is shown of them; and
the same on synthetic lines of `learning.strings`. Nothing learns from the cheques: these are a dozen medians,
and what synthetic ink should look like. Out: results/proportions.json, a row a proportion, and "PROPORTION,
cheques" beside it.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from common import RESULTS, commit, print_rows, result_row, write_results
from inkdigits.errors import DataError, InkdigitsError
from inkdigits.learning.bank import load_banks
from inkdigits.learning.inking import ZOOM
from inkdigits.learning.shipped import LINE_INK
from inkdigits.learning.sources import data_folder
from inkdigits.learning.strings import compose
from inkdigits.reading.glyph import stroke_width
from inkdigits.reading.ink import find_ink
from inkdigits.reading.lines import find_lines
from inkdigits.reading.page import load_pages
from inkdigits.reading.strips import TEXT_SHARE, cut_strip

Row = dict[str, Any]

SEED = 1
_TAIL = (4, 7, 9)  # digits that reach above or below the others
_HANGING = (7, 9)


@dataclass(frozen=True)
class Written:
    """A line: its `digits` from left to right and their boxes (n, 4) left, top, right, bottom, in pixels of
    its strip, counted downwards from anywhere; the strip (32, columns) uint8.
    """

    digits: np.ndarray
    boxes: np.ndarray
    strip: np.ndarray


def cheques(data: Path) -> Iterator[Written]:
    """The longest line that is found on each cheque.

    Raises DataError where the cheques are missing.
    """
    path = data / "cheques" / "boxes.json"
    try:
        pictures = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise DataError(
            f"{path}: cannot be read ({error}); see docs/data.md for what belongs there"
        ) from error
    for name, marked in sorted(pictures.items()):
        page = next(iter(load_pages(data / "cheques" / "images" / name)))
        ink = find_ink(page)
        line = max(find_lines(ink), key=lambda line: line.right - line.left, default=None)
        if line is None or not marked:
            continue
        strip = cut_strip(page, ink, line)
        marked = sorted(marked, key=lambda one: one["bbox"][0])
        boxes = np.array([one["bbox"] for one in marked], float)
        boxes[:, 2:] += boxes[:, :2]
        boxes[:, ::2] -= strip.left
        yield Written(np.array([one["digit"] for one in marked]), boxes / strip.zoom, strip.image)


def synthetic(data: Path, count: int) -> Iterator[Written]:
    """Synthetic lines with a digit, of `count`."""
    bank, random = load_banks(data, LINE_INK)[0], np.random.default_rng(SEED)
    for _ in range(count):
        strip, signs = compose(bank, random)
        digits = [sign for sign in signs if 1 <= sign.sign <= 10]
        if digits:
            boxes = np.array([(one.left, one.top, one.right, one.bottom) for one in digits]) / ZOOM
            yield Written(np.array([one.sign - 1 for one in digits]), boxes, strip)


def measured(lines: Iterator[Written]) -> dict[str, list[float]]:
    """Each proportion of each line that has it; what is a share is one of the digits' median height."""
    found: dict[str, list[float]] = defaultdict(list)
    for line in lines:
        widths, heights = (line.boxes[:, 2:] - line.boxes[:, :2]).T
        middle, is_zero = float(np.median(heights)), line.digits == 0
        others = heights[~is_zero]
        if others.size:
            zeros = heights[is_zero] / np.median(others)
            found["height of a 0 beside the line's other digits"] += zeros.tolist()
        found["width of a 0 by its height"] += (widths / heights)[is_zero].tolist()
        if len(heights) > 2:
            tailed = heights[np.isin(line.digits, _TAIL)] / middle
            found["height of a 4, 7 or 9 beside the line's median"] += tailed.tolist()
        if not is_zero[0] and len(others) > 1:
            first = float(others[0] / np.median(others[1:]))
            found["height of the first digit beside others that are no 0"].append(first)
        gaps = (line.boxes[1:, 0] - line.boxes[:-1, 2]) / middle
        found["gap between digits"] += gaps.tolist()
        if len(gaps) > 2:
            found["standard deviation of gaps along a line"].append(float(gaps.std()))
        feet = ~np.isin(line.digits, _HANGING)
        if feet.sum() > 2:
            x, y = line.boxes[feet][:, [0, 2]].mean(axis=1), line.boxes[feet, 3]
            slope = np.polyfit(x, y, 1)
            found["slope of the base line"].append(slope[0])
            found["standard deviation of feet about it"].append(
                float((y - np.polyval(slope, x)).std()) / middle
            )
        _measure_strip(line, found)
    return found


def _measure_strip(line: Written, found: dict[str, list[float]]) -> None:
    """How dark the middle of the strip is between the first digit and the last, and the paper above and
    below.
    """
    shown = line.strip.astype(np.float32) / 255
    edge = round(len(shown) * (1 - TEXT_SHARE) / 2)
    left, right = max(0, round(line.boxes[:, 0].min())), round(line.boxes[:, 2].max())
    text, paper = shown[edge:-edge, left:right], np.concatenate([shown[:edge], shown[-edge:]])
    if text.size and paper.size:
        height = float(np.median(line.boxes[:, 3] - line.boxes[:, 1]))
        found["width of strokes by the height of digits"].append(stroke_width(text) / height)
        found["dark pixels among the digits"].append(float((text > 0.6).mean()))
        found["mean darkness of the paper above and below"].append(float(paper.mean()))
        found["standard deviation of that darkness"].append(float(paper.std()))


def rows_of(found: dict[str, list[float]], kind: str = "") -> list[Row]:
    """A row a proportion: its median; the tenth and nine tenths that lie below are in its detail."""
    rows = []
    for name, values in found.items():
        if not values:
            continue
        low, middle, high = (round(float(value), 3) for value in np.percentile(values, [10, 50, 90]))
        figure = f"{name}, {kind}" if kind else name
        detail = {"tenth_below": low, "nine_tenths_below": high}
        rows.append(result_row(figure, middle, n=len(values), unit="", detail=detail))
    return rows


def main(arguments: list[str] | None = None) -> int:
    """Measure both kinds of lines, print and write what was found."""
    parser = argparse.ArgumentParser(description="How amounts are written, on cheques and by us.")
    parser.add_argument("--data", type=Path, help="data folder (default: INKDIGITS_DATA)")
    parser.add_argument("--lines", type=int, default=1000, help="synthetic lines")
    options = parser.parse_args(arguments)
    if options.lines < 1:
        parser.error("--lines must be at least 1")
    commit()
    try:
        data = data_folder(options.data)
        theirs = measured(cheques(data))
        rows = [*rows_of(measured(synthetic(data, options.lines))), *rows_of(theirs, "cheques")]
    except InkdigitsError as error:
        print(error, file=sys.stderr)
        return 1
    write_results(RESULTS / "proportions.json", rows)
    print_rows(rows, title="How synthetic lines are written, and cheques (medians)")
    return 0


if __name__ == "__main__":
    sys.exit(main())
