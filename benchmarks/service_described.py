"""Whether the service answers as its own description says: requests that Schemathesis makes up.

    python benchmarks/service_described.py [--examples 200] [--output PATH]

In: requests to each address. Out: a table and results/service.json. An address is wrong where one of its
answers has a status of 5xx, or a status, a type or a content that the description does not have.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from common import RESULTS, ROOT, commit, print_rows, result_row, write_results
from service_process import service


def main(arguments: Sequence[str] | None = None) -> int:
    """Ask, print and record; the exit code is 1 where an answer was not as described."""
    parser = argparse.ArgumentParser(description="The service against its own description.")
    parser.add_argument("--examples", type=int, default=200, help="of each address (default %(default)s)")
    parser.add_argument("--output", type=Path, default=RESULTS / "service.json", help="(default %(default)s)")
    options = parser.parse_args(arguments)
    if options.examples < 1:
        parser.error("--examples must be at least 1")
    # What asks is that of the tests of the service.
    sys.path.insert(0, str(ROOT / "tests" / "service"))
    from described import ask_every_address

    commit()
    with service() as server:
        asked, wrong = ask_every_address(server.url, options.examples)
    told = {"asked": dict(asked), "wrong": wrong}
    row = result_row(
        "Schemathesis, addresses that answer with 5xx or not as described",
        len(wrong),
        n=asked.total(),
        unit="",
        target="<= 0",
        detail=told,
    )
    print_rows([row], title="The description", note=f"{len(asked)} addresses, {asked.total()} requests")
    write_results(options.output, [row])
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
