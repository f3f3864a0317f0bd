"""Trust, refusal and damage are counted rightly: answers made up here, against figures by hand."""

from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import corrupted
import negatives
import refusal
import trust
from inkdigits.learning.datasets import Digits
from inkdigits.learning.evaluation import Network
from trust import Reading


def reading(confidence, right=True, *, given=True, digits=4):
    return Reading(confidence, given, right, 0 if right else 1, digits)


def by_figure(rows):
    return {row["figure"]: row for row in rows}


def test_calibration_is_the_mean_gap_of_answers_that_were_given():
    sure = [reading(0.9, right) for right in [True] * 8 + [False] * 2]
    silent = [reading(0.0, False, given=False)] * 5
    rows = by_figure(trust.calibration_rows({"photos": [*sure, *silent], "empty": silent}))
    error, brier = rows[trust.CALIBRATION], rows[trust.BRIER]
    assert error["value"] == pytest.approx(10) and error["n"] == 10 and error["target"] == "<= 1"
    assert brier["value"] == pytest.approx(0.8 * 0.01 + 0.2 * 0.81)
    assert error["detail"] == {"photos": pytest.approx(10)}
    assert error["low"] <= error["value"] <= error["high"]
    assert trust.calibration_rows({"empty": silent}) == []


def test_coverage_counts_what_was_not_answered_too():
    answered = [reading(1 - 0.001 * index) for index in range(60)]
    wrong, later = reading(0.5, False), [reading(0.4)] * 30
    silent = [reading(0.0, False, given=False)] * 10
    rows = by_figure(trust.coverage_rows([*later, wrong, *answered, *silent], "two sets"))
    # One wrong digit of 364 is within 0.5 %, one wrong string of 91 is not within 1 %.
    digits, strings = rows[trust.DIGIT_COVERAGE], rows[trust.STRING_COVERAGE]
    assert digits["n"] == 404 and digits["detail"]["correct"] == 364
    assert strings["n"] == 101 and strings["detail"]["correct"] == 60
    assert strings["detail"]["least_confidence"] == pytest.approx(1 - 0.001 * 59)
    assert strings["detail"]["over"] == "two sets"


def test_nothing_is_covered_where_the_surest_answer_is_wrong():
    rows = trust.coverage_rows([reading(0.9, False), reading(0.8)], "a set")
    assert [row["value"] for row in rows] == [0, 0]
    assert rows[0]["detail"]["least_confidence"] is None


def test_answers_of_equal_confidence_are_taken_together():
    equal = [reading(0.9)] * 50 + [reading(0.9, False)]
    assert trust.coverage_rows(equal, "a set")[1]["detail"]["correct"] == 0


@given(st.lists(st.tuples(st.floats(0.01, 1), st.booleans()), min_size=1, max_size=60))
def test_the_risk_of_what_is_covered_keeps_its_bound(answers):
    readings = [reading(confidence, right) for confidence, right in answers]
    row = trust.coverage_rows(readings, "a set")[1]
    least = row["detail"]["least_confidence"]
    taken = [] if least is None else [one for one in readings if round(one.confidence, 4) >= least]
    covered = row["detail"]["correct"]
    assert len(taken) >= covered
    surest = sorted(readings, key=lambda one: -one.confidence)[:covered]
    assert sum(not one.right for one in surest) <= 0.01 * covered


def test_trust_is_told_of_strings_only_where_all_their_sets_were_read():
    photos = [reading(0.9)] * 3
    figures = set(by_figure(trust.trust_rows({"photos": photos}, ("photos", "cheques"))))
    assert figures == {trust.CALIBRATION, trust.BRIER}
    both = {"photos": photos, "cheques": photos, "usps": photos}
    rows = by_figure(trust.trust_rows(both, ("photos", "cheques")))
    assert rows[trust.STRING_COVERAGE]["n"] == 6 and rows[trust.CALIBRATION]["n"] == 9


# --- Refusal -----------------------------------------------------------------------------------------------


@pytest.fixture
def characters(monkeypatch):
    """Letters and drawings made here."""
    random = np.random.default_rng(0)
    letters = Digits(random.integers(0, 256, (30, 28, 28)).astype(np.uint8), np.array(list("ABCDFT") * 5))
    drawings = np.full((6, 105, 105), 255, np.uint8)
    drawings[:, 30:70, 40:60] = 0
    monkeypatch.setattr(negatives, "load_letters", lambda data, part: letters)
    monkeypatch.setattr(negatives, "held_out_characters", lambda data: drawings)


