"""The ablation: each variant leaves out what it says, and nothing stays left out."""

from __future__ import annotations

import json

import cv2
import numpy as np
import pytest

import ablation
from inkdigits.learning.pen import Hand, Pen, write
from inkdigits.reading import reader, turning
from inkdigits.reading.card import WEIGHTS


@pytest.fixture
def data(tmp_path):
    """One photo, one cheque and one page of two lines, drawn by a pen."""
    random = np.random.default_rng(5)
    pen = Pen(width=5.0, color=(0.0, 0.0, 0.0), opacity=0.95)
    lines = {"photos": ["3"], "cheques": ["2086"], "pages": ["2086", "3071"]}
    for name, texts in lines.items():
        (tmp_path / name / "images").mkdir(parents=True)
        ink = np.zeros((150 * len(texts) + 80, 500), np.float32)
        for place, text in enumerate(texts):
            write(ink, text, (60, 60 + 150 * place), 80, Hand(spacing=0.3), pen, random)
        cv2.imwrite(str(tmp_path / name / "images" / "a.png"), (230 * (1 - 0.8 * ink)).astype(np.uint8))
        if name == "pages":
            (tmp_path / name / "labels.json").write_text(json.dumps({"a.png": {"lines": texts}}))
        else:
            (tmp_path / name / "labels.csv").write_text(f"file,text\na.png,{texts[0]}\n")
    return tmp_path


def test_each_variant_reads_each_set(data):
    rows = {row["figure"]: row for row in ablation.ablate(data, WEIGHTS, None)}
    assert len(rows) == len(ablation.VARIANTS) * len(ablation.TITLES)
    for title, count in zip(ablation.TITLES.values(), (1, 1, 2), strict=True):
        assert rows[title]["value"] == 100.0
        assert rows[f"{title}, line network alone"]["n"] == count


def parts() -> tuple:
    """What variants change."""
    made = ablation.transcript
    parts = reader.is_doubtful, turning.TURNS, reader.lines_in_paler_ink, reader.transcribe, made.likeliest
    networks = ablation.recogniser
    return *parts, ablation.Part.is_cut, networks.DOUBT, networks.SECOND_FILE


def test_a_part_is_left_out_as_long_as_its_variant_is_entered():
    before = parts()
    for variant in ablation.VARIANTS[1:-1]:
        with variant.parts():
            assert sum(old is not new for old, new in zip(before, parts(), strict=True)) == 1, variant.name
        assert before == parts()


def test_bad_use_is_said_in_a_line(tmp_path, capsys):
    assert ablation.main(["--data", str(tmp_path), "--limit", "1"]) == 1
    assert "labels cannot be read" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        ablation.main(["--limit", "0"])
