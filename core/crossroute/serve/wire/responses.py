"""OpenAI's Responses.

Source: https://platform.openai.com/docs/api-reference/responses, as of November 2026.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from crossroute.candidate import Capability
from crossroute.serve.errors import ProviderError, RequestError
from crossroute.serve.events import Event
from crossroute.serve.raw_json import RawObject
from crossroute.serve.wire.bodies import (
    check_types,
    find_usage,
    name_tool,
    read_tools,
    to_list,
    write_openai_error,
)
from crossroute.serve.wire.neutral import (
    Answer,
    Media,
    Message,
    Part,
    Request,
    Role,
    Text,
    Thought,
    Tool,
    ToolCall,
    ToolResult,
)
from crossroute.serve.wire.responses_streams import (
    LAST,
    ResponsesReader,
    ResponsesWriter,
    call_item,
    finish_of,
    message_item,
    reasoning_item,
    write_response,
)

ROLES: dict[str, Role] = {"user": "human", "assistant": "answer", "system": "system", "developer": "system"}
WORDS = ("input_text", "output_text", "text", "summary_text")
MEDIA: dict[str, Capability] = {"input_image": "vision", "input_audio": "audio", "input_file": "files"}
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
        """Read a client's request."""
        check_types(body, EXPECTED)
        if body.get("background"):
            raise RequestError("background: answers are not kept here to be fetched later. Ask without it.")
        given = body.get("input")
        items = [{"role": "user", "content": given}] if isinstance(given, str) else given or []
        stored = next((body[name] for name in STORED if body.get(name)), None)
        is_list = isinstance(items, list) and all(isinstance(one, dict) for one in items)
        if not is_list or (not items and stored is None):
            raise RequestError("input: expected a text, or a list of items such as {role, content}.")
        system = [Message("system", (Text(str(body["instructions"])),))] if body.get("instructions") else []
        form = (body.get("text") or {}).get("format") or {}
        return Request(
            messages=(*system, *(_read_item(one, place) for place, one in enumerate(items) if _is_said(one))),
            tools=tuple(map(_read_tool, read_tools(body))),
            arguments=_read_arguments(body, form),
            needs=frozenset({"structured_output"} if form.get("type") == "json_schema" else ()),
            previous=None if stored is None else stored if isinstance(stored, str) else json.dumps(stored),
        )

    def read_answer(self, body: Mapping[str, Any]) -> Answer:
        """Read a model's answer."""
        if body.get("error"):
            raise ProviderError(None, json.dumps({"error": body["error"]}).encode(), {})
        parts = tuple(part for item in body["output"] for part in _read_answer_parts(item))
        return Answer(
            parts=parts,
            finish=finish_of(body, any(isinstance(part, ToolCall) for part in parts)),
            usage=find_usage(body),
            id=str(body.get("id") or ""),
            model=str(body.get("model") or ""),
        )

    def write_answer(self, answer: Answer) -> dict[str, Any]:
        """Return the body of an answer."""
        output: list[dict[str, Any]] = []
        thoughts = "".join(part.text for part in answer.parts if isinstance(part, Thought))
        if thoughts:
            output.append(reasoning_item(thoughts))
        if answer.text or not answer.calls:
            output.append(message_item(answer.text))
        output += [call_item(call.id, call.name, call.arguments) for call in answer.calls]
        return write_response(answer.model, output, answer.finish, answer.usage)

    def reader(self) -> ResponsesReader:
        """Return a reader for one stream."""
        return ResponsesReader()

    def writer(self, asked: Mapping[str, Any]) -> ResponsesWriter:
        """Return a writer for one stream."""
        return ResponsesWriter()

    def error(self, status: int, kind: str, message: str) -> dict[str, Any]:
        """Return the body of an error."""
        return write_openai_error(kind, message)

    def is_last(self, event: Event) -> bool:
        """Return whether a stream is complete with an event."""
        return event.json.get("type") in LAST

    def is_asked(self, event: Event, asked: Mapping[str, Any]) -> bool:
        """Return True: clients get all events."""
        return True


def _read_arguments(body: RawObject, form: Mapping[str, Any]) -> dict[str, Any]:
    """Return the other arguments of a request, by the names used for translation."""
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


def _read_item(item: Mapping[str, Any], place: int) -> Message:
    kind = item.get("type", "message")
    if kind == "function_call":
        call = ToolCall(str(item.get("call_id")), str(item.get("name")), str(item.get("arguments") or "{}"))
        return Message("answer", (call,))
    if kind == "function_call_output":
        parts = tuple(part for part in _read_parts(item.get("output")) if isinstance(part, (Text, Media)))
        return Message("tool", (ToolResult(str(item.get("call_id")), parts),))
    role = ROLES.get(item.get("role", ""))
    if role is None:
        raise RequestError(
            f"input[{place}].role: expected one of {', '.join(ROLES)}, got {item.get('role')!r}."
        )
    return Message(role, tuple(_read_parts(item.get("content"))))


def _read_parts(content: Any) -> Iterator[Part]:
    if isinstance(content, str):
        yield Text(content)
        return
    for part in to_list(content):
        kind = part.get("type")
        if kind in WORDS:
            yield Text(str(part.get("text") or ""))
        elif kind == "refusal":
            yield Text(str(part.get("refusal") or ""))
        elif kind in MEDIA:
            url = part.get("image_url") or part.get("file_data") or part.get("file_url") or ""
            yield Media(MEDIA[kind], str(url), name=str(part.get("filename") or ""), raw=part)


def _read_answer_parts(item: Mapping[str, Any]) -> Iterator[Part]:
    if item.get("type") == "message":
        yield from _read_parts(item.get("content"))
    elif item.get("type") == "function_call":
        yield ToolCall(str(item.get("call_id")), str(item.get("name")), str(item.get("arguments") or "{}"))
    elif item.get("type") == "reasoning":
        yield Thought("".join(part.get("text", "") for part in item.get("summary") or ()))


def _read_tool(told: Mapping[str, Any]) -> Tool:
    if told["type"] != "function":
        return Tool(str(told.get("name") or ""), own=told)
    schema, strict = dict(told.get("parameters") or {}), told.get("strict")
    return Tool(name_tool(told), str(told.get("description") or ""), schema, strict)
