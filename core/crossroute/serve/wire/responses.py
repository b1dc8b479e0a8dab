"""OpenAI's Responses.

Source: https://platform.openai.com/docs/api-reference/responses, as of November 2026.
"""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Iterator, Mapping
from typing import Any

from crossroute.calls.spend import TIERS, Usage
from crossroute.candidate import Capability
from crossroute.serve.errors import ProviderError, RequestError
from crossroute.serve.events import Event, event_bytes
from crossroute.serve.raw_json import RawObject
from crossroute.serve.wire.neutral import (
    Answer,
    Began,
    Called,
    Counted,
    Delta,
    Ended,
    Finish,
    Media,
    Message,
    Part,
    Request,
    Role,
    Said,
    Shown,
    Text,
    Thought,
    Tool,
    ToolCall,
    ToolResult,
    check_types,
    listed,
    named,
    objects_in,
)

ROLES: dict[str, Role] = {"user": "human", "assistant": "answer", "system": "system", "developer": "system"}
WORDS = ("input_text", "output_text", "text", "summary_text")
MEDIA: dict[str, Capability] = {"input_image": "vision", "input_audio": "audio", "input_file": "files"}
TEXT_DELTAS = ("response.output_text.delta", "response.refusal.delta")
THOUGHT_DELTAS = ("response.reasoning_summary_text.delta", "response.reasoning_text.delta")
LAST = frozenset({"response.completed", "response.incomplete"})
FAILED = frozenset({"response.failed", "error"})
OWN = frozenset(
    {"model", "input", "instructions", "tools", "stream", "stream_options", "crossroute", "text", "reasoning"}
    | {
        "include",
        "store",
        "truncation",
        "background",
        "metadata",
        "previous_response_id",
        "conversation",
        "prompt",
    }
    | {"prompt_cache_key", "prompt_cache_retention", "max_tool_calls"}
)
"""Members of a request that are no arguments, become others, or have no meaning elsewhere."""

EXPECTED: dict[str, tuple[type, ...]] = {
    "stream": (bool,),
    "stream_options": (dict,),
    "background": (bool,),
    "instructions": (str,),
    "text": (dict,),
    "reasoning": (dict,),
    "metadata": (dict,),
    "tool_choice": (str, dict),
    "max_output_tokens": (int,),
    "temperature": (int, float),
}
"""Members of a request that are read, and their types."""
STORED = ("previous_response_id", "conversation", "prompt")
"""What names something that only the provider keeps."""


class Responses:
    """The format of `/v1/responses`."""

    name = "responses"
    path = "/responses"

    def read_request(self, body: RawObject) -> Request:
        """Return what a client asks."""
        check_types(body, EXPECTED)
        if body.get("background"):
            raise RequestError("background: answers are not kept here to be fetched later. Ask without it.")
        given = body.get("input")
        items = [{"role": "user", "content": given}] if isinstance(given, str) else given or []
        if not isinstance(items, list) or not all(isinstance(one, dict) for one in items):
            raise RequestError("input: expected a text, or a list of items such as {role, content}.")
        system = [Message("system", (Text(str(body["instructions"])),))] if body.get("instructions") else []
        form = (body.get("text") or {}).get("format") or {}
        stored = next((body[name] for name in STORED if body.get(name)), None)
        if not items and stored is None:
            raise RequestError("input: expected a text, or a list of items such as {role, content}.")
        return Request(
            messages=(*system, *(_item(one, place) for place, one in enumerate(items) if _is_said(one))),
            tools=tuple(map(_tool, objects_in(body, "tools"))),
            arguments=_arguments(body, form),
            needs=frozenset({"structured_output"} if form.get("type") == "json_schema" else ()),
            previous=None if stored is None else stored if isinstance(stored, str) else json.dumps(stored),
        )

    def read_answer(self, body: Mapping[str, Any]) -> Answer:
        """Return what a model answered."""
        if body.get("error"):
            raise ProviderError(None, json.dumps({"error": body["error"]}).encode(), {})
        parts = tuple(part for item in body["output"] for part in _answered(item))
        return Answer(
            parts=parts,
            finish=_finish(body, any(isinstance(part, ToolCall) for part in parts)),
            usage=usage_in(body),
            id=str(body.get("id") or ""),
            model=str(body.get("model") or ""),
        )

    def write_answer(self, answer: Answer) -> dict[str, Any]:
        """Return the body of an answer."""
        output: list[dict[str, Any]] = []
        thoughts = "".join(part.text for part in answer.parts if isinstance(part, Thought))
        if thoughts:
            output.append(_reasoning(thoughts))
        if answer.text or not answer.calls:
            output.append(_message(answer.text))
        output += [_function_call(call.id, call.name, call.arguments) for call in answer.calls]
        return _response(answer.model, output, answer.finish, answer.usage)

    def reader(self) -> ResponsesReader:
        """Return what reads one stream."""
        return ResponsesReader()

    def writer(self, asked: Mapping[str, Any]) -> ResponsesWriter:
        """Return what writes one stream."""
        return ResponsesWriter()

    def error(self, status: int, kind: str, message: str) -> dict[str, Any]:
        """Return the body of an error."""
        return {"error": {"message": message, "type": kind, "param": None, "code": None}}

    def is_last(self, event: Event) -> bool:
        """Return whether a stream is complete with an event."""
        return event.json.get("type") in LAST

    def is_asked(self, event: Event, asked: Mapping[str, Any]) -> bool:
        """Return whether a client asked for an event: it gets them all."""
        return True


