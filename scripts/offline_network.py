"""The digit network of the offline page: the shipped weights as JavaScript, in integers.

    python scripts/offline_network.py [--data DIR]

In: the package's digit network, and MNIST, on whose training images the ranges of integers are fitted. Out:
src/inkdigits/service/static/offline/network.js, once it reads MNIST's test images as float32 does. To be run
again whenever the weights change; a test says so.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from inkdigits.errors import InkdigitsError
from inkdigits.learning.sources import data_folder
from inkdigits.learning.targets import write_target
from inkdigits.reading.card import GLYPH_FILE, WEIGHTS, file_sha256
from inkdigits.service.offline import NETWORK


def main(arguments: list[str] | None = None) -> int:
    """Write it, and say how well it reads."""
    parser = argparse.ArgumentParser(description="Write the digit network of the offline page.")
    parser.add_argument("--data", type=Path, help="data folder (default: INKDIGITS_DATA)")
    options = parser.parse_args(arguments)
    source = WEIGHTS / GLYPH_FILE
    try:
        with tempfile.TemporaryDirectory() as folder:
            written = write_target(Path(source.stem), "js", data_folder(options.data), Path(folder))
            code = next(path for path in written.paths if path.suffix == ".js").read_text(encoding="utf-8")
    except InkdigitsError as error:
        print(error, file=sys.stderr)
        return 1
    NETWORK.write_text(f"// Made from {source.name}, sha256 {file_sha256(source)}\n{code}", encoding="utf-8")
    print(
        f"{NETWORK.name}: {NETWORK.stat().st_size:,} bytes; {written.runtime} reads {written.accuracy:.2%} "
        f"of {written.images:,} test images rightly, float32 {written.float_accuracy:.2%}"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
