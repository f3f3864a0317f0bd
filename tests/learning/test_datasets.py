"""Data sets: found, checked, and split so that no writer is on both sides."""

import gzip
import hashlib
import os
import struct
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from inkdigits.errors import DataError
from inkdigits.learning import datasets, sources
from inkdigits.learning.sources import Source, SourceFile


def source(name: str, folder: Path, files: dict[str, bytes], url: bool = True) -> Source:
    described = []
    for path, data in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(data)
        unpacked = hashlib.sha256(gzip.decompress(data)).hexdigest() if path.endswith(".gz") else None
        urls = ("http://127.0.0.1:9/x",) if url else ()
        described.append(SourceFile(path, hashlib.sha256(data).hexdigest(), len(data), urls, unpacked))
    return Source(name, name, "ours", "http://127.0.0.1:9/", True, tuple(described))


def idx(array: np.ndarray) -> bytes:
    return gzip.compress(struct.pack(f">HBB{array.ndim}i", 0, 8, array.ndim, *array.shape) + array.tobytes())


@pytest.fixture
def folder(tmp_path, monkeypatch) -> Path:
    """A small MNIST of 300 training images by 30 writers, and 20 test images."""
    generator = np.random.default_rng(0)
    files, rows = {}, {}
    for part, count in (("train", 300), ("t10k", 20)):
        labels = generator.integers(0, 10, count).astype(np.uint8)
        files[f"mnist/{part}-images-idx3-ubyte.gz"] = idx(
            generator.integers(0, 256, (count, 28, 28)).astype(np.uint8)
        )
        files[f"mnist/{part}-labels-idx1-ubyte.gz"] = idx(labels)
        lines = [f"{label}\t4\t{2000 + i % 30}\t{i}\t35\t{i}\t0\t0\n" for i, label in enumerate(labels)]
        if part == "t10k":
            lines += ["3\t4\t9\t0\t35\t0\t0\t0\n"] * 5
        name = {"train": "train", "t10k": "test"}[part]
        rows[f"mnist/qmnist-{name}-labels.tsv.gz"] = gzip.compress("".join(lines).encode())
    monkeypatch.setitem(sources.SOURCES, "mnist", source("mnist", tmp_path, files))
    monkeypatch.setitem(sources.SOURCES, "qmnist", source("qmnist", tmp_path, rows))
    monkeypatch.setattr(datasets, "VALIDATION_COUNT", 50)
    return tmp_path


def test_mnist_reads_packed_or_unpacked(folder):
    digits = datasets.load_mnist(folder, "train")
    assert digits.images.shape == (300, 28, 28) and len(digits) == 300
    packed = folder / "mnist/train-images-idx3-ubyte.gz"
    packed.with_suffix("").write_bytes(gzip.decompress(packed.read_bytes()))
    packed.unlink()
    assert np.array_equal(datasets.load_mnist(folder, "train").images, digits.images)
    hashes = sources.source_hashes(["mnist"], folder)
    file = sources.SOURCES["mnist"].files[0]
    assert hashes["mnist/train-images-idx3-ubyte"] == file.unpacked_sha256


def test_writers_come_from_the_third_column(folder):
    writers = datasets.load_mnist_writers(folder, "train")
    assert writers[:3].tolist() == [2000, 2001, 2002] and len(np.unique(writers)) == 30
    assert len(datasets.load_mnist_writers(folder, "test")) == 20


def test_rows_of_other_images_are_refused(folder, monkeypatch):
    swapped = gzip.compress(b"".join(b"%d\t4\t7\t0\t0\t0\t0\t0\n" % (i % 10) for i in range(300)))
    changed = source("qmnist", folder, {"mnist/qmnist-train-labels.tsv.gz": swapped})
    monkeypatch.setitem(sources.SOURCES, "qmnist", changed)
    with pytest.raises(DataError, match="not the rows of these images"):
        datasets.load_mnist_writers(folder, "train")


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (b"a\tb\tc\n", "rows of integers"),
        (b"1\t2\n" * 300, "2 columns"),
        (b"1\t4\t7\t0\n", "count mismatch: 1 rows"),
    ],
)
def test_damaged_rows_are_refused(folder, monkeypatch, rows, message):
    changed = source("qmnist", folder, {"mnist/qmnist-train-labels.tsv.gz": gzip.compress(rows)})
    monkeypatch.setitem(sources.SOURCES, "qmnist", changed)
    with pytest.raises(DataError, match=message):
        datasets.load_mnist_writers(folder, "train")


