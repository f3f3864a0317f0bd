"""The pipeline: page, ink, lines, strips and glyphs, networks, decoder, answer. In: any input. Out:
`Answer`s.
"""

from __future__ import annotations

import functools
import operator
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Executor, Future
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from inkdigits.answer import Answer, Line
from inkdigits.errors import InkdigitsError
from inkdigits.reading.card import Card
from inkdigits.reading.constraint import Constraint, asked
from inkdigits.reading.draft import Draft, draft
from inkdigits.reading.glyph import GLYPH_SIZE
from inkdigits.reading.helpers import helpers, shares
from inkdigits.reading.ink import Ink, find_ink
from inkdigits.reading.lines import TextLine, find_lines
from inkdigits.reading.page import Limits, Page, Source, load_pages
from inkdigits.reading.paler import lines_in_paler_ink
from inkdigits.reading.pieces import cut_glyph, cut_pieces
from inkdigits.reading.recogniser import Recogniser
from inkdigits.reading.slant import SLANTS, UPRIGHT, is_doubtful, is_not_quite_sure, mean_of_views
from inkdigits.reading.strips import Strip, cut_strip, digit_groups
from inkdigits.reading.transcript import transcribe, transcribe_glyphs
from inkdigits.reading.turning import lines_turned
from inkdigits.reading.windows import without_windows

_LOW = 0.2  # of the page's height
_SPECK = 0.02  # of the page's shorter side
_FLAT = 3  # times its height: as wide is a dash
_KEPT = 1 << 24  # bytes


@dataclass(frozen=True, eq=False)
class _Found:
    """A line of writing, the page that it is on (its `number` among those read together), and what is asked
    of it.
    """

    number: int
    page: Page
    ink: Ink
    line: TextLine
    constraint: Constraint | None

    @functools.cached_property
    def strip(self) -> Strip:
        """What the line network is shown of it; a second look needs it again."""
        return cut_strip(self.page, self.ink, self.line)

    @functools.cached_property
    def _cuts(self) -> dict[tuple[float, ...], list[np.ndarray]]:
        """What was cut of it so far: a second look mostly needs the same."""
        return {}

    def glyphs(self, read: Draft) -> list[np.ndarray]:
        """What the glyph network is shown of it: each part, and after it its signs if they are cut."""
        glyphs = []
        for part in read.parts:
            places = [read.places[index] for index in part.signs] if part.is_cut else []
            where = (*part.box.tolist(), *places)
            if where not in self._cuts:
                pieces = cut_pieces(self.ink, part.box, places) if places else []
                self._cuts[where] = [cut_glyph(self.ink, part.box), *pieces]
            glyphs += self._cuts[where]
        return glyphs


