"""What each part of reading adds: the photos, cheques and pages read with one part left out after another.

    python benchmarks/ablation.py --data DIR [--weights PATH] [--limit N]

In: the data folder. Out: a table and results/ablation.json. Parts of training (strokes, textures, one writer
a line) are not among them: each of those is a night's training, and docs/LOG.md has those that were tried.
"""

from __future__ import annotations

import argparse
import contextlib
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np

from common import RESULTS, commit, print_rows, share_row, write_results
from inkdigits.errors import InkdigitsError
from inkdigits.learning.sources import data_folder
from inkdigits.reading import opinions, reader, recogniser, transcript, turning
from inkdigits.reading.card import GLYPH_FILE, WEIGHTS
from inkdigits.reading.draft import Draft, Part
from inkdigits.reading.reader import Reader
from real_sets import PICTURE_SETS, load_pictures
from scoring import score_page

TITLES = {"photos": "photos exact", "cheques": "cheques exact", "pages": "page lines exact"}


@dataclass(frozen=True)
class Variant:
    """`name` says what is left out, "" where nothing is; `parts` leaves it out while it is entered."""

    name: str
    parts: Callable[[], contextlib.AbstractContextManager[Any]]
    glyphs_alone: bool = False


@contextlib.contextmanager
def _line_network_alone() -> Iterator[None]:
    """The glyph network's opinion of each form is not asked for: the line network's stands."""

    def agree(scores: np.ndarray, glyph: np.ndarray) -> np.ndarray:
        return scores

    def nothing(draft: Draft, seen: np.ndarray, *others: Any) -> Any:
        return original(draft, np.zeros_like(seen), *others)

    original = transcript.transcribe
    with (
        mock.patch.object(opinions, "agree", agree),
        mock.patch.object(reader, "transcribe", nothing),
        # Of the opinions that are not asked for, this one would make every line unsure.
        mock.patch.object(transcript, "digit_share", lambda *_: 1.0),
    ):
        yield


VARIANTS = (
    Variant("", contextlib.nullcontext),
    Variant(
        "no second look",
        lambda: mock.patch.multiple(
            reader, is_doubtful=lambda line: False, is_not_quite_sure=lambda line: False
        ),
    ),
    Variant(
        "doubtful signs left out", lambda: mock.patch.object(transcript, "likeliest", lambda entries: entries)
    ),
    Variant("forms not cut", lambda: mock.patch.object(Part, "is_cut", False)),
    Variant("no third network", lambda: mock.patch.object(recogniser, "DOUBT", 0.0)),
    Variant("one line network", lambda: mock.patch.object(recogniser, "SECOND_FILE", "no-file")),
    Variant("pages not turned", lambda: mock.patch.object(turning, "TURNS", ())),
    Variant(
        "paler ink not looked for",
        lambda: mock.patch.object(reader, "lines_in_paler_ink", lambda *page: None),
    ),
    Variant("line network alone", _line_network_alone),
    Variant("glyph network alone", contextlib.nullcontext, glyphs_alone=True),
)


def main(arguments: list[str] | None = None) -> int:
    """Read every set with every variant; print and write the figures."""
    parser = argparse.ArgumentParser(description="What each part of reading adds.")
    parser.add_argument("--data", type=Path, help="data folder (default: INKDIGITS_DATA)")
    parser.add_argument("--weights", type=Path, default=WEIGHTS, help="other weights, a folder; not written")
    parser.add_argument("--limit", type=int, help="only so many images a set: a quick look, never written")
    options = parser.parse_args(arguments)
    if options.limit is not None and options.limit < 1:
        parser.error("--limit must be at least 1")
    commit()
    try:
        rows = ablate(data_folder(options.data), options.weights, options.limit)
    except InkdigitsError as error:
        print(error, file=sys.stderr)
        return 1
    print_rows(rows, title="What each part adds")
    if options.weights == WEIGHTS and options.limit is None:
        write_results(RESULTS / "ablation.json", rows)
    return 0


def ablate(data: Path, weights: Path, limit: int | None) -> list[dict[str, Any]]:
    """A row for each set and variant: the share of pictures, of `pages` of lines, that is read rightly."""
    sets = {name: load_pictures(data, name, limit) for name in PICTURE_SETS}
    rows = []
    for variant in VARIANTS:
        with variant.parts():
            one = Reader(weights / GLYPH_FILE if variant.glyphs_alone else weights)
            for name, pictures in sets.items():
                scores = [
                    score_page([line.text for line in answer.lines], picture.lines)
                    for picture in pictures
                    for answer in one.read(picture.path)
                ]
                exact = sum(score.exact if name == "pages" else score.page_exact for score in scores)
                count = sum(score.true_lines for score in scores) if name == "pages" else len(scores)
                figure = f"{TITLES[name]}, {variant.name}" if variant.name else TITLES[name]
                rows.append(share_row(figure, exact, count))
    return rows


if __name__ == "__main__":
    sys.exit(main())
