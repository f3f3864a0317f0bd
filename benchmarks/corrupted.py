"""Errors under MNIST-C's fifteen corruptions, beside another network's. In: two glyph networks. Out: rows.

The mean error over the corruptions is told beside that of a reference, here the paper's CNN; so is the mean
of the fifteen ratios, the measure of the set's authors (Mu and Gilmer, 2019).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from common import result_row
from inkdigits.learning.corruptions import CORRUPTIONS
from inkdigits.learning.evaluation import SETS, Network, open_network
from inkdigits.reading.recogniser import Recogniser

Row = dict[str, Any]
MEAN_ERROR = "MNIST-C: mean error"
RELATIVE_ERROR = "MNIST-C: mean error by that of the paper's CNN"
MEAN_RATIO = "MNIST-C: mean of the ratios to the paper's CNN"
TARGET = "<= 0.25"


def corruption_rows(recogniser: Recogniser, reference: Path, data: Path) -> list[Row]:
    """The mean error (per cent) of the digit network, and its relation to that of the network at `reference`.

    What is refused counts as wrong. `reference` is a run folder or an ONNX file of the paper's CNN.
    """
    paper: Network = open_network(reference)
    ours, theirs, images = {}, {}, 0
    for name in CORRUPTIONS:
        digits = SETS[f"mnist-c-{name}"](data)
        images += len(digits)
        read = recogniser.glyph_probabilities(digits.images, lone=True).argmax(axis=1)
        ours[name] = _error(read, digits.labels)
        theirs[name] = _error(paper.probabilities(digits.images).argmax(axis=1), digits.labels)
    ratios = {name: round(ours[name] / theirs[name], 3) for name in ours}
    means = [float(np.mean(list(errors.values()))) for errors in (ours, theirs)]
    detail = {"errors": ours, "errors_of_the_paper's_cnn": theirs, "mean_of_the_paper's_cnn": means[1]}
    return [
        result_row(MEAN_ERROR, round(means[0], 3), n=images, unit="%", detail=detail),
        result_row(RELATIVE_ERROR, round(means[0] / means[1], 4), n=images, unit="", target=TARGET),
        result_row(
            MEAN_RATIO,
            round(float(np.mean(list(ratios.values()))), 4),
            n=images,
            unit="",
            detail={"ratios": ratios},
        ),
    ]


def _error(read: np.ndarray, labels: np.ndarray) -> float:
    return round(100 * float((read != labels).mean()), 3)
