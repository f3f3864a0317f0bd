"""What a number must look like: a pattern, a length, a check digit, an amount. In: what the caller asks for,
and the scores of a line's signs. Out: the most probable text that fits, and how probable it is among all that
fit.

A constraint takes part in the decoding: each sign is a digit or none, all strings that the constraint accepts
are weighed against each other, and the best may be one that no sign by itself would give.
"""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from inkdigits.errors import InputError

CHECKS = ("luhn", "verhoeff", "damm", "mod97", "mod11-2", "mod11-10", "ean", "isbn")
KEPT = 32  # texts kept for each state of the pattern
FOLLOWED = 4  # digits followed for each sign and state, of those that are allowed there
PRIOR = 0.99  # how sure the caller is that a number obeys, before its ink was seen
_LEAST = 1e-6  # a reading less probable than this is not followed
_LONGEST = 200  # characters of a pattern
_MOST_STATES = 4096
_EVERYTHING = r"[0-9]*"
_LEADING_ZERO = 0.1  # of an amount is as much rarer than chance

Ways = dict[str, tuple[float, float, tuple[int, ...]]]


@dataclass(frozen=True)
class Constraint:
    """A regular expression over digits, how many digits there are, the check that they must pass, and whether
    they are an amount.

    `pattern` must fit the whole text; groups, classes, alternatives and counts are known, look-ahead and
    back-references are not. `check` is one of `CHECKS`. An `amount`, of money or of anything else that is
    spread over many sizes, begins with a digit as often as Benford found (1938): with a 1 in 30 %, with a 9
    in 5. Raises InputError where it cannot be understood.
    """

    pattern: str | None = None
    length: int | None = None
    check: str | None = None
    amount: bool = False

    def __post_init__(self) -> None:
        if self.length is not None and not 1 <= self.length <= 100:
            raise InputError(f"length {self.length}: 1 to 100 digits are possible")
        if self.check is not None and self.check not in CHECKS:
            raise InputError(f"check {self.check!r} is unknown; known are {', '.join(CHECKS)}")
        if self.pattern == "":
            raise InputError("the pattern is empty; leave it out where any number will do")
        if self.pattern is not None:
            _refuse_monsters(self.pattern)
        if self._automaton.empty():
            raise InputError(f"no number can be {self}")

    def __str__(self) -> str:
        told = [f"like {self.pattern}"] if self.pattern is not None else []
        told += [f"of {self.length} digits"] if self.length is not None else []
        told += [f"with a right {self.check} check digit"] if self.check is not None else []
        return " and ".join(told) or ("an amount" if self.amount else "a number")

    def passes(self, text: str) -> bool:
        """Whether the check holds for `text`; True where there is none."""
        return self.check is None or _checker(self.check)(text)

    @cached_property
    def leading(self) -> tuple[float, ...]:
        """How many times likelier than by chance a text begins with each of the digits."""
        if not self.amount:
            return (1.0,) * 10
        return (_LEADING_ZERO, *(9 * math.log10(1 + 1 / digit) for digit in range(1, 10)))

    @cached_property
    def _automaton(self) -> Any:
        """A finite automaton of the pattern and the length."""
        import interegular

        digits = _EVERYTHING if self.length is None else f"[0-9]{{{self.length}}}"
        automaton = interegular.parse_pattern(digits).to_fsm()
        if self.pattern is None:
            return automaton
        try:
            wanted = interegular.parse_pattern(self.pattern).to_fsm()
        except Exception as error:  # Classes of the library's own, and AttributeError for an empty part.
            raise InputError(
                f"pattern {self.pattern!r} cannot be understood; write it like \\d{{5}} or [1-9]\\d*"
            ) from error
        return automaton & wanted

    def steps(self, state: int) -> dict[int, int]:
        """The state after each of the digits that are allowed in `state`."""
        if state not in self._steps:
            row, alphabet = self._automaton.map.get(state, {}), self._automaton.alphabet
            found = {digit: row.get(alphabet[str(digit)]) for digit in range(10)}
            self._steps[state] = {
                digit: after
                for digit, after in found.items()
                if after is not None and self._automaton.islive(after)
            }
        return self._steps[state]

    @cached_property
    def _steps(self) -> dict[int, dict[int, int]]:
        return {}

    @property
    def start(self) -> int:
        """The state before the first digit."""
        return self._automaton.initial

    def accepts(self, state: int) -> bool:
        """Whether a text may end in `state`."""
        return state in self._automaton.finals


def asked(
    pattern: str | None, length: int | None, check: str | None, amounts: bool = False
) -> Constraint | None:
    """The `Constraint` of what a caller asks for; None where nothing is."""
    wanted = (pattern, length, check, amounts)
    return None if wanted == (None, None, None, False) else Constraint(*wanted)


@dataclass(frozen=True, eq=False)
class Fit:
    """The best text that a constraint accepts.

    Attributes:
        text: its digits.
        kept: which signs they are, by index.
        confidence: the probability that it is right: among all texts that the constraint accepts, and given
            that what was asked for holds, of which the ink may make one doubt.
        possible: how probable it is by the ink alone that it holds any such text.
        scores: (digits, 10) float32, of each kept sign the probabilities of the digits, given the constraint.
        checked: whether the check holds; True where none was asked for.
    """

    text: str
    kept: tuple[int, ...]
    confidence: float
    possible: float
    scores: np.ndarray
    checked: bool


