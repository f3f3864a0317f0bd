"""What was read against what is true. In: lines of text. Out: `PageScore`s of pages and a `Tally` of a set.

Digits only are compared: a decimal comma kept in a label is a mark, not a digit. How pages are scored:

- Both sides are lists of lines in reading order; lines without a digit are left out.
- The lines are aligned in order, each with one of the other side or with none, so that as many as
  possible are exactly right and, among those alignments, the fewest digits are wrong. One line too many
  at the top of a page therefore costs that line, and not all below it.
- A true line is `exact` where the line aligned with it has the very same digits. A read line aligned with
  none is `spurious`, a true line aligned with none is `missed`.
- A page is `exact` where all its lines are and none is spurious.
- Wrong digits are insertions, deletions and substitutions (Levenshtein, 1966) of each aligned pair, all
  digits of a missed line, and all digits of a spurious one. The digit error rate is their number a true
  digit.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

Lines = tuple[str, ...]


def digits_of(text: str) -> str:
    """The ASCII digits of a text, in order."""
    return "".join(sign for sign in text if sign in "0123456789")


def lines_with_digits(lines: Iterable[str]) -> Lines:
    """The digits of every line that has one."""
    return tuple(digits for digits in map(digits_of, lines) if digits)


def edit_distance(read: str, true: str) -> int:
    """Insertions, deletions and substitutions between two texts (Levenshtein, 1966)."""
    row = list(range(len(true) + 1))
    for index, sign in enumerate(read, 1):
        diagonal, row[0] = row[0], index
        for column, wanted in enumerate(true, 1):
            change = diagonal + (sign != wanted)
            diagonal = row[column]
            row[column] = min(change, row[column] + 1, row[column - 1] + 1)
    return row[-1]


@dataclass(frozen=True)
class PageScore:
    """One page: `exact` and `missed` of `true_lines`, `spurious` lines, `wrong_digits` to `true_digits`."""

    true_lines: int
    exact: int
    missed: int
    spurious: int
    wrong_digits: int
    true_digits: int

    @property
    def page_exact(self) -> bool:
        """Every line right and none too many."""
        return self.exact == self.true_lines and self.spurious == 0


def score_page(read: Sequence[str], true: Sequence[str]) -> PageScore:
    """The score of one page from its lines, as this file's docstring says."""
    read, true = lines_with_digits(read), lines_with_digits(true)
    # Costs are compared as tuples: exact lines first (negative: more is less), then wrong digits.
    # best[j]: (-exact, wrong, missed, spurious) of the best alignment of the read lines so far with true[:j].
    best = [(0, 0, 0, 0)]
    for line in true:
        best.append(_add(best[-1], (0, len(line), 1, 0)))
    for got in read:
        above, best = best, [_add(best[0], (0, len(got), 0, 1))]
        for column, wanted in enumerate(true):
            wrong = edit_distance(got, wanted)
            paired = _add(above[column], (-int(wrong == 0), wrong, 0, 0))
            alone = _add(above[column + 1], (0, len(got), 0, 1))
            without = _add(best[column], (0, len(wanted), 1, 0))
            best.append(min(paired, alone, without))
    exact, wrong, missed, spurious = best[-1]
    return PageScore(len(true), -exact, missed, spurious, wrong, sum(map(len, true)))


def _add(first: tuple[int, int, int, int], second: tuple[int, int, int, int]) -> tuple[int, int, int, int]:
    return (first[0] + second[0], first[1] + second[1], first[2] + second[2], first[3] + second[3])


@dataclass
class Tally:
    """Running counts of one set of images.

    `exact` of `n` things (images of one line, or lines of pages) are right; `confident` of the `images`
    have the status `ok`, and `confident_right` of those are right as a whole.
    """

    n: int = 0
    exact: int = 0
    images: int = 0
    images_exact: int = 0
    missed: int = 0
    spurious: int = 0
    wrong_digits: int = 0
    true_digits: int = 0
    confident: int = 0
    confident_right: int = 0
    failures: list[str] = field(default_factory=list)

    def add(self, name: str, read: Sequence[str], true: Sequence[str], *, ok: bool = False) -> bool:
        """Count one image and return whether all of it is right; `ok` says that the reader was confident."""
        score = score_page(read, true)
        self.n += score.true_lines
        self.exact += score.exact
        self.images += 1
        self.images_exact += score.page_exact
        self.missed += score.missed
        self.spurious += score.spurious
        self.wrong_digits += score.wrong_digits
        self.true_digits += score.true_digits
        self.confident += ok
        self.confident_right += ok and score.page_exact
        if not score.page_exact:
            self.failures.append(name)
        return score.page_exact

    @property
    def digit_error_rate(self) -> float:
        """Wrong digits a true digit, in per cent; can exceed 100 where much is read that is not there."""
        return 100 * self.wrong_digits / max(1, self.true_digits)

    @property
    def unsure(self) -> float:
        """Share of images for which the reader did not answer `ok`, in per cent."""
        return 100 * (1 - self.confident / max(1, self.images))

    @property
    def confident_accuracy(self) -> float | None:
        """Share right of the images answered `ok`, in per cent; None where there is none."""
        return 100 * self.confident_right / self.confident if self.confident else None

    def detail(self) -> dict[str, float | int | None]:
        """What a results row says beside the share of exact answers."""
        return {
            "images": self.images,
            "images_exact": self.images_exact,
            "missed_lines": self.missed,
            "spurious_lines": self.spurious,
            "digit_error_rate": round(self.digit_error_rate, 3),
            "unsure": round(self.unsure, 3),
            "confident_accuracy": None
            if self.confident_accuracy is None
            else round(self.confident_accuracy, 3),
        }
