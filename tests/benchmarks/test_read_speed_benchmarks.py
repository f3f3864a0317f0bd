"""The benchmarks of reading: runtimes asked alike, rooms that share a page's time, folders read whole."""

from __future__ import annotations

import json
import shutil
import sys
import time
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("keras", reason="the learning half needs: pip install 'inkdigits[train]'")

import read_folder
import read_networks
import read_rooms
import runtime_worker
from inkdigits.errors import DataError
from inkdigits.reading import reader as rooms
from inkdigits.reading.card import WEIGHTS

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"


def test_a_runtime_tells_its_version_and_every_calls_time(capsys, monkeypatch):
    monkeypatch.setattr(runtime_worker, "_SECONDS", 0.01)
    assert runtime_worker.main(["onnx", str(WEIGHTS / "light.onnx"), "--batches", "1,16"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["version"].startswith("ONNX Runtime ")
    assert set(told["seconds"]) == {"1", "16"}
    assert all(len(taken) >= 3 and min(taken) > 0 for taken in told["seconds"].values())


def test_the_peak_is_that_of_the_quickest_product(capsys, monkeypatch):
    monkeypatch.setattr(runtime_worker, "_SIDE", 64)
    monkeypatch.setattr(runtime_worker, "_SECONDS", 0.01)
    assert runtime_worker.main(["peak"]) == 0
    assert json.loads(capsys.readouterr().out)["gflops"] > 0


def test_a_runtime_that_is_not_there_is_said_once_and_the_others_go_on(tmp_path, monkeypatch):
    def ask(python: Path, threads: int, runtime: str, *_: Any) -> dict[str, Any]:
        if runtime == "peak":
            return {"gflops": 100.0}
        if runtime == "keras":
            raise DataError("cannot be run (No module named 'keras')")
        return {"version": "a runtime", "seconds": {"64": [0.3, 0.1, 0.2]}}

    monkeypatch.setattr(read_networks, "ask", ask)
    files = {"onnx": tmp_path / "a.onnx", "keras": tmp_path / "a.keras"}
    network = read_networks.Network("light", files, (28, 28), 1000)
    speeds, peaks, versions, absent = read_networks.time_networks([network], 2, None)
    assert speeds == {("light", "", threads, 64): [pytest.approx(320)] * 2 for threads in (1, 2)}
    assert peaks == {1: [100.0] * 2, 2: [100.0] * 2} and versions == {"": "a runtime"}
    assert absent == ["Keras predict, light: cannot be run (No module named 'keras')"]


def test_figures_of_runtimes_stand_beside_ours_and_name_their_share_of_the_peak():
    speeds = {
        ("light", "", 1, 64): [2e6, 1e6, 3e6],
        ("light", "Keras predict", 1, 64): [5e5, 5e5, 5e5],
        ("light", "int8", 1, 64): [4e6, 1e6, 3e6],
    }
    network = read_networks.Network("light", {}, (28, 28), 10_000)
    rows = read_networks.speed_rows([network], speeds, {1: [80.0], 2: [150.0]}, {"load_before": 0.0})
    figures = {row["figure"]: row for row in rows}
    assert figures["light, 1 thread, batch 64"]["value"] == 2e6
    assert figures["light, 1 thread, batch 64"]["detail"]["share_of_peak"] == pytest.approx(0.5)
    assert figures["light, 1 thread, batch 64, Keras predict"]["value"] == 5e5
    ratios = {row["figure"]: row["value"] for row in read_networks.ratio_rows(speeds)}
    assert ratios == {
        "light: over Keras predict, batch 64": 4.0,
        "light: int8 over float32, batch 64": 1.0,
    }


def test_a_runtime_of_no_python_is_an_error_of_one_line(tmp_path):
    with pytest.raises(DataError, match="cannot be run"):
        read_networks.ask(tmp_path / "python", 1, "torch", tmp_path / "a.onnx")
    with pytest.raises(DataError, match=r"cannot be run \(.*a\.onnx"):
        read_networks.ask(Path(sys.executable), 1, "onnx", tmp_path / "a.onnx")


def test_a_clock_counts_a_room_within_another_once():
    clock = read_rooms.Clock()
    inner = clock.timed("networks", lambda: time.sleep(0.05))

    def outer() -> None:
        time.sleep(0.02)
        inner()

    start = time.perf_counter()
    clock.timed("strips and glyphs", outer)()
    seconds = clock.stop()
    assert sum(seconds.values()) == pytest.approx(time.perf_counter() - start, abs=0.005)
    assert 0.05 <= seconds["networks"] < 0.1 and 0.02 <= seconds["strips and glyphs"] < 0.05


def test_rooms_share_the_time_of_a_page_and_the_reader_is_left_as_it_was():
    before = (rooms.find_ink, rooms.Recogniser.line_probabilities)
    start = time.perf_counter()
    seconds = read_rooms.time_rooms([EXAMPLES / "page.jpg"], 2)
    assert (rooms.find_ink, rooms.Recogniser.line_probabilities) == before
    for room in ("decoding", "ink", "lines", "strips and glyphs", "networks", "decoder"):
        assert seconds[room] > 0
    assert sum(seconds.values()) < time.perf_counter() - start
    rows = read_rooms.room_rows("a page", seconds, 2)
    shares = [row["value"] for row in rows if row["unit"] == "%"]
    assert sum(shares) == pytest.approx(100, abs=0.1)
    assert rows[0]["value"] == pytest.approx(2 / sum(seconds.values()), rel=0.01)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / "files"
    place.mkdir()
    for number in range(12):
        shutil.copyfile(EXAMPLES / "digit-squared.jpg", place / f"{number:02}.jpg")
    return place


def test_a_folder_is_read_to_its_end_and_watched(folder, tmp_path):
    reading = read_folder.read_folder(folder, tmp_path / "one.jsonl", 1)
    assert reading.answers[-1] == 12 and list(reading.answers) == sorted(reading.answers)
    assert max(reading.memory) > 1e7
    assert 0 < reading.reached(1) <= reading.reached(12) <= reading.seconds[-1]
    with pytest.raises(ValueError, match="never 13"):
        reading.reached(13)
    assert read_folder.read_killed(folder, tmp_path / "two.jsonl", (tmp_path / "one.jsonl").read_bytes()) == (
        0,
        0,
    )
    assert read_folder.draw({1: reading, 2: reading}, tmp_path / "plot.png").stat().st_size > 1000


def test_what_is_lost_is_counted(folder, tmp_path, monkeypatch):
    wanted = b'{"text": "4"}\n' * 13
    assert read_folder.read_killed(folder, tmp_path / "out.jsonl", wanted) == (0, 13)
    (folder / "05.jpg").write_bytes(b"no picture")
    with pytest.raises(DataError, match=r"ended with 1:[^$]*05\.jpg"):
        read_folder.read_folder(folder, tmp_path / "one.jsonl", 1)


def test_growth_is_that_of_the_last_tenth_over_the_first():
    steady = read_folder.Reading(
        tuple(map(float, range(1, 102))), (*range(0, 1000, 10), 1000), (*[10**8] * 50, *[12 * 10**7] * 50, 0)
    )
    quick = read_folder.Reading((1.0, 50.0, 50.0), (0, 1000, 1000), (10**8, 10**8, 0))
    rows = read_folder.figure_rows({1: steady, 2: quick}, 1000, True, {})
    figures = {row["figure"]: row["value"] for row in rows}
    assert figures["1,000 files, 1 process: last tenth's time over the first's"] == pytest.approx(1, abs=0.02)
    assert figures["1,000 files, 1 process: growth of memory after the second tenth"] == 20
    assert figures["1,000 files, two processes over one"] == pytest.approx(101 / 50, abs=0.001)
