"""What README.md shows of a reading, made by the shipped weights: a picture and an answer in JSON.

    python scripts/readme_example.py

In: two files of examples/. Out: docs/read-example.jpg, and README.md between the two marker comments.
"""

from __future__ import annotations

import json
import re

from PIL import Image

from inkdigits.answer import Answer
from inkdigits.reading.annotate import annotate
from inkdigits.reading.page import load_pages
from inkdigits.reading.reader import Reader
from readme_tables import ROOT, between

SHOWN, ANSWERED = "examples/page.jpg", "examples/digit-squared.jpg"
WIDTH = 560  # pixels
BEGIN, END = "<!-- answer: begin (make readme) -->", "<!-- answer: end -->"


def answer_block(answer: Answer) -> str:
    """The answer as a Markdown block of JSON; lists of numbers on one line."""
    text = json.dumps(answer.to_dict(), indent=2)
    text = re.sub(r"\[\s*(-?\d[^\[\]{}]*?)\s*\]", lambda found: f"[{' '.join(found[1].split())}]", text)
    return f"```json\n{text}\n```"


def main() -> None:
    reader = Reader()
    page = next(load_pages(ROOT / SHOWN, in_color=True))
    picture = Image.fromarray(annotate(page, reader.read_page(page)))
    picture.thumbnail((WIDTH, 2 * WIDTH))
    out = ROOT / "docs" / "read-example.jpg"
    picture.save(out, quality=82)
    print(f"{out.relative_to(ROOT)}: {picture.width} x {picture.height}")

    (answer,) = (reader.read_page(page) for page in load_pages((ROOT / ANSWERED).read_bytes(), name=ANSWERED))
    readme = ROOT / "README.md"
    old = readme.read_text(encoding="utf-8")
    readme.write_text(between(old, BEGIN, END, answer_block(answer)), encoding="utf-8")
    print("README.md: answer rewritten")


if __name__ == "__main__":
    main()