@dataclass(frozen=True, eq=False)
class _Seen:
    """A line as it was read, and what led to that.

    Attributes:
        steps: (steps, classes) float32, what each line network that was asked said of its strip.
        glyphs: what the glyph network was shown; `opinions` (glyphs, classes) float32 are what it said.
    """

    line: Line
    steps: tuple[np.ndarray, ...]
    glyphs: list[np.ndarray]
    opinions: np.ndarray


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
        self._threads = threads or 1
        self._limits = limits
        _keep_memory()

    @property
    def cards(self) -> tuple[Card, ...]:
        """The cards of the networks that it reads with."""
        return self._recogniser.cards

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
        """The answer of one page. Where nothing on it is surely read, it is looked at again: turned, and for
        paler ink.
        """
        return self.read_pages([page], [constraint])[0]

    def read_pages(self, pages: Sequence[Page], constraints: Sequence[Constraint | None]) -> list[Answer]:
        """The answers of several pages, each with its constraint; all go through the networks together."""
        pages = [without_windows(page) for page in pages]
        inks = [find_ink(page) for page in pages]
        upright = self._lines(pages, inks, constraints)
        read = map(self._again, pages, inks, constraints, upright)
        return [
            Answer(page.source, page.number, page.width, page.height, lines)
            for page, lines in zip(pages, read, strict=True)
        ]

    def _again(
        self, page: Page, ink: Ink, constraint: Constraint | None, lines: tuple[Line, ...]
    ) -> tuple[Line, ...]:
        """The `lines` of a page, or those of another look at all of it, if they are in doubt."""

        def look(page: Page, ink: Ink, looks: int) -> tuple[Line, ...]:
            return self._lines([page], [ink], [constraint], looks)[0]

        return lines_turned(page, ink, lines, look) or lines_in_paler_ink(page, ink, lines, look) or lines

    def _lines(
        self,
        pages: Sequence[Page],
        inks: Sequence[Ink],
        constraints: Sequence[Constraint | None],
        looks: int = 2,
    ) -> list[tuple[Line, ...]]:
        """The lines of each page as it lies; with two looks, those in doubt are seen again, slanted."""
        found = [
            _Found(number, page, ink, line, constraint)
            for number, (page, ink, constraint) in enumerate(zip(pages, inks, constraints, strict=True))
            for line in find_lines(ink)
        ]
        card = self._recogniser.line_card
        read = self._by_glyphs(found) if card is None else self._by_both(found, card, looks)
        kept: list[list[Line]] = [[] for _ in pages]
        for one, line in zip(found, read, strict=True):
            if not _is_left_over(line, one):
                kept[one.number].append(line)
        return [tuple(lines) for lines in kept]

    def _by_both(self, found: Sequence[_Found], card: Card, looks: int) -> list[Line]:
        """Lines as both networks read them, at the first look or a later one: of what is not quite sure a
        second line network says as much; what is in doubt then is shown to both slanted as well.
        """
        again = [(UPRIGHT, is_not_quite_sure), (SLANTS, is_doubtful)] if looks > 1 else []
        if self._recogniser.second_card is None:
            again = again[1:]
        with helpers(self._threads if len(found) > 1 else 1) as pool:
            seen = self._look(pool, found, UPRIGHT, card)
            for slants, is_asked in again:
                numbers = [number for number, one in enumerate(seen) if is_asked(one.line)]
                before = [seen[number] for number in numbers]
                looked = self._look(pool, [found[number] for number in numbers], slants, card, before)
                for number, one in zip(numbers, looked, strict=True):
                    seen[number] = one
        return [one.line for one in seen]

    def _by_glyphs(self, found: Sequence[_Found]) -> list[Line]:
        """Lines read form by form, where there is no line network."""
        groups = [digit_groups(one.line) for one in found]
        glyphs = [
            [cut_glyph(one.ink, box) for box in boxes] for one, boxes in zip(found, groups, strict=True)
        ]
        trust = self._recogniser.glyph_card.trust
        return [
            transcribe_glyphs(one.line, boxes, scores, trust, one.constraint)
            for one, boxes, scores in zip(found, groups, self._opinions(glyphs), strict=True)
        ]

    def _look(
        self,
        pool: Executor,
        found: Sequence[_Found],
        slants: tuple[float, ...],
        card: Card,
        before: Sequence[_Seen] | None = None,
    ) -> list[_Seen]:
        """Lines as both networks read them, the mean of what the line networks say at each slant; `before` is
        what the upright look before this one has shown, if there was one.

        With several threads the networks see some of the lines while others are cut and drafted.
        """
        parts = shares(range(len(found)), self._threads)
        earlier = [None if before is None else [before[number] for number in part] for part in parts]
        said: list[Future[list[tuple[np.ndarray, ...]]]] = []
        for part, known in zip(parts, earlier, strict=True):
            images = [found[number].strip.image for number in part]
            said.append(pool.submit(self._steps, images, slants, known))
        drafts: list[Draft] = []
        glyphs: list[list[np.ndarray]] = []
        heard: list[Future[list[np.ndarray]]] = []
        for part, known, future in zip(parts, earlier, said, strict=True):
            for number, steps in zip(part, future.result(), strict=True):
                mean = steps[0] if len(steps) == 1 else np.mean(steps, axis=0)
                drafts.append(draft(found[number].line, found[number].strip, mean, card.classes))
                glyphs.append(found[number].glyphs(drafts[number]))
            heard.append(pool.submit(self._opinions, [glyphs[number] for number in part], known))
        steps = [step for future in said for step in future.result()]
        opinions = [opinion for future in heard for opinion in future.result()]
        return [
            _Seen(transcribe(read, opinion, card.trust, one.constraint), step, shown, opinion)
            for one, step, read, shown, opinion in zip(found, steps, drafts, glyphs, opinions, strict=True)
        ]

    def _steps(
        self, images: list[np.ndarray], slants: tuple[float, ...], before: Sequence[_Seen] | None
    ) -> list[tuple[np.ndarray, ...]]:
        """What each line network says of strips, the mean over slants: the first alone, or, where something
        was said of them `before`, the second too, if there is one. What was said is not asked again.
        """
        asked = [False] if before is None or self._recogniser.second_card is None else [False, True]
        said = []
        for second in asked:
            network = functools.partial(self._recogniser.line_probabilities, second=second)
            known = None
            if before and second < len(before[0].steps):
                known = [one.steps[second] for one in before]
            said.append(mean_of_views(network, images, slants, known))
        return list(zip(*said, strict=True))

    def _opinions(
        self, glyphs: list[list[np.ndarray]], before: Sequence[_Seen] | None = None
    ) -> list[np.ndarray]:
        """The glyph network's probabilities (glyphs, classes) for each line's glyphs, all asked at once; what
        it said of the same glyphs `before` is not asked again. The one glyph of a line stands by itself.
        """
        known: list[np.ndarray | None] = [None] * len(glyphs)
        if before is not None:
            known = [
                one.opinions if _same(line, one.glyphs) else None
                for line, one in zip(glyphs, before, strict=True)
            ]
        asked = [line for line, one in zip(glyphs, known, strict=True) if one is None]
        every = [glyph for line in asked for glyph in line]
        lone = np.array([len(line) == 1 for line in asked for _ in line], bool)
        shown = np.array(every, np.uint8).reshape(-1, GLYPH_SIZE, GLYPH_SIZE)
        ends = np.cumsum([len(line) for line in asked])
        told = iter(np.split(self._recogniser.glyph_probabilities(shown, lone), ends[:-1]))
        return [next(told) if one is None else one for one in known]


