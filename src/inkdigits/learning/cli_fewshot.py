"""The verb `fewshot`. In: the run folder of an embedding. Out: a table of accuracies, and JSON."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from inkdigits.learning.cli_support import DataOption, nearest, need_training


def fewshot(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="A finished run folder of `train embedding`.")],
    labels: Annotated[
        list[int] | None,
        typer.Option("--labels", min=1, help="Labels a class; again for more. Default: 1 5 10 100."),
    ] = None,
    draws: Annotated[int, typer.Option(min=1, help="How many draws of the labels.")] = 10,
    method: Annotated[
        list[str] | None, typer.Option("--method", help="Which method; again for more. Default: all.")
    ] = None,
    on: Annotated[str, typer.Option("--on", help="The set to measure on: mnist-test or validation.")] = (
        "mnist-test"
    ),
    folder: DataOption = None,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help="Write all values to this JSON file.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
) -> None:
    """How well digits are read after a few labels a class: mean and standard deviation over draws."""
    need_training()
    import numpy as np
    from rich.console import Console
    from rich.table import Table

    from inkdigits.learning import fewshot as few
    from inkdigits.learning.runs import write_json
    from inkdigits.learning.sources import data_folder

    on = nearest(on, list(few.SETS), "data set")
    methods = [nearest(one, list(few.METHODS), "method") for one in method or few.METHODS]
    sizes = labels or list(few.SIZES)
    err = Console(stderr=True)

    def summary(values: list[float]) -> str:
        spread = np.std(values, ddof=1) if len(values) > 1 else 0.0
        return f"{100 * np.mean(values):.2f} +- {100 * spread:.2f}"

    def tell(name: str, count: int, values: list[float]) -> None:
        err.print(f"{few.key(count)}  {name}: {summary(values)} %", highlight=False)

    found = few.measure(few.open_bench(run, data_folder(folder), on), sizes, range(draws), methods, tell)
    record = {"run": run.resolve().name, "on": on, "draws": found}
    if out is not None:
        write_json(out, record)
    if as_json:
        typer.echo(json.dumps(record))
        return
    title = f"accuracy on {on}, %: mean and standard deviation of {draws} draws"
    table = Table("method", *(f"{count} a class" for count in sizes), title=title)
    for name in methods:
        table.add_row(name, *(summary(found[few.key(count)][name]) for count in sizes))
    Console().print(table)
