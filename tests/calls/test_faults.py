"""Answers as providers, proxies and broken connections give them, over HTTP, through both integrations."""

from __future__ import annotations

import asyncio
import gc
import json
import math
import warnings
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import httpx
import pytest

from crossroute.errors import BrokenStreamError
from tests.support.faulty import (
    CUT,
    OPENING,
    OVERLOADED,
    PAGE,
    STREAM,
    USAGE,
    WORDS,
    LangChain,
    LlamaIndex,
    bad,
    chunk,
    event,
    whole,
)
from tests.support.routers import STORY

UNREADABLE = {
    "broken JSON": (200, "application/json", '{"id": "x", "choices": [{"index": 0, "mess'),
    "nothing": (200, "application/json", ""),
    "a proxy's page": (200, "text/html", PAGE),
    "a page that says it is JSON": (200, "application/json", PAGE),
    "choices: null": (200, "application/json", whole(choices=None)),
    "no choices": (200, "application/json", whole(choices=[])),
    "an error in a 200": (200, "application/json", json.dumps(OVERLOADED)),
    "a list": (200, "application/json", "[]"),
    "a refused length": (411, "application/json", bad("Length required")),
    "refused headers": (431, "application/json", bad("Request header fields too large")),
}
PAID = ("choices: null", "no choices")
"""They tell their tokens."""
MEMBERS = {
    "a refused key": (401, "application/json", bad("Incorrect API key provided", "invalid_api_key")),
    "no credit": (400, "application/json", bad("Your credit balance is too low")),
    "no quota": (429, "application/json", bad("You exceeded your current quota", "insufficient_quota")),
    "no such model": (404, "application/json", bad("The model `m` does not exist", "model_not_found")),
    "an argument": (
        400,
        "application/json",
        bad("Unsupported value: 'temperature' does not support 0.2 with this model."),
    ),
    "a page with a 503": (503, "text/html", "<html>503</html>"),
}
STREAMS: dict[str, list[str] | tuple[int, str, str]] = {
    "an opening, then an error": [OPENING, event(OVERLOADED)],
    "an opening, then nothing": [OPENING, CUT],
    "a broken first event": [event('{"id": "x", "choi')],
    "an error first": [event(OVERLOADED)],
    "the connection closed at once": [CUT],
    "no event": [],
    "an end alone": [event("[DONE]")],
    "a proxy's page": (200, "text/html", PAGE),
    "a page that says it is JSON": (200, "application/json", PAGE),
    "nothing": (200, "application/json", ""),
}


def test_an_answer_with_an_error_beside_it_is_none(pool, server):
    server.answer = (200, "application/json", whole(error={"message": "Overloaded", "code": 503}))
    said, decision = pool.ask()
    assert (said, server.asked) == ("I am well", ["bad", "good"])
    assert decision["failures"][0]["fault"] == "member"


def test_an_answer_with_no_error_in_its_place_is_one(pool, server):
    for none in (None, {}, ""):
        server.asked.clear()
        server.answer = (200, "application/json", whole(error=none))
        assert (pool.ask()[0], server.asked) == ("I am well", ["bad"])


@pytest.mark.parametrize("fault", [*UNREADABLE, *MEMBERS])
def test_the_next_member_answers_and_the_failure_is_told(pool, server, fault):
    server.answer = {**UNREADABLE, **MEMBERS}[fault]
    said, decision = pool.ask()
    assert said == "I am well"
    assert [(one["candidate"], one["fault"]) for one in decision["failures"]] == [("small", "member")]
    assert server.asked == ["bad", "good"]
    assert pool.pool.spend.total.calls == 1 + (fault in PAID)


@pytest.mark.parametrize("events", STREAMS.values(), ids=STREAMS)
def test_a_stream_goes_on_to_the_next_member_until_there_is_something_to_read(pool, server, events):
    server.answer = events
    assert pool.stream() == "I am well"
    assert asyncio.run(pool.astream()) == "I am well"
    assert server.asked[:2] == ["bad", "good"]
    assert pool.pool.spend.total.calls == 2


