"""A pytest plugin that wraps the fake models of a framework's suite in a pool, as the environment says.

CROSSROUTE_WRAP=pool          LangChain: a chat model that is given to an agent is a ChatCrossRoute of it
CROSSROUTE_WRAP=middleware    LangChain: CrossRouteMiddleware is the innermost middleware of each agent
CROSSROUTE_ATTEMPTS=1         LangChain: the pool asks once, and leaves what fails to the agent's own middleware
CROSSROUTE_WRAP=llms          LlamaIndex: a MockLLM in `Settings` and engines is a CrossRouteLLM of it
"""

from __future__ import annotations

import functools
import os
from collections.abc import Callable
from typing import Any

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
    if way in {"pool", "middleware"}:
        _wrap_agents(way)
    elif way == "llms":
        _wrap_llms()


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
