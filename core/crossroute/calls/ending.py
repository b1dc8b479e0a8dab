"""The end of a stream: whether the answer is whole, by its provider's last events.

A stream is whole if it states a finish reason, ends with its format's last event (`[DONE]`, `message_stop`), or states
its tokens for the first time after its last content. If it ends within a tool call's arguments, only a finish reason
makes it whole: servers and proxies that fail write `[DONE]` and tokens, too. Frameworks drop some of these, such as a
finish reason in a choice without a delta; the stack frames that read the provider's events still hold them.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from types import FrameType, FunctionType, GeneratorType, NoneType
from typing import Any

from crossroute.calls import counting
from crossroute.calls.dialects import words

WITHHELD = words(
    "content_filter content_filtered refusal safety recitation prohibited_content blocklist spii image_safety "
    "guardrail_intervened sensitive"
)
"""Finish reasons of an answer that was kept back, in lower case: OpenAI's, Anthropic's, Google's, Amazon's, Zhipu's."""

FAILED = words(
    "error malformed_function_call unexpected_tool_call too_many_tool_calls missing_thought_signature "
    "malformed_response other language no_image network_error insufficient_system_resource abort aborted "
    "cancelled canceled failed timeout user_cancel malformed_model_output malformed_tool_use"
)
"""Finish reasons of an answer that failed: OpenRouter's, Google's, Zhipu's, DeepSeek's, vLLM's, Cohere's, Amazon's."""

CALLING = frozenset({"tool_calls", "tool_use", "tool_call", "function_call"})
"""Finish reasons of an answer that calls a tool; without a tool call it is not an answer."""

LAST_EVENTS = frozenset({"message_stop", "response.completed", "response.incomplete"})
"""Types of the last event of a stream: Anthropic's, and those of OpenAI's Responses API."""

HOSTS = frozenset(
    {"crossroute", "langchain_core", "langchain_crossroute", "llama_index", "llamaindex_crossroute"}
)
"""Packages whose objects are not a provider's response; their messages may be those of the conversation."""

UNENDED = frozenset({"in_progress", "queued"})
"""States of an answer of the Responses API that has not ended."""

PLAIN = frozenset({str, bytes, int, float, bool, NoneType, list, tuple, set, FunctionType, GeneratorType})
"""Types of values that are no event; most locals are of one of them."""

DONE = "[DONE]"
REASONS = ("finish_reason", "stop_reason")


class Ending:
    """The facts about a stream's end in its chunks so far.

    Args:
        telling: Whether the provider's streams state a finish reason, though their chunks do not name the provider.

    Attributes:
        arguments: Place of a tool call -> the parts of its arguments so far.
    """

    def __init__(self, *, telling: bool = False) -> None:
        self._telling, self._told, self._failed = telling, False, False
        self._counted = self._counted_last = False
        self.arguments: defaultdict[object, list[str]] = defaultdict(list)

    def note(self, *, telling: bool, finished: bool, reason: str | None) -> None:
        """Take in a chunk.

        Args:
            telling: Its format states finish reasons.
            finished: It states that the answer ended.
            reason: The finish reason, as its provider spells it.
        """
        self._telling = self._telling or telling
        self._told = self._told or finished
        self._failed = self._failed or is_failed(reason)

    def count(self, *, behind: bool) -> None:
        """Note that a chunk states tokens; `behind`: it has no content, and earlier ones had."""
        self._counted_last = self._counted_last or (behind and not self._counted)
        self._counted = True

    @property
    def is_amid_call(self) -> bool:
        """Whether no finish reason was stated, and a tool call's arguments are not complete."""
        return not self._told and are_half(self.arguments)

    def is_cut(self, frames: Iterable[FrameType] = ()) -> bool:
        """Return whether the end is missing or failed, also by the stack frames that read the stream."""
        amid = self.is_amid_call
        if self._failed or self._told or not (amid or self._telling):
            return self._failed
        if self._counted_last and not amid:
            return False
        said = [value for frame in frames for value in frame.f_locals.values()]
        reasons = [reason for value in said if (reason := _reason(value))]
        return any(map(is_failed, reasons)) or not (reasons or (not amid and any(map(_is_last, said))))


def find_usages(frames: Iterable[FrameType]) -> list[Any]:
    """Return the providers' usages in the events held by stack frames.

    Frameworks omit some fields: LangChain a stated cost, LlamaIndex the tokens of Anthropic's cache.
    """
    held = {id(value): value for frame in frames for value in frame.f_locals.values()}
    events = (
        value
        for value in held.values()
        if type(value) not in PLAIN
        and _may_state_usage(value)
        and type(value).__module__.partition(".")[0] not in HOSTS
    )
    return [usage for event in events for usage in counting.find_usages(event, _field)]


def is_failed(reason: object) -> bool:
    """Return whether a finish reason means that the answer failed."""
    return isinstance(reason, str) and reason.lower() in FAILED


def is_half(arguments: object) -> bool:
    """Return whether a tool call's arguments are the beginning of a JSON object.

    >>> is_half('{"city": "Os'), is_half('{"city": "Oslo"}'), is_half(""), is_half("free text")
    (True, False, False, False)
    """
    if not isinstance(arguments, str) or not arguments.lstrip().startswith("{"):
        return False
    try:
        json.loads(arguments, strict=False)
    except ValueError:
        return True
    return False


def are_half(arguments: Mapping[object, Sequence[str]]) -> bool:
    """Return whether any tool call's arguments are half; by the place of the call, in the parts of a stream."""
    return any(is_half("".join(parts)) for parts in arguments.values())


def _is_last(value: object) -> bool:
    """Return whether a value is the last event of a stream, raw or parsed by a client."""
    if type(value).__name__ == "ServerSentEvent":
        data, kind = getattr(value, "data", None), getattr(value, "event", None)
        return kind in LAST_EVENTS or (isinstance(data, str) and data.startswith(DONE))
    kind = _field(value, "type")
    return isinstance(kind, str) and kind in LAST_EVENTS


def _reason(value: object) -> str | None:
    """Return the finish reason of a chunk in OpenAI's format, in its first choice or beside the choices."""
    choices = _field(value, "choices")
    if not isinstance(choices, Sequence):
        return None
    told = (_field(place, name) for place in (*choices[:1], value) for name in REASONS)
    return next((reason for reason in told if isinstance(reason, str) and reason), None)


def _may_state_usage(value: object) -> bool:
    """Return whether a value has a field in which `counting.find_usages` looks; most locals have none."""
    own = value if isinstance(value, dict) else getattr(value, "__dict__", ())
    return not (counting.PLACES.isdisjoint(own) and counting.PLACES.isdisjoint(_more(value, own)))


def _field(value: object, name: str) -> Any:
    """Return an item of a dict or an attribute of an object, without calling a property: a local may be anything."""
    if isinstance(value, Mapping):
        return value.get(name) if isinstance(value, dict) else None
    own = getattr(value, "__dict__", None)
    own = own if isinstance(own, dict) else {}
    return own[name] if name in own else _more(value, own).get(name)


def _more(value: object, own: Any) -> Mapping[str, Any]:
    """Return the fields of a pydantic model that its class does not declare."""
    if own is value:
        return {}
    more = getattr(value, "__pydantic_extra__", None)
    return more if isinstance(more, dict) else {}