@given(st.lists(st.integers(0, 12), min_size=60, max_size=200), st.integers(1, 30))
def test_no_writer_is_on_both_sides_of_a_split(names, count):
    writers = np.array(names)
    sizes = np.unique(writers, return_counts=True)[1]
    if len(sizes) < 2 or sizes.sum() - sizes.max() < count + sizes.max():
        return
    training, validation = datasets.split_by_writer(writers, count)
    assert not set(writers[training]) & set(writers[validation])
    assert sorted([*training, *validation]) == list(range(len(writers)))
    assert count <= len(validation) < count + sizes.max()
    again = datasets.split_by_writer(writers, count)
    assert np.array_equal(again[1], validation)


def test_too_few_writers_are_refused():
    with pytest.raises(DataError, match="too few"):
        datasets.split_by_writer(np.zeros(100, int), 10)


def test_what_is_missing_is_told_in_one_message(tmp_path):
    with pytest.raises(DataError) as caught:
        sources.require(["mnist", "semeion"], tmp_path)
    message = str(caught.value)
    assert (
        message.count(str(tmp_path / "mnist")) == 4 and str(tmp_path / "semeion" / "semeion.npz") in message
    )
    assert "inkdigits data download mnist" in message and "INKDIGITS_DATA" in message


def test_a_damaged_file_is_not_used(folder):
    path = folder / "mnist/t10k-images-idx3-ubyte.gz"
    data = bytearray(path.read_bytes())
    data[40] ^= 1
    path.write_bytes(data)
    with pytest.raises(DataError, match="damaged: its sha256"):
        datasets.load_mnist(folder, "test")


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"x": np.zeros((4, 16, 16), np.uint8)}, "arrays x and y"),
        ({"x": np.zeros((4, 15, 16), np.uint8), "y": np.zeros(4, np.uint8)}, "not uint8"),
        ({"x": np.zeros((4, 16, 16), np.float32), "y": np.zeros(4, np.uint8)}, "not uint8"),
        ({"x": np.zeros((4, 16, 16), np.uint8), "y": np.zeros(3, np.uint8)}, "count mismatch"),
        ({"x": np.zeros((4, 16, 16), np.uint8), "y": np.full(4, 10, np.uint8)}, "other labels"),
        ({"x": np.array([{}]), "y": np.zeros(1, np.uint8)}, "cannot be read"),
    ],
)
def test_arrays_of_another_shape_are_refused(tmp_path, arrays, message):
    (tmp_path / "semeion").mkdir()
    np.savez(tmp_path / "semeion" / "semeion.npz", **arrays)
    with pytest.raises(DataError, match=message):
        datasets.load_semeion(tmp_path)


def test_converted_files_load_with_whatever_hash(tmp_path):
    (tmp_path / "semeion").mkdir()
    np.savez(
        tmp_path / "semeion" / "semeion.npz", x=np.ones((4, 16, 16), np.uint8), y=np.arange(4, dtype=np.uint8)
    )
    assert datasets.load_semeion(tmp_path).labels.tolist() == [0, 1, 2, 3]
    assert list(datasets.samples(tmp_path)) == ["semeion"]


def test_the_data_folder_is_the_chosen_the_named_or_a_cache(monkeypatch, tmp_path):
    monkeypatch.setenv("INKDIGITS_DATA", str(tmp_path / "named"))
    assert sources.data_folder("chosen") == Path("chosen")
    assert sources.data_folder() == tmp_path / "named"
    monkeypatch.delenv("INKDIGITS_DATA")
    assert sources.data_folder().name == "inkdigits"


@pytest.mark.data
def test_the_real_mnist_is_split_as_documented():
    named = os.environ.get("INKDIGITS_DATA")
    if not named or not (Path(named) / "mnist").is_dir():
        pytest.skip("INKDIGITS_DATA names no folder with mnist/")
    training, validation = datasets.load_mnist_split(Path(named))
    assert (len(training), len(validation)) == (54_956, 5_044)
    writers, test_writers = (datasets.load_mnist_writers(Path(named), part) for part in ("train", "test"))
    assert len(np.unique(writers)) == 539 and not np.intersect1d(writers, test_writers).size
