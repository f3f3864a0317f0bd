"""Scenes that the sets do not hold, drawn here: is the ink found wherever it is, whatever lies around it?

    python benchmarks/scenes.py [--scenes 60]

Digits have plain forms, so that what is lost was not found. Scenes of a kind are the same in every run. Out:
results/scenes.json, a row a kind: the share of scenes whose every number is read, and nothing else.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable

import cv2
import numpy as np

from common import RESULTS, commit, print_rows, share_row, write_results
from inkdigits.reading.reader import Reader
from scene_parts import (
    BOARDS,
    SHEETS,
    Random,
    Scene,
    cells,
    digits,
    exposed,
    number,
    photographed,
    rows_of,
    ruling,
    smooth_noise,
)

TITLE = "Scenes drawn for what the sets do not hold: every number is read, and nothing else"
_PALER = (0.2, 0.375)  # darkness of the paler one of pen and ruling
_RELATIONS = {"darker than the ruling": (1.4, 2.0), "as dark": (0.85, 1.15), "paler": (0.55, 0.7)}


def alone(random: Random) -> Scene:
    """One number of up to four digits, 3 to 8 % as high as the sheet that it is alone on."""
    shape = SHEETS[random.integers(len(SHEETS))]
    text = digits(1, 4, random)
    height = max(36.0, random.uniform(0.03, 0.08) * shape[0])
    left = random.uniform(0.1, 0.9) * max(1.0, shape[1] - 0.9 * height * len(text))
    ink = number(shape, text, left, random.uniform(0.2, 0.9) * shape[0], height, random)
    return Scene(photographed(random.uniform(0.3, 0.8) * ink, random), (text,))


def joined(random: Random) -> Scene:
    """A number of five to nine digits that a stroke goes through from end to end."""
    text = digits(5, 9, random)
    height = random.uniform(60, 110)
    shape = (round(2.6 * height), round((0.95 * len(text) + 2) * height))
    base = 1.8 * height
    ink = number(shape, text, height, base, height, random)
    columns = np.flatnonzero(ink.max(axis=0) > 0.5)
    ends = [(int(column), round(base - random.uniform(0.02, 0.3) * height)) for column in columns[[0, -1]]]
    cv2.line(ink, ends[0], ends[1], 1.0, max(2, round(0.06 * height)), cv2.LINE_AA)
    return Scene(photographed(random.uniform(0.4, 0.8) * ink, random), (text,))


def ruled(squared: bool, relation: str) -> Callable[[Random], Scene]:
    """One digit from near by on ruled paper or on squares, its pen of some darkness beside the ruling's."""

    def scene(random: Random) -> Scene:
        shape = ((800, 600), (800, 800), (600, 800))[random.integers(3)]
        text, height = str(random.integers(10)), random.uniform(0.3, 0.6) * min(shape)
        lines = ruling(shape, squared, random)
        ink = number(shape, text, random.uniform(0.2, 0.4) * shape[1], 0.8 * shape[0], height, random)
        beside = random.uniform(*_RELATIONS[relation])
        printed = random.uniform(*_PALER) / min(1.0, beside)
        return Scene(photographed(np.maximum(printed * lines, printed * beside * ink), random), (text,))

    return scene


def page(random: Random) -> Scene:
    """Two to six numbers of up to eight digits below one another; half of the sheets are ruled."""
    shape = SHEETS[random.integers(3)]
    rows = int(random.integers(2, 7))
    height = random.uniform(0.025, 0.04) * shape[0]
    texts = [digits(1, 8, random) for _ in range(rows)]
    ink = np.zeros(shape, np.float32)
    for row, text in enumerate(texts):
        left = random.uniform(0.08, 0.92) * max(1.0, shape[1] - 1.1 * height * len(text))
        base = (0.15 + 0.75 * row / rows) * shape[0]
        ink = np.maximum(ink, number(shape, text, left, base, height, random))
    darkness = random.uniform(0.5, 0.8) * ink
    if random.random() < 0.5:
        lines = ruling(shape, bool(random.random() < 0.5), random)
        darkness = np.maximum(darkness, random.uniform(0.1, 0.3) * lines)
    return Scene(photographed(darkness, random), tuple(texts))


def chalk(random: Random) -> Scene:
    """Numbers in chalk, which leaves bare what is low, on a board that was wiped."""
    shape = BOARDS[random.integers(len(BOARDS))]
    ink, texts = rows_of(shape, random.uniform(0.08, 0.14) * shape[0], random)
    ink = ink * np.clip(1.6 * smooth_noise(shape, (0.8, 0.8), random) + 0.2, 0, 1)
    board = random.uniform(30, 80) + random.uniform(5, 25) * smooth_noise(shape, (40, 40), random)
    light = 1 + random.uniform(-0.2, 0.2) * np.linspace(-1, 1, shape[1])
    return Scene(exposed(light * board * (1 - ink) + random.uniform(170, 240) * ink, random), texts)


