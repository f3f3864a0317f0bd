"""`inkdigits serve` as an operator uses it."""

from __future__ import annotations

import inspect
import json
import socket
import subprocess
import sys
from pathlib import Path

import httpx
import psutil
import pytest
from serving import serving

from inkdigits.service.cli import serve
from inkdigits.service.settings import Settings

JPEG = {"content-type": "image/jpeg"}
PICTURE = (Path(__file__).parents[2] / "examples" / "string.jpg").read_bytes()


def refused(*flags: str) -> str:
    """What `serve` says when it does not start."""
    command = [sys.executable, "-m", "inkdigits", "serve", *flags]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 1 and "Traceback" not in done.stderr
    assert done.stderr.startswith("inkdigits: ") and len(done.stderr.splitlines()) == 1, done.stderr
    return done.stderr


def test_it_says_why_it_does_not_start(tmp_path: Path) -> None:
    assert "--api-key-file" in refused("--host", "0.0.0.0")
    assert "no such weights" in refused("--port", "0", "--weights", str(tmp_path / "none.onnx"))
    assert "keys" in refused("--port", "0", "--api-key-file", str(tmp_path / "none"))
    with socket.create_server(("127.0.0.1", 0)) as taken:
        assert "--port" in refused("--port", str(taken.getsockname()[1]))


def test_it_keeps_what_it_is_told_to_keep_logs_no_image_and_ends(tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    with serving("--store", str(kept), "--workers", "1") as served:
        answer = httpx.post(f"{served.url}/v1/read", files={"f": ("../../a name.jpg", PICTURE)})
        name = answer.headers["x-request-id"]
        workers = served.workers()
        assert served.end() == 0
        assert not any(worker.is_running() and worker.status() != "zombie" for worker in workers)
        lines = [json.loads(line) for line in served.said if line.startswith("{")]
    assert sorted(path.name for path in kept.iterdir()) == [f"{name}-1.bin", f"{name}.json"]
    assert (kept / f"{name}-1.bin").read_bytes() == PICTURE
    assert json.loads((kept / f"{name}.json").read_text()) == answer.json()
    (line,) = [line for line in lines if line["message"] == "request"]
    assert (line["request_id"], line["path"], line["status"]) == (name, "/v1/read", 200)
    assert not any("a name" in one for one in served.said)


@pytest.mark.skipif(sys.platform != "linux", reason="psutil tells other processes' limits on Linux alone")
def test_no_file_can_make_a_worker_fill_the_memory() -> None:
    with serving("--workers", "1", "--max-pixels", "10000000") as served:
        (worker,) = served.workers()
        most, _ = worker.rlimit(psutil.RLIMIT_DATA)
        assert 1e9 < most < 2e9
        assert httpx.post(f"{served.url}/v1/read", content=PICTURE, headers=JPEG).status_code == 200


def test_nothing_is_kept_unless_it_is_told_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    with serving("--workers", "1") as served:
        form = httpx.post(
            f"{served.url}/v1/read", files={"f": ("a.jpg", PICTURE), "g": ("b", bytes(2_000_000))}
        )
        assert form.status_code == 200
        assert not list(tmp_path.iterdir())


def test_a_key_is_asked_for_and_slow_bodies_are_not_waited_for_forever(tmp_path: Path) -> None:
    keys = tmp_path / "keys"
    keys.write_text("a-key-of-sixteen-letters\n")
    with serving("--api-key-file", str(keys), "--workers", "1") as served:
        assert httpx.post(f"{served.url}/v1/read", content=PICTURE).status_code == 401
        key = {"authorization": "Bearer a-key-of-sixteen-letters"}
        answer = httpx.post(f"{served.url}/v1/read", content=PICTURE, headers=key)
        assert answer.json()["answers"][0]["text"] == "30517"
        assert httpx.get(f"{served.url}/healthz").status_code == 200


@pytest.mark.parametrize("setting", ["host", "port", "places", "batch"])
def test_what_the_command_does_by_default_is_what_the_settings_say(setting: str) -> None:
    assert inspect.signature(serve).parameters[setting].default == getattr(Settings(), setting)
