"""The single digits that synthetic ink is made of, by writer. In: the data folder. Out: an `InkBank` a part.

Only sources that may train shipped weights are used: MNIST's training images, Semeion, optdigits, and writers
that are drawn; letters and Omniglot are the foreign characters. Validation has writers of its own.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from inkdigits.learning import datasets
from inkdigits.learning.drawn import draw_writers
from inkdigits.learning.strings import InkBank
from inkdigits.reading.glyph import normalise

BANK_SOURCES = ("mnist", "qmnist", "semeion", "optdigits", "letters", "omniglot")
# Of the writers that wrote; those that are drawn come beside them.
_SHARES = {"mnist": 0.69, "semeion": 0.19, "optdigits": 0.12}
_DRAWN_WRITERS, _DRAWN_SEED = 2000, 20261123
_REDRAWN_WRITERS = 600  # an epoch: they take ten seconds of a core
_SEMEION_WRITERS = 80  # the file holds each digit's rows writer by writer, two rows each
_OPTDIGITS_GROUP = 60  # optdigits does not name its writers; neighbouring rows are of one session
_HELD_OUT = 10  # every tenth writer of the other sources is for validation


@dataclass(frozen=True)
class Mixture:
    """What a bank holds: `letters` are those taken as foreign characters, of "ABCDFT"; `drawn` is the share
    of ink by writers that are drawn, in [0, 1].
    """

    letters: str
    drawn: float


def load_banks(folder: Path, mixture: Mixture) -> tuple[InkBank, InkBank]:
    """(training, validation), no writer in both.

    Raises:
        DataError: a source is missing or damaged.
    """
    mnist = datasets.load_mnist(folder, "train")
    mnist_writers = datasets.load_mnist_writers(folder, "train")
    _, held_out = datasets.split_by_writer(mnist_writers)
    semeion = datasets.load_semeion(folder)
    semeion_writers = _semeion_writers(semeion.labels)
    optdigits = datasets.load_optdigits(folder)
    optdigits_writers = np.arange(len(optdigits)) // _OPTDIGITS_GROUP
    drawn, drawn_labels, drawn_writers = draw_writers(_DRAWN_WRITERS, np.random.default_rng(_DRAWN_SEED))

    mnist_validates = np.zeros(len(mnist), bool)
    mnist_validates[held_out] = True
    images = [mnist.images, _normalised(semeion.images), _normalised(optdigits.images), drawn]
    labels = [mnist.labels, semeion.labels, optdigits.labels, drawn_labels]
    writers = [mnist_writers, semeion_writers, optdigits_writers, drawn_writers]
    validates = [mnist_validates, *(part % _HELD_OUT == 0 for part in writers[1:])]

    written = datasets.load_letters(folder, "train")
    written = written.images[np.isin(written.labels, list(mixture.letters))]
    omniglot = datasets.load_omniglot(folder)
    characters = _normalised(255 - omniglot.images)
    kept = ~_is_held_out(omniglot)
    foreign = (
        np.concatenate([written[500:], characters[kept]]),
        np.concatenate([written[:500], characters[~kept]]),
    )
    shares = [*(share * (1 - mixture.drawn) for share in _SHARES.values()), mixture.drawn]
    training = _bank(images, labels, writers, [~part for part in validates], shares, foreign[0])
    return training, _bank(images, labels, writers, validates, shares, foreign[1])


def redrawn(bank: InkBank, random: np.random.Generator) -> InkBank:
    """The bank with other drawn writers in place of those that it has, as often asked to write."""
    if not bank.drawn:
        return bank
    written, start = len(bank.rows) - bank.drawn, len(bank.glyphs) - 10 * bank.drawn
    glyphs, _, _ = draw_writers(_REDRAWN_WRITERS, random)
    rows = [list(start + 10 * writer + np.arange(10)[:, None]) for writer in range(_REDRAWN_WRITERS)]
    share = bank.shares[written:].sum() / _REDRAWN_WRITERS
    return dataclasses.replace(
        bank,
        glyphs=np.concatenate([bank.glyphs[:start], glyphs]),
        rows=bank.rows[:written] + rows,
        shares=np.concatenate([bank.shares[:written], np.full(_REDRAWN_WRITERS, share)]),
        drawn=_REDRAWN_WRITERS,
    )


def held_out_characters(folder: Path) -> np.ndarray:
    """The drawings of Omniglot that no network here is trained on: (n, 105, 105) uint8, ink is 0."""
    omniglot = datasets.load_omniglot(folder)
    return omniglot.images[_is_held_out(omniglot)]


def _is_held_out(omniglot: datasets.Digits) -> np.ndarray:
    """Whole alphabets are held out, so that refusal is measured on shapes never seen."""
    alphabets = np.array([name.split("/")[0] for name in omniglot.labels])
    return alphabets == np.unique(alphabets)[0]


def _normalised(images: np.ndarray) -> np.ndarray:
    return np.stack([normalise(image.astype(np.float32) / 255) for image in images])


def _semeion_writers(labels: np.ndarray) -> np.ndarray:
    """A writer id for each row: the place within its digit's rows, two rows a writer."""
    place = np.zeros(len(labels), np.int64)
    for digit in range(10):
        rows = np.flatnonzero(labels == digit)
        place[rows] = np.arange(len(rows)) * _SEMEION_WRITERS // len(rows)
    return place


def _bank(
    images: list[np.ndarray],
    labels: list[np.ndarray],
    writers: list[np.ndarray],
    chosen: list[np.ndarray],
    shares: list[float],
    foreign: np.ndarray,
) -> InkBank:
    glyphs, rows, weights, start = [], [], [], 0
    for share, image, label, writer, part in zip(shares, images, labels, writers, chosen, strict=True):
        glyphs.append(image[part])
        label, writer = label[part], writer[part]
        names = np.unique(writer)
        for name in names:
            mine = np.flatnonzero(writer == name)
            rows.append([start + mine[label[mine] == digit] for digit in range(10)])
            weights.append(share / len(names))
        start += int(part.sum())
    shares_of_writers = np.array(weights) / np.sum(weights)
    # The last source is the writers that are drawn.
    drawn = len(np.unique(writers[-1][chosen[-1]]))
    return InkBank(np.concatenate(glyphs), rows, shares_of_writers, foreign, drawn)
