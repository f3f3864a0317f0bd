"""Frames that digits are written into."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from drawing import handwriting

from inkdigits.reading.components import components
from inkdigits.reading.frames import find_frames, frame_lines, without_corner, without_frames
from inkdigits.reading.reader import Reader


def frames_of(ink: np.ndarray) -> np.ndarray | None:
    """The lines of the frames in `ink`, None where there is none."""
    frames = find_frames(components(ink))
    return frame_lines(frames, ink.shape) if frames else None


def test_within_a_frame_its_lines_replace_the_rulers_band() -> None:
    ink = np.zeros((300, 400), np.uint8)
    ink[100:166, :318] = comb(8)
    rules = np.zeros_like(ink)
    rules[112:120, 10:310] = 1  # the upper line is row 115
    rules[10:14] = 1
    frames = find_frames(components(ink))
    left = without_frames(rules, frames)
    assert left[10:14].all() and not left[115:130, 16:300].any(), "there a digit may begin"
    assert frame_lines(frames, ink.shape)[115, 15:304].all()


def comb(cells: int, side: int = 36) -> np.ndarray:
    ink = np.zeros((side + 30, cells * side + 30), np.uint8)
    for cell in range(cells):
        cv2.rectangle(ink, (15 + cell * side, 15), (15 + (cell + 1) * side, 15 + side), 1, 1)
    return ink


@pytest.mark.parametrize("turn", [-6.0, -3.0, -1.5, 0.0, 1.0, 2.0, 4.0])
def test_a_comb_is_a_frame_and_what_is_in_it_is_not(turn: float) -> None:
    ink = comb(8)
    written = np.zeros_like(ink)
    for cell in (0, 3, 5):
        cv2.ellipse(written, (33 + cell * 36, 33), (8, 12), 0, 0, 360, 1, 2)
    height, width = ink.shape
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), turn, 1.0)
    ink, written = (cv2.warpAffine(image * 255, matrix, (width, height)) for image in (ink, written))
    ink, written = (ink > 90).astype(np.uint8), (written > 90).astype(np.uint8)
    found = frames_of(ink | written)
    assert found is not None
    assert not (found & written).any()
    assert found[ink > 0].mean() > 0.9


def test_an_empty_box_is_a_frame_and_a_zero_is_not() -> None:
    assert frames_of(comb(1)) is not None
    zero = np.zeros((60, 50), np.uint8)
    cv2.ellipse(zero, (25, 30), (14, 22), 0, 0, 360, 1, 2)
    assert frames_of(zero) is None
    angular = np.zeros((60, 50), np.uint8)
    corners = np.array([[12, 10], [37, 8], [40, 50], [9, 52]])
    cv2.polylines(angular, [corners], True, 1, 2)
    assert frames_of(angular) is None, "drawn by hand"


@pytest.mark.parametrize("text", ["0", "5", "7", "88", "30"])
def test_digits_are_no_frames(text: str) -> None:
    ink = (handwriting(text) < 128).astype(np.uint8)
    assert frames_of(ink) is None


def test_a_number_in_boxes_is_read_without_them() -> None:
    gray = np.full((160, 560), 235, np.uint8)
    for cell, digit in enumerate("20863"):
        picture = handwriting(digit)
        rows, columns = np.nonzero(picture < 128)
        part = picture[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
        part = cv2.resize(
            part, None, fx=46 / part.shape[0], fy=46 / part.shape[0], interpolation=cv2.INTER_AREA
        )
        left = 50 + 66 * cell - part.shape[1] // 2
        gray[57 : 57 + part.shape[0], left : left + part.shape[1]] = part
    for cell in range(7):
        cv2.rectangle(gray, (17 + cell * 66, 45), (17 + (cell + 1) * 66, 115), 60, 2)
    (answer,) = Reader().read(gray)
    assert answer.text == "20863"


def test_a_box_that_its_digit_touches_is_a_frame() -> None:
    ink = comb(1)
    cv2.line(ink, (45, 30), (48, 51), 1, 2)
    found = frames_of(ink)
    assert found is not None and found[15, 15:52].all() and found[30:44, 44:48].sum() < 12


@pytest.mark.parametrize("level", [0.4, 0.7, 1.0])
def test_a_pen_paler_than_its_box_is_read(level: float) -> None:
    gray = handwriting("740")
    gray = np.rint(255 - level * (255.0 - gray)).astype(np.uint8)
    height, width = gray.shape
    cv2.rectangle(gray, (20, 20), (width - 20, height - 20), 10, 4, cv2.LINE_AA)
    (answer,) = Reader().read(gray)
    assert answer.text == "740"


def cell(digit: bool = True) -> np.ndarray:
    ink = np.zeros((28, 28), np.uint8)
    if digit:
        cv2.putText(ink, "6", (9, 22), cv2.FONT_HERSHEY_SIMPLEX, 0.6, 180, 2)
    return ink.astype(np.float32) / 255


@pytest.mark.parametrize("turns", range(4))
def test_what_was_cut_along_of_a_frame_is_left_out_of_a_cell(turns: int) -> None:
    framed = cell()
    framed[:2] = framed[:, :2] = 0.8
    framed[2] = np.maximum(framed[2], 0.2)  # its edge fades
    framed = np.rot90(framed, turns)
    assert np.array_equal(without_corner(framed), np.rot90(cell(), turns))


def test_a_digit_along_one_side_is_no_frame() -> None:
    one = np.zeros((28, 28), np.float32)
    one[:, :4] = 1.0  # a bar of a 1 that fills its cell
    seven = one.copy()
    seven[:3, :20] = 1.0
    for ink in (cell(), cell(digit=False), one, seven):
        assert without_corner(ink) is ink
