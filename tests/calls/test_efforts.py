"""What goes over the wire beside a thinking budget, through both integrations."""

from __future__ import annotations

import logging

import pytest
from langchain_anthropic import ChatAnthropic
from llama_index.core.llms import ChatMessage
from llama_index.llms.anthropic import Anthropic

from crossroute.effort import read_effort
from langchain_crossroute import ChatCrossRoute
from langchain_crossroute.efforts import effort_fields
from llamaindex_crossroute import CrossRouteLLM
from llamaindex_crossroute.members import set_effort
from tests.langchain_crossroute.fakes import ChatFake
from tests.llamaindex_crossroute.fakes import ChatFake as LlamaIndexFake
from tests.support.effort_wire import EffortServer

KEY = "test-key-0123456789"


@pytest.fixture(scope="module")
def wire():
    with EffortServer() as server:
        yield server


def by_langchain(name, url, **stated):
    model = ChatAnthropic(model=name.partition("@")[0], base_url=url, api_key=KEY, max_retries=0, **stated)
    ChatCrossRoute(models={name: model}).invoke("Hello")


def by_llamaindex(name, url, **stated):
    llm = Anthropic(model=name.partition("@")[0], base_url=url, api_key=KEY, max_retries=0, **stated)
    CrossRouteLLM({name: llm}).chat([ChatMessage("Hello")])


@pytest.mark.parametrize("call", [by_langchain, by_llamaindex])
@pytest.mark.parametrize(
    ("name", "stated", "sent"),
    [
        ("claude-sonnet-4-5@16k", {"max_tokens": 2_000, "temperature": 0.2}, (18_000, 1.0)),
        ("claude-sonnet-4-5@16k", {"max_tokens": 20_000, "temperature": 0.2}, (20_000, 1.0)),
        ("claude-sonnet-4-5@none", {"max_tokens": 2_000, "temperature": 0.2}, (2_000, 0.2)),
        ("claude-opus-4-8@high", {"max_tokens": 2_000, "temperature": 0.2}, (2_000, 1.0)),
        ("claude-opus-5-5@high", {"max_tokens": 2_000, "temperature": 0.2}, (2_000, 1.0)),
    ],
)
def test_an_answer_keeps_its_length_beside_a_thinking_budget(wire, call, name, stated, sent):
    call(name, wire.url, **stated)  # LlamaIndex sends later models no temperature
    assert (wire.bodies[-1]["max_tokens"], wire.bodies[-1].get("temperature", 1.0)) == sent


def test_a_length_that_is_not_stated_leaves_room_for_an_answer(wire):
    by_llamaindex("claude-sonnet-4-5@16k", wire.url)
    assert wire.bodies[-1]["max_tokens"] == 16_000 + 4_096


def test_what_a_class_cannot_be_told_is_logged_alike(caplog):
    with caplog.at_level(logging.WARNING, logger="crossroute"):
        effort_fields(ChatFake(), read_effort("low"))
        set_effort(LlamaIndexFake("fake"), read_effort("low"))
    assert [(record.name, record.message[:28]) for record in caplog.records] == [
        ("crossroute.calls", "ChatFake has no field for ef")
    ] * 2
