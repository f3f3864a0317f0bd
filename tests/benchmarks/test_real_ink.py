"""The benchmarks score rightly: made-up lines, drawn digits, and a glyph network built in the test."""

import json
import os
from pathlib import Path

import cv2
import numpy as np
import onnx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper

import common
import peers
import read_speed
import real_ink
import real_sets
import scoring
import startup
from inkdigits.errors import DataError
from inkdigits.reading.card import Card, file_sha256, save_card
from inkdigits.reading.glyph import NORMALISER_VERSION, normalise

digits = st.text("0123456789", min_size=1, max_size=6)
pages = st.lists(digits, max_size=5)


# --- Scoring -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("read", "true", "distance"),
    [
        ("", "", 0),
        ("12", "12", 0),
        ("", "123", 3),
        ("123", "", 3),
        ("1234", "124", 1),
        ("21", "12", 2),
        ("19", "17", 1),
    ],
)
def test_edit_distance(read, true, distance):
    assert scoring.edit_distance(read, true) == distance


@given(digits, digits, digits)
def test_edit_distance_is_a_metric(one, two, three):
    assert scoring.edit_distance(one, two) == scoring.edit_distance(two, one)
    assert (scoring.edit_distance(one, two) == 0) == (one == two)
    assert scoring.edit_distance(one, three) <= scoring.edit_distance(one, two) + scoring.edit_distance(
        two, three
    )


def test_a_decimal_comma_is_no_digit():
    score = scoring.score_page(["78", "3.4"], ["7,8", "3,4"])
    assert score.page_exact and score.exact == 2 and score.true_digits == 4


def test_a_line_too_many_costs_only_itself():
    score = scoring.score_page(["0", "12345", "67890"], ["12345", "67890"])
    assert (score.exact, score.spurious, score.missed, score.wrong_digits) == (2, 1, 0, 1)
    assert not score.page_exact


def test_a_missed_line_costs_only_itself():
    score = scoring.score_page(["67890"], ["12345", "67890"])
    assert (score.exact, score.spurious, score.missed, score.wrong_digits) == (1, 0, 1, 5)


def test_a_wrong_line_is_neither_missed_nor_spurious():
    score = scoring.score_page(["12345", "67891"], ["12345", "67890"])
    assert (score.exact, score.spurious, score.missed, score.wrong_digits) == (1, 0, 0, 1)


def test_lines_in_the_wrong_order_are_not_both_right():
    assert scoring.score_page(["22", "11"], ["11", "22"]).exact == 1


def test_exact_lines_come_before_fewer_wrong_digits():
    # Pairing line by line costs 2 wrong digits and no exact line; one exact line is worth more than that.
    score = scoring.score_page(["12", "13"], ["13", "14"])
    assert (score.exact, score.missed, score.spurious) == (1, 1, 1)


@given(pages)
def test_a_page_read_as_labelled_is_exact(lines):
    score = scoring.score_page(lines, lines)
    assert score.page_exact and score.exact == len(lines) and score.wrong_digits == 0


@given(pages, pages)
def test_counts_of_a_page_agree(read, true):
    score = scoring.score_page(read, true)
    paired = len(true) - score.missed
    assert 0 <= score.exact <= paired == len(read) - score.spurious
    assert score.wrong_digits <= sum(map(len, read)) + sum(map(len, true))


def test_tally_of_a_set():
    tally = scoring.Tally()
    assert tally.add("a", ["12"], ["12"], ok=True)
    assert not tally.add("b", ["13", "5"], ["12"], ok=True)
    assert not tally.add("c", [], ["12"])
    assert (tally.images, tally.images_exact, tally.exact, tally.n) == (3, 1, 1, 3)
    assert tally.failures == ["b", "c"]
    assert tally.digit_error_rate == pytest.approx(100 * 4 / 6)
    assert tally.unsure == pytest.approx(100 / 3)
    assert tally.confident_accuracy == 50.0
    assert tally.spurious == 1 and tally.missed == 1


def test_a_set_without_sure_answers_has_no_accuracy_of_them():
    tally = scoring.Tally()
    tally.add("a", ["1"], ["1"])
    assert tally.confident_accuracy is None and tally.unsure == 100.0


# --- Rows --------------------------------------------------------------------------------------------------


def test_the_interval_of_twenty_errors_in_ten_thousand():
    low, high = common.wilson(9980, 10_000)
    assert (round(100 * low, 2), round(100 * high, 2)) == (99.69, 99.87)
    with pytest.raises(ValueError, match="at least one"):
        common.wilson(0, 0)


@pytest.mark.parametrize(
    ("value", "target", "met"),
    [
        (95, ">= 95", True),
        (94.9, ">= 95", False),
        (0.3, "< 0.3", False),
        (15, "<= 15", True),
        (1, None, None),
    ],
)
def test_targets(value, target, met):
    assert common.target_met(value, target) is met


