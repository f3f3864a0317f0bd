"""Make every file of `examples/` from nothing: strokes that we defined, paper and a camera that we simulate.

    python scripts/make_examples.py [FOLDER]

Each picture has its own seed, so that the same command writes the same files, one changed alone changes none
of the others. `truth.csv` says what each page holds. One picture is of scikit-learn's bundled digits (UCI
optdigits, CC BY 4.0).
"""

from __future__ import annotations

import argparse
import csv
import time
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from PIL import Image

from inkdigits.learning.pen import Hand, Pen, draw_stroke, write
from paper import Camera, Color, desk, ink_on, lay, noise_field, photograph, rule, security_print, sheet

BLUE_BALLPOINT = Pen(width=5.0, color=(0.13, 0.16, 0.50), opacity=0.93, grain=0.12)
BLACK_GEL = Pen(width=6.0, color=(0.09, 0.09, 0.11), opacity=0.96, grain=0.05)
PENCIL = Pen(width=4.4, color=(0.30, 0.30, 0.33), opacity=0.82, grain=0.45)
CHALK = Pen(width=15, color=(0.93, 0.93, 0.89), opacity=0.92, grain=0.5)
MARKER = Pen(width=20, color=(0.10, 0.10, 0.13), opacity=0.97)

UPRIGHT = Hand({"1": "serif", "4": "open", "7": "crossed", "2": "angle"}, slant=0.06)
SLANTED = Hand(
    {"1": "stroke", "2": "loop", "4": "closed", "7": "plain", "9": "tail", "3": "round"}, slant=0.26
)
ROUND = Hand(
    {"1": "serif", "2": "loop", "7": "hooked", "5": "single", "9": "tail", "8": "curl"}, slant=0.1, width=1.12
)
TIGHT = Hand(
    {"0": "narrow", "8": "narrow", "6": "straight", "3": "flat", "5": "single", "1": "stroke", "4": "open"},
    slant=0.16,
    width=0.95,
)

WHITE: Color = (0.93, 0.93, 0.91)
CREAM: Color = (0.93, 0.90, 0.82)
WOOD: Color = (0.42, 0.28, 0.17)
LAMP: Color = (1.0, 0.93, 0.80)
DAY: Color = (0.95, 0.98, 1.03)


@dataclass(frozen=True)
class Example:
    """One file: `make` gives its pages, `truth` the text and status of each page."""

    name: str
    make: Callable[[np.random.Generator], list[np.ndarray]]
    truth: tuple[tuple[str, str], ...]
    orientation: int = 1


def write_page(
    shape: tuple[int, int],
    color: Color,
    rows: Sequence[tuple[str, float, float, float]],
    hand: Hand,
    pen: Pen,
    rng: np.random.Generator,
    ruling: Callable[[np.ndarray], None] | None = None,
) -> np.ndarray:
    """A sheet with `rows` of (text, x, y of the base line, height), pixels."""
    paper = sheet(shape, color, rng)
    if ruling:
        ruling(paper)
    ink = np.zeros(shape, np.float32)
    for text, x, y, height in rows:
        write(ink, text, (x, y), height, hand, pen, rng)
    ink_on(paper, ink, pen, rng)
    return paper


def digit_plain(rng: np.random.Generator) -> list[np.ndarray]:
    paper = write_page((1100, 1100), WHITE, [("5", 430, 760, 400)], UPRIGHT, _wide(BLUE_BALLPOINT, 16), rng)
    return [photograph(paper, Camera((800, 800), tint=DAY, blur=0.9), rng)]


def digit_lined(rng: np.random.Generator) -> list[np.ndarray]:
    def ruling(paper: np.ndarray) -> None:
        rule(paper, 118, (0.58, 0.66, 0.80), width=3)

    rows = [("7", 480, 661, 330)]
    paper = write_page((1100, 1100), WHITE, rows, UPRIGHT, _wide(BLACK_GEL, 12), rng, ruling)
    corners = ((-0.08, -0.04), (1.05, -0.1), (1.1, 1.06), (-0.05, 1.1))
    return [photograph(paper, Camera((800, 800), corners, shadow=0.25, blur=1.0), rng)]


