"""Banks of single digits from a data folder made here: whole writers, whole alphabets, the right shares."""

from __future__ import annotations

import dataclasses
import gzip
import hashlib
import io
import struct
from pathlib import Path

import numpy as np
import pytest

from inkdigits.errors import DataError
from inkdigits.learning import bank, datasets, sources
from inkdigits.learning.bank import BANK_SOURCES, Mixture, load_banks, redrawn
from inkdigits.learning.drawn import draw_writers
from inkdigits.learning.sources import Source, SourceFile
from inkdigits.learning.strings import InkBank

MNIST, SEMEION, OPTDIGITS, LETTERS = 300, 1600, 1200, 600
WRITERS = 30
VALIDATION = 50
DRAWN = 20
ALPHABETS = ("Angelic", "Braille", "Cyrillic")


def _idx(array: np.ndarray) -> bytes:
    return gzip.compress(struct.pack(f">HBB{array.ndim}i", 0, 8, array.ndim, *array.shape) + array.tobytes())


def _npz(**arrays: np.ndarray) -> bytes:
    packed = io.BytesIO()
    np.savez_compressed(packed, **arrays)  # pyright: ignore[reportArgumentType]
    return packed.getvalue()


def _numbered(count: int, side: int) -> np.ndarray:
    """Images (count, side, side) uint8, each a block of ink whose size tells its number."""
    images = np.zeros((count, side, side), np.uint8)
    for number, image in enumerate(images):
        image[2 : 6 + number % 7, 3 : 7 + number % 5] = 255
    return images


@pytest.fixture(scope="module")
def files() -> dict[str, dict[str, bytes]]:
    """The bytes of every file of the bank's sources, by source and path."""
    mnist = np.arange(MNIST, dtype=np.uint8) % 10
    pictures = _numbered(MNIST, 28)
    # A mark in the corner names the writer, so that a test can see where an image came from.
    pictures[:, 0, 0] = np.arange(MNIST) % WRITERS + 1
    rows = "".join(f"{label}\t4\t{2000 + i % WRITERS}\t{i}\t35\t{i}\t0\t0\n" for i, label in enumerate(mnist))
    omniglot = np.full((60, 105, 105), 255, np.uint8)
    omniglot[:, 30:70, 40:60] = 0
    names = np.array([f"{ALPHABETS[i % 3]}/character{i:02d}" for i in range(60)])
    written = _numbered(LETTERS, 28)
    letters = np.array(list("ABCDFT"))[np.arange(LETTERS) % 6]
    written[:, 0, 27] = np.arange(LETTERS) % 6 + 1
    test = {"x_test": written[:6], "y_test": letters[:6]}
    paths = {name: [file.path for file in sources.SOURCES[name].files] for name in BANK_SOURCES}
    return {
        "mnist": dict(zip(paths["mnist"], [_idx(pictures), _idx(mnist)] * 2, strict=True)),
        "qmnist": {path: gzip.compress(rows.encode()) for path in paths["qmnist"]},
        "semeion": {
            paths["semeion"][0]: _npz(x=_numbered(SEMEION, 16), y=np.arange(SEMEION, dtype=np.uint8) % 10)
        },
        "optdigits": {
            paths["optdigits"][0]: _npz(
                x=_numbered(OPTDIGITS, 32), y=np.arange(OPTDIGITS, dtype=np.uint8) % 10
            )
        },
        "letters": {paths["letters"][0]: _npz(x_train=written, y_train=letters, **test)},
        "omniglot": {paths["omniglot"][0]: _npz(x=omniglot, cls=names)},
    }


