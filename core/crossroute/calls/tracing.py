"""Tracing: an OpenTelemetry span for each call of a candidate, where `opentelemetry-api` is installed."""

from __future__ import annotations

import time
from collections.abc import Mapping
from importlib.util import find_spec
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from crossroute.calls.hooks import Called, Observer
from crossroute.decision import Decision

if TYPE_CHECKING:
    from opentelemetry.trace import Tracer

NAME = "crossroute"


def make_tracers(providers: Mapping[str, str | None]) -> tuple[Observer, ...]:
    """Return the observer that traces calls; none where OpenTelemetry is not installed.

    Args:
        providers: Candidate -> the provider of its answers, where that is known.
    """
    if find_spec("opentelemetry") is None:
        return ()
    try:
        from opentelemetry import trace
    except ImportError:  # another part of it is installed
        return ()
    return (Tracing(trace.get_tracer(NAME), providers),)


class Tracing:
    """Emits a span for each call: model, tokens, decision. Never a prompt, an answer or a message.

    Source: the semantic conventions for generative AI,
    https://opentelemetry.io/docs/specs/semconv/gen-ai/gen-ai-spans.
    """

    def __init__(self, tracer: Tracer, providers: Mapping[str, str | None] = MappingProxyType({})) -> None:
        self._tracer, self._providers = tracer, providers

    def decided(self, decision: Decision) -> None:
        """Do nothing: a span is emitted when its call has ended."""

    def called(self, call: Called) -> None:
        """Emit a span of the call's length, under the span in which the call began."""
        from opentelemetry import context, trace
        from opentelemetry.trace import SpanKind, Status, StatusCode

        unset = isinstance(trace.get_tracer_provider(), trace.ProxyTracerProvider)
        if unset and isinstance(self._tracer, trace.ProxyTracer):
            return  # no spans are collected
        ended = time.time_ns()
        span = self._tracer.start_span(
            f"chat {call.decision.candidate}",
            kind=SpanKind.CLIENT,
            attributes=attributes_of(call, self._providers.get(call.decision.candidate)),
            start_time=ended - int(call.seconds * 1e9),
            context=call.context.run(context.get_current) if call.context is not None else None,
        )
        if isinstance(call.error, Exception):
            span.set_status(Status(StatusCode.ERROR, type(call.error).__name__))
        span.end(ended)


def attributes_of(call: Called, provider: str | None) -> dict[str, Any]:
    """Return the attributes of a call's span."""
    decision, usage = call.decision, call.usage
    told = {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": provider,
        "gen_ai.request.model": decision.candidate,
        "gen_ai.usage.input_tokens": usage.input_tokens if usage else None,
        "gen_ai.usage.output_tokens": usage.output_tokens if usage else None,
        "error.type": type(call.error).__name__ if isinstance(call.error, Exception) else None,
        "crossroute.decision.id": decision.id,
        "crossroute.predicted_quality": decision.quality,
        "crossroute.predicted_cost": decision.cost,
        "crossroute.actual_cost": call.cost,
        "crossroute.cost_preference": decision.cost_preference,
        "crossroute.willingness_to_pay": decision.willingness_to_pay,
        "crossroute.reasons": decision.reasons,
        "crossroute.failures": tuple(map(str, decision.failures)),
        "crossroute.final": call.final,
    }
    return {name: value for name, value in told.items() if value is not None}
