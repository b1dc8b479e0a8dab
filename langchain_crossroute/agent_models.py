"""Distinguish models set by other middleware of an agent from the agent's own model and the pool's.

LangChain passes neither the agent's original model nor other middleware's changes to a middleware. So the agent's own
model is recorded when `create_agent` reads a middleware's name, and the answering model from its run.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.language_models import BaseChatModel
from langchain_core.runnables import RunnableConfig, ensure_config
from langchain_core.runnables.config import merge_configs, var_child_runnable_config

if TYPE_CHECKING:
    from langchain_crossroute.members import Member

MAKER, INNERMOST = "create_agent", "create_agent.<locals>._execute_model"
"""The function that makes an agent, and its inner function that calls the model."""

COMPREHENSIONS = 3
"""Maximum number of frames between that function and the middleware property that it reads."""


class AgentModels:
    """The own models of the agents that a middleware is part of; safe to share.

    Args:
        members: The pool's, by name.
    """

    def __init__(self, members: Mapping[str, Member]) -> None:
        self._members = members
        self._own: dict[int, BaseChatModel] = {}

    def note_agent(self) -> None:
        """Record the model of the agent that `create_agent` is making, if it is the caller."""
        frame = sys._getframe(2)
        for _ in range(COMPREHENSIONS):
            if frame.f_code.co_name == MAKER:
                model = frame.f_locals.get("model")
                if isinstance(model, BaseChatModel):
                    self._own[id(model)] = model
                return
            if frame.f_back is None:
                return
            frame = frame.f_back

    def is_set_elsewhere(self, model: BaseChatModel) -> bool:
        """Return whether another middleware set a model: it is not a known agent's own model."""
        if not self._own or id(model) in self._own:
            return False
        called = name_of(model)
        return not called or all(name_of(own) != called for own in tuple(self._own.values()))

    def find_member(self, model: BaseChatModel) -> str | None:
        """Return the member of a model: the same object, or the only one with its provider and name; else None."""
        for name, member in self._members.items():
            if member.model is model:
                return name
        return self.find_called(name_of(model))

    def find_replacement(self, chosen: str, heard: LastModelCallback | None) -> str | None:
        """Return the member called instead of the chosen one: "" for another model, None if it was the chosen one."""
        if heard is None or not heard.called or heard.called == name_of(self._members[chosen].model):
            return None
        return self.find_called(heard.called) or ""

    def find_called(self, called: str) -> str | None:
        """Return the only member with a provider and name; None if there are none or several."""
        found = [name for name, member in self._members.items() if called and name_of(member.model) == called]
        return found[0] if len(found) == 1 else None


class LastModelCallback(BaseCallbackHandler):
    """A callback that records the last model called by an inner middleware.

    Attributes:
        called: Its provider and name; empty if unknown.
    """

    run_inline = True

    def __init__(self) -> None:
        self.called = ""

    def on_chat_model_start(
        self, serialized: Any, messages: Any, *, metadata: dict[str, Any] | None = None, **_: Any
    ) -> None:
        """Record the model of a run."""
        self.called = _normalize(metadata or {})


@contextmanager
def hear_models(*heard: BaseCallbackHandler | None, config: RunnableConfig | None = None) -> Iterator[None]:
    """Add callbacks and a config to runs within the block."""
    own = RunnableConfig(**(config or {}))
    if any(heard):
        own["callbacks"] = [*filter(None, heard)]
    token = var_child_runnable_config.set(merge_configs(ensure_config(), own))
    try:
        yield
    finally:
        var_child_runnable_config.reset(token)


def is_innermost(handler: object) -> bool:
    """Return whether a handler calls the model directly, with no middleware between."""
    return str(getattr(handler, "__qualname__", "")).startswith(INNERMOST)


def name_of(model: BaseChatModel) -> str:
    """Return a model's provider and name as reported by its runs; empty without them."""
    return _normalize(model._get_ls_params())


def _normalize(told: Mapping[str, Any]) -> str:
    name = told.get("ls_model_name")
    return f"{told.get('ls_provider', '')}/{name}" if name else ""
