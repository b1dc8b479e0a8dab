"""The right argument on the wire, for each provider, in a call and in an agent."""

import logging

import pytest
from langchain.agents import create_agent
from langchain_anthropic import ChatAnthropic
from langchain_core.tools import tool
from langchain_openai import ChatOpenAI

from crossroute.calls.effort_words import read_stated_effort
from crossroute.effort import read_effort
from langchain_crossroute import ChatCrossRoute, CrossRouteMiddleware
from langchain_crossroute.efforts import effort_fields
from tests.langchain_crossroute.fakes import ChatFake
from tests.support.effort_wire import TEXT, EffortServer, said

KEY = "test-key-0123456789"


@pytest.fixture(scope="module")
def wire():
    with EffortServer() as server:
        yield server


@tool
def weather(city: str) -> str:
    """Tell the weather."""
    return f"sunny in {city}"


def openai(wire, model="gpt-5.5", **stated):
    return ChatOpenAI(model=model, base_url=f"{wire.url}/v1", api_key=KEY, max_retries=0, **stated)


def anthropic(wire, model, **stated):
    return ChatAnthropic(model=model, base_url=wire.url, api_key=KEY, max_retries=0, **stated)


def gemini(wire, model):
    google = pytest.importorskip("langchain_google_genai", reason="langchain-google-genai is not installed")
    return google.ChatGoogleGenerativeAI(model=model, google_api_key=KEY, base_url=wire.url, max_retries=1)


def ollama(wire, model):
    return pytest.importorskip("langchain_ollama", reason="langchain-ollama is not installed").ChatOllama(
        model=model, base_url=wire.url
    )


CASES = {
    "gpt-5.5@low": (openai, {"reasoning_effort": "low"}),
    "gpt-5.5@none": (openai, {"reasoning_effort": "none"}),
    "gpt-5.4@high": (
        lambda wire, model: openai(wire, model, use_responses_api=True),
        {"reasoning": {"effort": "high"}},
    ),
    "gpt-5.2@low": (
        lambda wire, model: openai(wire, model, reasoning={"summary": "auto"}),
        {"reasoning": {"effort": "low", "summary": "auto"}},
    ),
    "qwen3-8b@off": (openai, {"chat_template_kwargs": {"enable_thinking": False}}),
    "deepseek-v3.2@thinking": (openai, {"chat_template_kwargs": {"thinking": True}}),
    "gpt-oss-120b@high": (openai, {"reasoning_effort": "high"}),
    "claude-sonnet-4-5@medium": (anthropic, {"thinking": {"type": "enabled", "budget_tokens": 8_192}}),
    "claude-sonnet-4-5@16k": (anthropic, {"thinking": {"type": "enabled", "budget_tokens": 16_000}}),
    "claude-sonnet-4-5@none": (anthropic, {"thinking": {"type": "disabled"}}),
    "claude-opus-4-5@low": (
        anthropic,
        {"thinking": {"type": "enabled", "budget_tokens": 1_024}, "output_config": {"effort": "low"}},
    ),
    "claude-opus-4-8@xhigh": (
        anthropic,
        {"thinking": {"type": "adaptive"}, "output_config": {"effort": "xhigh"}},
    ),
    "claude-opus-5-5@high": (anthropic, {"output_config": {"effort": "high"}, "thinking": None}),
    "gemini-2.5-flash@low": (gemini, {"thinkingConfig": {"thinkingBudget": 1_024}}),
    "gemini-2.5-flash@none": (gemini, {"thinkingConfig": {"thinkingBudget": 0}}),
    "gemini-3.5-flash@high": (gemini, {"thinkingConfig": {"thinkingLevel": "HIGH"}}),
    "qwen3:8b@none": (ollama, {"think": False}),
    "qwen3:8b@on": (ollama, {"think": True}),
    "gpt-oss:20b@low": (ollama, {"think": "low"}),
}


