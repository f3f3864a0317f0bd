"""Probabilities to text with confidence. In: what the networks said of a line. Out: `Reading`s of its signs.

The line network names a class for every second column; a sign is a run of columns. Where exactly one
connected form lies under a run, the glyph network has seen it too, and the two opinions are averaged.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

DIGITS = tuple("0123456789")
NONE = len(DIGITS)  # the class of a glyph network for no digit, if it has one
_LONG_RUN = 1.7  # times the usual length: a run of mixed classes this long is two signs
_GAP = 0.1  # probability of no sign from which two may end and begin at a step
_INKED = 0.08  # probability of no sign up to which a step surely lies in one
_SURE = 0.8  # probability of either sign's class, at its best step
_LIKELY = 0.5  # the same of a 1 beside another sign, which is a step or two wide
_SHOWN = 0.0005  # alternatives less probable than this are not worth a line
_LEAST_LIKELY = 1e-12
_LEAST = 0.30  # a run whose best step is less probable than this is no sign


@dataclass(frozen=True, eq=False)
class Sign:
    """One sign of a line.

    Attributes:
        text: a digit, a mark, or "?" for ink that is neither.
        start, end: its steps, end excluded.
        scores: (10,) float32, the probability of each digit; they sum to at most 1.
    """

    text: str
    start: int
    end: int
    scores: np.ndarray

    @property
    def is_digit(self) -> bool:
        """Whether it is one of "0".."9"."""
        return self.text in DIGITS

    @property
    def confidence(self) -> float:
        """The probability of the digit that it was read as."""
        return float(self.scores.max())


def find_signs(probabilities: np.ndarray, classes: tuple[str, ...]) -> list[Sign]:
    """The signs of a line, from left to right.

    Args:
        probabilities: (steps, classes) float32, class 0 is none.
        classes: the card's; digits, marks and "?".
    """
    best = probabilities.argmax(axis=1)
    runs = _runs(best)
    lengths = [end - start for start, end in runs]
    usual = float(np.median(lengths)) if lengths else 0.0
    signs: list[Sign] = []
    digits = [classes.index(digit) for digit in DIGITS]
    told = _strokes_as_ones(probabilities, classes)
    for start, end in runs:
        for first, last in _split(probabilities[start:end], told[start:end], usual, classes.index("1")):
            part = probabilities[start + first : start + last]
            total = part[:, 1:].sum(axis=0)
            winner = int(total.argmax()) + 1
            peak = int(part[:, winner].argmax())
            if part[peak, winner] < _LEAST:
                continue
            # The steps around the peak say the same thing; their mean is steadier than the peak alone.
            near = part[max(0, peak - 1) : peak + 2].mean(axis=0)
            scores = np.maximum(near[digits], 0)
            signs.append(Sign(classes[winner], start + first, start + last, scores.astype(np.float32)))
    return signs


def missed(probabilities: np.ndarray, signs: list[Sign], classes: tuple[str, ...]) -> float:
    """The probability that a digit hides where no sign was read: the highest digit's between the signs."""
    digits = [classes.index(digit) for digit in DIGITS]
    rest = probabilities[:, digits].sum(axis=1).copy()
    for sign in signs:
        rest[max(0, sign.start - 1) : sign.end + 1] = 0
    return float(rest.max(initial=0.0))


def line_confidence(confidences: list[float], hidden: float) -> float:
    """The probability that a line's text is right: every digit is, and none hides between them (`missed`)."""
    return float(np.prod(confidences)) * (1.0 - hidden)


def soften(probabilities: np.ndarray, temperature: float) -> np.ndarray:
    """Softmax outputs (..., classes) as they would be at another temperature (Guo et al., 2017)."""
    if temperature == 1.0:
        return probabilities
    logits = np.log(np.maximum(probabilities, 1e-12)) / temperature
    powers = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True)


def agree(scores: np.ndarray, glyph: np.ndarray) -> np.ndarray:
    """Two opinions on one digit as one: the mean of their probabilities, (10,) float32, in which the line
    network, which sees what stands beside it, counts twice.

    A mean keeps a doubt that either has; a product would let the surer one overrule it.
    """
    return ((2 * scores + glyph[:10]) / 3).astype(np.float32)


