"""The page of `inkdigits serve` in a real browser, as a visitor uses it: pen, files, answers, copies."""

from __future__ import annotations

import csv
import io
import json
import statistics
from pathlib import Path
from typing import Any

import browser
import cv2
import numpy as np
import pytest
from browser import Opened, ink_of, read_text, said, settle, upload, wait_for_text, wait_until, write
from PIL import Image

from inkdigits.answer import Answer
from inkdigits.learning import pen
from inkdigits.reading.report import csv_writer

port, service, chromium, opened = browser.port, browser.service, browser.chromium, browser.opened

EXAMPLES = Path(__file__).parents[2] / "examples"


def digit_button(page: Any, line: int, digit: int) -> Any:
    return page.locator(f'[data-key="{line}-{digit}"]')


def picture_as(form: str) -> bytes:
    out = io.BytesIO()
    Image.open(EXAMPLES / "string.jpg").save(out, form)
    return out.getvalue()


def page_of_forty() -> tuple[bytes, str]:
    """A page of eight numbers of five digits as PNG, and what stands on it."""
    random = np.random.default_rng(7)
    ink = np.zeros((1300, 900), np.float32)
    rows = ["".join(random.permutation(list("0123456789"))[:5]) for _ in range(8)]
    for number, row in enumerate(rows):
        place = (120.0 + 40 * (number % 3), 180.0 + 145 * number)
        pen.write(ink, row, place, 84, pen.Hand(), pen.Pen(7, (0, 0, 0)), random)
    gray = (236 - 200 * ink).astype(np.uint8)
    return cv2.imencode(".png", gray)[1].tobytes(), "\n".join(rows)


def test_each_digit_is_read_as_it_is_drawn(opened: Opened) -> None:
    page = opened()
    promise = "What you draw or open is read and forgotten."
    wait_until(page, lambda: page.inner_text("#promise") == promise, "the promise")
    right, seconds = 0, []
    for digit in "0123456789":
        write(page, digit, (260, 120), 200)
        settle(page)
        wait_until(page, lambda: len(page.evaluate("window.answered")) > 0, "a time")
        seconds.append(page.evaluate("window.answered.splice(0).at(-1)") / 1000)
        right += read_text(page) == digit
        page.click("#clear")
        assert ink_of(page) == 0 and "Nothing to read yet" in said(page)
    print(f"from pen-up to the painted answer: median {1000 * statistics.median(seconds):.0f} ms of ten")
    assert right >= 9
    assert statistics.median(seconds) < 2


def test_the_answer_follows_before_the_pen_is_lifted(opened: Opened) -> None:
    page = opened()
    sheet = page.locator("#paper").bounding_box()
    page.mouse.move(sheet["x"] + 300, sheet["y"] + 100)
    page.mouse.down()
    page.mouse.move(sheet["x"] + 290, sheet["y"] + 300, steps=30)
    wait_for_text(page, "1")
    page.mouse.up()
    wait_for_text(page, "1")


def test_undo_takes_back_a_stroke_and_a_clearing(opened: Opened) -> None:
    page = opened()
    write(page, "47", (100, 120), 180)
    wait_for_text(page, "47")
    before = ink_of(page)
    page.keyboard.press("Control+z")
    wait_for_text(page, "4")
    assert 0 < ink_of(page) < before
    page.click("#clear")
    assert ink_of(page) == 0
    page.click("#undo")
    wait_for_text(page, "4")


def test_a_pen_that_is_pressed_writes_thicker(opened: Opened) -> None:
    page = opened()
    sheet = page.locator("#paper").bounding_box()
    mouse = page.context.new_cdp_session(page)
    inked = []
    for force in (0.1, 0.9):
        places = [(sheet["x"] + 200 + 8 * step, sheet["y"] + 200) for step in range(20)]
        kinds = ["mousePressed", *["mouseMoved"] * 18, "mouseReleased"]
        for kind, (x, y) in zip(kinds, places, strict=True):
            held = {"button": "left", "buttons": 1, "clickCount": 1, "pointerType": "pen", "force": force}
            mouse.send("Input.dispatchMouseEvent", {"type": kind, "x": x, "y": y, **held})
        inked.append(ink_of(page))
        page.click("#clear")
    assert inked[1] > 1.5 * inked[0] > 0


