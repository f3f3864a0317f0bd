"""The learning verbs of the command line: data, train, evaluate, export, models, figures.

In: the Typer application. Out: the same, with these verbs. Only Typer and the standard library are imported
here; each verb imports what it needs, so that `inkdigits read` starts without Keras.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from inkdigits.learning.cli_benchmark import benchmark_app
from inkdigits.learning.cli_calibrate import calibrate
from inkdigits.learning.cli_explain import explain
from inkdigits.learning.cli_export import export
from inkdigits.learning.cli_fewshot import fewshot
from inkdigits.learning.cli_figures import figures_app
from inkdigits.learning.cli_support import DataOption, OutOption, chosen, named_values, nearest, need_training
from inkdigits.learning.cli_synth import synth
from inkdigits.learning.cli_transfer import transfer_curve

if TYPE_CHECKING:
    from inkdigits.learning.recipes import Recipe

FAST = "fast"  # the recipe of `train --fast`

data_app = typer.Typer(help="List, download and verify the data sets.", invoke_without_command=True)


def register(app: typer.Typer) -> None:
    """Add the learning verbs to `app`."""
    app.add_typer(data_app, name="data")
    app.command("train")(train)
    app.command("evaluate")(evaluate)
    app.command("export")(export)
    app.command("models")(models)
    app.command("explain")(explain)
    app.command("fewshot")(fewshot)
    app.command("synth")(synth)
    app.command("calibrate")(calibrate)
    app.add_typer(figures_app, name="figures")
    app.command("transfer-curve")(transfer_curve)
    app.add_typer(benchmark_app, name="benchmark")


# --- data
# ------------------------------------------------------------------------------------------------------------


@data_app.callback()
def data(context: typer.Context, folder: DataOption = None) -> None:
    """List, download and verify the data sets; without a command, list them."""
    context.obj = folder
    if context.invoked_subcommand is None:
        data_list(context)


@data_app.command("list")
def data_list(context: typer.Context, folder: DataOption = None) -> None:
    """Each data set: licence, use, whether its files are there, where it comes from."""
    from inkdigits.learning import sources

    place = sources.data_folder(folder or context.obj)
    typer.echo(f"data in {place}")
    for source in sources.SOURCES.values():
        there = sum(sources.local_path(file, place) is not None for file in source.files)
        fetch = (
            "has a public download" if all(file.urls for file in source.files) else "to be put there by hand"
        )
        use = "may train weights" if source.may_train else "evaluation only"
        typer.echo(f"\n{source.name:12} {there} of {len(source.files)} files here; {fetch}; {use}")
        typer.echo(f"{'':12} {source.title}")
        typer.echo(f"{'':12} licence: {source.licence}  {source.homepage}")


@data_app.command("download")
def data_download(
    context: typer.Context,
    names: Annotated[list[str] | None, typer.Argument(help="Data sets; default: mnist qmnist.")] = None,
    folder: DataOption = None,
) -> None:
    """Fetch data sets from their public mirrors; goes on where a download broke off."""
    from rich.console import Console

    from inkdigits.learning import download, sources

    chosen = [nearest(name, list(sources.SOURCES), "data set") for name in names or ["mnist", "qmnist"]]
    place = sources.data_folder(folder or context.obj)
    for name in chosen:
        source = sources.SOURCES[name]
        typer.echo(f"{name}: {source.title}\n  licence: {source.licence}  {source.homepage}", err=True)
        for path in download.download_source(source, place, Console(stderr=True)):
            typer.echo(path)


@data_app.command("verify")
def data_verify(
    context: typer.Context,
    names: Annotated[list[str] | None, typer.Argument(help="Data sets; default: all that are there.")] = None,
    folder: DataOption = None,
) -> None:
    """Compare the sha256 of every file with the one known; exit code 1 where a file is missing or differs."""
    from inkdigits.learning import sources

    place = sources.data_folder(folder or context.obj)
    chosen = [nearest(name, list(sources.SOURCES), "data set") for name in names or []]
    checked = failed = 0
    for source in sources.SOURCES.values():
        for file in source.files:
            path = sources.local_path(file, place)
            if (chosen and source.name not in chosen) or (not chosen and path is None):
                continue
            state = "missing" if path is None else "ok" if sources.check(file, path) else "differs"
            checked, failed = checked + 1, failed + (state != "ok")
            typer.echo(f"{state:8}{path or place / file.path}")
    if not checked:
        typer.echo(f"{place}: no data set is there; `inkdigits data download` fetches MNIST", err=True)
    if failed or not checked:
        raise typer.Exit(1)


# --- train
# -----------------------------------------------------------------------------------------------------------


def train(
    model: Annotated[
        str | None, typer.Argument(help="Which network; `inkdigits models` lists them. None with --fast.")
    ] = None,
    fast: Annotated[bool, typer.Option("--fast", help="The network and recipe that learn soonest.")] = False,
    epochs: Annotated[int | None, typer.Option(min=1, help="Default: 15.")] = None,
    batch_size: Annotated[
        int | None, typer.Option("--batch-size", "--batch", min=1, help="Default: 64.")
    ] = None,
    seed: Annotated[
        int | None, typer.Option(min=0, help="Same seed, same machine: same weights. Default: 0.")
    ] = None,
    learning_rate: Annotated[float | None, typer.Option(help="Adam's. Default: 0.001.")] = None,
    schedule: Annotated[
        str | None, typer.Option(help="constant, cosine or one-cycle. Default: constant.")
    ] = None,
    weight_decay: Annotated[float | None, typer.Option(help="Decoupled weight decay. Default: 0.")] = None,
    label_smoothing: Annotated[float | None, typer.Option(help="Default: 0.")] = None,
    ema: Annotated[float | None, typer.Option(help="Momentum of averaged weights, such as 0.999.")] = None,
    translation: Annotated[
        float | None, typer.Option(help="Augmentation: shift by up to this many pixels.")
    ] = None,
    rotation: Annotated[
        float | None, typer.Option(help="Augmentation: turn by up to this many degrees.")
    ] = None,
    scale: Annotated[float | None, typer.Option(help="Augmentation: scale by up to this fraction.")] = None,
    shear: Annotated[float | None, typer.Option(help="Augmentation: shear by up to this fraction.")] = None,
    elastic: Annotated[
        float | None, typer.Option(help="Augmentation: elastic distortion's strength, such as 34.")
    ] = None,
    elastic_sigma: Annotated[float | None, typer.Option(help="Its smoothness in pixels. Default: 4.")] = None,
    precision: Annotated[str | None, typer.Option(help="float32, mixed_bfloat16 or mixed_float16.")] = None,
    train_on_all: Annotated[
        bool | None, typer.Option("--train-on-all", help="Hold out no validation part.")
    ] = None,
    option: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=VALUE", help="A setting that only this network knows; may be repeated."),
    ] = None,
    folder: DataOption = None,
    run: Annotated[
        Path | None, typer.Option("--run", metavar="DIR", help="Default: runs/MODEL-seedSEED.")
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on from the run folder's last whole checkpoint.")
    ] = False,
    makers: Annotated[
        int, typer.Option(min=1, help="Processes that make the epochs to come, where a GPU learns faster.")
    ] = 1,
) -> None:
    """Train a network by its recipe; the paper's two by the paper's."""
    need_training()
    from inkdigits.learning.recipes import RECIPES

    recipe = RECIPES[_wanted(model, fast, list(RECIPES))]
    given = {
        "epochs": epochs,
        "batch_size": batch_size,
        "seed": seed,
        "learning_rate": learning_rate,
        "schedule": schedule,
        "weight_decay": weight_decay,
        "label_smoothing": label_smoothing,
        "ema_momentum": ema,
        "precision": precision,
        "train_on_all": train_on_all,
        "options": named_values(option) if option else None,
    }
    warps = {
        "translation": translation,
        "rotation": rotation,
        "scale": scale,
        "shear": shear,
        "elastic": elastic,
        "elastic_sigma": elastic_sigma,
    }
    place = run or Path("runs") / f"{recipe.name}-seed{seed or 0}"
    config = _config(recipe, chosen(given), chosen(warps), place if resume else None)

    from inkdigits.learning.sources import data_folder
    from inkdigits.learning.training import train as run_training

    result = run_training(config, place, data_folder(folder), resume=resume, makers=makers)
    typer.echo(f"{place}: {result.epochs} epochs in {result.seconds:.0f} s of training")
    for part, values in (
        ("training part, without dropout", result.train),
        ("validation part", result.validation),
    ):
        if values:
            typer.echo(f"  {part}: " + ", ".join(f"{name} {value:.5f}" for name, value in values.items()))


def _wanted(model: str | None, fast: bool, known: list[str]) -> str:
    """The name of the recipe that was asked for; RunError where none was, or two."""
    from inkdigits.errors import RunError

    if fast and model not in (None, FAST):
        raise RunError(f"--fast is a network and a recipe of its own; leave out {model}, or --fast")
    if model is None and not fast:
        raise RunError("which network? `inkdigits models` lists them; --fast is the one that learns soonest")
    return nearest(model or FAST, known, "model")


def _config(recipe: Recipe, given: dict[str, Any], warps: dict[str, Any], resumed: Path | None) -> Any:
    """The run's settings: those of the resumed run or of the recipe, and what was given over them."""
    from inkdigits.learning import runs
    from inkdigits.learning.augment import Augmentation
    from inkdigits.learning.config import TrainConfig

    base = TrainConfig(recipe.name, **recipe.defaults).to_dict()
    if resumed is not None and (resumed / runs.CONFIG).is_file():
        base = {
            **TrainConfig.from_dict(runs.read_json(resumed / runs.CONFIG)).to_dict(),
            "model": recipe.name,
        }
    augmentation = Augmentation(**{**base["augmentation"], **warps})
    return TrainConfig(**{**base, **given, "augmentation": augmentation})


