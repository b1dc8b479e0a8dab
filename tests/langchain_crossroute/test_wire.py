"""Real wire formats: OpenAI's and Anthropic's clients against a server on this machine."""

import asyncio
import time

import anthropic
import openai
import pytest
from langchain_anthropic import ChatAnthropic
from langchain_core.caches import InMemoryCache
from langchain_core.messages import AIMessage, HumanMessage, SystemMessage, ToolMessage
from langchain_core.tools import tool
from langchain_openai import ChatOpenAI
from pydantic import BaseModel

from crossroute.calls.dispatch import Dispatcher
from langchain_crossroute import ChatCrossRoute
from tests.support.routers import ARITHMETIC, STORY

SECRET = "test-key-0123456789"  # noqa: S105


@tool
def weather(city: str) -> str:
    """Tell the weather."""
    return f"sunny in {city}"


class City(BaseModel):
    """A city."""

    name: str
    people: int


@pytest.fixture
def model(server, router):
    """Small is OpenAI's and large is Anthropic's."""
    common = {"api_key": SECRET, "max_retries": 0, "timeout": 2}
    return ChatCrossRoute(
        models={
            "small": ChatOpenAI(model="gpt-small", base_url=server.openai, stream_usage=True, **common),
            "large": ChatAnthropic(model="claude-large", base_url=server.anthropic, **common),
        },
        router=router,
    )


def decision(message):
    return message.response_metadata["crossroute"]


def force(name):
    return {"configurable": {"candidate": name}}


def stream(model, text, config=None):
    whole = None
    for chunk in model.stream(text, config):
        whole = chunk if whole is None else whole + chunk
    return whole


@pytest.mark.parametrize(("name", "answer"), [("small", "gpt-small"), ("large", "claude-large")])
def test_a_chat_says_which_model_answered_and_what_it_cost(model, name, answer):
    for message in (model.invoke(ARITHMETIC, force(name)), stream(model, ARITHMETIC, force(name))):
        assert message.text.strip() == f"I am {answer}"
        assert message.response_metadata.get("model_name") == answer
        assert message.usage_metadata["input_tokens"] == 100
        assert decision(message)["candidate"] == name
        price = model.routing.dispatcher.price(name)
        expected = (60 * price.input + 40 * price.cached_input + 20 * price.output) / 1e6
        assert decision(message)["actual_cost"] == pytest.approx(expected)
    assert model.spend.by_candidate[name].calls == 2


def test_the_asynchronous_calls_are_the_same(model):
    async def run():
        message = await model.ainvoke(ARITHMETIC, force("large"))
        whole = None
        async for chunk in model.astream(ARITHMETIC, force("small")):
            whole = chunk if whole is None else whole + chunk
        return message, whole

    message, whole = asyncio.run(run())
    assert decision(message)["candidate"] == "large"
    assert decision(whole)["candidate"] == "small"
    assert decision(whole)["actual_cost"] > 0


@pytest.mark.parametrize("name", ["small", "large"])
def test_each_provider_gets_tools_in_its_own_format(model, server, name):
    bound = model.bind_tools([weather], tool_choice="any", parallel_tool_calls=False)
    for message in (bound.invoke(ARITHMETIC, force(name)), stream(bound, ARITHMETIC, force(name))):
        (call,) = message.tool_calls
        assert (call["name"], call["args"]) == ("weather", {"city": "words"})
    body = server.requests[0].body
    if name == "small":
        assert body["tools"][0]["function"]["name"] == "weather"
        assert body["tool_choice"] == "required"
        assert body["parallel_tool_calls"] is False
    else:
        assert body["tools"][0]["input_schema"]["properties"]["city"]["type"] == "string"
        assert body["tool_choice"] == {"type": "any", "disable_parallel_tool_use": True}


def test_structured_output_uses_the_members_own_method(model, server):
    schema = model.with_structured_output(City)
    assert schema.invoke(ARITHMETIC, force("small")) == City(name="words", people=3)
    assert server.requests[-1].body["response_format"]["type"] == "json_schema", (
        "not downgraded to tool calling"
    )
    assert schema.invoke(ARITHMETIC, force("large")) == City(name="words", people=3)
    assert server.requests[-1].body["tools"][0]["name"] == "City"
    raw = model.with_structured_output(City, include_raw=True, method="function_calling")
    found = raw.invoke(ARITHMETIC, force("small"))
    assert found["parsed"] == City(name="words", people=3)
    assert decision(found["raw"])["candidate"] == "small"
    assert "response_format" not in server.requests[-1].body
    assert model.spend.total.calls == 3
    assert model.spend.total.usage.output_tokens == 60


