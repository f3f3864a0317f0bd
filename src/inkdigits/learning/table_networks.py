"""The part of table 1's report that shows what networks see.

In: the folder of run folders, the data folder. Out: pictures, and the report's text about them.
"""

from __future__ import annotations

from pathlib import Path

from inkdigits.learning import runs
from inkdigits.learning.datasets import load_mnist
from inkdigits.learning.explain_figures import write_network_pictures

SHOWN = ("paper-cnn", "inkdigits-single")
GLYPHS = 4  # The first of MNIST's test images: 7, 2, 1 and 0.
CAPTIONS = {
    "filters": "The weights of its first layer.",
    "feature-maps-1": "What its layers make of the first test image.",
    "attention": "What its reading of the first test images depends on: occlusion (Zeiler and Fergus 2014)"
    " and gradients (Simonyan, Vedaldi and Zisserman 2013).",
    "best-inputs": "What excites each class most (activation maximisation, Erhan et al. 2009).",
}


def draw_networks(run_folders: Path, data_folder: Path, out: Path) -> tuple[list[Path], str]:
    """Pictures of the first seed of each network of `SHOWN` that is trained, in a folder of its name under
    `out`; those that an earlier report left there, where it is not. Returns the paths and the section of the
    report.

    DataError where MNIST is missing.
    """
    glyphs = load_mnist(data_folder, "test").images[:GLYPHS]
    paths, parts = [], []
    for name in SHOWN:
        place = run_folders / f"{name}-seed-0"
        if (place / runs.RESULT).is_file():
            for path in write_network_pictures(place, glyphs, out / name):
                if path.stem not in CAPTIONS:
                    path.unlink()
        pictures = {stem: out / name / f"{stem}.png" for stem in CAPTIONS}
        shown = {stem: path for stem, path in pictures.items() if path.is_file()}
        if not shown:
            continue
        paths += shown.values()
        parts.append(f"### {name}")
        parts += [f"{CAPTIONS[stem]}\n\n![{stem}]({name}/{path.name})" for stem, path in shown.items()]
    told = "`inkdigits explain IMAGE` draws the same for any image and any network that reads one glyph."
    return paths, "\n\n".join([told, *parts]) if parts else ""
