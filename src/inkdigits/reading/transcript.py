"""Two opinions on a line become one `Line` of the answer. In: forms, glyph opinions, signs. Out: digits and
marks.

The line network saw the whole strip; the glyph network saw each connected form by itself, and its pieces
where the line network saw several signs in it. `opinions` says what each form is; here they become a text,
its confidence, and what a constraint makes of both.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from inkdigits.answer import Alternative, Box, Digit, Line, Mark
from inkdigits.reading.constraint import Constraint, Fit, fit
from inkdigits.reading.decoder import DIGITS, NONE, alternatives, line_confidence
from inkdigits.reading.draft import Draft, digit_share, opinions_by_part
from inkdigits.reading.lines import TextLine
from inkdigits.reading.opinions import (
    HALF_A_MIND,
    Entry,
    entry_of,
    in_number,
    is_number,
    likelier,
    likeliest,
    settle,
)
from inkdigits.reading.trust import Trust, told_again

_INKLESS = 0.6  # a digit of the line network where no stroke was found must be this probable
_LONE = 0.2  # probability of a digit that the line network must have had in mind where the line is one form
_REFUSED = 0.15  # readings less probable than this are not given, unless they are long: see `_least`
# Of the signs that the networks saw. Of held-out lines' right answers that are sure one in eighty has less,
# of the answers to lines without a digit one in three.
_MOSTLY_DIGITS = 0.6
_THIN = 0.3  # width by height of a stroke that could be a ruled line
_IMPROBABLE = 0.02  # of all readings: fewer that fit a constraint make it doubtful


def transcribe(read: Draft, opinions: np.ndarray, trust: Trust, constraint: Constraint | None = None) -> Line:
    """The line as both networks read it.

    Args:
        read: the line network's reading.
        opinions: (glyphs, 10 or 11) float32, the glyph network's probabilities of each part, and after a part
            that is cut those of its signs.
        trust: what confidence means, and below which the line is `unsure`.
        constraint: what the text must look like.
    """
    entries: list[Entry] = []
    beside_digits = is_number(read.signs)
    signs = [likelier(sign) for sign in read.signs] if beside_digits else read.signs
    # A bare upright stroke is a 1 to whoever sees it alone, and so are the dividers of a form's cells.
    dividers = sum(not part.signs and _is_upright(part.box) for part in read.parts) > 2
    said = opinions_by_part(read, opinions)
    for part, seen in zip(read.parts, said, strict=True):
        if dividers and not part.signs and _is_upright(part.box):
            continue
        inside = [(read.places[i], signs[i]) for i in part.signs]
        entries += settle(read.line, part.box, seen, inside, beside_digits)
    owned = {index for part in read.parts for index in part.signs}
    for index in (index for index in range(len(signs)) if index not in owned):
        if signs[index].is_digit and signs[index].confidence < _INKLESS:
            continue
        entries.append(entry_of(read.places[index], signs[index], _share(read.places, index, read.line)))
    entries.sort(key=lambda entry: entry.left)
    if not _saw_digit(read):
        entries = [entry for entry in entries if entry.scores is None]
    return _finish_entries(read.line, entries, read.missed, digit_share(read, said), trust, constraint)


def transcribe_glyphs(
    line: TextLine,
    boxes: list[np.ndarray],
    opinions: np.ndarray,
    trust: Trust,
    constraint: Constraint | None = None,
) -> Line:
    """The line read form by form, with a glyph network alone."""
    entries: list[Entry] = []
    likely: list[float] = []
    for box, scores in zip(boxes, opinions, strict=True):
        if box[3] - box[1] < 0.3 * line.height:
            flat = box[2] - box[0] > 1.5 * (box[3] - box[1])
            entries.append(Entry(box[0], "-" if flat else ".", None, box))
            continue
        likely.append(float(scores[:NONE].sum()))
        if not (len(scores) > NONE and scores[NONE] > 0.5):
            entries.append(Entry(box[0], "", scores[:10], box))
    share = sum(likely) / len(likely) if likely else 0.0
    return _finish_entries(line, entries, 0.0, share, trust, constraint)


def finish_line(
    line: TextLine, digits: list[Digit], marks: list[Mark], raw: float, share: float, trust: Trust
) -> Line:
    """A `Line` with its status and the reasons for it; `raw` is its confidence before calibration, `share`
    how much of it is digits.
    """
    box = to_box(np.array([line.left, line.top, line.right, line.bottom]))
    text = "".join(digit.text for digit in digits)
    confidence = trust.calibrated(raw)
    refusal = ""
    if not digits:
        refusal = "no digit was recognised in this ink"
    elif raw < _least(len(digits)):
        refusal = f"read as {text} with confidence {confidence:.2f}, too little for a number"
    if refusal:
        return Line("", 0.0, "not_digits", box, (), tuple(marks), (refusal,), share)
    digits = told_again(digits, raw, confidence)
    reasons = []
    if confidence < trust.threshold:
        weakest = min(digits, key=lambda digit: digit.confidence)
        # Rounded apart, so that nothing is told as below itself.
        told, least = math.floor(confidence * 1000) / 1000, math.ceil(trust.threshold * 1000) / 1000
        reasons.append(f"confidence {told:.3f} is below {least:.3f}; least sure of {weakest.text}")
    if share < _MOSTLY_DIGITS:
        told = math.floor(share * 100) / 100
        reasons.append(f"only {told:.2f} of this line's signs are digits; {_MOSTLY_DIGITS:.2f} must be")
    status = "unsure" if reasons else "ok"
    return Line(text, confidence, status, box, tuple(digits), tuple(marks), tuple(reasons), share)


def _least(digits: int) -> float:
    """The least raw confidence of a reading that is given: of a long one, that of a coin's toss a digit."""
    return min(_REFUSED, 0.5**digits)