def test_a_cache_tells_a_member_from_its_copy_with_what_the_router_states(server, router):
    member = ChatOpenAI(model="gpt-small", base_url=server.openai, api_key=SECRET, cache=InMemoryCache())
    member.invoke(ARITHMETIC)
    model = ChatCrossRoute(models={"small": member}, router=router, max_tokens=5, temperature=0.5)
    for _ in range(2):
        model.invoke(ARITHMETIC)
    bodies = [request.body for request in server.asked("gpt-small")]
    assert [body.get("max_completion_tokens") for body in bodies] == [None, 5]
    assert [body.get("temperature") for body in bodies] == [None, 0.5]
    assert member.max_tokens is None


@pytest.mark.parametrize("status", [429, 500, 503, 529])
@pytest.mark.parametrize("streamed", [False, True])
def test_a_transient_status_fails_over(model, server, status, streamed):
    first = model.route(STORY).candidate
    wire = {"small": "gpt-small", "large": "claude-large"}
    server.behave(wire[first], *[status] * 9)
    message = stream(model, STORY) if streamed else model.invoke(STORY)
    assert decision(message)["candidate"] != first
    (failure,) = decision(message)["failures"]
    assert (failure["candidate"], failure["status"]) == (first, status)
    assert model.routing.dispatcher.cooldowns.remaining(first) > 0
    again = model.invoke(STORY)
    assert decision(again)["candidate"] != first, "the model that failed cools down"
    assert decision(again)["reasons"] == [f"{first} cools down after a failure"]


@pytest.mark.parametrize(
    ("name", "status", "error"),
    [
        ("small", 400, openai.BadRequestError),
        ("large", 400, anthropic.BadRequestError),
    ],
)
def test_a_permanent_status_is_raised_at_once(model, server, name, status, error):
    wire = {"small": "gpt-small", "large": "claude-large"}
    server.behave(wire[name], status)
    with pytest.raises(error):
        model.invoke(ARITHMETIC, {"configurable": {"cost_preference": 0.0 if name == "large" else 1.0}})
    assert [request.model for request in server.requests] == [wire[name]]


@pytest.mark.parametrize("name", ["small", "large"])
def test_a_hang_fails_over_after_the_members_own_timeout(model, server, name):
    wire = {"small": "gpt-small", "large": "claude-large"}
    server.behave(wire[name], "hang", "hang", "hang")
    began = time.monotonic()
    config = {"configurable": {"cost_preference": 0.0 if name == "large" else 1.0}}
    message = model.invoke(ARITHMETIC, config)
    assert decision(message)["candidate"] != name
    assert "Timeout" in decision(message)["failures"][0]["error"]
    assert time.monotonic() - began < 30
    server.closing.set()


@pytest.mark.parametrize("name", ["small", "large"])
def test_a_stream_cut_before_its_first_chunk_fails_over(model, server, name):
    wire = {"small": "gpt-small", "large": "claude-large"}
    server.behave(wire[name], *["cut-early"] * 9)
    whole = stream(model, ARITHMETIC, {"configurable": {"cost_preference": 0.0 if name == "large" else 1.0}})
    assert decision(whole)["candidate"] != name


@pytest.mark.parametrize("name", ["small", "large"])
def test_a_stream_cut_after_its_first_chunk_is_the_callers_to_see(model, server, name):
    wire = {"small": "gpt-small", "large": "claude-large"}
    server.behave(wire[name], "cut")
    chunks = []
    with pytest.raises(Exception, match=r"(?i)peer|connection|closed|incomplete"):
        chunks.extend(
            chunk
            for chunk in model.stream(
                ARITHMETIC, {"configurable": {"cost_preference": 0.0 if name == "large" else 1.0}}
            )
        )
    assert len(server.requests) == 1


def test_a_conversation_changes_provider_in_the_middle_of_a_tool_turn(model, server):
    bound = model.bind_tools([weather])
    messages = [HumanMessage(ARITHMETIC)]
    for name in ("large", "small", "large"):
        asked = bound.invoke(messages, force(name))
        (call,) = asked.tool_calls or ({"id": "call_x", "name": "weather", "args": {}},)
        messages += (
            [asked, ToolMessage("sunny", tool_call_id=call["id"])]
            if asked.tool_calls
            else [asked, HumanMessage("And now?")]
        )
    assert decision(messages[1])["candidate"] == "large"
    roles = [message["role"] for message in server.asked("gpt-small")[0].body["messages"]]
    assert roles == ["user", "assistant", "tool"]
    sent = server.asked("gpt-small")[0].body["messages"]
    assert sent[1]["tool_calls"][0]["id"] == sent[2]["tool_call_id"]


