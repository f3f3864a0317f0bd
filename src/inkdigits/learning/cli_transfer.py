"""The verb `transfer-curve`. In: options. Out: runs, JSON and a picture."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from inkdigits.learning.cli_support import DataOption, nearest, need_training


def transfer_curve(
    labels: Annotated[
        list[int] | None,
        typer.Option("--labels", min=10, help="So many labels; again for more. Default: 10 to 60000."),
    ] = None,
    seeds: Annotated[int, typer.Option(min=1, help="How many draws of the labels.")] = 3,
    steps: Annotated[int, typer.Option(min=1, help="Training steps of each run.")] = 1000,
    on: Annotated[str, typer.Option("--on", help="The set to measure on.")] = "mnist-test",
    folder: DataOption = None,
    out: Annotated[
        Path, typer.Option("--out", metavar="DIR", help="Folder of runs, JSON and picture.")
    ] = Path("runs/transfer-curve"),
    report: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Folder of JSON and picture, if another.")
    ] = None,
) -> None:
    """Accuracy against MNIST's number of labels, pretrained and from scratch; goes on where it stopped."""
    need_training()
    from inkdigits.learning.evaluation import SETS
    from inkdigits.learning.sources import data_folder
    from inkdigits.learning.transfer_curve import COUNTS, label_curve

    place = nearest(on, list(SETS), "data set")
    _, files = label_curve(
        out,
        data_folder(folder),
        counts=labels or COUNTS,
        seeds=range(seeds),
        steps=steps,
        on=place,
        report=report,
    )
    for path in files:
        typer.echo(path)
