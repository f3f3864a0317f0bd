"""What is no digit. In: the data folder, or nothing. Out: glyphs and pictures that must be refused.

Glyphs: the test part of EMNIST's letters, and the alphabet of Omniglot that no network here was trained on.
Pictures, made here from a fixed seed: blank paper, scribbles, print in fonts that come with Matplotlib, and
textures, crops of scikit-learn's two sample photographs among them. The same letters and characters are
pictures too, a few hundred of each, inked on paper.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np

from inkdigits.learning.bank import held_out_characters
from inkdigits.learning.datasets import load_letters
from inkdigits.reading.glyph import normalise

SEED = 20261123
LIKE_DIGITS = "BD"  # letters that stand for 8 and 0 where nobody expects a letter
PICTURES = 150  # of each kind
_WORDS = (
    "amount", "balance", "signature", "please", "return", "this", "form", "within", "days", "of", "receipt",
    "the", "undersigned", "payable", "to", "bearer", "municipal", "water", "works", "name", "street", "town",
    "country", "date", "and", "place", "Office", "Copy", "Total", "Kind", "Regards", "Yours", "Invoice",
)  # fmt: skip

Image = np.ndarray


def negative_glyphs(data: Path) -> dict[str, Image]:
    """Glyphs (n, 28, 28) uint8 by kind: letters, those of them that look like digits, characters."""
    letters = load_letters(data, "test")
    alike = np.isin(letters.labels, list(LIKE_DIGITS))
    drawings = (255 - held_out_characters(data)).astype(np.float32) / 255
    characters = np.stack([normalise(one) for one in drawings])
    return {
        "letters": letters.images[~alike],
        f"letters {LIKE_DIGITS}": letters.images[alike],
        "Omniglot": characters,
    }


def negative_pictures(data: Path, count: int = PICTURES) -> dict[str, list[Image]]:
    """`count` gray pictures (height, width) uint8 of each kind."""
    random = np.random.default_rng(SEED)
    makers: dict[str, Callable[[np.random.Generator], Image]] = {
        "blank paper": _paper,
        "scribbles": _scribble,
        "print": _print,
        "textures": _Textures(),
    }
    pictures = {name: [make(random) for _ in range(count)] for name, make in makers.items()}
    letters = load_letters(data, "test")
    plain = letters.images[~np.isin(letters.labels, list(LIKE_DIGITS))]
    for name, images in (
        ("letters on paper", plain),
        ("Omniglot on paper", 255 - held_out_characters(data)),
    ):
        chosen = np.linspace(0, len(images) - 1, min(count, len(images))).astype(int)
        pictures[name] = [_on_paper(images[index], random) for index in chosen]
    return pictures


def _paper(random: np.random.Generator) -> Image:
    """Paper with light from a side, a tint and grain; a third of it ruled."""
    height, width = (int(side) for side in random.integers(160, 640, 2))
    rows, columns = np.linspace(-1, 1, height)[:, None], np.linspace(-1, 1, width)
    slope = random.uniform(-25, 25, 2)
    page = random.uniform(150, 245) + slope[0] * rows + slope[1] * columns
    page = page + random.normal(0, random.uniform(0.5, 5), (height, width))
    page = np.clip(page, 0, 255).astype(np.uint8)
    if random.random() < 1 / 3:
        step, grey = int(random.integers(18, 60)), int(random.integers(90, 200))
        for y in range(int(random.integers(4, step)), height, step):
            cv2.line(page, (0, y), (width, y), grey, 1, cv2.LINE_AA)
    return cv2.GaussianBlur(page, (0, 0), float(random.uniform(0.3, 1.0)))


def _inked(page: Image, ink: Image, random: np.random.Generator) -> Image:
    """`page` darkened where `ink` (the same shape, in [0, 1]) is."""
    pen = float(random.uniform(0.5, 0.9))
    return np.clip(page * (1 - pen * ink), 0, 255).astype(np.uint8)


def _scribble(random: np.random.Generator) -> Image:
    """One long stroke that wanders over the page, as of a child or a pen that is tried."""
    page = _paper(random)
    height, width = page.shape
    steps = int(random.integers(40, 220))
    turns = np.cumsum(random.normal(0, random.uniform(0.15, 0.9), steps)) + random.uniform(0, 6.28)
    length = float(random.uniform(0.02, 0.08)) * min(height, width)
    points = np.cumsum(np.stack([np.cos(turns), np.sin(turns)], axis=1) * length, axis=0)
    points = points - points.mean(axis=0) + (width / 2, height / 2)
    points = np.clip(points, 5, (width - 6, height - 6))
    ink = np.zeros(page.shape, np.uint8)
    thickness = int(random.integers(2, 7))
    cv2.polylines(ink, [np.rint(points).astype(np.int32)], False, 255, thickness, cv2.LINE_AA)
    return _inked(page, ink.astype(np.float32) / 255, random)


def _print(random: np.random.Generator) -> Image:
    """A few lines of words without a digit."""
    import matplotlib
    from PIL import Image as Pictures
    from PIL import ImageDraw, ImageFont

    page = _paper(random)
    height, width = page.shape
    fonts = Path(matplotlib.get_data_path()) / "fonts" / "ttf"
    names = (
        "DejaVuSans",
        "DejaVuSans-Bold",
        "DejaVuSerif",
        "DejaVuSerif-Italic",
        "DejaVuSansMono",
        "STIXGeneral",
    )
    size = int(random.integers(14, 40))
    font = ImageFont.truetype(fonts / f"{random.choice(names)}.ttf", size)
    canvas = Pictures.new("L", (width, height), 0)
    draw = ImageDraw.Draw(canvas)
    lines = int(random.integers(1, 6))
    for number in range(lines):
        words = " ".join(random.choice(_WORDS, int(random.integers(1, 6))))
        draw.text((12, 12 + 1.4 * size * number), words, 255, font=font)
    return _inked(page, np.asarray(canvas, np.float32) / 255, random)


class _Textures:
    """Crops of two photographs, and patterns; the photographs are opened once."""

    def __init__(self) -> None:
        from sklearn.datasets import load_sample_images

        self._photographs = [cv2.cvtColor(one, cv2.COLOR_RGB2GRAY) for one in load_sample_images().images]

    def __call__(self, random: np.random.Generator) -> Image:
        if random.random() < 0.6:
            photograph = self._photographs[int(random.integers(len(self._photographs)))]
            side = int(random.integers(100, 400))
            top, left = (int(random.integers(0, length - side)) for length in photograph.shape)
            return np.ascontiguousarray(photograph[top : top + side, left : left + side])
        height, width = (int(side) for side in random.integers(120, 500, 2))
        rows, columns = np.mgrid[:height, :width]
        if random.random() < 0.5:
            wave = np.sin(
                (rows * random.uniform(-1, 1) + columns * random.uniform(-1, 1)) * random.uniform(0.05, 0.8)
            )
            grain = random.normal(0, 1, (height, width))
            return np.clip(128 + 70 * wave + 20 * grain, 0, 255).astype(np.uint8)
        field = cv2.GaussianBlur(random.normal(0, 1, (height, width)), (0, 0), float(random.uniform(1, 12)))
        return np.clip(128 + 60 * field / field.std(), 0, 255).astype(np.uint8)


def _on_paper(glyph: Image, random: np.random.Generator) -> Image:
    """One character, white on black, inked on a page at a size and place of its own."""
    page = _paper(random)
    side = int(random.uniform(0.3, 0.9) * min(page.shape))
    large = cv2.resize(glyph, (side, side), interpolation=cv2.INTER_CUBIC)
    ink = np.zeros(page.shape, np.float32)
    top, left = (int(random.integers(0, length - side + 1)) for length in page.shape)
    ink[top : top + side, left : left + side] = large.astype(np.float32) / 255
    return _inked(page, ink, random)
