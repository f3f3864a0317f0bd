"""`inkdigits serve`. In: flags. Out: a service that listens until it is told to end."""

from __future__ import annotations

import asyncio
import logging
import signal
import socket
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from inkdigits.errors import InkdigitsError

if TYPE_CHECKING:
    from inkdigits.service.settings import Settings

_BACKLOG = 512  # connections that wait to be accepted


def serve(
    host: Annotated[str, typer.Option(help="Where to listen; only this machine by default.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes a free one.")] = 8000,
    workers: Annotated[
        int | None, typer.Option(min=1, max=64, help="Processes that read; as many as processors by default.")
    ] = None,
    weights: Annotated[
        Path | None, typer.Option(help="Other weights, as `inkdigits read` takes them.")
    ] = None,
    api_key_file: Annotated[
        Path | None, typer.Option(help="Keys that open the service, one a line; read again when it changes.")
    ] = None,
    no_auth: Annotated[bool, typer.Option("--no-auth", help="Everybody who reaches it may ask.")] = False,
    rate: Annotated[
        int | None,
        typer.Option(
            min=0, help="Requests a minute of one key or address; 600 where others reach it, else any."
        ),
    ] = None,
    allow_origin: Annotated[
        list[str] | None, typer.Option(help="A web origin whose pages may ask, such as https://example.org.")
    ] = None,
    places: Annotated[
        int, typer.Option(min=1, help="Requests inside at one time; the next is sent away with 503.")
    ] = 128,
    batch: Annotated[int, typer.Option(min=1, max=256, help="Images that are read together at most.")] = 16,
    max_pixels: Annotated[int | None, typer.Option(min=1, help="Largest page, in pixels.")] = None,
    max_pages: Annotated[int | None, typer.Option(min=1, help="Most pages of one file.")] = None,
    max_bytes: Annotated[int | None, typer.Option(min=1, help="Largest file, in bytes.")] = None,
    store: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Keep images and answers here; nothing is kept otherwise."),
    ] = None,
) -> None:
    """Serve a page to draw on or drop pictures into, and the same answers over HTTP."""
    try:
        from inkdigits.service.settings import SERVICE_LIMITS, Settings
    except ModuleNotFoundError as error:
        raise InkdigitsError(
            f"the service needs {error.name}; install it with pip install 'inkdigits[serve]'"
        ) from error
    from dataclasses import replace

    given = {"pixels": max_pixels, "pages": max_pages, "bytes": max_bytes}
    usual = Settings()
    settings = Settings(
        host=host,
        port=port,
        workers=workers or usual.workers,
        weights=weights,
        batch=batch,
        places=places,
        limits=replace(SERVICE_LIMITS, **{name: value for name, value in given.items() if value}),
        key_file=api_key_file,
        open_to_all=no_auth,
        origins=tuple(allow_origin or ()),
        store=store,
    )
    settings = replace(settings, rate=(0 if settings.is_local else 600) if rate is None else rate)
    settings.check()
    _run(settings)


def _run(settings: Settings) -> None:
    try:
        import uvicorn
        import uvloop

        from inkdigits.service import memory
        from inkdigits.service.app import Service
    except ModuleNotFoundError as error:
        raise InkdigitsError(
            f"the service needs {error.name}; install it with pip install 'inkdigits[serve]'"
        ) from error

    _log_as_json()
    memory.give_back()
    service = Service(settings)
    listening = _listen(settings)
    address = f"http://{settings.host}:{listening.getsockname()[1]}"
    config = uvicorn.Config(
        service.app,
        http="httptools",
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_keep_alive=20,
        timeout_graceful_shutdown=10,
    )

    async def main() -> None:
        async with service.running():
            typer.echo(f"inkdigits reads at {address} (Ctrl-C ends it)", err=True)
            await uvicorn.Server(config).serve(sockets=[listening])

    # uvicorn raises the signal that ended it once more, after the last answer; by then all is done.
    signal.signal(signal.SIGTERM, lambda *_: None)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main())


def _listen(settings: Settings) -> socket.socket:
    """A socket that listens; InkdigitsError where the address cannot be had."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    try:
        return socket.create_server((settings.host, settings.port), family=family, backlog=_BACKLOG)
    except OSError as error:
        raise InkdigitsError(
            f"{settings.host}:{settings.port}: cannot listen there ({error.strerror or error}); "
            "choose another with --port or --host"
        ) from error


def _log_as_json() -> None:
    """One JSON object a line on standard error, without anything of an image."""
    from pythonjsonlogger.json import JsonFormatter

    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        JsonFormatter(
            "{asctime}{levelname}{message}",
            style="{",
            rename_fields={"asctime": "time", "levelname": "level"},
        )
    )
    for name, level in (("inkdigits.service", logging.INFO), ("uvicorn", logging.ERROR)):
        logger = logging.getLogger(name)
        logger.handlers, logger.propagate = [handler], False
        logger.setLevel(level)
