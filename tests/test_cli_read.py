"""`inkdigits read`: what it reads, in which order, in which form it answers, and how it fails."""

from __future__ import annotations

import csv
import io
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

from inkdigits import cli
from inkdigits.answer import Answer, Digit, Line, Mark
from inkdigits.errors import InkdigitsError, InputError
from inkdigits.reading import report
from inkdigits.reading.annotate import Album, annotate
from inkdigits.reading.page import Page
from inkdigits.reading.sources import expand, natural_key


def write_drawing(path: Path, pages: int = 1) -> Path:
    """A picture of a one on white, of 90 x 60 pixels; TIFF and PDF with as many pages as wanted."""
    image = Image.new("RGB", (90, 60), "white")
    ImageDraw.Draw(image).line((40, 10, 38, 50), fill=(30, 30, 60), width=5)
    more = {"save_all": True, "append_images": [image] * (pages - 1)} if pages > 1 else {}
    path.parent.mkdir(parents=True, exist_ok=True)
    image.save(path, **more)
    return path


def run(monkeypatch: pytest.MonkeyPatch, *arguments: object) -> int:
    """The exit code of `inkdigits read` with these arguments, in this process."""
    monkeypatch.setattr(sys, "argv", ["inkdigits", "read", *map(str, arguments)])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    return int(ended.value.code or 0)


def answers(text: str) -> list[Answer]:
    return [Answer.from_dict(json.loads(line)) for line in text.splitlines()]


def test_arguments_are_answered_in_order(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "scans"
    for name in ("page-10.png", "page-9.jpg", "deep/page-1.PNG", ".hidden.png", ".cache/x.png"):
        write_drawing(folder / name)
    (folder / "notes.txt").write_text("no picture")
    broken = tmp_path / "broken.jpg"
    broken.write_bytes(b"\xff\xd8\xff")
    single = write_drawing(tmp_path / "b.gif")
    (tmp_path / "empty").mkdir()
    code = run(
        monkeypatch, single, folder, broken, tmp_path / "empty", tmp_path / "b.*", tmp_path / "no", "--json"
    )
    captured = capsys.readouterr()
    got = answers(captured.out)
    expected = [
        single,
        *(folder / name for name in ("deep/page-1.PNG", "page-9.jpg", "page-10.png")),
        broken,
        tmp_path / "empty",
        single,
        tmp_path / "no",
    ]
    assert [answer.source for answer in got] == [str(path) for path in expected]
    failed = [answer for answer in got if answer.error]
    assert [answer.source for answer in failed] == [
        str(broken),
        str(tmp_path / "empty"),
        str(tmp_path / "no"),
    ]
    assert captured.err.splitlines() == [f"inkdigits: {answer.error}" for answer in failed]
    assert code == 1
    for answer in got:
        assert (answer.width, answer.height) == ((0, 0) if answer.error else (90, 60))


def test_json_is_the_answer_tree(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write_drawing(tmp_path / "two.tiff", pages=2)
    assert run(monkeypatch, path, "--json") == 0
    captured = capsys.readouterr()
    lines = captured.out.splitlines()
    assert [(one.source, one.page) for one in answers(captured.out)] == [(str(path), 1), (str(path), 2)]
    assert [one.to_dict() for one in answers(captured.out)] == [json.loads(line) for line in lines]
    assert captured.err == ""


@pytest.mark.parametrize("kind", ["pdf", "tif"])
def test_pages_are_chosen(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str], kind: str
) -> None:
    path = write_drawing(tmp_path / f"form.{kind}", pages=4)
    assert run(monkeypatch, path, "--json", "--pages", "2,4-") == 0
    assert [answer.page for answer in answers(capsys.readouterr().out)] == [2, 4]


def test_csv_and_table_say_what_json_says(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, missing = write_drawing(tmp_path / "a.png"), tmp_path / "missing.png"
    outputs = {}
    for form in ("--json", "--csv", None):
        assert run(monkeypatch, path, missing, *([form] if form else [])) == 1
        outputs[form] = capsys.readouterr().out
    rows = list(csv.DictReader(io.StringIO(outputs["--csv"])))
    expected = []
    for answer in answers(outputs["--json"]):
        expected += [(answer.source, line.text, line.status, "") for line in answer.lines]
        if not answer.lines:
            expected.append((answer.source, "", answer.status, answer.error or ""))
    assert [(row["source"], row["text"], row["status"], row["error"]) for row in rows] == expected
    table = outputs[None].splitlines()
    assert table[0].split() == ["SOURCE", "PAGE", "LINE", "STATUS", "SURE", "TEXT"]
    assert len(table) == 1 + len(expected)
    for row, (source, text, status, _) in zip(table[1:], expected, strict=True):
        assert row.startswith(source) and text in row and status.replace("_", " ") in row


def test_output_goes_to_a_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write_drawing(tmp_path / "a.png")
    assert run(monkeypatch, path, "--json", "--output", tmp_path / "answers.jsonl") == 0
    assert capsys.readouterr().out == ""
    assert [answer.source for answer in answers((tmp_path / "answers.jsonl").read_text())] == [str(path)]
    assert run(monkeypatch, path, "--output", tmp_path / "no" / "answers") == 1
    assert "cannot be written" in capsys.readouterr().err


def test_annotated_pages_are_written(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_drawing(tmp_path / "in" / "a.png")
    write_drawing(tmp_path / "in" / "b" / "a.jpg")
    write_drawing(tmp_path / "in" / "c.tif", pages=2)
    (tmp_path / "in" / "d.png").write_bytes(b"")
    assert run(monkeypatch, tmp_path / "in", "--annotate", tmp_path / "out") == 1
    written = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert written == ["a-2.png", "a.png", "c-p2.png", "c.png"]
    for name in written:
        with Image.open(tmp_path / "out" / name) as picture:
            assert picture.mode == "RGB" and min(picture.size) >= 480
    assert f"4 annotated pictures in {tmp_path / 'out'}" in capsys.readouterr().err
    assert run(monkeypatch, tmp_path / "in", "--annotate", tmp_path / "in" / "a.png") == 1
    assert "cannot be made" in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("--json", "--csv", "x.png"),
        ("--pages", "three", "x.png"),
        ("--threads", "0", "x.png"),
        ("--max-pixels", "-1", "x.png"),
        ("--nonsense", "x.png"),
    ],
)
def test_wrong_use_ends_with_2(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...]
) -> None:
    assert run(monkeypatch, *arguments) == 2
    captured = capsys.readouterr()
    assert "Traceback" not in captured.out + captured.err


