"""The walls between the two halves, and the house rules that a machine can check."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image, ImageDraw

SOURCE = Path(__file__).parent.parent / "src" / "inkdigits"
MODULES = sorted(SOURCE.rglob("*.py"))

# What reading must never load: it runs where none of these is installed.
LEARNING_ONLY = (
    "keras",
    "tensorflow",
    "torch",
    "jax",
    "matplotlib",
    "sklearn",
    "scipy",
    "pandas",
    "onnx",
    "tf2onnx",
)


def loaded_by(code: str, *arguments: str) -> set[str]:
    """The top-level modules that a fresh interpreter has loaded after running `code`."""
    report = "\nimport sys; print('LOADED', *sorted({name.partition('.')[0] for name in sys.modules}))"
    done = subprocess.run([sys.executable, "-c", code + report, *arguments], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return set(done.stdout.rpartition("LOADED")[2].split())


@pytest.mark.parametrize(
    "module", ["inkdigits", "inkdigits.reading.reader", "inkdigits.cli", "inkdigits.service.worker"]
)
def test_reading_never_imports_learning_libraries(module: str) -> None:
    assert loaded_by(f"import {module}").isdisjoint(LEARNING_ONLY)


def test_importing_the_package_loads_no_image_or_network_library() -> None:
    assert loaded_by("import inkdigits").isdisjoint({"numpy", "cv2", "PIL", "onnxruntime", "typer", "rich"})


def test_the_services_first_process_loads_no_network_library() -> None:
    assert "onnxruntime" not in loaded_by("import inkdigits.service.app"), "its workers read, it does not"


def test_a_reading_never_imports_learning_libraries(tmp_path: Path) -> None:
    image = Image.new("L", (80, 60), 255)
    ImageDraw.Draw(image).line((40, 10, 38, 50), fill=30, width=5)
    image.save(tmp_path / "one.png")
    image.save(tmp_path / "one.pdf")
    code = (
        "import sys, inkdigits.cli\n"
        "try: inkdigits.cli.main()\n"
        "except SystemExit as ended: assert not ended.code, ended.code"
    )
    arguments = ["read", str(tmp_path), "--json", "--annotate", str(tmp_path / "out")]
    assert loaded_by(code, *arguments).isdisjoint(LEARNING_ONLY)


def test_a_reading_tells_nobody_and_leaves_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = tmp_path / "home"
    home.mkdir()
    for name in ("HOME", "TMPDIR", "XDG_DATA_HOME", "XDG_CACHE_HOME"):
        monkeypatch.setenv(name, str(home))
    monkeypatch.delenv("ORT_DISABLE_TELEMETRY", raising=False)
    monkeypatch.delenv("CI", raising=False)
    image = tmp_path / "one.png"
    Image.new("L", (80, 60), 255).save(image)
    loaded_by("import sys, inkdigits; inkdigits.read(sys.argv[1])", str(image))
    assert not list(home.iterdir())


def test_the_package_imports_in_under_300_milliseconds() -> None:
    code = "import time; start = time.perf_counter(); import inkdigits; print(time.perf_counter() - start)"
    seconds = [
        float(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout)
        for _ in range(5)
    ]
    assert min(seconds) < 0.3


def test_the_reading_half_names_no_learning_module() -> None:
    for path in [*(SOURCE / "reading").glob("*.py"), SOURCE / "answer.py", SOURCE / "errors.py"]:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            for name in names:
                assert name.partition(".")[0] not in LEARNING_ONLY, f"{path.name} imports {name}"
                assert not name.startswith("inkdigits.learning"), f"{path.name} imports {name}"


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(SOURCE)))
def test_every_module_says_what_it_is_and_stays_short(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert (ast.get_docstring(ast.parse(text)) or "").strip(), "the module has no docstring"
    assert len(text.splitlines()) <= 350, "longer than 350 lines: two nouns in one file"
