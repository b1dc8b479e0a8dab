"""A pool of either integration is pickled as far as its members are."""

from __future__ import annotations

import pickle

from langchain_core.language_models.fake_chat_models import FakeListChatModel
from llama_index.core.llms import MockLLM

from crossroute.candidate import Price
from langchain_crossroute import ChatCrossRoute
from llamaindex_crossroute import CrossRouteLLM

NAMES = ("gpt-5-mini", "claude-opus-4-5")
PRICES = {"gpt-5-mini": Price(input=2, output=2)}


def test_a_chat_model_is_pickled_with_its_settings():
    members = {name: FakeListChatModel(responses=[f"from {name}"]) for name in NAMES}
    pool = ChatCrossRoute(models=members, prices=PRICES, cost_preference=1.0)
    pool.invoke("hello")
    copied = pickle.loads(pickle.dumps(pool))  # noqa: S301 - our own bytes
    assert copied.route("hello").model_dump(exclude={"id"}) == pool.route("hello").model_dump(exclude={"id"})
    assert copied.invoke("hello").text == "from gpt-5-mini"
    assert (pool.spend.total.calls, copied.spend.total.calls) == (1, 1)


def test_an_llm_is_pickled_with_its_settings():
    pool = CrossRouteLLM(llms={name: MockLLM() for name in NAMES}, prices=PRICES, cost_preference=1.0)
    copied = pickle.loads(pickle.dumps(pool))  # noqa: S301 - our own bytes
    assert (copied.cost_preference, copied.prices) == (1.0, PRICES)
    assert copied.complete("hello").text == "hello"


def test_pools_are_pickled_with_a_router_in_memory(router):
    chat = ChatCrossRoute(models={"small": FakeListChatModel(responses=["hi"])}, router=router)
    llm = CrossRouteLLM({"small": MockLLM()}, router)
    chat, llm = pickle.loads(pickle.dumps((chat, llm)))  # noqa: S301 - our own bytes
    assert (chat.invoke("hello").text, llm.complete("hello").text) == ("hi", "hello")
