"""Table 1's report on runs made up here: figures against hand-computed ones, partial tables, the pictures."""

import io
import os
from pathlib import Path

import keras
import numpy as np
import pytest
from matplotlib.figure import Figure
from rich.console import Console

from inkdigits.errors import RunError
from inkdigits.learning import runs as run_files
from inkdigits.learning import table_figures, table_report
from inkdigits.learning.config import TrainConfig
from inkdigits.learning.datasets import Digits
from inkdigits.learning.direct_labels import label_points, spread_evenly
from inkdigits.learning.recipes import RECIPES
from inkdigits.learning.table import BY_NAME, ROWS, Row
from inkdigits.learning.table_networks import CAPTIONS, draw_networks
from inkdigits.learning.table_report import print_table, write_report
from inkdigits.learning.table_summary import shared_errors, spread_of, summarise

PICTURES = {"accuracy", "parameters", "multiply-adds", "training-time", "curves", "times"}
LISTED = [row for row in ROWS if row.listed]


def run(model, seed=0, right=0.9915, wrong=(947, 2130), **changes):
    return {
        "model": model,
        "seed": seed,
        "epochs": 2,
        "seconds": 60.0 + seed,
        "images_per_second": 2000.0,
        "test_seconds": 0.5,
        "parameters": 184_586,
        "multiply_adds": 3_869_952,
        "accuracy": {"mnist-test": right, "usps-test": 0.97, "ardis": 0.93, "quiz-sheets": 0.95},
        "wrong": list(wrong),
        "curve": {"loss": [0.2, 0.1], "accuracy": [0.95, 0.97]},
        "config": {},
        "versions": {"keras": "3.15.1"},
        "hardware": {"processor": "AMD EPYC", "cores": 1, "backend": "tensorflow"},
        "commit": "952c3f0eeaf522667b2b2d2df8bebedfe67ecd51",
        **changes,
    }


def report(runs, folder, rows=ROWS, data=None):
    paths = write_report(runs, rows, folder, data)
    assert paths[0] == folder / "report.md"
    assert all(path.stat().st_size > 500 for path in paths)
    text = paths[0].read_text(encoding="utf-8")
    for path in paths[1:]:
        assert f"]({path.name})" in text
    return text, {path.stem for path in paths[1:]}


def cells(text, row):
    """The cells of a row's first line in the report, after its name."""
    line = next(line for line in text.splitlines() if line.startswith((f"| {row} |", f"| {row} (")))
    return [cell.strip() for cell in line.strip("|").split("|")][1:]


def test_spread_of_seeds():
    spread = spread_of([0.99, 0.992, 0.994], 10_000)
    assert spread.mean == pytest.approx(0.992) and spread.sd == pytest.approx(0.002)
    # Student's t of two degrees of freedom at 97.5 % is 4.303.
    assert spread.interval == pytest.approx(
        (0.992 - 4.303 * 0.002 / 3**0.5, 0.992 + 4.303 * 0.002 / 3**0.5), abs=1e-6
    )
    assert spread.images == pytest.approx((0.99006, 0.99356), abs=1e-5)
    one = spread_of([0.99])
    assert one.sd is one.interval is one.images is None
    assert spread_of([0.99, 0.99]).interval == (0.99, 0.99)


def test_a_target_is_met_by_the_mean_and_not_for_the_want_of_a_binary_fraction():
    row = BY_NAME["paper-cnn"]
    for values, met, shortfall in (
        ((0.9915,) * 5, True, 0),
        ((0.9915, 0.9914), False, 0.005),
        ((0.9916,), True, -0.01),
    ):
        (summary,) = summarise([run("paper-cnn", seed, value) for seed, value in enumerate(values)], [row])
        assert summary.met is met and summary.shortfall == pytest.approx(shortfall, abs=1e-9)


