"""Answers drawn on their pages. In: a page and its answer. Out: the upright picture with boxes, readings and
statuses.

The status of a line is told three times: by colour, by the shape of its frame (whole, dashed, crossed) and by
a word. Small pictures are enlarged, so that the readings are legible, and very large ones reduced.
"""

from __future__ import annotations

import os
from pathlib import Path

import cv2
import numpy as np

from inkdigits.answer import Answer, Box, Line
from inkdigits.errors import InkdigitsError
from inkdigits.reading.page import Page

_SMALLEST_SIDE = 480
_LARGEST_SIDE = 3000
_FONT = cv2.FONT_HERSHEY_SIMPLEX
_INK = (255, 255, 255)

# Okabe and Ito's palette (2008): told apart by people with any colour vision.
_COLORS = {
    "ok": (0, 114, 178),
    "unsure": (213, 94, 0),
    "not_digits": (150, 70, 120),
    "blank": (90, 90, 90),
    "error": (90, 90, 90),
}
_WORDS = {"ok": "ok", "unsure": "unsure", "not_digits": "not digits", "blank": "blank", "error": "error"}


def annotate(page: Page, answer: Answer) -> np.ndarray:
    """The page (h, w, 3) uint8 RGB, enlarged or reduced, with each line's frame, reading, confidence and
    status.

    Two strips at the top, one that sums the answer up and one for labels, come before the page.
    """
    scale = _scale(page.width, page.height)
    size = (max(1, round(page.width * scale)), max(1, round(page.height * scale)))
    pixels = page.color if page.color is not None else page.gray
    way = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    picture = cv2.resize(pixels, size, interpolation=way)
    if picture.ndim == 2:
        picture = cv2.cvtColor(picture, cv2.COLOR_GRAY2RGB)
    unit = max(1.0, max(size) / 1000)
    heading = _heading(answer, size[0], unit)
    # Room for the labels of the first line, which must not cover the second.
    margin = np.full_like(heading, 255)
    canvas = np.concatenate([heading, margin, picture])
    for line in answer.lines:
        _draw_line(canvas, line, scale, 2 * len(heading), unit)
    return canvas


def _scale(width: int, height: int) -> float:
    if max(width, height) > _LARGEST_SIDE:
        return _LARGEST_SIDE / max(width, height)
    return max(1.0, min(_SMALLEST_SIDE / min(width, height), 2 * _SMALLEST_SIDE / max(width, height)))


