"""What is overheard of answers that only an error holds."""

import gc
import json

import httpx
import openai
from langchain_core.exceptions import OutputParserException

from langchain_crossroute.messages.reply import MemberResult, build_reply, read_finish_reason
from langchain_crossroute.probe import find_rejected_message, is_unreadable


def taken(answer, usage=None, error=None):
    return MemberResult(answer, usage, False, error)


def test_an_answer_that_openais_client_could_not_read_is_found_in_its_error():
    logprobs = {"content": [{"token": "x", "logprob": -2.0}]}
    choice = {"message": {"content": '{"a'}, "finish_reason": "length", "logprobs": logprobs}
    body = {"choices": [choice], "usage": {"prompt_tokens": 7, "completion_tokens": 3}}
    error = OutputParserException("could not be parsed")
    error.response = httpx.Response(200, content=json.dumps(body))
    message = find_rejected_message(error)
    assert (message.text, read_finish_reason(message)) == ('{"a', "length")
    assert message.usage_metadata == {"input_tokens": 7, "output_tokens": 3, "total_tokens": 10}
    assert build_reply(taken(message, error=error), structured=True).logprobs == (-2.0,)
    assert find_rejected_message(OutputParserException("none")) is None
    error.response = httpx.Response(200, content=b"no JSON")
    assert find_rejected_message(error) is None


class Unread(httpx.SyncByteStream):
    def __iter__(self):
        yield b"{}"


def test_the_body_of_a_refusal_is_not_read(recwarn):
    class Awaited:
        async def json(self):
            return {}

    for response in (httpx.Response(429, stream=Unread()), Awaited()):
        for error in (ValueError("slow down"), OutputParserException("could not be parsed")):
            error.response = response
            assert find_rejected_message(error) is None
    gc.collect()
    assert not recwarn.list


def test_errors_that_tell_of_an_answer_are_known_from_those_that_tell_of_none():
    assert is_unreadable(OutputParserException("x"))
    assert is_unreadable(json.JSONDecodeError("x", "{", 0))
    assert not is_unreadable(openai.OpenAIError("x"))
    assert not is_unreadable(TimeoutError())
