"""For the tests of the service: one that really runs, and a client of it."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest
from serving import Served, serving


@pytest.fixture(scope="session")
def served() -> Iterator[Served]:
    """One service for all tests that do it no harm; small limits, so that they can be passed."""
    with serving("--max-bytes", "1000000", "--max-pixels", "4000000", "--max-pages", "3") as one:
        yield one


@pytest.fixture
def client(served: Served) -> Iterator[httpx.Client]:
    """A client of `served`."""
    with httpx.Client(base_url=served.url, timeout=30) as one:
        yield one
