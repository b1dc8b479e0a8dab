"""Answers that the code which reads them rejects, through both integrations: paid for, and counted once."""

from __future__ import annotations

import asyncio
import json

import pytest
from langchain_core.exceptions import OutputParserException
from langchain_core.messages import AIMessage, HumanMessage
from pydantic import BaseModel

from crossroute import Escalation
from crossroute.calls.rejected import find_rejected_answer
from langchain_crossroute import ChatCrossRoute
from tests.support.faulty import (
    CUT,
    OPENING,
    OVERLOADED,
    USAGE,
    WORDS,
    LangChain,
    LlamaIndex,
    chunk,
    event,
    whole,
)
from tests.support.routers import STORY


class Answer(BaseModel):
    text: str


def called(arguments, **changes):
    call = {"id": "c", "type": "function", "function": {"name": "Answer", "arguments": arguments}}
    return said(None, tool_calls=[{**call, **changes}])


def said(content, **more):
    message = {"role": "assistant", "content": content, **more}
    return [{"index": 0, "message": message, "finish_reason": "stop"}]


BY_BOTH = {
    "no choices": None,
    "a choice of nothing": [None],
    "a message of nothing": [{"index": 0, "message": None, "finish_reason": "stop"}],
    "a number for content": said(5),
    "an object for content": said({"text": "hi"}),
    "text for tool calls": said(None, tool_calls="oops"),
    "a tool call without a function": called("{}", function=None),
}
BY_LANGCHAIN = {
    "a list for arguments": called("[1, 2]"),
    "text for arguments": called('"x"'),
    "an object for arguments": called({"text": "hi"}),
}


def told(pool):
    spent = pool.pool.spend.by_candidate
    by_name = {
        name: (one.calls, one.usage.input_tokens, one.usage.output_tokens) for name, one in spent.items()
    }
    return by_name, pool.pool.spend.total.unknown


@pytest.mark.parametrize("choices", BY_BOTH.values(), ids=BY_BOTH)
def test_a_rejected_answer_counts_by_its_tokens_and_another_answers(pool, server, choices):
    server.answer = (200, "application/json", whole(choices=choices))
    assert pool.ask()[0] == "I am well"
    assert server.asked == ["bad", "good"]
    assert told(pool) == ({"small": (1, 11, 7), "large": (1, 11, 7)}, 0)


@pytest.mark.filterwarnings(
    "ignore:Pydantic serializer warnings"
)  # of the client's, on an object for arguments
@pytest.mark.parametrize("choices", BY_LANGCHAIN.values(), ids=BY_LANGCHAIN)
@pytest.mark.parametrize("way", ["invoke", "ainvoke", "generate", "structured"])
def test_so_does_one_that_langchain_rejects_in_each_way_to_ask(router, server, client, choices, way):
    server.asked.clear()
    server.answer = (200, "application/json", whole(choices=choices))
    tables = LangChain(router, f"{server.url}/v1", client)
    pool = tables.pool

    async def ainvoke():
        async with tables.awaited:
            return await pool.ainvoke(STORY)

    ask = {
        "invoke": lambda: pool.invoke(STORY),
        "ainvoke": lambda: asyncio.run(ainvoke()),
        "generate": lambda: pool.generate([[HumanMessage(STORY)]]),
        "structured": lambda: pool.with_structured_output(Answer, method="function_calling").invoke(STORY),
    }[way]
    ask()
    assert server.asked == ["bad", "good"]
    assert told(tables) == ({"small": (1, 11, 7), "large": (1, 11, 7)}, 0)


@pytest.mark.parametrize("escalate", [None, Escalation(check=lambda *_: 1.0)])
@pytest.mark.parametrize("choices", [None, said(5), called("[1, 2]")])
def test_so_does_one_of_an_agents_model(router, server, client, choices, escalate):
    from langchain.agents import create_agent

    from langchain_crossroute import CrossRouteMiddleware

    server.asked.clear()
    server.answer = (200, "application/json", whole(choices=choices))
    models = LangChain(router, f"{server.url}/v1", client).pool.models
    middleware = CrossRouteMiddleware(models, router, cost_preference=1.0, escalate=escalate)
    agent = create_agent(model=models["small"], middleware=[middleware])
    assert agent.invoke({"messages": [("user", STORY)]})["messages"][-1].text == "I am well"
    spent = middleware.spend.by_candidate
    assert server.asked == ["bad", "good"]
    assert {name: (one.calls, one.usage.output_tokens) for name, one in spent.items()} == {
        "small": (1, 7),
        "large": (1, 7),
    }


