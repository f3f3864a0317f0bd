"""What the page of `inkdigits serve` shows of results/ and examples/.

    python scripts/service_results.py [--check]

In: results/table1.json and examples/. Out: results.json and the pictures of gallery/ in the folder
src/inkdigits/service/static; with --check nothing is written, and the exit code is 1 where a file would
change.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import cv2

from inkdigits.learning.table import ROWS
from inkdigits.learning.table_figures import family
from inkdigits.learning.table_summary import Run, Spread, Summary, summarise
from inkdigits.reading.page import load_pages

ROOT = Path(__file__).resolve().parent.parent
STATIC = ROOT / "src" / "inkdigits" / "service" / "static"
SETS = ("mnist-test", "usps-test", "ardis", "quiz-sheets")
# What each picture shows, never what is read in it: that is for the reader to say.
GALLERY = {
    "page.jpg": "A page of five numbers, photographed",
    "string.jpg": "A number on a sheet of paper",
    "amount.png": "An amount with a comma and a dash",
    "digit-squared.jpg": "One digit on squared paper",
    "blackboard.jpg": "Chalk on a blackboard",
    "bundled-digits.jpg": "Real digits of many writers, 8 by 8 pixels each",
    "two-pages.pdf": "A PDF file of two scanned pages",
    "flower.jpg": "A drawing of a flower",
}
FACE_HEIGHT = 240


def rounded(number: float | None, digits: int = 6) -> float | None:
    """A number to so many digits that mean something, for a file that is sent to every visitor."""
    return None if number is None else float(f"{number:.{digits}g}")


def told(spread: Spread | None) -> dict[str, Any] | None:
    """A figure over seeds as the page needs it, shares in [0, 1]."""
    if spread is None:
        return None
    return {"mean": rounded(spread.mean), "sd": rounded(spread.sd, 3), "seeds": len(spread.values)}


def curve(runs: tuple[Run, ...]) -> dict[str, list[float | None]] | None:
    """Loss and accuracy on the training images by epoch, of the first seed; None where there are none."""
    found = (runs[0].get("curve") or {}) if runs else {}
    kept = {key: [rounded(one, 4) for one in found.get(key) or []] for key in ("loss", "accuracy")}
    return kept if any(kept.values()) else None


def entry(summary: Summary) -> dict[str, Any]:
    """One row of the page's table."""
    row = summary.row
    return {
        "name": row.name,
        "title": row.title,
        "paper": row.paper,
        "family": family(row)[0],
        "figure": row.figure,
        "judged": told(summary.figure),
        "sets": {name: told(summary.spread(name)) for name in SETS},
        "target": row.target,
        "met": summary.met,
        "published": row.published,
        "parameters": rounded(summary.mean("parameters")),
        "multiply_adds": rounded(summary.mean("multiply_adds")),
        "seconds": rounded(summary.mean("seconds"), 4),
        "curve": curve(summary.runs) if not row.shares else None,
    }


def results() -> bytes:
    """results.json: every row that is measured, in the order of table 1; a line a row, for diffs."""
    runs = json.loads((ROOT / "results" / "table1.json").read_text(encoding="utf-8"))
    rows = [entry(summary) for summary in summarise(runs, ROWS) if summary.figure is not None]
    lines = ",\n".join(json.dumps(row, separators=(",", ":"), ensure_ascii=False) for row in rows)
    return f'{{"rows":[\n{lines}\n]}}\n'.encode()


def gallery() -> bytes:
    """gallery.json: each picture's file, what it shows, and the picture that stands for it."""
    shown = [
        {"file": name, "says": says, "face": face_of(name) if name.endswith(".pdf") else name}
        for name, says in GALLERY.items()
    ]
    return (json.dumps(shown, indent=1, ensure_ascii=False) + "\n").encode()


def face_of(name: str) -> str:
    """The name of the small picture that stands for a file that browsers do not show."""
    return f"{Path(name).stem}.face.jpg"


def draw_face(source: Path, path: Path) -> None:
    """The first page of `source`, small, as JPEG."""
    gray = next(iter(load_pages(source))).gray
    width = round(gray.shape[1] * FACE_HEIGHT / gray.shape[0])
    small = cv2.resize(gray, (width, FACE_HEIGHT), interpolation=cv2.INTER_AREA)
    path.write_bytes(cv2.imencode(".jpg", small, [cv2.IMWRITE_JPEG_QUALITY, 80])[1].tobytes())


def files() -> dict[Path, bytes]:
    """What each file must hold. Faces are left out: two versions of OpenCV write other bytes."""
    wanted = {STATIC / "results.json": results(), STATIC / "gallery" / "gallery.json": gallery()}
    for name in GALLERY:
        wanted[STATIC / "gallery" / name] = (ROOT / "examples" / name).read_bytes()
    return wanted


def main(arguments: list[str]) -> int:
    changed = {
        path: content
        for path, content in files().items()
        if not path.is_file() or path.read_bytes() != content
    }
    faces = {name: STATIC / "gallery" / face_of(name) for name in GALLERY if name.endswith(".pdf")}
    missing = {name: path for name, path in faces.items() if not path.is_file()}
    stale = [path.relative_to(STATIC).as_posix() for path in (*changed, *missing.values())]
    if "--check" in arguments:
        for name in stale:
            print(
                f"{name} is not what results/ and examples/ give: run this without --check", file=sys.stderr
            )
        return 1 if stale else 0
    (STATIC / "gallery").mkdir(parents=True, exist_ok=True)
    for path, content in changed.items():
        path.write_bytes(content)
    for name, path in faces.items():
        if path in missing.values() or STATIC / "gallery" / name in changed:
            draw_face(ROOT / "examples" / name, path)
    print(f"{len(stale)} files written" if stale else "nothing has changed")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
