"""What confidence means. In: the probability that the networks and the decoder give a line. Out: the one that
held-out lines bear out, and the digits' with it.

Networks are trained on lines harder than life, so that what they give probability 0.7 is right more often.
The curve from one to the other is Platt's (1999), on the logit: fitted on synthetic lines of writers held
out, read by the whole reader, and kept in the card of the line network.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from inkdigits.answer import Digit

_NEVER_SURE = 1e-6


@dataclass(frozen=True)
class Trust:
    """`threshold` is the calibrated confidence below which a line is `unsure`; `scale`, above 0, and `shift`
    turn the logit of a raw confidence into that of a calibrated one.
    """

    threshold: float
    scale: float = 1.0
    shift: float = 0.0

    def calibrated(self, confidence: float) -> float:
        """A raw confidence in [0, 1] as the share of such lines that is right."""
        if (self.scale, self.shift) == (1.0, 0.0) or confidence <= 0.0:
            return confidence
        inside = min(confidence, 1 - _NEVER_SURE)
        logit = self.scale * math.log(inside / (1 - inside)) + self.shift
        return 1 / (1 + math.exp(-logit))


def told_again(digits: Sequence[Digit], raw: float, calibrated: float) -> list[Digit]:
    """The digits of a line whose confidence was `raw`, all by the same power as surer or less sure, so that
    they agree with the line's; their alternatives share what is left.
    """
    if raw == calibrated or not 0 < raw < 1 or not 0 < calibrated < 1:
        return list(digits)
    power = math.log(calibrated) / math.log(raw)
    return [_told_again(digit, digit.confidence**power) for digit in digits]


def _told_again(digit: Digit, confidence: float) -> Digit:
    left = (1 - confidence) / (1 - digit.confidence) if digit.confidence < 1 else 1.0
    others = tuple(replace(other, confidence=other.confidence * left) for other in digit.alternatives)
    return replace(digit, confidence=confidence, alternatives=others)