@pytest.mark.parametrize("usage", [None, {"prompt_tokens": "eleven", "completion_tokens": 7}])
def test_without_its_tokens_it_is_of_unknown_cost(pool, server, usage):
    server.answer = (200, "application/json", whole(choices=said(5), usage=usage))
    assert pool.ask()[0] == "I am well"
    assert told(pool)[0]["small"] == (1, 0, 0)
    assert told(pool)[1] == 1


def test_an_answer_of_no_choices_counts(router, server, client):
    server.answer = (200, "application/json", whole(choices=[]))
    for integration, unknown in (
        (LangChain, 1),
        (LlamaIndex, 0),
    ):  # of LangChain's generations, no token is left
        pool = integration(router, f"{server.url}/v1", client)
        assert pool.ask()[0] == "I am well"
        assert (pool.pool.spend.by_candidate["small"].calls, pool.pool.spend.total.unknown) == (1, unknown)


def test_a_body_that_tells_no_tokens_and_says_nothing_is_no_answer(pool, server):
    server.answer = (200, "application/json", json.dumps({"choices": None}))
    assert pool.ask()[0] == "I am well"
    assert pool.pool.spend.by_candidate.keys() == {"large"}


@pytest.mark.parametrize(
    ("events", "spent"),
    [
        ([OPENING, *WORDS, CUT], (1, 0, 1)),
        ([OPENING, *WORDS, event(OVERLOADED)], (1, 0, 1)),
        ([chunk({"content": "I am "}, written=3), CUT], (1, 3, 0)),
        ([OPENING, CUT], None),
    ],
)
def test_a_stream_that_breaks_within_a_member_counts_as_far_as_words_came(
    router, server, client, events, spent
):
    server.asked.clear()
    server.answer = events
    models = LangChain(router, f"{server.url}/v1", client).pool.models
    for model in models.values():
        model.streaming = True
    pool = ChatCrossRoute(models=models, router=router, cost_preference=1.0)
    assert pool.invoke(STORY).text == "I am well"
    assert server.asked == ["bad", "good"]
    small = pool.spend.by_candidate.get("small")
    assert (small and (small.calls, small.usage.output_tokens, small.unknown)) == spent


def test_what_is_held_before_a_request_is_no_answer():
    message = AIMessage("hi", usage_metadata={"input_tokens": 9, "output_tokens": 3, "total_tokens": 12})
    body = {"usage": {"include": True}}  # how OpenRouter is asked for it
    with pytest.raises(KeyError) as raised:
        body[message.content]
    assert find_rejected_answer(raised.value) is None


def test_the_name_of_an_error_may_say_that_an_answer_came():
    assert find_rejected_answer(OutputParserException("no JSON")) == (None, None)
    assert find_rejected_answer(KeyError("choices")) is None


def test_a_tier_and_a_stated_cost_are_read_as_in_an_answer():
    response = {"choices": None, "usage": {**USAGE, "cost": 0.25}, "service_tier": "flex"}
    with pytest.raises(TypeError) as raised:
        response["choices"][0]
    usage, cost = find_rejected_answer(raised.value)
    assert (usage.tier, cost) == (0.5, 0.25)


class RefusedError(Exception):
    status_code = 429


@pytest.mark.parametrize("refusal", [RefusedError(), ConnectionError(), TimeoutError()])
def test_a_refusal_and_a_broken_connection_are_no_answer_whatever_else_is_at_hand(refusal):
    earlier = {"choices": [{"message": {"content": "hi"}}], "usage": USAGE}
    with pytest.raises(type(refusal)) as raised:
        earlier and fail_with(refusal)
    assert find_rejected_answer(raised.value) is None


def fail_with(error):
    raise error


def test_what_a_frame_holds_may_fail_when_it_is_asked():
    from weakref import WeakKeyDictionary

    held, response = WeakKeyDictionary(), {"choices": None, "usage": USAGE}
    with pytest.raises(TypeError) as raised:
        (held, response["choices"][0])
    assert find_rejected_answer(raised.value)[0].output_tokens == 7
