"""The tables of README.md and docs/figures.md, from `results/*.json`: no figure in them is typed by hand.

    python scripts/readme_tables.py [--check]

In: the rows that the benchmarks wrote. Out: docs/figures.md with all of them, and README.md, rewritten
between its two marker comments, with those that `SHOWN` names; with --check nothing is written, and the exit
code is 1 where either would change.

A row whose figure is "FIGURE, NAME" stands beside the row "FIGURE", in a column of its own: a peer. Rows
whose detail names a "table" stand in one of that title, below the others of their file.
"""

from __future__ import annotations

import json
import sys
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
BEGIN, END = "<!-- figures: begin (make readme) -->", "<!-- figures: end -->"
TITLES = {
    "real_ink": "Images it never learnt from",
    "ablation": "What each part of reading adds: one left out after another",
    "retaken": "The real images taken once more: turned, nearer, cut, in worse light",
    "scenes": "Scenes drawn for what the sets do not hold: every number is read, and nothing else",
    "mnist": "The paper's networks on MNIST",
    "table1": "The literature on MNIST, and on handwriting that none of it learnt from",
    "train_speed": "Training against the clock",
    "augmentation": "Augmentation beside training",
    "read_speed": "Time to read a photo",
    "tiny": "Networks for small devices",
    "service": "The service",
    "startup": "Cold start and size",
    "proportions": "How synthetic lines are written, and cheques: medians",
}
# Which figures of a file the README shows, as patterns; of a file that is not named here, all; with no
# pattern, nothing of it.
SHOWN: dict[str, tuple[str, ...]] = {
    "proportions": (),
    "mnist": ("*accuracy*",),
    "train_speed": ("*: time", "*: MNIST test", "*over that of*"),
    "augmentation": ("all together*",),
    "read_speed": (
        "one *",
        "*: ink",
        "*: over Keras predict*",
        "*: int8 over*",
        "*two processes*",
        "killed*",
    ),
    "service": (
        "images a second, 8 *",
        "p99, 8 *",
        "throughput*",
        "page:*",
        "kill -9 of*",
        "hostile*5xx*",
        "hostile*crashed",
        "hostile*wrong*",
        "soak, sent*",
    ),
}
FIGURES = """# All figures

What the benchmarks measured, each with how often, where, and by which command. Those that matter most stand
in the [README](../README.md#how-well-it-reads); a promise that is not kept is marked.
"""
Row = dict[str, Any]


def render(results: Path, shown: dict[str, tuple[str, ...]] | None = None) -> str:
    """All tables as Markdown, those of `TITLES` first; what was not measured is said to be so. `shown` keeps
    the figures that match one of the patterns of their file.
    """
    names = [*TITLES, *sorted({path.stem for path in results.glob("*.json")} - set(TITLES))]
    parts = []
    for name in names:
        if shown and shown.get(name) == ():
            continue
        path = results / f"{name}.json"
        title = TITLES.get(name, name.replace("_", " ").capitalize())
        rows = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else []
        if shown and name in shown:
            rows = [row for row in rows if any(fnmatch(row["figure"], one) for one in shown[name])]
        draw = literature if name == "table1" else tables
        body = draw(rows) if rows else f"Not measured yet: `python benchmarks/{name}.py`."
        parts.append(f"### {title}\n\n{body}")
    return "\n\n".join(parts)


def tables(rows: list[Row]) -> str:
    """The rows of one file, as one table or several."""
    parts: dict[str, list[Row]] = {"": []}
    for row in rows:
        parts.setdefault(row.get("detail", {}).get("table", ""), []).append(row)
    return "\n\n".join(
        f"#### {title}\n\n{table(own)}" if title else table(own) for title, own in parts.items() if own
    )


def table(rows: list[Row]) -> str:
    """One table, and beneath it how it was measured."""
    figures = {row["figure"]: row for row in rows}
    beside = {figure: _split_peer(figure, figures) for figure in figures}
    peers = list(dict.fromkeys(peer for _, peer in beside.values() if peer))
    lines = ["| figure | inkdigits | 95 % or sd | n | target |" + "".join(f" {peer} |" for peer in peers)]
    lines.append("|---|---:|---:|---:|---:|" + "---:|" * len(peers))
    for figure, row in figures.items():
        if beside[figure][1]:
            continue
        cells = [figure, _value(row), _spread(row), f"{row['n']:,}", _target(row)]
        cells += [
            _value(figures[f"{figure}, {peer}"]) if f"{figure}, {peer}" in figures else "" for peer in peers
        ]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join([*lines, "", _measured(rows)])


