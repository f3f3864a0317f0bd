"""What the learning verbs share: options, suggestions for a name mistyped, a check that training is
installed.
"""

from __future__ import annotations

import difflib
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any

import typer

DataOption = Annotated[
    Path | None,
    typer.Option(
        "--data", metavar="DIR", help="Folder of the data; else INKDIGITS_DATA, else a cache folder."
    ),
]
OutOption = Annotated[Path | None, typer.Option("--out", metavar="DIR", help="Folder to write to.")]


def chosen(options: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in options.items() if value is not None}


def named_values(options: list[str]) -> dict[str, Any]:
    """Options such as "width=10" by name: numbers, true, false and null as in JSON, anything else as text."""
    values = {}
    for option in options:
        name, equals, text = option.partition("=")
        if not name or not equals:
            raise typer.BadParameter(f"{option!r} is not NAME=VALUE", param_hint="--option")
        try:
            values[name] = json.loads(text)
        except ValueError:
            values[name] = text
    return values


def nearest(name: str, known: list[str], what: str) -> str:
    """`name` where it is known; else a usage error that suggests the nearest of `known`."""
    if name in known:
        return name
    close = difflib.get_close_matches(name.lower().replace("_", "-"), known, n=1, cutoff=0.4)
    hint = f"did you mean {close[0]}? " if close else ""
    raise typer.BadParameter(f"no {what} {name!r}; {hint}Known: {', '.join(known)}")


def need(package: str) -> None:
    """Refuse with what to install where the learning half's packages are not there."""
    if find_spec(package) is None:
        from inkdigits.errors import InkdigitsError

        raise InkdigitsError(
            f"this needs {package}: install the learning half with: pip install 'inkdigits[train]'"
        )


def need_training() -> None:
    """Import Keras, without the notes that TensorFlow writes to standard error when it starts."""
    need("keras")
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    with silent_stderr():
        import keras

        keras.ops.convert_to_tensor(0)


@contextmanager
def silent_stderr() -> Iterator[None]:
    """Send what native code writes to standard error to nowhere; Python's exceptions still come through."""
    try:
        kept = os.dup(2)
    except OSError:  # There is no standard error: nothing to silence.
        yield
        return
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)
