"""Dark windows in a light page: what is light in them becomes dark on light, and nothing else changes."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
import pytest
from drawing import WHITE, page, paper, pen, photo, shadow

from inkdigits.reading.reader import Reader
from inkdigits.reading.windows import without_windows

SHAPE = (300, 500)
ROOM = 12  # pixels between a window's edge and what is written in it


def _windows(texts: list[str], height: int = 60, tilt: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
    """Gray levels of dark windows in a row, and coverage of what is written light in them, both `SHAPE`."""
    ink, dark = np.zeros(SHAPE, np.float32), np.zeros(SHAPE, np.float32)
    left = 60
    for text in texts:
        wide = round(0.95 * height * len(text)) + ROOM
        cv2.rectangle(dark, (left, 100), (left + wide, 100 + height + 2 * ROOM), 1.0, cv2.FILLED)
        if text.strip():
            ink = np.maximum(ink, pen(SHAPE, text, left + ROOM, 100 + ROOM, height))
        left += wide + 10
    turn = cv2.getRotationMatrix2D((SHAPE[1] / 2, SHAPE[0] / 2), tilt, 1.0)
    ink, dark = (cv2.warpAffine(one, turn, SHAPE[::-1]) for one in (ink, dark))
    gray = (WHITE * (1 - dark) + 40 * dark) * (1 - ink) + 210 * ink
    return np.clip(cv2.GaussianBlur(gray, (0, 0), 0.7), 0, 255), ink


@pytest.mark.parametrize("scale", [1, 4])
@pytest.mark.parametrize("tilt", [0.0, 4.0])
@pytest.mark.parametrize("texts", [["6", "3", "0", "1", "8"], ["4711"], ["9"]], ids=str)
def test_what_is_light_in_a_dark_window_becomes_dark(texts: list[str], tilt: float, scale: int) -> None:
    gray, ink = _windows(texts, tilt=tilt)
    large = (SHAPE[1] * scale, SHAPE[0] * scale)
    gray, ink = (cv2.resize(one, large, interpolation=cv2.INTER_CUBIC) for one in (gray, ink))
    before = page(np.clip(gray, 0, 255).astype(np.uint8))
    after = without_windows(before).gray
    assert after.shape == before.gray.shape
    assert float(after[ink > 0.9].mean()) < 80
    clear = cv2.dilate(ink, np.ones((7, 7)), iterations=scale) < 0.05
    assert float((after[clear] > 150).mean()) > 0.99, "with the paper around it"
    assert float(before.gray[ink > 0.9].mean()) > 180, "the page itself stays"


def test_windows_are_read() -> None:
    (answer,) = Reader(threads=1).read(_windows(["5", "3", "7", "2"])[0].astype(np.uint8))
    assert [line.text for line in answer.lines] == ["5372"]


def test_an_empty_window_is_known_by_those_beside_it() -> None:
    gray, _ = _windows(["6", " ", "3"])
    assert without_windows(page(gray.astype(np.uint8))).gray.min() < 80
    assert float((without_windows(page(gray.astype(np.uint8))).gray > 150).mean()) > 0.97
    alone = page(_windows([" ", " "])[0].astype(np.uint8))
    assert without_windows(alone) is alone


def _bold() -> np.ndarray:
    """Digits of a very broad pen."""
    return photo(pen((400, 600), "808", 60, 80, 220, thickness=70))


def _boxes() -> np.ndarray:
    """Dark pen in boxes with a broad edge."""
    ink = pen(SHAPE, "5", 140, 90, 100)
    cv2.rectangle(ink, (100, 60), (260, 230), 1.0, 14)
    return photo(ink)


def _shaded() -> np.ndarray:
    """A table's half in the dark, with a lighter patch in it."""
    gray = np.full(SHAPE, 220.0)
    gray[60:240, 80:400] = 130
    gray[100:180, 150:170] = 200
    return gray.astype(np.uint8)


def _negative() -> np.ndarray:
    return 255 - photo(pen(SHAPE, "472", 60, 100, 90))


def _note() -> np.ndarray:
    """A sheet on a dark desk."""
    gray = np.full(SHAPE, 40.0)
    gray[60:240, 120:380] = 220 - 180 * pen((180, 260), "47", 40, 50, 80)
    return gray.astype(np.uint8)


@pytest.mark.parametrize("draw", [_bold, _boxes, _shaded, _negative, _note])
def test_what_is_no_window_stays(draw: Callable[[], np.ndarray]) -> None:
    shown = page(draw())
    assert without_windows(shown) is shown


def test_paper_in_the_shade_stays() -> None:
    shown = page((paper((900, 700)) * shadow((900, 700), 0.4)).astype(np.uint8))
    assert without_windows(shown) is shown


@pytest.mark.parametrize("shape", [(1, 1), (3, 400), (24, 24), (25, 2000)])
def test_any_shape_is_taken(shape: tuple[int, int]) -> None:
    noise = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    assert without_windows(page(noise)).gray.shape == shape
