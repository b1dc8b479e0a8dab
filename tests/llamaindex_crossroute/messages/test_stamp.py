"""Tokens, wherever a provider tells them."""

from types import SimpleNamespace

import pytest
from llama_index.core.base.llms.types import ChatMessage, ChatResponse

from crossroute.calls.spend import Usage
from llamaindex_crossroute.messages.stamp import usage_of

OPENAI = {"prompt_tokens": 1000, "completion_tokens": 100}
RESPONSES = {"input_tokens": 1000, "output_tokens": 100, "input_tokens_details": {"cached_tokens": 10}}
GEMINI = {"prompt_token_count": 1000, "candidates_token_count": 100}


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
