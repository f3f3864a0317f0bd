"""The sheet in the picture: light on dark or dark on light, on a desk, in a shadow."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from drawing import page, paper, pen, photo, shadow, vignette

from inkdigits.reading.ink import find_ink
from inkdigits.reading.sheet import find_sheet

SHAPE = (600, 800)
SIZES = [(600, 800), (28, 28), (90, 300)]


def _overlap(gray: np.ndarray, ink: np.ndarray) -> float:
    found = find_ink(page(gray))
    mask = cv2.resize(found.mask, ink.shape[::-1], interpolation=cv2.INTER_NEAREST).astype(bool)
    return float((mask & (ink > 0.5)).sum() / (mask | (ink > 0.5)).sum())


def _clouds(shape: tuple[int, int], seed: int) -> np.ndarray:
    """Smooth stains, (height, width) float32 in [0, 1]."""
    smooth = cv2.GaussianBlur(np.random.default_rng(seed).random(shape, np.float32), (0, 0), 40)
    return (smooth - smooth.min()) / np.ptp(smooth)


def _written(shape: tuple[int, int]) -> np.ndarray:
    height = 0.4 * shape[0] if shape[1] > shape[0] else 0.7 * shape[0]
    text = "25" if shape[1] > shape[0] else "5"
    return pen(shape, text, 0.2 * shape[1], 0.2 * shape[0], height)


@pytest.mark.parametrize("text", ["42255", "7", "43"])
@pytest.mark.parametrize("board", [30.0, 60.0, 90.0])
def test_chalk_on_a_stained_board_is_light_on_dark(text: str, board: float) -> None:
    ink = pen(SHAPE, text, 60, 80, 80, advance=0.75)
    gray = (board + 25 * _clouds(SHAPE, len(text))) * (1 - ink) + 200 * ink
    gray = np.clip(gray * shadow(SHAPE, 0.75), 0, 255).astype(np.uint8)
    assert find_sheet(gray).inverted
    assert _overlap(gray, ink) > 0.7


@pytest.mark.parametrize("shape", SIZES, ids=str)
@pytest.mark.parametrize("level", [20.0, 120.0])
@pytest.mark.parametrize("light", [0.7, 0.85, 1.0])
def test_a_picture_and_its_negative_are_told_apart(
    shape: tuple[int, int], level: float, light: float
) -> None:
    darkest = light if min(shape) > 28 else 1.0  # the crop of a digit is lit evenly
    gray = photo(_written(shape), pen_level=level, light=vignette(shape, darkest))
    assert not find_sheet(gray).inverted
    assert find_sheet(255 - gray).inverted


@pytest.mark.parametrize("turn", [0.0, 6.0, -9.0])
@pytest.mark.parametrize("desk", [30.0, 90.0])
@pytest.mark.parametrize("side", [260, 480])
def test_a_note_on_a_darker_desk_is_read_for_itself(turn: float, desk: float, side: int) -> None:
    left, top = (SHAPE[1] - side) / 2, (SHAPE[0] - side) / 2
    note = np.zeros(SHAPE, np.float32)
    note[round(top) : round(top) + side, round(left) : round(left) + side] = 1
    ink = pen(SHAPE, "86", left + 0.2 * side, top + 0.3 * side, 0.3 * side)
    turned = cv2.getRotationMatrix2D((SHAPE[1] / 2, SHAPE[0] / 2), turn, 1)
    note, ink = (cv2.warpAffine(image, turned, SHAPE[::-1]) for image in (note, ink))
    lit = paper(SHAPE, desk) * (1 - note) + photo(ink, noise=0) * note
    gray = np.clip(lit + np.random.default_rng(0).normal(0, 2, SHAPE), 0, 255).astype(np.uint8)
    sheet = find_sheet(gray)
    assert sheet.around is not None and not sheet.inverted
    around = cv2.resize(sheet.around, SHAPE[::-1], interpolation=cv2.INTER_NEAREST)
    assert around[note == 0].all() and not around[ink > 0.1].any()
    assert _overlap(gray, ink) > 0.7


@pytest.mark.parametrize("thickness", [0.1, 0.3])
@pytest.mark.parametrize("digit", ["0", "1", "8"])
def test_a_light_digit_however_thick_is_no_sheet(digit: str, thickness: float) -> None:
    ink = pen((400, 400), digit, 130, 80, 240, thickness=round(240 * thickness))
    gray = np.round(255 * ink).astype(np.uint8)
    assert find_sheet(gray).inverted
    assert _overlap(gray, ink) > 0.7


@pytest.mark.parametrize("dark", [0.55, 0.7])
@pytest.mark.parametrize("soft", [1.0, 8.0])
def test_the_edge_of_a_shadow_is_no_ink(dark: float, soft: float) -> None:
    light = np.ones(SHAPE, np.float32)
    cv2.fillPoly(light, [np.array([[250, 700], [330, 200], [700, 330], [900, 700]])], dark)
    ink = pen(SHAPE, "25", 380, 150, 120)
    gray = photo(ink, light=cv2.GaussianBlur(light, (0, 0), soft))
    found = find_ink(page(gray))
    shown = cv2.resize(found.mask, SHAPE[::-1], interpolation=cv2.INTER_NEAREST)
    assert shown[ink > 0.5].mean() > 0.8
    assert shown[cv2.dilate(ink, np.ones((9, 9), np.uint8)) < 0.05].sum() < 0.1 * shown.sum()


def test_the_bright_part_of_a_folded_sheet_is_not_all_of_it() -> None:
    light = np.full(SHAPE, 0.7, np.float32)
    light[:220, :500] = 1.0
    assert find_sheet(photo(pen(SHAPE, "38", 540, 320, 120), light=light)).around is None
