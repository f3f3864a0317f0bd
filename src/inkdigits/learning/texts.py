"""What the lines of synthetic handwriting say: amounts, numbers, dates, and what is no number. Out: signs, as
indices into `LINE_CLASSES`.
"""

from __future__ import annotations

import numpy as np

LINE_CLASSES = ("", *"0123456789", ".", ",", "-", "=", "?", "/")
FOREIGN, SLASH = LINE_CLASSES.index("?"), LINE_CLASSES.index("/")
# Of lines begin as amounts, distances and dates do: with a 1 in 30 %, with a 9 in 5 (Benford 1938).
_AMOUNTS = 0.5
_ONES = 0.15  # of lines have a 1 more: it is what hides best beside another digit
_DATES = 0.05  # of lines are dates or fractions, with strokes between their digits


def draw_text(random: np.random.Generator) -> list[int]:
    """Signs of a line as classes: digits, thousands points, amounts' endings, foreign characters."""
    if random.random() < 0.12:
        return [FOREIGN] * int(random.choice([0, 1, 1, 1, 2, 3, 4, 5, 6, 7]))
    if random.random() < _DATES:
        return _draw_date(random)
    length = int(random.choice([1, 2, 3, 4, 5, 6, 7], p=[0.12, 0.1, 0.14, 0.24, 0.24, 0.1, 0.06]))
    digits = list(random.integers(0, 10, length))
    if length > 2 and random.random() < _AMOUNTS:
        digits[0] = int(10 ** random.random())
    if length > 1 and random.random() < 0.35:
        zeros = int(random.integers(1, min(length, 4)))
        digits[-zeros:] = [0] * zeros
    if length > 1 and random.random() < 0.2:
        place = int(random.integers(1, length))
        digits[place] = digits[place - 1]
    if random.random() < _ONES:
        digits[int(random.integers(length))] = 1
    signs = [int(digit) + 1 for digit in digits]
    if length > 3 and random.random() < 0.45:
        signs.insert(length - 3, LINE_CLASSES.index("." if random.random() < 0.8 else ","))
    elif length > 1 and random.random() < 0.15:
        signs.insert(int(random.integers(1, length)), LINE_CLASSES.index(str(random.choice([".", ",", "-"]))))
    if random.random() < 0.3:
        signs += [
            LINE_CLASSES.index(c) for c in str(random.choice([".", ",", "-", "=", ".-", ",-", ".=", "--"]))
        ]
    if random.random() < 0.12:
        signs.insert(0, int(random.choice([FOREIGN, LINE_CLASSES.index("-"), LINE_CLASSES.index("=")])))
    if random.random() < 0.08:
        signs[:0] = [FOREIGN] * int(random.integers(2, 7))
    # Behind a number, or in it, foreign signs are rare: what looks like one there is a digit in an odd hand.
    if random.random() < 0.02:
        signs.append(FOREIGN)
    if random.random() < 0.01:
        signs.insert(int(random.integers(1, len(signs) + 1)), FOREIGN)
    return signs


def _draw_date(random: np.random.Generator) -> list[int]:
    """Digits as in 7/12/24, 31/1/2024, 1/2 or 2024/12."""
    lengths = [int(random.integers(1, 3)), int(random.integers(1, 3))]
    if random.random() < 0.7:
        lengths.insert(int(2 * random.integers(2)), int(random.choice([2, 4])))
    signs: list[int] = []
    for length in lengths:
        signs += [SLASH] * bool(signs) + (1 + random.integers(0, 10, length)).tolist()
    return signs