def fit(scores: np.ndarray, constraint: Constraint, choosing: np.ndarray | None = None) -> Fit | None:
    """The most probable text of signs that `constraint` accepts; None where no text can be.

    `scores` (signs, 10) are each sign's probabilities of the digits, in the order of the line; what a row
    lacks to 1 is how probable it is that the sign is no digit. `choosing`, of the same shape, are those by
    which the best text is chosen, where they are others than those that say how probable it is. Where no text
    passes the check, the best that does not is returned, and says so.
    """
    ways: dict[int, Ways] = {constraint.start: {"": (1.0, 1.0, ())}}
    rows = np.asarray(scores, np.float64)
    choices = rows if choosing is None else np.asarray(choosing, np.float64)
    for index, (row, choice) in enumerate(zip(rows, choices, strict=True)):
        skipped, passed_over = (max(1.0 - float(one.sum()), _LEAST) for one in (row, choice))
        following: dict[int, Ways] = {}
        for state, texts in ways.items():
            allowed = [step for step in constraint.steps(state).items() if row[step[0]] > _LEAST]
            steps = sorted(allowed, key=lambda step: -row[step[0]])[:FOLLOWED]
            for text, (weight, best, kept) in texts.items():
                _extend(following, state, text, weight * skipped, best * passed_over, kept)
                for digit, after in steps:
                    prior = 1.0 if text else constraint.leading[digit]
                    chance, merit = prior * float(row[digit]), prior * float(choice[digit])
                    _extend(following, after, f"{text}{digit}", weight * chance, best * merit, (*kept, index))
        ways = {state: _most_probable(texts) for state, texts in following.items()}
    ended = {
        text: way for state, texts in ways.items() if constraint.accepts(state) for text, way in texts.items()
    }
    passing = {text: way for text, way in ended.items() if text and constraint.passes(text)}
    chosen = passing or {text: way for text, way in ended.items() if text}
    if not chosen:
        return None
    # By the best choice of signs, not by the sum over all: of five equal digits there are five ways to four.
    text = max(chosen, key=lambda one: chosen[one][1])
    told = math.fsum(weight for weight, _, _ in chosen.values())
    seen = math.fsum(weight / constraint.leading[int(one[0])] for one, (weight, _, _) in chosen.items())
    # Of a check's texts only those that were kept can be added up; of a pattern's, all.
    accepted = seen if constraint.check else max(seen, _accepted(scores, constraint))
    total = told * accepted / seen
    kept = chosen[text][2]
    shares = np.zeros((len(kept), 10), np.float32)
    for other, (weight, _, places) in chosen.items():
        for place, digit in zip(places, other, strict=True):
            if place in kept:
                shares[kept.index(place), int(digit)] += weight / total
    possible = min(1.0, accepted)
    obeys = PRIOR * possible / (PRIOR * possible + (1 - PRIOR) * (1 - possible))
    return Fit(text, kept, chosen[text][0] / total * obeys, possible, shares, bool(passing))


def _accepted(scores: np.ndarray, constraint: Constraint) -> float:
    """The probability of all texts that the pattern and the length accept, the empty one left out."""
    weights, empty = {constraint.start: 1.0}, 1.0
    for row in np.asarray(scores, np.float64):
        skipped = max(1.0 - float(row.sum()), _LEAST)
        empty *= skipped
        following: dict[int, float] = defaultdict(float)
        for state, weight in weights.items():
            following[state] += weight * skipped
            for digit, after in constraint.steps(state).items():
                following[after] += weight * float(row[digit])
        weights = following
    total = math.fsum(weight for state, weight in weights.items() if constraint.accepts(state))
    return total - (empty if constraint.accepts(constraint.start) else 0.0)


def _extend(
    ways: dict[int, Ways], state: int, text: str, weight: float, best: float, kept: tuple[int, ...]
) -> None:
    """Add a way to `text` at `state`: weights add up, the most probable choice of signs is remembered."""
    texts = ways.setdefault(state, {})
    before = texts.get(text)
    if before is None:
        texts[text] = (weight, best, kept)
    else:
        texts[text] = (before[0] + weight, *((best, kept) if best > before[1] else before[1:]))


def _most_probable(texts: Ways) -> Ways:
    if len(texts) <= KEPT:
        return texts
    return dict(sorted(texts.items(), key=lambda item: -item[1][1])[:KEPT])


def _refuse_monsters(pattern: str) -> None:
    """InputError for patterns whose automaton would fill the memory."""
    if len(pattern) > _LONGEST:
        raise InputError(f"a pattern of {len(pattern)} characters: {_LONGEST} at most")
    states = math.prod(max(1, int(number)) for number in re.findall(r"\d+(?=\})", pattern))
    if states > _MOST_STATES:
        raise InputError(f"pattern {pattern!r} counts too far: its numbers in braces multiply to {states}")


def _checker(name: str) -> Callable[[str], bool]:
    """The check of that name, as python-stdnum implements it."""
    from stdnum import damm, ean, isbn, luhn, verhoeff
    from stdnum.iso7064 import mod_11_2, mod_11_10, mod_97_10

    modules = (luhn, verhoeff, damm, mod_97_10, mod_11_2, mod_11_10, ean, isbn)
    checks: dict[str, Callable[[str], bool]] = dict(
        zip(CHECKS, (module.is_valid for module in modules), strict=True)
    )
    return checks[name]