def digit_squared(rng: np.random.Generator) -> list[np.ndarray]:
    def ruling(paper: np.ndarray) -> None:
        rule(paper, 150, (0.55, 0.52, 0.50), squared=True, width=3.2, start=0.35)

    rows = [("4", 420, 860, 330)]
    paper = write_page((1400, 1050), CREAM, rows, UPRIGHT, _wide(BLUE_BALLPOINT, 11), rng, ruling)
    corners = ((-0.1, -0.03), (1.02, -0.08), (1.1, 1.05), (-0.03, 1.09))
    camera = Camera(
        (600, 800), corners, (0.72, 0.66, 0.58, 0.62), (1.0, 0.90, 0.72), shadow=0.22, vignette=0.3
    )
    return [photograph(paper, camera, rng)]


def digit_pencil(rng: np.random.Generator) -> list[np.ndarray]:
    hand = Hand({"2": "loop"}, slant=0.15)
    paper = write_page((1000, 1000), (0.88, 0.91, 0.92), [("2", 370, 650, 300)], hand, _wide(PENCIL, 10), rng)
    camera = Camera((800, 800), light=(0.95, 0.9, 0.85, 0.9), tint=DAY, blur=1.8, noise=2.6, vignette=0.25)
    return [photograph(paper, camera, rng)]


def string_short(rng: np.random.Generator) -> list[np.ndarray]:
    rows = [("30517", 180, 430, 170)]
    paper = write_page((750, 1150), WHITE, rows, ROUND, _wide(BLACK_GEL, 9), rng)
    corners = ((0.05, 0.07), (0.95, 0.02), (1.02, 0.93), (0.01, 0.97))
    camera = Camera((800, 520), corners, tint=LAMP, shadow=0.2)
    return [photograph(paper, camera, rng, desk((520, 800), WOOD, rng))]


def string_long(rng: np.random.Generator) -> list[np.ndarray]:
    def ruling(paper: np.ndarray) -> None:
        rule(paper, 80, (0.62, 0.70, 0.84), width=2.4)

    rows = [("2048361957", 110, 448, 96)]
    paper = write_page((760, 1160), WHITE, rows, SLANTED, _wide(BLUE_BALLPOINT, 6), rng, ruling)
    corners = ((-0.04, -0.1), (1.06, -0.02), (1.03, 1.1), (-0.07, 1.04))
    return [photograph(paper, Camera((1000, 660), corners, shadow=0.15, noise=2.5), rng)]


def page_lines(rng: np.random.Generator) -> list[np.ndarray]:
    def ruling(paper: np.ndarray) -> None:
        rule(paper, 46, (0.66, 0.74, 0.86), squared=True, width=1.8)

    texts = ("1947", "30852", "618", "27095", "4436")
    rows = [(text, 190 + 60 * (index % 2), 300 + 184 * index, 100.0) for index, text in enumerate(texts)]
    paper = write_page((1300, 1000), WHITE, rows, UPRIGHT, _wide(BLUE_BALLPOINT, 6.5), rng, ruling)
    corners = ((0.08, 0.05), (0.93, 0.08), (0.99, 0.97), (0.02, 0.94))
    camera = Camera((900, 1150), corners, (0.82, 0.95, 0.9, 0.74), LAMP, shadow=0.28, vignette=0.25)
    return [photograph(paper, camera, rng, desk((1150, 900), WOOD, rng))]


def amount(rng: np.random.Generator) -> list[np.ndarray]:
    shape = (300, 860)
    paper = sheet(shape, (0.82, 0.87, 0.84), rng)
    security_print(paper, 13, (0.45, 0.62, 0.58), rng)
    rule(paper, 232, (0.25, 0.3, 0.3), width=3.5, start=1.0)
    ink = np.zeros(shape, np.float32)
    write(ink, "1.250,-", (90, 220), 140, ROUND, _wide(BLACK_GEL, 11), rng)
    ink_on(paper, ink, BLACK_GEL, rng)
    camera = Camera(
        (430, 150), ((0, 0), (1, 0), (1, 1), (0, 1)), (0.95, 0.95, 0.95, 0.95), vignette=0, noise=1.5
    )
    gray = cv2.cvtColor(photograph(paper, camera, rng), cv2.COLOR_RGB2GRAY)
    return [gray]


