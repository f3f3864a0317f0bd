"""Connected components: ours, which measure ink alone, beside OpenCV's."""

from __future__ import annotations

from unittest import mock

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import inkdigits.reading.components
from inkdigits.reading.components import Components, components


def measured_here(binary: np.ndarray) -> Components:
    """The components as they are measured on large maps."""
    with mock.patch.object(inkdigits.reading.components, "_SMALL", 0):
        return components(binary)


@given(
    rows=st.integers(1, 60),
    bare=st.integers(0, 9),
    columns=st.integers(1, 60),
    share=st.sampled_from([0.0, 0.02, 0.2, 0.29, 0.5, 1.0]),
    seed=st.integers(0, 2**32 - 1),
    small=st.booleans(),
)
def test_they_are_opencvs(rows: int, bare: int, columns: int, share: float, seed: int, small: bool) -> None:
    binary = (np.random.default_rng(seed).random((rows, columns)) < share).astype(np.uint8)
    binary = np.pad(binary, ((bare, 9 - bare), (0, 0)))
    found = components(binary) if small else measured_here(binary)
    true_count, true_labels, true_stats, _ = cv2.connectedComponentsWithStats(binary, connectivity=8)
    assert found.count == true_count
    assert np.array_equal(found.labels, np.asarray(true_labels)[found.top : found.top + len(found.labels)])
    assert np.array_equal(found.stats[1:], true_stats[1:])
    assert not found.stats[0].any()
    assert np.array_equal(found.places, np.flatnonzero(binary))
    assert np.array_equal(found.owners, np.asarray(true_labels)[binary > 0])
    odd = np.arange(found.count) % 2 == 1
    assert np.array_equal(found.chosen(odd), np.asarray(true_labels) % 2)


@pytest.mark.parametrize("size", [500, 900])
def test_large_maps_too(size: int) -> None:
    binary = np.zeros((size, size), np.uint8)
    binary[10:20, 30:60] = binary[300:400, 400] = 1
    found = components(binary)
    assert found.count == 3 and found.within(*found.box(2))[50, 0] == 2
    assert found.stats[1:].tolist() == [[30, 10, 30, 10, 300], [400, 300, 1, 100, 100]]


def test_a_run_ends_with_its_row() -> None:
    binary = np.zeros((4, 50), np.uint8)
    binary[1, 40:] = binary[2, :10] = 1
    assert measured_here(binary).stats[1:].tolist() == [[40, 1, 10, 1, 10], [0, 2, 10, 1, 10]]
    binary[2, 39:41] = binary[1, 9] = binary[1, 10:40] = 1
    assert measured_here(binary).stats[1:].tolist() == [[0, 1, 50, 2, 53]]
