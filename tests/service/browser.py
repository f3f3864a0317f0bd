"""A hand at a browser, and fixtures that put the page of a running service before it. In: digits, files. Out:
pen strokes as a mouse makes them, what the page shows.

A test module takes the fixtures by naming them: `opened = browser.opened`, and those that it needs.
"""

from __future__ import annotations

import shutil
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from serving import serving

from inkdigits.learning.forms import FORMS
from inkdigits.learning.pen import smooth_parts

CHROMIUM = next(
    (path for path in ("/usr/bin/chromium", shutil.which("chromium")) if path and Path(path).is_file()), None
)
QUIET = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync"
).split()
_STEPS = 3  # moves of the pointer between two points of a form
_PATIENCE = 20.0  # seconds; two trainings may share the machine

# What a browser itself logs where a test takes the server away or has it answer with an error.
_EXPECTED = "Failed to load resource"
PHONE = {
    "viewport": {"width": 390, "height": 844},
    "device_scale_factor": 2,
    "is_mobile": True,
    "has_touch": True,
}

# Runs before the page's own scripts: from the moment a pen is lifted until the answer to it is painted.
STOPWATCH = """
window.answered = [];
let lifted = null;
addEventListener("pointerdown", () => (lifted = null), true);
addEventListener("pointerup", (event) => (lifted = event.timeStamp), true);
addEventListener("DOMContentLoaded", () => {
  new MutationObserver(() => {
    const since = lifted;
    if (since !== null) {
      requestAnimationFrame(() => setTimeout(() => window.answered.push(performance.now() - since)));
    }
  }).observe(document.getElementById("result"), { attributeFilter: ["data-took"] });
});
addEventListener("securitypolicyviolation", (event) => console.error("policy", event.violatedDirective));
"""

# Every element that shows text of its own: [text, its colour, the nearest painted colour behind it].
TEXTS = """() => [...document.querySelectorAll("body *")].flatMap((element) => {
  const own = [...element.childNodes].filter((node) => node.nodeType === 3);
  const text = own.map((node) => node.data).join("");
  const faint = element.closest(":disabled, [aria-hidden='true'], .unseen, .skip, script, option");
  if (!text.trim() || faint || !element.checkVisibility({ visibilityProperty: true })) {
    return [];
  }
  let behind = element;
  const painted = (one) => getComputedStyle(one).backgroundColor;
  while (behind.parentElement && /, 0\\)$|\\/ 0\\)$/.test(painted(behind))) {
    behind = behind.parentElement;
  }
  const style = getComputedStyle(element);
  const ink = element.ownerSVGElement ? style.fill : style.color;
  return [[text.trim(), ink, painted(behind)]];
})"""

Opened = Callable[..., Any]


@pytest.fixture(scope="module")
def port() -> int:
    """A port that is free now, so that a service can come back to it."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        return free.getsockname()[1]


@pytest.fixture(scope="module")
def service(port: int) -> Iterator[Callable[[bool], None]]:
    """A running service: called with False it is taken away, with True it is there again."""
    with ExitStack() as stack:

        def switch(on: bool) -> None:
            stack.close()
            if on:
                one = stack.enter_context(serving("--port", str(port), "--workers", "1"))
                stack.callback(one.end)

        switch(True)
        yield switch


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    """A browser without a window. It is closed with the module, for while it runs no other loop can."""
    driver_of = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    if CHROMIUM is None:
        pytest.skip("there is no chromium on this machine")
    with driver_of.sync_playwright() as driver:
        one = driver.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        yield one
        one.close()


@pytest.fixture
def opened(chromium: Any, service: object, port: int) -> Iterator[Opened]:
    """Opens the page, and sees to it that no script failed, nothing was against its policy, and nothing was
    asked of another host.
    """
    home = f"http://127.0.0.1:{port}/"
    wrong: list[str] = []
    with ExitStack() as stack:

        def note(message: Any) -> None:
            if message.type in ("error", "warning") and _EXPECTED not in message.text:
                wrong.append(message.text)

        def open_page(part: str = "", **options: Any) -> Any:
            context = chromium.new_context(**({"viewport": {"width": 1280, "height": 800}} | options))
            stack.callback(context.close)
            context.add_init_script(STOPWATCH)
            context.grant_permissions(["clipboard-read", "clipboard-write"], origin=home)
            page = context.new_page()
            page.on("console", note)
            page.on("pageerror", lambda error: wrong.append(str(error)))
            page.on("request", lambda one: one.url.startswith((home, "data:")) or wrong.append(one.url))
            page.goto(home + part)
            return page

        yield open_page
    assert wrong == []


def strokes_of(digit: str) -> list[list[tuple[float, float]]]:
    """The first form of a digit as paths in heights of it, origin at its top left."""
    form = next(iter(FORMS[digit].values()))
    return [[point for part in parts for point in _rounded(part)] for parts in smooth_parts(form)]


def write(page: Any, text: str, at: tuple[float, float], height: float, *, pause: float = 0) -> None:
    """Write digits with the mouse, their top left at `at` from the sheet's top left, in CSS pixels."""
    sheet = page.locator("#paper").bounding_box()
    x, y = sheet["x"] + at[0], sheet["y"] + at[1]
    for digit in text:
        strokes = strokes_of(digit)
        across = [point[0] for stroke in strokes for point in stroke]
        for stroke in strokes:
            places = [(x + height * (u - min(across)), y + height * v) for u, v in stroke]
            page.mouse.move(*places[0])
            page.mouse.down()
            for place in places[1:]:
                page.mouse.move(*place)
            page.mouse.up()
            if pause:
                page.wait_for_timeout(pause)
        x += height * (max(across) - min(across) + 0.3)