def test_rows_say_where_and_how(tmp_path):
    path = tmp_path / "results" / "rows.json"
    common.write_results(path, [common.share_row("a", 1, 2), common.share_row("b", 1, 4)])
    common.write_results(path, [common.share_row("a", 2, 2)])
    rows = common.read_results(path)
    assert [(row["figure"], row["value"]) for row in rows] == [("a", 100.0), ("b", 25.0)]
    assert {"cpu", "cores"} <= rows[0]["hardware"].keys()
    assert {"python", "numpy", "onnxruntime"} <= rows[0]["versions"].keys()
    assert list(path.parent.iterdir()) == [path]


def test_commands_are_written_as_typed_in_the_project():
    beside = str(common.ROOT.parent / "shared" / "data")
    said = common.command_line(["benchmarks/x.py", "--data", beside, "--python=/elsewhere/bin/python"])
    assert said == "python benchmarks/x.py --data ../shared/data --python=PYTHON"


def test_installed_sizes_add_up_the_files_of_each_distribution(tmp_path):
    (tmp_path / "thing").mkdir()
    (tmp_path / "thing" / "code.py").write_bytes(b"x" * 700)
    info = tmp_path / "thing-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_bytes(b"Metadata-Version: 2.1\nName: Thing\nVersion: 1.0\n")
    (info / "RECORD").write_text("thing/code.py,,\nthing/absent.py,,\n")
    assert startup.installed_sizes(tmp_path) == {"thing": 700}


# --- Peers -------------------------------------------------------------------------------------------------


class Parrot:
    """A peer that answers with the image's name and counts how often it was asked."""

    name = "Parrot 1"

    def __init__(self):
        self.asked = 0

    def read(self, paths, mode):
        for path in paths:
            self.asked += 1
            yield peers.PeerAnswer((path.stem, mode))


def test_a_peer_is_asked_once_about_one_picture(tmp_path):
    files = [tmp_path / name for name in ("1.png", "2.png")]
    for file in files:
        file.write_bytes(file.name.encode())
    parrot = Parrot()
    first = peers.cached_lines(parrot, "line", files, tmp_path / "cache")
    again = peers.cached_lines(parrot, "line", files[::-1], tmp_path / "cache")
    assert first == [("1", "line"), ("2", "line")] and again == first[::-1]
    assert parrot.asked == 2
    peers.cached_lines(parrot, "page", files, tmp_path / "cache")
    assert parrot.asked == 4


