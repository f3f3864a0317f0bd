"""What networks there are. In: recipes, and rows of table 1 for the committees. Out: an `Entry` each: its
publication, its cost, the file it is drawn in.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from inkdigits.learning.benchmark import STRIP_WIDTH, config_of
from inkdigits.learning.complexity import multiply_adds
from inkdigits.learning.config import TrainConfig
from inkdigits.learning.recipe import Recipe
from inkdigits.learning.table import Row

MODELS = "inkdigits.learning.models."


@dataclass(frozen=True)
class Entry:
    """One network.

    `paper` is its publication, authors and year. `parameters` counts all weights, moving averages included.
    `multiply_adds` are those of one glyph, or of a strip `STRIP_WIDTH` pixels wide where `kind` is "line".
    `file` is the file of its layers, or of a committee's members, seen from the package's folder.
    """

    name: str
    kind: str
    paper: str
    parameters: int
    multiply_adds: int
    file: str
    description: str


def catalogue(recipes: Iterable[Recipe], rows: Sequence[Row] = ()) -> list[Entry]:
    """An entry for each of `recipes`, built as its defaults say and not trained, and for each committee among
    `rows`, which costs what its members cost together.
    """
    known = {recipe.name: recipe for recipe in recipes}
    single = {name: _entry(recipe, TrainConfig(name, **recipe.defaults)) for name, recipe in known.items()}
    by_name = {row.name: row for row in rows}

    def member(name: str) -> Entry:
        row = by_name[name]
        # Only what a recipe alone understands can change its network.
        return (
            _entry(known[row.recipe], config_of(row, 0)) if "options" in row.settings else single[row.recipe]
        )

    committees = []
    for row in rows:
        if row.members and row.listed:
            members = [(member(name), count) for name, count in row.members]
            parameters = sum(count * one.parameters for one, count in members)
            cost = sum(count * one.multiply_adds for one, count in members)
            file = "learning/table.py"
            committees.append(
                Entry(row.name, "committee", row.paper, parameters, cost, file, f"committee: {row.title}")
            )
    return [*single.values(), *committees]


def _entry(recipe: Recipe, config: TrainConfig) -> Entry:
    model = recipe.build(config)
    return Entry(
        name=recipe.name,
        kind=recipe.kind,
        paper=recipe.paper,
        parameters=model.count_params(),
        multiply_adds=multiply_adds(model, STRIP_WIDTH if recipe.kind == "line" else None),
        file=model_file(recipe.build),
        description=recipe.description,
    )


def model_file(build: Callable[..., Any]) -> str:
    """The file under learning/models/ that `build` takes the network from, such as
    "learning/models/paper.py"; "" where it takes none from there.
    """
    while isinstance(build, partial):
        build = build.func
    module = getattr(build, "__module__", "")
    if module.startswith(MODELS):
        return f"learning/models/{module.removeprefix(MODELS).replace('.', '/')}.py"
    if not inspect.isfunction(build):
        return ""
    names = inspect.getclosurevars(build)
    # What a recipe's lambda was made around comes before what its module happens to import.
    for one in (*names.nonlocals.values(), *names.globals.values()):
        if callable(one) and not inspect.isclass(one) and (found := model_file(one)):
            return found
    return ""
