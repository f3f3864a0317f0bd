"""Keys, rates, hosts, origins, and the headers that every answer has; without a network."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable
from pathlib import Path

import httpx
import pytest

from inkdigits.errors import InkdigitsError
from inkdigits.service.app import Service
from inkdigits.service.guard import Keys
from inkdigits.service.intake import Entrance
from inkdigits.service.problems import Problem
from inkdigits.service.settings import Settings

KEY, OTHER = "a-key-of-sixteen-letters", "another-key-of-letters"


def asking(settings: Settings, act: Callable[[httpx.AsyncClient], Awaitable[None]]) -> None:
    """Run `act` with a client of an application that has no workers."""

    async def main() -> None:
        transport = httpx.ASGITransport(Service(settings).app)
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
            await act(client)

    asyncio.run(main())


def test_a_key_opens_and_is_changed_without_a_restart(tmp_path: Path) -> None:
    file = tmp_path / "keys"
    file.write_text(f"# ours\n{KEY}\n\n")

    async def act(client: httpx.AsyncClient) -> None:
        async def status(**headers: str) -> int:
            return (await client.get("/v1/models", headers=headers)).status_code

        assert await status() == 401
        assert await status(authorization=f"Bearer {OTHER}") == 401
        assert await status(authorization=f"Basic {KEY}") == 401
        assert await status(authorization=f"bearer {KEY}") == 200
        assert await status(**{"x-api-key": KEY}) == 200
        refused = await client.get("/metrics")
        assert refused.status_code == 401 and "Bearer" in refused.headers["www-authenticate"]
        assert (await client.get("/")).status_code == 200  # the page asks for the key
        file.write_text(f"{OTHER}\n")
        assert await status(authorization=f"Bearer {KEY}") == 401
        assert await status(authorization=f"Bearer {OTHER}") == 200
        file.unlink()  # a slip of the operator locks nobody out, and lets nobody in
        assert await status(authorization=f"Bearer {OTHER}") == 200
        assert await status(authorization=f"Bearer {KEY}") == 401

    asking(Settings(key_file=file), act)


@pytest.mark.parametrize("content", ["", "# none\n", "short\n", None])
def test_a_file_without_good_keys_is_refused_at_the_start(tmp_path: Path, content: str | None) -> None:
    file = tmp_path / "keys"
    if content is not None:
        file.write_text(content)
    with pytest.raises(InkdigitsError, match="keys"):
        Keys(file)


def test_a_key_in_other_letters_than_latin_is_wrong_and_no_error(tmp_path: Path) -> None:
    file = tmp_path / "keys"
    file.write_text(KEY)
    assert Keys(file).knows("schlüssel-schlüssel") is None and Keys(file).knows(KEY) == 0


def test_a_rate_is_kept_for_each_key(tmp_path: Path) -> None:
    file = tmp_path / "keys"
    file.write_text(f"{KEY}\n{OTHER}\n")

    async def act(client: httpx.AsyncClient) -> None:
        async def ask(key: str) -> httpx.Response:
            return await client.get("/v1/models", headers={"authorization": f"Bearer {key}"})

        assert [(await ask(KEY)).status_code for _ in range(4)] == [200, 200, 200, 429]
        refused = await ask(KEY)
        assert 1 <= int(refused.headers["retry-after"]) <= 60
        assert refused.headers["content-type"] == "application/problem+json"
        assert (await ask(OTHER)).status_code == 200
        assert (await client.get("/")).status_code == 200

    asking(Settings(key_file=file, rate=3), act)


def test_a_fault_of_ours_is_a_problem_without_its_traceback() -> None:
    async def main() -> None:
        service = Service(Settings())

        async def broken(*_: object, **__: object) -> None:
            raise ZeroDivisionError("secret")

        service.pool.submit = broken
        transport = httpx.ASGITransport(service.app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
            answer = await client.post("/v1/read", content=b"x")
        assert answer.status_code == 500 and answer.headers["content-type"] == "application/problem+json"
        assert "ZeroDivisionError" in answer.json()["detail"] and "secret" not in answer.text
        assert answer.headers["x-request-id"] in answer.json()["instance"]

    asyncio.run(main())


def test_only_local_names_are_served_where_no_key_is_asked_for() -> None:
    async def act(client: httpx.AsyncClient) -> None:
        for host, status in (
            ("localhost:8000", 200),
            ("127.0.0.1", 200),
            ("[::1]:8000", 200),
            ("evil.example", 403),
            ("evil.example:8000", 403),
            ("127.0.0.1.evil.example", 403),
            ("", 403),
        ):
            assert (await client.get("/v1/models", headers={"host": host})).status_code == status, host

    asking(Settings(), act)


def test_other_origins_are_closed_unless_they_are_named() -> None:
    async def closed(client: httpx.AsyncClient) -> None:
        answer = await client.get("/v1/models", headers={"origin": "https://example.org"})
        assert "access-control-allow-origin" not in answer.headers

    async def opened(client: httpx.AsyncClient) -> None:
        answer = await client.get("/v1/models", headers={"origin": "https://example.org"})
        assert answer.headers["access-control-allow-origin"] == "https://example.org"
        answer = await client.get("/v1/models", headers={"origin": "https://evil.example"})
        assert "access-control-allow-origin" not in answer.headers
        asked = {"origin": "https://example.org", "access-control-request-method": "POST"}
        assert (await client.options("/v1/read", headers=asked)).status_code == 200

    asking(Settings(), closed)
    asking(Settings(origins=("https://example.org",)), opened)


def test_every_answer_tells_the_browser_what_it_may_do() -> None:
    async def act(client: httpx.AsyncClient) -> None:
        for path in ("/", "/v1/models", "/nothing", "/static/index.html"):
            headers = (await client.get(path)).headers
            policy = headers["content-security-policy"]
            assert "default-src 'none'" in policy and "unsafe" not in policy and "http" not in policy
            assert (
                headers["x-content-type-options"] == "nosniff" and headers["referrer-policy"] == "no-referrer"
            )
            assert len(headers["x-request-id"]) == 32

    asking(Settings(), act)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "example.org"])
def test_listening_for_others_needs_a_key_or_a_word(tmp_path: Path, host: str) -> None:
    with pytest.raises(InkdigitsError, match="--api-key-file"):
        Settings(host=host).check()
    Settings(host=host, open_to_all=True).check()
    Settings(host=host, key_file=tmp_path / "keys").check()
    with pytest.raises(InkdigitsError, match="exclude"):
        Settings(host=host, key_file=tmp_path / "keys", open_to_all=True).check()


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.8.8", "::1", "localhost"])
def test_listening_for_this_machine_needs_none(host: str) -> None:
    Settings(host=host).check()


def test_a_folder_that_cannot_be_written_is_told_at_the_start(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InkdigitsError, match="cannot be written"):
        Settings(store=tmp_path / "file" / "folder").check()
    assert os.listdir(tmp_path) == ["file"]


def test_uploads_take_no_more_memory_than_there_is() -> None:
    async def main() -> None:
        entrance = Entrance(Settings(memory=100, places=3))
        async with entrance.place() as first:
            first.take(60)
            async with entrance.place() as second:
                second.take(40)
                with pytest.raises(Problem, match="memory"):
                    second.take(1)
            first.take(40)
        async with entrance.place() as again:
            again.take(100)

    asyncio.run(main())
