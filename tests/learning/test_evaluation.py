"""Evaluation: known figures of known readings, folders of labelled images, reports on paper."""

import io
import json
from pathlib import Path

import numpy as np
import pytest
import tiny
from rich.console import Console

from inkdigits.errors import DataError, RunError
from inkdigits.learning import evaluation, folders, report
from inkdigits.learning.datasets import Digits

CLASSES = tuple("0123456789")


@pytest.fixture
def found() -> evaluation.Report:
    """100 bars, each digit ten times; the first three of the zeros are read as 8, ever less confidently."""
    images, _ = tiny.bars(100, 0)
    labels = np.repeat(np.arange(10), 10).astype(np.uint8)
    probabilities = np.eye(10)[labels] * 0.99 + 0.001
    for index, sure in enumerate((0.9, 0.8, 0.7)):
        probabilities[index] = (1 - sure) / 9
        probabilities[index, 8] = sure
    return evaluation.report_on("bars", CLASSES, Digits(images, labels), probabilities, 0.5)


def test_figures_of_known_readings(found):
    assert (found.correct, found.count, found.accuracy) == (97, 100, 0.97)
    assert found.interval == pytest.approx((0.9155, 0.9897), abs=1e-4)
    assert found.recall[0] == 0.7 and found.precision[8] == pytest.approx(10 / 13)
    assert found.confusion[0, 8] == 3 and found.confusion.sum() == 100
    assert [one.name for one in found.mistakes] == ["0", "1", "2"]
    assert (found.mistakes[0].truth, found.mistakes[0].read) == ("0", "8")
    assert found.nll is not None and 0 < found.nll < 0.2 and 0 < found.ece < 0.1


def test_a_report_is_printed_and_drawn(found, tmp_path):
    out = io.StringIO()
    report.print_report(found, Console(file=out, width=100))
    assert "97.00 %" in out.getvalue() and "91.55 to 98.97" in out.getvalue()
    written = report.write_report(found, tmp_path / "new")
    assert [path.name for path in written] == [
        "report.json",
        "confusion.png",
        "reliability.png",
        "mistakes.png",
    ]
    assert json.loads(written[0].read_text())["confusion"][0][8] == 3
    assert all(path.read_bytes().startswith(b"\x89PNG") for path in written[1:])


def test_a_reading_that_is_no_digit_is_wrong():
    images, labels = tiny.bars(4, 0)
    probabilities = np.zeros((4, 11))
    probabilities[:, 10] = 1
    found = evaluation.report_on("bars", (*CLASSES, "none"), Digits(images, labels), probabilities, 1)
    assert found.correct == 0 and found.mistakes[0].read == "none"
    report.print_report(found, Console(file=io.StringIO()))


def test_other_data_sets_come_in_the_networks_form():
    digits = np.zeros((2, 16, 16), np.uint8)
    digits[:, 3:13, 6:9] = 255
    light = evaluation.glyphs_of(Digits(digits, np.array([1, 1], np.uint8)))
    dark = evaluation.glyphs_of(Digits(255 - digits, np.array([1, 1], np.uint8)), dark_ink=True)
    assert light.images.shape == (2, 28, 28) and light.images.max() == 255
    assert np.array_equal(light.images, dark.images)


def touch(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"image")
    return path


def test_folders_and_tables_of_labels(tmp_path):
    touch(tmp_path / "tree" / "7" / "b.png")
    touch(tmp_path / "tree" / "7" / "a.JPG")
    touch(tmp_path / "tree" / "7" / "notes.txt")
    touch(tmp_path / "tree" / "thumbs" / "x.png")
    assert folders.labelled_files(tmp_path / "tree") == [
        (tmp_path / "tree" / "7" / "a.JPG", "7"),
        (tmp_path / "tree" / "7" / "b.png", "7"),
    ]
    touch(tmp_path / "table" / "images" / "c.png")
    (tmp_path / "table" / "labels.csv").write_text("file,text\nc.png,0042\n")
    assert folders.labelled_files(tmp_path / "table") == [(tmp_path / "table" / "images" / "c.png", "0042")]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("name,label\nc.png,1\n", "columns file and text"),
        ("", "columns file and text"),
        ("file,text\nabsent.png,1\n", "line 2: .*absent.png does not exist"),
        ("file,text\nc.png,\n", "line 2"),
        ("file,text\nc.png,one\n", "line 2"),
        ("file,text\nc.png\n", "line 2"),
        ("file,text\n", "no labels.csv"),
    ],
)
def test_damaged_tables_are_refused(tmp_path, text, message):
    touch(tmp_path / "c.png")
    (tmp_path / "labels.csv").write_text(text)
    with pytest.raises(DataError, match=message):
        folders.labelled_files(tmp_path)


def test_texts_are_right_only_when_exact():
    files = [(Path("a"), "12"), (Path("b"), "3"), (Path("c"), "44")]
    found = folders.report_on_texts("set", files, ["12", "8", "4"], np.array([0.9, 0.6, 0.8]), 1)
    assert found.correct == 1 and [one.name for one in found.mistakes] == ["c", "b"]
    assert found.classes == ("right", "wrong") and found.nll is None
    single = folders.report_on_texts("set", files[1:2], [""], np.array([0.0]), 1)
    assert single.confusion[3, 10] == 1
    report.print_report(single, Console(file=io.StringIO()))


def test_what_is_no_network_is_refused(tmp_path):
    with pytest.raises(RunError, match="neither"):
        evaluation.open_network(touch(tmp_path / "weights.h5"))
    with pytest.raises(RunError, match="no run folder"):
        evaluation.open_network(tmp_path)
    with pytest.raises(RunError, match="0 exported networks"):
        folders.weights_of(tmp_path)
