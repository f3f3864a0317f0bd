"""Table 1's runs: trained and scored once, gone on with; committees by hand; the queue; the list of runs."""

import io
import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import tiny
from rich.console import Console

from inkdigits.errors import RunError
from inkdigits.learning import benchmark, queue, runs, table
from inkdigits.learning.datasets import Digits
from inkdigits.learning.table import ROWS, Row

TINY = Row("tiny", "tiny", settings={"epochs": 2, "batch_size": 32, "learning_rate": 3e-3})
HELD = Digits(*tiny.bars(300, 7))


@pytest.fixture
def setting(monkeypatch, tmp_path) -> Path:
    """A table of two rows, `tiny` and a committee of two of it, with one set of bars to be scored on."""
    rows = {"tiny": TINY, "pair": Row("pair", scorer="committee", members=(("tiny", 2),))}
    monkeypatch.setitem(benchmark.RECIPES, "tiny", tiny.TINY)
    for module in (benchmark, queue, table):
        monkeypatch.setattr(module, "BY_NAME", rows)
    monkeypatch.setattr(benchmark, "SCORED", {"mnist-test": "mnist"})
    monkeypatch.setattr(benchmark, "SETS", {"mnist-test": lambda folder: HELD})
    monkeypatch.setattr(benchmark, "local_path", lambda file, folder: folder)
    return tmp_path


def console() -> Console:
    return Console(file=io.StringIO(), width=200)


def run(name: str, seed: int, folder: Path) -> dict:
    return benchmark.run(benchmark.BY_NAME[name], seed, folder, folder, console())


def test_a_run_is_trained_scored_and_then_only_read(setting, monkeypatch):
    scored = run("tiny", 0, setting)
    assert scored["accuracy"]["mnist-test"] == pytest.approx(1 - len(scored["wrong"]) / 300)
    assert scored["epochs"] == 2 and len(scored["curve"]["loss"]) == 2 and scored["config"]["train_on_all"]
    assert scored["hardware"]["backend"] and scored["commit"] and scored["seconds"] > 0
    monkeypatch.setattr(benchmark, "train", None)
    assert run("tiny", 0, setting) == scored
    # Without its score the finished run is scored anew and not trained.
    (setting / "tiny-seed-0" / benchmark.SCORE).unlink()
    assert run("tiny", 0, setting)["wrong"] == scored["wrong"]


def test_a_gpu_has_settings_of_its_own(setting, monkeypatch):
    row = Row("tiny", "tiny", settings=TINY.settings, on_gpu={"epochs": 9})
    assert benchmark.config_of(row, 1).epochs == 2
    monkeypatch.setattr(benchmark, "gpu", lambda backend: "a GPU")
    config = benchmark.config_of(row, 1)
    assert (config.epochs, config.batch_size, config.seed) == (9, 32, 1)


def test_a_run_that_was_made_on_a_gpu_is_scored_elsewhere(setting):
    row = Row("tiny", "tiny", settings=TINY.settings, on_gpu={"epochs": 1})
    place = benchmark.run_folder(setting, row, 0)
    benchmark.train(benchmark.configs_of(row, 0)[1], place, setting, console=console())
    record = runs.read_json(place / runs.ENVIRONMENT)
    runs.write_json(place / runs.ENVIRONMENT, {**record, "gpu": "a GPU"})
    scored = benchmark.run(row, 0, setting, setting, console())
    assert scored["epochs"] == 1 and scored["hardware"]["gpu"] == "a GPU"


def test_seeds_that_are_trained_are_not_trained_together_again(setting, monkeypatch):
    from inkdigits.learning import together

    asked = []
    monkeypatch.setattr(together, "train_together", lambda *given: asked.append(given))
    run("tiny", 1, setting)
    benchmark.run_together(TINY, range(3), setting, setting, console())
    benchmark.run_together(TINY, [1], setting, setting, console())
    benchmark.run_together(benchmark.BY_NAME["pair"], [0], setting, setting, console())
    assert len(asked) == 1
    _, config, places, *_ = asked[0]
    assert config.epochs == 2
    assert places == {seed: setting / f"tiny-seed-{seed}" for seed in (0, 2)}


def test_a_run_of_other_settings_is_refused(setting):
    run("tiny", 0, setting)
    (setting / "tiny-seed-0" / benchmark.SCORE).unlink()
    other = Row("tiny", "tiny", settings={**TINY.settings, "epochs": 3})
    with pytest.raises(RunError, match="other settings"):
        benchmark.run(other, 0, setting, setting, console())


