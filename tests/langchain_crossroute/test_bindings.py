"""Bindings: which models can be asked for log-probabilities."""

from langchain_anthropic import ChatAnthropic
from langchain_openai import AzureChatOpenAI, ChatOpenAI

from langchain_crossroute.bindings import can_be_asked, request_logprobs
from tests.langchain_crossroute.fakes import ChatFake

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
    assert request_logprobs(None)(model).logprobs is True
    assert model.logprobs is None
    other = ChatFake()
    assert request_logprobs(None)(other) is other
    bound = request_logprobs(lambda model: model.bind(stop=["."]))(model)
    assert (bound.bound.logprobs, bound.kwargs) == (True, {"stop": ["."]})