@pytest.fixture
def folder(files: dict[str, dict[str, bytes]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name, contents in files.items():
        described = []
        for path, data in contents.items():
            (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / path).write_bytes(data)
            unpacked = hashlib.sha256(gzip.decompress(data)).hexdigest() if path.endswith(".gz") else None
            described.append(SourceFile(path, hashlib.sha256(data).hexdigest(), len(data), (), unpacked))
        source = Source(name, name, "ours", "http://127.0.0.1:9/", True, tuple(described))
        monkeypatch.setitem(sources.SOURCES, name, source)
    monkeypatch.setattr(bank, "_DRAWN_WRITERS", DRAWN)
    split = datasets.split_by_writer
    monkeypatch.setattr(datasets, "split_by_writer", lambda writers: split(writers, VALIDATION))
    return tmp_path


@pytest.fixture
def banks(folder: Path) -> tuple[InkBank, InkBank]:
    return load_banks(folder, Mixture("ACFT", 0.25))


def test_the_parts_share_no_writer_and_miss_no_digit(banks: tuple[InkBank, InkBank]) -> None:
    training, validation = banks
    assert len(training.glyphs) + len(validation.glyphs) == MNIST + SEMEION + OPTDIGITS + 10 * DRAWN
    marked = [{int(mark) for mark in one.glyphs[:, 0, 0] if mark} for one in banks]
    assert marked[0] and marked[1]
    assert not marked[0] & marked[1]
    assert marked[0] | marked[1] == set(range(1, WRITERS + 1))


@pytest.mark.parametrize("part", [0, 1], ids=["training", "validation"])
def test_every_glyph_is_in_one_row_of_its_writer(banks: tuple[InkBank, InkBank], part: int) -> None:
    one = banks[part]
    indices = np.concatenate([rows for writer in one.rows for rows in writer])
    assert sorted(indices.tolist()) == list(range(len(one.glyphs)))
    assert all(len(writer) == 10 for writer in one.rows)
    for writer in one.rows:
        marks = {int(one.glyphs[index, 0, 0]) for rows in writer for index in rows}
        assert len(marks) == 1


@pytest.mark.parametrize("part", [0, 1], ids=["training", "validation"])
def test_sources_have_their_shares_whatever_their_number_of_writers(
    banks: tuple[InkBank, InkBank], part: int
) -> None:
    one = banks[part]
    assert one.shares.shape == (len(one.rows),)
    assert one.shares.sum() == pytest.approx(1)
    marked = np.array([one.glyphs[np.concatenate(writer)[0], 0, 0] > 0 for writer in one.rows])
    assert one.shares[marked].sum() == pytest.approx(0.69 * 0.75)


def test_smaller_digits_are_normalised_as_the_reader_does(banks: tuple[InkBank, InkBank]) -> None:
    for one in banks:
        assert one.glyphs.dtype == one.foreign.dtype == np.uint8
        assert one.glyphs.shape[1:] == one.foreign.shape[1:] == (28, 28)
        others = one.glyphs[one.glyphs[:, 0, 0] == 0]
        assert len(others)
        for glyph in others[:40]:
            rows = np.flatnonzero(glyph.max(axis=1))
            columns = np.flatnonzero(glyph.max(axis=0))
            assert max(np.ptp(rows), np.ptp(columns)) + 1 == 20


def test_drawn_writers_are_drawn_anew_and_those_that_wrote_stay(
    banks: tuple[InkBank, InkBank], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bank, "_REDRAWN_WRITERS", 3)
    before = banks[0]
    after = redrawn(before, np.random.default_rng(0))
    wrote, written = len(before.rows) - before.drawn, len(before.glyphs) - 10 * before.drawn
    assert 0 < before.drawn < len(before.rows)
    np.testing.assert_array_equal(after.glyphs[:written], before.glyphs[:written])
    np.testing.assert_array_equal(after.shares[:wrote], before.shares[:wrote])
    assert after.drawn == 3 and len(after.rows) == wrote + 3
    assert after.shares.sum() == pytest.approx(1)
    expected, labels, writers = draw_writers(3, np.random.default_rng(0))
    for writer in range(3):
        for digit in range(10):
            (index,) = after.rows[wrote + writer][digit]
            np.testing.assert_array_equal(
                after.glyphs[index], expected[(labels == digit) & (writers == writer)][0]
            )
    assert redrawn(dataclasses.replace(before, drawn=0), np.random.default_rng(0)).glyphs is before.glyphs


@pytest.mark.parametrize("letters", ["ACFT", "ABCDFT", "A"])
def test_only_the_letters_asked_for_are_foreign(
    folder: Path, monkeypatch: pytest.MonkeyPatch, letters: str
) -> None:
    training, validation = load_banks(folder, Mixture(letters, 0.25))
    marks = np.concatenate([training.foreign[:, 0, 27], validation.foreign[:, 0, 27]])
    found = {"ABCDFT"[mark - 1] for mark in marks if mark}
    assert found == set(letters)
    assert (marks > 0).sum() == LETTERS // 6 * len(letters)


def test_one_whole_alphabet_is_held_out(banks: tuple[InkBank, InkBank]) -> None:
    training, validation = banks
    omniglot = [int((one.foreign[:, 0, 27] == 0).sum()) for one in (training, validation)]
    assert omniglot == [40, 20]


@pytest.mark.parametrize("name", BANK_SOURCES)
def test_a_missing_source_is_named(folder: Path, name: str) -> None:
    missing = folder / sources.SOURCES[name].files[0].path
    missing.unlink()
    with pytest.raises(DataError, match=missing.name):
        load_banks(folder, Mixture("ACFT", 0.25))


def test_semeion_writers_wrote_every_digit_alike() -> None:
    labels = np.repeat(np.arange(10, dtype=np.uint8), 160)
    np.random.default_rng(0).shuffle(labels)
    writers = bank._semeion_writers(labels)
    assert np.unique(writers).tolist() == list(range(80))
    for digit in range(10):
        assert (np.bincount(writers[labels == digit]) == 2).all()
