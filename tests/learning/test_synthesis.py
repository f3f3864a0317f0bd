"""Synthetic lines and glyphs, made of digits that come with scikit-learn."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import cv2
import numpy as np
import pytest
from sklearn.datasets import load_digits

from inkdigits.learning import glyphs, inking, strings, texts, texture
from inkdigits.learning.glyphs import GLYPH_CLASSES, make_glyphs
from inkdigits.learning.inking import draw_mark, draw_pen, ink_again
from inkdigits.learning.line_calibration import calibrate_lines, read_outputs
from inkdigits.learning.strings import InkBank, make_line, make_lines, target_text
from inkdigits.learning.texts import LINE_CLASSES, draw_text
from inkdigits.reading.glyph import normalise

WRITERS = 6


@pytest.fixture(scope="module")
def bank() -> InkBank:
    digits = load_digits()
    count = 360
    glyphs = np.stack(
        [
            normalise(cv2.resize(image.astype(np.float32) / 16, (24, 24), interpolation=cv2.INTER_CUBIC))
            for image in digits.images[:count]
        ]
    )
    labels = digits.target[:count]
    writers = np.arange(count) * WRITERS // count
    rows = [[np.flatnonzero((writers == w) & (labels == d)) for d in range(10)] for w in range(WRITERS)]
    return InkBank(glyphs, rows, np.full(WRITERS, 1 / WRITERS), glyphs[:40, ::-1].copy())


def test_lines_have_their_shapes_and_are_the_same_for_the_same_seed(bank: InkBank) -> None:
    strips, targets = make_lines(bank, 12, np.random.default_rng(5))
    assert strips.shape == (12, 32, 160) and strips.dtype == np.uint8
    assert targets.shape == (12, 80) and targets.max() < len(LINE_CLASSES)
    again = make_lines(bank, 12, np.random.default_rng(5))
    np.testing.assert_array_equal(strips, again[0])
    np.testing.assert_array_equal(targets, again[1])
    assert not np.array_equal(strips, make_lines(bank, 12, np.random.default_rng(6))[0])


def test_every_digit_of_a_target_has_ink_under_it(bank: InkBank) -> None:
    dark = light = 0.0
    random = np.random.default_rng(1)
    for _ in range(60):
        strip, target = make_line(bank, random)
        peaks = strip.max(axis=0).reshape(80, 2).max(axis=1)
        digits = (target >= 1) & (target <= 10)
        dark += float(peaks[digits].sum())
        light += float(digits.sum())
    assert dark / light > 200


def test_equal_neighbours_are_two_in_the_target(bank: InkBank) -> None:
    random = np.random.default_rng(2)
    texts = [target_text(make_line(bank, random)[1]) for _ in range(200)]
    assert any(a == b for text in texts for a, b in zip(text, text[1:], strict=False))
    assert max(len(text) for text in texts) >= 6
    assert {character for text in texts for character in text} == set("0123456789")


def test_a_first_digit_may_be_taller_than_the_others(bank: InkBank, monkeypatch: pytest.MonkeyPatch) -> None:
    def heights(share: float) -> tuple[np.ndarray, np.ndarray]:
        """Of first digits and of the second in lines that are all digits, by the hand that draws them."""
        monkeypatch.setattr(inking, "_TALL_FIRST", share)
        monkeypatch.setattr(strings, "draw_text", lambda random: [9, 9, 9])  # 8s
        drawn: list[float] = []
        inked = inking.ink_again

        def measured(glyph: np.ndarray, size: float, *rest: Any) -> np.ndarray:
            image = inked(glyph, size, *rest)
            drawn.append(image.shape[0])
            return image

        with monkeypatch.context() as patch:
            patch.setattr(strings, "ink_again", measured)
            patch.setattr(strings, "_stranger", lambda *rest: np.ones((3, 3), np.float32))
            patch.setattr(texture, "background", lambda height, width, *rest: np.zeros((height, width)))
            patch.setattr(strings, "_print", lambda ink, *rest: ink)
            for seed in range(160):
                make_line(bank, np.random.default_rng(seed))
        lines = np.array(drawn[: len(drawn) // 3 * 3]).reshape(-1, 3)
        return lines[:, 0], lines[:, 1]

    first, second = heights(1.0)
    assert 1.4 < np.median(first / second) < 1.8
    assert np.median(first) <= 64  # of the canvas: it is the others that are small
    first, second = heights(0.0)
    assert 1.02 < np.median(first / second) < 1.16


@pytest.mark.parametrize("gap", [0.0, 0.25, 1.0])
def test_digits_stand_as_far_apart_as_the_hand_says(
    bank: InkBank, monkeypatch: pytest.MonkeyPatch, gap: float
) -> None:
    pen = replace(
        draw_pen(np.random.default_rng(0)), height=40.0, gap=gap, gap_drift=0.0, first=1.0, is_close=False
    )
    boxes: list[tuple[int, int]] = []
    laid = strings.add_ink

    def noted(ink: np.ndarray, image: np.ndarray, x: int, y: int) -> None:
        boxes.append((x, x + image.shape[1]))
        laid(ink, image, x, y)

    monkeypatch.setattr(strings, "draw_pen", lambda random: pen)
    monkeypatch.setattr(strings, "draw_text", lambda random: [9, 9])  # 8s
    monkeypatch.setattr(strings, "add_ink", noted)
    gaps = []
    for seed in range(20):
        boxes.clear()
        make_line(bank, np.random.default_rng(seed))
        gaps.append(boxes[1][0] - boxes[0][1])
    assert abs(np.median(gaps) - 40 * gap) <= 1


@pytest.mark.parametrize("slant", [0.0, 0.6])
@pytest.mark.parametrize("text", [[9, 9], [10, 2], [2, 2]])
def test_digits_of_a_close_hand_nearly_touch_however_they_lean(
    bank: InkBank, monkeypatch: pytest.MonkeyPatch, text: list[int], slant: float
) -> None:
    pen = replace(draw_pen(np.random.default_rng(0)), height=50.0, gap=0.08, gap_drift=0.0, first=1.0)
    pen = replace(pen, is_close=True, slant=slant, base_drift=0.0, stroke=0.05)
    laid: list[np.ndarray] = []
    add_ink = strings.add_ink

    def noted(ink: np.ndarray, image: np.ndarray, x: int, y: int) -> None:
        alone = np.zeros_like(ink)
        add_ink(alone, image, x, y)
        laid.append(alone > 0.5)
        add_ink(ink, image, x, y)

    monkeypatch.setattr(strings, "draw_pen", lambda random: pen)
    monkeypatch.setattr(strings, "draw_text", lambda random: text)
    monkeypatch.setattr(strings, "add_ink", noted)
    clearances = []
    for seed in range(20):
        laid.clear()
        assert strings.target_text(make_line(bank, np.random.default_rng(seed))[1]) == "".join(
            LINE_CLASSES[sign] for sign in text
        )
        first, second = laid[:2]
        rows = first.any(axis=1) & second.any(axis=1)
        ends = first.shape[1] - 1 - first[:, ::-1].argmax(axis=1)
        clearances.append(float((second.argmax(axis=1) - ends - 1)[rows].min()))
    assert abs(np.median(clearances) - 4) <= 1


def test_dates_have_strokes_that_lean_and_reach_beyond_their_digits(
    bank: InkBank, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(texts, "_DATES", 1.0)
    slash = LINE_CLASSES.index("/")
    random = np.random.default_rng(4)
    spelled = ["".join(LINE_CLASSES[sign] for sign in draw_text(random)) for _ in range(60)]
    dates = [text for text in spelled if text.strip("?")]
    assert len(dates) > 40
    part = r"(\d{1,2}|\d{4})"
    assert all(re.fullmatch(f"{part}/{part}(/{part})?", text) for text in dates)
    pen = replace(draw_pen(random), height=40.0, slant=0.1)
    for _ in range(20):
        image, rise = draw_mark("/", pen, random)
        assert image.shape[0] > 40 and image.shape[1] > 0.25 * image.shape[0] and rise < 0
        # From the lower left to the upper right.
        assert image[:3].max(axis=0).argmax() > image.shape[1] / 2 > image[-3:].max(axis=0).argmax()
    monkeypatch.setattr(strings, "draw_pen", lambda random: pen)
    named = [make_line(bank, random)[1] for _ in range(20)]
    assert sum(slash in target for target in named) > 10


def test_an_even_pen_is_as_wide_everywhere_and_keeps_strokes_whole() -> None:
    pen = replace(draw_pen(np.random.default_rng(0)), slant=0.0, aspect=1.0, height=50.0, level=0.5, gain=4.0)
    bar, ring = np.zeros((28, 28), np.uint8), np.zeros((28, 28), np.uint8)
    bar[4:14, 10:17], bar[13:24, 12:15] = 255, 255  # wide above, narrow below
    cv2.ellipse(ring, (14, 14), (7, 9), 0, 0, 360, 255, 4, cv2.LINE_AA)
    for stroke in (0.06, 0.1):
        even = replace(pen, stroke=stroke)
        inked = ink_again(bar, 50, even, np.random.default_rng(1))
        widths = inked.sum(axis=1)[6:-6]
        assert abs(np.median(widths[:15]) - 50 * stroke) < 1.5 > abs(np.median(widths[-15:]) - 50 * stroke)
        round_one = (ink_again(ring, 50, even, np.random.default_rng(1)) > 0.5).astype(np.uint8)
        pieces = cv2.connectedComponentsWithStats(round_one)[2][1:, cv2.CC_STAT_AREA]
        assert pieces.max() > 0.9 * pieces.sum()
        outside = cv2.copyMakeBorder(1 - round_one, 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=1)
        assert cv2.connectedComponents(outside, connectivity=4)[0] == 3  # and the hole
    as_it_is = ink_again(bar, 50, replace(pen, stroke=0.0, dilation=0), np.random.default_rng(1))
    assert np.median(as_it_is.sum(axis=1)[8:20]) > 1.8 * np.median(as_it_is.sum(axis=1)[-20:-8])


def test_digits_have_the_proportions_of_their_hand() -> None:
    random = np.random.default_rng(3)
    pen = replace(draw_pen(random), zeros=0.75, hanging=0.2)

    def drawn(digit: int, rest: list[int]) -> np.ndarray:
        """Heights, widths and rises (200, 3)."""
        return np.array([strings._proportions(digit + 1, rest, pen, random) for _ in range(200)])

    amid, last, seven, eight = drawn(0, [5]), drawn(0, [1, 1]), drawn(7, [5]), drawn(8, [5])
    assert 0.72 < np.median(amid[:, 0]) < 0.78 and amid[:, 1].min() >= 1 and amid[:, 2].min() >= 0
    assert last[:, 0].mean() < amid[:, 0].mean()
    assert 1.02 < np.median(seven[:, 0]) < 1.08 and -0.2 <= seven[:, 2].min() < -0.1
    assert np.array_equal(eight, np.tile([1.0, 1.0, 0.0], (200, 1)))


def test_glyphs_have_every_class_and_are_the_same_for_the_same_seed(bank: InkBank) -> None:
    made, labels = make_glyphs(bank, 300, np.random.default_rng(4))
    assert made.shape == (300, 28, 28) and made.dtype == np.uint8
    assert set(labels.tolist()) == set(range(len(GLYPH_CLASSES)))
    assert (labels == 10).mean() == pytest.approx(0.12, abs=0.01)
    again = make_glyphs(bank, 300, np.random.default_rng(4))
    np.testing.assert_array_equal(made, again[0])
    assert (made.reshape(300, -1).max(axis=1) > 100).mean() > 0.97


def test_glyphs_have_strokes_in_proportion_to_their_own_size(
    bank: InkBank, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes: list[tuple[float, float]] = []
    inked = glyphs.ink_again

    def noted(glyph: np.ndarray, size: float, pen: inking.Pen, random: np.random.Generator) -> np.ndarray:
        sizes.append((size, pen.height))
        return inked(glyph, size, pen, random)

    monkeypatch.setattr(glyphs, "ink_again", noted)
    make_glyphs(bank, 80, np.random.default_rng(0))
    size, height = np.array(sizes).T
    assert len(sizes) > 40 and size.std() > 5
    np.testing.assert_array_equal(size, height)


@pytest.mark.parametrize("seed", range(12))
def test_textures_stay_within_range(seed: int) -> None:
    random = np.random.default_rng(seed)
    ground = texture.background(64, 320, 40, random)
    lines = texture.printed_lines(64, 320, 10, 50, random)
    seen = texture.camera(np.maximum(ground, lines), random)
    for part in (ground, lines, seen):
        assert part.shape == (64, 320)
        assert part.min() >= 0 and part.max() <= 1


def test_beyond_the_border_the_picture_is_repeated_and_the_writing_stays() -> None:
    strip = np.random.default_rng(0).integers(1, 255, (32, 160)).astype(np.uint8)
    box = np.array([20.0, 8.0, 90.0, 25.0])
    repeated, ended = np.zeros(4, int), 0
    for seed in range(200):
        seen = texture.at_the_border(strip, box, np.random.default_rng(seed))
        np.testing.assert_array_equal(seen[10:23, 22:88], strip[10:23, 22:88])
        written = slice(22, 88)
        repeated += [
            np.array_equal(seen[12, :14], np.full(14, seen[12, 0])),
            (seen[:2, written] == seen[2, written]).all(),
            np.array_equal(seen[12, 97:99], np.full(2, seen[12, 97])),
            (seen[-1:, written] == seen[-2, written]).all(),
        ]
        ended += not seen[:, -1].any()
        assert seen[:, :94].any(axis=0).all(), "no strip ends before its writing does"
    assert (repeated > 30).all() and (repeated < 90).all()
    assert 60 < ended < 100
    assert strip.min() == 1, "it is given back as a copy"


def test_calibration_makes_overconfident_lines_less_sure(bank: InkBank) -> None:
    """Outputs that are right 70 times in 100 and say 0.999 are softened, and the threshold parts them."""
    random = np.random.default_rng(8)
    _, targets = make_lines(bank, 120, random)
    outputs = np.full((*targets.shape, len(LINE_CLASSES)), 1e-5, np.float32)
    for line, target in enumerate(targets):
        shown = target.copy()
        if random.random() < 0.3 and (shown > 0).any():
            start = int(np.flatnonzero(shown)[0])
            ends = start + 1 + np.flatnonzero(np.diff(shown[start:]))
            shown[start : ends[0] if ends.size else None] = 1 + shown[start] % 10
        outputs[line, np.arange(len(target)), shown] = 1.0
    outputs /= outputs.sum(axis=2, keepdims=True)
    temperature, threshold, exact = calibrate_lines(outputs, targets, risk=0.05)
    texts, _ = read_outputs(outputs)
    assert exact == pytest.approx(np.mean([t == target_text(y) for t, y in zip(texts, targets, strict=True)]))
    assert temperature > 1.5
    assert 0.5 <= threshold <= 1.0
