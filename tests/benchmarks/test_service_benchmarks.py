"""The service under hostile uploads, killed workers and load, each for some seconds; and what the benchmarks
make of what they have seen.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx
import pytest

import service_hostile
import service_kill
import service_soak
import service_wrk
from inkdigits.errors import InkdigitsError
from service_attacks import attack
from service_damage import endless
from service_process import service

GOOD = Path(__file__).parents[2] / "examples" / "string.jpg"

SAID = """\
Running 2s test @ http://127.0.0.1:8000/v1/read
  1 threads and 8 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency    12.47ms    3.10ms  41.90ms   83.50%
    Req/Sec   645.10     31.02   700.00     71.43%
  Latency Distribution
     50%   12.45ms
     75%   13.92ms
     90%  940.00us
     99%    1.20s
  1346 requests in 2.10s, 1.04MB read
  Socket errors: connect 0, read 2, write 0, timeout 1
  Non-2xx or 3xx responses: 5
Requests/sec:    640.55
Transfer/sec:    505.73KB
"""


def measured(path: Path) -> dict[str, dict[str, Any]]:
    return {row["figure"]: row for row in json.loads(path.read_text())}


def test_hostile_uploads_neither_end_the_service_nor_spoil_what_others_are_told(tmp_path: Path) -> None:
    output = tmp_path / "results.json"
    assert service_hostile.main(["--count", "150", "--seed", "5", "--output", str(output)]) == 0
    rows = measured(output)
    judged = [row for name, row in rows.items() if row["target"] is not None and "memory" not in name]
    assert len(judged) >= 3 and all(row["value"] == 0 for row in judged), rows
    assert rows["hostile uploads, growth of memory"]["value"] < 50, rows
    assert sum(judged[0]["detail"]["outcomes"].values()) >= 150


def test_a_file_that_would_fill_the_memory_is_given_up_soon() -> None:
    with service("--max-pixels", "1000000", workers=1) as server:
        drawing = {"content": endless(), "headers": {"content-type": "application/pdf"}}
        answer = httpx.post(f"{server.url}/v1/read", **drawing, timeout=60)
        assert answer.status_code == 503 and "too much memory" in answer.json()["detail"]
        good = {"content": GOOD.read_bytes(), "headers": {"content-type": "image/jpeg"}}
        assert httpx.post(f"{server.url}/v1/read", **good).json()["answers"][0]["text"] == "30517"
        assert server.too_much() == server.replaced() == 1


def test_an_attack_is_the_same_each_time() -> None:
    assert [attack(3, number) for number in range(40)] == [attack(3, number) for number in range(40)]
    assert attack(3, 1) != attack(4, 1)


def test_killed_workers_are_replaced_and_nothing_wrong_is_told(tmp_path: Path) -> None:
    output = tmp_path / "results.json"
    assert service_kill.main(["--kills", "1", "--connections", "4", "--output", str(output)]) == 0
    rows = measured(output)
    assert rows["kill -9, wrong answers"]["value"] == 0
    assert rows["kill -9, neither 200 nor 503"]["value"] == 0
    times = [row["value"] for name, row in rows.items() if "without a good answer" in name]
    assert len(times) == 2 and all(0 < seconds < 20 for seconds in times)


def test_under_load_every_answer_is_right_and_memory_stays(tmp_path: Path) -> None:
    output = tmp_path / "results.json"
    assert service_soak.main(["--minutes", "0.2", "--share", "0.6", "--output", str(output)]) == 0
    rows = measured(output)
    assert rows["soak, errors but 503"]["value"] == 0, rows
    assert rows["soak, errors but 503"]["n"] > 50
    assert rows["soak, growth of memory"]["value"] < 30, rows


def test_what_wrk_says_is_understood() -> None:
    load = service_wrk.parse(SAID)
    assert load == service_wrk.Load(requests=1346, per_second=640.55, p50=12.45, p99=1200.0, failures=8)
    with pytest.raises(InkdigitsError, match="no output of wrk"):
        service_wrk.parse("unable to connect")
