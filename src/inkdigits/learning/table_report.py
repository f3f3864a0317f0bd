"""Table 1 as a report: report.md with its pictures in a folder, and the table on the terminal.

In: the runs of results/table1.json and the rows of `table`. Out: files, or a printed table.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

from rich import box
from rich.console import Console
from rich.table import Table

from inkdigits.errors import DataError
from inkdigits.learning import table_cells as cells
from inkdigits.learning import table_figures as figures
from inkdigits.learning import table_studies as studies
from inkdigits.learning.datasets import load_mnist
from inkdigits.learning.runs import write_text
from inkdigits.learning.table import Row
from inkdigits.learning.table_networks import draw_networks
from inkdigits.learning.table_summary import Run, Summary, asked, shared_errors, summarise

REPORT = "report.md"
GALLERY = 48
WIDE = 118  # columns of a terminal
MNIST = "mnist-test"
# Test images whose label fewer than three of five people confirmed (Northcutt, Athalye and Mueller 2021).
DISPUTED = frozenset(
    (947, 1621, 1901, 2130, 2462, 2597, 2654, 3520, 3558, 5937, 6651, 6783, 8527, 9679, 9729)
)  # fmt: skip
PICTURES = (
    ("accuracy", "Each row's seeds, its mean, the published figure and the target."),
    (
        "parameters",
        "Accuracy against parameters, moving averages included. Whiskers are one standard deviation.",
    ),
    ("multiply-adds", "Accuracy against the multiply-adds of one image."),
    ("training-time", "Accuracy against seconds to train, each row on the hardware named above."),
    ("curves", "Training loss and accuracy by epoch. Thin lines are seeds, thick ones their means."),
    ("times", "Seconds to train, and to read the test images."),
)
ABOUT_FIGURES = (
    "Figures are per cent of MNIST's 10,000 test images read rightly, or what the row names; sd is that of"
    " single runs, of one committee alone that of 200 bootstraps over its members. Intervals hold the mean"
    " with 95 %: over seeds Student's, which tells how far other seeds may lead and needs two of them; over"
    " images Wilson's, which tells how far other test images of the kind may. Published figures are those of"
    " the publications, however they chose their epoch."
)


def write_report(
    runs: Iterable[Run],
    rows: Sequence[Row],
    out_folder: Path,
    data_folder: Path | None = None,
    run_folders: Path | None = None,
) -> list[Path]:
    """Write report.md and its pictures into `out_folder`; returns the paths, the report first.

    A picture for which no run has the figures is left out, as is the gallery of shared errors where
    `data_folder` holds no MNIST; the report then says so. Pictures of what networks see need `run_folders` as
    well. RunError where a run lacks what every run has.
    """
    summaries = summarise(runs, rows)
    out_folder.mkdir(parents=True, exist_ok=True)
    drawn = _draw(summaries, out_folder)
    gallery, shared = _shared(summaries, out_folder, data_folder)
    networks, seen = _networks(out_folder, data_folder, run_folders)
    parts = [
        "# Table 1: networks that read handwritten digits",
        _overview(summaries),
        "## Accuracy",
        _accuracy_table(summaries),
        studies.few_labels(summaries, out_folder),
        studies.under_noise(out_folder),
        "## Other handwriting",
        _other_sets(summaries),
        "## Cost",
        _costs(summaries),
        "## Pictures",
        *(f"{told}\n\n![{name}]({name}.png)" for name, told in PICTURES if name in drawn),
        _left_out([name for name, _ in PICTURES if name not in drawn]),
        "## What all of them read wrongly",
        shared,
        "## What networks see" if seen else "",
        seen,
        "## Versions",
        _versions(summaries),
    ]
    report = out_folder / REPORT
    write_text(report, "\n\n".join(part for part in parts if part) + "\n")
    return [report, *drawn.values(), *([gallery] if gallery else []), *networks]


def print_table(runs: Iterable[Run], rows: Sequence[Row], console: Console) -> None:
    """Print each row's mean over seeds beside the published figure and the target, and what it costs where
    the terminal is wide enough.
    """
    summaries = summarise(runs, rows)
    wide = console.width >= WIDE
    headings = ["seeds", "mean ± sd", "published", "target", "met"]
    headings += ["parameters", "multiply-adds", "training"] if wide else []
    table = Table(
        title="table 1: per cent of MNIST's test images read rightly",
        box=box.SIMPLE,
        padding=(0, 1, 0, 0),
        pad_edge=False,
        show_edge=False,
    )
    table.add_column("row", no_wrap=True)
    for heading in headings:
        table.add_column(heading, justify="right", no_wrap=True)
    for one in summaries:
        style = {True: "green", False: "red", None: "default"}[one.met]
        costs = [cells.short(one.mean(field)) for field in ("parameters", "multiply_adds")]
        costs += [cells.duration(one.mean("seconds"))]
        table.add_row(
            one.row.name + ("*" if one.row.figure != MNIST else ""),
            f"{len(one.runs)}/{one.row.seeds}",
            cells.mean_sd(one.figure),
            cells.percent(one.row.published, one.row),
            cells.percent(one.row.target, one.row),
            f"[{style}]{cells.met(one, whole=False)}[/]",
            *(costs if wide else []),
        )
    others = [f"{one.row.name} {one.row.figure}" for one in summaries if one.row.figure != MNIST]
    if others:
        table.caption = f"* another figure: {', '.join(others)}"
    console.print(table)


def _draw(summaries: Sequence[Summary], folder: Path) -> dict[str, Path]:
    """The pictures that can be drawn, by name."""
    made = {
        "accuracy": figures.draw_accuracies(summaries, folder / "accuracy.png"),
        "curves": figures.draw_curves(summaries, folder / "curves.png"),
        "times": figures.draw_times(summaries, folder / "times.png"),
    }
    for name, field, label in (
        ("parameters", "parameters", "parameters"),
        ("multiply-adds", "multiply_adds", "multiply-adds of one image"),
        ("training-time", "seconds", "time to train"),
    ):
        path = folder / f"{name}.png"
        made[name] = figures.draw_against(summaries, field, label, path)
    drawn = {name: path for name, path in made.items() if path is not None}
    return {name: drawn[name] for name, _ in PICTURES if name in drawn}


# --- sections
# ------------------------------------------------------------------------------------------------------------


def _overview(summaries: Sequence[Summary]) -> str:
    measured = [one for one in summaries if one.runs]
    partly = [
        f"{one.row.name} ({len(one.runs)} of {one.row.seeds})"
        for one in measured
        if len(one.runs) < one.row.seeds
    ]
    waiting = [one.row.name for one in summaries if not one.runs]
    aimed = [one for one in measured if one.met is not None]
    lines = [
        f"{len(measured)} of {len(summaries)} rows are measured;"
        f" {sum(bool(one.met) for one in aimed)} of the {len(aimed)} that have a target meet it."
        " A run is scored once, after its last epoch; no epoch, seed or member is chosen by the test images."
    ]
    if partly:
        lines.append(f"Not all seeds are there yet: {', '.join(partly)}.")
    if waiting:
        lines.append(f"Not yet measured: {', '.join(waiting)}.")
    return "\n\n".join(lines)


def _accuracy_table(summaries: Sequence[Summary]) -> str:
    heading = ["row", "paper", "parameters", "multiply-adds", "seeds", "mean ± sd", "interval over seeds"]
    heading += ["interval over images", "published", "target", "met"]
    lines = [
        [
            one.row.name + cells.figure_note(one.row),
            one.row.paper,
            cells.number(one.mean("parameters")),
            cells.number(one.mean("multiply_adds")),
            cells.seeds(one),
            cells.mean_sd(one.figure, missing="not yet measured"),
            cells.interval(one.figure.interval if one.figure else None),
            cells.interval(one.figure.images if one.figure else None),
            cells.percent(one.row.published, one.row),
            cells.percent(one.row.target, one.row),
            cells.met(one),
        ]
        for one in summaries
    ]
    return f"{cells.markdown(heading, lines)}\n\n{ABOUT_FIGURES}"


def _figure_names(summaries: Sequence[Summary]) -> list[str]:
    """The figures that any run has, in the order in which they come."""
    return list(dict.fromkeys(key for one in summaries for run in one.runs for key in run["accuracy"]))


def _other_sets(summaries: Sequence[Summary]) -> str:
    """What networks that never saw them make of the other sets."""
    own = {one.row.figure for one in summaries} | {MNIST}
    keys = [key for key in _figure_names(summaries) if key not in own and "-labels" not in key]
    if not keys:
        return "No run was scored on another set than MNIST's."
    lines = [
        [one.row.name, *(cells.mean_sd(one.spread(key), 2) for key in keys)]
        for one in summaries
        if any(one.spread(key) for key in keys)
    ]
    return f"Per cent read rightly, mean ± sd.\n\n{cells.markdown(['row', *keys], lines)}"


def _costs(summaries: Sequence[Summary]) -> str:
    machines = list(dict.fromkeys(cells.machine(run) for one in summaries for run in one.runs))
    letters = {machine: chr(ord("A") + index) for index, machine in enumerate(machines)}
    lines = [
        [
            one.row.name,
            cells.number(one.mean("epochs")),
            cells.number(one.mean("seconds"), 1),
            cells.number(one.mean("images_per_second")),
            cells.number(one.mean("test_seconds"), 2),
            ", ".join(sorted({letters[cells.machine(run)] for run in one.runs})),
        ]
        for one in summaries
        if one.runs and not one.row.shares
    ]
    if not lines:
        return "No row is measured yet."
    heading = ["row", "epochs", "seconds to train", "images a second", "seconds to test", "hardware"]
    told = "\n".join(f"- {letter}: {machine}" for machine, letter in letters.items())
    note = "Means over seeds. A committee's times are the sums of its members'."
    return f"{cells.markdown(heading, lines)}\n\n{note}\n\nHardware:\n\n{told}"


def _shared(summaries: Sequence[Summary], folder: Path, data_folder: Path | None) -> tuple[Path | None, str]:
    """The gallery, if it can be drawn, and what is said about it."""
    times, rows = shared_errors(summaries)
    if not rows:
        return None, "No run tells which images it read wrongly."
    told = _shared_in_words(times, rows)
    if data_folder is None:
        return None, f"{told}\n\nThe images are not shown, for no data folder was given."
    try:
        digits = load_mnist(data_folder, "test")
    except DataError as error:
        return None, f"{told}\n\nThe images are not shown: {error}"
    hard = [(image, count) for image, count in times if 2 * count >= rows and image < len(digits)]
    if not hard:
        return None, told
    wrong = [run["wrong"] for one in asked(summaries) for run in one.runs if run.get("wrong") is not None]
    by_runs = Counter(image for images in wrong for image in images)
    titles = [
        f"#{image}{'*' if image in DISPUTED else ''}: {digits.labels[image]}\n{rows - count} of {rows} rows\n"
        f"{len(wrong) - by_runs[image]} of {len(wrong)} runs"
        for image, count in hard[:GALLERY]
    ]
    images = [digits.images[image] for image, _ in hard[:GALLERY]]
    path = figures.draw_gallery(images, titles, folder / "shared-errors.png")
    caption = (
        f"{len(images)} of the {len(hard)} images that at least half of the rows read wrongly, hardest first:"
        " number and label, by how many rows and how many runs it is read rightly. A star marks a disputed"
        " label."
    )
    return path, f"{told}\n\n{caption}\n\n![shared errors](shared-errors.png)"


def _networks(folder: Path, data_folder: Path | None, run_folders: Path | None) -> tuple[list[Path], str]:
    if data_folder is None or run_folders is None:
        return [], ""
    try:
        return draw_networks(run_folders, data_folder, folder)
    except DataError:
        return [], ""  # The gallery's section tells that MNIST is missing.


def _shared_in_words(times: Sequence[tuple[int, int]], rows: int) -> str:
    by_all = sorted(image for image, count in times if count == rows)
    alone = sum(count == 1 for _, count in times)
    listed = f" ({', '.join(map(str, by_all))})" if by_all else ""
    disputed = len(DISPUTED.intersection(by_all))
    return (
        f"Of the 10,000 test images, {len(by_all)} are read wrongly by all {rows} rows that tell theirs"
        f"{listed}, and {alone} by one row alone. A row reads an image wrongly where more than half of its"
        " seeds do; committees are not asked, for their members are. The labels of"
        f" {len(DISPUTED)} test images were confirmed by fewer than three of five people (Northcutt, Athalye"
        f" and Mueller 2021): {disputed} of them are among those that all read wrongly."
    )


def _versions(summaries: Sequence[Summary]) -> str:
    runs = [run for one in summaries for run in one.runs]
    if not runs:
        return "No row is measured yet."
    kinds = Counter(json.dumps(run.get("versions") or {}, sort_keys=True) for run in runs)
    lines = [
        f"- {count} runs: " + ", ".join(f"{name} {version}" for name, version in json.loads(kind).items())
        for kind, count in kinds.most_common()
    ]
    commits = Counter(str(run.get("commit") or "unknown") for run in runs)
    told = ", ".join(f"{cells.commit(name)} ({count})" for name, count in commits.most_common())
    return "\n".join(lines) + f"\n\nCommits, and how many runs each made: {told}."


def _left_out(names: Sequence[str]) -> str:
    return f"Not drawn, for no run has the figures: {', '.join(names)}." if names else ""
