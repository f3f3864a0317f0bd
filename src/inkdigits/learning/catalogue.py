"""What networks there are. In: recipes. Out: an `Entry` each: its publication, its cost, the file it is drawn
in.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import Any

from inkdigits.learning.benchmark import STRIP_WIDTH
from inkdigits.learning.complexity import multiply_adds
from inkdigits.learning.config import TrainConfig
from inkdigits.learning.recipe import Recipe

MODELS = "inkdigits.learning.models."


@dataclass(frozen=True)
class Entry:
    """One network.

    `paper` is its publication, authors and year. `parameters` counts all weights, moving averages included.
    `multiply_adds` are those of one glyph, or of a strip `STRIP_WIDTH` pixels wide where `kind` is "line".
    `file` is the file of its layers, seen from the package's folder.
    """

    name: str
    kind: str
    paper: str
    parameters: int
    multiply_adds: int
    file: str
    description: str


def catalogue(recipes: Iterable[Recipe]) -> list[Entry]:
    """An entry for each of `recipes`, whose network is built as its defaults say and not trained."""
    return [_entry(recipe) for recipe in recipes]


def _entry(recipe: Recipe) -> Entry:
    model = recipe.build(TrainConfig(recipe.name, **recipe.defaults))
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
