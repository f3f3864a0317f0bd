"""The data sets as arrays, and their splits by writer.

In: a data folder laid out as `sources` says. Out: images (n, height, width) uint8 and labels (n,), as they
were published: size, polarity and grey levels are brought into the network's form by `reading.glyph`, not
here.
"""

from __future__ import annotations

import gzip
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from inkdigits.errors import DataError
from inkdigits.learning.idx import read_idx_pair
from inkdigits.learning.sources import SOURCES, checked_path, local_path

VALIDATION_COUNT = 5000
# The order of writers must be the same for every run that is ever compared, whatever the run's own seed.
WRITER_ORDER_SEED = 20240229
WRITER_COLUMN = 2


@dataclass(frozen=True)
class Digits:
    """Images (n, height, width) uint8 and labels: (n,) uint8 in 0..9, or (n,) str for characters that are no
    digits.
    """

    images: np.ndarray
    labels: np.ndarray

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, index: np.ndarray | slice) -> Digits:
        return Digits(self.images[index], self.labels[index])


def load_mnist(folder: Path, part: str) -> Digits:
    """MNIST's `part`, "train" (60,000) or "test" (10,000): 28x28, white ink on black."""
    first = {"train": 0, "test": 2}[part]
    images, labels = checked_path("mnist", first, folder), checked_path("mnist", first + 1, folder)
    return Digits(*read_idx_pair(images, labels))


def load_mnist_writers(folder: Path, part: str) -> np.ndarray:
    """Who wrote each image of MNIST's `part`: (n,) int64 ids, from the third column of QMNIST's rows.

    QMNIST's test rows go on beyond MNIST's 10,000 images; only the first 10,000 are MNIST's. The first
    column, the class, is compared with MNIST's labels, so that rows of another order are never taken for the
    writers.
    """
    path = checked_path("qmnist", {"train": 0, "test": 1}[part], folder)
    labels = load_mnist(folder, part).labels
    rows = read_qmnist_rows(path)
    if len(rows) < len(labels):
        raise DataError(
            f"{path}: count mismatch: {len(rows)} rows for {len(labels)} images; fetch the file again"
        )
    rows = rows[: len(labels)]
    if not np.array_equal(rows[:, 0], labels):
        raise DataError(f"{path}: its classes are not MNIST's labels: not the rows of these images")
    return rows[:, WRITER_COLUMN]


def read_qmnist_rows(path: Path) -> np.ndarray:
    """QMNIST's label rows, (n, 8) int64: class, NIST partition, writer, digit's index, NIST class, index, 0,
    0.
    """
    try:
        with (
            gzip.open(path, "rt", encoding="ascii")
            if path.suffix == ".gz"
            else open(path, encoding="ascii") as file
        ):
            rows = np.loadtxt(file, dtype=np.int64, ndmin=2)
    except (OSError, EOFError, ValueError, zlib.error) as error:
        raise DataError(
            f"{path}: cannot be read as rows of integers: {error}; fetch the file again"
        ) from error
    if rows.shape[1] <= WRITER_COLUMN:
        raise DataError(f"{path}: {rows.shape[1]} columns, not QMNIST's 8; fetch the file again")
    return rows


def split_by_writer(writers: np.ndarray, count: int = VALIDATION_COUNT) -> tuple[np.ndarray, np.ndarray]:
    """Indices (training, validation), ascending, so that no writer is in both.

    All writers are put into an order drawn from a fixed seed; whole writers go to the validation part, in
    that order, until it holds at least `count` images. The part is thus at most one writer larger than
    `count`.
    """
    names, inverse, sizes = np.unique(writers, return_inverse=True, return_counts=True)
    order = np.random.default_rng(WRITER_ORDER_SEED).permutation(len(names))
    needed = int(np.searchsorted(np.cumsum(sizes[order]), count)) + 1
    if needed >= len(names):
        raise DataError(
            f"{len(writers)} images of {len(names)} writers are too few for {count} to validate on"
        )
    chosen = np.zeros(len(names), dtype=bool)
    chosen[order[:needed]] = True
    held_out = chosen[inverse]
    return np.flatnonzero(~held_out), np.flatnonzero(held_out)


