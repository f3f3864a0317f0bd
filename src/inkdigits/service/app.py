"""The application: every address of the service, and what each does. In: `Settings`. Out: a `Service`, whose
`app` any ASGI server serves while it is `running`.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Any

import cv2
import numpy as np
from fastapi import FastAPI, Query, Request
from fastapi.openapi.utils import get_openapi
from fastapi.responses import FileResponse, Response
from fastapi.staticfiles import StaticFiles
from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp

from inkdigits import __version__
from inkdigits.service import problems, schema
from inkdigits.service.guard import Guard
from inkdigits.service.intake import Entrance, uploads
from inkdigits.service.measures import Measures
from inkdigits.service.offline import STATIC, offline_page
from inkdigits.service.pool import Pool
from inkdigits.service.problems import Problem, busy
from inkdigits.service.reading import Asked, ClientGone, answer, finished
from inkdigits.service.settings import Settings
from inkdigits.service.store import keep

_HEALTH_SECONDS = 10.0  # for the digit of /healthz to be read
_HEALTH_LASTS = 1.0  # seconds during which it is not read again
_UPLOAD_PROBLEMS = problems.responses(400, 401, 403, 408, 413, 415, 422, 429, 503)
_GONE = 499  # nobody reads it; the log does


def _seven() -> bytes:
    """A 7 as anybody writes it, as PNG."""
    paper = np.full((96, 80), 235, np.uint8)
    stroke = np.array([[18, 20], [62, 18], [50, 46], [38, 80]], np.int32)
    cv2.polylines(paper, [stroke], isClosed=False, color=40, thickness=6, lineType=cv2.LINE_AA)
    return cv2.imencode(".png", paper)[1].tobytes()


class Service:
    """Owns the pool, the places and the figures of one service."""

    def __init__(self, settings: Settings) -> None:
        settings.check()
        self.settings = settings
        self.measures = Measures()
        self.pool = Pool(settings, self.measures)
        self.entrance = Entrance(settings)
        self._healthy = (0.0, False)
        self._health = asyncio.Lock()
        app = FastAPI(title="inkdigits", version=__version__, docs_url=None, redoc_url=None)
        problems.install(app)
        _add_reading(app, self)
        _add_state(app, self)
        _add_pages(app)
        app.openapi = lambda: _openapi(app, settings)
        # The guard is outermost: what it sends away costs nothing further.
        inner: ASGIApp = app
        if settings.origins:
            inner = CORSMiddleware(
                app,
                settings.origins,
                allow_methods=["GET", "POST"],
                allow_headers=["authorization", "x-api-key"],
            )
        self.app: ASGIApp = Guard(inner, settings, self.measures)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Workers run within; InkdigitsError where they cannot."""
        try:
            await self.pool.start()
            yield
        finally:
            await self.pool.stop()

    async def reads_a_digit(self) -> bool:
        """Whether a drawn 7 is read as one; asked often, it is read once a second."""
        async with self._health:
            when, healthy = self._healthy
            if time.monotonic() - when < _HEALTH_LASTS:
                return healthy
            asked = Asked().model_dump() | {"kind": "read", "name": "health"}
            try:
                async with asyncio.timeout(_HEALTH_SECONDS):
                    job = await self.pool.submit(asked, _seven(), first=True)
                    _, payloads = await job.result
                healthy = b'"text": "7"' in payloads[0]
            except Exception:
                healthy = False
            self._healthy = (time.monotonic(), healthy)
            return healthy