def note(random: Random) -> Scene:
    """A number on a square note, a little turned, that lies on a darker desk with the grain of wood."""
    shape, side, text = (900, 900), random.uniform(0.45, 0.7) * 900, digits(2, 6, random)
    height = min(0.3 * side, side / len(text))
    start = (450 - 0.42 * side, 450 + 0.1 * side)
    ink = number(shape, text, *start, height, random)
    paper = np.zeros(shape, np.float32)
    corners = [round(450 + sign * side / 2) for sign in (-1, 1)]
    cv2.rectangle(paper, (corners[0], corners[0]), (corners[1], corners[1]), 1.0, cv2.FILLED)
    moved = cv2.getRotationMatrix2D((450, 450), random.uniform(-8, 8), 1.0)
    moved[:, 2] += random.uniform(-60, 60, 2)
    ink, paper = (cv2.warpAffine(one, moved, shape) for one in (ink, paper))
    bright = random.uniform(130, 230)
    desk = bright * random.uniform(0.2, 0.6) * (0.85 + 0.3 * smooth_noise(shape, (60, 1.2), random))
    written = bright * (1 - random.uniform(0.4, 0.8) * ink)
    return Scene(exposed(desk * (1 - paper) + written * paper, random), (text,))


def shadowed(random: Random) -> Scene:
    """Numbers on a sheet that a hand throws its shadow on, hard or soft."""
    shape = BOARDS[random.integers(len(BOARDS))]
    ink, texts = rows_of(shape, random.uniform(0.06, 0.1) * shape[0], random)
    outline = [
        (random.uniform(low, high), random.uniform(top, bottom))
        for low, high, top, bottom in ((-0.2, 0.5, 1.1, 1.1), (0, 0.5, 0.1, 0.6), (0.5, 1, 0.1, 0.6))
    ]
    outline += [(1.2, random.uniform(0.5, 1.1)), (1.2, 1.2)]
    shadow = np.zeros(shape, np.float32)
    cv2.fillPoly(shadow, [np.rint(np.array(outline) * shape[::-1]).astype(np.int32)], 1.0)
    shadow = cv2.GaussianBlur(shadow, (0, 0), random.uniform(4, 40))
    lit = random.uniform(150, 225) * (1 - random.uniform(0.2, 0.5) * shadow)
    return Scene(exposed(lit * (1 - random.uniform(0.4, 0.8) * ink), random), texts)


def folded(random: Random) -> Scene:
    """Numbers on a sheet that was folded once to three times; its parts are not equally bright."""
    shape = BOARDS[random.integers(len(BOARDS))]
    ink, texts = rows_of(shape, random.uniform(0.06, 0.1) * shape[0], random)
    rows, columns = np.mgrid[: shape[0], : shape[1]]
    light = np.full(shape, random.uniform(150, 225))
    for _ in range(random.integers(1, 4)):
        angle = random.choice([0, np.pi / 2]) + random.normal(0, 0.1)
        foot = random.uniform(0.2, 0.8, 2) * shape
        away = (columns - foot[1]) * np.cos(angle) + (rows - foot[0]) * np.sin(angle)
        crease = np.exp(-(away**2) / (2 * random.uniform(1, 3) ** 2))
        light *= (1 - random.uniform(0.05, 0.2) * (away > 0)) * (1 - random.uniform(0.1, 0.4) * crease)
    return Scene(exposed(light * (1 - random.uniform(0.4, 0.8) * ink), random), texts)


def column(random: Random) -> Scene:
    """Four to eleven numbers of up to six digits, right below one another, their last digits in a column."""
    rows, height, most = int(random.integers(4, 12)), random.uniform(30, 50), int(random.integers(3, 7))
    texts = [digits(1, most, random) for _ in range(rows)]
    shape = (round((1.35 * rows + 2) * height), round((most + 3) * height))
    ink = np.zeros(shape, np.float32)
    for row, text in enumerate(texts):
        left, base = (0.85 * (most - len(text)) + 1) * height, (2 + 1.35 * row) * height
        ink = np.maximum(ink, number(shape, text, left, base, height, random))
    return Scene(photographed(random.uniform(0.4, 0.8) * ink, random), tuple(texts))


def comb(random: Random) -> Scene:
    """A number of three to nine digits in a comb or in boxes, a digit in each."""
    gap = random.uniform(0.1, 0.4) * random.integers(0, 2)
    ink, (line,) = cells(1, int(random.integers(3, 10)), random.uniform(1.0, 1.3), gap, 1, random)
    return Scene(photographed(ink, random), ("".join(line),))


def table(random: Random) -> Scene:
    """A ruled table of two to five rows with two or three numbers each."""
    size = int(random.integers(2, 6)), int(random.integers(2, 4))
    ink, lines = cells(*size, random.uniform(3.5, 5.0), 0.0, 3, random)
    return Scene(photographed(ink, random), tuple(text for line in lines for text in line))


