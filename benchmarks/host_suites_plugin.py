"""A pytest plugin that wraps the fake models of a framework's suite in a pool, as the environment says.

CROSSROUTE_WRAP=pool          LangChain: a chat model that is given to an agent is a ChatCrossRoute of it
CROSSROUTE_WRAP=middleware    LangChain: CrossRouteMiddleware is the innermost middleware of each agent
CROSSROUTE_WRAP=models        LangChain: a chat model of a class that a test's module names is a ChatCrossRoute of it
CROSSROUTE_ATTEMPTS=1         LangChain: the pool asks once, and leaves what fails to the agent's own middleware
CROSSROUTE_WRAP=llms          LlamaIndex: a MockLLM in `Settings` and engines is a CrossRouteLLM of it

Messages are compared without the decisions that ours carry, and runs carry no tag of ours.
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
def router() -> Any:
    """Return one router for all pools: these two are looked up in the bundled one."""
    from crossroute import Router

    return Router.from_pretrained("universal").subset(NAMES)


def pytest_configure() -> None:
    """Wrap what the environment asks for."""
    way = os.environ.get("CROSSROUTE_WRAP")
    if way in {"pool", "middleware", "models"}:
        _hide_decisions()
    if way in {"pool", "middleware"}:
        _wrap_agents(way)
    elif way == "llms":
        _wrap_llms()


def pytest_collection_modifyitems(items: list[Any]) -> None:
    """Wrap the chat models that tests make themselves, by the names of their classes in the tests' modules."""
    if os.environ.get("CROSSROUTE_WRAP") == "models":
        for module in {item.module for item in items}:
            _wrap_models(module)


def _hide_decisions() -> None:
    """Compare messages without their decisions, and keep the decisions from runs."""
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
    """A class of chat models that makes pools of its models; what inherits from it inherits from the class.

    Args:
        kind: The class.
    """

    def __init__(self, kind: type[Any]) -> None:
        self._kind = kind

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        model = self._kind(*args, **kwargs)
        if model.profile is None:  # some are given tools that they have no way to bind
            model.profile = {"tool_calling": True}
        return _pool(model)

    def __mro_entries__(self, _: tuple[Any, ...]) -> tuple[type]:
        return (self._kind,)

    def __instancecheck__(self, made: object) -> bool:
        return isinstance(made, self._kind)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._kind, name)


def _wrap_agents(way: str) -> None:
    """Wrap the models of agents where these are made: before the suite's modules import the functions."""
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
        return make(_pool(model), *args, **kwargs)

    return made


def _pool(model: Any) -> Any:
    from langchain_core.language_models import BaseChatModel

    from langchain_crossroute import ChatCrossRoute

    if not isinstance(model, BaseChatModel) or isinstance(model, ChatCrossRoute):
        return model
    return ChatCrossRoute(models=dict.fromkeys(NAMES, model), router=router(), max_attempts=ATTEMPTS)


def _with_middleware(make: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(make)
    def made(model: Any = None, *args: Any, middleware: Any = (), **kwargs: Any) -> Any:
        from langchain_core.language_models import BaseChatModel

        from langchain_crossroute import CrossRouteMiddleware

        if isinstance(model, BaseChatModel):
            members = dict.fromkeys(NAMES, model)
            middleware = [*middleware, CrossRouteMiddleware(members, router(), max_attempts=ATTEMPTS)]
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
        return CrossRouteLLM(llms=llms, router=router(), callback_manager=llm.callback_manager)

    utils.resolve_llm = resolved
    from llama_index.core import settings

    settings.resolve_llm = resolved  # type: ignore[attr-defined]
