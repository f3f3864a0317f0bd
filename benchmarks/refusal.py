"""Whether what is no digit is refused. In: networks, how much real digits look like digits to them. Out: two
rows a kind of negative.

Of glyphs the probability of the digit network's best digit is the score, of pictures the answer's
`digit_share`; what its confidence gives as a score is in the detail (0 where no answer is given). The area
under the receiver operating characteristic (AUROC) is the chance that a real digit scores above a negative; a
false accept is a negative that is answered at or above the shipped threshold.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.metrics import roc_auc_score

from common import result_row, share_row
from inkdigits.reading.reader import Reader
from inkdigits.reading.recogniser import Recogniser
from negatives import negative_glyphs, negative_pictures
from trust import Reading

Row = dict[str, Any]
ALIKE = "letters BD"


def glyph_rows(recogniser: Recogniser, data: Path, digits: Sequence[float]) -> list[Row]:
    """The digit network alone; `digits` are its probabilities of the best digit for real ones."""
    threshold = recogniser.glyph_card.threshold
    rows = []
    for name, glyphs in negative_glyphs(data).items():
        scores = recogniser.glyph_probabilities(glyphs, lone=True)
        best = scores[:, :10].max(axis=1)
        accepted = int(((scores.argmax(axis=1) < 10) & (best >= threshold)).sum())
        rows += _rows(f"{name} (glyphs)", best, accepted, digits, name == ALIKE, {})
    return rows


def picture_rows(reader: Reader, data: Path, strings: Sequence[Reading]) -> list[Row]:
    """The whole reader; `strings` are its readings of photos and cheques."""
    rows = []
    for name, pictures in negative_pictures(data).items():
        answers = [reader.read(picture)[0] for picture in pictures]
        confidences = [answer.confidence for answer in answers]
        detail = {
            "answered": sum(map(bool, confidences)),
            "area_by_confidence": round(_area([one.confidence for one in strings], confidences), 5),
        }
        shares = np.array([answer.digit_share for answer in answers])
        accepted = sum(answer.status == "ok" for answer in answers)
        rows += _rows(name, shares, accepted, [one.likeness for one in strings], False, detail)
    return rows


def _area(real: Sequence[float], negatives: Sequence[float] | np.ndarray) -> float:
    truth = np.concatenate([np.ones(len(real)), np.zeros(len(negatives))])
    return float(roc_auc_score(truth, np.concatenate([np.asarray(real), negatives])))


def _rows(
    name: str,
    negatives: np.ndarray,
    accepted: int,
    real: Sequence[float],
    alike: bool,
    detail: dict[str, Any],
) -> list[Row]:
    area, count = _area(real, negatives), len(real) + len(negatives)
    detail = {**detail, "real": len(real)}
    target = ">= 0.95" if alike else ">= 0.99"
    return [
        result_row(
            f"{name}: AUROC of refusal", round(area, 5), n=count, unit="", target=target, detail=detail
        ),
        share_row(
            f"{name}: false accept",
            accepted,
            len(negatives),
            target=None if alike else "<= 2",
            detail=detail,
        ),
    ]
