"""Constraints: what is understood and refused; the best text that fits, against all texts written out."""

from __future__ import annotations

import itertools
import json
import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

import inkdigits
from inkdigits.cli import app
from inkdigits.errors import InputError
from inkdigits.reading.constraint import CHECKS, PRIOR, Constraint, fit
from inkdigits.reading.reader import Reader

FOUR = np.full((4, 10), 0.01)
for _place, _digit in enumerate((1, 7, 9, 7)):
    FOUR[_place, _digit] = 0.8
FOUR[1, 1] = 0.12


def luhn(text: str) -> bool:
    doubled = [int(d) * (2 if i % 2 else 1) for i, d in enumerate(reversed(text))]
    return sum(d - 9 if d > 9 else d for d in doubled) % 10 == 0


def by_hand(scores: np.ndarray, fits) -> dict[str, list[float]]:
    """Every text that `fits`, with the probability of each choice that says it: signs are digits, or none."""
    found: dict[str, list[float]] = {}
    rows = []
    for row in scores:
        rows.append([("", max(1 - float(row.sum()), 1e-6)), *((str(d), float(row[d])) for d in range(10))])
    for choice in itertools.product(*rows):
        text = "".join(one for one, _ in choice)
        if text and fits(text):
            found.setdefault(text, []).append(float(np.prod([chance for _, chance in choice])))
    return found


@pytest.mark.parametrize(
    ("constraint", "text"),
    [
        (Constraint(), "1797"),
        (Constraint(length=3), None),
        (Constraint(r"11\d+"), "1197"),
        (Constraint(r"\d{2}|\d{4}"), "1797"),
        (Constraint(r"[^7]+", length=4), None),
        (Constraint(check="luhn"), None),
    ],
    ids=str,
)
def test_the_best_text_is_the_best_of_all_written_out(constraint, text):
    def fits(one: str) -> bool:
        shaped = constraint.pattern is None or re.fullmatch(constraint.pattern, one)
        return bool(shaped) and constraint.length in (None, len(one)) and (not constraint.check or luhn(one))

    every = by_hand(FOUR, fits)
    best = max(max(ways) for ways in every.values())
    found = fit(FOUR, constraint)
    assert found is not None and text in (None, found.text) and found.checked
    assert max(every[found.text]) == pytest.approx(best)  # several may be equally probable
    total = sum(map(sum, every.values()))
    if constraint.check:  # only what was kept is added up
        assert 0.5 * total < found.possible <= total
        return
    assert found.possible == pytest.approx(total, rel=1e-3)
    obeys = PRIOR * total / (PRIOR * total + (1 - PRIOR) * (1 - total))
    assert found.confidence == pytest.approx(sum(every[found.text]) / total * obeys, rel=0.02)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 9), min_size=1, max_size=7), st.integers(0, 2**32 - 1))
def test_what_is_read_is_read_where_nothing_forbids_it(digits, seed):
    scores = np.random.default_rng(seed).uniform(0, 0.02, (len(digits), 10))
    for place, digit in enumerate(digits):
        scores[place, digit] = 0.75
    text = "".join(map(str, digits))
    for constraint in (Constraint(), Constraint(length=len(text)), Constraint(text)):
        found = fit(scores, constraint)
        assert found is not None and found.text == text and found.kept == tuple(range(len(text)))
        assert found.scores.shape == (len(text), 10) and (found.scores.argmax(axis=1) == digits).all()
        assert (found.scores.sum(axis=1) < 1.0001).all() and 0 < found.confidence <= 1


def test_what_cannot_be_is_none_and_what_hardly_can_is_doubted():
    assert fit(FOUR, Constraint(length=5)) is None
    assert fit(np.zeros((0, 10)), Constraint(length=1)) is None
    hardly = fit(FOUR, Constraint("5555"))
    assert hardly is not None and hardly.text == "5555"
    assert hardly.confidence < 0.01 and hardly.possible < 1e-6


def test_an_amount_begins_with_a_1_where_the_ink_leaves_it_open():
    leading = Constraint(amount=True).leading
    assert np.mean(leading[1:]) == pytest.approx(1) and leading[1] / leading[9] == pytest.approx(
        6.58, abs=0.01
    )
    scores = np.zeros((3, 10))
    scores[0, [7, 1]] = 0.7, 0.25
    scores[1, [7, 1]] = 0.7, 0.25
    scores[2, 4] = 0.9
    plain, amount = fit(scores, Constraint()), fit(scores, Constraint(amount=True))
    assert plain is not None and plain.text == "774"
    assert amount is not None and amount.text == "174"  # only the first
    # By hand: 0.25 x 0.301 against 0.7 x 0.058, and what is left for signs that are none.
    assert amount.scores[0, 1] / amount.scores[0, 7] == pytest.approx(
        0.25 / 0.7 * leading[1] / leading[7], rel=0.1
    )
    assert amount.possible == pytest.approx(plain.possible, rel=1e-3)
    sure = np.zeros((2, 10))
    sure[0, 9], sure[1, 0] = 0.999, 0.999
    found = fit(sure, Constraint(amount=True))
    assert found is not None and found.text == "90" and found.confidence > 0.98