class ResponsesReader:
    """Reads one stream."""

    def __init__(self) -> None:
        self._places: dict[str, int] = {}  # id of an item -> which tool call it is

    def read(self, event: Event) -> Iterator[Delta]:
        """Yield what an event says."""
        said = event.json
        kind = said.get("type")
        if kind in FAILED:
            error = (said.get("response") or {}).get("error") or said.get("error") or said
            raise ProviderError(None, json.dumps({"error": error}).encode(), {})
        if kind == "response.created":
            yield Began(str(said["response"].get("id") or ""), str(said["response"].get("model") or ""))
        elif kind in TEXT_DELTAS:
            yield Said(said["delta"])
        elif kind in THOUGHT_DELTAS:
            yield Said(said["delta"], thought=True)
        elif kind == "response.output_item.added":
            yield from self._item(said["item"])
        elif kind == "response.function_call_arguments.delta":
            yield Called(self._places.get(said.get("item_id", ""), 0), arguments=said["delta"])
        elif kind in LAST:
            response = said["response"]
            usage = usage_in(response)
            if usage is not None:
                yield Counted(usage)
            yield Ended(_finish(response, bool(self._places)))

    def _item(self, item: Mapping[str, Any]) -> Iterator[Delta]:
        if item.get("type") == "function_call":
            place = self._places[str(item.get("id") or "")] = len(self._places)
            yield Called(place, str(item.get("call_id") or ""), str(item.get("name") or ""))
        elif item.get("type") not in ("message", "reasoning"):
            yield Shown()


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
        """Yield the events for what a stream says."""
        if isinstance(delta, Began):
            self._model = delta.model
            yield from self._start()
        elif isinstance(delta, Said):
            yield from self._start()
            yield from self._words(delta)
        elif isinstance(delta, Called):
            yield from self._start()
            if self._call != delta.index:
                self._call = delta.index
                yield from self._begin(_function_call(delta.id, delta.name, ""))
            if delta.arguments:
                self._said += delta.arguments
                yield self._event(
                    "response.function_call_arguments.delta", **self._place, delta=delta.arguments
                )
        elif isinstance(delta, Counted):
            self._usage = delta.usage
        elif isinstance(delta, Ended):
            self._finish = delta.finish

    def end(self, told: Mapping[str, Any]) -> Iterator[bytes]:
        """Yield the last events, with what is told of the decision."""
        yield from self._start()
        yield from self._done()
        whole = _response(self._model, self._output, self._finish, self._usage)
        whole |= {"id": self._response["id"] if self._response else whole["id"], "crossroute": told}
        kind = "response.incomplete" if whole["status"] == "incomplete" else "response.completed"
        yield self._event(kind, response=whole, crossroute=told)

    @property
    def _place(self) -> dict[str, Any]:
        return {"item_id": self._open["id"] if self._open else "", "output_index": len(self._output)}

    def _start(self) -> Iterator[bytes]:
        if self._response is None:
            self._response = _response(self._model, [], "stop", None) | {
                "status": "in_progress",
                "usage": None,
            }
            yield self._event("response.created", response=self._response)
            yield self._event("response.in_progress", response=self._response)

    def _words(self, delta: Said) -> Iterator[bytes]:
        kind = "reasoning" if delta.thought else "message"
        if self._open is None or self._open["type"] != kind:
            yield from self._begin(_reasoning("") if delta.thought else _message(""))
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
        return event_bytes({"type": kind, "sequence_number": self._number, **(within or {}), **said}, kind)


