"""The verb `calibrate`. In: a folder of weights. Out: its line network's card, rewritten."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from inkdigits.learning.cli_support import DataOption, need_training


def calibrate(
    weights: Annotated[Path, typer.Argument(metavar="DIR", help="A folder with both shipped networks.")],
    count: Annotated[int, typer.Option(min=100, help="How many synthetic lines are read.")] = 6000,
    folder: DataOption = None,
) -> None:
    """Fit what confidence means, and from where on an answer is sure, on lines of writers held out."""
    need_training()
    from inkdigits.learning.reader_calibration import ACCEPTED_RISK, calibrate_reader
    from inkdigits.learning.sources import data_folder

    found = calibrate_reader(weights, data_folder(folder), count)
    before, after = 100 * found.error_before, 100 * found.error_after
    typer.echo(
        f"{found.count} answers: calibration error {before:.2f} % before, {after:.2f} % after; "
        f"sure from confidence {found.threshold:.3f} on ({100 * found.accepted:.1f} % of the answers, "
        f"{100 * ACCEPTED_RISK:g} % of them wrong)"
    )
