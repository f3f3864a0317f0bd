"""What a user names to the files to read. In: a path, a folder, a glob pattern or "-". Out: the files, in
natural order.

A folder gives every picture in it and in its subfolders, chosen by suffix; hidden files are passed over. A
file that is named is never judged by its suffix. Nothing is opened here.
"""

from __future__ import annotations

import glob
import os
import re
from collections.abc import Sequence

from inkdigits.errors import InputError

STANDARD_INPUT = "-"

SUFFIXES = frozenset(
    ".png .apng .jpg .jpeg .jpe .jfif .webp .bmp .dib .tif .tiff .gif .pdf".split(),
)


def natural_key(path: str) -> list[tuple[int, int, str]]:
    """Sorts `page-2` before `page-10`, and without regard to case."""
    parts = re.split(r"([0-9]+)", path.casefold())
    return [(0, int(part), part) if part.isdecimal() else (1, 0, part) for part in parts if part]


def expand(path: str) -> Sequence[str]:
    """The files that one argument names.

    A folder or pattern without a picture is an InputError. A path that does not exist is returned as it is:
    opening it tells what is wrong.
    """
    if path == STANDARD_INPUT:
        return [path]
    if os.path.isdir(path):
        found = _pictures_in(path)
        if not found:
            raise InputError(f"{path}: the folder holds no pictures ({' '.join(sorted(SUFFIXES))})")
        return found
    if not glob.has_magic(path) or os.path.lexists(path):
        return [path]
    matches = sorted(glob.glob(path, recursive=True), key=natural_key)
    files = [file for match in matches for file in (_pictures_in(match) if os.path.isdir(match) else [match])]
    if not files:
        raise InputError(f"{path}: no file matches this pattern")
    # `**` meets a folder and then the files in it.
    return list(dict.fromkeys(files))


def _pictures_in(folder: str) -> list[str]:
    found = []
    for parent, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        found += [
            os.path.join(parent, name)
            for name in files
            if not name.startswith(".") and os.path.splitext(name)[1].lower() in SUFFIXES
        ]
    return sorted(found, key=natural_key)
