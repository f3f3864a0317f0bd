"""A line as the line network alone reads it. In: its strip's steps, its forms. Out: a `Draft`, which says
what the glyph network is shown; and, once that has spoken too, how much of the line is digits at all.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from inkdigits.reading.decoder import NONE, Sign, find_signs, missed
from inkdigits.reading.lines import TextLine
from inkdigits.reading.opinions import TALL, WIDE
from inkdigits.reading.recogniser import LINE_STRIDE
from inkdigits.reading.strips import Strip, digit_groups

_TOUCH = 0.16  # of the line's height: a gap that a stroke of one digit may have
_WHOLE = 0.75  # of the line's height: the stroke of a 1 is that high
_SLIM = 0.6  # width by height of such a stroke, however it leans
_HARDLY = 0.5  # probability that two signs are both read rightly
# Of its own height: so far a date's stroke reaches beyond the digits on both sides. Few 1s do: they are so
# many times rarer there than elsewhere.
_BEYOND, _STROKE_ODDS, _LEAST_CHANCE = 0.03, 120.0, 1e-6
_MOST_PIECES = 16  # signs of one form: more are a drawing or a grid, and would take long to cut


@dataclass(frozen=True, eq=False)
class Part:
    """Forms of a line that belong together: their box (left, top, right, bottom; page pixels) and their
    signs.
    """

    box: np.ndarray
    signs: tuple[int, ...]

    @property
    def is_cut(self) -> bool:
        """Whether the glyph network is shown its signs one by one as well."""
        return 1 < len(self.signs) <= _MOST_PIECES


@dataclass(frozen=True, eq=False)
class Draft:
    """A line as the line network alone reads it.

    Attributes:
        line: where it is.
        signs: its signs from left to right; `places` are their middles, in page pixels.
        parts: its ink from left to right, with the signs that lie in it.
        missed: the probability that a digit hides between the signs.
    """

    line: TextLine
    signs: list[Sign]
    places: list[float]
    parts: list[Part]
    missed: float


def _owner(place: float, boxes: list[np.ndarray]) -> int | None:
    """The form whose middle third is nearest among those that a sign's middle lies in; None outside all."""
    inside = [number for number, box in enumerate(boxes) if box[0] - 1 <= place <= box[2] + 1]
    return min(
        inside, key=lambda number: abs((boxes[number][0] + boxes[number][2]) / 2 - place), default=None
    )


def _owners(places: list[float], boxes: list[np.ndarray], height: float) -> list[int | None]:
    """The form that each sign lies in. One beside all forms, as of a stroke that leans far, is the nearest
    form's that has no sign, if they nearly touch.
    """
    owners = [_owner(place, boxes) for place in places]
    for sign in (sign for sign, owner in enumerate(owners) if owner is None):
        gaps = {
            number: max(box[0] - places[sign], places[sign] - box[2])
            for number, box in enumerate(boxes)
            if number not in owners
        }
        nearest = min(gaps, key=gaps.__getitem__, default=None)
        if nearest is not None and gaps[nearest] <= _TOUCH * height:
            owners[sign] = nearest
    return owners


def _join_pieces(parts: list[Part], signs: list[Sign], height: float) -> list[Part]:
    """Parts without a sign become pieces of a neighbour with one sign that they nearly touch, as of an open
    4. So do two whose signs are hardly two digits: then they are asked about together and apart.
    """
    joined: list[Part] = []
    for part in parts:
        last = joined[-1] if joined else None
        inside = [signs[index] for index in (*last.signs, *part.signs)] if last else []
        reach = _TOUCH if inside else 2 * _TOUCH
        one = len(inside) <= 1 or len(inside) == 2 and _hardly_two(inside)
        if last and one and part.box[0] - last.box[2] < reach * height:
            both = np.array([last.box, part.box])
            box = np.array([*both[:, :2].min(axis=0), *both[:, 2:].max(axis=0)])
            if box[2] - box[0] <= WIDE * height:
                joined[-1] = Part(box, last.signs + part.signs)
                continue
        joined.append(part)
    return joined


def _hardly_two(signs: list[Sign]) -> bool:
    return all(sign.is_digit for sign in signs) and math.prod(sign.confidence for sign in signs) < _HARDLY


