"""What the runs of table 1 say about each row: means over seeds, intervals, whether the target is met.

In: the runs as `benchmark` writes them to results/table1.json, and the rows of `table`. Out: `Summary`s.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from inkdigits.errors import RunError
from inkdigits.learning.evaluation import wilson_interval
from inkdigits.learning.table import Row

Run = dict[str, Any]
STRING_ERROR = "string-error"
# How many images or lines a figure is a share of; "5-labels" and the like are of MNIST's test images.
COUNTS = {
    "mnist-test": 10_000,
    "usps-test": 2_007,
    "ardis": 6_600,
    "quiz-sheets": 1_237,
    STRING_ERROR: 10_000,
}


@dataclass(frozen=True)
class Spread:
    """A figure over seeds, as fractions in [0, 1].

    `sd` is the sample's standard deviation, and `interval` Student's 95 % interval of the mean (Gosset 1908):
    how far other seeds may lead. Both are None for one seed. `images` is Wilson's 95 % interval (1927) of the
    mean: how far other test images of the kind may; None where their number is not known.
    """

    values: tuple[float, ...]
    mean: float
    sd: float | None
    interval: tuple[float, float] | None
    images: tuple[float, float] | None


@dataclass(frozen=True)
class Summary:
    """A row and its runs by seed, none where it is not yet measured."""

    row: Row
    runs: tuple[Run, ...]

    @property
    def figure(self) -> Spread | None:
        """The figure that the row is judged by."""
        return self.spread(self.row.figure)

    @property
    def met(self) -> bool | None:
        """Whether the mean reaches the target; None without either."""
        if self.figure is None or self.row.target is None:
            return None
        short = self.shortfall
        return short is not None and short <= 0

    @property
    def shortfall(self) -> float | None:
        """How far the mean is from the target, in points of a per cent; 0 or below where it is met."""
        if self.figure is None or self.row.target is None:
            return None
        # Rounded, for 99.55 % is not a binary fraction and a mean of exactly that has met it.
        gap = round(self.row.target - 100 * self.figure.mean, 9)
        return -gap if self.row.figure == STRING_ERROR else gap

    def spread(self, key: str) -> Spread | None:
        """The figure `key` over the runs that have it; None where none has. One committee alone has the
        standard deviation of bootstraps over its members.
        """
        values = [run["accuracy"][key] for run in self.runs if run["accuracy"].get(key) is not None]
        if not values:
            return None
        spread = spread_of(values, _count(key))
        if len(values) > 1:
            return spread
        return replace(spread, sd=(self.runs[0].get("bootstrap") or {}).get(key))

    def mean(self, field: str) -> float | None:
        """The mean of a field such as "seconds" over the runs that have it; None where none has."""
        values = [run[field] for run in self.runs if run.get(field) is not None]
        return float(np.mean(values)) if values else None

    def often_wrong(self) -> set[int] | None:
        """MNIST's test images that more than half of the runs read wrongly; None where no run tells them."""
        told = [run["wrong"] for run in self.runs if run.get("wrong") is not None]
        if not told:
            return None
        times = Counter(index for wrong in told for index in wrong)
        return {index for index, count in times.items() if count > len(told) / 2}


def spread_of(values: Sequence[float], count: int | None = None) -> Spread:
    """The spread of `values`, fractions of `count` images each."""
    from scipy.stats import t

    mean = float(np.mean(values))
    sd = interval = None
    if len(values) > 1:
        sd = float(np.std(values, ddof=1))
        reach = float(t.ppf(0.975, len(values) - 1)) * sd / math.sqrt(len(values))
        interval = (max(0.0, mean - reach), min(1.0, mean + reach))
    images = wilson_interval(round(mean * count), count) if count else None
    return Spread(tuple(values), mean, sd, interval, images)


def summarise(runs: Iterable[Run], rows: Sequence[Row]) -> list[Summary]:
    """A summary of each listed row, in the order of `rows`.

    A row that shares another's runs is given those. Runs of rows that are not listed are left out; of two
    runs with one seed the later counts. RunError names the first run that lacks what every run must have.
    """
    by_row: dict[str, dict[int, Run]] = {}
    for number, run in enumerate(runs):
        if not isinstance(run, dict) or not isinstance(run.get("accuracy"), dict):
            raise RunError(f'run {number} of table 1 has no figures under "accuracy"')
        if not isinstance(run.get("model"), str) or not isinstance(run.get("seed"), int):
            raise RunError(f"run {number} of table 1 does not tell its model and seed")
        by_row.setdefault(run["model"], {})[run["seed"]] = run
    return [
        Summary(row, tuple(run for _, run in sorted(by_row.get(row.shares or row.name, {}).items())))
        for row in rows
        if row.listed
    ]


def shared_errors(summaries: Sequence[Summary]) -> tuple[list[tuple[int, int]], int]:
    """([(image, by how many rows it is often read wrongly)], most first; how many rows there are).

    Only rows that are judged by MNIST's test images are asked; committees are not, for their members are.
    """
    told = [wrong for one in asked(summaries) if (wrong := one.often_wrong()) is not None]
    times = Counter(index for wrong in told for index in wrong)
    return sorted(times.items(), key=lambda item: (-item[1], item[0])), len(told)


def asked(summaries: Sequence[Summary]) -> list[Summary]:
    """The rows whose wrong images are told of."""
    return [one for one in summaries if one.row.figure == "mnist-test" and not one.row.members]


def _count(key: str) -> int | None:
    return COUNTS["mnist-test"] if "-labels" in key else COUNTS.get(key)
