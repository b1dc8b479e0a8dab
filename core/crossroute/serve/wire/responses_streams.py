"""Streams of Responses: events to what they say, and back; items as both bodies and streams have them."""

from __future__ import annotations

import json
import time
import uuid
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
)

TEXT_DELTAS = ("response.output_text.delta", "response.refusal.delta")
THOUGHT_DELTAS = ("response.reasoning_summary_text.delta", "response.reasoning_text.delta")
LAST = frozenset({"response.completed", "response.incomplete"})
FAILED = frozenset({"response.failed", "error"})


class ResponsesReader:
    """Reads one stream."""

    def __init__(self) -> None:
        self._places: dict[str, int] = {}  # id of an item -> which tool call it is

    def read(self, event: Event) -> Iterator[Delta]:
        """Yield the neutral form of an event."""
        said = event.json
        kind = said.get("type")
        if kind in FAILED:
            error = (said.get("response") or {}).get("error") or said.get("error") or said
            raise ProviderError(None, json.dumps({"error": error}).encode(), {})
        if kind == "response.created":
            yield StreamStart(str(said["response"].get("id") or ""), str(said["response"].get("model") or ""))
        elif kind in TEXT_DELTAS:
            yield TextDelta(said["delta"])
        elif kind in THOUGHT_DELTAS:
            yield TextDelta(said["delta"], thought=True)
        elif kind == "response.output_item.added":
            yield from self._item(said["item"])
        elif kind == "response.function_call_arguments.delta":
            yield ToolCallDelta(self._places.get(said.get("item_id", ""), 0), arguments=said["delta"])
        elif kind in LAST:
            response = said["response"]
            usage = find_usage(response)
            if usage is not None:
                yield UsageDelta(usage)
            yield StreamEnd(finish_of(response, bool(self._places)))

    def _item(self, item: Mapping[str, Any]) -> Iterator[Delta]:
        if item.get("type") == "function_call":
            place = self._places[str(item.get("id") or "")] = len(self._places)
            yield ToolCallDelta(place, str(item.get("call_id") or ""), str(item.get("name") or ""))
        elif item.get("type") not in ("message", "reasoning"):
            yield OpaqueDelta()


class ResponsesWriter:
    """Writes one stream: items that begin, go on and are done, one at a time."""

    def __init__(self) -> None:
        self._number, self._model = -1, ""
        self._response: dict[str, Any] | None = None
        self._output: list[dict[str, Any]] = []
        self._open: dict[str, Any] | None = None
        self._said = ""
        self._call: int | None = None
        self._usage: Usage | None = None
        self._finish: Finish = "stop"

    def write(self, delta: Delta) -> Iterator[bytes]:
        """Yield the events for parts in the neutral form."""
        if isinstance(delta, StreamStart):
            self._model = delta.model
            yield from self._start()
        elif isinstance(delta, TextDelta):
            yield from self._start()
            yield from self._words(delta)
        elif isinstance(delta, ToolCallDelta):
            yield from self._start()
            if self._call != delta.index:
                self._call = delta.index
                yield from self._begin(call_item(delta.id, delta.name, ""))
            if delta.arguments:
                self._said += delta.arguments
                yield self._event(
                    "response.function_call_arguments.delta", **self._place, delta=delta.arguments
                )
        elif isinstance(delta, UsageDelta):
            self._usage = delta.usage
        elif isinstance(delta, StreamEnd):
            self._finish = delta.finish

    def end(self, told: Mapping[str, Any]) -> Iterator[bytes]:
        """Yield the last events, with the decision's data."""
        yield from self._start()
        yield from self._done()
        whole = write_response(self._model, self._output, self._finish, self._usage)
        whole |= {"id": self._response["id"] if self._response else whole["id"], "crossroute": told}
        kind = "response.incomplete" if whole["status"] == "incomplete" else "response.completed"
        yield self._event(kind, response=whole, crossroute=told)

    @property
    def _place(self) -> dict[str, Any]:
        return {"item_id": self._open["id"] if self._open else "", "output_index": len(self._output)}

    def _start(self) -> Iterator[bytes]:
        if self._response is None:
            self._response = write_response(self._model, [], "stop", None) | {
                "status": "in_progress",
                "usage": None,
            }
            yield self._event("response.created", response=self._response)
            yield self._event("response.in_progress", response=self._response)

    def _words(self, delta: TextDelta) -> Iterator[bytes]:
        kind = "reasoning" if delta.thought else "message"
        if self._open is None or self._open["type"] != kind:
            yield from self._begin(reasoning_item("") if delta.thought else message_item(""))
            part = _summary("") if delta.thought else _output_text("")
            yield self._event(*self._part_event("added"), part=part)
        self._said += delta.text
        name = "reasoning_summary_text" if delta.thought else "output_text"
        yield self._event(f"response.{name}.delta", **self._within, delta=delta.text, **self._tokens)

    @property
    def _within(self) -> dict[str, Any]:
        thought = self._open is not None and self._open["type"] == "reasoning"
        return {**self._place, ("summary_index" if thought else "content_index"): 0}

    @property
    def _tokens(self) -> dict[str, Any]:
        return {"logprobs": []} if self._open is not None and self._open["type"] == "message" else {}

    def _part_event(self, what: str) -> tuple[str, dict[str, Any]]:
        thought = self._open is not None and self._open["type"] == "reasoning"
        return f"response.{'reasoning_summary_part' if thought else 'content_part'}.{what}", self._within

    def _begin(self, item: dict[str, Any]) -> Iterator[bytes]:
        yield from self._done()
        self._open, self._said = item, ""
        begun = {**item, "status": "in_progress", **({"content": []} if item["type"] == "message" else {})}
        begun |= {"summary": []} if item["type"] == "reasoning" else {}
        yield self._event("response.output_item.added", output_index=len(self._output), item=begun)

    def _done(self) -> Iterator[bytes]:
        item = self._open
        if item is None:
            return
        if item["type"] == "function_call":
            item["arguments"] = self._said
            yield self._event(
                "response.function_call_arguments.done",
                **self._place,
                arguments=self._said,
                name=item["name"],
            )
        else:
            thought = item["type"] == "reasoning"
            part = _summary(self._said) if thought else _output_text(self._said)
            item["summary" if thought else "content"] = [part]
            name = "reasoning_summary_text" if thought else "output_text"
            yield self._event(f"response.{name}.done", **self._within, text=self._said, **self._tokens)
            yield self._event(*self._part_event("done"), part=part)
        yield self._event("response.output_item.done", output_index=len(self._output), item=item)
        self._output.append(item)
        self._open = None

    def _event(self, kind: str, within: Mapping[str, Any] | None = None, **said: Any) -> bytes:
        self._number += 1
        return write_event({"type": kind, "sequence_number": self._number, **(within or {}), **said}, kind)


