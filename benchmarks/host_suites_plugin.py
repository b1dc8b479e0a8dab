"""A pytest plugin that wraps the fake models of a framework's suite in a pool, by environment variables.

CROSSROUTE_WRAP=pool          LangChain: wrap the chat model of each agent in ChatCrossRoute
CROSSROUTE_WRAP=middleware    LangChain: add CrossRouteMiddleware as the innermost middleware of each agent
CROSSROUTE_WRAP=models        LangChain: wrap chat models of classes that are named in a test's module in ChatCrossRoute
CROSSROUTE_ATTEMPTS=1         LangChain: the pool makes one attempt, and leaves failures to the agent's middleware
CROSSROUTE_WRAP=llms          LlamaIndex: wrap each MockLLM in `Settings` and engines in CrossRouteLLM

Messages are compared without decisions, and runs have no tags of CrossRoute.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Callable
from typing import Any
from unittest.mock import patch

ATTEMPTS = int(os.environ.get("CROSSROUTE_ATTEMPTS", "16"))
NAMES = ("gpt-4o-mini", "gpt-5")


@functools.cache
def load_router() -> Any:
    """Return the router for all pools, a pool of two models of the bundled router."""
    from crossroute import Router

    return Router.from_pretrained("universal").subset(NAMES)


def pytest_configure() -> None:
    """Wrap fakes as the environment variables state."""
    way = os.environ.get("CROSSROUTE_WRAP")
    if way in {"pool", "middleware", "models"}:
        _hide_decisions()
    if way in {"pool", "middleware"}:
        _wrap_agents(way)
    elif way == "llms":
        _wrap_llms()


def pytest_collection_modifyitems(items: list[Any]) -> None:
    """Wrap chat models that tests create, by replacing their classes in the tests' modules."""
    if os.environ.get("CROSSROUTE_WRAP") == "models":
        for module in {item.module for item in items}:
            _wrap_models(module)


def _hide_decisions() -> None:
    """Compare messages without their decisions, and remove the decisions from runs."""
    from langchain_core.messages import AIMessage, BaseMessage

    from langchain_crossroute import call, middleware
    from langchain_crossroute.messages.reply import KEY

    compare = BaseMessage.__eq__

    def bare(one: object) -> object:
        if not isinstance(one, AIMessage) or KEY not in one.response_metadata:
            return one
        metadata = {name: value for name, value in one.response_metadata.items() if name != KEY}
        return one.model_copy(update={"response_metadata": metadata})

    patch.object(BaseMessage, "__eq__", lambda one, other: compare(bare(one), bare(other))).start()
    for module in (call, middleware):
        patch.object(module, "make_trace_config", lambda decision: {}).start()


def _wrap_models(module: Any) -> None:
    from langchain_core.language_models import BaseChatModel

    for name, kind in list(vars(module).items()):
        if isinstance(kind, type) and issubclass(kind, BaseChatModel) and not kind.__abstractmethods__:
            setattr(module, name, _Pooled(kind))


class _Pooled:
    """A replacement of a chat model class that returns pools; its child classes inherit from the class itself.

    Args:
        kind: The class.
    """

    def __init__(self, kind: type[Any]) -> None:
        self._kind = kind

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        model = self._kind(*args, **kwargs)
        if model.profile is None:  # some tests give tools to models that cannot bind them
            model.profile = {"tool_calling": True}
        return _make_pool(model)

    def __mro_entries__(self, _: tuple[Any, ...]) -> tuple[type]:
        return (self._kind,)

    def __instancecheck__(self, made: object) -> bool:
        return isinstance(made, self._kind)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._kind, name)


def _wrap_agents(way: str) -> None:
    """Wrap the models in the functions that create agents, before the suite's modules import these."""
    wrap = _with_pool if way == "pool" else _with_middleware
    for place, name in (
        ("langchain.agents", "create_agent"),
        ("langchain.agents.factory", "create_agent"),
        ("langgraph.prebuilt", "create_react_agent"),
        ("langgraph.prebuilt.chat_agent_executor", "create_react_agent"),
        ("deepagents", "create_deep_agent"),
        ("deepagents.graph", "create_deep_agent"),
    ):
        try:
            module = __import__(place, fromlist=[name])
        except ImportError:
            continue
        setattr(module, name, wrap(getattr(module, name)))


def _with_pool(make: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(make)
    def made(model: Any = None, *args: Any, **kwargs: Any) -> Any:
        return make(_make_pool(model), *args, **kwargs)

    return made


def _make_pool(model: Any) -> Any:
    from langchain_core.language_models import BaseChatModel

    from langchain_crossroute import ChatCrossRoute

    if not isinstance(model, BaseChatModel) or isinstance(model, ChatCrossRoute):
        return model
    return ChatCrossRoute(models=dict.fromkeys(NAMES, model), router=load_router(), max_attempts=ATTEMPTS)


def _with_middleware(make: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(make)
    def made(model: Any = None, *args: Any, middleware: Any = (), **kwargs: Any) -> Any:
        from langchain_core.language_models import BaseChatModel

        from langchain_crossroute import CrossRouteMiddleware

        if isinstance(model, BaseChatModel):
            members = dict.fromkeys(NAMES, model)
            middleware = [*middleware, CrossRouteMiddleware(members, load_router(), max_attempts=ATTEMPTS)]
        return make(model, *args, middleware=middleware, **kwargs)

    return made


def _wrap_llms() -> None:
    """Wrap each LLM that `Settings` or a caller resolves."""
    from llama_index.core.llms import LLM, utils

    from llamaindex_crossroute import CrossRouteLLM

    resolve = utils.resolve_llm

    @functools.wraps(resolve)
    def resolved(*args: Any, **kwargs: Any) -> Any:
        llm = resolve(*args, **kwargs)
        if not isinstance(llm, LLM) or isinstance(llm, CrossRouteLLM):
            return llm
        llms = dict.fromkeys(NAMES, llm)
        return CrossRouteLLM(llms=llms, router=load_router(), callback_manager=llm.callback_manager)

    utils.resolve_llm = resolved
    from llama_index.core import settings

    settings.resolve_llm = resolved  # type: ignore[attr-defined]
