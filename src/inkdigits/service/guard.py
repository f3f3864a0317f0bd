"""Who may ask, how often, and what a browser may do with the answer. In: every request. Out: the same, or a
problem.

`Guard` wraps the whole application: it names the request, checks host, key and rate, adds headers, counts and
logs.
"""

from __future__ import annotations

import hmac
import logging
import time
import uuid
from pathlib import Path

from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from inkdigits.errors import InkdigitsError
from inkdigits.service.measures import Measures
from inkdigits.service.problems import Problem, document
from inkdigits.service.settings import Settings

log = logging.getLogger("inkdigits.service")

_GUARDED = ("/v1/", "/metrics")  # paths that a key opens; the page itself holds no secret
_LOCAL_HOSTS = {"localhost", "127.0.0.1", "[::1]"}
_SHORTEST_KEY = 16
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_HEADERS = {
    "content-security-policy": _POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "geolocation=(), microphone=()",
}


class Keys:
    """The keys of a file, one a line, `#` for comments. Read again when the file changes, so that keys are
    changed without a restart; a file that has become unreadable leaves the keys as they were.

    Raises:
        InkdigitsError: at first, where the file is missing, holds no key, or one too short to be safe.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._keys: list[bytes] = []
        self._seen: tuple[int, int] = (0, 0)
        self._load()

    def knows(self, key: str) -> int | None:
        """The number of a key in the file, None for a wrong one; every key takes the same time."""
        try:
            self._load()
        except InkdigitsError as error:
            log.error("keys were not read again", extra={"error": str(error)})
        given = key.encode("utf-8", errors="replace")
        found = [number for number, known in enumerate(self._keys) if hmac.compare_digest(known, given)]
        return found[0] if found else None

    def _load(self) -> None:
        try:
            status = self._path.stat()
            if (status.st_mtime_ns, status.st_size) == self._seen:
                return
            lines = self._path.read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise InkdigitsError(f"{self._path}: the keys cannot be read ({error})") from error
        keys = [line.strip() for line in lines if line.strip() and not line.lstrip().startswith("#")]
        if not keys:
            raise InkdigitsError(f"{self._path}: holds no key; write one a line, of 16 characters or more")
        if any(len(key) < _SHORTEST_KEY for key in keys):
            raise InkdigitsError(
                f"{self._path}: a key has fewer than {_SHORTEST_KEY} characters; make it longer"
            )
        self._keys = [key.encode() for key in keys]
        self._seen = (status.st_mtime_ns, status.st_size)


class Guard:
    """The outermost layer of the application."""

    def __init__(self, app: ASGIApp, settings: Settings, measures: Measures) -> None:
        self._app = app
        self._measures = measures
        self._hosts = _LOCAL_HOSTS if settings.is_local and not settings.open_to_all else None
        self._keys = Keys(settings.key_file) if settings.key_file else None
        self._limit = RateLimitItemPerMinute(settings.rate) if settings.rate else None
        self._limiter = MovingWindowRateLimiter(MemoryStorage())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = time.perf_counter()
        name = uuid.uuid4().hex
        scope.setdefault("state", {})["request_id"] = name
        status = 0

        async def answer(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                for header, value in _HEADERS.items():
                    headers.setdefault(header, value)
                headers["x-request-id"] = name
            await send(message)

        self._measures.inside.inc()
        try:
            self._check(scope)
            await self._app(scope, receive, answer)
        except Problem as problem:
            await document(scope, problem)(scope, receive, answer)
        finally:
            self._measures.inside.dec()
            seconds = time.perf_counter() - began
            path = _route(scope)
            self._measures.requests.labels(path, status).inc()
            self._measures.seconds.labels(path).observe(seconds)
            log.info(
                "request",
                extra={
                    "request_id": name,
                    "method": scope["method"],
                    "path": path,
                    "status": status,
                    "milliseconds": round(1000 * seconds, 1),
                },
            )

    def _check(self, scope: Scope) -> None:
        """Raise the Problem of a request that is not to be served."""
        headers = Headers(scope=scope)
        host = headers.get("host", "").lower()
        # Another site's name that was pointed at this machine would let its pages in (DNS rebinding).
        if self._hosts is not None and _without_port(host) not in self._hosts:
            raise Problem(403, "this host name is not served; ask for localhost or 127.0.0.1")
        if not scope["path"].startswith(_GUARDED) or scope["method"] == "OPTIONS":
            return
        client = scope["client"][0] if scope.get("client") else "unknown"
        if self._keys is not None:
            number = self._keys.knows(_given(headers))
            if number is None:
                raise Problem(
                    401,
                    "a key is needed: Authorization: Bearer KEY",
                    headers={"WWW-Authenticate": 'Bearer realm="inkdigits"'},
                )
            client = f"key {number}"
        if self._limit is not None and not self._limiter.hit(self._limit, client):
            self._measures.refused.inc()
            reset = self._limiter.get_window_stats(self._limit, client).reset_time - time.time()
            raise Problem(
                429,
                f"more than {self._limit.amount} requests a minute",
                headers={"Retry-After": str(max(1, round(reset)))},
            )


def _route(scope: Scope) -> str:
    """The path as it was declared: what strangers make up does not become a new figure each."""
    route = scope.get("route")
    return getattr(route, "path", "other")


def _without_port(host: str) -> str:
    return host if host.endswith("]") else host.rpartition(":")[0] or host


def _given(headers: Headers) -> str:
    kind, _, key = headers.get("authorization", "").partition(" ")
    return key.strip() if kind.lower() == "bearer" else headers.get("x-api-key", "")
