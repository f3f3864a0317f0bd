"""Every address of a service against its own description, by requests that Schemathesis makes up.

In: where the service is. Out: how often each address was asked, and what was not as it is described.
"""

from __future__ import annotations

from collections import Counter

import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis import Case
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

CHECKS = [
    not_a_server_error,
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
]


def ask_every_address(url: str, examples: int) -> tuple[Counter[str], dict[str, str]]:
    """How often each address was asked, and by address what was wrong with an answer of it."""
    asked: Counter[str] = Counter()
    wrong: dict[str, str] = {}
    for found in schemathesis.openapi.from_url(f"{url}/openapi.json").get_all_operations():
        operation = found.ok()

        @settings(max_examples=examples, deadline=None, suppress_health_check=list(HealthCheck))
        @given(case=operation.as_strategy())
        def ask(case: Case) -> None:
            asked[case.operation.label] += 1
            case.call_and_validate(checks=CHECKS)

        try:
            ask()
        except Exception as error:  # whatever a check says of an answer
            wrong[operation.label] = str(error)
    return asked, wrong
