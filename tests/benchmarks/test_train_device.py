"""The race on a device, by JAX on this processor: each seed learns anew, rows say what was measured."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("jax", reason="the race needs JAX")

HERE = Path(__file__).resolve().parent


def test_a_race_times_each_seed_and_tells_compiling_apart(tmp_path):
    results = tmp_path / "rows.json"
    path = os.pathsep.join([str(HERE.parents[1] / "benchmarks"), str(HERE.parent / "learning")])
    environment = {**os.environ, "KERAS_BACKEND": "jax", "JAX_PLATFORMS": "cpu", "PYTHONPATH": path}
    command = [sys.executable, str(HERE / "device_on_jax.py"), str(results)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stderr
    rows = {row["figure"]: row for row in json.loads(results.read_text())}
    assert len(rows) == 4
    for reach, epochs, target in (("40", 2, "<= 600"), ("50", 4, None)):
        time = rows[f"fast on a processor, to {reach} %: time"]
        assert time["n"] == 2 and time["value"] > 0 and time["target"] == target
        assert time["detail"]["epochs"] == epochs and time["detail"]["compile_seconds"] > 0
        assert time["detail"]["longest_seconds"] >= time["detail"]["median_seconds"] > 0
        read = rows[f"fast on a processor, to {reach} %: MNIST test"]
        # Learnt, and not the same weights twice.
        assert read["value"] > 20 and read["sd"] > 0 and read["target"] == f">= {reach}"
