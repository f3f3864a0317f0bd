"""The cells of table 1. In: figures, rows, runs; None where there is none. Out: Markdown, or words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from inkdigits.learning.table import Row
from inkdigits.learning.table_figures import compact, told_time
from inkdigits.learning.table_summary import STRING_ERROR, Run, Spread, Summary

NONE = "-"


def markdown(heading: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    """A table, its first column to the left and the others to the right."""
    ruler = ["---", *["---:"] * (len(heading) - 1)]
    return "\n".join(f"| {' | '.join(line)} |" for line in (heading, ruler, *lines))


def figure_note(row: Row) -> str:
    """Which figure a row is judged by, where it is not MNIST's test images."""
    if row.figure == "mnist-test":
        return ""
    return f" ({row.figure}, at most)" if row.figure == STRING_ERROR else f" ({row.figure})"


def seeds(one: Summary) -> str:
    """How many seeds are there, of how many where some are missing."""
    return f"{len(one.runs)} of {one.row.seeds}" if len(one.runs) < one.row.seeds else str(len(one.runs))


def mean_sd(spread: Spread | None, places: int = 3, missing: str = NONE) -> str:
    """Mean and standard deviation in per cent."""
    if spread is None:
        return missing
    sd = "" if spread.sd is None else f" ± {100 * spread.sd:.{places}f}"
    return f"{100 * spread.mean:.{places}f}{sd}"


def interval(ends: tuple[float, float] | None) -> str:
    """An interval in per cent."""
    return NONE if ends is None else f"{100 * ends[0]:.2f} to {100 * ends[1]:.2f}"


def percent(value: float | None, row: Row) -> str:
    """A row's published figure or target."""
    if value is None:
        return NONE
    told = f"{value:.2f}" if round(value, 2) == value else f"{value:g}"
    return f"<= {told}" if row.figure == STRING_ERROR else told


def met(one: Summary, whole: bool = True) -> str:
    """Whether the target is met, and if not how far it is, in points of a per cent; `whole` tells as well
    where seeds are missing.
    """
    if one.met is None:
        return NONE
    told = "yes" if one.met else f"no, by {one.shortfall:.3f}"
    return f"{told}, so far" if whole and len(one.runs) < one.row.seeds else told


def number(value: float | None, places: int = 0) -> str:
    """A number with thousands set apart."""
    return NONE if value is None else f"{value:,.{places}f}"


def short(value: float | None) -> str:
    """A number in three digits."""
    return NONE if value is None else compact(value)


def duration(value: float | None) -> str:
    """Seconds, minutes or hours."""
    return NONE if value is None else told_time(value)


def machine(run: Run) -> str:
    """The hardware of a run in words."""
    told: dict[str, Any] = dict(run.get("hardware") or {})
    if not told:
        return "unknown"
    cores, first = told.pop("cores", None), str(told.pop("processor", "unknown processor"))
    words = [first] if cores is None else [first, f"{cores} core{'' if cores == 1 else 's'}"]
    return ", ".join([*words, *(str(value) for value in told.values() if value)])


def commit(name: str) -> str:
    """A commit in ten digits; "+dirty", for a changed checkout, stays."""
    name, plus, rest = name.partition("+")
    return name[:10] + plus + rest
