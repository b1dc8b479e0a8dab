"""A handler of the user's that raises: the answer counts, its error reaches the caller, nobody else is asked."""

from __future__ import annotations

import asyncio

import pytest
from langchain_core.callbacks import AsyncCallbackHandler, BaseCallbackHandler
from langchain_core.messages import HumanMessage
from llama_index.core.callbacks import CallbackManager
from llama_index.core.callbacks.base_handler import BaseCallbackHandler as LlamaIndexHandler

from tests.support.integrations import DOUBTING, LangChain, LlamaIndex, Provider
from tests.support.routers import STORY

STARTS = ("on_chat_model_start", "on_event_start")


class StrictError(Exception):
    """What the handler raises: no provider's."""


class Strict(BaseCallbackHandler):
    raise_error = True

    def __init__(self, event):
        self.event = event

    def __getattribute__(self, name):
        if name == object.__getattribute__(self, "__dict__").get("event"):
            return self.refuse
        return super().__getattribute__(name)

    def refuse(self, *_, **__):
        raise StrictError("over the team's limit")


class AsyncStrict(AsyncCallbackHandler):
    raise_error = True

    async def on_llm_end(self, *_, **__):
        raise StrictError("over the team's limit")


class OnceStrict(BaseCallbackHandler):
    raise_error = True

    def __init__(self):
        self.told = 0

    def on_llm_end(self, *_, **__):
        self.told += 1
        if self.told == 1:
            raise StrictError("over the team's limit")


class StrictManaged(LlamaIndexHandler):
    def __init__(self, event):
        super().__init__([], [])
        self.event = event

    def refuse(self, name):
        if name == self.event:
            raise StrictError("over the team's limit")

    def on_event_start(self, *_, event_id="", **__):
        self.refuse("on_event_start")
        return event_id

    def on_event_end(self, *_, **__):
        self.refuse("on_event_end")

    def start_trace(self, *_, **__):
        pass

    def end_trace(self, *_, **__):
        pass


def langchain_asked(router, handler, way, **settings):
    provider = Provider()
    pool = LangChain(router, provider, **settings).pool
    config = {"callbacks": [handler]}
    with pytest.raises(StrictError):
        {
            "invoke": lambda: pool.invoke(STORY, config),
            "ainvoke": lambda: asyncio.run(pool.ainvoke(STORY, config)),
            "stream": lambda: list(pool.stream(STORY, config)),
            "generate": lambda: pool.generate([[HumanMessage(STORY)]], callbacks=[handler]),
        }[way]()
    return provider, pool


def llamaindex_asked(router, handler, way, **settings):
    from tests.llamaindex_crossroute.fakes import user

    provider = Provider()
    pool = LlamaIndex(router, provider, **settings).pool
    for llm in pool._routing.llms.values():
        llm.callback_manager = CallbackManager([handler])
    with pytest.raises(StrictError):
        {
            "chat": lambda: pool.chat([user(STORY)]),
            "achat": lambda: asyncio.run(pool.achat([user(STORY)])),
            "stream": lambda: list(pool.stream_chat([user(STORY)])),
            "complete": lambda: pool.complete(STORY),
        }[way]()
    return provider, pool


@pytest.mark.parametrize(
    ("handler", "way"),
    [
        *((Strict("on_llm_end"), way) for way in ("invoke", "ainvoke", "stream", "generate")),
        (AsyncStrict(), "ainvoke"),
    ],
)
@pytest.mark.parametrize("settings", [{}, {"escalate": DOUBTING}])
def test_langchains_answer_is_counted_once(router, handler, way, settings):
    provider, pool = langchain_asked(router, handler, way, **settings)
    total = pool.spend.total
    assert len(provider.requests) == 1
    assert (total.calls, total.unknown) == (1, 0)
    assert total.usage.output_tokens > 0


@pytest.mark.parametrize("way", ["chat", "achat", "stream", "complete"])
@pytest.mark.parametrize("settings", [{}, {"escalate": DOUBTING}])
def test_llamaindexs_answer_is_counted_once(router, way, settings):
    provider, pool = llamaindex_asked(router, StrictManaged("on_event_end"), way, **settings)
    total = pool.spend.total
    assert len(provider.requests) == 1
    assert (total.calls, total.unknown) == (1, 0)
    assert total.usage.output_tokens > 0


def test_what_is_raised_before_a_call_is_not_counted(router):
    for asked, handler, way in (
        (langchain_asked, Strict("on_chat_model_start"), "invoke"),
        (llamaindex_asked, StrictManaged("on_event_start"), "chat"),
        (llamaindex_asked, StrictManaged("on_event_start"), "stream"),
    ):
        provider, pool = asked(router, handler, way)
        assert (pool.spend.total.calls, provider.requests) == (0, [])