def test_what_is_chosen_may_be_weighed_otherwise_than_what_is_told():
    scores = np.zeros((2, 10))
    scores[0, 3], scores[1, 5] = 0.9, 0.4
    assert (alone := fit(scores, Constraint())) is not None and alone.text == "3"
    choosing = scores.copy()
    choosing[1, 5] = 0.9
    both = fit(scores, Constraint(), choosing)
    assert both is not None and both.text == "35" and both.possible == alone.possible
    assert both.confidence / alone.confidence == pytest.approx(0.4 / 0.6, rel=1e-3)


def test_a_check_that_nothing_passes_is_told():
    sure = np.zeros((4, 10))
    sure[range(4), [1, 7, 9, 7]] = 1.0
    found = fit(sure, Constraint(length=4, check="luhn"))
    assert found is not None and found.text == "1797" and not found.checked


@pytest.mark.parametrize(
    ("check", "right", "wrong"),
    [
        ("luhn", "79927398713", "79927398710"),
        ("verhoeff", "2363", "2364"),
        ("damm", "5724", "5727"),
        ("ean", "4006381333931", "4006381333932"),
        ("isbn", "9780306406157", "9780306406158"),
        ("mod97", "79444", "79445"),
        ("mod11-10", "794623", "794624"),
        ("mod11-2", "07940", "07941"),
    ],
)
def test_checks_know_right_from_wrong(check, right, wrong):
    assert check in CHECKS
    assert Constraint(check=check).passes(right) and not Constraint(check=check).passes(wrong)


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({"pattern": "["}, "cannot be understood"),
        ({"pattern": r"\\1"}, "no number can be"),
        ({"pattern": r"(\d)\1"}, "cannot be understood"),
        ({"pattern": ""}, "empty"),
        ({"pattern": "[a-z]+"}, "no number can be like"),
        ({"pattern": r"\d{3}", "length": 4}, "of 4 digits"),
        ({"pattern": r"(\d{999}){999}"}, "counts too far"),
        ({"pattern": "1" * 201}, "201 characters"),
        ({"length": 0}, "1 to 100"),
        ({"length": 101}, "1 to 100"),
        ({"check": "lunh"}, "known are luhn"),
        ({"pattern": "[a-z]+", "amount": True}, "no number can be like"),
    ],
    ids=str,
)
def test_what_cannot_be_understood_is_refused(asked, told):
    with pytest.raises(InputError, match=told):
        Constraint(**asked)


def test_a_long_line_and_a_wide_pattern_take_no_time(benchmark_seconds=2.0):
    import time

    scores = np.random.default_rng(0).uniform(0, 0.1, (40, 10))
    start = time.perf_counter()
    for constraint in (Constraint(), Constraint(length=38), Constraint(r"(\d{3}|\d{5})*", check="luhn")):
        assert fit(scores, constraint) is not None
    assert time.perf_counter() - start < benchmark_seconds


EXAMPLE = Path(__file__).parents[2] / "examples" / "string.jpg"  # 30517


def test_a_constraint_takes_part_in_reading():
    reader = Reader()
    (free,) = reader.read(EXAMPLE)
    (fixed,) = reader.read(EXAMPLE, constraint=Constraint(r"305\d{2}"))
    assert free.text == fixed.text == "30517" and fixed.confidence >= free.confidence
    (other,) = reader.read(EXAMPLE, constraint=Constraint(r"[2-9]*[79]"))
    (line,) = other.lines
    assert line.status in ("unsure", "not_digits") and "hardly" in line.reasons[-1]
    (long,) = reader.read(EXAMPLE, constraint=Constraint(length=9))
    assert long.text == "30517" and long.status == "unsure" and "of 9 digits" in long.lines[0].reasons[-1]


def test_one_network_alone_obeys_too():
    (answer,) = Reader("inkdigits-digits").read(EXAMPLE, constraint=Constraint(length=4))
    assert len(answer.text) in (0, 4)
    assert inkdigits.read(EXAMPLE, length=5)[0].text == "30517"
    assert inkdigits.read(EXAMPLE, amounts=True)[0].text == "30517"


def test_the_command_takes_patterns_and_refuses_what_it_cannot_understand():
    for words in (["--pattern", r"\d{5}"], ["--amounts"]):
        done = CliRunner().invoke(app, ["read", str(EXAMPLE), *words, "--json"])
        assert done.exit_code == 0 and json.loads(done.stdout)["text"] == "30517"
    for words in (["--pattern", "["], ["--check", "lunh"], ["--length", "0"]):
        assert CliRunner().invoke(app, ["read", str(EXAMPLE), *words]).exit_code == 2
