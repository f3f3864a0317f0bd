"""The offline page: glyphs as the reader makes them, signs and lines of strokes, one file by itself."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from importlib import resources
from pathlib import Path
from typing import Any

import browser
import numpy as np
import pytest
from browser import Opened, read_text, said, wait_for_text, wait_until, write

from inkdigits.learning import pen
from inkdigits.reading.card import GLYPH_FILE, WEIGHTS, file_sha256, load_card
from inkdigits.reading.decoder import soften
from inkdigits.reading.glyph import NORMALISER_VERSION, normalise, stroke_width
from inkdigits.reading.recogniser import Recogniser
from inkdigits.service.offline import NETWORK, STATIC, offline_page

port, service, chromium, opened = browser.port, browser.service, browser.chromium, browser.opened

needs_node = pytest.mark.skipif(not shutil.which("node"), reason="needs Node")
OFFLINE = STATIC / "offline"
# The page reads once a frame: after two of them, what was drawn before is read.
PAINTED = "new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"


def by_node(tmp_path: Path, module: str, code: str, given: object, begin: str = "") -> Any:
    """What `code` makes of `given`, with all that `module` exports at hand."""
    (tmp_path / "package.json").write_text('{"type": "module"}')
    for path in OFFLINE.glob("*.js"):
        if path != NETWORK:
            shutil.copy(path, tmp_path)
    main = tmp_path / "asked.js"
    main.write_text(
        f"{begin}"
        'import { readFileSync } from "fs";\n'
        f'import * as module from "./{module}";\n'
        "const given = JSON.parse(readFileSync(0));\n"
        f"console.log(JSON.stringify(({code})(given)));\n"
    )
    done = subprocess.run(["node", main], input=json.dumps(given), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def drawn(digit: str, height: float, width: float, seed: int) -> np.ndarray:
    """A digit's ink as a pen of that width draws it."""
    ink = np.zeros((int(height) + 60, int(height) + 60), np.float32)
    random = np.random.default_rng(seed)
    pen.write(ink, digit, (25, 25), height, pen.Hand(), pen.Pen(width, (0, 0, 0)), random)
    return np.clip(ink, 0, 1)


@needs_node
def test_glyphs_are_those_of_the_reader(tmp_path: Path) -> None:
    inks = [
        drawn(str(number % 10), height, width, number)
        for number, (height, width) in enumerate([(150, 7), (60, 3), (240, 2), (90, 14), (320, 7)] * 4)
    ]
    inks.append(np.zeros((9, 7), np.float32))
    given = [
        {"width": ink.shape[1], "height": ink.shape[0], "values": np.round(ink, 5).ravel().tolist()}
        for ink in inks
    ]
    found = by_node(tmp_path, "glyph.js", "(inks) => inks.map((one) => [...module.normalise(one)])", given)
    for ink, glyph in zip(inks, found, strict=True):
        ours = normalise(ink).astype(float)
        difference = np.abs(np.reshape(glyph, (28, 28)) - ours)
        assert difference.mean() < 1.5 and (difference > 40).mean() < 0.005
    widths = by_node(tmp_path, "glyph.js", "(inks) => inks.map(module.strokeWidth)", given)
    assert widths == pytest.approx([stroke_width(ink) for ink in inks], abs=0.15)


def stroke(*points: tuple[float, float]) -> list[dict[str, float]]:
    """A pen's way through the points, 7 pixels wide."""
    ways = [np.linspace(one, other, 20) for one, other in zip(points, points[1:], strict=False)]
    return [{"x": x, "y": y, "width": 7} for x, y in np.concatenate(ways).tolist()]


def one_at(x: float, y: float, height: float = 80) -> list[dict[str, float]]:
    return stroke((x, y), (x, y + height))


@needs_node
def test_strokes_become_signs_and_lines(tmp_path: Path) -> None:
    four = [stroke((110, 20), (90, 70), (140, 70)), one_at(125, 30)]
    five = [stroke((200, 20), (195, 55), (230, 80), (190, 100)), stroke((202, 12), (235, 12))]
    dot = [stroke((255, 99), (256, 100))]
    below = [one_at(100, 130), one_at(60, 128), one_at(150, 135)]  # close under the line above
    mixed = [below[1], four[1], five[0], *dot, below[0], five[1], four[0], below[2]]
    code = """(strokes) => module.lines(strokes).map(
      (line) => line.map((sign) => [sign.strokes.length, sign.box.left]),
    )"""
    lines = by_node(tmp_path, "groups.js", code, mixed)
    assert [[count for count, _ in line] for line in lines] == [[2, 2, 1], [1, 1, 1]]
    assert all(line == sorted(line, key=lambda sign: sign[1]) for line in lines)
    assert by_node(tmp_path, "groups.js", code, []) == []