def test_a_string_error_is_met_from_below():
    row = Row("lines", "lines", None, 2.0, figure="string-error", note="lines")
    below, above = (
        summarise([run("lines", accuracy={"string-error": error})], [row])[0] for error in (0.015, 0.025)
    )
    assert below.met and not above.met
    assert above.shortfall == pytest.approx(0.5)


def test_the_report_holds_means_intervals_and_targets(tmp_path):
    runs = [
        run("paper-cnn", seed, right) for seed, right in enumerate((0.9930, 0.9932, 0.9934, 0.9931, 0.9933))
    ]
    text, drawn = report(runs, tmp_path)
    assert drawn == PICTURES
    found = cells(text, "paper-cnn")
    assert found[1:5] == ["184,586", "3,869,952", "5", "99.320 ± 0.016"]
    assert found[5] == "99.30 to 99.34" and found[7:] == ["99.15", "99.15", "yes"]
    assert "usps-test" in text and "97.00 ± 0.00" in text
    assert "- A: AMD EPYC, 1 core, tensorflow" in text and "952c3f0eea (5)" in text


def test_rows_without_runs_are_said_to_be_not_yet_measured(tmp_path):
    text, _ = report([run("mlp", 0, 0.984)], tmp_path)
    assert f"1 of {len(LISTED)} rows are measured; 1 of the 1" in text
    assert "Not all seeds are there yet: mlp (1 of 5)." in text
    assert cells(text, "mlp")[3:6] == ["1 of 5", "98.400", "-"]
    assert cells(text, "mlp")[-1] == "yes, so far"
    assert "not yet measured" in cells(text, "resnet") and "resnet" in text.split("Not yet measured:")[1]
    assert "ciresan-w10" not in text, "columns of a committee are no rows"


def test_nothing_measured_at_all(tmp_path):
    text, drawn = report([], tmp_path)
    assert not drawn and "0 of" in text and "Not drawn, for no run has the figures: accuracy" in text
    print_table([], ROWS, Console(file=io.StringIO()))


def test_missing_sets_curves_and_fields(tmp_path):
    bare = {"model": "mlp", "seed": 0, "accuracy": {"mnist-test": 0.984}}
    text, drawn = report([bare], tmp_path)
    assert drawn == {"accuracy"}
    assert "No run was scored on another set" in text and "No run tells which images" in text
    assert "- A: unknown" in text
    some = run(
        "mlp", accuracy={"mnist-test": 0.984, "ardis": None, "usps-test": 0.97}, curve=None, epochs=None
    )
    text, drawn = report([some], tmp_path / "some")
    assert drawn == PICTURES - {"curves"}
    assert "| mlp | 97.00 | - |" in text or "| mlp | - | 97.00 |" in text


def test_a_perfect_run_and_equal_runs_can_be_drawn(tmp_path):
    runs = [
        run(name, seed, right, ()) for name in ("mlp", "resnet") for seed, right in enumerate((1.0, 0.9999))
    ]
    text, drawn = report(runs, tmp_path)
    assert drawn == PICTURES and "0 are read wrongly by all 2 rows" in text


def test_few_labels_have_a_table_of_their_own(tmp_path):
    row = Row("mlp", "mlp", None, 95.0, figure="5-labels", seeds=2, note="few")
    labels = {"1-labels": 0.85, "5-labels": 0.955, "10-labels": 0.97, "100-labels": 0.99}
    draws = {key: {"knn": [value - 0.01, value + 0.01]} for key, value in labels.items()}
    runs = [{**run(row.name, seed, accuracy=labels), "draws": draws} for seed in (0, 1)]
    text, drawn = report(runs, tmp_path, [BY_NAME["resnet"], row])
    assert "| method | 1 a class | 5 a class | 10 a class | 100 a class |" in text
    assert "| knn | 85.00 ± 1.15 |" in text and "accuracy" not in drawn
    assert "| mlp (5-labels) |" in text


