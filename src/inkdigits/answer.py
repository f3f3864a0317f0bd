"""The one result tree. In: what the decoder decided. Out: the object that the command line, Python, CSV and
JSON speak.

An `Answer` is one page; it holds `Line`s in reading order; a line holds `Digit`s and `Mark`s from left to
right. Boxes are (x, y, width, height) in pixels of the upright image, origin at the top left.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal

Box = tuple[int, int, int, int]
Status = Literal["ok", "unsure", "blank", "not_digits"]


@dataclass(frozen=True)
class Alternative:
    """Another reading of one digit, with its calibrated probability in [0, 1]."""

    text: str
    confidence: float


@dataclass(frozen=True)
class Digit:
    """One digit: its text "0".."9", calibrated probability in [0, 1], box, and the next best readings."""

    text: str
    confidence: float
    box: Box
    alternatives: tuple[Alternative, ...] = ()


@dataclass(frozen=True)
class Mark:
    """Ink that belongs to the number but is no digit: a point, comma, dash, equals sign or currency
    stroke.
    """

    text: str
    box: Box


@dataclass(frozen=True)
class Line:
    """One line of handwriting. `confidence` is the calibrated probability that the whole text is right;
    `digit_share`, in [0, 1], how much of its signs is digits at all, whichever they are.
    """

    text: str
    confidence: float
    status: Status
    box: Box
    digits: tuple[Digit, ...] = ()
    marks: tuple[Mark, ...] = ()
    reasons: tuple[str, ...] = ()
    digit_share: float = 0.0

    @property
    def percent(self) -> str:
        """`confidence` as in "99.9%", rounded down, as 99.96 % is no certainty; "" without a text."""
        return f"{math.floor(self.confidence * 1000) / 10:.1f}%" if self.text else ""


@dataclass(frozen=True)
class Answer:
    """One page. `error` is None, or the message of the error that kept the page from being read."""

    source: str
    page: int
    width: int
    height: int
    lines: tuple[Line, ...] = ()
    error: str | None = None

    @property
    def text(self) -> str:
        """Digits only, lines joined by a newline; lines without digits are left out."""
        return "\n".join(line.text for line in self.lines if line.text)

    @property
    def status(self) -> str:
        """`error`, `blank`, `not_digits`, or the worst of the lines that hold digits: `unsure` before
        `ok`.
        """
        if self.error is not None:
            return "error"
        if not self.lines:
            return "blank"
        statuses = {line.status for line in self.lines if line.text}
        if not statuses:
            return "not_digits"
        return "unsure" if "unsure" in statuses else "ok"

    @property
    def confidence(self) -> float:
        """The least confident line that holds digits; 0.0 where there is none."""
        return min((line.confidence for line in self.lines if line.text), default=0.0)

    @property
    def digit_share(self) -> float:
        """How much of the page's writing is digits: the mean of its lines' shares; 0.0 where there is none.
        It tells pictures of numbers from others better than `confidence`, which is low for numbers that are
        hard to read as well.
        """
        return sum(line.digit_share for line in self.lines) / max(1, len(self.lines))

    def to_dict(self) -> dict[str, Any]:
        """The answer as plain JSON types, in the field order of the documentation; confidences to 6
        places.
        """
        return {
            "source": self.source,
            "page": self.page,
            "width": self.width,
            "height": self.height,
            "text": self.text,
            "status": self.status,
            "lines": [_line_to_dict(line) for line in self.lines],
            "error": self.error,
        }

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Answer:
        """The inverse of `to_dict`; derived fields (`text`, `status`) are computed again, not read. Answers
        that were written before there was a `digit_share` have 0.
        """
        return cls(
            source=data["source"],
            page=data["page"],
            width=data["width"],
            height=data["height"],
            lines=tuple(_line_from_dict(line) for line in data["lines"]),
            error=data["error"],
        )


def _line_to_dict(line: Line) -> dict[str, Any]:
    return {
        "text": line.text,
        "confidence": round(line.confidence, 6),
        "digit_share": round(line.digit_share, 6),
        "status": line.status,
        "reasons": list(line.reasons),
        "box": list(line.box),
        "marks": [{"text": mark.text, "box": list(mark.box)} for mark in line.marks],
        "digits": [
            {
                "text": digit.text,
                "confidence": round(digit.confidence, 6),
                "box": list(digit.box),
                "alternatives": [
                    {"text": other.text, "confidence": round(other.confidence, 6)}
                    for other in digit.alternatives
                ],
            }
            for digit in line.digits
        ],
    }


def _line_from_dict(data: dict[str, Any]) -> Line:
    return Line(
        text=data["text"],
        confidence=data["confidence"],
        status=data["status"],
        reasons=tuple(data["reasons"]),
        digit_share=data.get("digit_share", 0.0),
        box=_box(data["box"]),
        marks=tuple(Mark(mark["text"], _box(mark["box"])) for mark in data["marks"]),
        digits=tuple(
            Digit(
                digit["text"],
                digit["confidence"],
                _box(digit["box"]),
                tuple(Alternative(other["text"], other["confidence"]) for other in digit["alternatives"]),
            )
            for digit in data["digits"]
        ),
    )


def _box(values: list[int]) -> Box:
    x, y, width, height = values
    return (x, y, width, height)