def apart(random: Random) -> Scene:
    """A table that nobody ruled: two to five rows of two or three numbers."""
    size = int(random.integers(2, 6)), int(random.integers(2, 4))
    ink, lines = cells(*size, random.uniform(5.5, 7.0), 0.0, 3, random, ruled=False)
    return Scene(photographed(ink, random), tuple(text for line in lines for text in line))


def dated(random: Random) -> Scene:
    """A date, such as 7/12/24."""
    year = str(random.integers(1950, 2031))[2 * random.integers(2) :]
    text = f"{random.integers(1, 32)}/{random.integers(1, 13)}/{year}"
    height = random.uniform(40, 80)
    shape = (round(2.6 * height), round((0.9 * len(text) + 2) * height))
    ink = number(shape, text, height, 1.8 * height, height, random)
    return Scene(photographed(random.uniform(0.4, 0.8) * ink, random), (text.replace("/", ""),))


def touching(random: Random) -> Scene:
    """A number of two to six digits with a 1 in it, which nearly touch or touch."""
    text = digits(2, 6, random)
    place, height = random.integers(len(text)), random.uniform(40, 80)
    text = text[:place] + "1" + text[place + 1 :]
    shape = (round(2.6 * height), round((0.9 * len(text) + 2) * height))
    spacing = random.uniform(0.08, 0.16)  # of which the pen's width is to be taken
    ink = number(shape, text, height, 1.8 * height, height, random, spacing=spacing)
    return Scene(photographed(random.uniform(0.4, 0.8) * ink, random), (text,))


def windows(random: Random) -> Scene:
    """Numbers in light paint in the dark windows of a light board: a digit in each, or all in one."""
    count, height, single = int(random.integers(3, 8)), random.uniform(40, 80), random.random() < 0.5
    pitch = (1.1 if single else 0.9) * height
    shape = (round(3.5 * height), round(count * pitch + 3 * height))
    text, ink, dark = digits(count, count, random), np.zeros(shape, np.float32), np.zeros(shape, np.float32)
    for place, part in enumerate(text if single else [text]):
        left = 1.5 * height + place * pitch
        right = left + 0.95 * height if single else left + count * pitch
        corners = [(round(x - 0.15 * height), round(y * height)) for x, y in ((left, 0.8), (right, 2.6))]
        cv2.rectangle(dark, corners[0], corners[1], 1.0, cv2.FILLED)
        ink = np.maximum(ink, number(shape, part, left, 2.15 * height, 0.9 * height, random))
    light = 1 + random.uniform(-0.15, 0.15) * np.linspace(-1, 1, shape[1])
    board = random.uniform(150, 215) * (1 - dark) + random.uniform(20, 60) * dark
    return Scene(exposed(light * (board * (1 - ink) + random.uniform(180, 240) * ink), random), (text,))


def kinds() -> dict[str, Callable[[Random], Scene]]:
    """What makes a scene of each kind."""
    papers = {"ruled paper": False, "squares": True}
    near = {
        f"a digit on {paper}, pen {relation}": ruled(squared, relation)
        for paper, squared in papers.items()
        for relation in _RELATIONS
    }
    return {
        "a number alone on a sheet": alone,
        "digits that a stroke joins": joined,
        **near,
        "a page of numbers": page,
        "chalk on a board": chalk,
        "a note on a desk": note,
        "in the shadow of a hand": shadowed,
        "a folded sheet": folded,
        "a column of numbers": column,
        "a digit in each box": comb,
        "a table": table,
        "a table without lines": apart,
        "a date": dated,
        "a 1 close to other digits": touching,
        "light in dark windows": windows,
    }


def is_read(reader: Reader, scene: Scene) -> bool:
    """Whether the numbers are read, in their order, and no other."""
    (answer,) = reader.read(scene.picture)
    return tuple(line.text for line in answer.lines if line.text) == scene.numbers


def main(arguments: list[str] | None = None) -> int:
    """Read scenes of every kind; print and write the figures."""
    parser = argparse.ArgumentParser(description="Drawn scenes, read.")
    parser.add_argument("--scenes", type=int, default=60, help="scenes of each kind (default %(default)s)")
    options = parser.parse_args(arguments)
    if options.scenes < 1:
        parser.error("--scenes must be at least 1")
    commit()
    reader, rows = Reader(), []
    for seed, (name, make) in enumerate(kinds().items()):
        random = np.random.default_rng(seed)
        right = sum(is_read(reader, make(random)) for _ in range(options.scenes))
        rows.append(share_row(name, right, options.scenes))
    print_rows(rows, title=TITLE)
    write_results(RESULTS / "scenes.json", rows)
    return 0


if __name__ == "__main__":
    sys.exit(main())
