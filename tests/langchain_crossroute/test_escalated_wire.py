"""Escalation over real wire formats: log-probabilities, finish reasons, refusals of the parameter."""

import asyncio

import openai
import pytest
from langchain_anthropic import ChatAnthropic
from langchain_core.callbacks import UsageMetadataCallbackHandler
from langchain_core.tools import tool
from langchain_openai import ChatOpenAI
from pydantic import BaseModel, ValidationError

from crossroute.escalation import Escalation
from langchain_crossroute import ChatCrossRoute
from tests.support.routers import STORY

COMMON = {"api_key": "test-key-0123456789", "max_retries": 0, "timeout": 5}


@tool
def weather(city: str) -> str:
    """Tell the weather."""
    return f"sunny in {city}"


class City(BaseModel):
    """A city."""

    name: str
    people: int


@pytest.fixture
def small(server):
    """An OpenAI model."""
    return ChatOpenAI(model="gpt-small", base_url=server.openai, **COMMON)


@pytest.fixture
def large(server):
    return ChatAnthropic(model="claude-large", base_url=server.anthropic, **COMMON)


@pytest.fixture
def pair(small, large):
    return small, large


def model_of(router, small, large, **settings):
    """Small, which begins with a story, and large; no answer of large is doubted."""
    sure = {"check": lambda query, answer: 1.0 if "claude" in answer or "large" in answer else 0.0}
    return ChatCrossRoute(
        models={"small": small, "large": large}, router=router, escalate=Escalation(**(sure | settings))
    )


def decision(message):
    return message.response_metadata["crossroute"]


def test_openais_models_are_asked_for_log_probabilities_and_the_answer_is_as_without(
    router, server, small, large
):
    server.say("gpt-small", "Once upon a time", logprobs=(-0.5, -0.1, -2.0, -0.2))
    model = model_of(router, small, large, check=lambda query, answer: 1.0)
    message = model.invoke(STORY)
    (call,) = decision(message)["calls"]
    assert call["evidence"]["mean_logprob"] == pytest.approx(-0.7)
    assert call["evidence"]["min_logprob"] == -2.0
    assert server.requests[0].body["logprobs"] is True
    assert "logprobs" not in message.response_metadata, "nobody but us asked for them"
    assert small.logprobs is None, "the user's model is as it was"
    model.invoke(STORY, {"configurable": {"escalate": False}})
    assert "logprobs" not in server.requests[-1].body


def test_a_user_who_asked_for_them_keeps_them(router, server, small, large):
    model = model_of(router, small.model_copy(update={"logprobs": True}), large, check=lambda *_: 1.0)
    message = model.invoke(STORY)
    assert decision(message)["calls"][0]["evidence"]["mean_logprob"] == pytest.approx(-0.1)
    assert message.response_metadata["logprobs"]["content"]
    refusing = small.model_copy(update={"logprobs": False})
    model = model_of(router, refusing, large, check=lambda *_: 1.0)
    assert decision(model.invoke(STORY))["calls"][0]["evidence"]["mean_logprob"] is None
    assert server.requests[-1].body["logprobs"] is False
    silent = model_of(router, small, large, check=lambda *_: 1.0, logprobs=False)
    assert decision(silent.invoke(STORY))["calls"][0]["evidence"]["mean_logprob"] is None
    assert "logprobs" not in server.requests[-1].body


@pytest.mark.parametrize("asynchronous", [False, True])
def test_a_model_that_refuses_the_parameter_answers_without_and_is_remembered(
    router, server, small, large, asynchronous
):
    server.behave("gpt-small", *["no-logprobs"] * 4)
    model = model_of(router, small, large, check=lambda *_: 1.0)

    async def run():
        return [await model.ainvoke(STORY) for _ in range(2)]

    for message in asyncio.run(run()) if asynchronous else [model.invoke(STORY), model.invoke(STORY)]:
        assert message.text == "I am gpt-small"
        assert decision(message)["failures"] == []
        assert decision(message)["calls"][0]["evidence"]["mean_logprob"] is None
    assert ["logprobs" in request.body for request in server.requests] == [True, False, False]
    assert model.spend.total.calls == 2


def test_a_bad_request_is_raised_as_ever(router, server, small, large):
    model = model_of(router, small, large, check=lambda *_: 1.0)
    server.behave("gpt-small", 400, 400)
    with pytest.raises(openai.BadRequestError):
        model.invoke(STORY)
    assert ["logprobs" in request.body for request in server.requests] == [True, False]
    model.invoke(STORY)
    server.behave("gpt-small", 400)
    with pytest.raises(openai.BadRequestError):
        model.invoke(STORY)
    assert len(server.requests) == 4, "the parameter is known to be taken: not asked again without it"


def test_openai_escalates_to_anthropic_and_tokens_are_added(router, server, small, large):
    model, usage = model_of(router, small, large), UsageMetadataCallbackHandler()
    message = model.invoke(STORY, {"callbacks": [usage]})
    assert message.text == "I am claude-large"
    assert message.response_metadata["model_provider"] == "anthropic"
    assert message.usage_metadata["input_tokens"] == 200
    assert message.usage_metadata["input_token_details"]["cache_read"] == 80
    price = model.routing.dispatcher.price
    costs = [
        (60 * price(name).input + 40 * price(name).cached_input + 20 * price(name).output) / 1e6
        for name in ("small", "large")
    ]
    assert [call["cost"] for call in decision(message)["calls"]] == pytest.approx(costs)
    assert decision(message)["actual_cost"] == pytest.approx(sum(costs))
    counted = {name: used["input_tokens"] for name, used in usage.usage_metadata.items()}
    assert counted == {"gpt-small": 100, "claude-large": 100}


