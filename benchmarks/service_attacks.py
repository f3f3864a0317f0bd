"""Hostile uploads, each decided by a seed and its number alone. In: both. Out: an `Attack`: what to send.

Most are damaged pictures and documents in every way that the service takes them. The others are wrong types
and parameters, tricks in names and addresses, broken HTTP, clients that leave or dawdle, and bombs.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from service_client import request
from service_damage import bombs, damaged, endless, real_files, small_documents, small_files

T = TypeVar("T")

STALLED_EVERY, ENDLESS_EVERY = 2000, 20_000  # these keep a place or a worker for half a minute each

_BOUNDARY = "a-boundary"
_FORM = f"multipart/form-data; boundary={_BOUNDARY}"
_NAMES = (
    b"../../../../etc/passwd",
    b"..\\..\\windows\\win.ini",
    b"/etc/shadow",
    b"C:\\autoexec.bat",
    b"a\0b.png",
    b"%2e%2e%2f%2e%2e%2fetc%2fpasswd",
    b"..",
    b"",
    b"a" * 5000,
    b"\xff\xfe\xfd.png",
    "\u202egnp.exe".encode(),
    b"<script>alert(1)</script>.png",
    b"$(touch owned).png",
    b"|touch owned",
    b"a.png\r\nX-Evil: 1",
)
_KINDS = (
    "text/html",
    "application/xml",
    "application/x-www-form-urlencoded",
    "multipart/form-data",
    "multipart/form-data; boundary=" + "x" * 300,
    "multipart/mixed; boundary=a",
    "application/json; charset=utf-16",
    "image/svg+xml",
    "image/\udcff",
    "",
    None,
)
_QUERIES = (
    "pages=9-1",
    "pages=1-99999999999999999999",
    "pages=" + "1," * 500,
    "pattern=(%5Cd%2B)%2B%2B",
    "pattern=((((((((((%5Cd%7B99%7D)%7B99%7D)%7B99%7D)%7B99%7D",
    "pattern=(a%7Caa)%2Bb",
    "pattern=%5B",
    "length=-1",
    "length=1e9",
    "check=../../luhn",
    "check=mod97&length=50",
    "shown=%00",
    "shown=true&pages=%ff",
    "x=" + "y" * 20_000,
)
_ADDRESSES = (
    "/static/../../../../etc/passwd",
    "/static/%2e%2e/%2e%2e/app.py",
    "/static/..%2f..%2f..%2fetc/passwd",
    "/docs/swagger/../../../../../etc/passwd",
    "/docs/swagger/%00",
    "//etc/passwd",
    "/v1/read/../../healthz",
    "/v1/read%00",
    "/v1/preview?page=0",
    "/v1/preview?page=99999999999999999999",
    "/" + "a/" * 2000,
    "/\udcff\udcfe",
)
_JSON = (
    b"",
    b"null",
    b"[" * 100_000,
    b'{"images": ' + b"[" * 50_000,
    b'{"images": [{"data": 7}]}',
    b'{"images": [{"data": "===="}]}',
    b'{"images": [{"data": "\\ud800"}]}',
    b'{"images": [{"name": ["a"], "data": ""}]}',
    b'{"images": [' + b'{"data": ""},' * 1000 + b'{"data": ""}]}',
    b'{"images": "' + b"A" * 500_000 + b'"}',
    b'{"images": [{"data": ""}], "length": ' + b"9" * 6000 + b"}",
    b'{"images": [{"data": ""}], "pages": {"a": NaN}}',
    b"\xff\xfe{\0}\0",
)
_LENGTH = b"POST /v1/read HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: %s\r\n\r\n%s"
_CHUNKED = b"POST /v1/read HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n\r\n%s"
_BROKEN = (
    _LENGTH % (b"-5", b"abc"),
    _LENGTH % (b"1e3", b"abc"),
    _LENGTH % (b"99999999999999999999999", b"abc"),
    _LENGTH % (b"3\r\nContent-Length: 5", b"abcde"),
    _LENGTH % (b"3\r\nTransfer-Encoding: chunked", b"3\r\nabc\r\n0\r\n\r\n"),
    _LENGTH % (b"3", b"abcGET /healthz HTTP/1.1\r\n\r\n"),
    _LENGTH % (b"5\r\nExpect: 100-continue", b""),
    _LENGTH % (b"3\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13", b"abc"),
    _LENGTH % (b"3\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c", b"abc"),
    _LENGTH % (b"3\r\nHost: evil.example", b"abc"),
    _LENGTH % (b"3\r\nX: " + b"y" * 200_000, b"abc"),
    _LENGTH % (b"3" + b"\r\nX: y" * 5000, b"abc"),
    _LENGTH % (b"3\r\n folded: header", b"abc"),
    _LENGTH % (b"3\r\nX\0: y", b"abc"),
    _CHUNKED % b"zz\r\nabc\r\n",
    _CHUNKED % b"ffffffffffffffff\r\nabc\r\n",
    _CHUNKED % b"3;x=\0\r\nabcdef",
    _CHUNKED % (b"1\r\na\r\n" * 2000 + b"0\r\n\r\n"),
    b"GET / HTTP/9.9\r\n\r\n",
    b"GET /\r\n\r\n",
    b"OPTIONS * HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    b"BREW /v1/read HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
    b"POST http://evil.example/v1/read HTTP/1.1\r\nHost: evil.example\r\nContent-Length: 0\r\n\r\n",
    b"\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03" + bytes(200),
    b"\r\n" * 5000,
    bytes(5000),
)


@dataclass(frozen=True)
class Attack:
    """One hostile upload.

    Attributes:
        kind: what it tries.
        pieces: bytes to send, and seconds to pause between them.
        whole: HTTP of which the service owes an answer; else it may hang up, or wait for more.
        hang_up: the client leaves when all is sent.
    """

    kind: str
    pieces: tuple[bytes | float, ...]
    whole: bool = True
    hang_up: bool = False


def _one(choices: tuple[T, ...], random: np.random.Generator) -> T:
    return choices[random.integers(len(choices))]


def _form(files: list[tuple[bytes, bytes]], random: np.random.Generator) -> bytes:
    """A form with files of these names, and sometimes with a field that asks for something."""
    parts = [
        b'Content-Disposition: form-data; name="files"; filename="%s"\r\n\r\n%s' % (name, content)
        for name, content in files
    ]
    if random.random() < 0.3:
        parts.append(b'Content-Disposition: form-data; name="pages"\r\n\r\n' + _one(_NAMES, random))
    mark = b"--" + _BOUNDARY.encode()
    return b"".join(b"%s\r\n%s\r\n" % (mark, part) for part in parts) + mark + b"--\r\n"


def _any_file(random: np.random.Generator) -> bytes:
    return damaged(small_files() + small_documents(), random)


def _picture(random: np.random.Generator) -> Attack:
    kind = _one(("image/png", "image/jpeg", "application/octet-stream", "application/pdf"), random)
    return Attack("damaged picture", (request(damaged(small_files(), random), kind=kind),))


def _document(random: np.random.Generator) -> Attack:
    body = damaged(small_documents(), random)
    return Attack("damaged PDF", (request(body, kind="application/pdf"),))


def _real(random: np.random.Generator) -> Attack:
    return Attack("damaged photo", (request(damaged(real_files(), random)),))


def _preview(random: np.random.Generator) -> Attack:
    path = _one(("/v1/preview", "/v1/preview?page=2", "/v1/preview?page=999999"), random)
    return Attack("damaged file to preview", (request(_any_file(random), path),))


def _names(random: np.random.Generator) -> Attack:
    count = int(random.integers(1, 4)) if random.random() < 0.99 else 40
    body = _form([(_one(_NAMES, random), _any_file(random)) for _ in range(count)], random)
    if random.random() < 0.3:
        body = damaged((body,), random)
    return Attack("tricks in names, form", (request(body, kind=_FORM),))


def _json_names(random: np.random.Generator) -> Attack:
    name = _one(_NAMES, random).decode("utf-8", errors="replace")
    data = base64.b64encode(_any_file(random)).decode()
    body = json.dumps({"images": [{"name": name, "data": data}]}).encode()
    if random.random() < 0.3:
        body = damaged((body,), random)
    return Attack("tricks in names, JSON", (request(body, kind="application/json"),))


def _json(random: np.random.Generator) -> Attack:
    return Attack("hostile JSON", (request(_one(_JSON, random), kind="application/json"),))


def _wrong_type(random: np.random.Generator) -> Attack:
    return Attack("wrong type", (request(_any_file(random), kind=_one(_KINDS, random)),))


def _parameters(random: np.random.Generator) -> Attack:
    path = f"/v1/read?{_one(_QUERIES, random)}"
    return Attack("hostile parameters", (request(_one(small_files(), random), path),))


def _address(random: np.random.Generator) -> Attack:
    method = _one(("GET", "POST", "PUT", "DELETE", "OPTIONS"), random)
    return Attack("hostile address", (request(b"", _one(_ADDRESSES, random), method=method),))


def _broken(random: np.random.Generator) -> Attack:
    return Attack("broken HTTP", (_one(_BROKEN, random),), whole=False)


def _left(random: np.random.Generator) -> Attack:
    sent = request(_any_file(random))
    pause = float(random.random() * 0.05)
    cut = int(random.integers(1, len(sent) + 1))
    return Attack("client that leaves", (sent[:cut], pause), whole=False, hang_up=True)


def _slow(random: np.random.Generator) -> Attack:
    sent = request(_any_file(random))
    step = max(1, len(sent) // int(random.integers(3, 12)))
    pieces: list[bytes | float] = []
    for start in range(0, len(sent), step):
        pieces += [sent[start : start + step], float(random.random() * 0.2)]
    return Attack("slow body", tuple(pieces))


def _bomb(random: np.random.Generator) -> Attack:
    path = _one(("/v1/read", "/v1/read", "/v1/preview"), random)
    return Attack("bomb", (request(_one(bombs(), random), path),))


def _large(random: np.random.Generator) -> Attack:
    size = _one((33 << 20, 60 << 20), random)
    return Attack("too many bytes", (request(bytes(size)),))


_WEIGHTS: dict[Callable[[np.random.Generator], Attack], float] = {
    _picture: 500,
    _document: 100,
    _real: 30,
    _preview: 60,
    _names: 90,
    _json_names: 40,
    _json: 20,
    _wrong_type: 40,
    _parameters: 30,
    _address: 20,
    _broken: 30,
    _left: 30,
    _slow: 6,
    _bomb: 3,
    _large: 1,
}
_SHARES = np.array(list(_WEIGHTS.values())) / sum(_WEIGHTS.values())


def attack(seed: int, number: int) -> Attack:
    """The attack of this number, always the same."""
    random = np.random.default_rng((seed, number))
    if number % STALLED_EVERY == STALLED_EVERY // 2:
        return Attack("stalled body", (request(_any_file(random))[:-1],))
    if number % ENDLESS_EVERY == ENDLESS_EVERY // 2:
        return Attack("endless drawing", (request(endless(), kind="application/pdf"),))
    return list(_WEIGHTS)[random.choice(len(_WEIGHTS), p=_SHARES)](random)
