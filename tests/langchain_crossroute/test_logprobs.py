"""Log-probabilities: who is asked for them, and how answers tell them."""

import asyncio

import httpx
import openai
import pytest
from langchain_anthropic import ChatAnthropic
from langchain_core.messages import AIMessage
from langchain_openai import AzureChatOpenAI, ChatOpenAI

from langchain_crossroute.logprobs import (
    LogprobRequests,
    asking,
    can_be_asked,
    logprobs_of,
    without_logprobs,
)
from langchain_crossroute.member import Member
from tests.langchain_crossroute.fakes import BadRequestError, ChatFake, RateLimitError

KEY = {"api_key": "test"}


def test_openai_compatible_models_are_asked_unless_their_user_decided():
    assert can_be_asked(ChatOpenAI(model="gpt-4o", **KEY))
    azure = AzureChatOpenAI(model="gpt-4o", azure_endpoint="http://test", api_version="1", **KEY)
    assert can_be_asked(azure)
    assert not can_be_asked(ChatOpenAI(model="gpt-4o", logprobs=False, **KEY))
    assert not can_be_asked(ChatOpenAI(model="gpt-4o", logprobs=True, **KEY))
    assert not can_be_asked(ChatOpenAI(model="gpt-4o", use_responses_api=True, **KEY))
    assert not can_be_asked(ChatAnthropic(model="claude-x", **KEY))
    assert not can_be_asked(ChatFake())


def test_asking_alters_a_copy():
    model = ChatOpenAI(model="gpt-4o", **KEY)
    assert asking(None)(model).logprobs is True
    assert model.logprobs is None
    other = ChatFake()
    assert asking(None)(other) is other
    bound = asking(lambda model: model.bind(stop=["."]))(model)
    assert (bound.bound.logprobs, bound.kwargs) == (True, {"stop": ["."]})


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
    assert logprobs_of(AIMessage("a b", response_metadata=metadata)) == expected


def test_what_nobody_asked_for_is_taken_out():
    message = AIMessage("a", response_metadata={"logprobs": {"content": []}, "model_name": "x"})
    assert without_logprobs(message).response_metadata == {"model_name": "x"}
    assert "logprobs" in message.response_metadata


def status_error(text, status=400):
    response = httpx.Response(status, request=httpx.Request("POST", "http://test"))
    return openai.APIStatusError(text, response=response, body=None)


def test_an_error_that_names_the_parameter_is_a_refusal_and_a_rate_limit_is_none():
    requests = LogprobRequests()
    assert requests.refused("a", status_error("logprobs are not supported with reasoning models", 403))
    assert requests.refused("a", TypeError("create() got an unexpected keyword argument 'logprobs'"))
    assert not requests.refused("a", RateLimitError("logprobs: too many requests"))
    assert not requests.refused("a", status_error("no such key", 401))


def member(name="a"):
    return Member.of(name, ChatOpenAI(model="gpt-4o", **KEY))


def asker(asked, error=None):
    """Ask; with log-probabilities, an error is raised where there is one."""

    def ask(logprobs):
        asked.append(logprobs)
        if logprobs and error is not None:
            raise error
        return "answer"

    return ask


def both(requests, member, ask, **settings):
    async def aask(logprobs):
        return ask(logprobs)

    assert requests.call(member, ask, **settings) == "answer"
    assert asyncio.run(requests.acall(member, aask, **settings)) == "answer"


def test_a_bad_request_may_be_one_until_a_call_succeeded():
    requests, asked = LogprobRequests(), []
    assert requests.refused("a", BadRequestError("unknown parameter"))
    both(requests, member(), asker(asked))
    assert not requests.refused("a", BadRequestError("the conversation is too long"))
    with pytest.raises(BadRequestError):
        requests.call(member(), asker(asked, BadRequestError("the conversation is too long")))
    assert asked == [True, True, True]
    assert requests.refused("b", BadRequestError("unknown parameter"))


def test_who_refused_is_not_asked_again():
    requests, asked = LogprobRequests(), []
    both(requests, member(), asker(asked, BadRequestError("unknown parameter")))
    assert asked == [True, False, False]
    both(requests, member("b"), asker(asked))
    assert asked[3:] == [True, True], "each member for itself"


def test_where_the_call_fails_without_them_too_nothing_is_learnt():
    requests, asked = LogprobRequests(), []

    def ask(logprobs):
        asked.append(logprobs)
        raise BadRequestError(f"no, {logprobs}")

    for _ in range(2):
        with pytest.raises(BadRequestError, match="no, False"):
            requests.call(member(), ask)
    assert asked == [True, False, True, False]


def test_nobody_is_asked_who_cannot_or_where_they_are_not_wanted():
    requests, asked = LogprobRequests(), []
    both(requests, Member.of("fake", ChatFake()), asker(asked))
    both(requests, member(), asker(asked), wanted=False)
    assert asked == [False] * 4
