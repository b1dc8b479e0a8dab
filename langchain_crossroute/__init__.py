"""The LangChain integration: a chat model, a middleware, a runnable and a decision model that route by CrossRoute.

    >>> from langchain_crossroute import ChatCrossRoute

Importing loads nothing: each name below is fetched from its module when it is first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from langchain_crossroute.chat_model import ChatCrossRoute
    from langchain_crossroute.decision_model import CrossRouteDecisionModel as CrossRouteDecisionModel
    from langchain_crossroute.middleware import CrossRouteMiddleware
    from langchain_crossroute.runnable import CrossRouteRunnable

_HOME = {
    "ChatCrossRoute": "chat_model",
    "CrossRouteDecisionModel": "decision_model",
    "CrossRouteMiddleware": "middleware",
    "CrossRouteRunnable": "runnable",
}

__all__ = [
    "ChatCrossRoute",
    "CrossRouteMiddleware",
    "CrossRouteRunnable",
]  # what every supported LangChain has


def __getattr__(name: str) -> object:
    if name not in _HOME:
        raise AttributeError(f"module 'langchain_crossroute' has no attribute {name!r}")
    try:
        return getattr(import_module(f"langchain_crossroute.{_HOME[name]}"), name)
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] != "langchain_core":
            raise
        from crossroute import MissingExtraError

        raise MissingExtraError(f"langchain_crossroute.{name}", "langchain") from error


def __dir__() -> list[str]:
    return [*_HOME]
