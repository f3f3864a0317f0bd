"""Written networks run as a device or a browser would run them. In: C or JavaScript, glyphs. Out: logits.

C is compiled by the machine's own compiler, JavaScript runs under Node; None where there is no such program.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from inkdigits.errors import WeightsError
from inkdigits.learning.integer.c_source import c_name

_SECONDS = 1800.0
_C_FLAGS = ("-std=c99", "-Wall", "-Wextra", "-Werror", "-pedantic")
_C_MAIN = """\
#include <stdio.h>
#include "{name}.h"
static uint8_t glyph[{macro}_HEIGHT * {macro}_WIDTH], work[{macro}_WORK_BYTES];
static int32_t logits[{macro}_CLASSES];
int main(void) {{
    while (fread(glyph, 1, sizeof glyph, stdin) == sizeof glyph) {{
        {name}_classify(glyph, work, logits);
        if (fwrite(logits, sizeof logits, 1, stdout) != 1) return 1;
    }}
    return 0;
}}
"""
_JS_MAIN = """\
const { readFileSync, writeSync } = require("fs");
const reader = require(process.argv[2]);
const glyphs = readFileSync(0);
const size = reader.height * reader.width;
for (let start = 0; start + size <= glyphs.length; start += size) {
  const bytes = Buffer.from(reader.classify(glyphs.subarray(start, start + size)).logits.buffer);
  for (let written = 0; written < bytes.length; ) written += writeSync(1, bytes, written);
}
"""


def run_c(name: str, header: str, source: str, glyphs: np.ndarray) -> np.ndarray | None:
    """The logits (n, classes) int32 of glyphs (n, 28, 28) uint8, by the machine's C compiler.

    Raises WeightsError where it does not compile, or fails.
    """
    compiler = _compiler()
    if compiler is None:
        return None
    with tempfile.TemporaryDirectory() as folder:
        place = _put(Path(folder), name, header, source)
        main = place.with_name("main.c")
        main.write_text(_C_MAIN.format(name=c_name(name), macro=c_name(name).upper()), encoding="utf-8")
        program = place.with_name("program")
        _run([compiler, *_C_FLAGS, "-O3", str(place), str(main), "-o", str(program)])
        return _logits([str(program)], glyphs)


def flash_bytes(name: str, header: str, source: str) -> int | None:
    """Bytes of code and constants when it is compiled for size, for this machine's processor."""
    compiler, size = _compiler(), shutil.which("size")
    if compiler is None or size is None:
        return None
    with tempfile.TemporaryDirectory() as folder:
        place = _put(Path(folder), name, header, source)
        compiled = place.with_suffix(".o")
        _run([compiler, *_C_FLAGS, "-Os", "-c", str(place), "-o", str(compiled)])
        told = _run([size, str(compiled)]).decode()
    text, data = re.findall(r"\d+", told.splitlines()[1])[:2]
    return int(text) + int(data)


def run_js(source: str, glyphs: np.ndarray) -> np.ndarray | None:
    """The same by Node."""
    node = shutil.which("node")
    if node is None:
        return None
    with tempfile.TemporaryDirectory() as folder:
        network, main = Path(folder) / "network.js", Path(folder) / "main.js"
        network.write_text(source, encoding="utf-8")
        main.write_text(_JS_MAIN, encoding="utf-8")
        return _logits([node, str(main), str(network)], glyphs)


def _compiler() -> str | None:
    return next(filter(None, map(shutil.which, (os.environ.get("CC") or "cc", "gcc", "clang"))), None)


def _put(folder: Path, name: str, header: str, source: str) -> Path:
    (folder / f"{c_name(name)}.h").write_text(header, encoding="utf-8")
    place = folder / f"{c_name(name)}.c"
    place.write_text(source, encoding="utf-8")
    return place


def _logits(command: Sequence[str], glyphs: np.ndarray) -> np.ndarray:
    return np.frombuffer(_run(command, glyphs.tobytes()), "<i4").reshape(len(glyphs), -1)


def _run(command: Sequence[str], given: bytes = b"") -> bytes:
    try:
        return subprocess.run(command, input=given, capture_output=True, check=True, timeout=_SECONDS).stdout
    except subprocess.CalledProcessError as error:
        raise WeightsError(
            f"{Path(command[0]).name} failed: {error.stderr.decode(errors='replace')}"
        ) from error
    except subprocess.TimeoutExpired as error:
        raise WeightsError(f"{Path(command[0]).name} took more than {_SECONDS:.0f} seconds") from error
