"""The networks, as ONNX Runtime sessions. In: glyphs and strips, uint8. Out: probabilities, float32.

A `Recogniser` owns one session a network; sessions may be used by many threads at once.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import onnxruntime

from inkdigits.errors import WeightsError
from inkdigits.reading.card import (
    ADVISER_FILE,
    GLYPH_FILE,
    LINE_FILE,
    SECOND_FILE,
    WEIGHTS,
    Card,
    load_card,
)
from inkdigits.reading.decoder import DIGITS, advised, soften
from inkdigits.reading.glyph import GLYPH_SIZE, NORMALISER_VERSION, STRIP_HEIGHT

LINE_STRIDE = 2  # columns of a strip for each step of the line network's output
_BATCH = 256
_STRIP_BATCH = 16
DOUBT = 0.9  # probability of its best class below which the glyph network takes advice on a lone digit
# The adviser has seen clean digits only: of worn ones it is surer than it is right.
_ADVISER_TEMPERATURE = 4.0
_NARROWEST = 32  # columns; a narrower strip is padded with paper


def _other_kind(path: Path, card: Card, kind: str) -> WeightsError:
    return WeightsError(f"{path}: a {card.kind} network where a {kind} network is needed")


def open_session(path: Path, threads: int | None) -> onnxruntime.InferenceSession:
    """An ONNX file as a session of so many threads; None is one. What goes wrong is ONNX Runtime's own."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads or 1
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


class _Network:
    """A network of the kind that is asked for, any if None, with its card."""

    def __init__(self, path: Path, threads: int | None, kind: str | None = None) -> None:
        self.card = load_card(path, NORMALISER_VERSION)
        if kind is not None and self.card.kind != kind:
            raise _other_kind(path, self.card, kind)
        self._path, self._threads = path, threads

    @functools.cached_property
    def session(self) -> onnxruntime.InferenceSession:
        """Opened when it is first needed: those that are asked in doubt only would hold up a start."""
        try:
            return open_session(self._path, self._threads)
        except Exception as error:  # ONNX Runtime raises a class of its own for each cause
            raise WeightsError(
                f"{self._path}: ONNX Runtime cannot load it ({error}); export the run again"
            ) from error

    def run(self, images: np.ndarray) -> np.ndarray:
        """What it says of a batch, as it left its softmax."""
        return np.asarray(self.session.run(None, {self.session.get_inputs()[0].name: images})[0])


class Recogniser:
    """A glyph network and, unless weights of a glyph network alone are given, a line network; and perhaps
    others that are asked where these are in doubt: an adviser, a glyph network, about lone digits, and a
    second line network about lines.

    Args:
        weights: a folder that holds both networks with their cards, and perhaps the others; the path of one
            network, or the name of one that comes with the package, such as "light"; None for those that the
            package reads with. A line network alone is helped by the package's glyph network.
        threads: threads for each network; None leaves one.

    Raises:
        WeightsError: files are missing, damaged, or made for another normaliser.
    """

    def __init__(self, weights: Path | str | None = None, *, threads: int | None = None) -> None:
        glyphs, lines, adviser, second = _files(weights)
        self._glyphs = _Network(glyphs, threads)
        self._lines = None if lines is None else _Network(lines, threads, "line")
        if self._lines is None and self._glyphs.card.kind == "line":
            self._lines, self._glyphs = self._glyphs, _Network(WEIGHTS / GLYPH_FILE, threads)
        if self._glyphs.card.kind != "glyph":
            raise _other_kind(glyphs, self._glyphs.card, "glyph")
        self._adviser = None if adviser is None else _Network(adviser, threads, "glyph")
        if self._adviser is not None and self._adviser.card.classes != DIGITS:
            raise WeightsError(f"{adviser}: an adviser names the ten digits and nothing else")
        self._second = None
        if second is not None and self._lines is not None:
            self._second = _Network(second, threads, "line")
            if self._second.card.classes != self._lines.card.classes:
                raise WeightsError(f"{second}: names other classes than {lines}")
        # What every reading needs is opened now, so that damage is said at once.
        for network in (self._glyphs, self._lines):
            if network is not None:
                _ = network.session
        self.glyph_card = self._glyphs.card
        self.line_card, self.adviser_card, self.second_card = (
            None if network is None else network.card
            for network in (self._lines, self._adviser, self._second)
        )

    @property
    def cards(self) -> tuple[Card, ...]:
        """The cards of all its networks."""
        cards = (self.glyph_card, self.line_card, self.adviser_card, self.second_card)
        return tuple(card for card in cards if card is not None)

    @property
    def reads_lines(self) -> bool:
        """Whether there is a line network."""
        return self._lines is not None

    def glyph_probabilities(self, glyphs: np.ndarray, lone: np.ndarray | bool = False) -> np.ndarray:
        """Glyphs (n, 28, 28) uint8 to probabilities (n, classes) float32, in the order of the card's
        classes.

        `lone` (n,) bool says which of them stand by themselves, True that all do: there the adviser is heard
        where the glyph network is in doubt. It has seen whole digits only, and is no help with what was cut
        out of a string.
        """
        if glyphs.ndim != 3 or glyphs.shape[1:] != (GLYPH_SIZE, GLYPH_SIZE):
            raise ValueError(f"glyphs of shape {glyphs.shape}, not (n, {GLYPH_SIZE}, {GLYPH_SIZE})")
        classes = len(self.glyph_card.classes)
        if not len(glyphs):
            return np.zeros((0, classes), np.float32)
        told = soften(_outputs(self._glyphs, glyphs), self.glyph_card.temperature)
        if self._adviser is not None:
            doubtful = np.flatnonzero((told.max(axis=1) < DOUBT) & lone)
            if doubtful.size:
                advice = soften(_outputs(self._adviser, glyphs[doubtful]), _ADVISER_TEMPERATURE)
                told[doubtful] = advised(told[doubtful], advice)
        return told

    def line_probabilities(self, strips: Sequence[np.ndarray], *, second: bool = False) -> list[np.ndarray]:
        """Strips (32, width) uint8, each of its own width, to probabilities (width / 2, classes) float32
        each; with `second` those of the second line network.
        """
        network, name = (self._second, SECOND_FILE) if second else (self._lines, LINE_FILE)
        if network is None:
            raise WeightsError(f"these weights hold no line network {name}; pass a folder that has one")
        return _steps(network, strips)