def test_thinking_and_cache_marks_stay_with_their_provider(model, server):
    messages = [
        HumanMessage([{"type": "text", "text": "Hello", "cache_control": {"type": "ephemeral"}}]),
        AIMessage(
            [
                {"type": "thinking", "thinking": "hm", "signature": "SIGNATURE"},
                {"type": "text", "text": "Hi there", "citations": None},
            ],
            response_metadata={"model_provider": "anthropic", "crossroute": {"candidate": "large"}},
        ),
        HumanMessage(ARITHMETIC),
    ]
    model.invoke(messages, force("small"))
    wire = str(server.requests[-1].body)
    assert "SIGNATURE" not in wire
    assert "cache_control" not in wire
    assert "Hi there" in wire
    assert "Hello" in wire
    model.invoke(messages, force("large"))
    wire = str(server.requests[-1].body)
    assert "SIGNATURE" in wire
    assert "cache_control" in wire


def test_prompts_of_deep_agents_are_cached_as_for_the_bare_class(model, server):
    deepagents = pytest.importorskip("deepagents", reason="deepagents needs Python 3.11")
    for name, cached in (("large", True), ("small", False)):
        routed = model.model_copy(update={"candidate": name})
        deepagents.create_deep_agent(model=routed).invoke({"messages": [("user", ARITHMETIC)]})
        body = server.requests[-1].body
        assert ("cache_control" in str(body)) is cached
    server.requests.clear()
    bare = model.models["large"]
    for agent in (bare, model.model_copy(update={"candidate": "large"})):
        deepagents.create_deep_agent(model=agent).invoke({"messages": [("user", ARITHMETIC)]})
    alone, behind = (request.body for request in server.requests[-2:])
    assert behind["cache_control"] == alone["cache_control"]
    assert behind["system"] == alone["system"]
    unasked = model.model_copy(update={"candidate": "large", "cache_prompts": False})
    deepagents.create_deep_agent(model=unasked).invoke({"messages": [("user", ARITHMETIC)]})
    assert "cache_control" not in str(server.requests[-1].body)


def test_prompts_are_cached_where_that_is_asked_for(model, server):
    asking = model.model_copy(update={"cache_prompts": True, "candidate": "large"})
    conversation = [SystemMessage("Be brief."), HumanMessage(ARITHMETIC)]
    asking.bind_tools([weather]).invoke(conversation)
    body = server.requests[-1].body
    assert body["system"] == [
        {"type": "text", "text": "Be brief.", "cache_control": {"type": "ephemeral", "ttl": "5m"}}
    ]
    asking.invoke(conversation, cache_control={"type": "ephemeral", "ttl": "1h"})
    body = server.requests[-1].body
    assert (body["cache_control"]["ttl"], body["system"]) == ("1h", "Be brief.")
    list(asking.stream(conversation))
    assert "cache_control" in str(server.requests[-1].body)
    asking.invoke(conversation, {"configurable": {"candidate": "small"}})
    assert "cache_control" not in str(server.requests[-1].body)
    model.invoke(conversation, force("large"))
    assert "cache_control" not in str(server.requests[-1].body)


def test_no_secret_reaches_a_repr_a_decision_or_an_error(model, server):
    server.behave("gpt-small", 401)
    with pytest.raises(openai.AuthenticationError):
        model.invoke(ARITHMETIC, force("small"))
    message = model.invoke(ARITHMETIC)
    for shown in (
        repr(model),
        str(model),
        str(message),
        str(model.asdict()),
        str(model._serialized),
        repr(model.routing),
    ):
        assert SECRET not in shown
    assert isinstance(model.routing.dispatcher, Dispatcher)


@pytest.mark.parametrize("streamed", [False, True])
@pytest.mark.parametrize(
    "case",
    [
        (ARITHMETIC, "claude-large", {"user": "ann"}, {"metadata": {"user_id": "ann"}}),
        (ARITHMETIC, "claude-large", {"metadata": {"user_id": "ann"}}, {"metadata": {"user_id": "ann"}}),
        (STORY, "gpt-small", {"metadata": {"team": "a"}}, {"metadata": {"team": "a"}}),
        (ARITHMETIC, "claude-large", {"service_tier": "default"}, {"service_tier": "standard_only"}),
    ],
)
def test_the_user_and_the_service_tier_reach_the_member_that_was_chosen(model, server, streamed, case):
    text, asked, given, told = case
    said = model.bind(**given)
    list(said.stream(text)) if streamed else said.invoke(text)
    assert server.requests[-1].model == asked
    assert {name: server.requests[-1].body[name] for name in told} == told
