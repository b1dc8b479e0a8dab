"""Tracing: what a span and a log line say of a call, and what they never say."""

import logging
from contextlib import suppress

import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from crossroute.calls import tracing as module
from crossroute.calls.ledger import Ledger
from crossroute.calls.spend import Spend, Usage
from crossroute.calls.tracing import Tracing, make_tracers
from crossroute.candidate import Price
from tests.support.escalating import decided

PROMPT = "my secret prompt"


@pytest.fixture
def exporter():
    return InMemorySpanExporter()


@pytest.fixture
def ledger(exporter):
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    price = Price(input=10, output=30)
    return Ledger(Spend(), lambda name: price, observers=[Tracing(provider.get_tracer("crossroute"))])


def test_a_call_is_a_span_with_its_model_tokens_and_decision(ledger, exporter):
    decision = decided()
    with ledger.entry(decision) as entry:
        entry.usage = Usage(input_tokens=1_000, output_tokens=100)
    (span,) = exporter.get_finished_spans()
    assert span.name == f"chat {decision.candidate}"
    assert span.attributes["gen_ai.request.model"] == decision.candidate
    assert span.attributes["gen_ai.usage.input_tokens"] == 1_000
    assert span.attributes["gen_ai.usage.output_tokens"] == 100
    assert span.attributes["crossroute.actual_cost"] == 0.013
    assert span.attributes["crossroute.predicted_quality"] == decision.quality
    assert span.status.is_ok is not False
    assert span.end_time >= span.start_time


@pytest.mark.parametrize("error", [None, ValueError(PROMPT)])
def test_a_span_stands_under_the_one_in_which_its_call_began(ledger, exporter, error):
    tracer = TracerProvider().get_tracer("app")
    with tracer.start_as_current_span("handler") as handler:
        entry = ledger.entry(decided())
    with tracer.start_as_current_span("reader of the stream"), suppress(ValueError), entry:
        if error is not None:
            raise error
    (span,) = exporter.get_finished_spans()
    assert span.parent.span_id == handler.get_span_context().span_id


def test_a_failure_tells_its_type_and_nothing_of_what_was_said(ledger, exporter, caplog):
    caplog.set_level(logging.DEBUG, "crossroute")
    decision = decided()
    ledger.decided(decision)
    with pytest.raises(ValueError, match=PROMPT), ledger.entry(decision):
        raise ValueError(PROMPT)
    (span,) = exporter.get_finished_spans()
    assert span.attributes["error.type"] == "ValueError"
    assert not span.status.is_ok
    assert PROMPT not in span.to_json() + caplog.text
    assert f"{decision.candidate} is called" in caplog.text


def test_nothing_is_traced_where_opentelemetry_is_missing(monkeypatch):
    assert len(make_tracers({})) == 1
    monkeypatch.setattr(module, "find_spec", lambda name: None)
    assert make_tracers({}) == ()