def load_mnist_split(folder: Path) -> tuple[Digits, Digits]:
    """MNIST's training images as (training, validation), no writer in both; about 55,000 and 5,000."""
    digits = load_mnist(folder, "train")
    training, validation = split_by_writer(load_mnist_writers(folder, "train"))
    return digits[training], digits[validation]


def load_semeion(folder: Path) -> Digits:
    """Semeion: 1,593 digits, 16x16, white (255) on black (0)."""
    return _load_npz("semeion", folder, "x", "y", 16)


def load_optdigits(folder: Path) -> Digits:
    """optdigits, writer-independent part: 1,797 digits, 32x32, white (255) on black (0)."""
    return _load_npz("optdigits", folder, "x", "y", 32)


def load_letters(folder: Path, part: str) -> Digits:
    """EMNIST letters A B C D F T, `part` "train" (28,800) or "test" (4,000): 28x28, white on black; labels
    are letters.
    """
    return _load_npz("letters", folder, f"x_{part}", f"y_{part}", 28, digits=False)


def load_omniglot(folder: Path) -> Digits:
    """Omniglot small sets: 4,840 characters, 105x105, black ink (0) on white; labels are
    "Alphabet/character01".
    """
    return _load_npz("omniglot", folder, "x", "cls", 105, digits=False)


def load_usps(folder: Path, part: str) -> Digits:
    """USPS, `part` "train" (7,291) or "test" (2,007): 16x16, white on black. Evaluation only."""
    return _load_npz("usps", folder, f"x_{part}", f"y_{part}", 16)


def load_ardis(folder: Path) -> Digits:
    """ARDIS IV, training part: 6,600 digits, 28x28, white on black. Evaluation only."""
    return _load_npz("ardis", folder, "x", "y", 28)


def load_quiz_sheets(folder: Path) -> Digits:
    """Quiz sheets: 1,237 digits, 28x28, dark ink on light paper, not normalised. Evaluation only."""
    return _load_npz("quiz-sheets", folder, "x", "y", 28)


def samples(folder: Path) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Of each data set whose files are in `folder`: its name, and its (images, labels) as published."""
    loaders = {
        "mnist": lambda: load_mnist(folder, "train"),
        "semeion": lambda: load_semeion(folder),
        "optdigits": lambda: load_optdigits(folder),
        "usps": lambda: load_usps(folder, "train"),
        "ardis": lambda: load_ardis(folder),
        "quiz-sheets": lambda: load_quiz_sheets(folder),
        "letters": lambda: load_letters(folder, "train"),
        "omniglot": lambda: load_omniglot(folder),
    }
    there = [name for name in loaders if all(local_path(file, folder) for file in SOURCES[name].files)]
    found = {name: loaders[name]() for name in there}
    return {name: (digits.images, digits.labels) for name, digits in found.items()}


def _load_npz(name: str, folder: Path, images: str, labels: str, side: int, digits: bool = True) -> Digits:
    """Arrays `images` (n, side, side) and `labels` (n,) of the one npz file of source `name`, checked."""
    path = checked_path(name, 0, folder)
    try:
        with np.load(path, allow_pickle=False) as archive:
            x, y = archive[images], archive[labels]
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise DataError(f"{path}: cannot be read as arrays {images} and {labels}: {error}") from error
    if x.dtype != np.uint8 or x.ndim != 3 or x.shape[1:] != (side, side):
        raise DataError(f"{path}: {images} is {x.dtype} {x.shape}, not uint8 (n, {side}, {side})")
    if y.shape != (len(x),):
        raise DataError(f"{path}: count mismatch: {len(x)} images in {images} and labels of shape {y.shape}")
    if digits and (y.dtype != np.uint8 or y.max(initial=0) > 9):
        raise DataError(f"{path}: {labels} holds other labels than 0..9")
    return Digits(x, y)
