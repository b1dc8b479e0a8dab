"""What the user names or hands over -> what profiling can ask; the guests adapt their frameworks' models.

The core imports no framework: a guest is found by its name when it is needed.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib import import_module
from typing import cast

from crossroute.errors import MissingExtraError
from crossroute.profiler.answer import Answerer

GUESTS = {
    "langchain_core": "langchain_crossroute.answerer",
    "llama_index.core": "llamaindex_crossroute.answerer",
}
"""Framework -> our module whose `answerer` adapts its models."""


def answerer_of(model: object) -> Answerer:
    """Return what profiling can ask of a model.

    Args:
        model: A callable, sync or async, from a text to a text or an `Answer`; a LangChain chat model; a
            LlamaIndex LLM; or a string that LangChain's `init_chat_model` understands ("openai:gpt-5-mini").

    Raises:
        MissingExtraError: It is a string, and LangChain is not installed.
        TypeError: It is none of these.
    """
    if isinstance(model, str):
        return cast("Answerer", _guest("langchain_core")(model))
    for framework in GUESTS:
        if framework in sys.modules and (found := _guest(framework)(model)):
            return cast("Answerer", found)
    if callable(model):
        return cast("Answerer", model)
    raise TypeError(
        f"A {type(model).__name__} cannot be asked. Expected a callable from a text to a text, a LangChain chat "
        "model, a LlamaIndex LLM, or a name that init_chat_model understands."
    )


def _guest(framework: str) -> Callable[[object], object]:
    try:
        return cast("Callable[[object], object]", import_module(GUESTS[framework]).answerer)
    except ModuleNotFoundError as error:
        wanted = {name.partition(".")[0] for pair in GUESTS.items() for name in pair}
        if (error.name or "").partition(".")[0] not in wanted:
            raise
        raise MissingExtraError("A model by its name", "langchain") from error
