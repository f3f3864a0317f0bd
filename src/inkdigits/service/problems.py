"""What went wrong, as RFC 9457 has it. In: a `Problem`, or an error of the framework. Out: an answer of type
application/problem+json: {"type", "title", "status", "detail", "instance"} and what else helps.
"""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.types import Scope

MEDIA_TYPE = "application/problem+json"


class Problem(Exception):
    """Ends a request with `status`; `extra` are further members of the document, or the answers so far."""

    def __init__(
        self,
        status: int,
        detail: str,
        *,
        headers: dict[str, str] | None = None,
        answers: bytes | None = None,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.headers = headers or {}
        self.answers = answers


def busy(detail: str, seconds: int = 1) -> Problem:
    """503: there is no place now, or what was begun cannot be finished; the client may come again."""
    return Problem(503, detail, headers={"Retry-After": str(seconds)})


def document(scope: Scope, problem: Problem) -> Response:
    """The problem as an HTTP answer."""
    members: dict[str, Any] = {
        "type": "about:blank",
        "title": HTTPStatus(problem.status).phrase,
        "status": problem.status,
        "detail": problem.detail,
        "instance": f"urn:request:{scope.get('state', {}).get('request_id', 'unknown')}",
    }
    body = json.dumps(members, ensure_ascii=False).encode("utf-8", errors="replace")
    if problem.answers is not None:
        body = body[:-1] + b', "answers": [' + problem.answers + b"]}"
    return Response(body, problem.status, problem.headers, MEDIA_TYPE)


def _sentence(error: dict[str, Any]) -> str:
    place = ".".join(str(part) for part in error["loc"])
    return f"{place}: {error['msg']}"


def install(app: FastAPI) -> None:
    """Make every error of `app` a problem document."""

    @app.exception_handler(Problem)
    async def ours(request: Request, error: Problem) -> Response:
        return document(request.scope, error)

    @app.exception_handler(HTTPException)
    async def of_the_framework(request: Request, error: HTTPException) -> Response:
        return document(
            request.scope, Problem(error.status_code, str(error.detail), headers=dict(error.headers or {}))
        )

    @app.exception_handler(Exception)
    async def unforeseen(request: Request, error: Exception) -> Response:
        detail = f"internal error, please report it: {type(error).__name__}"
        return document(request.scope, Problem(500, detail))

    @app.exception_handler(RequestValidationError)
    async def of_parameters(request: Request, error: RequestValidationError) -> Response:
        return document(request.scope, Problem(422, "; ".join(_sentence(one) for one in error.errors())))


SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["type", "title", "status", "detail", "instance"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "what is wrong, and what to do"},
        "instance": {"type": "string", "description": "names the request; the log has the same name"},
        "answers": {
            "type": "array",
            "items": {"$ref": "#/components/schemas/Answer"},
            "description": "of /v1/read where no image could be read: what is wrong with each",
        },
    },
}


def responses(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """For OpenAPI: these statuses answer with a problem document."""
    schema = {"$ref": "#/components/schemas/Problem"}
    return {
        status: {"description": HTTPStatus(status).phrase, "content": {MEDIA_TYPE: {"schema": schema}}}
        for status in statuses
    }