def advised(doubtful: np.ndarray, advice: np.ndarray) -> np.ndarray:
    """Probabilities (n, 10 or 11) of a network in doubt and `advice` (n, 10) of another that knows digits
    only, as one: the product of the two, as of independent witnesses (Hinton 2002). How probable "none" is
    stays.
    """
    told = doubtful.copy()
    both = np.maximum(doubtful[:, :NONE] * advice, _LEAST_LIKELY)
    digits = 1 - doubtful[:, NONE:].sum(axis=1, keepdims=True)
    told[:, :NONE] = digits * both / both.sum(axis=1, keepdims=True)
    return told


def alternatives(scores: np.ndarray, digit: int, most: int = 3) -> list[tuple[str, float]]:
    """The best digits beside `digit` and their probabilities, best first."""
    told = scores.tolist()  # ten numbers are sorted sooner outside NumPy
    others = (index for index, score in enumerate(told) if index != digit and score >= _SHOWN)
    best = sorted(others, key=lambda index: -told[index])[:most]
    return [(DIGITS[index], told[index]) for index in best]


def _runs(best: np.ndarray) -> list[tuple[int, int]]:
    """Stretches of steps of which none is empty."""
    inked = np.concatenate([[0], (best > 0).astype(np.int8), [0]])
    edges = np.flatnonzero(np.diff(inked))
    return [(int(start), int(end)) for start, end in zip(edges[::2], edges[1::2], strict=True)]


def _strokes_as_ones(steps: np.ndarray, classes: tuple[str, ...]) -> np.ndarray:
    """The probabilities (steps, classes) with a date's strokes counted as 1s: where every step of a stroke
    says something else it is one sign, and which, they say together.
    """
    if "/" not in classes:
        return steps
    told, stroke = steps.copy(), classes.index("/")
    told[:, classes.index("1")] += told[:, stroke]
    told[:, stroke] = 0
    return told


def _split(steps: np.ndarray, told: np.ndarray, usual: float, one: int) -> list[tuple[int, int]]:
    """A stretch of steps (steps, classes) cut where its class changes, if it is long enough for two signs or
    sure of both, and where two signs nearly touch. `told` are the same as `_strokes_as_ones` has them, `one`
    is the class of a 1.
    """
    named = told.argmax(axis=1).tolist()
    changes = [step for step, pair in enumerate(pairwise(named), start=1) if pair[0] != pair[1]]
    pieces = [
        (start, end, float(told[start:end, named[start]].max()))
        for start, end in pairwise([0, *changes, len(named)])
    ]
    # A step by itself is noise, but for that of a 1, which is narrow.
    signs = [
        (start, end, peak)
        for start, end, peak in pieces
        if end - start >= 2 or peak >= _SURE and named[start] == one
    ]
    if changes and len(named) >= min(8, _LONG_RUN * usual):
        return [(start, end) for start, end, _ in signs] or [(0, len(named))]
    sure = [start for start, _, peak in signs if peak >= (_LIKELY if named[start] == one else _SURE)]
    edges = sure[1:] if len(sure) > 1 else _gaps(steps, one)
    return list(pairwise([0, *edges, len(named)]))


def _gaps(steps: np.ndarray, one: int) -> list[int]:
    """The steps of a stretch (steps, classes) at which one sign ends and the next begins, each of them sure:
    they are of two classes, or each of the class `one`, whose sign is narrower than any other.
    """
    none, classes = steps[:, 0], steps.argmax(axis=1)
    found = []
    for step in range(1, len(steps) - 1):
        if none[step] < _GAP or none[step] < none[step - 1] or none[step] <= none[step + 1]:
            continue
        before, after = int(none[:step].argmin()), step + 1 + int(none[step + 1 :].argmin())
        inked = max(none[before], none[after]) < _INKED
        sure = (
            steps[:step, classes[before]].max() >= _SURE and steps[step + 1 :, classes[after]].max() >= _SURE
        )
        if inked and sure and (classes[before] != classes[after] or classes[before] == one):
            found.append(step)
    return found
