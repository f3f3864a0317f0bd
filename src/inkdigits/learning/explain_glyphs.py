"""The digits of an image as networks get them. In: a picture or PDF. Out: `FoundGlyph`s.

They take the reading half's own way: page, ink, lines, and the normaliser. A picture of 28x28 pixels is a
glyph already.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from inkdigits.answer import Box
from inkdigits.errors import InputError
from inkdigits.learning.views import SIDE
from inkdigits.reading.ink import Ink, find_ink
from inkdigits.reading.lines import find_lines
from inkdigits.reading.page import Page, load_pages
from inkdigits.reading.pieces import cut_glyph
from inkdigits.reading.reader import Reader
from inkdigits.reading.strips import digit_groups
from inkdigits.reading.transcript import to_box, to_corners
from inkdigits.reading.windows import without_windows

MARGIN = 0.15  # Of a digit's longer side: the paper shown around it.


@dataclass(frozen=True, eq=False)
class FoundGlyph:
    """One digit of an image.

    Attributes:
        number: from 1, in reading order, over all pages.
        page: the page's number in the file, from 1.
        box: where it is, in pixels of the upright page.
        read: what the networks of the package read there together; empty for a picture that is a glyph.
        cutout: the page around it, (height, width) uint8, 0 black.
        glyph: what a network gets, (28, 28) uint8, 255 is ink.
    """

    number: int
    page: int
    box: Box
    read: str
    cutout: np.ndarray
    glyph: np.ndarray


def find_glyphs(image: Path, pages: str | None = None, number: int | None = None) -> list[FoundGlyph]:
    """The digits of an image, or the one with a `number`.

    Raises InputError where the image cannot be read, where no digit is found, or none of that number.
    """
    found: list[FoundGlyph] = []
    reader: Reader | None = None
    for page in load_pages(image, pages=pages):
        if page.gray.shape == (SIDE, SIDE):
            found.append(_as_it_is(page, len(found) + 1))
            continue
        reader = reader or Reader()
        found += _on_page(page, reader, len(found))
    if not found:
        raise InputError(f"{image}: no digit was found; `inkdigits read {image}` tells what was")
    if number is None:
        return found
    if not 1 <= number <= len(found):
        there = "one digit was" if len(found) == 1 else f"{len(found)} digits were"
        raise InputError(f"{image}: {there} found, and no digit {number}")
    return [found[number - 1]]


def _as_it_is(page: Page, number: int) -> FoundGlyph:
    """A page of 28x28 as a glyph; where its border is light, its ink is dark."""
    edge = np.concatenate([page.gray[[0, -1]].ravel(), page.gray[1:-1, [0, -1]].ravel()])
    glyph = 255 - page.gray if np.median(edge) > 127 else page.gray
    return FoundGlyph(number, page.number, (0, 0, SIDE, SIDE), "", page.gray, glyph)


def _on_page(page: Page, reader: Reader, before: int) -> list[FoundGlyph]:
    """The digits that the package reads on a page, each with the ink in its box."""
    digits = [digit for line in reader.read_page(page).lines for digit in line.digits]
    ink = find_ink(without_windows(page))
    # A digit's box is in whole pixels: the form that it was rounded from is cut, where there is one.
    forms = {to_box(form): form for line in find_lines(ink) for form in digit_groups(line)}
    return [
        FoundGlyph(
            number=before + index,
            page=page.number,
            box=digit.box,
            read=digit.text,
            cutout=_cutout(page, digit.box),
            glyph=_glyph(ink, digit.box, forms),
        )
        for index, digit in enumerate(digits, start=1)
    ]


def _glyph(ink: Ink, box: Box, forms: dict[Box, np.ndarray]) -> np.ndarray:
    return cut_glyph(ink, forms.get(box, to_corners(box)))


def _cutout(page: Page, box: Box) -> np.ndarray:
    """The digit in the middle of a square of the page, as far as the page goes."""
    x, y, width, height = box
    side = (1 + 2 * MARGIN) * max(width, height)
    left, top = x + width / 2 - side / 2, y + height / 2 - side / 2
    rows = slice(max(0, round(top)), max(1, round(top + side)))
    columns = slice(max(0, round(left)), max(1, round(left + side)))
    return page.gray[rows, columns]