@pytest.mark.parametrize(
    ("flag", "name"), [("--max-pixels", "a.png"), ("--max-bytes", "a.png"), ("--max-pages", "a.tif")]
)
def test_limits_are_flags(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str], flag: str, name: str
) -> None:
    path = write_drawing(tmp_path / name, pages=2 if name.endswith("tif") else 1)
    assert run(monkeypatch, path, flag, 1) == 1
    assert flag in capsys.readouterr().err
    assert run(monkeypatch, path, flag, 10_000_000) == 0


def test_missing_weights_are_one_message(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write_drawing(tmp_path / "a.png")
    assert run(monkeypatch, path, "--weights", tmp_path / "no.onnx") == 1
    captured = capsys.readouterr()
    assert captured.err.startswith("inkdigits: ") and "no.onnx" in captured.err
    assert "Traceback" not in captured.err


def test_version(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    import inkdigits

    monkeypatch.setattr(sys, "argv", ["inkdigits", "--version"])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert not ended.value.code
    assert capsys.readouterr().out == f"inkdigits {inkdigits.__version__}\n"


@pytest.mark.parametrize(
    ("error", "shown"), [(InkdigitsError("too odd"), "too odd"), (KeyError("x"), "internal error")]
)
def test_no_traceback_reaches_a_user(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    error: Exception,
    shown: str,
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.delenv("INKDIGITS_DEBUG", raising=False)
    monkeypatch.setattr(report, "json_writer", fail)
    assert run(monkeypatch, write_drawing(tmp_path / "a.png"), "--json") == 1
    captured = capsys.readouterr()
    assert shown in captured.err and "Traceback" not in captured.err
    monkeypatch.setenv("INKDIGITS_DEBUG", "1")
    if not isinstance(error, InkdigitsError):
        monkeypatch.setattr(sys, "argv", ["inkdigits", "read", str(tmp_path / "a.png"), "--json"])
        with pytest.raises(type(error)):
            cli.main()


COMMAND = [sys.executable, "-c", "from inkdigits.cli import main; main()", "read"]


def test_standard_input_is_read(tmp_path: Path) -> None:
    data = write_drawing(tmp_path / "a.png").read_bytes()
    done = subprocess.run([*COMMAND, "-", "--json"], input=data, capture_output=True)
    assert done.returncode == 0 and done.stderr == b""
    (answer,) = answers(done.stdout.decode())
    assert (answer.source, answer.width, answer.height) == ("-", 90, 60)
    done = subprocess.run([*COMMAND, "-"], input=b"", capture_output=True)
    assert done.returncode == 1 and done.stderr == b"inkdigits: -: the file is empty\n"


def test_a_closed_pipe_ends_quietly(tmp_path: Path) -> None:
    path = write_drawing(tmp_path / "a.png")
    child = subprocess.Popen(
        [*COMMAND, *[str(path)] * 50, "--json"], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert child.stdout and child.stderr
    child.stdout.readline()
    child.stdout.close()
    assert child.stderr.read() == b""
    assert child.wait() == 1
    child.stderr.close()


def test_ctrl_c_ends_with_130_and_whole_answers(tmp_path: Path) -> None:
    path = write_drawing(tmp_path / "a.png")
    pipe = tmp_path / "pipe.png"
    os.mkfifo(pipe)  # nobody writes to it: the second file keeps the command waiting
    # Tests that run in a shell's background have Ctrl-C switched off, and children inherit that. To switch it
    # on in the child, by preexec_fn, would fork; JAX, which other tests load, warns of that.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        child = subprocess.Popen(
            [*COMMAND, path, pipe, "--json"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
    finally:
        signal.signal(signal.SIGINT, before)
    assert child.stdout and child.stderr
    first = child.stdout.readline()
    time.sleep(0.2)
    child.send_signal(signal.SIGINT)
    rest, complaints = child.communicate(timeout=20)
    assert child.returncode == 130
    assert [answer.source for answer in answers(first + rest)] == [str(path)]
    assert "Traceback" not in complaints


def test_natural_order() -> None:
    names = ["b1", "a10", "A2", "a2b10", "a2b9", "10", "9"]
    assert sorted(names, key=natural_key) == ["9", "10", "A2", "a2b9", "a2b10", "a10", "b1"]


def test_a_named_file_is_never_judged_by_its_suffix(tmp_path: Path) -> None:
    odd = tmp_path / "scan[1].dat"
    odd.write_bytes(b"x")
    assert expand(str(odd)) == [str(odd)]
    assert expand("-") == ["-"]
    with pytest.raises(InputError, match="no file matches"):
        expand(str(tmp_path / "*.png"))
    nested = write_drawing(tmp_path / "deep" / "er" / "a.png")
    assert sorted(expand(str(tmp_path / "**"))) == sorted([str(nested), str(odd)])


ANSWER = Answer(
    source="a.png",
    page=1,
    width=200,
    height=100,
    lines=(
        Line(
            "15",
            0.9996,
            "ok",
            (20, 5, 60, 30),
            digits=(Digit("1", 0.9997, (20, 5, 20, 30)), Digit("5", 0.9998, (50, 5, 30, 30))),
            marks=(Mark(".", (45, 30, 4, 4)),),
        ),
        Line("7", 0.4, "unsure", (20, 50, 20, 30), digits=(Digit("7", 0.4, (20, 50, 20, 30)),)),
        Line("", 0.0, "not_digits", (120, 20, 60, 60), reasons=("more strokes than digits have",)),
    ),
)


def test_table_rounds_down_and_shows_the_reason() -> None:
    out = io.StringIO()
    report.table_writer(out, ["a.png"], in_color=False)(ANSWER)
    rows = [row.split(maxsplit=3) for row in out.getvalue().splitlines()[1:]]
    assert [row[-1].split() for row in rows] == [
        ["+", "ok", "99.9%", "15"],
        ["?", "unsure", "40.0%", "7"],
        "x not digits more strokes than digits have".split(),
    ]


def test_table_colours_only_when_told_and_keeps_the_terminal_safe() -> None:
    plain, colored = io.StringIO(), io.StringIO()
    odd = Answer(source="evil\x1b[2J.png", page=1, width=0, height=0, error="no")
    for out, in_color in ((plain, False), (colored, True)):
        report.table_writer(out, [odd.source], in_color=in_color)(odd)
    assert "\x1b" not in plain.getvalue()
    assert "\x1b[31m! error" in colored.getvalue() and "\x1b[2J" not in colored.getvalue()


@pytest.mark.parametrize("size", [(28, 28), (200, 100), (4000, 500), (1, 1)])
def test_annotation_shows_status_by_more_than_colour(size: tuple[int, int]) -> None:
    width, height = size
    page = Page(np.full((height, width), 230, np.uint8), "a.png", 1)
    scale = min(width / 200, height / 100)
    drawn = annotate(page, _scaled_answer(scale))
    blank = annotate(page, Answer("a.png", 1, width, height))
    assert drawn.dtype == np.uint8 and drawn.shape == blank.shape and drawn.shape[2] == 3
    assert 400 <= max(drawn.shape[:2]) <= 3200
    if min(size) > 20:
        # Without colour, each line's frame is still there, and the frames differ.
        gray = drawn.mean(axis=2)
        assert (np.abs(gray - blank.mean(axis=2)) > 20).sum() > 500


def _scaled_answer(scale: float) -> Answer:
    def box(values: tuple[int, int, int, int]) -> tuple[int, int, int, int]:
        x, y, width, height = (int(value * scale) for value in values)
        return x, y, width, height

    lines = tuple(
        Line(
            line.text,
            line.confidence,
            line.status,
            box(line.box),
            tuple(Digit(digit.text, digit.confidence, box(digit.box)) for digit in line.digits),
            tuple(Mark(mark.text, box(mark.box)) for mark in line.marks),
        )
        for line in ANSWER.lines
    )
    return Answer("a.png", 1, 200, 100, lines)


def test_an_album_never_overwrites_its_own_pictures(tmp_path: Path) -> None:
    album = Album(tmp_path / "out")
    pages = [
        Page(np.zeros((5, 5), np.uint8), source, number)
        for source, number in (("x/a.png", 1), ("y/a.png", 1), ("a-2.png", 1), ("a.pdf", 2), ("-", 1))
    ]
    names = [album.add(page, Answer(page.source, page.number, 5, 5)).name for page in pages]
    assert names == ["a.png", "a-2.png", "a-2-2.png", "a-p2.png", "standard-input.png"]
    assert album.count == len(set(names)) == len(list((tmp_path / "out").iterdir()))
