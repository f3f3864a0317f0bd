"""A run's progress on the terminal, and the watch over its loss. In: batches done. Out: a bar, a stop."""

# Keras declares types that its own documentation contradicts.
# pyright: reportArgumentType=false

from __future__ import annotations

import math
import time
from typing import Any

import keras
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn


def epoch_progress(console: Console) -> Progress:
    """A bar over the images of all epochs: images a second, loss, the last epoch's figures, time left."""
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[speed]}  loss {task.fields[loss]}  {task.fields[last]}"),
        TimeRemainingColumn(elapsed_when_finished=True),
        console=console,
    )


class Watch(keras.callbacks.Callback):
    """Moves the progress bar, and stops a fit whose loss is no longer a number."""

    INTERVAL = 0.25

    def __init__(
        self, network: Any, progress: Progress, task: Any, done: int, batch_size: int, count: int
    ) -> None:
        super().__init__()
        self.network, self.progress, self.task, self.done = network, progress, task, done
        self.batch_size, self.count = batch_size, count
        self.start = self.shown = time.perf_counter()
        self.failed = False

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        now = time.perf_counter()
        if now - self.shown < self.INTERVAL:
            return
        self.shown = now
        seen = min((batch + 1) * self.batch_size, self.count)
        loss = float((logs or {}).get("loss", 0.0))
        if not math.isfinite(loss):
            self.failed = True
            self.network.stop_training = True
        self.progress.update(
            self.task,
            completed=self.done + seen,
            speed=f"{seen / (now - self.start):,.0f} images/s",
            loss=f"{loss:.4f}",
        )
