"""An evaluation's report as tables on the terminal, and as report.json and pictures in a folder."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from inkdigits.learning import figures, runs
from inkdigits.learning.evaluation import WORST, Report

SHOWN_MISTAKES = 10


def print_report(report: Report, console: Console) -> None:
    """The figures, each class's precision and recall, the commonest confusions, and the worst mistakes."""
    low, high = report.interval
    summary = Table(title=f"on {report.on}", show_header=False)
    summary.add_row("right", f"{report.correct} of {report.count}")
    summary.add_row(
        "accuracy", f"{100 * report.accuracy:.2f} %  (95 % interval {100 * low:.2f} to {100 * high:.2f})"
    )
    if report.digit_error is not None:
        summary.add_row("string error", f"{100 * (1 - report.accuracy):.2f} %")
        summary.add_row("digit error", f"{100 * report.digit_error:.3f} %")
    summary.add_row("calibration error (ECE)", f"{report.ece:.4f}")
    if report.nll is not None and report.brier is not None:
        summary.add_row("negative log-likelihood (NLL)", f"{report.nll:.4f}")
        summary.add_row("Brier score", f"{report.brier:.4f}")
    summary.add_row(
        "time", f"{report.seconds:.2f} s  ({report.count / max(report.seconds, 1e-9):,.0f} images/s)"
    )
    console.print(summary)
    console.print(_classes(report))
    if report.mistakes:
        console.print(_confusions(report))
        console.print(_mistakes(report))


def write_report(report: Report, folder: Path) -> list[Path]:
    """Write report.json, confusion.png, reliability.png, and mistakes.png where the images are known; returns
    the paths.
    """
    folder.mkdir(parents=True, exist_ok=True)
    written = [folder / "report.json"]
    runs.write_json(written[0], report.to_dict())
    written.append(figures.draw_confusion(report.confusion, report.classes, folder / "confusion.png"))
    written.append(figures.draw_reliability(*report.bins, folder / "reliability.png"))
    worst = [one for one in report.mistakes if one.image is not None][:WORST]
    if worst:
        titles = [f"{one.truth} as {one.read}\n{one.confidence:.3f}  #{one.name}" for one in worst]
        images = [one.image for one in worst if one.image is not None]
        written.append(figures.draw_mistakes(images, titles, folder / "mistakes.png"))
    return written


def _classes(report: Report) -> Table:
    table = Table("class", "images", "precision %", "recall %", title="each class")
    for name, count, precision, recall in zip(
        report.classes, report.confusion.sum(axis=1), report.precision, report.recall, strict=True
    ):
        table.add_row(name, str(count), _percent(precision), _percent(recall))
    return table


def _confusions(report: Report) -> Table:
    wrong = report.confusion * (1 - np.eye(len(report.classes), dtype=int))
    table = Table("true", "read as", "times", title="commonest confusions")
    for place in np.argsort(-wrong, axis=None, kind="stable")[:SHOWN_MISTAKES]:
        truth, read = np.unravel_index(place, wrong.shape)
        if wrong[truth, read]:
            table.add_row(report.classes[truth], report.classes[read], str(wrong[truth, read]))
    return table


def _mistakes(report: Report) -> Table:
    table = Table("image", "true", "read as", "confidence", title="worst mistakes")
    for one in report.mistakes[:SHOWN_MISTAKES]:
        table.add_row(one.name, one.truth, one.read or "(nothing)", f"{one.confidence:.4f}")
    return table


def _percent(share: float) -> str:
    return "-" if np.isnan(share) else f"{100 * share:.2f}"