def _write_usage(usage: Usage | None) -> dict[str, Any]:
    usage = usage or Usage()
    return {
        "input_tokens": usage.input_tokens,
        "input_tokens_details": {
            "cached_tokens": usage.cached_input_tokens,
            "cache_write_tokens": usage.cache_write_tokens,
        },
        "output_tokens": usage.output_tokens,
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": usage.input_tokens + usage.output_tokens,
    }


def write_response(
    model: str, output: list[dict[str, Any]], finish: Finish, usage: Usage | None
) -> dict[str, Any]:
    """Return the body of an answer, by its items."""
    reason = {"length": "max_output_tokens", "filter": "content_filter"}.get(finish)
    return {
        "id": _id("resp"),
        "object": "response",
        "created_at": int(time.time()),
        "status": "incomplete" if reason else "completed",
        "error": None,
        "incomplete_details": {"reason": reason} if reason else None,
        "instructions": None,
        "metadata": {},
        "model": model,
        "output": output,
        "parallel_tool_calls": True,
        "temperature": None,
        "tool_choice": "auto",
        "tools": [],
        "top_p": None,
        "usage": _write_usage(usage),
    }


def finish_of(body: Mapping[str, Any], calls: bool) -> Finish:
    """Return why an answer ended."""
    reason = (body.get("incomplete_details") or {}).get("reason")
    if reason == "content_filter":
        return "filter"
    return "length" if body.get("status") == "incomplete" else "tools" if calls else "stop"


def _id(prefix: str) -> str:
    return f"{prefix}_{uuid.uuid4().hex}"


def _output_text(text: str) -> dict[str, Any]:
    return {"type": "output_text", "text": text, "annotations": [], "logprobs": []}


def _summary(text: str) -> dict[str, Any]:
    return {"type": "summary_text", "text": text}


def message_item(text: str) -> dict[str, Any]:
    """Return a text as an item of an answer."""
    head = {"id": _id("msg"), "type": "message", "role": "assistant", "status": "completed"}
    return {**head, "content": [_output_text(text)]}


def reasoning_item(text: str) -> dict[str, Any]:
    """Return reasoning as an item of an answer."""
    return {"id": _id("rs"), "type": "reasoning", "summary": [_summary(text)]}


def call_item(call_id: str, name: str, arguments: str) -> dict[str, Any]:
    """Return a call of a function as an item of an answer."""
    said = {"call_id": call_id, "name": name, "arguments": arguments, "status": "completed"}
    return {"id": _id("fc"), "type": "function_call", **said}