@pytest.mark.parametrize("name", CASES)
def test_a_variant_is_called_with_its_providers_word(wire, name):
    make, words = CASES[name]
    pool = ChatCrossRoute(models={name: make(wire, name.partition("@")[0])})
    assert pool.invoke("Hello").text == TEXT
    assert said(wire.bodies[-1], words) == words


@pytest.mark.parametrize(
    "name",
    [
        *("gpt-5.5@low", "gpt-5.4@high", "claude-sonnet-4-5@medium"),
        *("claude-opus-4-8@xhigh", "gemini-3.5-flash@high", "gpt-oss:20b@low"),
    ],
)
def test_each_step_of_an_agent_says_it(wire, name):
    make, words = CASES[name]
    member = make(wire, name.partition("@")[0])
    before = len(wire.bodies)
    agent = create_agent(member, [weather], middleware=[CrossRouteMiddleware({name: member})])
    assert agent.invoke({"messages": [("user", "Weather in Ulaanbaatar?")]})["messages"][-1].text == TEXT
    steps = wire.bodies[before:]
    assert [said(body, words) for body in steps] == [words, words]


def test_two_variants_of_one_model_share_a_pool_and_the_dial_picks(wire):
    given = openai(wire)
    pool = ChatCrossRoute(models={"gpt-5.5@low": given, "gpt-5.5@high": given})
    for preference, level in ((1.0, "low"), (0.0, "high")):
        config = {"configurable": {"cost_preference": preference}}
        hard = "Prove that the ring of integers of Q(sqrt(-5)) is no unique factorization domain."
        answer = pool.invoke(hard, config)
        assert answer.response_metadata["crossroute"]["candidate"] == f"gpt-5.5@{level}"
        assert wire.bodies[-1]["reasoning_effort"] == level
    assert given.reasoning_effort is None  # the user's own is not altered


def test_models_of_a_list_that_say_their_effort_go_by_it(wire):
    pool = ChatCrossRoute(
        models=[openai(wire, reasoning_effort="low"), openai(wire, reasoning_effort="high")]
    )
    assert list(pool.models) == ["gpt-5.5@low", "gpt-5.5@high"]
    pool.invoke("Hi", {"configurable": {"candidate": "gpt-5.5@high"}})
    assert wire.bodies[-1]["reasoning_effort"] == "high"


def test_a_string_may_say_it(monkeypatch, wire):
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    monkeypatch.setenv("OPENAI_BASE_URL", f"{wire.url}/v1")
    pool = ChatCrossRoute(models=["openai:gpt-5.5@low", "openai:gpt-5.5@xhigh"])
    answer = pool.invoke("Hi", {"configurable": {"candidate": "openai:gpt-5.5@xhigh"}})
    assert answer.response_metadata["crossroute"]["candidate"] == "openai:gpt-5.5@xhigh"
    assert wire.bodies[-1]["model"] == "gpt-5.5"
    assert wire.bodies[-1]["reasoning_effort"] == "xhigh"


def test_a_thinking_budget_leaves_room_for_the_answer(wire):
    fields = effort_fields(
        anthropic(wire, "claude-sonnet-4-5", max_tokens=2_000, temperature=0.2), read_effort("16k")
    )
    assert fields["max_tokens"] == 18_000
    assert fields["temperature"] == 1.0


def test_a_class_that_takes_no_word_is_called_as_it_was_given(caplog):
    with caplog.at_level(logging.WARNING, logger="crossroute.calls"):
        assert effort_fields(ChatFake(), read_effort("low")) == {}
    assert "ChatFake has no field for effort" in caplog.text


def test_what_a_model_was_told_is_read(wire):
    assert read_stated_effort(openai(wire)) is None
    assert read_stated_effort(openai(wire, reasoning={"effort": "low"})) == "low"
    thinking = {"type": "enabled", "budget_tokens": 4_096}
    assert read_stated_effort(anthropic(wire, "claude-sonnet-4-5", thinking=thinking)) == "budget=4096"
