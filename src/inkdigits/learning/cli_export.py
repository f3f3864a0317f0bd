"""The verb `export`. In: a run, or a network of the package, and where it is to run. Out: its files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from inkdigits.learning.cli_support import DataOption, OutOption, nearest, need_training

if TYPE_CHECKING:
    from inkdigits.learning.targets import Written

_SIZES = {
    "file": "the file",
    "weights": "weights",
    "flash": "flash, code and weights, as compiled for this machine",
    "work": "memory while it runs",
}


def _tell(written: Written) -> None:
    for path in written.paths:
        typer.echo(path)
    for name, size in written.sizes.items():
        typer.echo(f"{_SIZES[name]}: {size:,} bytes", err=True)
    typer.echo(
        f"{written.runtime} reads {written.accuracy:.2%} of {written.images:,} test images rightly, "
        f"ONNX Runtime in float32 {written.float_accuracy:.2%}; {written.agreement:.2%} alike",
        err=True,
    )


def export(
    run: Annotated[
        Path,
        typer.Argument(
            metavar="RUN",
            help="A finished run; for onnx-int8, c and js also an .onnx file or a name such as light.",
        ),
    ],
    target: Annotated[
        str, typer.Option(help="onnx; onnx-int8, litert, c or js, for small devices and browsers.")
    ] = "onnx",
    folder: DataOption = None,
    out: OutOption = None,
    threshold: Annotated[
        float | None,
        typer.Option(
            min=0,
            max=1,
            help="Confidence below which a reading is unsure; else fitted on the validation part.",
        ),
    ] = None,
    half: Annotated[bool, typer.Option("--half", help="Store weights as float16: half the bytes.")] = False,
    average: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Mean of the run's weights and this .onnx file's that it began from."
        ),
    ] = None,
) -> None:
    """Write a network for where it is to run, once it computes there what Keras does.

    ONNX is compared with Keras on 1,000 images, all others with ONNX on MNIST's 10,000 test images.
    """
    need_training()
    from inkdigits.learning.export import export_run
    from inkdigits.learning.sources import data_folder
    from inkdigits.learning.targets import TARGETS, write_target
    from inkdigits.reading.card import card_path

    if target != "onnx":
        nearest(target, ["onnx", *TARGETS], "target")
        if half or threshold is not None or average is not None:
            raise typer.BadParameter(f"--half, --threshold and --average are for onnx, not for {target}")
        _tell(write_target(run, target, data_folder(folder), out))
        return
    path = export_run(run, data_folder(folder), out, threshold=threshold, half=half, average=average)
    typer.echo(path)
    typer.echo(card_path(path))
