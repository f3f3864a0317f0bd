"""Ink that is no number: letters and scribbles have the size they are asked for, and are all different."""

import numpy as np
import pytest

from inkdigits.learning import strangers


@pytest.mark.parametrize("font", range(strangers.FONTS))
def test_letters_of_every_font_have_about_their_size(font: int) -> None:
    random = np.random.default_rng(font)
    letters = [strangers.printed_letter(40, font, random) for _ in range(30)]
    heights = [letter.shape[0] for letter in letters]
    assert 20 < np.median(heights) < 60 and max(heights) < 90
    for letter in letters:
        assert letter.dtype == np.float32 and 0 <= letter.min() and 0.5 < letter.max() <= 1
        assert letter.any(axis=1)[[0, -1]].all() and letter.any(axis=0)[[0, -1]].all()
    assert len({letter.tobytes() for letter in letters}) > 15


def test_no_letter_is_a_digit_to_whoever_sees_it_alone() -> None:
    assert not set("oODQlI") & set(strangers.LETTERS) and len(strangers.LETTERS) == 46


def test_scribbles_fill_their_height_and_never_repeat() -> None:
    random = np.random.default_rng(0)
    drawn = [strangers.scribble(50, random) for _ in range(60)]
    for ink in drawn:
        assert ink.dtype == np.float32 and 0 <= ink.min() and ink.max() <= 1
        assert 45 <= ink.shape[0] <= 60 and 20 <= ink.shape[1] <= 165
        assert 0.005 < ink.mean() < 0.7
    assert len({ink.tobytes() for ink in drawn}) == 60
