"""The page of `inkdigits serve` for all: keyboard, phone, dark and light, trouble; gallery and models."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import browser
import pytest
from browser import (
    PHONE,
    TEXTS,
    Opened,
    contrast,
    ink_of,
    read_text,
    said,
    settle,
    upload,
    wait_for_text,
    wait_until,
    write,
)

port, service, chromium, opened = browser.port, browser.service, browser.chromium, browser.opened

EXAMPLES = Path(__file__).parents[2] / "examples"
TABS = ("read", "gallery", "models")
FOCUSED = """() => {
    const { outlineStyle, outlineWidth } = getComputedStyle(document.activeElement);
    return [document.activeElement.id || document.activeElement.textContent, outlineStyle, outlineWidth];
}"""


def filled(page: Any, part: str) -> None:
    """Return when a tab has what it fetches."""
    wanted = {"gallery": "#pictures li", "models": "#results table"}
    if part in wanted:
        wait_until(page, lambda: page.locator(wanted[part]).count() > 0, part)


def focused(page: Any) -> str:
    """What has the focus, which must be seen."""
    name, style, width = page.evaluate(FOCUSED)
    assert style != "none" and float(width.removesuffix("px")) >= 2, f"the focus is not seen on {name!r}"
    return name


def test_the_keyboard_alone_reads_a_picture_of_the_gallery(opened: Opened) -> None:
    page = opened()
    page.keyboard.press("Tab")
    assert focused(page) == "Skip to the content"
    page.keyboard.press("Tab")
    assert focused(page) == "tab-read"
    page.keyboard.press("ArrowRight")
    assert focused(page) == "tab-gallery" and page.locator("#gallery").is_visible()
    assert not page.locator("#read").is_visible()
    filled(page, "gallery")
    page.keyboard.press("Tab")
    assert focused(page).startswith("A page of five numbers")
    page.keyboard.press("Enter")
    wait_for_text(page, "1947\n30852\n618\n27095\n4436")
    assert focused(page) == "back"
    for _ in range(12):
        page.keyboard.press("Tab")
        if page.locator(".digit:focus").count():
            break
    first = page.locator(".digit:focus").get_attribute("data-key")
    assert first == page.locator(".digit[data-chosen]").get_attribute("data-key")
    page.keyboard.press("End")
    assert page.locator(".digit:focus").get_attribute("data-key") == "4-3"
    page.keyboard.press("ArrowUp")
    assert page.locator(".digit:focus").get_attribute("data-key").startswith("3-")
    assert page.locator(".closer h3").inner_text().endswith("of line 4")
    assert (
        page.locator(".digit:focus")
        .get_attribute("aria-label")
        .startswith(("2, ", "7, ", "0, ", "9, ", "5, "))
    )
    # All digits together are one stop: the next is what copies them.
    page.keyboard.press("Tab")
    assert focused(page) == "Text"
    page.keyboard.press("Enter")
    wait_until(page, lambda: "Text copied" in said(page), "a word that it is copied")


def test_every_field_button_picture_and_part_has_a_name(opened: Opened) -> None:
    page = opened()
    for part in TABS:
        page.click(f"#tab-{part}")
        filled(page, part)
        tree = page.locator("body").aria_snapshot()
        nameless = re.findall(
            r"^\s*- (?:button|textbox|spinbutton|combobox|tab|img|link|region)\s*:?$", tree, re.M
        )
        assert nameless == [], tree
        assert page.locator('[role="tab"][aria-selected="true"]').get_attribute("aria-controls") == part
        for landmark in ("banner", "main", "contentinfo", "tabpanel"):
            assert re.search(rf"- {landmark}\b", tree), tree


def test_on_a_phone_nothing_overflows_and_all_can_be_hit(opened: Opened) -> None:
    page = opened(**PHONE)
    write(page, "47", (60, 50), 150)
    wait_for_text(page, "47")
    for part in TABS:
        page.click(f"#tab-{part}")
        filled(page, part)
        assert page.evaluate("document.documentElement.scrollWidth") <= 390, part
        low = page.evaluate(
            """() => [...document.querySelectorAll("button, input, select")]
                .map((one) => (one.type === "checkbox" ? one.labels[0] : one))
                .filter((one) => one.checkVisibility() && one.getBoundingClientRect().height < 44)
                .map((one) => one.id || one.textContent)"""
        )
        assert low == []
    page.click("#tab-read")
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Photo").tap()
    assert page.locator("#take-photo").get_attribute("capture") == "environment"
    chooser.value.set_files(EXAMPLES / "page.jpg")
    wait_until(page, lambda: read_text(page).count("\n") == 4, "five lines")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_a_finger_writes_and_does_not_scroll(opened: Opened) -> None:
    page = opened(**PHONE)
    sheet = page.locator("#paper").bounding_box()
    touch = page.context.new_cdp_session(page)
    path = [(sheet["x"] + 190, sheet["y"] + 250 - 10 * step) for step in range(22)]
    for kind, points in [("touchStart", path[:1]), *[("touchMove", [one]) for one in path], ("touchEnd", [])]:
        places = [{"x": x, "y": y} for x, y in points]
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": places})
    wait_for_text(page, "1")
    assert page.evaluate("scrollY") == 0 and ink_of(page) > 0
    # Beside the sheet a finger scrolls as ever.
    assert page.evaluate("document.documentElement.scrollHeight > innerHeight")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_all_text_is_readable_in_light_and_dark(opened: Opened, scheme: str) -> None:
    page = opened(color_scheme=scheme)
    upload(page, "bundled-digits.jpg", (EXAMPLES / "bundled-digits.jpg").read_bytes(), "image/jpeg")
    wait_for_text(page, "01234\n56789")
    ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (contrast(ground, "rgb(0, 0, 0)") < 2) == (scheme == "dark")
    seen = 0
    for part in TABS:
        page.click(f"#tab-{part}")
        page.mouse.move(640, 790)
        filled(page, part)
        page.wait_for_timeout(200)  # colours change slowly
        for text, ink, behind in page.evaluate(TEXTS):
            assert contrast(ink, behind) >= 4.5, f"{text!r} is {ink} on {behind}"
            seen += 1
    assert seen > 200


def test_movement_is_left_out_where_it_is_not_wanted(opened: Opened) -> None:
    page = opened(reduced_motion="reduce")
    write(page, "4", (200, 120), 180)
    wait_for_text(page, "4")
    longest = """() => Math.max(...[...document.querySelectorAll("*")].map(
        (one) => parseFloat(getComputedStyle(one).transitionDuration)))"""
    assert page.evaluate(longest) == 0
    assert opened().evaluate(longest) > 0


def test_a_file_that_cannot_be_read_is_told_of_and_the_page_goes_on(opened: Opened) -> None:
    page = opened()
    alert = page.get_by_role("alert").first
    for name, content, kind in (
        ("letter.txt", b"these are words", "text/plain"),
        ("broken.png", b"\x89PNG\r\n\x1a\n" + bytes(40), "image/png"),
        ("empty.pdf", b"", "application/pdf"),
    ):
        upload(page, name, content, kind)
        wait_until(page, lambda name=name: name in alert.inner_text(), "a message")
        assert alert.locator("svg").count() == 1
        page.click("#back")
        assert alert.inner_text() == ""
    write(page, "7", (200, 120), 180)
    wait_for_text(page, "7")


def test_drawings_and_files_outlive_the_server(
    opened: Opened, service: Callable[[bool], None], port: int
) -> None:
    page = opened()
    other = opened()
    write(page, "4", (100, 120), 180)
    wait_for_text(page, "4")
    service(False)
    write(page, "7", (300, 120), 180)
    upload(other, "two.pdf", (EXAMPLES / "two-pages.pdf").read_bytes(), "application/pdf")
    for one in (page, other):
        alert = one.get_by_role("alert").first
        wait_until(one, lambda alert=alert: "does not answer" in alert.inner_text(), "a message")
        assert "kept" in alert.inner_text()
    inked = ink_of(page)
    service(True)
    wait_for_text(page, "47")
    assert ink_of(page) == inked
    # What the server has to draw is seen too, now that it can.
    wait_for_text(other, "2718\n28182")
    photo = other.locator("#photo")
    wait_until(other, lambda: photo.evaluate("(one) => one.width > 0"), "the picture")
    for one in (page, other):
        assert one.get_by_role("alert").first.inner_text() == ""


def test_a_busy_server_is_asked_again(opened: Opened) -> None:
    page = opened()
    answers = iter([429, 503])

    def refuse(route: Any) -> None:
        status = next(answers, None)
        if status is None:
            route.continue_()
        else:
            body = json.dumps({"title": "no", "status": status, "detail": "later"})
            headers = {"Retry-After": "1", "Content-Type": "application/problem+json"}
            route.fulfill(status=status, headers=headers, body=body)

    page.route("**/v1/read*", refuse)
    upload(page, "string.jpg", (EXAMPLES / "string.jpg").read_bytes(), "image/jpeg")
    wait_until(page, lambda: "Too many requests" in said(page), "the word of a 429")
    wait_until(page, lambda: "busy" in said(page), "the word of a 503")
    wait_for_text(page, "30517")
    assert page.get_by_role("alert").first.inner_text() == ""


def test_a_key_is_asked_for_and_kept_for_the_visit(opened: Opened) -> None:
    page = opened()
    heard: list[str | None] = []

    def guard(route: Any) -> None:
        key = route.request.headers.get("authorization")
        heard.append(key)
        if key == "Bearer right":
            route.continue_()
        else:
            route.fulfill(status=401, content_type="application/problem+json", body='{"detail": "no"}')

    page.route("**/v1/read*", guard)
    write(page, "4", (200, 120), 180)
    field = page.get_by_label("Key of this service")
    wait_until(page, field.is_visible, "a field for the key")
    field.fill("wrong")
    page.keyboard.press("Enter")
    wait_until(page, lambda: "does not know that key" in said(page), "a message")
    field.fill("right")
    page.get_by_role("button", name="Use this key").click()
    wait_for_text(page, "4")
    assert not field.is_visible() and {None, "Bearer wrong", "Bearer right"} == set(heard)
    assert page.evaluate("localStorage.length") == 0


def test_an_older_answer_never_hides_a_newer_one(opened: Opened) -> None:
    page = opened()
    write(page, "4", (100, 120), 180)
    settle(page)
    held: list[Any] = []
    given_up: list[Any] = []
    page.route("**/v1/read*", lambda route: route.continue_() if held else held.append(route))
    page.on("requestfailed", lambda one: given_up.append(one))
    upload(page, "string.jpg", (EXAMPLES / "string.jpg").read_bytes(), "image/jpeg")
    wait_until(page, lambda: len(held) == 1, "a question")
    page.click("#back")
    wait_until(page, lambda: [one.url for one in given_up] == [held[0].request.url], "the end of it")
    wait_for_text(page, "4")


def test_the_models_tab_shows_networks_results_and_curves(opened: Opened) -> None:
    page = opened("#models")
    filled(page, "models")
    assert page.locator(".network h3").all_inner_texts()
    table = page.locator("table").first
    rows = page.evaluate("async () => (await (await fetch('static/results.json')).json()).rows")
    judged = [row for row in rows if row["figure"] == "mnist-test"]
    assert table.locator("tbody tr").count() == len(judged) > 10
    table.get_by_role("button", name="MNIST").click()
    best = max(judged, key=lambda row: row["judged"]["mean"])
    assert table.locator("tbody tr").first.inner_text().startswith(best["name"])
    header = table.get_by_role("columnheader", name="MNIST")
    assert header.get_attribute("aria-sort") == "descending"
    table.get_by_role("button", name="MNIST").click()
    assert header.get_attribute("aria-sort") == "ascending"
    assert not table.locator("tbody tr").first.inner_text().startswith(best["name"])
    assert page.locator(".point").count() == sum(row["parameters"] is not None for row in judged)
    page.get_by_label("Network", exact=True).select_option("lenet5")
    assert page.locator('.curve.chosen[data-name="lenet5"]').count() == 2
