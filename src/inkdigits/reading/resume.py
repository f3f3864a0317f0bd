"""Going on with an output that was interrupted. In: a file of JSON Lines. Out: which sources it has answered.

Answers are written in the order of their files, so that all but the last file have all their pages; the last
one's are cut off, and so is half a line that a kill has left.
"""

from __future__ import annotations

import json
from pathlib import Path

from inkdigits.errors import InputError


def answered(path: Path) -> set[str]:
    """Cut off what may be incomplete at the end of `path`, and name the sources of the rest.

    An empty set where there is no such file. InputError, and nothing is cut off, where it holds anything but
    answers.
    """
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return set()
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror or error})") from error
    sources: list[str] = []
    begins: dict[str, int] = {}
    place = 0
    for number, line in enumerate(content.splitlines(keepends=True), start=1):
        if not line.endswith(b"\n"):
            break
        source = _source(path, number, line)
        if not sources or sources[-1] != source:
            sources.append(source)
            begins[source] = place
        place += len(line)
    if not sources and content and not content.startswith(b"{"):
        raise InputError(f"{path}: it holds something else than answers; name another --output")
    end = begins[sources.pop()] if sources else 0
    with open(path, "r+b") as file:
        file.truncate(end)
    return set(sources)


def _source(path: Path, number: int, line: bytes) -> str:
    try:
        return str(json.loads(line)["source"])
    except (ValueError, TypeError, KeyError) as error:
        raise InputError(
            f"{path}: line {number} is no answer of --json; name another --output, or leave out --resume"
        ) from error
