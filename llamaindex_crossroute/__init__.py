"""The LlamaIndex integration: an LLM, a selector and a tool retriever that route by CrossRoute.

    >>> from llamaindex_crossroute import CrossRouteLLM

Importing loads nothing: each name below is fetched from its module when it is first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from llamaindex_crossroute.events import (
        CrossRouteAnswerEvent,
        CrossRouteDecisionEvent,
        CrossRouteSpendReport,
    )
    from llamaindex_crossroute.llm import CrossRouteLLM
    from llamaindex_crossroute.selector import (
        CrossRouteSelection,
        CrossRouteSelector,
        CrossRouteToolRetriever,
        route_query,
    )

_HOME = {
    "CrossRouteAnswerEvent": "events",
    "CrossRouteDecisionEvent": "events",
    "CrossRouteLLM": "llm",
    "CrossRouteSelection": "selector",
    "CrossRouteSelector": "selector",
    "CrossRouteSpendReport": "events",
    "CrossRouteToolRetriever": "selector",
    "route_query": "selector",
}

__all__ = [  # spelled out for type checkers
    "CrossRouteAnswerEvent",
    "CrossRouteDecisionEvent",
    "CrossRouteLLM",
    "CrossRouteSelection",
    "CrossRouteSelector",
    "CrossRouteSpendReport",
    "CrossRouteToolRetriever",
    "route_query",
]


def __getattr__(name: str) -> object:
    if name not in _HOME:
        raise AttributeError(f"module 'llamaindex_crossroute' has no attribute {name!r}")
    try:
        return getattr(import_module(f"llamaindex_crossroute.{_HOME[name]}"), name)
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] != "llama_index":
            raise
        from crossroute import MissingExtraError

        raise MissingExtraError(f"llamaindex_crossroute.{name}", "llamaindex") from error


def __dir__() -> list[str]:
    return __all__