def _steps(network: _Network, strips: Sequence[np.ndarray]) -> list[np.ndarray]:
    """A line network's probabilities (width / 2, classes) of each strip."""
    results: list[np.ndarray] = [np.zeros((0, 0), np.float32)] * len(strips)
    # Only strips of one width share a batch: padded, what is read of one would depend on the others.
    widths = [max(_NARROWEST, strip.shape[1] + strip.shape[1] % LINE_STRIDE) for strip in strips]
    for width, members in _batches(widths):
        batch = np.zeros((len(members), STRIP_HEIGHT, width), np.uint8)
        for row, index in enumerate(members):
            batch[row, :, : strips[index].shape[1]] = strips[index]
        outputs = soften(network.run(batch), network.card.temperature)
        for row, index in enumerate(members):
            results[index] = outputs[row, : max(1, -(-strips[index].shape[1] // LINE_STRIDE))]
    return results


def _outputs(network: _Network, glyphs: np.ndarray) -> np.ndarray:
    """A network's outputs (n, classes) for at least one glyph."""
    return np.concatenate(
        [network.run(glyphs[start : start + _BATCH]) for start in range(0, len(glyphs), _BATCH)]
    )


def _batches(widths: Sequence[int]) -> Iterator[tuple[int, list[int]]]:
    """Batches of the indices of equal `widths`, each with that width."""
    for width in sorted(set(widths)):
        members = [index for index, other in enumerate(widths) if other == width]
        for start in range(0, len(members), _STRIP_BATCH):
            yield width, members[start : start + _STRIP_BATCH]


def _files(weights: Path | str | None) -> tuple[Path, Path | None, Path | None, Path | None]:
    """The files of the glyph network, of the line network, of the adviser and of the second line network;
    where only one is named, that comes first, whatever it is.
    """
    if weights is None:
        return WEIGHTS / GLYPH_FILE, WEIGHTS / LINE_FILE, WEIGHTS / ADVISER_FILE, WEIGHTS / SECOND_FILE
    path = Path(weights)
    bundled = WEIGHTS / f"{path}.onnx"
    if not path.exists() and bundled.is_file():
        path = bundled
    if path.is_dir():
        others = (path / name for name in (LINE_FILE, ADVISER_FILE, SECOND_FILE))
        lines, adviser, second = (other if other.exists() else None for other in others)
        return path / GLYPH_FILE, lines, adviser, second
    return path, None, None, None