@pytest.mark.parametrize("innermost", [True, False])
def test_an_agents_answer_is_counted(router, innermost):
    from langchain.agents import create_agent
    from langchain.agents.middleware import wrap_model_call

    from langchain_crossroute import CrossRouteMiddleware

    provider = Provider()
    members = LangChain(router, provider).pool.models
    middleware = CrossRouteMiddleware(members, router)
    within = [] if innermost else [wrap_model_call(lambda request, handler: handler(request))]
    agent = create_agent(model=next(iter(members.values())), middleware=[middleware, *within])
    with pytest.raises(StrictError):
        agent.invoke({"messages": [("user", STORY)]}, {"callbacks": [Strict("on_llm_end")]})
    total = middleware.spend.total
    assert (len(provider.requests), total.calls, total.unknown) == (1, 1, 0)


def test_an_observers_error_is_raised_and_nobody_else_is_asked(router):
    class Watching:
        def decided(self, decision):
            pass

        def called(self, call):
            raise StrictError("the log is full")

    pool = LangChain(router, provider := Provider()).pool
    pool.invoke(STORY)
    ledger = pool._routing.dispatcher.ledger
    ledger.observers = (*ledger.observers, Watching())
    with pytest.raises(StrictError):
        pool.invoke(STORY)
    assert (len(provider.requests), pool.spend.total.calls) == (2, 2)


def asking_again(way):
    """Return what wraps a member so that it asks anew by itself, whatever was raised."""
    if way == "retry":
        return lambda model: model.with_retry(stop_after_attempt=3, wait_exponential_jitter=False)
    return lambda model: model.with_fallbacks([model, model])


def wrapped_pool(router, provider, wrap, callbacks=None):
    from langchain_crossroute import ChatCrossRoute

    members = LangChain(router, provider).pool.models
    for member in members.values():
        member.callbacks = callbacks
    return ChatCrossRoute(models={name: wrap(member) for name, member in members.items()}, router=router)


@pytest.mark.parametrize("way", ["retry", "fallbacks"])
@pytest.mark.parametrize("awaited", [False, True])
def test_no_answer_of_a_member_that_asks_again_by_itself_is_lost(router, way, awaited):
    pool = wrapped_pool(router, provider := Provider(), asking_again(way), [Strict("on_llm_end")])
    with pytest.raises(StrictError):
        asyncio.run(pool.ainvoke(STORY)) if awaited else pool.invoke(STORY)
    spent = pool.spend.total
    assert len(provider.requests) == 3
    assert (spent.calls, spent.unknown, spent.usage.output_tokens) == (1, 0, 15)


@pytest.mark.parametrize("way", ["retry", "fallbacks"])
def test_an_answer_that_the_callers_handler_may_have_kept_from_the_pool_is_known_or_unknown_never_free(
    router, way
):
    pool = wrapped_pool(router, Provider(), asking_again(way))
    with pytest.raises(StrictError):  # LangChain keeps no order of the handlers that it merges
        pool.invoke(STORY, {"callbacks": [Strict("on_llm_end")]})
    spent = pool.spend.total
    assert (spent.calls, spent.unknown, spent.usage.output_tokens) in [(1, 0, 15), (1, 1, 0)]


@pytest.mark.parametrize("way", ["retry", "fallbacks"])
def test_the_first_answer_counts_where_the_second_reaches_the_caller(router, way):
    pool = wrapped_pool(router, provider := Provider(), asking_again(way), [OnceStrict()])
    assert pool.invoke(STORY).text
    assert len(provider.requests) == 2
    assert (pool.spend.total.calls, pool.spend.total.usage.output_tokens) == (1, 10)


def test_the_paid_answer_stands_on_the_error_and_the_log_says_so(router, caplog):
    with caplog.at_level("WARNING", logger="crossroute.calls"), pytest.raises(StrictError) as raised:
        LangChain(router, Provider()).pool.invoke(STORY, {"callbacks": [Strict("on_llm_end")]})
    assert raised.value.crossroute_answer.text
    assert "small answered, which is paid for; a handler" in caplog.text
    pool = LlamaIndex(router, Provider()).pool
    for llm in pool._routing.llms.values():
        llm.callback_manager = CallbackManager([StrictManaged("on_event_end")])
    with pytest.raises(StrictError) as raised:
        pool.complete(STORY)
    assert raised.value.crossroute_answer.text


def test_a_fallback_takes_the_paid_answer_in_place_of_a_second_one(router):
    from langchain_core.runnables import RunnableLambda

    pool = LangChain(router, provider := Provider()).pool
    chain = RunnableLambda(lambda given: given["text"]) | pool
    kept = RunnableLambda(lambda given: given["error"].crossroute_answer)
    safe = chain.with_fallbacks([kept], exceptions_to_handle=(StrictError,), exception_key="error")
    answer = safe.invoke({"text": STORY}, {"callbacks": [Strict("on_llm_end")]})
    assert answer.text
    assert (len(provider.requests), pool.spend.total.calls) == (1, 1)