def flower(rng: np.random.Generator) -> list[np.ndarray]:
    shape = (1000, 1000)
    paper, ink = sheet(shape, CREAM, rng), np.zeros(shape, np.float32)
    pen = _wide(BLUE_BALLPOINT, 9)
    turn = np.linspace(-1.4, 2 * np.pi - 1.2, 150)
    petals = 150 + 62 * np.cos(5 * turn) + rng.normal(0, 2, turn.shape)
    middle = np.array([500.0, 350.0])
    draw_stroke(ink, [middle + petals[:, None] * np.stack([np.cos(turn), np.sin(turn)], axis=1)], pen, rng)
    spiral = np.linspace(0, 5 * np.pi, 90)
    heart = (6 + 3.2 * spiral)[:, None] * np.stack([np.cos(spiral), np.sin(spiral)], axis=1)
    draw_stroke(ink, [middle + heart], pen, rng)
    stem = np.array([[515, 470], [530, 600], [505, 740], [520, 860]], float)
    leaf = np.array([[508, 760], [580, 670], [700, 640], [660, 730], [510, 770]], float)
    other = np.array([[512, 690], [440, 610], [330, 590], [380, 670], [510, 700]], float)
    for part in (stem, leaf, other):
        draw_stroke(ink, [part + rng.normal(0, 4, part.shape)], pen, rng)
    vein = np.array([[512, 768], [590, 705], [665, 660]], float)
    draw_stroke(ink, [vein], pen, rng)
    ink_on(paper, ink, pen, rng)
    return [photograph(paper, Camera((800, 800), tint=LAMP, shadow=0.2, blur=0.9), rng)]


def blank(rng: np.random.Generator) -> list[np.ndarray]:
    paper = sheet((1100, 900), WHITE, rng)
    rule(paper, 78, (0.62, 0.70, 0.84), width=2.2)
    corners = ((0.06, 0.08), (0.96, 0.04), (1.02, 0.96), (-0.02, 0.93))
    camera = Camera((640, 800), corners, (0.9, 0.95, 0.8, 0.7), LAMP, shadow=0.12, vignette=0.25)
    return [photograph(paper, camera, rng, desk((800, 640), WOOD, rng))]


def blackboard(rng: np.random.Generator) -> list[np.ndarray]:
    shape = (900, 1300)
    board = sheet(shape, (0.16, 0.21, 0.19), rng)
    # What the sponge left: broad bright wipes along an arc.
    wipes = cv2.GaussianBlur(noise_field(shape, 60, rng), (0, 0), sigmaX=80, sigmaY=6)
    lay(board, np.clip(0.05 + 0.06 * wipes / wipes.std(), 0, 0.2), (0.75, 0.77, 0.74))
    ink = np.zeros(shape, np.float32)
    write(ink, "1683", (260, 620), 330, UPRIGHT, CHALK, rng)
    ink_on(board, ink, CHALK, rng)
    return [photograph(board, Camera((800, 560), shadow=0, light=(1.0, 0.85, 0.75, 0.9), noise=3), rng)]


def sideways(rng: np.random.Generator) -> list[np.ndarray]:
    """Taken with the phone held upright; the file holds the sensor's rows and says how to turn them."""
    rows = [("92", 240, 560, 240), ("46", 300, 930, 240)]
    paper = write_page((1200, 900), WHITE, rows, SLANTED, _wide(MARKER, 15), rng)
    corners = ((-0.04, -0.02), (1.02, -0.06), (1.06, 1.03), (-0.08, 1.05))
    upright = photograph(paper, Camera((600, 800), corners, tint=DAY, shadow=0.2), rng)
    return [np.ascontiguousarray(np.rot90(upright, 1))]


def bundled(rng: np.random.Generator) -> list[np.ndarray]:
    """Ten people's digits, bundled with scikit-learn as 8 x 8 counts, enlarged and set on a sheet."""
    from sklearn.datasets import load_digits

    images, classes = load_digits(return_X_y=True)
    shape = (560, 1040)
    paper, ink = sheet(shape, WHITE, rng), np.zeros(shape, np.float32)
    for index in range(10):
        choices = np.flatnonzero(classes == index)
        small = np.pad(images[rng.choice(choices)].reshape(8, 8) / 16, 1).astype(np.float32)
        large = cv2.GaussianBlur(cv2.resize(small, (150, 150), interpolation=cv2.INTER_CUBIC), (0, 0), 5)
        row, column = divmod(index, 5)
        y, x = 90 + 220 * row + int(rng.integers(-8, 8)), 90 + 175 * column + int(rng.integers(-8, 8))
        window = ink[y : y + 150, x : x + 150]
        np.maximum(window, np.clip((large - 0.38) / 0.12, 0, 1), out=window)
    ink_on(paper, ink, BLACK_GEL, rng)
    return [photograph(paper, Camera((800, 430), shadow=0.12), rng)]