# --- evaluate, models
# ----------------------------------------------------------------------------------------


def evaluate(
    weights: Annotated[
        Path, typer.Argument(metavar="RUN_OR_WEIGHTS", help="A run folder, or an .onnx file with its card.")
    ],
    on: Annotated[
        str,
        typer.Option(
            "--on",
            help="mnist-test, validation, usps-test, ardis, quiz-sheets; lines-test, lines-validation; "
            "or a FOLDER of images.",
        ),
    ],
    folder: DataOption = None,
    out: OutOption = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the figures as JSON instead of tables.")
    ] = False,
) -> None:
    """Measure a network: accuracy with its 95 % interval, classes, confusions, calibration, worst mistakes.

    A FOLDER is one folder a class (0 to 9, or longer texts), or holds labels.csv with the columns file and
    text.
    """
    need_training()
    from rich.console import Console

    from inkdigits.errors import RunError
    from inkdigits.learning import evaluation, folders, report
    from inkdigits.learning.line_evaluation import LINE_SETS, evaluate_lines
    from inkdigits.learning.sources import data_folder

    if not weights.exists():
        raise RunError(f"{weights}: no such run folder or weights file")
    if on in evaluation.SETS:
        found = evaluation.evaluate_set(weights, on, data_folder(folder))
    elif on in LINE_SETS:
        found = evaluate_lines(weights, on, data_folder(folder))
    elif Path(on).is_dir():
        found = folders.evaluate_folder(folders.weights_of(weights), Path(on))
    else:
        nearest(on, [*evaluation.SETS, *LINE_SETS], "data set or folder")
        return
    if as_json:
        typer.echo(json.dumps(found.to_dict()))
    else:
        report.print_report(found, Console())
    place = out or (weights / "evaluation" / Path(on).name if weights.is_dir() else None)
    if place is not None:
        for path in report.write_report(found, place):
            typer.echo(path, err=True)


def models(
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the list as JSON instead of a table.")
    ] = False,
) -> None:
    """List the networks that can be trained: paper, parameters, multiply-adds of one image, file."""
    need_training()
    from dataclasses import asdict

    from inkdigits.learning.benchmark import STRIP_WIDTH
    from inkdigits.learning.catalogue import catalogue
    from inkdigits.learning.recipes import RECIPES
    from inkdigits.learning.table import ROWS

    entries = catalogue(RECIPES.values(), ROWS)
    if as_json:
        typer.echo(json.dumps([asdict(entry) for entry in entries], indent=2))
        return
    typer.echo(f"{'':22}{'parameters':>12}{'multiply-adds':>16}  file")
    for entry in entries:
        typer.echo(f"\n{entry.name:22}{entry.parameters:12,}{entry.multiply_adds:16,}  {entry.file}")
        for line in (entry.description, entry.paper):
            if line:
                typer.echo(f"{'':22}{line}")
    typer.echo(f"\nmultiply-adds of one glyph of 28x28, a line network's of a strip of 32x{STRIP_WIDTH}")
