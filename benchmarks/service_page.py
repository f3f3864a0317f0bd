"""How soon the page shows the answer to a drawn digit, in a real browser.

    python benchmarks/service_page.py [--rounds 5] [--output PATH]

In: how often each of the ten digits is drawn, by moves of the mouse. Out: a table and results/service.json.
The time is that from the pen's lifting until the answer is painted, by the browser's own clock; digits of
several strokes count from the last. Chromium is needed (Debian's chromium).
"""

from __future__ import annotations

import argparse
import statistics
import sys
from collections.abc import Sequence
from pathlib import Path

from common import RESULTS, ROOT, commit, print_rows, result_row, write_results
from service_process import service

TARGET = "<= 200"
_PLACE, _HEIGHT = (260.0, 120.0), 200.0  # CSS pixels on the sheet


def times(url: str, rounds: int) -> tuple[list[float], int]:
    """Milliseconds from pen-up to the answer of each drawn digit, and how many were read rightly."""
    # The hand that draws is that of the tests of the page.
    sys.path.insert(0, str(ROOT / "tests" / "service"))
    import browser
    from playwright.sync_api import sync_playwright

    if browser.CHROMIUM is None:
        raise SystemExit("service_page.py: there is no chromium on this machine; apt-get install chromium")
    taken: list[float] = []
    right = 0
    with sync_playwright() as driver:
        chromium = driver.chromium.launch(executable_path=browser.CHROMIUM, args=browser.QUIET)
        page = chromium.new_page(viewport={"width": 1280, "height": 800})
        page.add_init_script(browser.STOPWATCH)
        page.goto(url)
        for digit in "0123456789" * (rounds + 1):
            browser.write(page, digit, _PLACE, _HEIGHT)
            browser.settle(page)
            browser.wait_until(page, lambda: page.evaluate("window.answered.length") > 0, "a time")
            taken.append(float(page.evaluate("window.answered.splice(0).at(-1)")))
            right += browser.read_text(page) == digit
            page.click("#clear")
        chromium.close()
    return taken, right


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print and record."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5, help="times that each digit is drawn")
    parser.add_argument("--output", type=Path, default=RESULTS / "service.json", help="(default %(default)s)")
    options = parser.parse_args(arguments)
    commit()
    with service() as server:
        taken, right = times(server.url, options.rounds)
    # The first ten warm up the browser and the workers.
    warm = sorted(taken[10:])
    rows = [
        result_row(
            "page: a drawn digit, from pen-up to the answer painted",
            round(statistics.median(warm), 1),
            n=len(warm),
            unit="ms",
            sd=round(statistics.stdev(warm), 1),
            target=TARGET,
            detail={
                "statistic": "median",
                "largest": round(warm[-1], 1),
                "first of all": round(taken[0], 1),
                "read rightly": right,
                "drawn": len(taken),
            },
        )
    ]
    write_results(options.output, rows)
    print_rows(rows, title="The page")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
