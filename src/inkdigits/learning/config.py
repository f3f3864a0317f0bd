"""What a training run is told to do: `TrainConfig`, plain values that go to a run folder's config.json and
back.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Literal, get_args

from inkdigits.errors import RunError
from inkdigits.learning.augment import Augmentation

Schedule = Literal["constant", "cosine", "one-cycle"]
Precision = Literal["float32", "mixed_bfloat16", "mixed_float16"]


@dataclass(frozen=True)
class TrainConfig:
    """The settings of one run; the defaults are the paper's: Adam, batches of 64, 15 epochs, no augmentation.

    `learning_rate` is Adam's, constant, falling to 0 along a cosine, or rising over the first 30 % of the
    steps and then falling (one cycle, Smith and Topin 2019). `weight_decay` is decoupled (Loshchilov and
    Hutter 2019). `ema_momentum` in (0, 1) averages the weights over steps; the averages are what is validated
    and kept. `train_on_all` learns from the validation part as well, and then nothing is validated.
    `options` are settings that only the named recipe knows.
    """

    model: str
    epochs: int = 15
    batch_size: int = 64
    seed: int = 0
    learning_rate: float = 1e-3
    schedule: Schedule = "constant"
    weight_decay: float = 0.0
    label_smoothing: float = 0.0
    ema_momentum: float | None = None
    augmentation: Augmentation = field(default_factory=Augmentation)
    precision: Precision = "float32"
    train_on_all: bool = False
    options: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        checks = (
            (self.epochs >= 1, f"epochs is {self.epochs}: at least 1 is needed"),
            (self.batch_size >= 1, f"batch size is {self.batch_size}: at least 1 is needed"),
            (0 <= self.seed < 2**32, f"seed is {self.seed}: a whole number from 0 to 2**32 - 1 is needed"),
            (
                self.learning_rate > 0 and math.isfinite(self.learning_rate),
                f"learning rate is {self.learning_rate}: a number above 0 is needed",
            ),
            (
                self.schedule in get_args(Schedule),
                f"schedule {self.schedule!r}: {_one_of(Schedule)} is needed",
            ),
            (
                self.precision in get_args(Precision),
                f"precision {self.precision!r}: {_one_of(Precision)} is needed",
            ),
            (0 <= self.weight_decay < 1, f"weight decay is {self.weight_decay}: 0 to below 1 is needed"),
            (
                0 <= self.label_smoothing < 1,
                f"label smoothing is {self.label_smoothing}: 0 to below 1 is needed",
            ),
            (
                self.ema_momentum is None or 0 < self.ema_momentum < 1,
                f"EMA momentum is {self.ema_momentum}: between 0 and 1 is needed",
            ),
        )
        for right, message in checks:
            if not right:
                raise RunError(message)

    def to_dict(self) -> dict[str, Any]:
        """The settings as plain JSON types."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> TrainConfig:
        """The inverse of `to_dict`; RunError where a setting is unknown or missing."""
        known = {one.name for one in fields(cls)}
        if unknown := data.keys() - known:
            raise RunError(f"unknown settings in the run's config: {', '.join(sorted(unknown))}")
        try:
            return cls(**{**data, "augmentation": Augmentation(**data.get("augmentation", {}))})
        except TypeError as error:
            raise RunError(f"the run's config is damaged: {error}") from error


def _one_of(choices: Any) -> str:
    return " or ".join(get_args(choices))
