"""Members: views that ask for log-probabilities."""

import pytest
from llama_index.llms.anthropic import Anthropic
from llama_index.llms.openai import OpenAI
from llama_index.llms.openai_like import OpenAILike

from llamaindex_crossroute.members import can_be_asked, request_logprobs
from tests.llamaindex_crossroute.fakes import ChatFake


def openai(**more):
    return OpenAI(model="gpt-4o", api_key="sk-secret", **more)


@pytest.mark.parametrize("make", [openai, lambda: OpenAILike(model="m", api_key="none")])
def test_a_view_asks_and_shares_the_clients(make):
    llm = make()
    assert can_be_asked(llm)
    view = request_logprobs(llm)
    assert (view.logprobs, view.top_logprobs) == (True, 1)
    assert (llm.logprobs, llm.top_logprobs) == (None, 0)
    assert view._get_client() is llm._get_client()
    assert type(view) is type(llm)


@pytest.mark.parametrize(
    "llm",
    [
        ChatFake("a"),
        Anthropic(model="claude-sonnet-4-5", api_key="sk-secret"),
        openai(logprobs=True),
        openai(logprobs=False),
        openai(additional_kwargs={"logprobs": False}),
    ],
)
def test_members_that_cannot_or_need_not_be_asked(llm):
    assert not can_be_asked(llm)
