"""What one form of a line is, from both networks' opinions. In: `Sign`s of the line network, opinions of the
glyph network. Out: `Entry`s, a digit's scores or a mark each.

Where both saw one digit in one form, their probabilities are averaged. Where the line network saw several
signs in a form, the form is cut between them and each piece is judged by both; the glyph network's digit for
the whole is taken if it is the more probable story. A wide form is rarely one digit.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from inkdigits.reading.decoder import Sign, agree
from inkdigits.reading.lines import TextLine

TALL = 0.5  # of the line's height: smaller forms are marks, or pieces, to a network that sees no size
_SMALL = 0.25  # the same where the line network, which sees the size, takes it for no mark
_DOTS = (".", ",")
_FLAT = 2.0  # width by height from which a foreign sign is a dash, and no digit that it did not know
WIDE = 1.4  # width by height from which a form is hardly one digit
HALF_A_MIND = 0.1  # probability of a digit beside a "?"
_NARROW = 0.85  # width by height up to which a form is surely one digit
_SURE = 0.9  # a digit that only the glyph network saw must be this probable to it
_SURELY = 0.85  # what the glyph network must be of a digit to overrule a "?" with no digit near it
# Beside digits, ink that the line network takes for a foreign sign is so many times likelier a digit in an
# unknown hand than it was in either network's training: numbers seldom hold foreign signs; hands are many.
_ODD_DIGIT = 10.0
_CUT_WELL = 0.5  # probability of its best digit from which a piece of a form counts


@dataclass(frozen=True, eq=False)
class Entry:
    """A digit's scores (10,) or a mark's text, and its box (left, top, right, bottom) in page pixels.

    `hints` (10,) are the scores of the digits where it is taken for a mark.
    """

    left: float
    text: str
    scores: np.ndarray | None
    box: np.ndarray
    hints: np.ndarray | None = None


def is_number(signs: list[Sign]) -> bool:
    """Whether signs are those of a number: more sure digits than foreign signs, which words would have."""
    digits = sum(sign.is_digit and sign.confidence >= 0.5 for sign in signs)
    return digits > sum(sign.text == "?" for sign in signs)


def likelier(sign: Sign) -> Sign:
    """A "?" beside digits: they are `_ODD_DIGIT` times likelier than what their scores lack to 1."""
    return replace(sign, scores=in_number(sign.scores)) if sign.text == "?" else sign


def in_number(scores: np.ndarray) -> np.ndarray:
    """The digits' probabilities (10,) of a sign in a number, given those of one that may stand anywhere."""
    return scores * np.float32(_ODD_DIGIT / (1 + (_ODD_DIGIT - 1) * float(scores.sum())))


def likeliest(entries: list[Entry]) -> list[Entry]:
    """Signs of a number, from left to right, as what they most probably are: behind its first digit a mark,
    or ink that is foreign, is a digit where one digit is more probable than that it is none. What stands
    before a number is often a sign of its own, such as a currency's.
    """
    first = next((index for index, entry in enumerate(entries) if entry.scores is not None), len(entries))
    return entries[:first] + [
        replace(entry, text="", scores=entry.hints, hints=None)
        if entry.scores is None and entry.hints is not None and entry.hints.max() > 1 - entry.hints.sum()
        else entry
        for entry in entries[first:]
    ]


def entry_of(place: float, sign: Sign, box: np.ndarray) -> Entry:
    """What a sign is to the line network alone."""
    text = "" if sign.text == "?" else sign.text
    return Entry(place, text, sign.scores if sign.is_digit else None, box, sign.scores)


def _settle_one(
    place: float, sign: Sign, opinion: np.ndarray | None, box: np.ndarray, beside_digits: bool
) -> Entry:
    """What one sign is to both networks; to the line network alone where there is no `opinion`."""
    if opinion is None or not (sign.is_digit or sign.text == "?"):
        return entry_of(place, sign, box)
    if beside_digits and sign.text == "?":
        opinion = in_number(opinion[:10])
    scores = agree(sign.scores, opinion)
    best = int(scores.argmax())
    # A "?" of the line network stands, unless it too had half a mind to read what the other reads.
    sure = scores[best] >= 0.5 if beside_digits else opinion[best] >= _SURELY
    if not sign.is_digit and not (sure and sign.scores[best] >= HALF_A_MIND):
        return Entry(place, "", None, box, scores)
    return Entry(place, "", scores, box)


def settle(
    line: TextLine,
    box: np.ndarray,
    opinions: np.ndarray,
    signs: list[tuple[float, Sign]],
    beside_digits: bool,
) -> list[Entry]:
    """What one form is, from the line network's signs in it and the glyph network's opinions of the whole and
    of its pieces.
    """
    opinion, pieces = opinions[0], opinions[1:]
    width, height = box[2] - box[0], max(1.0, box[3] - box[1])
    seen_whole = height >= TALL * line.height
    if len(signs) == 1:
        place, sign = signs[0]
        if seen_whole and sign.text in _DOTS:
            # No dot is as tall as that: what the line network saw is some other sign.
            sign = likelier(replace(sign, text="?")) if beside_digits else replace(sign, text="?")
        if sign.text == "?" and width >= _FLAT * height:
            return [Entry(place, "", None, box)]
        heard = seen_whole or (sign.text == "?" and height >= _SMALL * line.height)
        return [_settle_one(place, sign, opinion if heard else None, box, beside_digits)]
    single = float(np.clip((WIDE - width / height) / (WIDE - _NARROW), 0, 1))
    alone = single * float(opinion[:10].max()) if seen_whole else 0.0
    if not signs:
        if alone < _SURE:
            return []
        # Half the voters saw nothing: it is reported, and cannot be sure.
        return [Entry((box[0] + box[2]) / 2, "", (opinion[:10] / 2).astype(np.float32), box)]
    together = float(np.prod([sign.confidence for _, sign in signs if sign.is_digit]))
    # One digit to whoever sees the whole, and not several to the line network: as probable as both.
    if alone * (1 - together) > together:
        scores = np.mean([agree(sign.scores, opinion) for _, sign in signs], axis=0).astype(np.float32)
        return [Entry((box[0] + box[2]) / 2, "", np.maximum(scores, opinion[:10] * alone / 2), box)]
    middles = [place for place, _ in signs]
    between = [(a + b) / 2 for a, b in zip(middles, middles[1:], strict=False)]
    # A sign may have been seen a pixel beside the form: its piece is still one of the form.
    edges = [box[0], *np.clip(between, box[0], max(box[0], box[2] - 1)), box[2]]
    entries = []
    for index, (place, sign) in enumerate(signs):
        piece = pieces[index] if len(pieces) else None
        # What was cut badly is no digit to the glyph network; then it has no say, unless the form was too
        # narrow to be cut at all.
        heard = piece is not None and seen_whole and (single == 1.0 or piece[:10].max() >= _CUT_WELL)
        said = piece if heard else None
        part = np.array([edges[index], box[1], edges[index + 1], box[3]])
        entries.append(_settle_one(place, sign, said, part, beside_digits))
    return entries
