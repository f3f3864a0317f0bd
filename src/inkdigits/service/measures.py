"""What the service counts, for Prometheus. In: events. Out: `/metrics`."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

_SECONDS = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30)


class Measures:
    """Owns the figures of one service."""

    def __init__(self) -> None:
        registry = self._registry = CollectorRegistry()
        self.requests = Counter(
            "inkdigits_requests", "Requests answered.", ["path", "status"], registry=registry
        )
        self.seconds = Histogram(
            "inkdigits_request_seconds",
            "Time from a request's head to the end of its answer.",
            ["path"],
            registry=registry,
            buckets=_SECONDS,
        )
        self.pages = Counter("inkdigits_pages", "Pages read, by their answer.", ["status"], registry=registry)
        self.waited = Histogram(
            "inkdigits_queue_seconds", "Time that an image waited.", registry=registry, buckets=_SECONDS
        )
        self.batch = Histogram(
            "inkdigits_batch_images",
            "Images read together.",
            registry=registry,
            buckets=(1, 2, 4, 8, 16, 32),
        )
        self.inside = Gauge("inkdigits_requests_inside", "Requests being served.", registry=registry)
        self.refused = Counter(
            "inkdigits_requests_refused", "Requests sent away: no place, or too many.", registry=registry
        )
        self.replaced = Counter("inkdigits_workers_replaced", "Workers that died.", registry=registry)

    def page(self) -> bytes:
        """All figures in the text format of Prometheus."""
        return generate_latest(self._registry)
