"""Two opinions on a line, made up here: what a "?" becomes beside digits and alone, and what is not given."""

import numpy as np
import pytest

from inkdigits.answer import Digit
from inkdigits.reading.constraint import Constraint
from inkdigits.reading.decoder import Sign
from inkdigits.reading.draft import Draft, Part
from inkdigits.reading.lines import TextLine
from inkdigits.reading.opinions import Entry, likeliest
from inkdigits.reading.transcript import finish_line, transcribe
from inkdigits.reading.trust import Trust

HEIGHT, PITCH = 40.0, 50.0
BOX = np.array([0, 0, 30, HEIGHT])


def scores(digit: int, probability: float) -> np.ndarray:
    out = np.zeros(10, np.float32)
    out[digit] = probability
    return out


def sign(text: str, digit: int, probability: float) -> Sign:
    return Sign(text, 0, 3, scores(digit, probability))


def read(
    signs: list[Sign],
    opinions: list[tuple[int, float]],
    constraint: Constraint | None = None,
    box: np.ndarray | None = None,
):
    """A line of forms of one sign each, side by side; `box` is that of the second."""
    boxes = [np.array([PITCH * i, 0, PITCH * i + 30, HEIGHT]) for i in range(len(signs))]
    if box is not None:
        boxes[1] = box
    line = TextLine(0, 0, PITCH * len(signs), HEIGHT, HEIGHT, 0.0, np.array(boxes))
    draft = Draft(
        line,
        signs,
        [PITCH * i + 15 for i in range(len(signs))],
        [Part(box, (index,)) for index, box in enumerate(boxes)],
        0.0,
    )
    glyphs = np.zeros((len(opinions), 11), np.float32)
    for row, (digit, probability) in zip(glyphs, opinions, strict=True):
        row[digit], row[10] = probability, 1 - probability
    return transcribe(draft, glyphs, Trust(0.5), constraint)


def likelier(probability: float) -> float:
    """What a network that learnt from signs of all kinds says of a digit, where it stands in a number."""
    return 10 * probability / (1 + 9 * probability)


def both(by_line: float, by_glyph: float) -> float:
    """What the two networks say together; what the line network does counts twice."""
    return (2 * by_line + by_glyph) / 3


SURE = sign("4", 4, 0.98)


def test_a_foreign_sign_beside_digits_is_the_digit_that_both_networks_lean_to() -> None:
    line = read([SURE, sign("?", 6, 0.12), SURE], [(4, 0.98), (6, 0.9), (4, 0.98)])
    assert line.text == "464"
    assert line.digits[1].confidence == pytest.approx(both(likelier(0.12), likelier(0.9)), abs=1e-5)


def test_a_foreign_sign_that_stays_one_makes_the_number_less_sure() -> None:
    line = read([SURE, sign("?", 7, 0.07), SURE], [(4, 0.98), (7, 0.02), (4, 0.98)])
    assert line.text == "44" and line.status == "ok"
    a_digit = both(likelier(0.07), likelier(0.02))
    assert line.confidence == pytest.approx(0.98**2 * (1 - a_digit), abs=1e-5)


@pytest.mark.parametrize(("line_network", "text"), [(0.05, ""), (0.25, "7")])
def test_a_foreign_sign_alone_must_look_like_a_digit_to_both(line_network: float, text: str) -> None:
    assert read([sign("?", 7, line_network)], [(7, 0.95)]).text == text
    assert read([sign("?", 7, line_network)], [(7, 0.8)]).text == ""


def test_a_foreign_sign_is_a_digit_where_one_is_likelier_than_none() -> None:
    hints = scores(7, 0.4) + scores(1, 0.3)
    digit, mark = Entry(0.0, "", scores(4, 0.98), BOX), Entry(50.0, "", None, BOX, hints)
    kept, found = likeliest([digit, mark])
    assert kept is digit and found.scores is hints and found.text == ""
    for probability in (0.2, 0.3):  # none is as likely, or likelier
        unsure = Entry(50.0, "-", None, BOX, scores(7, probability) + scores(1, 0.4 - probability))
        assert likeliest([digit, unsure]) == [digit, unsure]
    assert likeliest([mark]) == [mark]  # no number
    assert likeliest([mark, digit]) == [mark, digit]  # before it, perhaps a currency's


def test_a_length_brings_back_the_digit_that_was_taken_for_a_foreign_sign() -> None:
    signs, opinions = [SURE, sign("?", 7, 0.07), SURE], [(4, 0.98), (7, 0.05), (4, 0.98)]
    assert read(signs, opinions).text == "44"
    assert read(signs, opinions, Constraint(length=3)).text == "474"


