"""The verb `synth`: synthetic ink as pictures, so that a person can see what the shipped networks learn from.

In: the data folder. Out: a PNG a line or glyph, labels.csv, and a contact sheet. Only Typer and the standard
library are imported here.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from inkdigits.learning.cli_support import DataOption, nearest, need_training

if TYPE_CHECKING:
    import numpy as np

SHEET = "sheet.png"
_KINDS = ("lines", "glyphs")
_COLUMNS = {"lines": 4, "glyphs": 24}
_SHOWN = {"lines": 80, "glyphs": 480}


def synth(
    out: Annotated[Path, typer.Argument(metavar="DIR", help="A new or empty folder.")],
    kind: Annotated[str, typer.Option(help="lines or glyphs.")] = "lines",
    count: Annotated[int, typer.Option(min=1, max=100_000, help="How many.")] = 200,
    seed: Annotated[int, typer.Option(min=0, help="The same seed draws the same ink.")] = 0,
    held_out: Annotated[
        bool, typer.Option("--held-out", help="Ink of the writers that are kept for validation.")
    ] = False,
    folder: DataOption = None,
) -> None:
    """Write synthetic lines or glyphs, as the shipped networks are given them, with their labels.

    `labels.csv` holds file and text: a line's digits without its marks, a glyph's digit or "none".
    """
    need_training()
    import csv

    import cv2
    import numpy as np

    from inkdigits.errors import RunError
    from inkdigits.learning.bank import load_banks
    from inkdigits.learning.glyphs import GLYPH_CLASSES, make_glyphs
    from inkdigits.learning.shipped import GLYPH_INK, LINE_INK
    from inkdigits.learning.sources import data_folder
    from inkdigits.learning.strings import make_lines, target_text

    kind = nearest(kind, list(_KINDS), "kind")
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise RunError(f"{out}: holds files already; name a new or empty folder")
    ink = LINE_INK if kind == "lines" else GLYPH_INK
    bank = load_banks(data_folder(folder), ink)[held_out]
    random = np.random.default_rng(seed)
    if kind == "lines":
        images, targets = make_lines(bank, count, random)
        texts = [target_text(target) for target in targets]
    else:
        images, labels = make_glyphs(bank, count, random)
        texts = [GLYPH_CLASSES[label] for label in labels]
    out.mkdir(parents=True, exist_ok=True)
    with open(out / "labels.csv", "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["file", "text"])
        for index, (image, text) in enumerate(zip(images, texts, strict=True)):
            name = f"{kind[:-1]}-{index:06d}.png"
            cv2.imwrite(str(out / name), 255 - image)
            writer.writerow([name, text])
    cv2.imwrite(str(out / SHEET), 255 - _sheet(images[: _SHOWN[kind]], _COLUMNS[kind]))
    typer.echo(f"{count} {kind} in {out}; {out / SHEET} shows the first of them")


def _sheet(images: np.ndarray, columns: int) -> np.ndarray:
    """Images (n, height, width) side by side, as many rows as it takes."""
    import numpy as np

    missing = -len(images) % columns
    filled = np.concatenate([images, np.zeros((missing, *images.shape[1:]), images.dtype)])
    rows = filled.reshape(-1, columns, *images.shape[1:])
    return rows.transpose(0, 2, 1, 3).reshape(-1, columns * images.shape[2])
