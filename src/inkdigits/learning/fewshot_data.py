"""What few-shot learning learns from: characters that are no digits, turned and mirrored, and drawn labels.

In: the data folder. Out: `Characters` with their classes, the recipe's `TrainingData`, and draws of MNIST's
labels.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from inkdigits.errors import DataError, RunError
from inkdigits.learning.augment import augment
from inkdigits.learning.config import TrainConfig
from inkdigits.learning.datasets import load_letters, load_omniglot
from inkdigits.learning.recipe import Arrays, TrainingData, epoch_generator, source_rows
from inkdigits.learning.sources import source_hashes
from inkdigits.reading.glyph import GLYPH_BOX, normalise, stroke_width

LETTERS = "ABCDFT"
CHARACTERS = 242
TURNS = 4
# Each letter in 4 directions; each Omniglot character in 4 directions, as it is and mirrored.
CLASS_COUNT = TURNS * (len(LETTERS) + 2 * CHARACTERS)
PEN = (1.5, 3.2)  # widths of strokes, in pixels at the size of a glyph
PEN_SEED = 0
_HELD_OUT = 10  # every tenth drawing of a character is for validation


@dataclass(frozen=True)
class Characters:
    """`letters` (n, 28, 28) uint8 upright, with `letter_kinds` (n,) in 0..5; `drawings` (8, m, 28, 28) uint8,
    each Omniglot drawing turned by 0, 90, 180 and 270 degrees, then mirrored and turned, with `kinds` (m,) in
    0..241.
    """

    letters: np.ndarray
    letter_kinds: np.ndarray
    drawings: np.ndarray
    kinds: np.ndarray

    def __len__(self) -> int:
        """Glyphs of an epoch: each letter in one direction, each drawing in four."""
        return len(self.letters) + TURNS * self.drawings.shape[1]

    def draw(self, generator: np.random.Generator) -> Arrays:
        """An epoch's glyphs (n, 28, 28) uint8 and classes (n,) int32, in random order, not yet warped."""
        turns = generator.integers(0, TURNS, len(self.letters))
        letters = np.empty_like(self.letters)
        for turn in range(TURNS):
            letters[turns == turn] = _turned(self.letters[turns == turn], turn)
        mirrored = generator.integers(0, 2, (TURNS, self.drawings.shape[1]))
        views = mirrored * TURNS + np.arange(TURNS)[:, None]
        drawn = self.drawings[views, np.arange(self.drawings.shape[1])].reshape(-1, 28, 28)
        classes = np.concatenate(
            [self.letter_kinds * TURNS + turns, (len(LETTERS) * TURNS + self.kinds * 8 + views).ravel()]
        )
        order = generator.permutation(len(classes))
        return np.concatenate([letters, drawn])[order], classes[order].astype(np.int32)

    def upright(self) -> Arrays:
        """All glyphs as they were written, and their classes."""
        first = len(LETTERS) * TURNS + self.kinds * 8
        classes = np.concatenate([self.letter_kinds * TURNS, first]).astype(np.int32)
        return np.concatenate([self.letters, self.drawings[0]]), classes


def class_names() -> tuple[str, ...]:
    """The name of each class, such as "A", "A turned 90" or "character 17 mirrored, turned 270"."""
    turns = ("", *(f" turned {90 * turn}" for turn in range(1, TURNS)))
    names = [letter + turn for letter in LETTERS for turn in turns]
    for kind in range(CHARACTERS):
        names += [f"character {kind + 1}{turn}" for turn in turns]
        names += [f"character {kind + 1} mirrored{turn and ',' + turn}" for turn in turns]
    return tuple(names)


def load_characters(folder: Path, part: str) -> Characters:
    """The characters of `part`: "all", or "training" and "validation", which share no drawing.

    The letters of validation are those that EMNIST tests on, by other writers.
    """
    letters = load_letters(folder, "test" if part == "validation" else "train")
    omniglot = load_omniglot(folder)
    names, kinds = np.unique(omniglot.labels, return_inverse=True)
    if len(names) > CHARACTERS or not set(letters.labels) <= set(LETTERS):
        raise DataError(f"{folder}: letters other than {LETTERS}, or more characters than {CHARACTERS}")
    held_out = np.arange(len(omniglot)) % _HELD_OUT == 0
    chosen = {"all": np.ones(len(omniglot), bool), "training": ~held_out, "validation": held_out}[part]
    ink = (255 - omniglot.images[chosen]).astype(np.float32) / 255
    views = (ink, ink[:, :, ::-1])
    generator = np.random.default_rng(PEN_SEED)
    drawings = [
        np.stack([normalise(_inked(np.rot90(image, turn), generator)) for image in view])
        for view in views
        for turn in range(TURNS)
    ]
    letter_kinds = np.array([LETTERS.index(label) for label in letters.labels])
    return Characters(letters.images, letter_kinds, np.stack(drawings), kinds[chosen])


def prepare_characters(config: TrainConfig, folder: Path) -> TrainingData:
    """Letters and characters in all directions; a tenth of the drawings and the test letters are held out."""
    hashes = source_hashes(["letters", "omniglot"], folder)
    training = load_characters(folder, "all" if config.train_on_all else "training")
    validation = None if config.train_on_all else load_characters(folder, "validation").upright()

    def epoch(index: int) -> Arrays:
        generator = epoch_generator(config.seed, index)
        glyphs, classes = training.draw(generator)
        return augment(glyphs, config.augmentation, generator), classes

    files = {"letters": "letters/letters.npz", "omniglot": "omniglot/omniglot_small.npz"}
    counts = {"letters": len(training.letters), "omniglot": len(training.kinds)}
    return TrainingData(
        epoch=epoch,
        count=len(training),
        validation=validation,
        hashes=hashes,
        sources=source_rows(counts, hashes, files),
        plain=training.upright(),
    )


def draw_labels(labels: np.ndarray, count: int, draw: int) -> np.ndarray:
    """`count` rows of each of ten digits, (10 * count,) int64, drawn by the seed `draw` from `labels` (n,).

    The rows of fewer labels are the first of those of more, digit by digit. RunError where a digit has fewer.
    """
    generator = np.random.default_rng(draw)
    chosen = []
    for digit in range(10):
        rows = np.flatnonzero(labels == digit)
        if not 1 <= count <= len(rows):
            raise RunError(f"labels is {count}: 1 to {len(rows)} a class are needed")
        chosen.append(generator.permutation(rows)[:count])
    return np.concatenate(chosen)


def _inked(ink: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """A drawing's ink as a pen of a width drawn from `generator` would leave it, never thinner than it is.

    Omniglot's strokes are drawn with a mouse, all of one width; those of pens are not.
    """
    ink = cv2.copyMakeBorder(np.ascontiguousarray(ink), 8, 8, 8, 8, cv2.BORDER_CONSTANT)
    rows, columns = np.nonzero(ink > 0.5)
    side = max(np.ptp(rows), np.ptp(columns)) + 1
    wider = round(generator.uniform(*PEN) * side / GLYPH_BOX - stroke_width(ink))
    if wider < 1:
        return ink
    return cv2.dilate(ink, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (wider + 1, wider + 1)))


def _turned(images: np.ndarray, turn: int) -> np.ndarray:
    """Images turned by `turn` times 90 degrees about pixel (14, 14), where the centre of mass lies."""
    turned = np.rot90(images, turn, (1, 2))
    shifts = ((0, 0), (1, 0), (1, 1), (0, 1))[turn]
    return np.roll(turned, shifts, (1, 2))
