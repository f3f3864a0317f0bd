"""The verb `benchmark table1`: any row of the table, or all, from nothing or from where it stopped.

In: the data folder. Out: runs, `results/table1.json`, the report. Only Typer and the standard library are
imported here.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from inkdigits.learning.cli_support import DataOption, nearest, need_training

benchmark_app = typer.Typer(help="Measure networks side by side.", no_args_is_help=True)


@benchmark_app.callback()
def benchmark() -> None:
    """Measure networks side by side."""


@benchmark_app.command("table1")
def table1(
    rows: Annotated[list[str] | None, typer.Argument(metavar="[ROW]...", help="Rows; default: all.")] = None,
    seeds: Annotated[
        int | None, typer.Option(min=1, help="Seeds 0 to N-1 of each row. Default: as many as the row says.")
    ] = None,
    seed: Annotated[int | None, typer.Option(min=0, help="This one seed only.")] = None,
    jobs: Annotated[
        int, typer.Option(min=1, help="Runs at a time; each has its share of the cores to itself.")
    ] = 1,
    together: Annotated[
        bool, typer.Option("--together", help="Learn the seeds of a row side by side: on a GPU, under JAX.")
    ] = False,
    folder: DataOption = None,
    runs: Annotated[Path, typer.Option(metavar="DIR", help="Folder of the run folders.")] = Path(
        "runs/table1"
    ),
    out: Annotated[Path, typer.Option(metavar="FILE", help="The list of runs.")] = Path(
        "results/table1.json"
    ),
    report: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Write the report, with its pictures, there.")
    ] = None,
    only_report: Annotated[
        bool, typer.Option("--only-report", help="Train nothing: show and report what is measured.")
    ] = False,
) -> None:
    """Train, score and compare the networks of the literature; what is finished is not trained again.

    All rows get their first seed before any gets its second. Stop it whenever you like: it goes on from the
    last whole epoch.
    """
    need_training()
    from rich.console import Console

    from inkdigits.learning import queue, table, table_report
    from inkdigits.learning.runs import read_json
    from inkdigits.learning.sources import data_folder, require

    console = Console(stderr=True)
    names = [nearest(name, list(table.BY_NAME), "row") for name in rows or list(table.BY_NAME)]
    place = data_folder(folder)
    failed = []
    if not only_report:
        require(["mnist"], place)
        wanted = queue.jobs_of([table.BY_NAME[name] for name in names], seeds, seed)
        if together:
            from inkdigits.learning.benchmark import run_together

            for row in dict.fromkeys(row.name for row, _ in wanted):
                own = [number for one, number in wanted if one.name == row]
                run_together(table.BY_NAME[row], own, runs, place, console)
        failed = queue.run_all(wanted, queue.Places(runs, place, out), jobs, console)
    listed = read_json(out) if out.is_file() else []
    table_report.print_table(listed, table.ROWS, Console())
    if report is not None:
        for path in table_report.write_report(listed, table.ROWS, report, place, runs):
            typer.echo(path)
    for message in failed:
        console.print(message, style="red", highlight=False)
    if failed:
        raise typer.Exit(1)
