"""The right argument on the wire, for each provider, in a call and in an agent."""

import asyncio
import logging

import pytest
from llama_index.core.agent.workflow import FunctionAgent
from llama_index.core.llms import ChatMessage
from llama_index.core.tools import FunctionTool
from llama_index.llms.anthropic import Anthropic
from llama_index.llms.openai import OpenAI, OpenAIResponses
from llama_index.llms.openai_like import OpenAILike

from crossroute.calls.effort_words import read_stated_effort
from crossroute.effort import read_effort
from llamaindex_crossroute import CrossRouteLLM
from llamaindex_crossroute.members import set_effort
from tests.llamaindex_crossroute.fakes import ChatFake
from tests.support.effort_wire import TEXT, EffortServer, said

KEY = "test-key-0123456789"


@pytest.fixture(scope="module")
def wire():
    with EffortServer() as server:
        yield server


def weather(city: str) -> str:
    """Tell the weather."""
    return f"sunny in {city}"


def openai(wire, model, **stated):
    return OpenAI(model=model, api_base=f"{wire.url}/v1", api_key=KEY, max_retries=0, **stated)


def responses(wire, model):
    return OpenAIResponses(model=model, api_base=f"{wire.url}/v1", api_key=KEY, max_retries=0)


def compatible(wire, model):
    told = {"is_chat_model": True, "is_function_calling_model": True, "context_window": 100_000}
    return OpenAILike(model=model, api_base=f"{wire.url}/v1", api_key=KEY, max_retries=0, **told)


def anthropic(wire, model, **stated):
    return Anthropic(model=model, base_url=wire.url, api_key=KEY, max_retries=0, **stated)


def ollama(wire, model):
    module = pytest.importorskip("llama_index.llms.ollama", reason="llama-index-llms-ollama is not installed")
    return module.Ollama(model=model, base_url=wire.url, context_window=8_000)


def gemini(wire, model):
    module = pytest.importorskip(
        "llama_index.llms.google_genai", reason="llama-index-llms-google-genai is not installed"
    )
    options = {"base_url": wire.url, "api_version": "v1beta"}
    told = {"context_window": 100_000, "max_tokens": 1_000}
    return module.GoogleGenAI(model=model, api_key=KEY, http_options=options, **told)


CASES = {
    "gpt-5.5@low": (openai, {"reasoning_effort": "low"}),
    "gpt-5.4@high": (responses, {"reasoning": {"effort": "high"}}),
    "gpt-6-sol@high": (compatible, {"reasoning_effort": "high"}),
    "claude-sonnet-4-5@medium": (anthropic, {"thinking": {"type": "enabled", "budget_tokens": 8_192}}),
    "claude-sonnet-4-5@none": (anthropic, {"thinking": {"type": "disabled"}}),
    "claude-opus-4-8@xhigh": (
        anthropic,
        {"thinking": {"type": "adaptive"}, "output_config": {"effort": "xhigh"}},
    ),
    "qwen3:8b@none": (ollama, {"think": False}),
    "gpt-oss:20b@low": (ollama, {"think": "low"}),
    "gemini-2.5-flash@low": (gemini, {"thinkingConfig": {"thinkingBudget": 1_024}}),
    "gemini-3.5-flash@high": (gemini, {"thinkingConfig": {"thinkingLevel": "HIGH"}}),
}


@pytest.mark.parametrize("name", CASES)
def test_a_variant_is_called_with_its_providers_word(wire, name):
    make, words = CASES[name]
    given = make(wire, name.partition("@")[0])
    pool = CrossRouteLLM({name: given})
    assert pool.chat([ChatMessage("Hello")]).message.content == TEXT
    assert said(wire.bodies[-1], words) == words
    given.chat([ChatMessage("Hello")])
    assert said(wire.bodies[-1], words) != words  # the user's own is not altered


@pytest.mark.filterwarnings("ignore:Inheritance class AiohttpClientSession")  # Google's own client
@pytest.mark.parametrize(
    "name",
    ["gpt-5.5@low", "gpt-5.4@high", "claude-opus-4-8@xhigh", "gpt-oss:20b@low", "gemini-3.5-flash@high"],
)
def test_each_step_of_an_agent_says_it(wire, name):
    make, words = CASES[name]
    pool = CrossRouteLLM({name: make(wire, name.partition("@")[0])})
    agent = FunctionAgent(tools=[FunctionTool.from_defaults(weather)], llm=pool, streaming=False)
    before = len(wire.bodies)

    async def run():
        return await agent.run("Weather in Ulaanbaatar?")

    assert str(asyncio.run(run())) == TEXT
    steps = wire.bodies[before:]
    assert len(steps) == 2
    assert [said(body, words) for body in steps] == [words, words]


def test_two_variants_of_one_model_share_a_pool_and_the_dial_picks(wire):
    given = openai(wire, "gpt-5.5")
    pool = CrossRouteLLM({"gpt-5.5@low": given, "gpt-5.5@high": given})
    hard = "Prove that the ring of integers of Q(sqrt(-5)) is no unique factorization domain."
    for preference, level in ((1.0, "low"), (0.0, "high")):
        pool.cost_preference = preference
        pool.complete(hard)
        assert wire.bodies[-1]["reasoning_effort"] == level


def test_llms_of_a_list_that_say_their_effort_go_by_it(wire):
    given = [openai(wire, "gpt-5.5", reasoning_effort=level) for level in ("low", "high")]
    assert list(CrossRouteLLM(given).llms) == ["gpt-5.5@low", "gpt-5.5@high"]


def test_a_thinking_budget_leaves_room_for_the_answer(wire):
    view = set_effort(anthropic(wire, "claude-sonnet-4-5", temperature=0.2), read_effort("16k"))
    assert (view.max_tokens, view.temperature) == (16_000 + 4_096, 1.0)


def test_a_class_that_takes_no_word_is_called_as_it_was_given(caplog):
    fake = ChatFake("fake")
    with caplog.at_level(logging.WARNING, logger="crossroute.calls"):
        assert set_effort(fake, read_effort("low")) is fake
    assert "ChatFake has no field for effort" in caplog.text


def test_what_an_llm_was_told_is_read(wire):
    assert read_stated_effort(openai(wire, "gpt-5.5")) is None
    assert read_stated_effort(openai(wire, "gpt-5.5", reasoning_effort="low")) == "low"
    thinking = {"type": "enabled", "budget_tokens": 4_096}
    assert read_stated_effort(anthropic(wire, "claude-sonnet-4-5", thinking_dict=thinking)) == "budget=4096"