def _same(glyphs: list[np.ndarray], others: list[np.ndarray]) -> bool:
    """Whether these are the same arrays, which they are where the same was cut: see `_Found.glyphs`."""
    return len(glyphs) == len(others) and all(map(operator.is_, glyphs, others))


def _keep_memory() -> None:
    """Have the process keep the memory of one page's maps for the next.

    The C library of Linux gives memory back once more is free than twice the largest block that was ever
    freed; to be given it anew for each page takes a tenth of the time of reading it. The block that is freed
    here was never written to, and takes no memory.
    """
    np.empty(_KEPT, np.uint8)


def _is_left_over(line: Line, found: _Found) -> bool:
    """Ink that is no digit, low, and cut off by the picture's border: the desk, a binding, a field beside it;
    or one form that is flat or a speck: a dash, the rest of a ruled line.
    """
    (x, y, width, height), page = line.box, found.page
    cut = x <= 2 or y <= 2 or x + width >= page.width - 2 or y + height >= page.height - 2
    low = cut and height < _LOW * page.height
    rest = width > _FLAT * height or height < _SPECK * min(page.width, page.height)
    return line.status == "not_digits" and (low or len(found.line.forms) == 1 and rest)


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
    amounts: bool = False,
) -> list[Answer]:
    """One answer a page, with the weights of the package; the networks are loaded once, at the first call.

    `pattern`, `length`, `check` and `amounts` say what each line's text must look like, as `Constraint` takes
    them.

    Raises:
        InputError: the source cannot be read or the pattern not understood; LimitError where the source is
            beyond the default limits.
    """
    return _shared_reader().read(source, pages=pages, constraint=asked(pattern, length, check, amounts))
