"""IDX files: read whole or refused, each fault by its own message."""

import gzip
import struct
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from inkdigits.errors import DataError
from inkdigits.learning.idx import read_idx, read_idx_pair


def idx(array: np.ndarray, kind: int = 8) -> bytes:
    return struct.pack(f">HBB{array.ndim}i", 0, kind, array.ndim, *array.shape) + array.tobytes()


IMAGES = np.arange(3 * 4 * 5, dtype=np.uint8).reshape(3, 4, 5)
LABELS = np.array([7, 0, 9], np.uint8)


def written(folder: Path, data: bytes, name: str = "images") -> Path:
    path = folder / name
    path.write_bytes(data)
    return path


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_an_array_reads_back_packed_or_not(tmp_path, pack):
    assert np.array_equal(read_idx(written(tmp_path, pack(idx(IMAGES)))), IMAGES)
    assert read_idx(written(tmp_path, pack(idx(LABELS))), axes=1).dtype == np.uint8


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "truncated: 0 bytes"),
        (b"\x00\x00\x08", "truncated: 3 bytes"),
        (b"\x89PNG and more", "wrong magic 0x89504e47"),
        (idx(IMAGES, kind=13), "wrong magic 0x00000d03"),
        (b"\x00\x00\x08\x03\x00\x00\x00\x01", "truncated: the header of 3 axes"),
        (idx(IMAGES)[:-1], "truncated: 59 bytes of 60"),
        (idx(IMAGES) + b"x", "wrong size: 1 bytes more"),
        (struct.pack(">HBB3i", 0, 8, 3, -1, 28, 28), "impossible size -1x28x28"),
        (struct.pack(">HBB3i", 0, 8, 3, 2**31 - 1, 28, 28), "impossible size 2147483647x28x28"),
        (struct.pack(">HBBi", 0, 8, 1, 0), "impossible size 0"),
        (b"\x00\x00\x08\x00", "wrong number of axes: 0"),
        (gzip.compress(idx(IMAGES), mtime=0)[:-9], "damaged gzip"),
        (b"\x1f\x8bnot gzip at all", "damaged gzip"),
    ],
)
def test_each_fault_has_its_message(tmp_path, data, message):
    path = written(tmp_path, data)
    with pytest.raises(DataError, match=message) as caught:
        read_idx(path)
    assert str(path) in str(caught.value)


def test_labels_are_not_taken_for_images(tmp_path):
    with pytest.raises(DataError, match="wrong number of axes: 1, not 3"):
        read_idx(written(tmp_path, idx(LABELS)), axes=3)


def test_a_missing_file_and_a_folder_are_named(tmp_path):
    with pytest.raises(DataError, match="cannot be read"):
        read_idx(tmp_path / "absent")
    with pytest.raises(DataError, match="cannot be read"):
        read_idx(tmp_path)


def test_pairs_must_agree(tmp_path):
    images = written(tmp_path, idx(IMAGES))
    labels = written(tmp_path, idx(LABELS), "labels")
    assert np.array_equal(read_idx_pair(images, labels)[1], LABELS)
    with pytest.raises(DataError, match="count mismatch: 3 images and 2 labels"):
        read_idx_pair(images, written(tmp_path, idx(LABELS[:2]), "labels"))
    with pytest.raises(DataError, match="label 10 at index 1"):
        read_idx_pair(images, written(tmp_path, idx(np.array([1, 10, 2], np.uint8)), "labels"))


@given(st.binary(max_size=64), st.integers(0, 76), st.integers(0, 255))
def test_no_bytes_give_anything_but_an_array_or_our_error(tmp_path_factory, tail, place, value):
    data = bytearray(idx(IMAGES)[:12] + tail)
    data[place % len(data)] = value
    path = written(tmp_path_factory.getbasetemp(), bytes(data), "mutated")
    try:
        assert read_idx(path).dtype == np.uint8
    except DataError:
        pass