def test_alternatives_and_glyphs_are_shown_of_the_digit_that_is_pointed_at(opened: Opened) -> None:
    page = opened()
    with page.expect_response("**/v1/read*") as reply:
        upload(page, "bundled-digits.jpg", (EXAMPLES / "bundled-digits.jpg").read_bytes(), "image/jpeg")
    body = reply.value.json()
    wait_for_text(page, body["answers"][0]["text"])
    places = [(line, digit) for line in (0, 1) for digit in range(5)]
    assert any(body["answers"][0]["lines"][line]["digits"][digit]["alternatives"] for line, digit in places)
    for line, number in places:
        digit = body["answers"][0]["lines"][line]["digits"][number]
        digit_button(page, line, number).hover()
        closer = page.locator(".closer")
        readings = closer.locator("li:not(.none)").all_inner_texts()
        assert [one.split()[0] for one in readings] == [
            digit["text"],
            *[other["text"] for other in digit["alternatives"]],
        ]
        (glyph,) = [body["shown"][0][line][number]]
        glyph = glyph if isinstance(glyph, str) else glyph[0]
        assert closer.locator("img").first.get_attribute("src") == f"data:image/png;base64,{glyph}"
        size = closer.locator("img").first.evaluate("(one) => [one.naturalWidth, one.naturalHeight]")
        assert size == [28, 28]
    # Pointing at the box in the picture does the same, and the box of the digit lies where it should.
    box = body["answers"][0]["lines"][0]["digits"][2]["box"]
    frame = page.locator("#frame").bounding_box()
    scale = frame["width"] / body["answers"][0]["width"]
    page.mouse.move(frame["x"] + scale * (box[0] + box[2] / 2), frame["y"] + scale * (box[1] + box[3] / 2))
    assert digit_button(page, 0, 2).get_attribute("data-chosen") is not None
    drawn = page.locator(".digit-box[data-chosen]").bounding_box()
    assert drawn["x"] == pytest.approx(frame["x"] + scale * box[0], abs=1.5)
    assert drawn["height"] == pytest.approx(scale * box[3], abs=1.5)


def test_each_kind_of_file_is_shown_and_read(opened: Opened) -> None:
    page = opened()
    photo = page.locator("#photo")
    for form in ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "PDF"):
        kind = "application/pdf" if form == "PDF" else f"image/{form.lower()}"
        upload(page, f"string.{form.lower()}", picture_as(form), kind)
        wait_for_text(page, "30517")
        wait_until(page, lambda: photo.evaluate("(one) => one.width > 0"), f"the picture as {form}")
        width, height = photo.evaluate("(one) => [one.width, one.height]")
        assert width / height == pytest.approx(800 / 520, abs=0.01), form
        page.click("#back")
        assert read_text(page) == "" and not photo.is_visible()


def test_files_and_pages_are_leafed_through(opened: Opened) -> None:
    page = opened()
    names = ("two-pages.pdf", "string.jpg")
    page.set_input_files("#open-file", [EXAMPLES / name for name in names])
    wait_for_text(page, "2718\n28182")
    page.get_by_role("button", name="Next page").click()
    wait_for_text(page, "3141\n592653\n589")
    page.get_by_label("Page", exact=True).nth(1).fill("1")
    page.keyboard.press("Enter")
    wait_for_text(page, "2718\n28182")
    page.get_by_role("button", name="Next file").click()
    wait_for_text(page, "30517")
    assert "string.jpg (2 of 2)" in page.locator("#file-place").inner_text()
    page.get_by_role("button", name="Back to the sheet").click()
    assert page.locator("#paper").is_visible() and not page.locator("#photo").is_visible()


