"""Answers as text. In: answers, one at a time. Out: JSON Lines, CSV, or rows for people."""

from __future__ import annotations

import csv
import json
import shutil
from collections.abc import Callable, Sequence
from typing import TextIO

from inkdigits.answer import Answer

Writer = Callable[[Answer], None]

CSV_COLUMNS = tuple("source page line text confidence status reasons x y width height error".split())

# A sign and a word beside the colour: the status must not be told by colour alone.
_STATUS_LOOKS = {
    "ok": ("+ ok", "32"),
    "unsure": ("? unsure", "33"),
    "blank": ("- blank", "2"),
    "not_digits": ("x not digits", "35"),
    "error": ("! error", "31"),
}
_STATUS_WIDTH = max(len(look) for look, _ in _STATUS_LOOKS.values())


def json_writer(out: TextIO) -> Writer:
    """One JSON object a page, one page a line (`Answer.to_dict`)."""

    def write(answer: Answer) -> None:
        out.write(json.dumps(answer.to_dict()) + "\n")
        out.flush()

    return write


def csv_writer(out: TextIO) -> Writer:
    """One row a line of handwriting; a page without any, or with an error, has one row that says so."""
    rows = csv.writer(out, lineterminator="\n")
    rows.writerow(CSV_COLUMNS)

    def write(answer: Answer) -> None:
        for number, line in enumerate(answer.lines, start=1):
            confidence, reasons = f"{line.confidence:.6f}", "; ".join(line.reasons)
            row = (
                answer.source,
                answer.page,
                number,
                line.text,
                confidence,
                line.status,
                reasons,
                *line.box,
                "",
            )
            rows.writerow(row)
        if not answer.lines:
            empty = ("", "", "", answer.status, "", "", "", "", "", answer.error or "")
            rows.writerow((answer.source, answer.page, *empty))
        out.flush()

    return write


def table_writer(out: TextIO, sources: Sequence[str], *, in_color: bool) -> Writer:
    """Rows for people, written at once: the `sources` tell each width before the first page."""
    limit = max(20, shutil.get_terminal_size().columns - 50) if out.isatty() else 10_000
    width = min(limit, max([len("SOURCE"), *map(len, sources)]))
    out.write(f"{'SOURCE':<{width}}  PAGE  LINE  {'STATUS':<{_STATUS_WIDTH}}  {'SURE':>6}  TEXT\n")

    def row(answer: Answer, number: int | str, status: str, sure: str, text: str) -> None:
        source = answer.source if len(answer.source) <= width else "..." + answer.source[3 - width :]
        look, color = _STATUS_LOOKS[status]
        look = f"{look:<{_STATUS_WIDTH}}"
        if in_color:
            look = f"\x1b[{color}m{look}\x1b[0m"
        place = f"{_printable(source):<{width}}  {answer.page:>4}  {number:>4}"
        out.write(f"{place}  {look}  {sure:>6}  {text}".rstrip() + "\n")

    def write(answer: Answer) -> None:
        for number, line in enumerate(answer.lines, start=1):
            row(answer, number, line.status, line.percent, line.text or "; ".join(line.reasons))
        if not answer.lines:
            row(answer, "-", answer.status, "", "")
        out.flush()

    return write


def _printable(text: str) -> str:
    """File names may hold control characters, which would act on the terminal."""
    return "".join(character if character.isprintable() else "?" for character in text)
