"""Both integrations name the provider of a call on its span."""

from __future__ import annotations

import pytest

pytest.importorskip("langchain_openai")
pytest.importorskip("llama_index.llms.openai_like")

from tests.support import faulty


@pytest.fixture
def spans(monkeypatch):
    trace = pytest.importorskip("opentelemetry.sdk.trace")
    from opentelemetry import trace as api
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

    exporter, provider = InMemorySpanExporter(), trace.TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr(api, "get_tracer", provider.get_tracer)
    return exporter


@pytest.mark.parametrize("name", ["LangChain", "LlamaIndex"])
def test_a_span_names_the_provider_of_each_attempt(name, router, server, client, spans):
    server.answer = (503, "application/json", faulty.bad("overloaded"))
    getattr(faulty, name)(router, server.url, client).ask()
    failed, answered = spans.get_finished_spans()
    assert failed.attributes["gen_ai.provider.name"] == "openai"
    assert answered.attributes["gen_ai.provider.name"] == "openai"
    assert [failed.attributes["gen_ai.request.model"], answered.attributes["gen_ai.request.model"]] == [
        "small",
        "large",
    ]
