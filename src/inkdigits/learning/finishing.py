"""How a run ends: its network, its curves and its result, written in this order.

In: the network to keep, what was measured of it, the history of its epochs. Out: the run folder, finished,
and a `TrainResult`.
"""

from __future__ import annotations

import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import keras

from inkdigits.learning import runs
from inkdigits.learning.config import TrainConfig
from inkdigits.learning.recipe import TrainingData


@dataclass(frozen=True)
class TrainResult:
    """How a run ended: `train` and `validation` are metrics measured without dropout, on the weights that are
    kept.
    """

    run: str
    model: str
    epochs: int
    seconds: float
    train: dict[str, float]
    validation: dict[str, float]
    train_count: int


def finish(
    kept: keras.Model,
    train: dict[str, float],
    validation: dict[str, float],
    data: TrainingData,
    config: TrainConfig,
    folder: Path,
    history: list[dict[str, Any]],
) -> TrainResult:
    """Write `kept` as model.keras, the curves, and result.json last; `train` and `validation` are its
    metrics.
    """
    result = TrainResult(
        run=folder.name,
        model=config.model,
        epochs=len(history),
        seconds=sum(row["seconds"] for row in history),
        train=train,
        validation=validation,
        train_count=data.count,
    )
    temporary = folder / "part.keras"
    kept.save(temporary)
    os.replace(temporary, folder / runs.MODEL)
    from inkdigits.learning.figures import draw_curves

    draw_curves({config.model: history}, folder)
    runs.write_json(folder / runs.RESULT, asdict(result))
    return result
