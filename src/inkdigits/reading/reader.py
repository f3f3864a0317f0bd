"""The pipeline: page, ink, lines, strips and glyphs, networks, decoder, answer. In: any input. Out:
`Answer`s.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np

from inkdigits.answer import Alternative, Answer, Box, Digit, Line, Mark
from inkdigits.errors import InkdigitsError
from inkdigits.reading.decoder import DIGITS, Sign, agree, alternatives, find_signs, line_confidence
from inkdigits.reading.ink import find_ink
from inkdigits.reading.lines import TextLine, find_lines
from inkdigits.reading.page import Limits, Page, Source, load_pages
from inkdigits.reading.recogniser import LINE_STRIDE, Recogniser
from inkdigits.reading.strips import Strip, cut_glyph, cut_strip, digit_groups


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

    def read(self, source: Source, *, pages: str | None = None) -> list[Answer]:
        """One answer a page.

        Args:
            source: a path, the bytes of a file, or an array, as `load_pages` takes them.
            pages: which pages, as in "1-3,5"; None for all.

        Raises:
            InputError: the source cannot be read; LimitError where it is beyond the limits.
        """
        return [self.read_page(page) for page in load_pages(source, pages=pages, limits=self._limits)]

    def read_many(self, sources: Iterable[Source], *, pages: str | None = None) -> Iterator[Answer]:
        """The answers of many sources in their order; one that cannot be read is an answer with `error`
        set.
        """
        for source in sources:
            try:
                for page in load_pages(source, pages=pages, limits=self._limits):
                    yield self.read_page(page)
            except InkdigitsError as error:
                name = str(source) if isinstance(source, (str, Path)) else type(source).__name__
                yield Answer(name, 1, 0, 0, error=str(error))

    def read_page(self, page: Page) -> Answer:
        """The answer of one page."""
        ink = find_ink(page)
        lines = find_lines(ink)
        groups = [digit_groups(line) for line in lines]
        glyphs = [cut_glyph(ink, box) for boxes in groups for box in boxes]
        opinions = self._recogniser.glyph_probabilities(np.array(glyphs, np.uint8).reshape(-1, 28, 28))
        ends = np.cumsum([len(boxes) for boxes in groups])
        split = np.split(opinions, ends[:-1]) if len(ends) else []
        if self._recogniser.reads_lines:
            strips = [cut_strip(page, ink, line) for line in lines]
            steps = self._recogniser.line_probabilities([strip.image for strip in strips])
            read = [self._line(*parts) for parts in zip(lines, groups, split, strips, steps, strict=True)]
        else:
            read = [self._line_of_glyphs(*parts) for parts in zip(lines, groups, split, strict=True)]
        return Answer(page.source, page.number, page.width, page.height, tuple(read))

    def _line(
        self,
        line: TextLine,
        boxes: list[np.ndarray],
        opinions: np.ndarray,
        strip: Strip,
        steps: np.ndarray,
    ) -> Line:
        card = self._recogniser.line_card
        classes = card.classes if card else DIGITS
        signs = find_signs(steps, classes)
        places = [_place(sign, strip) for sign in signs]
        digits: list[Digit] = []
        marks: list[Mark] = []
        for index, (sign, (left, right)) in enumerate(zip(signs, places, strict=True)):
            middle = (left + right) / 2
            under = [number for number, box in enumerate(boxes) if box[0] <= middle <= box[2]]
            shared = any(
                boxes[number][0] <= (other[0] + other[1]) / 2 <= boxes[number][2]
                for number in under
                for place, other in enumerate(places)
                if place != index
            )
            alone = len(under) == 1 and not shared
            box = _box(boxes[under[0]]) if alone else _between(index, places, line)
            if sign.is_digit:
                scores = agree(sign.scores, opinions[under[0]]) if alone else sign.scores
                digits.append(_digit(scores, box))
            elif sign.text != "?":
                marks.append(Mark(sign.text, box))
        confidence = line_confidence([digit.confidence for digit in digits], steps, signs, classes)
        return _finish(line, digits, marks, confidence, card.threshold if card else 0.5)

    def _line_of_glyphs(self, line: TextLine, boxes: list[np.ndarray], opinions: np.ndarray) -> Line:
        """A line read form by form, with a glyph network alone."""
        digits: list[Digit] = []
        marks: list[Mark] = []
        for box, scores in zip(boxes, opinions, strict=True):
            if box[3] - box[1] < 0.3 * line.height:
                flat = box[2] - box[0] > 1.5 * (box[3] - box[1])
                marks.append(Mark("-" if flat else ".", _box(box)))
            elif not (len(scores) > 10 and scores[10] > 0.5):
                digits.append(_digit(scores[:10], _box(box)))
        confidence = float(np.prod([digit.confidence for digit in digits]))
        return _finish(line, digits, marks, confidence, self._recogniser.glyph_card.threshold)


def _place(sign: Sign, strip: Strip) -> tuple[float, float]:
    """Left and right end of a sign's steps, in page pixels."""
    return strip.page_x(sign.start * LINE_STRIDE), strip.page_x(sign.end * LINE_STRIDE)


def _between(index: int, places: list[tuple[float, float]], line: TextLine) -> Box:
    """The box of a sign that shares its ink with others: from half way to the one before to half way to the
    next.
    """
    left, right = places[index]
    width = max(right - left, 0.3 * line.height)
    before = (places[index - 1][1] + left) / 2 if index else left - width
    after = (right + places[index + 1][0]) / 2 if index + 1 < len(places) else right + width
    left, right = max(before, left - width, line.left), min(after, right + width, line.right)
    return _box(np.array([left, line.top, max(right, left + 1), line.bottom]))


def _box(corners: np.ndarray) -> Box:
    left, top, right, bottom = (round(float(value)) for value in corners)
    return (max(0, left), max(0, top), max(1, right - left), max(1, bottom - top))


def _digit(scores: np.ndarray, box: Box) -> Digit:
    others = tuple(Alternative(text, score) for text, score in alternatives(scores))
    return Digit(DIGITS[int(scores.argmax())], float(scores.max()), box, others)


def _finish(
    line: TextLine, digits: list[Digit], marks: list[Mark], confidence: float, threshold: float
) -> Line:
    box = _box(np.array([line.left, line.top, line.right, line.bottom]))
    text = "".join(digit.text for digit in digits)
    if not digits:
        return Line("", 0.0, "not_digits", box, (), tuple(marks), ("no digit was recognised in this ink",))
    if confidence < threshold:
        weakest = min(digits, key=lambda digit: digit.confidence)
        reason = f"confidence {confidence:.2f} is below {threshold:.2f}; least sure of {weakest.text}"
        return Line(text, confidence, "unsure", box, tuple(digits), tuple(marks), (reason,))
    return Line(text, confidence, "ok", box, tuple(digits), tuple(marks))


_shared: Reader | None = None
_lock = threading.Lock()


def read(source: Source, *, pages: str | None = None) -> list[Answer]:
    """One answer a page, with the weights of the package; the networks are loaded once, at the first call.

    Raises:
        InputError: the source cannot be read; LimitError where it is beyond the default limits.
    """
    global _shared
    with _lock:
        if _shared is None:
            _shared = Reader()
    return _shared.read(source, pages=pages)
