"""How much of a line is digits at all: by both networks, whichever digits they are; marks are no signs."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from inkdigits.reading import draft
from inkdigits.reading.decoder import Sign
from inkdigits.reading.draft import Draft, Part, opinions_by_part
from inkdigits.reading.lines import TextLine
from inkdigits.reading.strips import Strip
from inkdigits.reading.transcript import transcribe
from inkdigits.reading.trust import Trust

HEIGHT, WIDTH, PITCH = 40.0, 30.0, 50.0


def sign(text: str, **probabilities: float) -> Sign:
    """`d7=0.5` is the probability of a 7."""
    scores = np.zeros(10, np.float32)
    for name, probability in probabilities.items():
        scores[int(name[1:])] = probability
    return Sign(text, 0, 3, scores)


def opinion(none: float, digit: int = 0) -> np.ndarray:
    told = np.zeros(11, np.float32)
    told[digit], told[10] = 1 - none, none
    return told


def line(signs: list[Sign], heights: list[float] | None = None, joined: bool = False) -> Draft:
    """Signs side by side, each in a form of its own so high, or all in one form."""
    heights = heights or [HEIGHT] * len(signs)
    boxes = [
        np.array([PITCH * i, HEIGHT - height, PITCH * i + WIDTH, HEIGHT]) for i, height in enumerate(heights)
    ]
    parts = [Part(box, (index,)) for index, box in enumerate(boxes)]
    if joined:
        parts = [Part(np.array([0, 0, PITCH * len(signs), HEIGHT]), tuple(range(len(signs))))]
    where = TextLine(
        0, 0, PITCH * len(signs), HEIGHT, HEIGHT, 0.0, np.array(boxes) if boxes else np.zeros((0, 4))
    )
    return Draft(where, signs, [PITCH * i + 15 for i in range(len(signs))], parts, 0.0)


@pytest.mark.parametrize(("gap", "signs"), [(6, (0,)), (8, ())])
def test_a_sign_beside_all_forms_is_that_of_a_form_without_one_that_it_nearly_touches(
    gap: int, signs: tuple[int, ...]
) -> None:
    steps = np.zeros((60, 11), np.float32)
    steps[:, 0] = 1
    steps[9:12], steps[28:32] = np.eye(11, dtype=np.float32)[[2, 5]][:, None]
    classes = ("", *"0123456789")
    forms = np.array([[0, 0, 21 - gap, HEIGHT], [45, 0, 75, HEIGHT], [95, 0, 115, HEIGHT]])
    where = TextLine(0, 0, 115, HEIGHT, HEIGHT, 0.0, forms)
    read = draft.draft(where, Strip(np.zeros((32, 120), np.uint8), 0.0, 1.0), steps, classes)
    assert [sign.text for sign in read.signs] == ["1", "4"] and read.places == [21.0, 60.0]
    assert [part.signs for part in read.parts] == [signs, (1,), ()]


@pytest.mark.parametrize(
    ("probability", "gap", "parts"), [(0.6, 5, [(0, 1)]), (0.8, 5, [(0,), (1,)]), (0.6, 8, [(0,), (1,)])]
)
def test_forms_that_nearly_touch_are_asked_about_as_one_digit_where_they_are_hardly_two(
    probability: float, gap: int, parts: list[tuple[int, ...]]
) -> None:
    steps = np.zeros((40, 11), np.float32)
    steps[:, 0] = 1
    named = np.eye(11, dtype=np.float32)[[5, 2]] * probability
    steps[6:9], steps[14:17] = named[0], named[1]
    forms = np.array([[0, 0, 20, HEIGHT], [20 + gap, 10, 40, HEIGHT]])
    where = TextLine(0, 0, 40, HEIGHT, HEIGHT, 0.0, forms)
    strip = Strip(np.zeros((32, 80), np.uint8), 0.0, 1.0)
    read = draft.draft(where, strip, steps, ("", *"0123456789"))
    assert [sign.text for sign in read.signs] == ["4", "1"]
    assert [part.signs for part in read.parts] == parts


def digit_share(read: Draft, opinions: np.ndarray) -> float:
    return draft.digit_share(read, opinions_by_part(read, opinions))


def test_the_share_is_the_mean_over_signs_and_networks() -> None:
    read = line([sign("4", d4=0.9), sign("?", d4=0.2)])
    assert digit_share(read, np.stack([opinion(0.0), opinion(0.6)])) == pytest.approx((0.55 + 0.7) / 2)


def test_a_digit_that_may_be_another_is_a_digit() -> None:
    read = line([sign("1", d1=0.5, d7=0.5)])
    found = transcribe(read, opinion(0.0, 1)[None], Trust(0.9))
    assert found.digit_share == pytest.approx(1) and found.confidence < 0.9


def test_marks_are_no_signs_and_small_forms_no_glyphs() -> None:
    signs = [sign("4", d4=0.9), sign(".", d1=0.0), sign("0", d0=0.7)]
    read = line(signs, [HEIGHT, 5, HEIGHT])
    assert digit_share(read, np.stack([opinion(0.2), opinion(1.0), opinion(0.0)])) == pytest.approx(
        (0.8 + 0.9) / 2
    )


def test_of_a_form_that_is_cut_the_pieces_count() -> None:
    read = line([sign("4", d4=1.0), sign("0", d0=1.0)], joined=True)
    said = np.stack([opinion(1.0), opinion(0.0), opinion(0.5)])
    assert [len(part) for part in opinions_by_part(read, said)] == [3]
    assert digit_share(read, said) == pytest.approx((1 + 0.75) / 2)


def test_where_no_sign_was_seen_nothing_is_digits() -> None:
    assert digit_share(line([]), np.zeros((0, 11), np.float32)) == 0
    assert digit_share(line([sign("-", d1=0.1)], [5]), opinion(0.9)[None]) == 0


def test_a_letter_like_a_zero_among_other_letters_is_not_sure_however_like_it_is() -> None:
    read = line([sign("0", d0=0.99), *[sign("?", d4=0.02)] * 3])
    found = transcribe(read, np.stack([opinion(0.0), *[opinion(1.0)] * 3]), Trust(0.5))
    assert (found.text, found.status) == ("0", "unsure") and found.confidence > 0.9
    assert found.digit_share < 0.3 and "0.25 of this line's signs" in found.reasons[0]
    alone = transcribe(line([sign("0", d0=0.99)]), opinion(0.0)[None], Trust(0.5))
    assert (alone.text, alone.status, alone.reasons) == ("0", "ok", ())


def test_what_is_refused_says_how_much_of_it_is_digits() -> None:
    read = line([sign("?", d4=0.05)])
    found = transcribe(read, opinion(0.9)[None], Trust(0.5))
    assert found.status == "not_digits" and found.digit_share == pytest.approx((0.05 + 0.1) / 2)


probability = st.floats(0, 1, width=32)


@given(st.lists(st.tuples(probability, probability), max_size=5), st.booleans())
def test_a_share_is_between_nothing_and_all(said: list[tuple[float, float]], joined: bool) -> None:
    read = line([sign("4" if one >= 0.5 else "?", d4=one) for one, _ in said], joined=joined and bool(said))
    count = sum(1 + len(part.signs) * part.is_cut for part in read.parts)
    opinions = [opinion(none) for _, none in (said * 2)[:count]]
    assert 0 <= digit_share(read, np.array(opinions, np.float32).reshape(-1, 11)) <= 1


@pytest.mark.parametrize(("digit", "told"), [(1, "11"), (0, "0")])
@pytest.mark.parametrize("lean", [0, 6])
def test_one_sign_over_two_strokes_as_high_as_the_line_is_two_ones(digit: int, told: str, lean: int) -> None:
    """No step lies between 1s that stand close; any other digit has no two such strokes."""
    steps = np.zeros((30, 11), np.float32)
    steps[:, 0] = 1
    steps[8:14] = np.eye(11, dtype=np.float32)[1 + digit]
    forms = np.array([[14, 0, 21 + lean / 2, HEIGHT], [23, 0, 29 + lean / 2, HEIGHT]])
    where = TextLine(14, 0, 29 + lean / 2, HEIGHT, HEIGHT, 0.0, forms)
    read = draft.draft(where, Strip(np.zeros((32, 60), np.uint8), 0.0, 1.0), steps, ("", *"0123456789"))
    assert "".join(sign.text for sign in read.signs) == told
    if told == "11":
        first, second = read.signs
        assert first.start == 8 and second.end == 14 and first.end == second.start
        assert [part.signs for part in read.parts] == [(0,), (1,)]


@pytest.mark.parametrize(
    ("above", "below", "chance", "told"),
    [
        (8, 8, 0.05, "7/2"),  # a date's stroke
        (8, 8, 0.001, "712"),  # nothing that the network thinks of
        (8, 0, 0.05, "712"),  # a 1 that is tall
        (0, 0, 0.05, "712"),
        (0, 0, 0.9, "7/2"),  # of which the network is sure
    ],
)
def test_a_stroke_that_reaches_beyond_the_digits_beside_it_is_a_date_s(
    above: int, below: int, chance: float, told: str
) -> None:
    classes = ("", *"0123456789", "/")
    steps = np.zeros((70, 12), np.float32)
    steps[:, 0] = 1
    steps[5:11], steps[30:33], steps[55:60] = np.eye(12, dtype=np.float32)[[8, 2, 3]][:, None]
    steps[30:33, 2], steps[30:33, 11] = 0.95 - chance, chance
    forms = np.array([[8, 10, 24, 50], [56, 10 - above, 70, 50 + below], [108, 10, 122, 50]])
    where = TextLine(8, 0, 122, 60, HEIGHT, 0.0, forms)
    read = draft.draft(where, Strip(np.zeros((32, 140), np.uint8), 0.0, 1.0), steps, classes)
    assert "".join(sign.text for sign in read.signs) == told
    if above and below:
        assert (float(read.signs[1].scores[1]) < 0.5) == (told == "7/2"), (
            "what is unlikely now is told as that"
        )


def test_the_first_and_the_last_sign_are_no_strokes_of_a_date() -> None:
    classes = ("", *"0123456789", "/")
    steps = np.zeros((40, 12), np.float32)
    steps[:, 0] = 1
    steps[5:8] = 0.9 * np.eye(12, dtype=np.float32)[2] + 0.1 * np.eye(12, dtype=np.float32)[11]
    steps[28:32] = np.eye(12, dtype=np.float32)[8]
    forms = np.array([[8, 0, 18, 60], [52, 10, 68, 50]])
    where = TextLine(8, 0, 68, 60, HEIGHT, 0.0, forms)
    read = draft.draft(where, Strip(np.zeros((32, 80), np.uint8), 0.0, 1.0), steps, classes)
    assert "".join(sign.text for sign in read.signs) == "17"
