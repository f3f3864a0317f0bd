"""Whether what is no digit is refused. In: networks, the real digits' confidences. Out: two rows a
kind of negative.

Of glyphs the digit network's best digit is the score, of pictures the answer's confidence, 0 where none is
given. The area under the receiver operating characteristic (AUROC) is the chance that a real digit scores
above a negative; a false accept is a negative that is answered at or above the shipped threshold.
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

Row = dict[str, Any]
ALIKE = "letters BD"


def glyph_rows(recogniser: Recogniser, data: Path, digits: Sequence[float]) -> list[Row]:
    """The digit network alone; `digits` are its confidences of real digits, 0 where it refused."""
    threshold = recogniser.glyph_card.threshold
    rows = []
    for name, glyphs in negative_glyphs(data).items():
        scores = recogniser.glyph_probabilities(glyphs)
        best = np.where(scores.argmax(axis=1) < 10, scores[:, :10].max(axis=1), 0.0)
        rows += _rows(f"{name} (glyphs)", best, int((best >= threshold).sum()), digits, name == ALIKE)
    return rows


def picture_rows(reader: Reader, data: Path, strings: Sequence[float]) -> list[Row]:
    """The whole reader; `strings` are its confidences of photos and cheques, 0 where it gave no answer."""
    rows = []
    for name, pictures in negative_pictures(data).items():
        answers = [reader.read(picture)[0] for picture in pictures]
        best = np.array([answer.confidence for answer in answers])
        rows += _rows(name, best, sum(answer.status == "ok" for answer in answers), strings, False)
    return rows


def _rows(name: str, negatives: np.ndarray, accepted: int, real: Sequence[float], alike: bool) -> list[Row]:
    truth = np.concatenate([np.ones(len(real)), np.zeros(len(negatives))])
    area = float(roc_auc_score(truth, np.concatenate([np.asarray(real), negatives])))
    detail = {"answered": int((negatives > 0).sum()), "real": len(real)}
    target = ">= 0.95" if alike else ">= 0.99"
    return [
        result_row(
            f"{name}: AUROC of refusal", round(area, 5), n=len(truth), unit="", target=target, detail=detail
        ),
        share_row(
            f"{name}: false accept",
            accepted,
            len(negatives),
            target=None if alike else "<= 2",
            detail=detail,
        ),
    ]