def test_a_picture_is_dropped_or_pasted(opened: Opened) -> None:
    page = opened()
    content = (EXAMPLES / "string.jpg").read_bytes()
    happen = """([happening, bytes]) => {
        const files = new DataTransfer();
        files.items.add(new File([Uint8Array.from(bytes)], "string.jpg", { type: "image/jpeg" }));
        const event = happening === "drop"
            ? new DragEvent("drop", { dataTransfer: files, bubbles: true, cancelable: true })
            : new ClipboardEvent("paste", { clipboardData: files, bubbles: true, cancelable: true });
        document.body.dispatchEvent(event);
    }"""
    for happening in ("drop", "paste"):
        page.evaluate(happen, [happening, list(content)])
        wait_for_text(page, "30517")
        page.click("#back")
        assert read_text(page) == ""


def test_a_page_of_forty_digits(opened: Opened) -> None:
    page = opened()
    content, text = page_of_forty()
    upload(page, "forty.png", content, "image/png")
    wait_until(page, lambda: read_text(page).count("\n") == 7, "eight lines")
    found = read_text(page)
    assert len(found) == len(text)
    assert sum(one == other for one, other in zip(found, text, strict=True)) >= len(text) - 2
    assert page.locator("#photo-boxes .digit-box").count() == 40
    assert page.locator("#photo-boxes .line-name").count() == 8


def test_unsure_refused_and_blank_are_told_in_words(opened: Opened) -> None:
    page = opened()
    words = {
        "bundled-digits.jpg": "unsure",
        "flower.jpg": "no digits",
        "blank.jpg": "blank",
        "digit-plain.jpg": "sure",
    }
    for name, word in words.items():
        upload(page, name, (EXAMPLES / name).read_bytes(), "image/jpeg")
        mark = page.locator("#result > .head .status")
        wait_until(page, lambda mark=mark, word=word: mark.all_inner_texts() == [word], word)
        assert mark.locator("svg").count() == 1
        wait_until(page, lambda: page.locator("#news").inner_text() != "", "a sentence")
    spoken = page.locator("#news")
    assert spoken.get_attribute("aria-live") == "polite"
    wait_until(page, lambda: spoken.inner_text().startswith("5, sure, 9"), "the sentence")


def test_what_the_number_looks_like_is_heeded(opened: Opened) -> None:
    page = opened()
    write(page, "47", (100, 120), 180)
    wait_for_text(page, "47")
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.get_by_label("Pattern").fill("1##")
    wait_until(page, lambda: any("pattern=1%5Cd%5Cd" in url for url in asked), "a question with the mask")
    page.get_by_label("Pattern").fill("(")
    wait_until(page, lambda: "cannot be understood" in said(page), "a message")
    page.get_by_label("Pattern").fill("")
    page.get_by_label("Amounts").check()
    wait_until(page, lambda: "amounts=true" in asked[-1], "a question for amounts")
    page.get_by_label("Length").fill("2")
    wait_until(page, lambda: any("length=2" in url for url in asked), "a question with the length")
    wait_for_text(page, "47")
    assert page.locator("#trouble").inner_text() == ""


def test_copies_say_what_the_answer_says(opened: Opened) -> None:
    page = opened()
    with page.expect_response("**/v1/read*") as reply:
        upload(page, 'a, "b".jpg', (EXAMPLES / "page.jpg").read_bytes(), "image/jpeg")
    answer = reply.value.json()["answers"][0]
    wait_for_text(page, answer["text"])
    rows = io.StringIO()
    csv_writer(rows)(Answer.from_dict(answer))
    wanted = {"Text": answer["text"], "CSV": rows.getvalue(), "JSON": answer}
    for name, content in wanted.items():
        page.get_by_role("button", name=name, exact=True).click()
        wait_until(page, lambda name=name: f"{name} copied" in said(page), "a word that it is copied")
        copied = page.evaluate("navigator.clipboard.readText()")
        assert (json.loads(copied) if name == "JSON" else copied) == content
    assert next(csv.DictReader(io.StringIO(wanted["CSV"])))["text"] == "1947"
