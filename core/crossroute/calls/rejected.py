"""Rejected answers: what a provider answered, where the code that reads it raised. Such an answer is paid for.

The frames of the error hold the answer as the provider sent it: a dict, or its client's model.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel

from crossroute.calls.blame import chain
from crossroute.calls.counting import at_tier, counted, field_of, stated_cost
from crossroute.calls.faults import ANSWERED
from crossroute.calls.handlers import frames_of, is_of_handler
from crossroute.calls.spend import Usage

TOKENS = ("usage", "usage_metadata")
"""Where providers state what an answer took."""

HOSTS = frozenset(
    {"crossroute", "langchain_core", "langchain_crossroute", "llama_index", "llamaindex_crossroute"}
)
"""Packages of which no value is what a provider sent: a message may be of the conversation."""


def rejected(error: BaseException) -> tuple[Usage | None, float | None] | None:
    """Return tokens and USD of the answer that an error keeps from its caller; None where no answer came.

    An answer without its tokens, and one that only the name of the error tells of, is of unknown cost.

    >>> try:
    ...     response = {"choices": None, "usage": {"prompt_tokens": 9, "completion_tokens": 3}}
    ...     response["choices"][0]
    ... except TypeError as error:
    ...     usage, cost = rejected(error)
    >>> usage.input_tokens, usage.output_tokens, cost
    (9, 3, None)
    """
    if is_of_handler(error):
        return None
    came = any(type(link).__name__ in ANSWERED for link in chain(error))
    for sent in _sent(error):
        places = [place for name in TOKENS if (place := field_of(sent, name)) is not None]
        usage = next(filter(None, map(counted, places)), None)
        if usage is not None:
            known = at_tier(usage, field_of(sent, "service_tier")) if usage.input_tokens else None
            return known, stated_cost(*places, sent)
        came = came or _says(sent)
    return (None, None) if came else None


def _sent(error: BaseException) -> Iterator[Any]:
    """Yield what the frames of an error hold that a provider may have sent, the innermost first."""
    for link in chain(error):
        for frame in reversed(list(frames_of(link))):
            for name, value in frame.f_locals.items():
                if isinstance(value, (dict, BaseModel)) and name != "self" and _package(value) not in HOSTS:
                    yield value


def _says(sent: Any) -> bool:
    """Return whether an answer is whole and holds something: chunks of a stream have no message."""
    choices = field_of(sent, "choices")
    whole = isinstance(choices, list) and any(field_of(choice, "message") for choice in choices)
    return whole or any(field_of(sent, name) for name in ("candidates", "output"))


def _package(value: Any) -> str:
    return type(value).__module__.partition(".")[0]