NOTHING = {"role": "assistant", "content": None, "tool_calls": []}


@pytest.mark.parametrize("reason", ["tool_calls", "function_call"])
def test_an_answer_that_calls_no_tool_though_it_says_so_is_none_and_paid_for(pool, server, reason):
    choices = [{"index": 0, "message": NOTHING, "finish_reason": reason}]
    server.answer = (200, "application/json", whole(choices=choices))
    assert pool.ask()[0] == "I am well"
    server.answer = [OPENING, chunk({}, reason), event("[DONE]")]
    assert pool.stream() == "I am well"
    assert server.asked[:2] == ["bad", "good"]
    assert pool.pool.spend.by_candidate["small"].calls >= 1


@pytest.fixture
def uncollected() -> Iterator[None]:
    gc.disable()
    yield
    gc.enable()


ONE = {"limits": httpx.Limits(max_connections=1), "timeout": httpx.Timeout(20, pool=0.1)}
NULL = [event({"id": "x", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": None})]
ENDINGS = {"left": STREAM, "broken": [*STREAM[:2], *NULL, *STREAM[2:]], "broken first": [*NULL, *STREAM]}


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_stream_that_is_left_or_fails_gives_its_connection_back_at_once(pool, server, uncollected, ending):
    server.answer = ENDINGS[ending]
    with httpx.Client(**ONE) as client:
        pool = type(pool)(pool.router, server.url, client)
        for _ in range(3):
            chunks = pool.begin()
            with suppress(TypeError):
                _ = list(chunks) if ending == "broken" else next(chunks)
            chunks.close()


@pytest.mark.parametrize("ending", ENDINGS)
def test_an_asynchronous_one_too(pool, server, uncollected, ending):
    server.answer = ENDINGS[ending]

    async def leave() -> None:
        left = type(pool)(pool.router, server.url, httpx.Client(), **ONE)
        async with left.awaited:
            for _ in range(3):
                chunks = await left.abegin()
                with suppress(TypeError):
                    _ = [one async for one in chunks] if ending == "broken" else await anext(chunks)
                await chunks.aclose()

    asyncio.run(leave())


@pytest.mark.parametrize("kept", [False, True], ids=["dropped", "kept"])
@pytest.mark.parametrize("others", [0, 3])
def test_a_loop_may_end_with_streams_that_were_left(pool, server, caplog, kept, others):
    server.answer, streams = STREAM, []

    async def leave(left: Any) -> None:
        chunks = await left.abegin()
        await anext(chunks)
        if kept:
            streams.append(chunks)

    async def leave_some() -> None:
        left = type(pool)(pool.router, server.url, httpx.Client())
        await asyncio.gather(*(leave(left) for _ in range(others)))
        async for _ in await left.abegin():
            break

    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        asyncio.run(leave_some())
        streams.clear()
        gc.collect()
    assert not [str(one.message) for one in heard if "async" in str(one.message)]
    assert not [record.getMessage() for record in caplog.records if record.name == "asyncio"]


def test_a_stream_that_ends_without_a_finish_reason_is_no_whole_answer(pool, server):
    server.answer = [OPENING, *WORDS]
    with pytest.raises(BrokenStreamError, match="'small' ended without a finish reason"):
        pool.stream()
    assert server.asked == ["bad"]
    server.answer = None
    assert pool.stream() == "I am well"


@pytest.mark.parametrize("argument", [{"stop": {"x"}}, {"temperature": math.nan}])
def test_a_request_that_cannot_be_made_cools_no_member_down(pool, server, argument):
    ask = pool.pool.invoke if isinstance(pool, LangChain) else pool.pool.chat
    with pytest.raises(Exception) as raised:  # noqa: PT011 - the client's own
        ask(STORY if isinstance(pool, LangChain) else pool.said, **argument)
    told = [(failure.candidate, failure.fault) for failure in raised.value.crossroute_failures]
    assert (server.asked, told) == ([], [("small", "member"), ("large", "member")])
    assert not pool.pool._routing.dispatcher.cooldowns.failed


def test_a_bad_request_is_raised_at_once(pool, server):
    server.answer = (400, "application/json", bad("messages: at least one is expected"))
    with pytest.raises(Exception, match="at least one is expected") as raised:
        pool.ask()
    assert server.asked == ["bad"]
    assert [failure.fault for failure in raised.value.crossroute_failures] == ["request"]


TOLD_IN_EACH = [
    chunk({"role": "assistant", "content": ""}, written=0),
    chunk({"content": "I am "}, written=3),
    chunk({"content": "well"}, written=7),
    chunk({}, "stop", written=7),
    event("[DONE]"),
]


@pytest.mark.parametrize(
    ("events", "tokens", "unknown"),
    [
        (TOLD_IN_EACH, (11, 7), 0),
        ([OPENING, chunk({"content": "I am well"}), STREAM[-2], STREAM[-1]], (0, 0), 1),
    ],
    ids=["usage in each chunk", "no usage"],
)
def test_a_stream_is_paid_for_once_and_told_apart_where_nobody_says_for_what(
    pool, server, events, tokens, unknown
):
    server.answer = events
    assert pool.stream() == "I am well"
    spent = pool.pool.spend.total
    assert (spent.usage.input_tokens, spent.usage.output_tokens) == tokens
    assert (spent.calls, spent.unknown) == (1, unknown)


def test_a_cost_that_the_provider_states_stands(pool, server):
    server.answer = (200, "application/json", whole(usage={**USAGE, "cost": 0.0123}))
    said, decision = pool.ask()
    assert said == "I am well"
    assert decision["actual_cost"] == 0.0123
    spent = pool.pool.spend.total
    assert (spent.cost, spent.unknown, spent.usage.input_tokens) == (0.0123, 0, 11)


def ending(reason: str | None) -> tuple[int, str, str]:
    message = {"role": "assistant", "content": None}
    return 200, "application/json", whole(choices=[{"index": 0, "message": message, "finish_reason": reason}])


@pytest.mark.parametrize(
    "answer",
    [
        ending(None),
        ending("error"),
        ending("MALFORMED_FUNCTION_CALL"),
        [OPENING, chunk({}, "error"), event("[DONE]")],
    ],
)
def test_an_answer_with_nothing_to_read_that_failed_or_never_ended_is_none(pool, server, answer):
    server.answer = answer
    assert (pool.stream() if isinstance(answer, list) else pool.ask()[0]) == "I am well"
    assert server.asked == ["bad", "good"]
    assert pool.pool.spend.total.calls == 2  # what came is paid for


def test_an_empty_answer_that_says_that_it_is_whole_is_one(pool, server):
    server.answer = ending("stop")
    assert pool.ask()[0] in ("", "None")
    assert server.asked == ["bad"]


FILTERED = {
    "whole": (
        200,
        "application/json",
        whole(
            choices=[
                {
                    "index": 0,
                    "message": {"role": "assistant", "content": ""},
                    "finish_reason": "content_filter",
                }
            ]
        ),
    ),
    "streamed": [OPENING, chunk({}, "content_filter"), event("[DONE]")],
}


@pytest.mark.parametrize("way", FILTERED)
def test_an_answer_of_which_a_filter_left_nothing_goes_on_where_that_is_asked_for(
    router, server, client, way
):
    for integration in (LangChain, LlamaIndex):
        pool = integration(router, server.url, client)
        server.answer = FILTERED[way]
        server.asked.clear()
        ask = pool.stream if way == "streamed" else lambda pool=pool: pool.ask()[0]
        assert ask() in ("", "None")
        assert server.asked == ["bad"]
        pool.pool.past_filters = True
        assert ask() == "I am well"
        assert server.asked == ["bad", "bad", "good"]
        assert pool.pool.spend.total.calls == 3  # what was filtered is paid for