def _add_reading(app: FastAPI, service: Service) -> None:
    settings, pool = service.settings, service.pool

    @app.post(
        "/v1/read",
        tags=["reading"],
        responses={
            200: {
                "description": "one answer a page",
                "content": {"application/json": {"schema": schema.READ}},
            },
            **_UPLOAD_PROBLEMS,
        },
        openapi_extra={"requestBody": schema.BODY},
    )
    async def read(
        request: Request,
        asked: Annotated[Asked, Query()],
    ) -> Response:
        """The digits of one or more images, as `inkdigits read --json` gives them.

        An image that cannot be read among others is an answer with `error`; where none can be, 422.
        """
        try:
            body, found = await answer(request, asked, settings, service.entrance, pool, service.measures)
        except ClientGone:
            return Response(status_code=_GONE)
        if settings.store is not None:
            name = request.scope["state"]["request_id"]
            await asyncio.to_thread(keep, settings.store, name, found, body)
        return Response(body, media_type="application/json")

    @app.post(
        "/v1/preview",
        tags=["reading"],
        responses={
            200: {
                "description": "the upright page; the header X-Page-Count says how many there are",
                "content": {"image/jpeg": {"schema": {"type": "string", "format": "binary"}}},
            },
            **_UPLOAD_PROBLEMS,
        },
        openapi_extra={"requestBody": schema.IMAGE_BODY},
        response_class=Response,
    )
    async def preview(request: Request, page: Annotated[int, Query(ge=1, le=999_999)] = 1) -> Response:
        """One page as a JPEG of at most 1600 pixels, for what a browser cannot show."""
        async with service.entrance.place() as place:
            found, _ = await uploads(request, place, settings)
            asked = {"kind": "preview", "name": found[0].name, "pages": str(page)}
            try:
                (result,) = await finished(request, [await pool.submit(asked, found[0].content)])
            except ClientGone:
                return Response(status_code=_GONE)
        if isinstance(result, Exception):
            raise busy(str(result))
        header, payloads = result
        if "error" in header:
            raise Problem(422, header["error"].replace("--pages", "page"))
        count = {"X-Page-Count": str(header["page_count"])}
        return Response(payloads[0], media_type="image/jpeg", headers=count)


def _add_state(app: FastAPI, service: Service) -> None:
    @app.get("/v1/models", tags=["state"], responses=problems.responses(401, 403, 429))
    async def models() -> dict[str, Any]:
        """The networks that read here, their cards; and whether what visitors send is kept."""
        return {"models": service.pool.models, "stored": service.settings.store is not None}

    @app.get("/healthz", tags=["state"], responses=problems.responses(403, 503))
    async def health() -> dict[str, str]:
        """200 where a digit has just been read rightly."""
        if not await service.reads_a_digit():
            raise busy("a test digit was not read")
        return {"status": "ok"}

    @app.get("/readyz", tags=["state"], responses=problems.responses(403, 503))
    async def ready() -> dict[str, Any]:
        """200 where the next request would be served."""
        if not service.pool.ready:
            raise busy("no worker has started yet")
        if service.entrance.full:
            raise busy("all places are taken")
        return {"status": "ok", "workers": service.pool.ready}

    @app.get(
        "/metrics",
        tags=["state"],
        response_class=Response,
        responses={
            200: {"content": {"text/plain": {"schema": {"type": "string"}}}},
            **problems.responses(401, 403, 429),
        },
    )
    async def metrics() -> Response:
        """Figures for Prometheus."""
        return Response(service.measures.page(), media_type="text/plain; version=0.0.4")


def _add_pages(app: FastAPI) -> None:
    @app.get("/", include_in_schema=False)
    async def page() -> FileResponse:
        return FileResponse(STATIC / "index.html", headers={"Cache-Control": "no-cache"})

    @app.get("/docs", include_in_schema=False)
    async def documentation() -> FileResponse:
        return FileResponse(STATIC / "docs.html", headers={"Cache-Control": "no-cache"})

    @app.get("/offline", include_in_schema=False)
    async def offline() -> Response:
        content, policy = await asyncio.to_thread(offline_page)
        headers = {"Cache-Control": "no-cache", "Content-Security-Policy": policy}
        return Response(content, media_type="text/html", headers=headers)

    # Swagger UI as a package brings it: the usual page fetches it from another host.
    app.mount("/docs/swagger", StaticFiles(packages=[("fastapi_offline", "static")]), name="swagger")
    app.mount("/static", StaticFiles(directory=STATIC), name="static")


def _openapi(app: FastAPI, settings: Settings) -> dict[str, Any]:
    if app.openapi_schema is None:
        kept = "Images and answers are kept" if settings.store else "Nothing that is sent is kept"
        described = get_openapi(
            title="inkdigits",
            version=__version__,
            description=f"Reads handwritten digits, and says how sure it is. {kept}.",
            routes=app.routes,
        )
        described["components"] = {"schemas": schema.components()}
        if settings.key_file is not None:
            described["components"]["securitySchemes"] = {"key": {"type": "http", "scheme": "bearer"}}
            described["security"] = [{"key": []}]
        app.openapi_schema = described
    return app.openapi_schema
