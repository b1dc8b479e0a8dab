"""Streams of Chat Completions: events to the neutral form, and back."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from typing import Any

from crossroute.calls.ending import is_failed
from crossroute.calls.spend import Usage
from crossroute.serve.errors import ProviderError
from crossroute.serve.events import DONE, Event, write_event
from crossroute.serve.wire.bodies import find_usage
from crossroute.serve.wire.neutral import (
    Delta,
    Finish,
    OpaqueDelta,
    StreamEnd,
    StreamStart,
    TextDelta,
    ToolCallDelta,
    UsageDelta,
    find_word,
)

FINISHES: dict[str, Finish] = {
    "stop": "stop",
    "length": "length",
    "tool_calls": "tools",
    "function_call": "tools",
    "content_filter": "filter",
}
SPOKEN = ("content", "refusal")
THOUGHT = ("reasoning_content", "reasoning")
"""Field for reasoning at hosts of open weights."""


class ChatReader:
    """Reads one stream."""

    def __init__(self) -> None:
        self._begun = False

    def read(self, event: Event) -> Iterator[Delta]:
        """Yield the neutral form of an event."""
        said = event.json
        if said.get("error"):
            raise ProviderError(None, event.data.encode(), {})
        if said.get("choices") and not self._begun:  # Azure's first event has neither choices nor a model
            self._begun = True
            yield StreamStart(str(said.get("id") or ""), str(said.get("model") or ""))
        for choice in said.get("choices") or ():
            if is_failed(choice.get("finish_reason")):
                raise ProviderError(None, event.data.encode(), {})
            yield from self._choice(choice)
        usage = find_usage(said)
        if usage is not None:
            yield UsageDelta(usage)

    @staticmethod
    def _choice(choice: Mapping[str, Any]) -> Iterator[Delta]:
        delta = choice.get("delta") or {}
        if choice.get("index"):  # a further one that was asked for
            if any(delta.get(name) for name in (*SPOKEN, *THOUGHT, "tool_calls")):
                yield OpaqueDelta()
            return
        for names, thought in ((THOUGHT, True), (SPOKEN, False)):
            words = next((delta[name] for name in names if delta.get(name)), None)
            if words:
                yield TextDelta(words, thought=thought) if isinstance(words, str) else OpaqueDelta()
        for call in delta.get("tool_calls") or ():
            function = call.get("function") or {}
            yield ToolCallDelta(
                call.get("index") or 0,
                call.get("id") or "",
                function.get("name") or "",
                function.get("arguments") or "",
            )
        if delta.get("audio") or delta.get("function_call"):
            yield OpaqueDelta()
        if choice.get("finish_reason"):
            yield StreamEnd(FINISHES.get(choice["finish_reason"], "stop"))


class ChatWriter:
    """Writes one stream.

    Args:
        with_usage: Whether the client requested the tokens, which are in a separate chunk.
    """

    def __init__(self, *, with_usage: bool) -> None:
        self._with_usage = with_usage
        self._head = write_head("", "", "chat.completion.chunk")
        self._usage: Usage | None = None
        self._last: dict[str, Any] | None = None

    def write(self, delta: Delta) -> Iterator[bytes]:
        """Yield the events for parts in the neutral form."""
        if isinstance(delta, StreamStart):
            self._head = write_head(delta.id, delta.model, "chat.completion.chunk")
            yield write_event(self._chunk({"role": "assistant", "content": ""}))
        elif isinstance(delta, TextDelta):
            yield write_event(self._chunk({"reasoning_content" if delta.thought else "content": delta.text}))
        elif isinstance(delta, ToolCallDelta):
            yield write_event(self._chunk({"tool_calls": [_call_delta(delta)]}))
        elif isinstance(delta, UsageDelta):
            self._usage = delta.usage
        elif isinstance(delta, StreamEnd):
            self._last = self._chunk({}, find_word(delta.finish, FINISHES))

    def end(self, told: Mapping[str, Any]) -> Iterator[bytes]:
        """Yield the last events, with the decision's data."""
        chunks = [self._last] if self._last else []
        if self._with_usage:
            chunks.append({**self._head, "choices": [], "usage": write_usage(self._usage)})
        if chunks:
            chunks[-1] = {**chunks[-1], "crossroute": told}
        yield from map(write_event, (*chunks, DONE))

    def _chunk(self, delta: dict[str, Any], finish: str | None = None) -> dict[str, Any]:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
        return {**self._head, "choices": [choice], **({"usage": None} if self._with_usage else {})}


def write_usage(usage: Usage | None) -> dict[str, Any]:
    """Return tokens as the format has them."""
    usage = usage or Usage()
    return {
        "prompt_tokens": usage.input_tokens,
        "completion_tokens": usage.output_tokens,
        "total_tokens": usage.input_tokens + usage.output_tokens,
        "prompt_tokens_details": {"cached_tokens": usage.cached_input_tokens},
    }


def write_head(name: str, model: str, kind: str) -> dict[str, Any]:
    """Return the first fields of each body and chunk."""
    return {"id": name or "chatcmpl-0", "object": kind, "created": int(time.time()), "model": model}


def _call_delta(delta: ToolCallDelta) -> dict[str, Any]:
    function = {"arguments": delta.arguments, **({"name": delta.name} if delta.name else {})}
    named = {"id": delta.id, "type": "function"} if delta.id else {}
    return {"index": delta.index, **named, "function": function}
