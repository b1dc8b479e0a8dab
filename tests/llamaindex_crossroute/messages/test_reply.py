"""Facts of answers, and their tokens, as providers spell them."""

from enum import Enum
from types import SimpleNamespace

import pytest
from llama_index.core.base.llms.types import ChatMessage, ChatResponse, CompletionResponse, LogProb
from pydantic import BaseModel, ValidationError

from crossroute.calls.spend import Usage
from llamaindex_crossroute.messages.reply import (
    finish_reason,
    is_finished,
    read_answer,
    read_logprobs,
    read_unfit,
    states_end,
    usage_of,
)
from llamaindex_crossroute.probe import UsageProbe
from tests.llamaindex_crossroute.fakes import ChatFake, tool_call

OPENAI = {"prompt_tokens": 1000, "completion_tokens": 100}
RESPONSES = {"input_tokens": 1000, "output_tokens": 100, "input_tokens_details": {"cached_tokens": 10}}
GEMINI = {"prompt_token_count": 1000, "candidates_token_count": 100}


class Song(BaseModel):
    """A song."""

    name: str


class Finish(Enum):
    MAX_TOKENS = 2


def facts_of(value, probe=None, tools=()):
    return read_answer(value, probe or UsageProbe(), ChatFake("a"), tools)[1]


def chat(text="Hi", raw=None, **more):
    return ChatResponse(message=ChatMessage(role="assistant", content=text), raw=raw, **more)


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        ({"choices": [{"finish_reason": "length"}]}, "length"),
        (SimpleNamespace(choices=[SimpleNamespace(finish_reason="stop")]), "stop"),
        ({"stop_reason": "max_tokens"}, "max_tokens"),
        (SimpleNamespace(delta=SimpleNamespace(stop_reason="end_turn")), "end_turn"),
        ({"stopReason": "content_filtered"}, "content_filtered"),
        ({"done_reason": "length"}, "length"),
        ({"candidates": [{"finish_reason": Finish.MAX_TOKENS}]}, "MAX_TOKENS"),
        ({"finish_reason": "COMPLETE"}, "COMPLETE"),
        ({"incomplete_details": {"reason": "max_output_tokens"}}, "max_output_tokens"),
        ({"choices": []}, None),
        (None, None),
    ],
)
def test_why_it_ended(raw, reason):
    assert finish_reason(chat(raw=raw)) == reason


def test_log_probabilities_are_the_written_tokens():
    top = [[LogProb(logprob=-0.1)], [LogProb(logprob=-0.2)]]
    told = [{"token": "z", "logprob": -2.5, "top_logprobs": [{"token": "a", "logprob": -0.1}]}]
    assert read_logprobs(chat(raw={"choices": [{"logprobs": {"content": told}}]}, logprobs=top)) == (-2.5,)
    completed = {"choices": [{"logprobs": {"token_logprobs": [None, -0.5, -1]}}]}
    assert read_logprobs(CompletionResponse(text="x", raw=completed)) == (-0.5, -1.0)
    assert read_logprobs(chat(logprobs=top)) == (-0.1, -0.2)
    assert read_logprobs(chat(raw={"choices": [{"logprobs": None}]})) == ()


def test_chunks_make_one_answer():
    def chunk(text, logprob=None, finish=None, usage=None):
        told = None if logprob is None else {"content": [{"logprob": logprob}]}
        raw = {"choices": [{"logprobs": told, "finish_reason": finish}], "usage": usage}
        return chat(text, raw=raw)

    last = chat("Hi you", raw={"choices": [], "usage": {"prompt_tokens": 3, "completion_tokens": 2}})
    facts = facts_of([chunk("Hi", -0.5), chunk("Hi you", -1.5), chunk("Hi you", finish="stop"), last])
    assert facts.text == "Hi you"
    assert facts.logprobs == (-0.5, -1.5)
    assert facts.finish_reason == "stop"
    assert facts.usage == Usage(input_tokens=3, output_tokens=2)


def test_what_says_nothing_of_itself():
    for value in ("Hi", ["H", "i"], CompletionResponse(text="Hi"), chat("Hi")):
        facts = facts_of(value)
        assert (facts.text, facts.logprobs, facts.finish_reason, facts.usage) == ("Hi", None, None, None)
        assert not facts.asks_for_tools
    assert facts_of([]).text == ""
    assert facts_of(chat("Hi")).schema_error is None
    assert facts_of(Song(name="Ja")).text == '{"name":"Ja"}'


def test_refusals_and_tool_calls():
    assert facts_of(chat("", raw={"choices": [{"message": {"refusal": "No."}}]})).refused
    assert not facts_of(chat("", raw={"choices": [{"message": {"refusal": None}}]})).refused
    facts = facts_of(ChatResponse(message=tool_call("add", a=1)))
    assert facts.asks_for_tools
    assert facts.schema_error == "a tool that was not offered"