def _finish_entries(
    line: TextLine,
    entries: list[Entry],
    hidden: float,
    share: float,
    trust: Trust,
    constraint: Constraint | None,
) -> Line:
    """The line of its signs from left to right; `hidden` is the probability that a digit was missed, `share`
    how much of the line is digits.
    """
    entries = likeliest(entries)
    signs = [entry for entry in entries if entry.scores is not None]
    found = None
    if constraint is not None and signs:
        both = [entry for entry in entries if entry.scores is not None or entry.hints is not None]
        scores = [_scores(entry) for entry in both]
        # Chosen as in a number: what was read as a digit unasked would otherwise be left out now and then.
        merits = [
            one if entry.scores is None else in_number(one) for one, entry in zip(scores, both, strict=True)
        ]
        found = fit(np.array(scores), constraint, np.array(merits))
        signs = signs if found is None else [both[index] for index in found.kept]
    if found is None:
        digits = [_digit(_scores(entry), entry.box) for entry in signs]
        none = [
            1 - float(entry.hints.sum())
            for entry in entries
            if entry.hints is not None and entry not in signs
        ]
        confidence = line_confidence([digit.confidence for digit in digits], hidden) * math.prod(none)
    else:
        digits = [
            _digit(scores, entry.box, int(text))
            for scores, entry, text in zip(found.scores, signs, found.text, strict=True)
        ]
        confidence = found.confidence * (1 - hidden)
    taken = {id(entry) for entry in signs}
    marks = [
        Mark(entry.text, to_box(entry.box)) for entry in entries if entry.text and id(entry) not in taken
    ]
    finished = finish_line(line, digits, marks, confidence, share, trust)
    return finished if constraint is None or not digits else _judged(finished, found, constraint)


def _judged(line: Line, found: Fit | None, constraint: Constraint) -> Line:
    """The line as `unsure` where it is not what was asked for, or hardly can be."""
    if found is None:
        reason = f"no reading of this ink is a number {constraint}"
    elif not found.checked:
        reason = f"no reading has a right {constraint.check} check digit"
    elif found.possible < _IMPROBABLE:
        reason = f"this ink is hardly a number {constraint}: {100 * found.possible:.2g} % of its readings are"
    else:
        return line
    status = "unsure" if line.text else line.status
    return replace(line, status=status, reasons=(*line.reasons, reason))


def _scores(entry: Entry) -> np.ndarray:
    """The digits' probabilities (10,), also of what was taken for a mark."""
    found = entry.scores if entry.scores is not None else entry.hints
    return np.zeros(10, np.float32) if found is None else found


def to_box(corners: np.ndarray) -> Box:
    """(left, top, right, bottom) as (x, y, width, height) in whole pixels, at least one pixel each way."""
    left, top, right, bottom = (round(float(value)) for value in corners)
    return (max(0, left), max(0, top), max(1, right - left), max(1, bottom - top))


def to_corners(box: Box) -> np.ndarray:
    """The corners (left, top, right, bottom) of a box, as `to_box` takes them."""
    x, y, width, height = box
    return np.array([x, y, x + width, y + height])


def _saw_digit(read: Draft) -> bool:
    """Whether the line network saw a digit, or half a one: what the other makes of the pieces alone is no
    number.

    A drawing by itself is one form; there the line network must have been surer.
    """
    least = _LONE if len(read.parts) == 1 else HALF_A_MIND
    return any(sign.confidence >= least for sign in read.signs)


def _is_upright(box: np.ndarray) -> bool:
    return bool(box[2] - box[0] < _THIN * (box[3] - box[1]))


def _share(places: list[float], index: int, line: TextLine) -> np.ndarray:
    """The box of a sign that lies in no form: half way to its neighbours, at most a digit's height wide, and
    within the line's ink, whatever was seen in the paper beside it.
    """
    reach = 0.5 * line.height
    left = max(places[index] - reach, (places[index - 1] + places[index]) / 2 if index else line.left)
    right = places[index + 1] if index + 1 < len(places) else 2 * line.right - places[index]
    right = min(places[index] + reach, (right + places[index]) / 2)
    left = float(np.clip(left, line.left, line.right - 1))
    return np.array([left, line.top, float(np.clip(right, left + 1, line.right)), line.bottom])


def _digit(scores: np.ndarray, box: np.ndarray, digit: int | None = None) -> Digit:
    """The most probable digit, or the one that a constraint chose."""
    digit = int(scores.argmax()) if digit is None else digit
    others = tuple(Alternative(text, score) for text, score in alternatives(scores, digit))
    return Digit(DIGITS[digit], float(scores[digit]), to_box(box), others)
