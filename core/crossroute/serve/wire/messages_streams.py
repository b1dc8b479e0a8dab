"""Streams of Messages: events to the neutral form, and back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from crossroute.calls.spend import Usage
from crossroute.serve.errors import ProviderError
from crossroute.serve.events import Event, write_event
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

STOPS: dict[str, Finish] = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "pause_turn": "stop",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "tool_use": "tools",
    "refusal": "filter",
}
THOUGHTS = ("thinking", "redacted_thinking")


class MessagesReader:
    """Reads one stream."""

    def __init__(self) -> None:
        self._usage: dict[str, Any] = {}
        self._places: dict[int, int] = {}  # of a block -> which tool call it is

    def read(self, event: Event) -> Iterator[Delta]:
        """Yield the neutral form of an event."""
        said = event.json
        kind = said.get("type")
        if kind == "error":
            raise ProviderError(None, event.data.encode(), {})
        if kind == "message_start":
            message = said["message"]
            self._usage |= message.get("usage") or {}
            yield StreamStart(str(message.get("id") or ""), str(message.get("model") or ""))
        elif kind == "content_block_start":
            yield from self._began(said)
        elif kind == "content_block_delta":
            yield from self._delta(said)
        elif kind == "message_delta":
            self._usage |= {
                name: value for name, value in (said.get("usage") or {}).items() if value is not None
            }
            usage = find_usage({"usage": self._usage})
            if usage is not None:
                yield UsageDelta(usage)
            delta = said.get("delta") or {}
            if delta.get("stop_reason"):
                yield StreamEnd(STOPS.get(delta["stop_reason"], "stop"), delta.get("stop_sequence"))

    def _began(self, said: Mapping[str, Any]) -> Iterator[Delta]:
        block = said["content_block"]
        if block["type"] == "tool_use":
            place = self._places[said["index"]] = len(self._places)
            yield ToolCallDelta(place, block["id"], block["name"])
        elif block["type"] == "text":
            if block.get("text"):
                yield TextDelta(block["text"])
        elif block["type"] not in THOUGHTS:
            yield OpaqueDelta()

    def _delta(self, said: Mapping[str, Any]) -> Iterator[Delta]:
        delta = said["delta"]
        if delta["type"] == "text_delta":
            yield TextDelta(delta["text"])
        elif delta["type"] == "thinking_delta":
            yield TextDelta(delta["thinking"], thought=True)
        elif delta["type"] == "input_json_delta" and said["index"] in self._places:
            yield ToolCallDelta(self._places[said["index"]], arguments=delta["partial_json"])


class MessagesWriter:
    """Writes one stream: blocks that begin, go on and stop, one at a time."""

    def __init__(self) -> None:
        self._index, self._open = -1, ""
        self._usage: Usage | None = None
        self._ended = StreamEnd("stop")
        self._begun = False
        self._call: int | None = None

    def write(self, delta: Delta) -> Iterator[bytes]:
        """Yield the events for parts in the neutral form."""
        if isinstance(delta, StreamStart):
            yield from self._start(delta.id, delta.model)
        elif isinstance(delta, TextDelta):
            kind = "thinking" if delta.thought else "text"
            yield from self._start()
            if self._open != kind:
                yield from self._block(
                    kind, {"type": kind, kind: "", **({"signature": ""} if delta.thought else {})}
                )
            yield self._event(
                "content_block_delta", index=self._index, delta={"type": f"{kind}_delta", kind: delta.text}
            )
        elif isinstance(delta, ToolCallDelta):
            yield from self._start()
            if self._call != delta.index:
                self._call = delta.index
                yield from self._block(
                    "tool_use", {"type": "tool_use", "id": delta.id, "name": delta.name, "input": {}}
                )
            if delta.arguments:
                piece = {"type": "input_json_delta", "partial_json": delta.arguments}
                yield self._event("content_block_delta", index=self._index, delta=piece)
        elif isinstance(delta, UsageDelta):
            self._usage = delta.usage
        elif isinstance(delta, StreamEnd):
            self._ended = delta

    def end(self, told: Mapping[str, Any]) -> Iterator[bytes]:
        """Yield the last events, with the decision's data."""
        yield from self._start()
        yield from self._stop()
        stop = "stop_sequence" if self._ended.stop else find_word(self._ended.finish, STOPS)
        delta = {"stop_reason": stop, "stop_sequence": self._ended.stop}
        yield self._event("message_delta", delta=delta, usage=write_usage(self._usage))
        yield self._event("message_stop", crossroute=told)

    def _start(self, name: str = "", model: str = "") -> Iterator[bytes]:
        if not self._begun:
            self._begun = True
            message = {**write_head(name, model), "content": [], "stop_reason": None, "stop_sequence": None}
            yield self._event("message_start", message={**message, "usage": write_usage(None)})

    def _block(self, kind: str, block: Mapping[str, Any]) -> Iterator[bytes]:
        yield from self._stop()
        self._index, self._open = self._index + 1, kind
        yield self._event("content_block_start", index=self._index, content_block=block)

    def _stop(self) -> Iterator[bytes]:
        if self._open:
            self._open = ""
            yield self._event("content_block_stop", index=self._index)

    @staticmethod
    def _event(kind: str, **said: Any) -> bytes:
        return write_event({"type": kind, **said}, kind)


def write_usage(usage: Usage | None) -> dict[str, int]:
    """Return tokens as the format has them: those read from a cache apart from the others."""
    usage = usage or Usage()
    return {
        "input_tokens": usage.input_tokens - usage.cached_input_tokens,
        "output_tokens": usage.output_tokens,
        "cache_read_input_tokens": usage.cached_input_tokens,
        "cache_creation_input_tokens": 0,
    }


def write_head(name: str, model: str) -> dict[str, Any]:
    """Return the first fields of an answer."""
    return {"id": name or "msg_0", "type": "message", "role": "assistant", "model": model}