@pytest.mark.parametrize("first", ["small", "large"])
def test_an_answer_that_was_cut_off_is_evidence(router, server, small, large, first):
    server.say("gpt-small", "Once upon a", finish="length")
    server.say("claude-large", "Once upon a", finish="max_tokens")
    dial = {"configurable": {"cost_preference": 0.5 if first == "small" else 0.0}}
    model = model_of(router, small, large, check=None)
    found = decision(model.invoke(STORY, dial))["calls"]
    assert found[0]["candidate"] == first
    assert found[0]["evidence"]["flaws"] != []


def test_a_refusal_is_evidence(router, server, small, large):
    server.say("claude-large", "I cannot help with that.", finish="refusal")
    model = model_of(router, small, large, check=None)
    found = decision(model.invoke(STORY, {"configurable": {"cost_preference": 0.0}}))["calls"]
    assert found[0]["evidence"]["flaws"] != []


@pytest.mark.parametrize(
    "said", [{"arguments": '{"town": "Oslo"}'}, {"arguments": "{city"}, {"tool": "search"}]
)
def test_tool_calls_that_cannot_be_carried_out_escalate(router, server, small, large, said):
    server.say("gpt-small", **said)
    message = model_of(router, small, large, check=None).bind_tools([weather]).invoke(STORY)
    assert "schema" in decision(message)["calls"][0]["evidence"]["flaws"]
    assert message.response_metadata["model_name"] == "claude-large"
    assert message.tool_calls[0]["args"] == {"city": "words"}


@pytest.mark.parametrize("method", ["json_schema", "function_calling", "json_mode"])
@pytest.mark.parametrize("include_raw", [False, True])
def test_structured_output_that_cannot_be_read_escalates(router, server, pair, method, include_raw):
    small, large = pair
    said = {"arguments": '{"name": "Oslo"}'} if method == "function_calling" else {"text": '{"name": "Oslo"}'}
    server.say("gpt-small", **said)
    if method != "function_calling":
        large = small.model_copy(update={"model_name": "gpt-large"})
        server.say("gpt-large", '{"name": "Oslo", "people": 7}')
    model = model_of(router, small, large, check=None)
    found = model.with_structured_output(City, method=method, include_raw=include_raw).invoke(STORY)
    if include_raw:
        calls = decision(found["raw"])["calls"]
        assert [call["evidence"]["flaws"] for call in calls] == [["schema"], []]
        assert found["raw"].usage_metadata["input_tokens"] == 200
        found = found["parsed"]
    assert isinstance(found, City)
    assert model.spend.by_candidate["small"].usage.input_tokens == 100, "tokens of an unreadable answer count"
    assert model.spend.total.calls == 2


def test_an_error_of_openais_own_client_is_evidence_and_its_tokens_count(router, server, small, large):
    server.say("gpt-small", '{"name": "Os', finish="length")
    model = model_of(router, small, large, check=None)
    assert isinstance(model.with_structured_output(City).invoke(STORY), City)
    assert model.spend.by_candidate["small"].usage.input_tokens == 100
    server.say("gpt-small", '{"name": "Os', finish="length")
    plain = ChatCrossRoute(models={"small": small}, router=router)
    with pytest.raises(openai.LengthFinishReasonError):
        plain.with_structured_output(City).invoke(STORY)


def test_when_no_answer_can_be_read_the_error_is_the_members_own(router, server, small):
    large = small.model_copy(update={"model_name": "gpt-large"})
    model = model_of(router, small, large, check=None)
    for name in ("gpt-small", "gpt-large"):
        server.say(name, '{"name": "Oslo"}')
    with pytest.raises(ValidationError, match="people"):
        model.with_structured_output(City).invoke(STORY)
    assert model.spend.total.calls == 2
    for name in ("gpt-small", "gpt-large"):
        server.say(name, '{"name": "Oslo"}')
    with pytest.raises(ValidationError, match="people"):
        asyncio.run(model.with_structured_output(City).ainvoke(STORY))


def test_members_that_stream_within_a_call_tell_their_log_probabilities(router, server, small, large):
    streaming = small.model_copy(update={"streaming": True, "stream_usage": True})
    message = model_of(router, streaming, large, check=lambda *_: 1.0).invoke(STORY)
    assert server.requests[0].body["stream"] is True
    assert decision(message)["calls"][0]["evidence"]["mean_logprob"] == pytest.approx(-0.1)


@pytest.mark.parametrize("status", [400, 429, 500, "hang"])
def test_an_escalation_call_that_fails_leaves_the_answer_in_hand(router, server, small, status):
    large = ChatAnthropic(model="claude-large", base_url=server.anthropic, **{**COMMON, "timeout": 0.5})
    server.behave("claude-large", *[status] * 3)
    message = model_of(router, small, large).invoke(STORY)
    assert message.text == "I am gpt-small"
    (failure,) = decision(message)["failures"]
    assert failure["candidate"] == "large"
    assert COMMON["api_key"] not in str(message)
    assert len(server.asked("claude-large")) == 1, "tried once"
    server.closing.set()