def test_studies_that_were_made_into_the_folder_are_told(tmp_path):
    curve = [
        {"labels": labels, "seed": seed, "pretrained": less == 0, "accuracy": right - less + 0.01 * seed}
        for labels, right in ((10, 0.80), (1000, 0.96))
        for seed in (0, 1)
        for less in (0, 0.3)
    ]
    noisy = [{"noise": "gaussian", "level": 0.3, "pretrained": 0.97, "baseline": 0.9125}]
    for name, record in (
        ("transfer-curve", {"on": "mnist-test", "steps": 1000, "points": curve}),
        ("denoising", {"on": "mnist-test", "count": 10_000, "accuracy": noisy}),
    ):
        (tmp_path / name).mkdir()
        run_files.write_json(tmp_path / name / f"{name}.json", record)
    text, _ = report([run("mlp")], tmp_path)
    assert "| 10 | 80.50 ± 0.71 | 50.50 ± 0.71 |" in text and "| 1,000 | 96.50 ± 0.71 |" in text
    assert "](transfer-curve/transfer-curve.png)" in text and "2 draws" in text
    assert "| gaussian | 0.3 | 97.00 | 91.25 |" in text and "](denoising/noise.png)" in text


def test_runs_that_lack_what_every_run_has_are_named():
    with pytest.raises(RunError, match="run 1"):
        summarise([run("mlp"), {"model": "mlp", "seed": 0}], ROWS)
    with pytest.raises(RunError, match="model and seed"):
        summarise([{"accuracy": {}}], ROWS)


def test_the_later_of_two_runs_with_one_seed_counts():
    (summary,) = summarise([run("mlp", 0, 0.9), run("mlp", 0, 0.98)], [BY_NAME["mlp"]])
    assert summary.figure is not None and summary.figure.values == (0.98,)


def test_shared_errors_are_those_of_most_seeds_of_all_rows():
    runs = [run("mlp", seed, wrong=wrong) for seed, wrong in enumerate(((1, 2), (1, 3), (1, 2)))]
    runs += [run("resnet", wrong=(1, 5)), run("inkdigits-committee", wrong=(9,))]
    runs += [run("lines", wrong=(1, 7), accuracy={"string-error": 0.01})]  # lines, not MNIST's images
    lines = Row("lines", "lines", None, 2.0, figure="string-error", note="lines")
    times, rows = shared_errors(summarise(runs, [*ROWS, lines]))
    assert rows == 2 and times == [(1, 2), (2, 1), (5, 1)]


def test_the_gallery_shows_what_most_rows_read_wrongly(tmp_path, monkeypatch):
    seen = {}
    draw = table_figures.draw_gallery

    def keep(images, titles, path):
        seen.update(images=images, titles=titles)
        return draw(images, titles, path)

    images = np.random.default_rng(0).integers(0, 256, (40, 28, 28)).astype(np.uint8)
    digits = Digits(images, (np.arange(40) % 10).astype(np.uint8))
    monkeypatch.setattr(table_figures, "draw_gallery", keep)
    monkeypatch.setattr(table_report, "load_mnist", lambda folder, part: digits)
    runs = [run("mlp", wrong=(3, 7)), run("resnet", wrong=(3,)), run("lenet5", wrong=(3, 8))]
    text, drawn = report(runs, tmp_path / "out", data=tmp_path)
    assert drawn == PICTURES | {"shared-errors"}
    assert seen["titles"] == ["#3: 3\n0 of 3 rows\n0 of 3 runs"] and len(seen["images"]) == 1
    assert "1 are read wrongly by all 3 rows that tell theirs (3), and 2 by one row alone" in text


def test_the_gallery_is_left_out_with_a_reason_where_there_is_no_mnist(tmp_path):
    text, drawn = report([run("mlp")], tmp_path / "out", data=tmp_path)
    assert "The images are not shown: " in text and drawn == PICTURES
    text, _ = report([run("mlp")], tmp_path / "other")
    assert "no data folder was given" in text