def scans(pages: list[list[str]], hand: Hand, pen: Pen) -> Callable[[np.random.Generator], list[np.ndarray]]:
    """Pages as a flat-bed scanner sees them: gray, even light, a little dust."""

    def make(rng: np.random.Generator) -> list[np.ndarray]:
        made = []
        for texts in pages:
            rows = [(text, 120.0, 260.0 + 190 * index, 95.0) for index, text in enumerate(texts)]
            paper = write_page((800, 760), (0.97, 0.97, 0.97), rows, hand, pen, rng)
            camera = Camera((760, 800), ((0, 0), (1, 0), (1, 1), (0, 1)), (1, 1, 1, 1), vignette=0, noise=1)
            made.append(cv2.cvtColor(photograph(paper, camera, rng), cv2.COLOR_RGB2GRAY))
        return made

    return make


_PDF_PAGES = [["2718", "28182"], ["3141", "592653", "589"]]
_TIFF_PAGES = [["1024"], ["65536", "4096"], ["977"]]
EXAMPLES = (
    Example("amount.png", amount, (("1250", "ok"),)),
    Example("blackboard.jpg", blackboard, (("1683", "ok"),)),
    Example("blank.jpg", blank, (("", "blank"),)),
    Example("bundled-digits.jpg", bundled, (("01234/56789", "ok"),)),
    Example("digit-lined.jpg", digit_lined, (("7", "ok"),)),
    Example("digit-pencil.jpg", digit_pencil, (("2", "ok"),)),
    Example("digit-plain.jpg", digit_plain, (("5", "ok"),)),
    Example("digit-squared.jpg", digit_squared, (("4", "ok"),)),
    Example("flower.jpg", flower, (("", "not_digits"),)),
    Example("page.jpg", page_lines, (("1947/30852/618/27095/4436", "ok"),)),
    Example("sideways.jpg", sideways, (("92/46", "ok"),), orientation=6),
    Example("string.jpg", string_short, (("30517", "ok"),)),
    Example("string-long.jpg", string_long, (("2048361957", "ok"),)),
    Example(
        "three-pages.tif",
        scans(_TIFF_PAGES, SLANTED, BLUE_BALLPOINT),
        tuple(("/".join(texts), "ok") for texts in _TIFF_PAGES),
    ),
    Example(
        "two-pages.pdf",
        scans(_PDF_PAGES, TIGHT, BLACK_GEL),
        tuple(("/".join(texts), "ok") for texts in _PDF_PAGES),
    ),
)


def draw(example: Example) -> list[np.ndarray]:
    """The example's pages; chance is decided by its name."""
    return example.make(np.random.default_rng(zlib.crc32(example.name.encode())))


def save(pages: list[np.ndarray], path: Path, orientation: int) -> None:
    """Write the pages as the file's suffix says, the same bytes each time."""
    if path.suffix == ".tif":
        # A scanner's 32 grays: noise does not compress.
        pages = [page // 8 * 8 + 4 for page in pages]
    first, *others = (Image.fromarray(page) for page in pages)
    match path.suffix:
        case ".jpg":
            exif = Image.Exif()
            exif[0x0112] = orientation
            first.save(path, quality=80, exif=exif)
        case ".png":
            first.save(path, optimize=True)
        case ".tif":
            first.save(path, save_all=True, append_images=others, compression="tiff_lzw", dpi=(100, 100))
        case ".pdf":
            dates: dict[str, Any] = dict.fromkeys(("creationDate", "modDate"), time.gmtime(0))
            first.save(path, save_all=True, append_images=others, resolution=100, quality=70, **dates)


def _wide(pen: Pen, width: float) -> Pen:
    return Pen(width, pen.color, pen.opacity, pen.grain)


def main(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "truth.csv").open("w", newline="") as out:
        rows = csv.writer(out, lineterminator="\n")
        rows.writerow(["file", "page", "text", "status"])
        for example in EXAMPLES:
            save(draw(example), folder / example.name, example.orientation)
            for number, (text, status) in enumerate(example.truth, 1):
                rows.writerow([example.name, number, text, status])
    size = sum(path.stat().st_size for path in folder.iterdir())
    print(f"{len(EXAMPLES)} examples in {folder}, {size / 1e6:.2f} MB")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="The example pictures, drawn.")
    examples = Path(__file__).resolve().parent.parent / "examples"
    parser.add_argument(
        "folder", nargs="?", type=Path, default=examples, help="where to (default: examples/)"
    )
    main(parser.parse_args().folder)
