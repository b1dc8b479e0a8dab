"""What answers tell of themselves, as providers spell it."""

import pytest
from langchain_core.exceptions import OutputParserException
from langchain_core.messages import AIMessage
from langchain_core.outputs import ChatGeneration, LLMResult

from langchain_crossroute.messages.reply import (
    MemberResult,
    build_reply,
    is_finished,
    is_torn,
    read_finish_reason,
    read_logprobs,
    remove_logprobs,
    states_end,
    sum_usage,
)

USAGE = {"input_tokens": 10, "output_tokens": 5, "total_tokens": 15}


def taken(answer, usage=None, error=None):
    return MemberResult(answer, usage, False, error)


@pytest.mark.parametrize(
    ("metadata", "expected"),
    [
        ({"finish_reason": "length"}, "length"),  # OpenAI, and Google in capitals
        ({"stop_reason": "max_tokens"}, "max_tokens"),  # Anthropic
        ({"stopReason": "max_tokens"}, "max_tokens"),  # Bedrock
        ({"done_reason": "length"}, "length"),  # Ollama
        (
            {"status": "incomplete", "incomplete_details": {"reason": "max_output_tokens"}},
            "max_output_tokens",
        ),
        ({"status": "completed", "incomplete_details": None}, None),
        ({"model_provider": "google_genai", "prompt_feedback": {"block_reason": "SAFETY"}}, "SAFETY"),
        ({}, None),
    ],
)
def test_why_an_answer_ended_is_read_in_each_providers_spelling(metadata, expected):
    assert read_finish_reason(AIMessage("x", response_metadata=metadata)) == expected


@pytest.mark.parametrize(
    ("metadata", "tells", "finished"),
    [
        ({"model_provider": "anthropic"}, True, False),
        ({"model_provider": "google_genai", "prompt_feedback": {"block_reason": 0}}, True, False),
        ({"model_provider": "ollama", "done": True}, True, True),
        ({"model_provider": "openai", "status": "completed"}, True, True),
        ({"model_provider": "openai", "finish_reason": "stop"}, True, True),
        ({"model_provider": "somebody"}, False, False),
        ({}, False, False),
    ],
)
def test_an_answer_of_a_provider_that_tells_its_end_is_finished_or_cut(metadata, tells, finished):
    message = AIMessage("", response_metadata=metadata)
    assert (states_end(message), is_finished(message)) == (tells, finished)


@pytest.mark.parametrize(
    ("metadata", "torn"),
    [
        ({"prompt_feedback": {"block_reason": "SAFETY"}}, False),
        ({"prompt_feedback": {"block_reason": 0}}, True),
        ({"finish_reason": "STOP"}, False),
        ({}, True),
    ],
)
def test_a_prompt_that_google_blocks_is_no_cut_stream(metadata, torn):
    told = {"model_provider": "google_genai", **metadata}
    assert is_torn(AIMessage("", response_metadata=told)) is torn


def test_a_message_tells_its_text_tokens_and_log_probabilities():
    metadata = {"logprobs": {"content": [{"token": "4", "logprob": -0.5}]}, "finish_reason": "stop"}
    message = AIMessage("4", response_metadata=metadata)
    found = build_reply(taken(message, USAGE))
    assert (found.text, found.logprobs, found.finish_reason) == ("4", (-0.5,), "stop")
    assert (found.usage.input_tokens, found.usage.output_tokens) == (10, 5)
    assert (found.schema_error, found.asks_for_tools, found.refused) == (None, False, False)
    assert build_reply(taken(LLMResult(generations=[[ChatGeneration(message=message)]]))).text == "4"


def test_a_refusal_is_read_where_the_provider_says_so():
    assert build_reply(taken(AIMessage("", additional_kwargs={"refusal": "No."}))).refused
    assert build_reply(taken(AIMessage([{"type": "refusal", "refusal": "No."}]))).refused
    assert not build_reply(taken(AIMessage("No."))).refused


def test_structured_output_is_read_as_what_it_says():
    call = {"name": "City", "args": {"people": 3}, "id": "1"}
    raw = AIMessage("", tool_calls=[call])
    fits = {"raw": raw, "parsed": {"people": 3}, "parsing_error": None}
    found = build_reply(taken(fits), structured=True)
    assert (found.text, found.schema_error, found.asks_for_tools) == ('{"people": 3}', None, False)
    assert (
        "ValueError"
        in build_reply(taken({**fits, "parsing_error": ValueError("Ada")}), structured=True).schema_error
    )
    assert build_reply(taken({**fits, "parsed": None}), structured=True).schema_error
    assert build_reply(taken(None, error=ValueError("Ada")), structured=True).schema_error
    assert build_reply(taken({"people": 3}), structured=True).text == '{"people": 3}'
    assert build_reply(taken(raw), [], structured=False).asks_for_tools


def test_no_word_of_an_answer_is_in_the_error_of_its_schema():
    error = OutputParserException("Failed to parse: Ada lives in Oslo")
    assert "Ada" not in build_reply(taken(None, error=error), structured=True).schema_error


def test_tokens_are_added_and_a_cached_answer_does_not_mark_the_sum():
    assert sum_usage([]) is sum_usage([None]) is None
    assert sum_usage([USAGE, None]) == USAGE
    cached = {**USAGE, "input_token_details": {"cache_read": 4}, "total_cost": 0}
    assert sum_usage([USAGE, cached]) == {
        "input_tokens": 20,
        "output_tokens": 10,
        "total_tokens": 30,
        "input_token_details": {"cache_read": 4},
    }


@pytest.mark.parametrize(
    ("metadata", "expected"),
    [
        (
            {"logprobs": {"content": [{"token": "a", "logprob": -0.5}, {"token": "b", "logprob": -1}]}},
            (-0.5, -1.0),
        ),
        ({"logprobs": [{"token": "a", "logprob": -0.5}]}, (-0.5,)),  # Ollama
        ({"logprobs": {"content": None, "refusal": None}}, None),
        ({"logprobs": {"content": []}}, None),
        ({"logprobs": None}, None),
        ({}, None),
    ],
)
def test_answers_tell_them_in_their_metadata(metadata, expected):
    assert read_logprobs(AIMessage("a b", response_metadata=metadata)) == expected


def test_what_nobody_asked_for_is_taken_out():
    message = AIMessage("a", response_metadata={"logprobs": {"content": []}, "model_name": "x"})
    assert remove_logprobs(message).response_metadata == {"model_name": "x"}
    assert "logprobs" in message.response_metadata