@pytest.mark.parametrize("width", [80, 140])
def test_the_table_on_the_terminal(width):
    out = io.StringIO()
    runs = [run("mlp", seed, 0.984) for seed in range(5)] + [run("resnet", 0, 0.9970)]
    print_table(runs, ROWS, Console(file=out, width=width))
    lines = out.getvalue().splitlines()
    assert max(map(len, lines)) <= width
    (mlp,) = (line for line in lines if line.split()[:1] == ["mlp"])
    assert mlp.split()[1:7] == ["5/5", "98.400", "±", "0.000", "-", "98.30"] and "yes" in mlp
    (resnet,) = (line for line in lines if line.split()[:1] == ["resnet"])
    assert "no, by 0.020" in resnet and ("185 k" in resnet) == (width == 140)


def test_names_lie_over_no_other_name_and_in_the_plot():
    generator = np.random.default_rng(3)
    points = [tuple(one) for one in generator.normal(0.5, 0.12, (24, 2))]
    figure = Figure(figsize=(9, 6), layout="constrained")
    axes = figure.subplots()
    axes.set(xlim=(0, 1), ylim=(0, 1))
    names = [f"network-{number}" for number in range(len(points))]
    texts = label_points(axes, points, names, ["black"] * len(points), 8.5, [0.01] * len(points))
    assert [text.get_text() for text in texts] == names
    boxes = [text.get_window_extent() for text in texts]
    for number, box in enumerate(boxes):
        assert box.count_overlaps(boxes[number + 1 :]) == 0, names[number]
        assert axes.bbox.x0 <= box.x0 and box.x1 <= axes.bbox.x1
    assert label_points(axes, [], [], [], 8) == []


def test_positions_are_spread_in_their_order():
    assert spread_evenly([0.5, 0.5, 0.1], 0.1, 0, 1) == pytest.approx([0.5, 0.6, 0.1])
    assert spread_evenly([1.0, 1.0], 0.2, 0, 1) == pytest.approx([0.8, 1.0])
    assert spread_evenly([], 0.1, 0, 1) == []


def test_numbers_and_times_in_few_digits():
    assert [table_figures.compact(one) for one in (950, 184_586, 3_869_952, 2e9)] == [
        "950",
        "185 k",
        "3.87 M",
        "2 G",
    ]
    assert [table_figures.told_time(one) for one in (0.256, 59, 272, 7560, 400_000)] == [
        "0.26 s",
        "59 s",
        "4.5 min",
        "2.1 h",
        "110 h",
    ]


def test_every_row_has_a_family_of_its_own_colour():
    families = {table_figures.family(row) for row in ROWS}
    assert len({name for name, _ in families}) == len({colour for _, colour in families}) == len(families)
    assert table_figures.OTHERS not in families


@pytest.mark.data
def test_what_networks_see_is_shown_for_those_that_are_trained(tmp_path):
    named = os.environ.get("INKDIGITS_DATA")
    if not named or not (Path(named) / "mnist").is_dir():
        pytest.skip("INKDIGITS_DATA names no folder with mnist/")
    place = tmp_path / "runs" / "paper-cnn-seed-0"
    place.mkdir(parents=True)
    config = TrainConfig("paper-cnn")
    keras.utils.set_random_seed(0)
    RECIPES["paper-cnn"].build(config).save(place / run_files.MODEL)
    run_files.write_json(place / run_files.CONFIG, config.to_dict())
    run_files.write_json(place / run_files.RESULT, {})
    paths, text = draw_networks(tmp_path / "runs", Path(named), tmp_path / "out")
    assert {path.name for path in paths} == {f"{name}.png" for name in CAPTIONS}
    assert all(path.is_file() and f"(paper-cnn/{path.name})" in text for path in paths)
    assert "inkdigits-single" not in text
    (place / run_files.MODEL).unlink()
    (place / run_files.RESULT).unlink()
    assert draw_networks(tmp_path / "runs", Path(named), tmp_path / "out") == (paths, text), "kept"
