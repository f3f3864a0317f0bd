"""Trains the tiny recipe and is killed, as by kill -9, at the moment that its second argument names; "full"
lets the disk be full instead, from the third checkpoint on.
"""

import os
import resource
import signal
import sys
from pathlib import Path

import tiny

from inkdigits.learning import runs, training


def die(*_: object) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def main(folder: Path, moment: str) -> None:
    epochs = {"done": 0}
    if moment == "epoch":
        # 1,200 images in batches of 32 are 38 steps: the first call comes after 16 of them.
        watched = training.Watch.on_train_batch_end

        def on_train_batch_end(self: training.Watch, batch: int, logs: dict | None = None) -> None:
            if epochs["done"] == 2 and batch < 37:
                die()
            watched(self, batch, logs)

        training.Watch.on_train_batch_end = on_train_batch_end  # type: ignore[method-assign]
    if moment == "arrays":
        whole = runs.np.savez

        def savez(file: object, **arrays: object) -> None:
            if epochs["done"] == 2:
                file.write(b"PK\x03\x04 half a checkpoint")  # type: ignore[attr-defined]
                file.flush()  # type: ignore[attr-defined]
                die()
            whole(file, **arrays)

        runs.np.savez = savez
    if moment == "state":
        replace = os.replace

        def replace_or_die(source: Path, target: Path) -> None:
            if epochs["done"] == 2 and Path(target).suffix == ".json":
                die()
            replace(source, target)

        runs.os.replace = replace_or_die

    def after_epoch(done: int) -> None:
        epochs.update(done=done)
        if moment == "full" and done == 2:
            # No file may grow beyond this, as under a quota.
            resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))

    training.train(
        tiny.config(),
        folder,
        Path("nowhere"),
        recipe=tiny.TINY,
        after_epoch=after_epoch,
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
