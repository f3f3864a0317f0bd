"""Every address of the service against its own description, by requests that Schemathesis makes up."""

from __future__ import annotations

import os

import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis import Case
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from serving import Served

CHECKS = [
    not_a_server_error,
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
]
EXAMPLES = int(os.environ.get("INKDIGITS_REQUESTS", "60"))  # of each address


def test_every_answer_is_as_described(served: Served) -> None:
    seen = set()
    for found in schemathesis.openapi.from_url(f"{served.url}/openapi.json").get_all_operations():
        operation = found.ok()
        seen.add(operation.label)

        @settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
        @given(case=operation.as_strategy())
        def ask(case: Case) -> None:
            case.call_and_validate(checks=CHECKS)

        ask()
    assert seen == {
        "POST /v1/read",
        "POST /v1/preview",
        "GET /v1/models",
        "GET /healthz",
        "GET /readyz",
        "GET /metrics",
    }
