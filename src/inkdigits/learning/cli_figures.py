"""The verb `figures`: the pictures of the paper, each drawn by a command.

In: the data folder or run folders. Out: PNG files. Only Typer and the standard library are imported here.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from inkdigits.learning.cli_support import DataOption, nearest, need, need_training

figures_app = typer.Typer(help="Draw the pictures of the paper.", no_args_is_help=True)

FiguresOut = Annotated[Path, typer.Option("--out", metavar="DIR", help="Folder of the pictures.")]
Runs = Annotated[list[Path], typer.Argument(metavar="RUN...", help="Run folders.")]


@figures_app.command("datasets")
def figures_datasets(folder: DataOption = None, out: FiguresOut = Path("figures")) -> None:
    """Fig. 1: the data sets that are there, side by side."""
    need("matplotlib")
    from inkdigits.learning import datasets, figures, sources

    place = sources.data_folder(folder)
    samples = datasets.samples(place)
    if not samples:
        sources.require(["mnist"], place)
    typer.echo(figures.draw_datasets(samples, out / "datasets.png"))


@figures_app.command("architecture")
def figures_architecture(
    model: Annotated[str, typer.Argument(help="Which network.")] = "paper-cnn",
    out: FiguresOut = Path("figures"),
) -> None:
    """Fig. 2: a network's layers, their output shapes and parameters."""
    need_training()
    from inkdigits.learning import figures
    from inkdigits.learning.config import TrainConfig
    from inkdigits.learning.recipes import RECIPES

    recipe = RECIPES[nearest(model, list(RECIPES), "model")]
    network = recipe.build(TrainConfig(recipe.name, **recipe.defaults))
    typer.echo(figures.draw_architecture(network, out / f"{recipe.name}.png"))


@figures_app.command("curves")
def figures_curves(run: Runs, out: FiguresOut = Path("figures")) -> None:
    """Fig. 3 and 4: accuracy and loss over the epochs of one or more runs."""
    need("matplotlib")
    from inkdigits.learning import figures, runs

    for path in figures.draw_curves({one.name: runs.read_metrics(one) for one in run}, out):
        typer.echo(path)


@figures_app.command("times")
def figures_times(run: Runs, out: FiguresOut = Path("figures")) -> None:
    """Fig. 5: training and testing time of runs that were evaluated on mnist-test."""
    need("matplotlib")
    from inkdigits.errors import RunError
    from inkdigits.learning import figures, runs

    times = {}
    for one in run:
        report = one / "evaluation" / "mnist-test" / "report.json"
        if not report.is_file():
            raise RunError(f"{one}: not tested yet; run `inkdigits evaluate {one} --on mnist-test`")
        training = sum(row["seconds"] for row in runs.read_metrics(one))
        times[one.name] = (training, runs.read_json(report)["seconds"])
    typer.echo(figures.draw_times(times, out / "times.png"))


@figures_app.command("denoising")
def figures_denoising(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="A run of denoising-autoencoder.")],
    baseline: Annotated[
        Path, typer.Option("--baseline", metavar="RUN", help="A run of it without pretraining.")
    ],
    on: Annotated[str, typer.Option("--on", help="The set to measure on.")] = "mnist-test",
    folder: DataOption = None,
    out: FiguresOut = Path("figures"),
) -> None:
    """Digits given back from under noise, and accuracy under noise with and without pretraining."""
    need_training()
    from inkdigits.learning.denoising_figures import report_denoising
    from inkdigits.learning.evaluation import SETS
    from inkdigits.learning.sources import data_folder

    place = nearest(on, list(SETS), "data set")
    rows, files = report_denoising(run, baseline, place, data_folder(folder), out)
    typer.echo(f"{'noise':18}{'level':>6}{'pretrained %':>14}{'without %':>12}")
    for row in rows:
        pretrained, without = 100 * row.pretrained, 100 * row.baseline
        typer.echo(f"{row.noise:18}{row.level:6.2f}{pretrained:14.2f}{without:12.2f}")
    for path in files:
        typer.echo(path)
