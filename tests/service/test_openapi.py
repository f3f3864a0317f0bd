"""Every address of the service is as its own description says."""

from __future__ import annotations

import os

from described import ask_every_address
from serving import Served

EXAMPLES = int(os.environ.get("INKDIGITS_REQUESTS", "60"))  # of each address


def test_every_answer_is_as_described(served: Served) -> None:
    asked, wrong = ask_every_address(served.url, EXAMPLES)
    assert not wrong
    assert set(asked) == {
        "POST /v1/read",
        "POST /v1/preview",
        "GET /v1/models",
        "GET /healthz",
        "GET /readyz",
        "GET /metrics",
    }
