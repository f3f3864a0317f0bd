"""README.md says what is so: figures are those of results/, commands run, the answer has our fields."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import pytest

from inkdigits.answer import Answer

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
RUNNABLE = re.findall(r"<!-- run -->\n```sh\n(.*?)```", README, re.DOTALL)
PYTHON = re.findall(r"```python\n(.*?)```", README, re.DOTALL)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a copy of examples/, as the working directory."""
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def readme_tables(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(ROOT / "scripts")
    import readme_tables

    return readme_tables


def test_readme_has_commands_and_python() -> None:
    assert RUNNABLE and PYTHON


@pytest.mark.parametrize("line", [line for block in RUNNABLE for line in block.splitlines() if line])
def test_command_runs(line: str, folder: Path) -> None:
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", line],
        cwd=folder,
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout or any(path.stat().st_size for path in folder.glob("answers.*"))


@pytest.mark.parametrize("code", PYTHON)
def test_python_runs(code: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    exec(compile(code, "README.md", "exec"), {"__name__": "readme"})
    assert any(character.isdigit() for character in capsys.readouterr().out)


def test_answer_is_one_of_ours() -> None:
    (block,) = re.findall(r"```json\n(.*?)```", README, re.DOTALL)
    shown = json.loads(block)
    assert Answer.from_dict(shown).to_dict() == shown
    assert shown["lines"] and shown["lines"][0]["digits"]


def test_figures_are_those_of_results(readme_tables: Any) -> None:
    assert readme_tables.main(["--check"]) == 0


def test_the_readme_shows_some_figures_of_a_file_and_docs_all(readme_tables: Any) -> None:
    every = readme_tables.render(ROOT / "results").splitlines()
    assert set(readme_tables.SHOWN) <= set(readme_tables.TITLES)
    for name, patterns in readme_tables.SHOWN.items():
        rows = json.loads((ROOT / "results" / f"{name}.json").read_text(encoding="utf-8"))
        for pattern in patterns:
            assert any(fnmatch(row["figure"], pattern) for row in rows), f"{name}: {pattern}"
    some = readme_tables.render(ROOT / "results", readme_tables.SHOWN).splitlines()
    assert len(some) < len(every)
    first = {line.split("|")[1] for line in every if line.startswith("|")}
    assert {line.split("|")[1] for line in some if line.startswith("|")} <= first


def test_links_lead_somewhere() -> None:
    documents = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").glob("*.md")]
    links = [
        (document, link)
        for document in documents
        for link in re.findall(r"\]\(([^)#:]+)\)", document.read_text(encoding="utf-8"))
    ]
    assert links
    assert [
        f"{document.name}: {link}" for document, link in links if not (document.parent / link).exists()
    ] == []


def test_make_targets_exist() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    named = {name for name in re.findall(r"\bmake ([a-z]+)\b(?=[`\s])", README)}
    assert {"demo", "test", "weights"} <= named
    assert named <= targets


def test_table_shows_peers_targets_and_intervals(tmp_path: Path, readme_tables: Any) -> None:
    made = {
        "n": 200,
        "unit": "%",
        "hardware": {"cpu": "A processor", "cores": 2},
        "versions": {},
        "commit": "0123456789abcdef+dirty",
        "command": "python benchmarks/real_ink.py",
    }
    rows = [
        {"figure": "photos exact", "value": 96.5, "low": 92.9, "high": 98.3, "target": ">= 95", **made},
        {"figure": "photos exact, Tesseract 5", "value": 15.0, "low": 10.7, "high": 20.6, **made},
        {"figure": "cheques exact", "value": 48.123, "sd": 0.5, "target": ">= 50", **made},
    ]
    rows.append({"figure": "pages read", "value": 50, "detail": {"table": "How soon"}, **made})
    (tmp_path / "real_ink.json").write_text(json.dumps(rows))
    text = readme_tables.render(tmp_path)
    apart = text[text.index("#### How soon") :]
    assert "| pages read | 50 % |" in apart and "cheques" not in apart[4:].partition("###")[0]
    assert "| photos exact | 96.50 % | 92.90 to 98.30 | 200 | ≥ 95 | 15.00 % |" in text
    assert "| cheques exact | 48.12 % | ± 0.5 | 200 | ≥ 50 (missed) |  |" in text
    assert "`python benchmarks/real_ink.py`; A processor, 2 cores; commit 0123456789+." in text
    assert "Not measured yet: `python benchmarks/mnist.py`." in text
