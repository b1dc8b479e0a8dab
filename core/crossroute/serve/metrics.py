"""Metrics for Prometheus: decisions, tokens, USD, seconds, failovers and escalations, by model and key."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from crossroute.calls.hooks import Called
from crossroute.decision import Decision
from crossroute.errors import require_extra
from crossroute.serve.guard import find_caller

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry

SECONDS = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120)
BY_MODEL = ("model", "key")
TOGETHER = "PROMETHEUS_MULTIPROC_DIR"
"""Folder with the counts of a server's processes, so that each can report the sum."""


class Metrics:
    """An observer that counts."""

    def __init__(self) -> None:
        with require_extra("Metrics", "serve"):
            from prometheus_client import CollectorRegistry, Counter, Histogram
        self._own = CollectorRegistry()

        def counter(name: str, about: str, labels: tuple[str, ...] = BY_MODEL) -> Counter:
            return Counter(f"crossroute_{name}", about, labels, registry=self._own)

        self._decisions = counter("decisions_total", "Calls by the model that was chosen.")
        self._tokens = counter("tokens_total", "Tokens of answered calls.", (*BY_MODEL, "kind"))
        self._usd = counter("usd_total", "USD of answered calls.")
        self._unknown = counter("unpriced_total", "Answered calls of unknown cost.")
        self._failures = counter("failovers_total", "Calls of a model that failed.", (*BY_MODEL, "error"))
        self._escalations = counter("escalations_total", "Calls made because an answer was in doubt.")
        self._refusals = counter("refused_total", "Requests that were refused.", ("status", "key"))
        self._seconds = Histogram(
            "crossroute_call_seconds",
            "Seconds of a model's call.",
            BY_MODEL,
            registry=self._own,
            buckets=SECONDS,
        )
        self._first = Histogram(
            "crossroute_first_token_seconds",
            "Seconds from a request to the first piece of its stream.",
            BY_MODEL,
            registry=self._own,
            buckets=SECONDS,
        )

    def decided(self, decision: Decision) -> None:
        """Count a call that begins; a further one of the same query is an escalation."""
        counted = self._escalations if decision.calls else self._decisions
        counted.labels(decision.candidate, find_caller()).inc()

    def called(self, call: Called) -> None:
        """Count a call that ended."""
        model, key = call.decision.candidate, find_caller()
        if not call.answered:
            if isinstance(call.error, Exception):
                self._failures.labels(model, key, type(call.error).__name__).inc()
            return
        self._seconds.labels(model, key).observe(call.seconds)
        if call.cost is None:
            self._unknown.labels(model, key).inc()
        else:
            self._usd.labels(model, key).inc(call.cost)
        if call.usage is not None:
            self._tokens.labels(model, key, "input").inc(call.usage.input_tokens)
            self._tokens.labels(model, key, "cached").inc(call.usage.cached_input_tokens)
            self._tokens.labels(model, key, "output").inc(call.usage.output_tokens)

    def first_token(self, model: str, seconds: float) -> None:
        """Count the time to the first piece of a stream."""
        self._first.labels(model, find_caller()).observe(seconds)

    def refused(self, status: int) -> None:
        """Count a request that was refused."""
        self._refusals.labels(str(status), find_caller()).inc()

    def exposition(self) -> tuple[bytes, str]:
        """Return the metrics of all processes for Prometheus, and their content type."""
        from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

        return generate_latest(self._registry()), CONTENT_TYPE_LATEST

    def _registry(self) -> CollectorRegistry:
        if TOGETHER not in os.environ:
            return self._own
        from prometheus_client import CollectorRegistry
        from prometheus_client.multiprocess import MultiProcessCollector

        together = CollectorRegistry()
        MultiProcessCollector(together)  # type: ignore[no-untyped-call]
        return together