def test_a_dot_as_tall_as_a_digit_makes_the_number_less_sure() -> None:
    dot = sign(".", 1, 0.01)
    line = read([SURE, dot, SURE], [(4, 0.98), (1, 0.3), (4, 0.98)])
    assert line.text == "44"
    a_digit = both(likelier(0.01), likelier(0.3))
    assert line.confidence == pytest.approx(0.98**2 * (1 - a_digit), abs=1e-5)
    box = np.array([PITCH, 34, PITCH + 6, HEIGHT])
    assert read([SURE, dot, SURE], [(4, 0.98), (1, 0.6), (4, 0.98)], box=box).confidence > 0.95


@pytest.mark.parametrize(("height", "text"), [(14, "404"), (8, "44")])
def test_a_small_foreign_sign_is_the_digit_that_the_glyph_network_sees(height: int, text: str) -> None:
    box = np.array([PITCH, HEIGHT - height, PITCH + 12, HEIGHT])
    line = read([SURE, sign("?", 0, 0.05), SURE], [(4, 0.98), (0, 0.93), (4, 0.98)], box=box)
    assert line.text == text


@pytest.mark.parametrize(("width", "text"), [(30, "404"), (34, "44")])
def test_a_flat_foreign_sign_is_a_dash_whatever_the_networks_lean_to(width: int, text: str) -> None:
    box = np.array([PITCH, 12, PITCH + width, 28])
    line = read([SURE, sign("?", 0, 0.3), SURE], [(4, 0.98), (0, 0.93), (4, 0.98)], box=box)
    assert line.text == text
    if text == "44":
        assert line.confidence == pytest.approx(0.98**2, abs=1e-5)


def joined(signs: list[Sign], opinions: list[tuple[int, float]], width: float | None = None):
    """A line of one form, `width` wide, that holds all signs; the first opinion is on the whole."""
    box = np.array([0, 0, width or PITCH * len(signs), HEIGHT])
    line = TextLine(*box, HEIGHT, 0.0, np.array([box]))
    places = [box[2] * (i + 0.5) / len(signs) for i in range(len(signs))]
    draft = Draft(line, signs, places, [Part(box, tuple(range(len(signs))))], 0.0)
    glyphs = np.zeros((len(opinions), 11), np.float32)
    for row, (digit, probability) in zip(glyphs, opinions, strict=True):
        row[digit] = probability
        row[10] += 1 - probability
    return transcribe(draft, glyphs, Trust(0.5))


def test_both_networks_judge_the_signs_of_a_form_that_is_cut() -> None:
    line = joined([SURE, SURE, sign("?", 6, 0.12)], [(10, 1.0), (4, 0.9), (4, 0.98), (6, 0.9)])
    assert line.text == "446"
    assert line.digits[0].confidence == pytest.approx(both(0.98, 0.9), abs=1e-5)
    lefts, rights = zip(*((digit.box[0], digit.box[0] + digit.box[2]) for digit in line.digits), strict=True)
    assert lefts[1:] == rights[:-1], "side by side"


def test_a_piece_that_was_cut_badly_has_no_say() -> None:
    line = joined([SURE, SURE], [(10, 1.0), (10, 0.9), (7, 0.3)])
    assert line.text == "44"
    assert [digit.confidence for digit in line.digits] == pytest.approx([0.98, 0.98], abs=1e-5)


@pytest.mark.parametrize(
    ("one", "whole", "text"),
    [
        (0.8, 0.95, "91"),  # a 9 to whoever looks for one digit
        (0.4, 0.95, "9"),  # nor is the line network sure of two
        (0.8, 0.1, "91"),
    ],
)
def test_a_narrow_form_is_several_digits_where_the_line_network_is_sure_of_them(
    one: float, whole: float, text: str
) -> None:
    signs = [sign("9", 9, 0.95), sign("1", 1, one)]
    line = joined(signs, [(9, whole), (9, 0.98), (1, 0.9)], width=30)
    assert line.text == text


def test_a_form_of_very_many_signs_is_not_cut() -> None:
    assert Part(np.zeros(4), tuple(range(16))).is_cut and not Part(np.zeros(4), tuple(range(17))).is_cut
    line = joined([SURE] * 17, [(10, 1.0)])
    assert line.text == "4" * 17


@pytest.mark.parametrize(("digits", "given"), [(2, False), (5, True)])
def test_a_long_number_is_given_with_less_confidence_than_a_short_one(digits: int, given: bool) -> None:
    each = 0.07 ** (1 / digits)
    line = read([sign("3", 3, each)] * digits, [(3, each)] * digits)
    assert line.text == ("3" * digits if given else "")
    assert line.status == ("unsure" if given else "not_digits")


def test_no_number_is_told_as_below_itself() -> None:
    line = TextLine(*BOX, HEIGHT, 0.0, BOX[None])
    found = finish_line(line, [Digit("4", 0.96078, (0, 0, 30, 40))], [], 0.96078, 0.5999, Trust(0.9608))
    assert found.status == "unsure"
    assert found.reasons[0].startswith("confidence 0.960 is below 0.961;")
    assert found.reasons[1].startswith("only 0.59 of") and found.reasons[1].endswith("0.60 must be")