def literature(runs: list[dict[str, Any]]) -> str:
    """Table 1: a line a network, means over its seeds in per cent, and which are not yet measured."""
    from inkdigits.learning.table import ROWS
    from inkdigits.learning.table_summary import summarise

    sets = ("usps-test", "ardis", "quiz-sheets")
    lines = [
        "| network | parameters | MNIST test | seeds | target | published | USPS | ARDIS | quiz sheets |"
    ]
    lines.append("|---|" + "---:|" * 8)
    missing = []
    for summary in summarise(runs, ROWS):
        row, found = summary.row, summary.figure
        if not row.listed:
            continue
        if found is None:
            missing.append(row.name)
            continue
        spread = f" ± {100 * found.sd:.2f}" if found.sd is not None else ""
        others = [summary.spread(name) for name in sets]
        cells = [
            row.name if row.figure == "mnist-test" else f"{row.name} ({row.figure})",
            f"{summary.mean('parameters') or 0:,.0f}",
            f"{100 * found.mean:.2f}{spread}",
            str(len(found.values)),
            "" if row.target is None else f"{row.target:g}" + ("" if summary.met else " (missed)"),
            "" if row.published is None else f"{row.published:g}",
            *("" if one is None else f"{100 * one.mean:.2f}" for one in others),
        ]
        lines.append("| " + " | ".join(cells) + " |")
    if missing:
        lines += ["", f"Not yet measured: {', '.join(missing)}."]
    hardware = [run["hardware"] for run in runs]
    machines = {
        f"{one['processor']}, {one['cores']} core{'s'[: one['cores'] > 1]}{_gpu(one)}" for one in hardware
    }
    commits = {run["commit"][:10] for run in runs}
    told = (
        f"`inkdigits benchmark table1`; {'; '.join(sorted(machines))}; commits {', '.join(sorted(commits))}."
    )
    return "\n".join([*lines, "", f"<sub>{told}</sub>"])


def _split_peer(figure: str, figures: dict[str, Row]) -> tuple[str, str]:
    base, comma, peer = figure.rpartition(", ")
    return (base, peer) if comma and base in figures else (figure, "")


def _value(row: Row) -> str:
    return f"{_number(row['value'])} {row['unit']}".strip()


def _number(value: float) -> str:
    """A count as it is; else two places from 10 to 100, where accuracies lie, or three digits that mean
    something.
    """
    if isinstance(value, int):
        return f"{value:,}"
    size = abs(value)
    return f"{value:.2f}" if 10 <= size <= 100 else f"{value:.3g}" if size < 1000 else f"{value:,.0f}"


def _spread(row: Row) -> str:
    if row.get("sd") is not None:
        return f"± {row['sd']:,.0f}" if row["sd"] >= 100 else f"± {row['sd']:.2g}"
    if row.get("low") is not None and row.get("high") is not None:
        return f"{_number(row['low'])} to {_number(row['high'])}"
    return ""


def _target(row: Row) -> str:
    """The promise, with a word where it is not kept."""
    target = row.get("target")
    if not target:
        return ""
    sign, number = target.split()[:2]
    kept = {
        ">=": row["value"] >= float(number),
        ">": row["value"] > float(number),
        "<=": row["value"] <= float(number),
        "<": row["value"] < float(number),
    }[sign]
    shown = target.replace(">=", "≥").replace("<=", "≤")
    return shown if kept else f"{shown} (missed)"


def _measured(rows: list[Row]) -> str:
    """Where, with what and how the rows were measured; each distinct value once."""
    machines = {
        f"{row['hardware']['cpu']}, {row['hardware']['cores']} cores{_gpu(row.get('detail', {}))}"
        for row in rows
    }
    commits = {row["commit"][:10] + ("+" if row["commit"].endswith("+dirty") else "") for row in rows}
    commands = {f"`{row['command']}`" for row in rows}
    joined = ("; ".join(sorted(values)) for values in (commands, machines, commits))
    return "<sub>{}; {}; commit {}.</sub>".format(*joined)


def _gpu(told: dict[str, Any]) -> str:
    return f", {told['gpu']}" if told.get("gpu") else ""


def between(text: str, begin: str, end: str, content: str) -> str:
    """`text` with `content` between its markers. Raises ValueError where the markers are not there."""
    before, found_begin, rest = text.partition(begin)
    _, found_end, after = rest.partition(end)
    if not found_begin or not found_end:
        raise ValueError(f"README.md has lost its markers {begin} and {end}")
    return f"{before}{begin}\n\n{content}\n\n{end}{after}"


def main(arguments: list[str]) -> int:
    results, readme = ROOT / "results", ROOT / "README.md"
    wanted = {
        readme: between(readme.read_text(encoding="utf-8"), BEGIN, END, render(results, SHOWN)),
        ROOT / "docs" / "figures.md": f"{FIGURES}\n{render(results)}\n",
    }
    stale = [
        path
        for path, text in wanted.items()
        if not path.is_file() or path.read_text(encoding="utf-8") != text
    ]
    for path in stale:
        if "--check" in arguments:
            print(f"{path.name} does not say what results/ holds: make readme", file=sys.stderr)
        else:
            path.write_text(wanted[path], encoding="utf-8")
            print(f"{path.name}: figures rewritten")
    return 1 if stale and "--check" in arguments else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