def test_glyphs_that_must_be_refused(characters, tmp_path):
    glyphs = negatives.negative_glyphs(tmp_path)
    assert {name: len(images) for name, images in glyphs.items()} == {
        "letters": 20,
        refusal.ALIKE: 10,
        "Omniglot": 6,
    }
    assert all(images.shape[1:] == (28, 28) and images.dtype == np.uint8 for images in glyphs.values())
    assert glyphs["Omniglot"].max() == 255


def test_pictures_are_the_same_each_time_and_of_every_kind(characters, tmp_path):
    first, again = (negatives.negative_pictures(tmp_path, 5) for _ in range(2))
    assert set(first) == {
        "blank paper",
        "scribbles",
        "print",
        "textures",
        "letters on paper",
        "Omniglot on paper",
    }
    for name, pictures in first.items():
        assert len(pictures) == 5
        assert all(picture.ndim == 2 and picture.dtype == np.uint8 for picture in pictures)
        assert all(np.array_equal(one, other) for one, other in zip(pictures, again[name], strict=True))
    # Ink is dark: what is written on makes a page darker than one that is not.
    assert all(picture.min() < 140 for name in ("scribbles", "print") for picture in first[name])


def test_refusals_of_glyphs_by_hand(monkeypatch, tmp_path):
    scores = np.zeros((4, 11), np.float32)
    scores[:, 3] = (0.9, 0.6, 0.3, 0.2)
    scores[:, 10] = 1 - scores[:, 3]
    recogniser = SimpleNamespace(
        glyph_card=SimpleNamespace(threshold=0.8), glyph_probabilities=lambda glyphs, lone: scores
    )
    monkeypatch.setattr(refusal, "negative_glyphs", lambda data: {"letters": None, refusal.ALIKE: None})
    rows = by_figure(refusal.glyph_rows(recogniser, tmp_path, [0.95, 0.7]))
    area = rows["letters (glyphs): AUROC of refusal"]
    # Of 8 pairs only (0.7, 0.9) is in the wrong order.
    assert area["value"] == pytest.approx(7 / 8) and area["target"] == ">= 0.99"
    assert rows["letters (glyphs): false accept"]["value"] == 25
    assert rows[f"{refusal.ALIKE} (glyphs): AUROC of refusal"]["target"] == ">= 0.95"
    assert rows[f"{refusal.ALIKE} (glyphs): false accept"]["target"] is None


def test_refusals_of_pictures_by_hand(monkeypatch, tmp_path):
    answers = [(0.0, 0.0, "blank"), (0.4, 0.7, "unsure"), (0.9, 0.2, "ok")]
    told = [
        [SimpleNamespace(confidence=confidence, digit_share=share, status=status)]
        for confidence, share, status in answers
    ]
    reader = SimpleNamespace(read=lambda picture: told[picture])
    monkeypatch.setattr(refusal, "negative_pictures", lambda data: {"print": [0, 1, 2]})
    real = [Reading(0.95, True, True, 0, 4, 0.9), Reading(0.5, True, False, 1, 4, 0.8)]
    area = by_figure(refusal.picture_rows(reader, tmp_path, real))["print: AUROC of refusal"]
    assert area["value"] == 1 and area["detail"]["answered"] == 2
    assert area["detail"]["area_by_confidence"] == pytest.approx(5 / 6, abs=1e-5)
    rows = by_figure(refusal.picture_rows(reader, tmp_path, real))
    assert rows["print: false accept"]["detail"]["correct"] == 1


def test_errors_under_damage_are_told_beside_the_reference(monkeypatch, tmp_path):
    digits = Digits(np.zeros((10, 28, 28), np.uint8), np.arange(10))
    monkeypatch.setattr(corrupted, "CORRUPTIONS", {"fog": None, "shear": None})
    monkeypatch.setattr(
        corrupted, "SETS", {f"mnist-c-{name}": lambda data: digits for name in ("fog", "shear")}
    )

    def wrong(count):
        read = np.arange(10)
        read[:count] = 10
        return np.eye(11, dtype=np.float32)[read]

    paper = Network(tuple("0123456789"), lambda glyphs: wrong(4))
    monkeypatch.setattr(corrupted, "open_network", lambda path: paper)
    recogniser = SimpleNamespace(glyph_probabilities=lambda glyphs, lone: wrong(1))
    rows = by_figure(corrupted.corruption_rows(recogniser, tmp_path, tmp_path))
    assert rows[corrupted.MEAN_ERROR]["value"] == 10
    assert rows[corrupted.MEAN_ERROR]["detail"]["mean_of_the_paper's_cnn"] == 40
    assert rows[corrupted.RELATIVE_ERROR]["value"] == 0.25
    assert rows[corrupted.RELATIVE_ERROR]["target"] == "<= 0.25"
    assert rows[corrupted.MEAN_RATIO]["value"] == 0.25 and rows[corrupted.MEAN_RATIO]["target"] is None
