"""Writers that never lived: digits drawn by a program, each writer with forms, a slant and habits of its own.

In: how many writers, a random generator. Out: glyphs with digit and writer. MNIST's writers went to school in
one country, so that their 1 is a bare stroke and their 7 has no bar; the forms of `forms` are those that
readers of other countries' cheques meet.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from inkdigits.learning.forms import FORMS
from inkdigits.learning.pen import Pen, draw_stroke, smooth_parts
from inkdigits.reading.glyph import normalise

HEIGHT = 56  # pixels of a digit before it is normalised
SHEET = (128, 144)
_BLACK = (0.0, 0.0, 0.0)
_BARE = 0.25  # of the writers write a 1 without an upstroke, as most of MNIST's do
_BARE_ONES = ("stroke", "based", "slanting")


@dataclass(frozen=True)
class Habits:
    """What a drawn writer does each time: a form of each digit and how its points lie, slant, width, tool.

    `shapes[digit]` are the strokes of that digit, each a list of parts (points, 2) in heights.
    """

    shapes: list[list[list[np.ndarray]]]
    slant: float
    width: float
    pen: Pen


def draw_writers(count: int, random: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Glyphs (10 * count, 28, 28) uint8 as `normalise` returns them, labels (10 * count,) uint8, writers
    (10 * count,) int64; each writes each digit once.
    """
    habits = [draw_habits(random) for _ in range(count)]
    glyphs = [normalise(draw_digit(one, digit, random)) for one in habits for digit in range(10)]
    return np.stack(glyphs), np.tile(np.arange(10, dtype=np.uint8), count), np.repeat(np.arange(count), 10)


def draw_habits(random: np.random.Generator) -> Habits:
    """A writer: of each digit one form, its points moved as this hand moves them.

    Who is taught a 1 with an upstroke is taught to cross the 7, so that the two are told apart.
    """
    bare, reach = random.random() < _BARE, float(random.uniform(0.02, 0.055))
    shapes = []
    for digit in range(10):
        forms = list(FORMS[str(digit)].values())
        if digit == 1:
            forms = [form for name, form in FORMS["1"].items() if (name in _BARE_ONES) == bare]
        elif digit == 7 and not bare:
            forms = [form for form in forms if "/" in form]
        parts = smooth_parts(forms[int(random.integers(len(forms)))])
        stretch = np.exp(random.normal(0, 0.1, 2))
        shapes.append([[_moved(part, stretch, reach, random) for part in stroke] for stroke in parts])
    return Habits(
        shapes,
        slant=float(random.normal(0.12, 0.16)),
        width=float(np.exp(random.normal(0, 0.16))),
        pen=Pen(float(random.uniform(0.05, 0.14)) * HEIGHT, _BLACK, opacity=1.0),
    )


def draw_digit(habits: Habits, digit: int, random: np.random.Generator) -> np.ndarray:
    """One digit as this writer draws it this time: a sheet of ink, float32 in [0, 1]."""
    sheet = np.zeros(SHEET, np.float32)
    turn, size = random.normal(0, 0.04), HEIGHT * float(np.exp(random.normal(0, 0.04)))
    points = np.concatenate([part for stroke in habits.shapes[digit] for part in stroke])
    middle = (points.min(axis=0) + points.max(axis=0)) / 2
    for stroke in habits.shapes[digit]:
        placed = []
        for part in stroke:
            x, y = (_moved(part, np.ones(2), 0.016, random) - middle).T
            across = x * habits.width - y * (habits.slant + turn)
            down = y + x * turn
            placed.append(np.stack([SHEET[1] / 2 + size * across, SHEET[0] / 2 + size * down], axis=1))
        draw_stroke(sheet, placed, habits.pen, random)
    return sheet


def _moved(part: np.ndarray, stretch: np.ndarray, reach: float, random: np.random.Generator) -> np.ndarray:
    """Points (n, 2) stretched along both axes and moved by `reach` heights, standard deviation."""
    return part * stretch + random.normal(0, reach, part.shape)