@needs_node
def test_an_answer_has_the_form_of_the_servers(tmp_path: Path) -> None:
    card = {"classes": [*"0123456789", "none"], "threshold": 0.9, "temperature": 1}
    code = """({ signs, card, said }) => {
      let at = 0;
      const look = () => ({ probabilities: said[at++], glyph: `glyph ${at}` });
      return module.answerOf([signs], look, card, { width: 400, height: 300 });
    }"""
    tall = [
        {"strokes": [], "box": {"left": x, "top": 10, "right": x + 30, "bottom": 90}} for x in (10, 60, 110)
    ]
    dash = {"strokes": [], "box": {"left": 150, "top": 50, "right": 190, "bottom": 57}}

    def answer(*said: dict[int, float]) -> Any:
        told = [[one.get(index, 0.0) for index in range(11)] for one in said]
        given = {"signs": [*tall[: len(said)], dash], "card": card, "said": told}
        return by_node(tmp_path, "answer_of.js", code, given)

    sure = answer({7: 0.99, 1: 0.01}, {3: 0.98, 5: 0.02})
    line = sure["answer"]["lines"][0]
    assert (sure["answer"]["text"], sure["answer"]["status"]) == ("73", "ok")
    assert line["confidence"] == pytest.approx(0.99 * 0.98) and line["box"] == [10, 10, 180, 80]
    assert line["digit_share"] == 1
    assert [mark["text"] for mark in line["marks"]] == ["-"]
    assert line["digits"][1]["alternatives"] == [{"text": "5", "confidence": 0.02}]
    assert sure["shown"] == [["glyph 1", "glyph 2"]]
    unsure = answer({7: 0.8, 1: 0.2}, {10: 0.99, 3: 0.01})["answer"]
    assert (unsure["text"], unsure["status"]) == ("7", "unsure") and "0.800" in unsure["lines"][0]["reasons"][
        0
    ]
    assert answer({10: 1.0})["answer"]["status"] == "not_digits"
    strangers = answer({0: 0.99}, {10: 0.9, 3: 0.1}, {10: 0.9, 3: 0.1})["answer"]
    assert (strangers["text"], strangers["status"]) == ("0", "unsure")
    assert strangers["lines"][0]["digit_share"] == pytest.approx(0.4)
    assert "0.40 of this line's signs" in strangers["lines"][0]["reasons"][0]
    assert answer({1: 0.12, 2: 0.1, 3: 0.1})["answer"]["status"] == "not_digits"


def test_the_network_is_the_shipped_one() -> None:
    first, code = NETWORK.read_text(encoding="utf-8").split("\n", 1)
    assert first.endswith(f"sha256 {file_sha256(WEIGHTS / GLYPH_FILE)}"), "python scripts/offline_network.py"
    card = load_card(WEIGHTS / GLYPH_FILE, NORMALISER_VERSION)
    assert f'"name": "{card.name}"' in code and NETWORK.stat().st_size < 400_000
    for part in ("operations", "network"):  # as `inkdigits export --target js` writes it today
        exported = resources.files("inkdigits.learning.integer") / "js" / f"{part}.js"
        assert exported.read_text(encoding="utf-8") in code, "python scripts/offline_network.py"


@needs_node
def test_its_confidence_is_softened_once(tmp_path: Path) -> None:
    # So many that the median digit is not one of a few that lie near a border.
    glyphs = np.stack([normalise(drawn(str(seed % 10), 150, 7, seed)) for seed in range(100)])
    code = """(glyphs) => glyphs.map((one) => require("./network.cjs").classify(one).probabilities)"""
    shutil.copy(NETWORK, tmp_path / "network.cjs")
    required = 'import { createRequire } from "module";\nconst require = createRequire(import.meta.url);\n'
    found = by_node(tmp_path, "groups.js", code, glyphs.reshape(len(glyphs), -1).tolist(), begin=required)
    wanted = Recogniser(WEIGHTS / GLYPH_FILE).glyph_probabilities(
        glyphs
    )  # softened by the card's temperature
    assert np.argmax(found, axis=1).tolist() == wanted.argmax(axis=1).tolist()
    temperature = load_card(WEIGHTS / GLYPH_FILE, NORMALISER_VERSION).temperature
    once, never, twice = (
        np.median(np.abs(np.array(found) - told).max(axis=1))
        for told in (wanted, soften(wanted, 1 / temperature), soften(wanted, temperature))
    )
    # What integers round away is less than what a temperature does.
    assert once < 0.003 and once < min(never, twice) / 2


def test_the_page_is_one_file_under_a_policy_of_its_own() -> None:
    page, policy = offline_page()
    assert "import " not in page.partition("<script>")[2].partition("// Made from")[0]
    assert not re.search(r"^(import|export) ", page, re.MULTILINE)
    assert not re.search(r'(src|href)="(?!data:|"|#)', page.partition("<script>")[0])
    assert policy.count("sha256-") == 2 and "unsafe" not in policy


def test_the_server_offers_it_and_it_reads_under_its_policy(opened: Opened) -> None:
    page = opened()
    page.click("text=Offline: this sheet as one file")
    wait_until(page, lambda: page.title() == "inkdigits, offline", "the page")
    right = 0
    for digit in "0123456789":
        write(page, digit, (260, 120), 200)
        page.evaluate(PAINTED)
        right += read_text(page) == digit
        page.click("#clear")
    assert right >= 9
    wait_until(page, lambda: "Nothing to read yet" in said(page), "an empty sheet")  # by the next frame
    write(page, "4071", (60, 140), 150)
    wait_for_text(page, "4071")
    page.click("#undo")
    wait_for_text(page, "407")


def test_saved_to_disk_it_reads_without_a_server(chromium: Any, tmp_path: Path) -> None:
    saved = tmp_path / "inkdigits-offline.html"
    saved.write_text(offline_page()[0], encoding="utf-8")
    context = chromium.new_context(viewport={"width": 1280, "height": 800}, offline=True)
    page = context.new_page()
    wrong: list[str] = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("request", lambda one: one.url.startswith(("file:", "data:")) or wrong.append(one.url))
    page.goto(saved.as_uri())
    write(page, "52", (200, 120), 180)
    wait_for_text(page, "52")
    assert not page.is_visible("#save") and wrong == []
    context.close()