def test_a_peer_that_is_absent_is_named(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with peers.installed_peers([tmp_path / "python"]) as (found, absent):
        assert found == []
    assert len(absent) == 2 and "tesseract" in absent[0] and "RapidOCR" in absent[1]


# --- Speed --------------------------------------------------------------------------------------------------


def test_the_page_to_be_timed_holds_its_digits():
    page, lines = read_speed.draw_page()
    again, same = read_speed.draw_page()
    assert page.shape == read_speed.PAGE_SIZE and page.dtype == np.uint8
    assert np.array_equal(page, again) and lines == same
    assert sum(map(len, lines)) == 50 and set("".join(lines)) <= set("0123456789")
    # Five bands of ink with paper between them.
    inked = (page < 128).any(axis=1)
    assert (np.diff(inked.astype(int)) == 1).sum() == len(lines)


# --- From the data folder to the results -------------------------------------------------------------------


def drawn(digit: int, size: int = 400) -> np.ndarray:
    """A page with one digit, dark on light, off centre."""
    page = np.full((size, size + 100), 225, np.uint8)
    place = (size // 3, 2 * size // 3)
    cv2.putText(page, str(digit), place, cv2.FONT_HERSHEY_SIMPLEX, 6, 40, 18, cv2.LINE_AA)
    return page


@pytest.fixture(scope="module")
def weights(tmp_path_factory) -> Path:
    """A glyph network of one layer, whose weights are the ten drawn digits themselves, with its card."""
    templates = np.stack([normalise((225 - drawn(digit)).astype(np.float32) / 185) for digit in range(10)])
    templates = templates.reshape(10, -1).astype(np.float32)
    templates /= np.linalg.norm(templates, axis=1, keepdims=True)
    nodes = [
        helper.make_node("Cast", ["glyphs"], ["float"], to=TensorProto.FLOAT),
        helper.make_node("Flatten", ["float"], ["flat"]),
        helper.make_node("LpNormalization", ["flat"], ["unit"], axis=1, p=2),
        helper.make_node("MatMul", ["unit", "templates"], ["logits"]),
        helper.make_node("Mul", ["logits", "gain"], ["scaled"]),
        helper.make_node("Softmax", ["scaled"], ["probabilities"], axis=1),
    ]
    graph = helper.make_graph(
        nodes,
        "templates",
        [helper.make_tensor_value_info("glyphs", TensorProto.UINT8, ["n", 28, 28])],
        [helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, ["n", 10])],
        [
            numpy_helper.from_array(np.ascontiguousarray(templates.T), "templates"),
            numpy_helper.from_array(np.float32(40), "gain"),
        ],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    path = tmp_path_factory.mktemp("weights") / "templates.onnx"
    onnx.save(model, str(path))
    card = Card(
        name="templates",
        kind="glyph",
        sha256=file_sha256(path),
        normaliser_version=NORMALISER_VERSION,
        classes=tuple("0123456789"),
        input_shape=(28, 28),
    )
    save_card(card, path)
    return path


@pytest.fixture
def data(tmp_path) -> Path:
    """Photos of ten drawn digits, one of them labelled wrongly, and ten quiz sheet digits, dark on white."""
    folder = tmp_path / "data"
    (folder / "photos" / "images").mkdir(parents=True)
    rows = ["file,text"]
    for digit in range(10):
        cv2.imwrite(str(folder / "photos" / "images" / f"{digit}.png"), drawn(digit))
        rows.append(f"{digit}.png,{digit if digit else 8}")
    (folder / "photos" / "labels.csv").write_text("\n".join(rows) + "\n")
    (folder / "quiz_sheets").mkdir()
    cells = np.stack([cv2.resize(drawn(digit)[60:340, 90:370], (28, 28)) for digit in range(10)])
    np.savez(folder / "quiz_sheets" / "nsysu_first_half.npz", x=cells, y=np.arange(10, dtype=np.uint8))
    return folder


def test_real_ink_reads_scores_and_writes(data, weights, tmp_path, capsys):
    out, gallery = tmp_path / "out.json", tmp_path / "gallery"
    arguments = ["--data", str(data), "--weights", str(weights), "--sets", "photos,quiz_sheets"]
    assert real_ink.main([*arguments, "--out", str(out), "--gallery", str(gallery)]) == 0
    rows = {row["figure"]: row for row in json.loads(out.read_text())}
    assert rows["photos exact"]["value"] == 90.0, "all but the one labelled wrongly"
    assert rows["photos exact"]["detail"]["digit_error_rate"] == 10.0
    assert rows["quiz sheets"]["value"] >= 90.0
    page = (gallery / "index.html").read_text()
    assert "<b>0.png</b> true <b class=true>8</b> read <b class=read>0</b>" in page
    assert page.count("<article>") == 1 and "data:image/png;base64," in page
    assert "photos exact" in capsys.readouterr().out


def test_missing_data_is_one_message(data, weights, capsys):
    (data / "photos" / "images" / "3.png").unlink()
    assert real_ink.main(["--data", str(data), "--weights", str(weights), "--sets", "photos"]) == 1
    assert "1 labelled images are missing, the first is 3.png" in capsys.readouterr().err
    assert real_ink.main(["--data", str(data), "--weights", str(weights), "--sets", "ardis"]) == 1
    assert "ardis_iv_train.npz" in capsys.readouterr().err


def test_unknown_sets_are_refused(capsys):
    with pytest.raises(SystemExit):
        real_ink.main(["--sets", "photos,poems"])
    assert "unknown sets poems" in capsys.readouterr().err


def test_quiz_sheets_become_ink(data):
    inks, labels = real_sets.load_single_digits(data, "quiz_sheets")
    assert len(inks) == 10 and labels.tolist() == list(range(10))
    for ink in inks:
        assert ink.dtype == np.float32 and ink.shape == (28, 28)
        assert ink.min() >= 0 and ink.max() == 1.0 and np.median(ink) < 0.5


def test_limit_takes_pictures_from_the_whole_set(data):
    names = [picture.path.name for picture in real_sets.load_pictures(data, "photos", 3)]
    assert names == ["0.png", "4.png", "9.png"]


def test_labels_without_their_column_are_an_error(data):
    (data / "photos" / "labels.csv").write_text("name,text\n0.png,0\n")
    with pytest.raises(DataError, match="labels cannot be read"):
        real_sets.load_pictures(data, "photos")


@pytest.mark.data
@pytest.mark.parametrize("name", real_sets.PICTURE_SETS)
def test_real_pictures_are_all_there(name):
    folder = os.environ.get("INKDIGITS_DATA")
    if not folder or not (Path(folder) / name).is_dir():
        pytest.skip(f"INKDIGITS_DATA names no folder with {name}/")
    pictures = real_sets.load_pictures(Path(folder), name)
    assert pictures and all(scoring.lines_with_digits(picture.lines) for picture in pictures)
