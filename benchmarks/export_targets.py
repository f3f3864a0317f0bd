"""The shipped networks of single digits in other forms: their bytes, and what they read on their own runtime.

    python benchmarks/export_targets.py [--data DIR] [--networks light,inkdigits-single] [--output PATH]

In: the data folder (--data or INKDIGITS_DATA), a C compiler and Node. Out: a table and results/tiny.json.
Each is written as `inkdigits export --target` writes it, and reads MNIST's 10,000 test images.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from common import RESULTS, commit, print_rows, result_row, share_row, write_results
from inkdigits.errors import InkdigitsError
from inkdigits.learning.sources import data_folder
from inkdigits.learning.targets import Written, write_target

_NETWORKS = "light,inkdigits-digits,inkdigits-single"
_TARGETS = ("c", "js", "onnx-int8")
_SIZES = {
    "weights": "bytes of weights",
    "flash": "bytes of flash",
    "work": "bytes of memory",
    "file": "bytes",
}


def rows_of(network: str, target: str, written: Written) -> list[dict[str, Any]]:
    """What it reads, beside float32, and each of its sizes."""
    name = f"{network} as {target}"
    right = share_row(
        f"{name}, MNIST test",
        round(written.accuracy * written.images),
        written.images,
        detail={
            "runtime": written.runtime,
            "float32_percent": round(100 * written.float_accuracy, 3),
            "read_alike_percent": round(100 * written.agreement, 3),
        },
    )
    return [right] + [
        result_row(f"{name}, {_SIZES[what]}", size, n=1, unit="bytes") for what, size in written.sizes.items()
    ]


def main(arguments: Sequence[str] | None = None) -> int:
    """Write, run, print and record them."""
    parser = argparse.ArgumentParser(description="The shipped networks in other forms.")
    parser.add_argument("--data", type=Path, help="folder of the data; else INKDIGITS_DATA")
    parser.add_argument("--networks", default=_NETWORKS, help="(default %(default)s)")
    parser.add_argument("--output", type=Path, default=RESULTS / "tiny.json", help="(default %(default)s)")
    options = parser.parse_args(arguments)
    commit()
    rows: list[dict[str, Any]] = []
    try:
        folder = data_folder(options.data)
        with tempfile.TemporaryDirectory() as out:
            for network in options.networks.split(","):
                for target in _TARGETS:
                    written = write_target(Path(network), target, folder, Path(out))
                    rows += rows_of(network, target, written)
    except InkdigitsError as error:
        print(error, file=sys.stderr)
        return 1
    print_rows(rows, title="Networks in other forms")
    write_results(options.output, rows)
    return 0


if __name__ == "__main__":
    sys.exit(main())
