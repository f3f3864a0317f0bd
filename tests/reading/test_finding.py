"""Ink, ruled lines, text lines and strips, on pages drawn here."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from drawing import WHITE, page, paper, pen, photo, ruling, shadow, vignette

from inkdigits.reading.components import components
from inkdigits.reading.ink import cut_darkness, find_ink
from inkdigits.reading.lines import find_lines
from inkdigits.reading.pieces import cut_glyph
from inkdigits.reading.strips import cut_strip, digit_groups

SHAPE = (310, 400)  # no larger than the working size


def _overlap(mask: np.ndarray, ink: np.ndarray) -> float:
    drawn = ink > 0.5
    return float((mask.astype(bool) & drawn).sum() / (mask.astype(bool) | drawn).sum())


@pytest.mark.parametrize("light", [shadow(SHAPE, 0.4), vignette(SHAPE, 0.35)], ids=["shadow", "vignette"])
def test_ink_is_found_under_uneven_light(light: np.ndarray) -> None:
    ink = pen(SHAPE, "25", 80, 90, 130)
    found = find_ink(page(photo(ink, light=light)))
    assert found.scale == 1.0
    assert not found.inverted
    assert _overlap(found.mask, ink) > 0.7


def test_light_ink_on_a_dark_ground_is_found_as_well() -> None:
    ink = pen(SHAPE, "47", 80, 90, 130)
    found = find_ink(page(255 - photo(ink)))
    assert found.inverted
    assert _overlap(found.mask, ink) > 0.7


@pytest.mark.parametrize("tilt", [0.0, 2.0, -4.0])
def test_squared_paper_is_no_ink(tilt: float) -> None:
    shape = (640, 640)
    ink = pen(shape, "3", 250, 200, 200)
    found = find_ink(page(photo(ink, printed=ruling(shape, 60, tilt=tilt))))
    size = found.mask.shape
    rows, columns = (np.arange(n) * shape[i] // n for i, n in enumerate(size))
    small = ink[np.ix_(rows, columns)]
    outside = found.mask[small < 0.05].sum()
    assert outside < 0.25 * found.mask.sum()
    assert found.mask[small > 0.5].mean() > 0.6


@pytest.mark.parametrize("squared", [True, False], ids=["squared", "ruled"])
@pytest.mark.parametrize("digit", ["0", "2", "5", "8"])
@pytest.mark.parametrize("printed", [130.0, 160.0], ids=["darker", "paler"])
def test_a_pen_no_darker_than_the_ruling_is_found(squared: bool, digit: str, printed: float) -> None:
    shape = (400, 400)
    ink, lines = pen(shape, digit, 130, 80, 200), ruling(shape, 60, tilt=1.5, squared=squared)
    found = find_ink(page(photo(ink, printed=lines, pen_level=145, print_level=printed)))
    clear = (ink > 0.6) & (lines < 0.1)
    assert found.mask[clear].mean() > 0.8
    assert found.mask[ink < 0.05].sum() < 0.2 * found.mask.sum()


@pytest.mark.parametrize("digit", ["3", "6", "9"])
@pytest.mark.parametrize("thickness", [16, 20, 28])
def test_a_digit_that_reaches_the_border_is_no_desk(digit: str, thickness: int) -> None:
    ink = pen(SHAPE, digit, 110, 4, 270, thickness=thickness)
    found = find_ink(page(photo(ink, pen_level=70)))
    assert found.mask[ink > 0.6].mean() > 0.8


@pytest.mark.parametrize("factor", [0.5, 1.0, 2.0, 4.0])
def test_pieces_of_a_large_digit_are_joined_at_any_size(factor: float) -> None:
    shape = (800, 600)
    gray = photo(pen(shape, "0", 210, 200, 320, thickness=30), pen_level=60)
    band = gray[330:400]
    band[:] = np.round(WHITE + (band.astype(np.float32) - WHITE) * 0.22)  # what motion has left of it
    gray = cv2.resize(gray, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
    assert components(find_ink(page(gray)).mask).count == 2, "the background and the digit"


def test_a_blank_page_has_no_ink_and_no_lines() -> None:
    found = find_ink(page(photo(np.zeros(SHAPE, np.float32), light=shadow(SHAPE, 0.6))))
    assert found.contrast == 0.0
    assert not found.mask.any()
    assert find_lines(found) == []


def test_a_sheet_that_is_all_ruling_has_no_ink(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("inkdigits.reading.ink.find_rules", lambda levels, _: np.ones_like(levels))
    found = find_ink(page(photo(pen(SHAPE, "6", 200, 80, 140))))
    assert not found.mask.any() and found.darkness.max() == 255


def test_the_desk_around_a_sheet_is_left_out() -> None:
    gray = photo(pen(SHAPE, "6", 200, 80, 140))
    gray[:, :60] = 30
    gray[-40:] = 35
    lines = find_lines(find_ink(page(gray)))
    assert len(lines) == 1
    assert 190 < lines[0].left and lines[0].right < 330


@pytest.mark.parametrize("shape", [(1, 1), (1, 2000), (2000, 1), (3, 3), (28, 28), (7, 300)])
@pytest.mark.parametrize("level", [0, 128, 255])
def test_tiny_and_narrow_pages_are_blank(shape: tuple[int, int], level: int) -> None:
    assert find_lines(find_ink(page(np.full(shape, level, np.uint8)))) == []


def test_lines_come_in_reading_order_and_cover_their_ink() -> None:
    shape = (1500, 1200)  # larger than the working size: boxes are in the page's own pixels
    ink = np.zeros(shape, np.float32)
    for row, text in enumerate(("3825", "047", "96")):
        ink = np.maximum(ink, pen(shape, text, 200 + 60 * row, 150 + 420 * row, 180, advance=1.2))
    lines = find_lines(find_ink(page(photo(ink))))
    assert [len(digit_groups(line)) for line in lines] == [4, 3, 2]
    for row, line in enumerate(lines):
        rows = np.flatnonzero(ink[150 + 420 * row - 30 : 150 + 420 * row + 240].max(axis=1) > 0.5)
        top = 150 + 420 * row - 30 + rows[0]
        assert line.top == pytest.approx(top, abs=12)
        assert line.height == pytest.approx(180, rel=0.2)


def test_lines_side_by_side_are_read_from_left_to_right() -> None:
    shape = (300, 1600)
    ink = np.maximum(pen(shape, "52", 80, 90, 90), pen(shape, "83", 1200, 90, 90))
    lines = find_lines(find_ink(page(photo(ink))))
    assert len(lines) == 2
    assert lines[0].right < lines[1].left


def test_specks_and_a_lone_dash_are_no_lines() -> None:
    gray = photo(pen(SHAPE, "8", 180, 80, 150))
    gray[20:24, 30:34] = 40
    gray[280:284, 290:370] = 40
    assert len(find_lines(find_ink(page(gray)))) == 1


def test_a_strip_holds_the_digits_at_their_share_of_its_height() -> None:
    shape = (500, 900)
    shown = page(photo(pen(shape, "3059", 150, 180, 140, advance=1.1)))
    ink = find_ink(shown)
    line = find_lines(ink)[0]
    strip = cut_strip(shown, ink, line)
    rows = np.flatnonzero((strip.image > 128).any(axis=1))
    assert strip.image.shape[0] == 32
    assert 0.6 < (rows[-1] - rows[0] + 1) / 32 < 0.85
    columns = np.flatnonzero((strip.image > 128).any(axis=0))
    assert strip.page_x(columns[0]) == pytest.approx(line.left, abs=2 * strip.zoom + 2)
    assert strip.page_x(columns[-1] + 1) == pytest.approx(line.right, abs=2 * strip.zoom + 2)


def test_a_sloping_line_is_levelled() -> None:
    shape = (700, 1400)
    ink = np.zeros(shape, np.float32)
    for place in range(6):
        ink = np.maximum(ink, pen(shape, "0", 120 + 190 * place, 150 + 40 * place, 130))
    shown = page(photo(ink))
    found = find_ink(shown)
    line = find_lines(found)[0]
    assert line.slope == pytest.approx(40 / 190, abs=0.03)
    strip = cut_strip(shown, found, line).image > 128
    half = strip.shape[1] // 3
    left, right = (np.flatnonzero(part.any(axis=1)) for part in (strip[:, :half], strip[:, -half:]))
    assert abs(left[0] - right[0]) <= 2
    assert abs(left[-1] - right[-1]) <= 2


def test_a_box_beyond_the_border_repeats_it() -> None:
    shown = page(photo(paper(SHAPE) * 0))
    ink = find_ink(shown)
    cut = cut_darkness(shown, ink, (-50.0, -20.0, 100.0, 80.0), 32)
    assert cut.shape == (32, 48)
    assert cut.min() >= 0 and cut.max() <= 1


def test_a_glyph_is_the_ink_of_its_box_alone() -> None:
    shown = page(photo(pen(SHAPE, "17", 60, 80, 150, advance=1.2)))
    ink = find_ink(shown)
    boxes = digit_groups(find_lines(ink)[0])
    assert len(boxes) == 2
    one, seven = (cut_glyph(ink, box) for box in boxes)
    assert one.shape == (28, 28) and one.dtype == np.uint8
    assert (one.max(axis=0) > 100).sum() < (seven.max(axis=0) > 100).sum()
    assert not cut_glyph(ink, np.array([0.0, 0.0, 20.0, 20.0])).any()


@pytest.mark.parametrize("digit", ["9", "2"])
@pytest.mark.parametrize("level", [175.0, 185.0])
def test_one_number_in_pale_pencil_is_found_on_an_empty_sheet(digit: str, level: float) -> None:
    shape = (600, 800)
    ink = pen(shape, digit, 120, 80, 60, thickness=2)
    gray = photo(ink, pen_level=level, light=shadow(shape, 0.8), noise=2)
    found = find_ink(page(gray))
    shown = cv2.resize(found.mask, shape[::-1], interpolation=cv2.INTER_NEAREST)
    assert shown[ink > 0.5].mean() > 0.5
    (line,) = find_lines(found)
    assert line.left == pytest.approx(120, abs=12) and line.bottom == pytest.approx(140, abs=8)
    assert not find_ink(page(photo(0 * ink, light=shadow(shape, 0.8), noise=2))).mask.any()
