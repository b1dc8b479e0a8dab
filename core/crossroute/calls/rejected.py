"""Rejected answers, which a framework's code could not read. They are paid for.

The stack frames of the error contain the provider's answer, as a dict or as its client's model.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any

from pydantic import BaseModel

from crossroute.calls.blame import chain, find_fault, note_answer, status
from crossroute.calls.counting import find_usages, get_field, read_cost, read_response
from crossroute.calls.ending import HOSTS
from crossroute.calls.faults import ANSWERED
from crossroute.calls.handlers import is_of_handler, walk_frames
from crossroute.calls.hooks import Probe
from crossroute.calls.spend import Usage


def find_rejected_answer(error: BaseException) -> tuple[Usage | None, float | None] | None:
    """Return tokens and USD of the answer withheld by an error; None if there is no answer.

    Tokens and USD are None for an answer without usage, and for one that only the error's name implies.

    >>> try:
    ...     response = {"choices": None, "usage": {"prompt_tokens": 9, "completion_tokens": 3}}
    ...     response["choices"][0]
    ... except TypeError as error:
    ...     usage, cost = find_rejected_answer(error)
    >>> usage.input_tokens, usage.output_tokens, cost
    (9, 3, None)
    """
    if is_of_handler(error) or status(error) is not None or find_fault(error).party == "network":
        return None
    came = any(type(link).__name__ in ANSWERED for link in chain(error))
    for sent in _find_responses(error):
        with suppress(Exception):  # of the code of whatever a frame holds
            usage = read_response(sent)
            if usage is not None:
                return usage if usage.input_tokens else None, read_cost(*find_usages(sent), sent)
            came = came or _has_content(sent)
    return (None, None) if came else None


def note_heard(error: Exception, probe: Probe) -> None:
    """Note on an error the answer before it, if its probe heard one, for a ledger that does not know the probe."""
    probe.raised(error)
    if probe.answered:
        note_answer(error, probe.took(None), probe.cost)


def _find_responses(error: BaseException) -> Iterator[Any]:
    """Yield possible responses of a provider in the stack frames of an error, the innermost first."""
    for link in chain(error):
        for frame in reversed(list(walk_frames(link))):
            for name, value in frame.f_locals.items():
                if name != "self" and (isinstance(value, Mapping) or _is_of_client(value)):
                    yield value


def _has_content(sent: Any) -> bool:
    """Return whether a response is a whole answer with content: chunks of a stream have no message."""
    choices = get_field(sent, "choices")
    whole = isinstance(choices, list) and any(get_field(choice, "message") for choice in choices)
    parts = [get_field(sent, name) for name in ("candidates", "output")]
    return whole or any(part for part in parts if isinstance(part, (list, dict)))


def _is_of_client(value: Any) -> bool:
    return isinstance(value, BaseModel) and type(value).__module__.partition(".")[0] not in HOSTS
