"""Every failure on one page. In: what was read wrongly. Out: `index.html`, pictures inside it.

Each failure shows the image, the ink that was found with the boxes of its lines, the strips and glyphs that
the networks saw, the answer and the truth: what one looks at to find out why.
"""

from __future__ import annotations

import base64
import html
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from inkdigits.answer import Answer
from inkdigits.errors import InkdigitsError
from inkdigits.reading.ink import find_ink
from inkdigits.reading.lines import find_lines
from inkdigits.reading.page import load_pages
from inkdigits.reading.pieces import cut_glyph
from inkdigits.reading.strips import cut_strip, digit_groups

_WIDEST, _HIGHEST = 420, 300  # pixels of a picture on the page
_STYLE = """
body { font: 14px sans-serif; margin: 1em; } article { border-top: 1px solid #ccc; padding: .6em 0; }
img { vertical-align: top; margin: 2px; } .small img { image-rendering: pixelated; background: #000; }
.true { color: #070; } .read { color: #b00; }
"""


@dataclass(frozen=True)
class PictureFailure:
    """A picture whose answer is not its truth; `answers` are the reader's, a page each."""

    path: Path
    answers: tuple[Answer, ...]
    lines: tuple[str, ...]


@dataclass(frozen=True)
class GlyphFailure:
    """A single digit read wrongly: ink float32 [0, 1], the (28, 28) uint8 glyph of it, and the readings."""

    ink: NDArray[np.float32]
    glyph: NDArray[np.uint8]
    read: str
    confidence: float
    true: str


def write_gallery(
    folder: Path,
    pictures: Mapping[str, Sequence[PictureFailure]],
    glyphs: Mapping[str, Sequence[GlyphFailure]],
) -> Path:
    """Write `index.html` into `folder`, which is made where it is absent, and return its path."""
    parts = [f"<!doctype html><meta charset=utf-8><title>Read wrongly</title><style>{_STYLE}</style>"]
    for name, failures in pictures.items():
        parts.append(f"<h2>{html.escape(name)}: {len(failures)} read wrongly</h2>")
        parts += [_picture_part(failure) for failure in failures]
    for name, singles in glyphs.items():
        parts.append(f"<h2>{html.escape(name)}: {len(singles)} read wrongly</h2><div class=small>")
        parts += [_glyph_part(failure) for failure in singles]
        parts.append("</div>")
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "index.html"
    path.write_text("\n".join(parts), encoding="utf-8")
    return path


def _picture_part(failure: PictureFailure) -> str:
    read = " / ".join(line.text for answer in failure.answers for line in answer.lines if line.text)
    status = ", ".join(
        f"{line.text or '-'} {line.status} {line.confidence:.3f}"
        for answer in failure.answers
        for line in answer.lines
    )
    true, read = html.escape(" / ".join(failure.lines)), html.escape(read or "nothing")
    return (
        f"<article><b>{html.escape(failure.path.name)}</b> true <b class=true>{true}</b> "
        f"read <b class=read>{read}</b> <small>{html.escape(status)}</small><br>"
        f"{_stages(failure.path)}</article>"
    )


def _stages(path: Path) -> str:
    """The stages of reading as pictures; what cannot be read is its message instead."""
    shown: list[str] = []
    try:
        for page in load_pages(path):
            ink = find_ink(page)
            lines = find_lines(ink)
            mask = cv2.cvtColor(ink.mask * 255, cv2.COLOR_GRAY2BGR)
            for line in lines:
                corners = (np.array([line.left, line.top, line.right, line.bottom]) / ink.scale).astype(int)
                cv2.rectangle(mask, corners[:2].tolist(), corners[2:].tolist(), (0, 160, 255), 1)
            shown += [
                _image(page.gray),
                _image(ink.darkness),
                _image(np.asarray(mask, np.uint8), png=True),
                "<div class=small>",
            ]
            for line in lines:
                shown.append(_image(cut_strip(page, ink, line).image, zoom=2))
                shown += [_image(cut_glyph(ink, box), zoom=2) for box in digit_groups(line)]
            shown.append("</div>")
    except InkdigitsError as error:
        shown.append(html.escape(str(error)))
    return "".join(shown)


def _glyph_part(failure: GlyphFailure) -> str:
    ink = (failure.ink * 255).astype(np.uint8)
    title = f"true {failure.true}, read {failure.read} ({failure.confidence:.3f})"
    return (
        f'<span title="{title}">{_image(ink, zoom=2)}{_image(failure.glyph, zoom=2)}'
        f"<b class=true>{failure.true}</b><b class=read>{failure.read}</b></span>"
    )


def _image(pixels: NDArray[np.uint8], *, zoom: int = 1, png: bool = False) -> str:
    """An <img> with the picture in it, shrunk where it is larger than the gallery shows."""
    height, width = pixels.shape[:2]
    scale = min(1.0, _WIDEST / width, _HIGHEST / height)
    if scale < 1:
        size = (max(1, round(width * scale)), max(1, round(height * scale)))
        pixels = np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)
    kind = "png" if png or zoom > 1 else "jpeg"
    done, data = cv2.imencode(f".{kind}", pixels)
    if not done:
        raise RuntimeError(f"OpenCV could not write a picture of shape {pixels.shape} as {kind}")
    text = base64.b64encode(data.tobytes()).decode("ascii")
    return f'<img width={pixels.shape[1] * zoom} src="data:image/{kind};base64,{text}">'