def _one_each(signs: list[Sign], line: TextLine, strip: Strip) -> list[Sign]:
    """`signs`, a 1 whose steps go over several strokes as high as the line told once for each: 1s that stand
    close leave no step between them.
    """
    high, wide = line.forms[:, 3] - line.forms[:, 1], line.forms[:, 2] - line.forms[:, 0]
    upright = line.forms[(high >= _WHOLE * line.height) & (wide <= _SLIM * high)]
    middles = ((upright[:, 0] + upright[:, 2]) / 2 - strip.left) / strip.zoom / LINE_STRIDE
    told: list[Sign] = []
    for sign in signs:
        over = np.sort(middles[(middles > sign.start) & (middles < sign.end)])
        between = np.rint((over[:-1] + over[1:]) / 2).astype(int).tolist()
        edges = [sign.start, *between, sign.end]
        apart = sign.text == "1" and all(last > first for first, last in pairwise(edges))
        told += [replace(sign, start=a, end=b) for a, b in pairwise(edges)] if apart else [sign]
    return told


def _strokes_between(signs: list[Sign], parts: list[Part], chances: list[float]) -> list[Sign]:
    """`signs`, a 1 between digits whose form reaches beyond them on both sides told as the stroke of a date
    where that is likelier then; `chances` are the probabilities of such a stroke that the network gives.
    """
    boxes = {part.signs[0]: part.box for part in parts if len(part.signs) == 1}
    told = list(signs)
    for index in range(1, len(signs) - 1):
        sign, box = signs[index], boxes.get(index)
        beside = [boxes[near] for near in (index - 1, index + 1) if near in boxes and signs[near].is_digit]
        if box is None or not beside or sign.text not in ("1", "/"):
            continue
        height = box[3] - box[1]
        above = min(other[1] for other in beside) - box[1]
        below = box[3] - max(other[3] for other in beside)
        if min(above, below) < _BEYOND * height:
            continue
        odds = _STROKE_ODDS * chances[index] / max(float(sign.scores[1]), _LEAST_CHANCE)
        left = sign.scores / np.float32(1 + odds)
        told[index] = replace(sign, text="/" if odds > 1 else sign.text, scores=left)
    return told


def draft(line: TextLine, strip: Strip, steps: np.ndarray, classes: tuple[str, ...]) -> Draft:
    """The signs in `steps` (steps, classes) float32, and which of the line's forms each lies in."""
    signs = _one_each(find_signs(steps, classes), line, strip)
    places = [strip.page_x((sign.start + sign.end) / 2 * LINE_STRIDE) for sign in signs]
    boxes = digit_groups(line)
    owners = _owners(places, boxes, line.height)
    parts = [
        Part(box, tuple(index for index, owner in enumerate(owners) if owner == number))
        for number, box in enumerate(boxes)
    ]
    parts = _join_pieces(parts, signs, line.height)
    hidden = missed(steps, signs, classes)
    if "/" in classes:
        stroke = steps[:, classes.index("/")]
        chances = [float(stroke[sign.start : sign.end].max()) for sign in signs]
        signs = _strokes_between(signs, parts, chances)
    return Draft(line, signs, places, parts, hidden)


def opinions_by_part(read: Draft, opinions: np.ndarray) -> list[np.ndarray]:
    """What the glyph network said (glyphs, classes) of a line, part by part: of the whole of it, and, of one
    that is cut, of each sign.
    """
    counts = [1 + len(part.signs) * part.is_cut for part in read.parts]
    return np.split(opinions, np.cumsum(counts)[:-1]) if counts else []


def _likely_digits(read: Draft, said: Sequence[np.ndarray]) -> Iterator[float]:
    """The probability that the glyph network gives all digits together, for each form as high as a digit."""
    for part, seen in zip(read.parts, said, strict=True):
        likely = seen[:, :NONE].sum(axis=1)
        if part.is_cut:
            yield from map(float, likely[1:])
        elif len(part.signs) < 2 and part.box[3] - part.box[1] >= TALL * read.line.height:
            yield float(likely[0])


def digit_share(read: Draft, said: Sequence[np.ndarray]) -> float:
    """How much of a line's signs is digits, whichever they are, in [0, 1]: the mean over its signs of the
    probability that the line network gives all digits together, and that of the glyph network over the forms
    that it was shown, averaged. Marks are no signs here. `said` is what `opinions_by_part` gives.

    A sign that could be a 1 or a 7 makes the text doubtful and this not; a letter that looks like a 0 among
    others that are no digits makes this low, however sure the 0.
    """
    by_line = [float(sign.scores.sum()) for sign in read.signs if sign.is_digit or sign.text == "?"]
    by_glyphs = list(_likely_digits(read, said))
    if not by_line:
        return 0.0
    share = sum(by_line) / len(by_line)
    if by_glyphs:
        share = (share + sum(by_glyphs) / len(by_glyphs)) / 2
    return min(share, 1.0)  # sums of float32 may be a little more
