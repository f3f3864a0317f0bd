"""wrk, a load generator written in C: one run against one address. In: requests. Out: a `Load`."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from inkdigits.errors import InkdigitsError

_TIMEOUT = 30  # seconds after which wrk counts an answer as lost; a slow server's are to be counted
_UNITS = {"us": 0.001, "ms": 1.0, "s": 1000.0, "m": 60_000.0}
_SCRIPT = """\
-- Sends the pictures of a folder in turn, each as the whole body of a request.
local requests, turn = {{}}, 0
function init(arguments)
  for number = 1, {count} do
    local file = assert(io.open("{folder}/" .. number .. ".png", "rb"))
    requests[number] = wrk.format("POST", nil, {{["Content-Type"] = "image/png"}}, file:read("*all"))
    file:close()
  end
end
function request()
  turn = turn % #requests + 1
  return requests[turn]
end
"""


@dataclass(frozen=True)
class Load:
    """What wrk measured: answers, answers a second, percentiles of their time in ms, and failures of any kind
    (answers other than 2xx or 3xx, connections refused or broken, answers that never came).
    """

    requests: int
    per_second: float
    p50: float
    p99: float
    failures: int


def _milliseconds(value: str, unit: str) -> float:
    return float(value) * _UNITS[unit]


def parse(said: str) -> Load:
    """What `wrk --latency` has printed; InkdigitsError where it is something else."""
    percentiles = {
        name: _milliseconds(value, unit)
        for name, value, unit in re.findall(r"^\s+(50|99)%\s+([\d.]+)(us|ms|s|m)\s*$", said, re.MULTILINE)
    }
    requests = re.search(r"^\s+(\d+) requests in ", said, re.MULTILINE)
    per_second = re.search(r"^Requests/sec:\s+([\d.]+)", said, re.MULTILINE)
    if len(percentiles) != 2 or not requests or not per_second:
        raise InkdigitsError(f"this is no output of wrk --latency:\n{said}")
    failures = 0
    other = re.search(r"^\s+Non-2xx or 3xx responses: (\d+)", said, re.MULTILINE)
    if other:
        failures += int(other[1])
    broken = re.search(r"^\s+Socket errors: (.*)$", said, re.MULTILINE)
    if broken:
        failures += sum(map(int, re.findall(r"\d+", broken[1])))
    return Load(int(requests[1]), float(per_second[1]), percentiles["50"], percentiles["99"], failures)


def program() -> str:
    """Where wrk is; InkdigitsError where it is not."""
    found = shutil.which("wrk")
    if found is None:
        raise InkdigitsError("wrk is not installed; on Debian and Ubuntu it comes with: apt install wrk")
    return found


def write_script(folder: Path, pictures: Sequence[bytes]) -> Path:
    """A script for wrk that sends these pictures in turn, and the pictures beside it."""
    for number, picture in enumerate(pictures, 1):
        (folder / f"{number}.png").write_bytes(picture)
    script = folder / "pictures.lua"
    script.write_text(_SCRIPT.format(count=len(pictures), folder=folder))
    return script


def load(url: str, script: Path, connections: int, seconds: float) -> Load:
    """Keep so many connections busy for so long; each sends its next request after its last answer."""
    command = [program(), "-t1", f"-c{connections}", f"-d{max(1, round(seconds))}s", "--latency"]
    command += ["--timeout", f"{_TIMEOUT}s", "-s", str(script), url]
    done = subprocess.run(command, capture_output=True, text=True, timeout=seconds + 120)
    if done.returncode != 0:
        raise InkdigitsError(f"wrk failed: {done.stderr or done.stdout}")
    return parse(done.stdout)
