"""The pipeline: page, ink, lines, strips and glyphs, networks, decoder, answer. In: any input. Out:
`Answer`s.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np

from inkdigits.answer import Answer, Line
from inkdigits.errors import InkdigitsError
from inkdigits.reading.card import Card
from inkdigits.reading.constraint import Constraint, asked
from inkdigits.reading.ink import Ink, find_ink
from inkdigits.reading.lines import TextLine, find_lines
from inkdigits.reading.page import Limits, Page, Source, load_pages
from inkdigits.reading.pieces import cut_glyph, cut_pieces
from inkdigits.reading.recogniser import Recogniser
from inkdigits.reading.slant import SLANTS, UPRIGHT, is_doubtful, mean_of_views
from inkdigits.reading.strips import Strip, cut_strip, digit_groups
from inkdigits.reading.transcript import Draft, draft, transcribe, transcribe_glyphs
from inkdigits.reading.turning import TURNS, in_doubt, is_better, turned, turned_back

_LOW = 0.2  # of the page's height


class Reader:
    """Reads pages. It owns the networks; one reader serves any number of threads.

    Args:
        weights: as `Recogniser` takes them; None for those of the package.
        threads: threads for the networks; None leaves one.
        limits: on bytes, pixels and pages; None for the defaults.

    Raises:
        WeightsError: the weights are missing, damaged, or made for another normaliser.
    """

    def __init__(
        self, weights: Path | str | None = None, *, threads: int | None = None, limits: Limits | None = None
    ) -> None:
        self._recogniser = Recogniser(weights, threads=threads)
        self._limits = limits

    def read(
        self, source: Source, *, pages: str | None = None, constraint: Constraint | None = None
    ) -> list[Answer]:
        """One answer a page.

        Args:
            source: a path, the bytes of a file, or an array, as `load_pages` takes them.
            pages: which pages, as in "1-3,5"; None for all.
            constraint: what each line's text must look like.

        Raises:
            InputError: the source cannot be read; LimitError where it is beyond the limits.
        """
        return [
            self.read_page(page, constraint) for page in load_pages(source, pages=pages, limits=self._limits)
        ]

    def read_many(
        self, sources: Iterable[Source], *, pages: str | None = None, constraint: Constraint | None = None
    ) -> Iterator[Answer]:
        """The answers of many sources in their order; one that cannot be read is an answer with `error`
        set, its page the one after the last that could be read.
        """
        for source in sources:
            number = 0
            try:
                for page in load_pages(source, pages=pages, limits=self._limits):
                    number = page.number
                    yield self.read_page(page, constraint)
            except InkdigitsError as error:
                name = str(source) if isinstance(source, (str, Path)) else type(source).__name__
                yield Answer(name, number + 1, 0, 0, error=str(error))

    def read_page(self, page: Page, constraint: Constraint | None = None) -> Answer:
        """The answer of one page. Where nothing on it is surely read, it is turned, to see if that helps."""
        lines = self._lines(page, constraint)
        if in_doubt(lines):
            for quarters in TURNS:
                # Turned, it must be sure at first sight.
                found = self._lines(turned(page, quarters), constraint, looks=1)
                if is_better(found, lines, quarters):
                    lines = turned_back(found, page, quarters)
                    break
        return Answer(page.source, page.number, page.width, page.height, lines)

    def _lines(self, page: Page, constraint: Constraint | None, looks: int = 2) -> tuple[Line, ...]:
        """The lines of a page as it lies; with two looks, those in doubt are seen again, slanted."""
        ink = find_ink(page)
        lines = find_lines(ink)
        card = self._recogniser.line_card
        if card is None:
            read = self._by_glyphs(ink, lines, constraint)
        else:
            look = functools.partial(self._look, ink, card=card, constraint=constraint)
            strips = [cut_strip(page, ink, line) for line in lines]
            read = look(lines, strips, slants=UPRIGHT)
            doubtful = [number for number, line in enumerate(read) if looks > 1 and is_doubtful(line)]
            seen = [lines[number] for number in doubtful], [strips[number] for number in doubtful]
            for number, line in zip(doubtful, look(*seen, slants=SLANTS), strict=True):
                read[number] = line
        return tuple(line for line in read if not _is_surroundings(line, page))

    def _by_glyphs(self, ink: Ink, lines: list[TextLine], constraint: Constraint | None) -> list[Line]:
        """Lines read form by form, where there is no line network."""
        groups = [digit_groups(line) for line in lines]
        glyphs = [[cut_glyph(ink, box) for box in boxes] for boxes in groups]
        opinions = self._opinions(glyphs, UPRIGHT)
        trust = self._recogniser.glyph_card.trust
        return [
            transcribe_glyphs(*parts, trust, constraint)
            for parts in zip(lines, groups, opinions, strict=True)
        ]

    def _look(
        self,
        ink: Ink,
        lines: list[TextLine],
        strips: list[Strip],
        *,
        slants: tuple[float, ...],
        card: Card,
        constraint: Constraint | None,
    ) -> list[Line]:
        """Lines as both networks read them, the mean of what they say at each slant."""
        images = [strip.image for strip in strips]
        steps = mean_of_views(self._recogniser.line_probabilities, images, slants)
        drafts = [draft(*parts, card.classes) for parts in zip(lines, strips, steps, strict=True)]
        opinions = self._opinions([_glyphs(ink, one) for one in drafts], slants)
        return [transcribe(*parts, card.trust, constraint) for parts in zip(drafts, opinions, strict=True)]

    def _opinions(self, glyphs: list[list[np.ndarray]], slants: tuple[float, ...]) -> list[np.ndarray]:
        """The glyph network's probabilities (glyphs, classes) for each line's glyphs, all asked at once."""
        ask = self._recogniser.glyph_probabilities
        every = [glyph for line in glyphs for glyph in line]
        opinions = mean_of_views(lambda views: list(ask(np.stack(views))), every, slants)
        return np.split(opinions, np.cumsum([len(line) for line in glyphs])[:-1]) if glyphs else []


def _glyphs(ink: Ink, read: Draft) -> list[np.ndarray]:
    """What the glyph network is shown of a line: each part, and after it its signs if they are cut."""
    glyphs = []
    for part in read.parts:
        glyphs.append(cut_glyph(ink, part.box))
        if part.is_cut:
            glyphs += cut_pieces(ink, part.box, [read.places[index] for index in part.signs])
    return glyphs


def _is_surroundings(line: Line, page: Page) -> bool:
    """Low ink that is no digit and is cut off by the picture's border: the desk, a binding, a field beside
    it.
    """
    x, y, width, height = line.box
    cut = x <= 2 or y <= 2 or x + width >= page.width - 2 or y + height >= page.height - 2
    return line.status == "not_digits" and cut and height < _LOW * page.height


@functools.cache
def _shared_reader() -> Reader:
    """The reader of `read`. Two threads that both come first may each load one; the first to be kept serves
    all.
    """
    return Reader()


def read(
    source: Source,
    *,
    pages: str | None = None,
    pattern: str | None = None,
    length: int | None = None,
    check: str | None = None,
) -> list[Answer]:
    """One answer a page, with the weights of the package; the networks are loaded once, at the first call.

    `pattern`, `length` and `check` say what each line's text must look like, as `Constraint` takes them.

    Raises:
        InputError: the source cannot be read or the pattern not understood; LimitError where the source is
            beyond the default limits.
    """
    return _shared_reader().read(source, pages=pages, constraint=asked(pattern, length, check))
