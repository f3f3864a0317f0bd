"""Drawn writers: glyphs as the reader would cut them, habits that stay, forms that are drawn as written."""

import numpy as np
import pytest

from inkdigits.learning.drawn import HEIGHT, draw_digit, draw_habits, draw_writers
from inkdigits.learning.forms import FORMS
from inkdigits.learning.pen import smooth_parts


def test_writers_write_every_digit_and_the_same_seed_the_same_glyphs():
    glyphs, labels, writers = draw_writers(3, np.random.default_rng(5))
    assert glyphs.shape == (30, 28, 28) and glyphs.dtype == np.uint8
    assert labels.tolist() == [*range(10)] * 3 and np.bincount(writers).tolist() == [10] * 3
    assert (glyphs.reshape(30, -1).max(axis=1) > 150).all()
    assert np.array_equal(glyphs, draw_writers(3, np.random.default_rng(5))[0])


def test_a_writer_repeats_itself_more_than_another_does():
    random = np.random.default_rng(1)
    habits = [draw_habits(random) for _ in range(4)]
    sheets = np.stack([[draw_digit(one, 7, random) for _ in range(2)] for one in habits])
    own = [np.abs(pair[0] - pair[1]).mean() for pair in sheets]
    other = [np.abs(sheets[i, 0] - sheets[j, 1]).mean() for i in range(4) for j in range(4) if i != j]
    assert np.mean(own) < 0.75 * np.mean(other)


def test_digits_lie_in_the_middle_of_the_sheet_and_reach_no_border():
    random = np.random.default_rng(2)
    for _ in range(12):
        habits = draw_habits(random)
        for digit in range(10):
            sheet = draw_digit(habits, digit, random)
            border = np.concatenate([sheet[0], sheet[-1], sheet[:, 0], sheet[:, -1]])
            assert border.max() == 0 and 0.6 * HEIGHT < np.ptp(np.nonzero(sheet.max(axis=1))[0]) < 2 * HEIGHT


@pytest.mark.parametrize("digit", list("0123456789"))
def test_forms_are_strokes_of_more_than_one_point(digit):
    for name, form in FORMS[digit].items():
        strokes = smooth_parts(form)
        assert strokes and all(len(part) >= 2 for stroke in strokes for part in stroke), name
        points = np.concatenate([part for stroke in strokes for part in stroke])
        assert -0.35 < points.min() and points.max() < 1.25 and np.ptp(points[:, 1]) > 0.9