def test_an_error_tells_without_what_was_said():
    probe = UsageProbe()
    probe.responses.append(chat("My diary", raw={"choices": [{"finish_reason": "length"}]}))
    with pytest.raises(ValidationError) as caught:
        Song.model_validate({"name": 7})
    got, facts = read_unfit(caught.value, probe)
    assert got.error is caught.value
    assert facts.schema_error == "name: string_type"
    assert (facts.text, facts.finish_reason) == ("My diary", "length")
    assert read_unfit(ValueError("not My diary"), probe)[1].schema_error == "ValueError"


@pytest.mark.parametrize(
    ("raw", "tells", "finished"),
    [
        ({"choices": [{"finish_reason": None}]}, True, False),
        ({"choices": [{"finish_reason": "stop"}]}, True, True),
        ({"type": "content_block_delta", "delta": {"text": "Hel"}}, True, False),
        ({"type": "message_delta", "delta": {"stop_reason": "end_turn"}}, True, True),
        ({"type": "message", "stop_reason": None}, True, False),
        ({"message": {"content": "Hel"}, "done": False}, True, False),
        ({"message": {"content": ""}, "done": True}, True, True),
        ({"type": "response.output_text.delta", "delta": "Hel"}, True, False),
        (
            {"type": "response.created", "response": {"object": "response", "status": "in_progress"}},
            True,
            False,
        ),
        ({"type": "response.failed", "response": {"object": "response", "status": "failed"}}, True, True),
        ({"object": "response", "status": "completed"}, True, True),
        ({"text": "Hi"}, False, False),
        (None, False, False),
    ],
)
def test_a_response_of_a_format_that_tells_its_end_is_finished_or_cut(raw, tells, finished):
    response = CompletionResponse(text="", raw=raw)
    assert (states_end(response), is_finished(response)) == (tells, finished)


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        ({"object": "response", "status": "completed"}, "completed"),
        ({"object": "response", "status": "incomplete", "incomplete_details": {"reason": "x"}}, "x"),
        (
            {
                "type": "response.incomplete",
                "response": {
                    "object": "response",
                    "status": "incomplete",
                    "incomplete_details": {"reason": "max_output_tokens"},
                },
            },
            "max_output_tokens",
        ),
        ({"type": "response.failed", "response": {"object": "response", "status": "failed"}}, "failed"),
        ({"object": "response", "status": "queued"}, None),
    ],
)
def test_how_an_answer_of_the_responses_api_ended(raw, reason):
    assert finish_reason(CompletionResponse(text="", raw=raw)) == reason


def usage(raw=None, **additional_kwargs):
    message = ChatMessage(role="assistant", content="Hi")
    return usage_of(ChatResponse(message=message, raw=raw, additional_kwargs=additional_kwargs))


def counts(input_tokens=1000, output_tokens=100, cached=0, made=0):
    return Usage(
        input_tokens=input_tokens,
        output_tokens=output_tokens,
        cached_input_tokens=cached,
        cache_write_tokens=made,
    )


@pytest.mark.parametrize("raw", [{"usage": OPENAI}, SimpleNamespace(usage=SimpleNamespace(**OPENAI))])
def test_beside_the_answer(raw):
    assert usage(raw) == counts()


def test_in_the_last_event_of_a_streamed_response():
    assert usage(SimpleNamespace(response=SimpleNamespace(usage=RESPONSES))) == counts(cached=10)
    assert usage(SimpleNamespace(delta="Hi"), usage=SimpleNamespace(**RESPONSES)) == counts(cached=10)


def test_the_first_place_that_has_counts():
    assert usage({"usage": {"unit": "USD"}}, **OPENAI) == counts()
    assert usage({"usage": None}, usage=None, **OPENAI) == counts()
    assert usage({"usage": OPENAI}, prompt_tokens=7, completion_tokens=7) == counts()


def test_bedrock_counts_in_camel_case_and_its_cache_beside():
    told = {"inputTokens": 1000, "outputTokens": 100, "totalTokens": 1100}
    assert usage({"usage": told}) == counts()
    cached = told | {"cacheReadInputTokens": 200, "cacheWriteInputTokens": 30}
    assert usage({"usage": cached}) == counts(1230, cached=200, made=30)


def test_anthropic_counts_its_cache_beside_and_litellm_within():
    cache = {"cache_read_input_tokens": 900, "cache_creation_input_tokens": 50}
    told = {"input_tokens": 50, "output_tokens": 100}
    assert usage({"usage": told | cache}) == counts(cached=900, made=50)
    within = OPENAI | cache | {"prompt_tokens_details": {"cached_tokens": 900}}
    assert usage({"usage": within}) == usage({"usage": OPENAI | cache}) == counts(cached=900, made=50)


def test_gemini_thinks_beside_what_it_writes():
    thought = GEMINI | {"thoughts_token_count": 2000, "cached_content_token_count": 900}
    assert usage({"usage_metadata": thought}) == counts(output_tokens=2100, cached=900)
    assert usage({"usage_metadata": GEMINI | {"thoughts_token_count": None}}) == counts()


def test_nowhere():
    assert usage(None) is usage({}) is usage({"usage": {}}, ref="x") is None