def _draw_line(picture: np.ndarray, line: Line, scale: float, down: int, unit: float) -> None:
    """Draw one line of a page that was scaled by `scale` and put `down` rows below the top of the picture."""
    color = _COLORS[line.status]
    thick = max(1, round(2 * unit))
    x, y, width, height = _scaled(line.box, scale, down)
    margin = 3 * thick
    corners = (max(0, x - margin), max(0, y - margin)), (x + width + margin, y + height + margin)
    _frame(picture, corners[0], corners[1], color, thick, line.status)
    digit_height = max((digit.box[3] for digit in line.digits), default=0) * scale
    for digit in line.digits:
        left, top, wide, high = _scaled(digit.box, scale, down)
        cv2.rectangle(picture, (left, top), (left + wide, top + high), color, max(1, thick // 2))
    for mark in line.marks:
        left, top, wide, high = _scaled(mark.box, scale, down)
        cv2.rectangle(picture, (left, top), (left + wide, top + high), _COLORS["blank"], max(1, thick // 2))
    said = f"{line.text}  {line.percent}  " if line.text else ""
    letters = float(np.clip(digit_height / 60, 0.5 * unit, 0.9 * unit))
    _label(picture, said + _WORDS[line.status], corners[0], color, letters)


def _frame(
    picture: np.ndarray,
    start: tuple[int, int],
    end: tuple[int, int],
    color: tuple[int, int, int],
    thick: int,
    status: str,
) -> None:
    if status == "ok":
        cv2.rectangle(picture, start, end, color, thick)
        return
    dash = 6 * thick
    for first, last in (
        (start, (end[0], start[1])),
        ((start[0], end[1]), end),
        (start, (start[0], end[1])),
        ((end[0], start[1]), end),
    ):
        length = max(abs(last[0] - first[0]), abs(last[1] - first[1]), 1)
        for at in range(0, length, 2 * dash):
            shares = at / length, min(1.0, (at + dash) / length)
            ends = [
                tuple(round(a + (b - a) * share) for a, b in zip(first, last, strict=True))
                for share in shares
            ]
            cv2.line(picture, ends[0], ends[1], color, thick)
    if status == "not_digits":
        cv2.line(picture, start, end, color, thick)
        cv2.line(picture, (start[0], end[1]), (end[0], start[1]), color, thick)


def _label(
    picture: np.ndarray, text: str, corner: tuple[int, int], color: tuple[int, int, int], letters: float
) -> None:
    """White letters on the status colour, above the frame whose upper left corner is given."""
    thick = max(1, round(1.6 * letters))
    (width, height), below = cv2.getTextSize(text, _FONT, letters, thick)
    pad = max(2, height // 4)
    left = max(0, min(corner[0], picture.shape[1] - width - 2 * pad))
    bottom = corner[1]
    top = bottom - height - below - 2 * pad
    cv2.rectangle(picture, (left, top), (left + width + 2 * pad, bottom), color, cv2.FILLED)
    cv2.putText(picture, text, (left + pad, bottom - pad - below), _FONT, letters, _INK, thick, cv2.LINE_AA)


def _heading(answer: Answer, width: int, unit: float) -> np.ndarray:
    """One strip over the picture: the page's status and text, as much as fits."""
    text = f"page {answer.page}: {_WORDS[answer.status]}"
    if answer.text:
        text += "  " + answer.text.replace("\n", " / ")
    letters, thick = 0.6 * unit, max(1, round(unit))
    (_, height), below = cv2.getTextSize(text, _FONT, letters, thick)
    strip = np.empty((height + below + height, width, 3), np.uint8)
    strip[:] = _COLORS[answer.status]
    cv2.putText(strip, text, (height // 2, height + height // 2), _FONT, letters, _INK, thick, cv2.LINE_AA)
    return strip


def _scaled(box: Box, scale: float, down: int) -> Box:
    x, y, width, height = (round(value * scale) for value in box)
    return x, y + down, width, height


class Album:
    """A folder of annotated pages: `form.png` for a page of `form.jpg`, `form-p2.png` for its second page.

    Files of the same name from different folders get a number, so that one run never overwrites its own
    pictures.
    """

    def __init__(self, folder: Path) -> None:
        """Make the folder where it is missing. Raises InkdigitsError where it cannot be made."""
        self._folder = folder
        self._names: set[str] = set()
        self.count = 0
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise InkdigitsError(
                f"{folder}: the folder cannot be made ({error.strerror or error})"
            ) from error

    def add(self, page: Page, answer: Answer) -> Path:
        """Draw one page and write it as PNG. Raises InkdigitsError where it cannot be written."""
        path = self._folder / self._name(page)
        _, encoded = cv2.imencode(".png", cv2.cvtColor(annotate(page, answer), cv2.COLOR_RGB2BGR))
        try:
            path.write_bytes(encoded.tobytes())
        except OSError as error:
            raise InkdigitsError(f"{path}: cannot be written ({error.strerror or error})") from error
        self.count += 1
        return path

    def _name(self, page: Page) -> str:
        stem = os.path.splitext(os.path.basename(page.source))[0]
        stem = "standard-input" if stem in ("", "-") else stem
        stem += f"-p{page.number}" if page.number > 1 else ""
        name, number = stem, 1
        while name in self._names:
            number += 1
            name = f"{stem}-{number}"
        self._names.add(name)
        return f"{name}.png"