def usage_in(body: Mapping[str, Any]) -> Usage | None:
    """Return the tokens that an answer tells; None where it tells none."""
    told = body.get("usage")
    if not isinstance(told, Mapping):
        return None
    return Usage(
        input_tokens=told.get("input_tokens") or 0,
        output_tokens=told.get("output_tokens") or 0,
        cached_input_tokens=(told.get("input_tokens_details") or {}).get("cached_tokens") or 0,
        tier=TIERS.get(str(body.get("service_tier")), 1.0),
    )


def _written_usage(usage: Usage | None) -> dict[str, Any]:
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


def _response(
    model: str, output: list[dict[str, Any]], finish: Finish, usage: Usage | None
) -> dict[str, Any]:
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
        "usage": _written_usage(usage),
    }


def _finish(body: Mapping[str, Any], calls: bool) -> Finish:
    reason = (body.get("incomplete_details") or {}).get("reason")
    if reason == "content_filter":
        return "filter"
    return "length" if body.get("status") == "incomplete" else "tools" if calls else "stop"


def _arguments(body: RawObject, form: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a request states besides, in the words that other formats are told from."""
    said = {name: value for name, value in body.items() if name not in OWN}
    effort = (body.get("reasoning") or {}).get("effort")
    if effort:
        said["reasoning_effort"] = effort
    verbosity = (body.get("text") or {}).get("verbosity")
    if verbosity:
        said["verbosity"] = verbosity
    if form.get("type") == "json_schema":
        schema = {name: value for name, value in form.items() if name != "type"}
        said["response_format"] = {"type": "json_schema", "json_schema": schema}
    elif form.get("type") == "json_object":
        said["response_format"] = {"type": "json_object"}
    return said


def _is_said(item: Mapping[str, Any]) -> bool:
    """Return whether an item is part of the conversation in any format: reasoning and references are not."""
    return item.get("type", "message") in ("message", "function_call", "function_call_output")


def _item(item: Mapping[str, Any], place: int) -> Message:
    kind = item.get("type", "message")
    if kind == "function_call":
        call = ToolCall(str(item.get("call_id")), str(item.get("name")), str(item.get("arguments") or "{}"))
        return Message("answer", (call,))
    if kind == "function_call_output":
        parts = tuple(part for part in _parts(item.get("output")) if isinstance(part, (Text, Media)))
        return Message("tool", (ToolResult(str(item.get("call_id")), parts),))
    role = ROLES.get(item.get("role", ""))
    if role is None:
        raise RequestError(
            f"input[{place}].role: expected one of {', '.join(ROLES)}, got {item.get('role')!r}."
        )
    return Message(role, tuple(_parts(item.get("content"))))


def _parts(content: Any) -> Iterator[Part]:
    if isinstance(content, str):
        yield Text(content)
        return
    for part in listed(content):
        kind = part.get("type")
        if kind in WORDS:
            yield Text(str(part.get("text") or ""))
        elif kind == "refusal":
            yield Text(str(part.get("refusal") or ""))
        elif kind in MEDIA:
            url = part.get("image_url") or part.get("file_data") or part.get("file_url") or ""
            yield Media(MEDIA[kind], str(url), name=str(part.get("filename") or ""), raw=part)


def _answered(item: Mapping[str, Any]) -> Iterator[Part]:
    if item.get("type") == "message":
        yield from _parts(item.get("content"))
    elif item.get("type") == "function_call":
        yield ToolCall(str(item.get("call_id")), str(item.get("name")), str(item.get("arguments") or "{}"))
    elif item.get("type") == "reasoning":
        yield Thought("".join(part.get("text", "") for part in item.get("summary") or ()))


def _tool(told: Mapping[str, Any]) -> Tool:
    if told["type"] != "function":
        return Tool(str(told.get("name") or ""), own=told)
    schema, strict = dict(told.get("parameters") or {}), told.get("strict")
    return Tool(named(told), str(told.get("description") or ""), schema, strict)


def _id(prefix: str) -> str:
    return f"{prefix}_{uuid.uuid4().hex}"


def _output_text(text: str) -> dict[str, Any]:
    return {"type": "output_text", "text": text, "annotations": [], "logprobs": []}


def _summary(text: str) -> dict[str, Any]:
    return {"type": "summary_text", "text": text}


def _message(text: str) -> dict[str, Any]:
    head = {"id": _id("msg"), "type": "message", "role": "assistant", "status": "completed"}
    return {**head, "content": [_output_text(text)]}


def _reasoning(text: str) -> dict[str, Any]:
    return {"id": _id("rs"), "type": "reasoning", "summary": [_summary(text)]}


def _function_call(call_id: str, name: str, arguments: str) -> dict[str, Any]:
    said = {"call_id": call_id, "name": name, "arguments": arguments, "status": "completed"}
    return {"id": _id("fc"), "type": "function_call", **said}
