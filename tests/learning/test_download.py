"""Downloads from a server of our own: whole, resumed, damaged, out of reach."""

import hashlib
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import StringIO
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from inkdigits.errors import DataError
from inkdigits.learning.download import download, download_source
from inkdigits.learning.sources import Source, SourceFile

DATA = np.random.default_rng(0).bytes(300_000)


class Mirror(ThreadingHTTPServer):
    """Serves DATA in the way that `behaviour` names, and notes which ranges it was asked for."""

    behaviour = "whole"
    asked: list[str | None]


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        mirror = self.server
        assert isinstance(mirror, Mirror)
        asked = self.headers.get("Range")
        mirror.asked.append(asked)
        if mirror.behaviour == "absent":
            self.send_error(404)
            return
        data = DATA if mirror.behaviour != "damaged" else DATA[:-1] + bytes([DATA[-1] ^ 1])
        start = 0
        if asked and mirror.behaviour != "no ranges":
            start = int(asked.removeprefix("bytes=").removesuffix("-"))
            self.send_response(206)
            self.send_header("Content-Range", f"bytes {start}-{len(data) - 1}/{len(data)}")
        else:
            self.send_response(200)
        body = data[start:]
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[: 100_000 if mirror.behaviour == "breaks" else None])

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def mirror() -> Iterator[Mirror]:
    server = Mirror(("127.0.0.1", 0), Handler)
    server.asked = []
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


def file_of(*mirrors: Mirror) -> SourceFile:
    urls = tuple(f"http://127.0.0.1:{one.server_address[1]}/data.bin" for one in mirrors)
    return SourceFile("set/data.bin", hashlib.sha256(DATA).hexdigest(), len(DATA), urls)


def test_a_file_arrives_whole_and_reports_its_progress(mirror, tmp_path):
    seen: list[int] = []
    path = download(file_of(mirror), tmp_path, seen.append)
    assert path == tmp_path / "set" / "data.bin" and path.read_bytes() == DATA
    assert seen[-1] == len(DATA) and seen == sorted(seen)
    assert [one.name for one in path.parent.iterdir()] == ["data.bin"]


def test_a_broken_download_goes_on_where_it_broke_off(mirror, tmp_path):
    mirror.behaviour = "breaks"
    with pytest.raises(DataError, match="no mirror gave it"):
        download(file_of(mirror), tmp_path)
    part = tmp_path / "set" / "data.bin.part"
    got = part.stat().st_size
    assert 0 < got < len(DATA) and not part.with_suffix("").exists()
    mirror.behaviour = "whole"
    assert download(file_of(mirror), tmp_path).read_bytes() == DATA
    assert mirror.asked[-1] == f"bytes={got}-"


def test_a_server_without_ranges_sends_it_anew(mirror, tmp_path):
    (tmp_path / "set").mkdir()
    (tmp_path / "set" / "data.bin.part").write_bytes(DATA[:1000])
    mirror.behaviour = "no ranges"
    assert download(file_of(mirror), tmp_path).read_bytes() == DATA


def test_a_damaged_rest_is_thrown_away_and_fetched_anew(mirror, tmp_path):
    (tmp_path / "set").mkdir()
    (tmp_path / "set" / "data.bin.part").write_bytes(b"not the beginning" * 100)
    assert download(file_of(mirror), tmp_path).read_bytes() == DATA
    assert mirror.asked[-1] is None


def test_a_damaged_download_is_deleted_and_never_used(mirror, tmp_path):
    mirror.behaviour = "damaged"
    with pytest.raises(DataError, match="sha256 is not the one known"):
        download(file_of(mirror), tmp_path)
    assert list((tmp_path / "set").iterdir()) == []


def test_the_next_mirror_is_asked(mirror, tmp_path):
    other = Mirror(("127.0.0.1", 0), Handler)
    other.asked, other.behaviour = [], "absent"
    thread = threading.Thread(target=other.serve_forever, daemon=True)
    thread.start()
    try:
        assert download(file_of(other, mirror), tmp_path).read_bytes() == DATA
        assert len(other.asked) == 1
    finally:
        other.shutdown()
        other.server_close()
        thread.join()


def test_a_source_fetches_only_what_is_not_there_and_names_what_it_cannot(mirror, tmp_path):
    by_hand = SourceFile("set/hand.npz", "0" * 64, 10)
    source = Source("set", "a set", "ours", "http://127.0.0.1/", True, (file_of(mirror), by_hand))
    console = Console(file=StringIO())
    for _ in range(2):
        with pytest.raises(DataError, match="no public download.*") as caught:
            download_source(source, tmp_path, console)
        assert str(tmp_path / "set" / "hand.npz") in str(caught.value)
    assert len(mirror.asked) == 1
    whole = Source("set", "a set", "ours", "", True, (file_of(mirror),))
    assert download_source(whole, tmp_path, console) == [tmp_path / "set" / "data.bin"]


def test_a_mirror_out_of_reach_is_an_error_of_ours(tmp_path: Path):
    nowhere = SourceFile("set/data.bin", "0" * 64, 10, ("http://127.0.0.1:9/data.bin",))
    with pytest.raises(DataError, match="no mirror gave it"):
        download(nowhere, tmp_path)
