"""Shapes of errors and streams that gateways, servers and clouds send, through both integrations."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from crossroute.errors import NoAnswerError
from tests.support.faulty import CUT, OPENING, OVERLOADED, STREAM, USAGE, WORDS, bad, chunk, event, whole

JSON, PROBLEM, TEXT = "application/json", "application/problem+json", "text/plain"
UNAVAILABLE = {"type": "about:blank", "title": "Service Unavailable", "status": 503}
BUSY = {"message": "overloaded", "type": "overloaded_error"}


def ended(reason: Any, content: Any = None, **more: Any) -> str:
    message = {"role": "assistant", "content": content}
    return whole(choices=[{"index": 0, "message": message, "finish_reason": reason, **more}])


def told(choices: Any, **more: Any) -> str:
    return event(
        {"id": "x", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": choices, **more}
    )


NOT_ANSWERS = {
    "an error's text": {"error": "overloaded"},
    "an error in an error": {"error": {"error": BUSY}},
    "a type": {"type": "error", "error": BUSY},
    "a detail": {"detail": "Rate limit exceeded"},
    "a message and a code": {"message": "Internal error", "code": 500},
    "a msg and a code": {"code": 1305, "msg": "busy"},
    "no success": {"success": False, "errors": [{"code": 7, "message": "x"}], "result": None},
    "an object": {"object": "error", "message": "engine died", "code": 50001},
    "a status": {"status": "error", "message": "x"},
    "a problem": UNAVAILABLE,
    "a string": "overloaded",
    "null": None,
    "a number": 42,
    "nothing in it": {},
}
REFUSALS = {
    "a problem": (503, PROBLEM, json.dumps(UNAVAILABLE)),
    "plain text": (503, TEXT, "no healthy upstream"),
    "a page with a 400": (400, "text/html", "<html><body>400 Bad Request</body></html>"),
    "a 400 without a word": (400, JSON, ""),
    "a 400 of a load": (400, JSON, json.dumps({"error": "model is overloaded, please try again later"})),
    "a 400 of a key": (
        400,
        JSON,
        json.dumps({"code": "InvalidApiKey", "message": "Invalid API-key provided."}),
    ),
    "a list": (400, JSON, json.dumps([{"error": {"code": 400, "message": "API key not valid."}}])),
    "JSON in a message": (
        400,
        JSON,
        bad(json.dumps({"error": {"code": 503, "message": "The model is overloaded."}})),
    ),
    "an extra field": (
        422,
        JSON,
        json.dumps(
            {
                "detail": [
                    {
                        "loc": ["body", "seed"],
                        "type": "extra_forbidden",
                        "msg": "Extra inputs are not permitted",
                    }
                ]
            }
        ),
    ),
    "a model that left": (400, JSON, bad("The model `m` has been decommissioned", "model_decommissioned")),
    "a place": (400, JSON, bad("User location is not supported for the API use.")),
    "a limit": (400, JSON, bad("You have reached your specified API usage limits.")),
    "no route": (404, JSON, json.dumps({"detail": "Not Found"})),
    "no memory": (500, JSON, json.dumps({"error": "CUDA out of memory"})),
    "a proxy's own status": (522, "text/html", "<html>522</html>"),
}


@pytest.mark.parametrize("fault", [*NOT_ANSWERS, *REFUSALS])
def test_the_next_member_answers(pool, server, fault):
    body = NOT_ANSWERS.get(fault)
    server.answer = REFUSALS[fault] if fault in REFUSALS else (200, JSON, json.dumps(body))
    assert pool.ask()[0] == "I am well"
    assert server.asked == ["bad", "good"]
    assert pool.pool.spend.total.calls == 1


@pytest.mark.parametrize(
    "answer",
    [
        ended("error", "", error={"code": 502, "message": "x"}),
        ended("error", "I am", error={"code": 502, "message": "x"}),
        ended("abort"),
        ended("insufficient_system_resource"),
        ended(""),
        ended(None, []),
    ],
)
def test_an_answer_that_failed_is_paid_for_and_the_next_member_answers(pool, server, answer):
    server.answer = (200, JSON, answer)
    assert pool.ask()[0] == "I am well"
    assert server.asked == ["bad", "good"]
    assert pool.pool.spend.total.usage.output_tokens == 14


CALLED = {"id": "1", "type": "function", "function": {"name": "look", "arguments": "{}"}}
NAMELESS: dict[str, dict[str, Any]] = {
    "no function": {"function": None},
    "an empty function": {"function": {}},
    "no name": {"function": {"name": None, "arguments": "{}"}},
    "an empty name": {"function": {"name": "", "arguments": '{"a": 1}'}},
}


@pytest.mark.parametrize("finish", ["tool_calls", "stop"])
@pytest.mark.parametrize("call", NAMELESS)
def test_a_tool_call_without_a_name_is_no_answer(pool, server, call, finish):
    message = {"role": "assistant", "content": None, "tool_calls": [{**CALLED, **NAMELESS[call]}]}
    server.answer = (200, JSON, whole(choices=[{"index": 0, "message": message, "finish_reason": finish}]))
    text, decision = pool.ask()
    assert (text, server.asked) == ("I am well", ["bad", "good"])
    assert decision["failures"][0]["fault"] == "member"


@pytest.mark.parametrize("awaited", [False, True])
@pytest.mark.parametrize("finish", ["tool_calls", "stop"])
@pytest.mark.parametrize("call", NAMELESS)
def test_a_tool_call_without_a_name_begins_no_stream(pool, server, call, finish, awaited):
    called = {"index": 0, **CALLED, **NAMELESS[call]}
    server.answer = [OPENING, chunk({"tool_calls": [called]}), chunk({}, finish), STREAM[-1]]
    assert (asyncio.run(pool.astream()) if awaited else pool.stream()) == "I am well"
    assert server.asked == ["bad", "good"]


SECOND = {"no name": None, "an empty name": ""}
FIRST: dict[str, dict[str, Any]] = {
    "a call": {"tool_calls": [{"index": 0, **CALLED}]},
    "words": {"content": "Let me look."},
}


@pytest.mark.parametrize("awaited", [False, True])
@pytest.mark.parametrize("name", SECOND)
@pytest.mark.parametrize("first", FIRST)
def test_a_tool_call_without_a_name_ends_a_stream_that_has_begun(pool, server, first, name, awaited):
    second = {"index": 1, **CALLED, "id": "2", "function": {"name": SECOND[name], "arguments": "{}"}}
    server.answer = [OPENING, chunk(FIRST[first]), chunk({"tool_calls": [second]}), chunk({}, "tool_calls")]
    with pytest.raises(NoAnswerError, match="without naming it"):
        asyncio.run(pool.astream()) if awaited else pool.stream()
    assert (server.asked, pool.pool.spend.total.calls) == (["bad"], 1)


@pytest.mark.parametrize("awaited", [False, True])
def test_calls_of_tools_that_are_named_in_turn_pass(pool, server, awaited):
    second = {**CALLED, "id": "2", "function": {"name": "see", "arguments": '{"a"'}}
    rest = {"function": {"name": None, "arguments": ": 1}"}}
    calls = [{"index": 0, **CALLED}, {"index": 1, **second}, {"index": 1, **rest}]
    server.answer = [
        OPENING,
        *(chunk({"tool_calls": [call]}) for call in calls),
        chunk({}, "tool_calls"),
        STREAM[-1],
    ]
    assert (asyncio.run(pool.astream()) if awaited else pool.stream()) in ("", "None")
    assert server.asked == ["bad"]


BROKEN: dict[str, list[str]] = {
    "an event of an error": [OPENING, f"event: error\ndata: {json.dumps(OVERLOADED)}\n\n"],
    "an event of a text": [OPENING, "event: error\ndata: overloaded\n\n"],
    "a bare object": [OPENING, f"event: error\ndata: {json.dumps(BUSY)}\n\n"],
    "a type": [OPENING, event({"type": "error", "error": BUSY})],
    "an error's text": [OPENING, event({"error": "overloaded"})],
    "a detail": [event({"detail": "Rate limit exceeded"})],
    "a message and a code": [event({"message": "Internal error", "code": 500})],
    "an object": [event({"object": "error", "message": "engine died", "code": 50001})],
    "text": [event("overloaded")],
    "null": [event("null")],
    "nothing in it": [event("{}"), event("[DONE]")],
    "choices: null": [told(None), event("[DONE]")],
    "a choice of null": [told([None])],
    "comments alone": [": keepalive\n\n", ": keepalive\n\n"],
    "no choices": [told([]), told([])],
    "a role alone": [OPENING, event("[DONE]")],
    "no delta": [told([{"index": 0, "delta": None, "finish_reason": None}]), event("[DONE]")],
    "a choice's error": [OPENING, told([{"index": 0, "delta": {"content": ""}, "finish_reason": "error"}])],
    "a lack of machines": [OPENING, chunk({}, "insufficient_system_resource"), event("[DONE]")],
    "a JSON body": [json.dumps(OVERLOADED) + "\n"],
    "empty words, then nothing": [OPENING, chunk({"content": ""}), CUT],
    "blanks, then nothing": [OPENING, chunk({"content": " \n"}), CUT],
    "blanks of reasoning, then nothing": [OPENING, chunk({"content": "", "reasoning_content": "\n"}), CUT],
}


@pytest.mark.parametrize("events", BROKEN.values(), ids=BROKEN)
def test_a_stream_that_shows_nothing_and_never_ends_well_goes_on(pool, server, events):
    server.answer = events
    assert pool.stream() == "I am well"
    assert asyncio.run(pool.astream()) == "I am well"
    assert server.asked[:2] == ["bad", "good"]


def test_usage_alone_is_no_answer_and_is_paid_for(pool, server):
    server.answer = [told([], usage=USAGE), event("[DONE]")]
    assert pool.stream() == "I am well"
    spent = pool.pool.spend.total
    assert (spent.calls, spent.usage.output_tokens, spent.unknown) == (2, 7, 1)  # "good" tells no usage here


TAIL, LAST = told([], usage=USAGE), STREAM[-1]
WHOLE: dict[str, list[str]] = {
    "comments before it": [": keepalive\n\n", *STREAM[:-1], TAIL, LAST],
    "comments between": [OPENING, ": OPENROUTER PROCESSING\n\n", *WORDS, STREAM[-2], TAIL, LAST],
    "a head without choices": [told([], prompt_filter_results=[]), *STREAM[:-1], TAIL, LAST],
    "no [DONE]": [*STREAM[:-1], TAIL],
    "carriage returns": [one.replace("\n", "\r\n") for one in (*STREAM[:-1], TAIL, LAST)],
    "no space": [one.replace("data: ", "data:") for one in (*STREAM[:-1], TAIL, LAST)],
    "empty reasons": [
        one.replace('"finish_reason": null', '"finish_reason": ""') for one in (*STREAM[:-1], TAIL, LAST)
    ],
    "an end with words": [OPENING, WORDS[0], chunk({"content": "well"}, "stop"), TAIL, LAST],
    "another word for the end": [OPENING, *WORDS, chunk({}, "eos_token"), TAIL, LAST],
    "null usages": [one.replace('"object"', '"usage": null, "object"') for one in STREAM[:-1]] + [TAIL, LAST],
    "usage with the end": [
        OPENING,
        *WORDS,
        told([{"index": 0, "delta": {}, "finish_reason": "stop"}], usage=USAGE),
        LAST,
    ],
    "usage twice": [OPENING, *WORDS, chunk({}, "stop", written=7), TAIL, LAST],
    "usage of strings": [
        *STREAM[:-1],
        told([], usage={name: str(count) for name, count in USAGE.items()}),
        LAST,
    ],
    "usage without a sum": [
        *STREAM[:-1],
        told([], usage={"prompt_tokens": 11, "completion_tokens": 7}),
        LAST,
    ],
    "a role in each": [
        chunk({"role": "assistant", "content": "I am "}),
        chunk({"role": "assistant", "content": "well"}),
        STREAM[-2],
        TAIL,
        LAST,
    ],
    "reasoning before it": [OPENING, chunk({"reasoning_content": "hm"}), *WORDS, STREAM[-2], TAIL, LAST],
    "no id": [one.replace('"id": "x"', '"id": null') for one in (*STREAM[:-1], TAIL, LAST)],
}


@pytest.mark.parametrize("events", WHOLE.values(), ids=WHOLE)
def test_a_stream_that_ends_well_is_passed_on_and_counted_once(pool, server, events):
    server.answer = events
    assert pool.stream() == "I am well"
    assert asyncio.run(pool.astream()) == "I am well"
    spent = pool.pool.spend.total
    assert server.asked == ["bad", "bad"]
    assert (spent.usage.input_tokens, spent.usage.output_tokens, spent.unknown) == (22, 14, 0)


NONE = dict.fromkeys(USAGE, 0)


@pytest.mark.parametrize(
    "usage", [{}, NONE, {"prompt_tokens": 11, "completion_tokens": None, "total_tokens": None}]
)
def test_words_that_are_said_to_take_no_output_are_of_unknown_cost(pool, server, usage):
    server.answer = [*STREAM[:-1], told([], usage=usage), LAST]
    assert pool.stream() == "I am well"
    server.answer = (200, JSON, whole(usage=usage))
    assert pool.ask()[0] == "I am well"
    spent = pool.pool.spend.total
    assert (spent.calls, spent.unknown, spent.cost) == (2, 2, 0.0)