def test_a_committee_is_the_mean_of_its_members_and_tells_who_is_missing(setting):
    run("tiny", 0, setting)
    with pytest.raises(RunError, match="not yet there: tiny-seed-1"):
        run("pair", 0, setting)
    run("tiny", 1, setting)
    scored = run("pair", 0, setting)
    kept = [np.load(setting / f"tiny-seed-{seed}" / benchmark.PROBABILITIES)["mnist-test"] for seed in (0, 1)]
    mean = (kept[0].astype(float) + kept[1]) / 2
    assert scored["accuracy"]["mnist-test"] == pytest.approx((mean.argmax(axis=1) == HELD.labels).mean())
    # Of two members with replacement: the first twice, both, or the second twice.
    alone = [(one.argmax(axis=1) == HELD.labels).mean() for one in kept]
    shares = [*alone, scored["accuracy"]["mnist-test"], scored["accuracy"]["mnist-test"]]
    assert scored["bootstrap"]["mnist-test"] == pytest.approx(np.std(shares), rel=0.15, abs=1e-6)
    assert scored["config"]["rule"] == "mean of probabilities"


def test_runs_are_listed_in_the_order_of_the_table_and_replaced(tmp_path):
    path = tmp_path / "results" / "table1.json"
    runs_of = [{"model": name, "seed": seed} for name, seed in (("svm", 0), ("mlp", 1), ("mlp", 0))]
    benchmark.merge(path, runs_of)
    listed = benchmark.merge(path, [{"model": "mlp", "seed": 1, "epochs": 9}])
    assert [(one["model"], one["seed"]) for one in listed] == [("mlp", 0), ("mlp", 1), ("svm", 0)]
    assert listed[1]["epochs"] == 9 and json.loads(path.read_text()) == listed
    assert len(path.read_text().splitlines()) == 5


def test_commands_that_write_to_one_list_lose_none_of_its_runs(tmp_path):
    path = tmp_path / "table1.json"

    def listing(name: str) -> None:
        for seed in range(40):
            benchmark.merge(path, [{"model": name, "seed": seed}])

    names = ("svm", "mlp", "knn")
    with ThreadPoolExecutor(len(names)) as pool:
        list(pool.map(listing, names))
    assert len(json.loads(path.read_text())) == 40 * len(names)
    assert list(tmp_path.iterdir()) == [path]


def test_a_run_ends_with_the_command_that_began_it():
    run_forever = "benchmark.run = lambda *_: time.sleep(600); queue._work('mlp', '0', 'runs', 'data', '')"
    words = [
        sys.executable,
        "-c",
        f"import time; from inkdigits.learning import benchmark, queue; {run_forever}",
    ]
    with subprocess.Popen(words, stdin=subprocess.PIPE) as process:
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(8)
        assert process.stdin
        process.stdin.close()
        assert process.wait(60) == 1


def test_a_run_ends_well_before_the_command_that_began_it():
    words = "benchmark.run = lambda *_: None; sys.exit(queue._work('mlp', '0', 'runs', 'data', ''))"
    program = f"import sys; from inkdigits.learning import benchmark, queue; {words}"
    with subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stderr and process.stdin
        assert b"Fatal" not in process.stderr.read()
        assert process.wait(60) == 0
        process.stdin.close()


def test_first_seeds_come_first_committees_last_and_shared_runs_once():
    few = [
        row for row in ROWS if row.name in ("resnet", "fewshot", "fewshot-10", "inkdigits-committee", "knn")
    ]
    jobs = [(row.name, seed) for row, seed in queue.jobs_of(few, seeds=2)]
    assert jobs[:4] == [("knn", 0), ("resnet", 0), ("fewshot", 0), ("inkdigits-committee", 0)]
    assert len(jobs) == 8 and not any(name == "fewshot-10" for name, _ in jobs)
    assert [(row.name, seed) for row, seed in queue.jobs_of(few, seed=1)][0] == ("knn", 1)


def test_the_queue_takes_up_what_is_scored_and_tells_what_failed(tmp_path):
    place = queue.Places(tmp_path / "runs", tmp_path / "nowhere", tmp_path / "table1.json")
    done = place.runs / "mlp-seed-0"
    done.mkdir(parents=True)
    runs.write_json(done / benchmark.SCORE, {"model": "mlp", "seed": 0, "accuracy": {}, "seconds": 1.0})
    rows = [row for row in ROWS if row.name in ("mlp", "svm")]
    failed = queue.run_all(queue.jobs_of(rows, seeds=1), place, 1, console())
    assert len(failed) == 1 and failed[0].startswith("svm seed 0 failed")
    assert "mnist" in place.log((rows[1], 0)).read_text().lower()
    assert [one["model"] for one in json.loads(place.results.read_text())] == ["mlp"]