def read_text(page: Any) -> str:
    """The digits that the page shows, lines joined by a newline."""
    return page.evaluate(
        """() => [...document.querySelectorAll("#result .lines > li")]
            .map((line) => [...line.querySelectorAll(".sign")].map((sign) => sign.textContent).join(""))
            .filter((text) => text !== "").join("\\n")"""
    )


def upload(page: Any, name: str, content: bytes, kind: str = "") -> None:
    """Open a file of these bytes in the page, as of the media type `kind`."""
    page.set_input_files("#open-file", [{"name": name, "mimeType": kind, "buffer": content}])


def wait_until(page: Any, holds: Callable[[], bool], what: str) -> None:
    """Return when `holds`. The page's policy forbids playwright's own way of waiting, which is eval."""
    until = time.monotonic() + _PATIENCE
    while not holds():
        assert time.monotonic() < until, f"{what} did not come about; the page says: {said(page)}"
        page.wait_for_timeout(25)


def wait_for_text(page: Any, text: str) -> None:
    """Return when the page shows this reading."""
    wait_until(page, lambda: read_text(page) == text, f"the reading {text!r} (now {read_text(page)!r})")


def settle(page: Any) -> None:
    """Return when no question is open."""
    result = page.locator("#result")
    wait_until(page, lambda: result.get_attribute("aria-busy") == "false", "an answer")


def said(page: Any) -> str:
    """What stands in the answer's part of the page."""
    return " ".join(page.locator("section.answer").inner_text().split())


def ink_of(page: Any) -> int:
    """How many pixels of the sheet have ink."""
    return page.evaluate(
        """() => {
            const paper = document.getElementById("paper");
            const copy = new OffscreenCanvas(paper.width, paper.height).getContext("2d");
            copy.drawImage(paper, 0, 0);
            const { data } = copy.getImageData(0, 0, paper.width, paper.height);
            return data.filter((value, index) => index % 4 === 3 && value > 0).length;
        }"""
    )


def contrast(one: str, other: str) -> float:
    """The contrast of two colours as browsers compute them, from 1 to 21, as WCAG 2.2 does."""
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _luminance(color: str) -> float:
    """Of "rgb(1, 2, 3)" or "color(srgb 0.1 0.2 0.3)"."""
    numbers = color[color.index("(") + 1 : -1].replace("srgb", "").replace(",", " ").split()
    parts = [float(number) / (1 if color.startswith("color") else 255) for number in numbers[:3]]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _rounded(points: np.ndarray) -> list[tuple[float, float]]:
    """A smooth path through the points (Catmull and Rom 1974)."""
    if len(points) < 3:
        return [(float(u), float(v)) for u, v in points]
    wide = np.vstack([2 * points[0] - points[1], points, 2 * points[-1] - points[-2]])
    path = [points[0]]
    for before, start, end, after in zip(wide, wide[1:], wide[2:], wide[3:], strict=False):
        for step in range(1, _STEPS + 1):
            t = step / _STEPS
            bent = (
                2 * start
                + (end - before) * t
                + (2 * before - 5 * start + 4 * end - after) * t**2
                + (3 * start - before - 3 * end + after) * t**3
            )
            path.append(bent / 2)
    return [(float(u), float(v)) for u, v in path]
