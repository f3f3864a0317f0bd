"""The learning verbs: help, refusals before any work, and a small run from training to ONNX."""

import dataclasses
import json

import numpy as np
import pytest
import tiny
import typer
from typer.testing import CliRunner

from inkdigits.errors import InkdigitsError
from inkdigits.learning import recipes
from inkdigits.learning.cli import register

app = typer.Typer()
register(app)
runner = CliRunner()


def call(*arguments: object, code: int = 0) -> str:
    result = runner.invoke(app, [str(one) for one in arguments])
    if isinstance(result.exception, InkdigitsError):
        assert code == 1, result.exception
        return str(result.exception)
    assert result.exit_code == code, (result.output, result.exception)
    return result.output


@pytest.fixture
def tiny_recipe(monkeypatch):
    monkeypatch.setitem(recipes.RECIPES, "tiny", tiny.TINY)


def test_every_verb_has_help():
    for verb in ("data", "train", "evaluate", "export", "models", "figures"):
        assert "Usage" in call(verb, "--help")


def test_data_is_listed_with_licences(tmp_path):
    told = call("data", "--data", tmp_path)
    assert "mnist" in told and "CC BY 4.0" in told and "evaluation only" in told and "0 of 4" in told
    assert told == call("data", "list", "--data", tmp_path)


def test_verify_tells_missing_and_different_files(tmp_path):
    call("data", "verify", "--data", tmp_path, code=1)
    (tmp_path / "semeion").mkdir()
    (tmp_path / "semeion" / "semeion.npz").write_bytes(b"other")
    told = call("data", "verify", "--data", tmp_path, code=1)
    assert told.split()[0] == "differs"
    told = call("data", "verify", "mnist", "--data", tmp_path, code=1)
    assert [line.split()[0] for line in told.splitlines()] == ["missing"] * 4


def test_an_unknown_name_suggests_the_nearest(tmp_path):
    assert "did you mean paper-cnn?" in call("train", "papr-cnn", code=2)
    assert "did you mean mnist?" in call("data", "download", "mnits", code=2)
    assert "mnist-test?" in call("evaluate", tmp_path, "--on", "mnist-tests", code=2)


@pytest.mark.parametrize(
    "flags",
    [
        ["--schedule", "linear"],
        ["--precision", "int8"],
        ["--rotation", "400"],
        ["--learning-rate", "0"],
        ["--ema", "1.5"],
    ],
)
def test_impossible_flags_are_refused_before_any_work(tmp_path, flags):
    told = call("train", "mlp", "--run", tmp_path / "run", "--data", tmp_path, *flags, code=1)
    assert "is needed" in told
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    "flags",
    [
        ["--epochs", "0"],
        ["--batch-size", "-1"],
        ["--seed", "-2"],
        ["--epochs", "many"],
        ["--option", "width"],
    ],
)
def test_flags_out_of_range_are_usage_errors(tmp_path, flags):
    call("train", "mlp", "--run", tmp_path / "run", *flags, code=2)


def test_missing_data_is_told_and_leaves_no_run(tmp_path):
    told = call("train", "mlp", "--run", tmp_path / "run", "--data", tmp_path / "data", code=1)
    assert "put these files there" in told and "train-images-idx3-ubyte.gz" in told
    assert not (tmp_path / "run").exists()


def test_a_run_from_training_to_onnx(tmp_path, tiny_recipe):
    run = tmp_path / "run"
    flags = ["--run", run, "--data", tmp_path]
    told = call("train", "tiny", "--epochs", 2, "--rotation", 5, *flags)
    assert "2 epochs" in told and "validation part" in told
    config = json.loads((run / "config.json").read_text())
    assert config["augmentation"]["rotation"] == 5 and config["learning_rate"] == 1e-3
    assert "already holds a run" in call("train", "tiny", *flags, code=1)
    (run / "result.json").unlink()
    assert "epochs 2, not 3" in call("train", "tiny", "--resume", "--epochs", 3, *flags, code=1)
    # Without flags, --resume takes the settings of the run.
    assert "2 epochs" in call("train", "tiny", "--resume", *flags)
    assert "tiny" in call("models")
    assert "run.onnx" not in call("export", run, "--data", tmp_path, "--out", tmp_path / "out")
    assert (tmp_path / "out" / "tiny.card.json").is_file()
    call("figures", "curves", run, "--out", tmp_path / "figures")
    assert (tmp_path / "figures" / "accuracy.png").is_file()
    assert "not tested yet" in call("figures", "times", run, "--out", tmp_path, code=1)


def test_synthetic_ink_is_written_with_labels_and_a_sheet(tmp_path, monkeypatch):
    from inkdigits.learning import bank, drawn
    from inkdigits.learning.strings import InkBank

    glyphs, _, _ = drawn.draw_writers(3, np.random.default_rng(0))
    rows = [[np.array([10 * writer + digit]) for digit in range(10)] for writer in range(3)]
    ink = InkBank(glyphs, rows, np.full(3, 1 / 3), glyphs[:4])
    monkeypatch.setattr(bank, "load_banks", lambda folder, mixture: (ink, ink))
    for kind, classes in (("lines", set("0123456789")), ("glyphs", {*"0123456789", "none"})):
        out = tmp_path / kind
        call("synth", out, "--kind", kind, "--count", 30)
        table = (out / "labels.csv").read_text().splitlines()
        assert len(table) == 31 and (out / "sheet.png").stat().st_size > 1000
        texts = [row.split(",")[1] for row in table[1:]]
        assert set("".join(texts) if kind == "lines" else texts) <= classes and any(texts)
        assert all((out / row.split(",")[0]).is_file() for row in table[1:])
        assert "holds files" in call("synth", out, "--kind", kind, code=1)
    call("synth", tmp_path / "x", "--kind", "line", code=2)


def test_fast_is_a_recipe_of_its_own(tmp_path, monkeypatch):
    monkeypatch.setitem(recipes.RECIPES, "fast", dataclasses.replace(tiny.TINY, name="fast"))
    told = call("train", "--fast", "--epochs", 2, "--run", tmp_path / "run", "--data", tmp_path)
    assert "2 epochs" in told
    assert json.loads((tmp_path / "run" / "config.json").read_text())["model"] == "fast"
    assert "leave out mlp, or --fast" in call("train", "mlp", "--fast", code=1)
    assert "which network?" in call("train", code=1)
