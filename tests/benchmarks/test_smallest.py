"""The smallest networks as C: runs are found and measured once, and the figures are those of the runs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

pytest.importorskip("keras", reason="the learning half needs: pip install 'inkdigits[train]'")

import smallest
from inkdigits.learning.benchmark import SCORE
from inkdigits.learning.targets import Written

SCORED = {"parameters": 950, "multiply_adds": 40_000, "accuracy": {"mnist-test": 0.986}}


def made_up(name: str, seed: int, **changes: float) -> dict:
    costs = {"parameters": 950, "multiply_adds": 40_000, "runtime": "C", "weights": 1500, "work": 1000}
    return {"name": name, "seed": seed, "float32": 0.986, "integers": 0.985, **costs, **changes}


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    for seed in (0, 1):
        place = tmp_path / "runs" / f"tiny-1k-seed-{seed}"
        place.mkdir(parents=True)
        (place / SCORE).write_text(json.dumps(SCORED))
    (tmp_path / "runs" / "tiny-2k-seed-0").mkdir()  # not finished
    return tmp_path / "runs"


def test_each_finished_run_is_measured_once(runs, tmp_path, monkeypatch):
    asked = []

    def write_target(source: Path, target: str, data: Path, out: Path) -> Written:
        asked.append((source.name, target))
        return Written((), {"weights": 1500, "work": 1000}, "C", 10_000, 0.999, 0.984, 0.986)

    monkeypatch.setattr(smallest, "write_target", write_target)
    told = list(smallest.measure(runs, tmp_path, tmp_path / "log.jsonl"))
    assert asked == [("tiny-1k-seed-0", "c"), ("tiny-1k-seed-1", "c")]
    assert told == [made_up("tiny-1k", seed, integers=0.984) for seed in (0, 1)]
    assert list(smallest.measure(runs, tmp_path, tmp_path / "log.jsonl")) == told
    assert len(asked) == 2


def test_figures_are_means_over_seeds_and_bytes_the_most(tmp_path):
    runs = [
        made_up("tiny-1k", 0),
        made_up("tiny-1k", 1, float32=0.988, weights=1504),
        made_up("light-10k", 0, parameters=9_900, integers=0.9961, weights=12_288),
    ]
    rows = {row["figure"]: row for row in smallest.rows_of(runs)}
    read = rows["tiny-1k (950 parameters): MNIST test, float32"]
    assert (read["value"], read["sd"], read["n"], read["target"]) == (98.7, 0.141, 2, ">= 98.5")
    assert rows["tiny-1k (950 parameters): MNIST test, integers"]["target"] is None
    assert rows["tiny-1k: bytes of weights"]["value"] == 1504
    assert rows["light-10k: bytes of weights"]["target"] == "<= 12288"
    assert rows["light-10k (9,900 parameters): MNIST test, integers"]["target"] == ">= 99.6"
    assert rows["light-10k (9,900 parameters): MNIST test, float32"]["target"] == ">= 99.5"
    assert smallest.draw(list(rows.values()), tmp_path / "plot.png").stat().st_size > 5000


def test_without_a_run_it_says_what_makes_one(tmp_path, capsys):
    arguments = ["--data", str(tmp_path), "--runs", str(tmp_path), "--log", str(tmp_path / "log")]
    assert smallest.main(arguments) == 1
    assert "inkdigits benchmark table1 tiny-1k" in capsys.readouterr().err
