"""Anthropic's Messages.

Source: https://docs.anthropic.com/en/api/messages, as of November 2026.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from crossroute.calls.dialects import words
from crossroute.calls.tools import find_tool_provider
from crossroute.candidate import Capability
from crossroute.serve.errors import ProviderError, RequestError
from crossroute.serve.events import Event
from crossroute.serve.raw_json import RawObject
from crossroute.serve.wire.bodies import (
    check_types,
    find_usage,
    name_tool,
    read_messages,
    read_tools,
    to_list,
)
from crossroute.serve.wire.messages_streams import (
    STOPS,
    MessagesReader,
    MessagesWriter,
    write_head,
    write_usage,
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
    find_word,
)

ROLES: dict[str, Role] = {"user": "human", "assistant": "answer", "system": "system"}
MEDIA: dict[str, Capability] = {"image": "vision", "document": "files"}
OWN = words("model messages system tools stream stop_sequences metadata output_config crossroute")
"""Members of a request that are no arguments, or become others."""

EXPECTED: dict[str, tuple[type, ...]] = {
    "stream": (bool,),
    "system": (str, list),
    "tool_choice": (dict,),
    "stop_sequences": (list,),
    "metadata": (dict,),
    "thinking": (dict,),
    "output_config": (dict,),
    "output_format": (dict,),
    "temperature": (int, float),
}
"""Members of a request that are read, and their types."""


class Messages:
    """The format of `/v1/messages`.

    Args:
        path: Path of its endpoint; the one that counts tokens has the same requests.
    """

    name = "messages"

    def __init__(self, path: str = "/messages") -> None:
        self.path = path

    def read_request(self, body: RawObject) -> Request:
        """Read a client's request."""
        check_types(body, EXPECTED)
        messages = read_messages(body)
        if self.path == "/messages" and not isinstance(body.get("max_tokens"), int):
            raise RequestError("max_tokens: expected a whole number of tokens.")
        system = [Message("system", tuple(_read_parts(body["system"])))] if body.get("system") else []
        said = [one for place, message in enumerate(messages) for one in _read_messages(message, place)]
        structured = "format" in (body.get("output_config") or {}) or "output_format" in body
        return Request(
            messages=(*system, *said),
            tools=tuple(map(_read_tool, read_tools(body))),
            arguments=_read_arguments(body),
            needs=frozenset({"structured_output"} if structured else ()),
        )

    def write_request(self, request: Request, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Return the body of a request."""
        system = "\n\n".join(one.text for one in request.messages if one.role == "system")
        said = _merge_turns([one for one in request.messages if one.role != "system"])
        tools = [_write_tool(tool) for tool in request.tools]
        return {
            "messages": said,
            **({"system": system} if system else {}),
            **({"tools": tools} if tools else {}),
            **arguments,
        }

    def read_answer(self, body: Mapping[str, Any]) -> Answer:
        """Read a model's answer."""
        if body.get("type") == "error":
            raise ProviderError(None, json.dumps(dict(body)).encode(), {})
        return Answer(
            parts=tuple(part for block in body["content"] for part in _read_block(block)),
            finish=STOPS.get(body.get("stop_reason") or "end_turn", "stop"),
            usage=find_usage(body),
            id=str(body.get("id") or ""),
            model=str(body.get("model") or ""),
            stop=body.get("stop_sequence"),
            refused=body.get("stop_reason") == "refusal",
        )

    def write_answer(self, answer: Answer) -> dict[str, Any]:
        """Return the body of an answer."""
        content = [block for part in answer.parts for block in _write_block(part)]
        stop = "stop_sequence" if answer.stop else find_word(answer.finish, STOPS)
        return {
            **write_head(answer.id, answer.model),
            "content": content,
            "stop_reason": stop,
            "stop_sequence": answer.stop,
            "usage": write_usage(answer.usage),
        }

    def reader(self) -> MessagesReader:
        """Return a reader for one stream."""
        return MessagesReader()

    def writer(self, asked: Mapping[str, Any]) -> MessagesWriter:
        """Return a writer for one stream."""
        return MessagesWriter()

    def error(self, status: int, kind: str, message: str) -> dict[str, Any]:
        """Return the body of an error."""
        return {
            "type": "error",
            "error": {"type": "api_error" if kind == "server_error" else kind, "message": message},
        }

    def is_last(self, event: Event) -> bool:
        """Return whether a stream is complete with an event."""
        return event.name == "message_stop"

    def is_asked(self, event: Event, asked: Mapping[str, Any]) -> bool:
        """Return True: clients get all events."""
        return True


def _read_arguments(body: RawObject) -> dict[str, Any]:
    """Return the other arguments of a request, by the names used for translation."""
    said = {name: value for name, value in body.items() if name not in OWN}
    if body.get("stop_sequences"):
        said["stop"] = body["stop_sequences"]
    user = (body.get("metadata") or {}).get("user_id")
    if user:
        said["user"] = user
    config = dict(body.get("output_config") or {})
    schema = (config.pop("format", None) or said.pop("output_format", None) or {}).get("schema")
    if schema is not None:
        said["response_format"] = {
            "type": "json_schema",
            "json_schema": {"name": "answer", "schema": schema, "strict": True},
        }
    if config.get("effort"):
        said["effort"] = config.pop("effort")
    if config:
        said["output_config"] = config
    if (body.get("tool_choice") or {}).get("disable_parallel_tool_use"):
        said["parallel_tool_calls"] = False
    return said


def _read_messages(said: Mapping[str, Any], place: int) -> Iterator[Message]:
    """Yield a message, its tool results as one of their own before the rest."""
    role = ROLES.get(said.get("role", ""))
    if role is None:
        raise RequestError(f"messages[{place}].role: expected user or assistant, got {said.get('role')!r}.")
    parts = tuple(_read_parts(said.get("content")))
    results = tuple(part for part in parts if isinstance(part, ToolResult))
    if results:
        yield Message("tool", results)
    rest = tuple(part for part in parts if not isinstance(part, ToolResult))
    if rest or not results:
        yield Message(role, rest)


def _read_parts(content: Any) -> Iterator[Part]:
    if isinstance(content, str):
        yield Text(content)
        return
    for block in to_list(content):
        yield from _read_block(block)


def _read_block(block: Mapping[str, Any]) -> Iterator[Part]:
    kind = block.get("type", "")
    if kind == "text":
        yield Text(str(block.get("text") or ""))
    elif kind in MEDIA:
        yield from _read_media(block, MEDIA[kind])
    elif kind == "tool_use":
        yield ToolCall(str(block["id"]), str(block["name"]), json.dumps(block.get("input") or {}))
    elif kind == "tool_result":
        parts = tuple(part for part in _read_parts(block.get("content")) if isinstance(part, (Text, Media)))
        yield ToolResult(str(block.get("tool_use_id") or ""), parts, bool(block.get("is_error")))
    elif kind == "thinking":
        yield Thought(str(block.get("thinking") or ""))


def _read_media(block: Mapping[str, Any], kind: Capability) -> Iterator[Part]:
    source = block.get("source") or {}
    if source.get("type") == "text":
        yield Text(str(source.get("data") or ""))
    elif source.get("type") == "content":
        yield from _read_parts(source.get("content"))
    elif source.get("type") == "base64":
        mime = str(source.get("media_type") or "")
        url = f"data:{mime};base64,{source.get('data') or ''}"
        yield Media(kind, url, mime, str(block.get("title") or ""), block)
    else:
        yield Media(kind, str(source.get("url") or ""), name=str(block.get("title") or ""), raw=block)


def _read_tool(told: Mapping[str, Any]) -> Tool:
    if find_tool_provider(told) is not None and told.get("type") != "custom":
        return Tool(str(told.get("name") or ""), own=told)
    return Tool(
        name_tool(told),
        str(told.get("description") or ""),
        dict(told.get("input_schema") or {}),
        told.get("strict"),
    )


def _write_tool(tool: Tool) -> dict[str, Any]:
    if tool.own is not None:
        return dict(tool.own)
    schema = {"type": "object", **tool.schema}
    described = {"description": tool.description} if tool.description else {}
    return {"name": tool.name, **described, "input_schema": schema}


def _merge_turns(messages: list[Message]) -> list[dict[str, Any]]:
    """Return messages with those of one side in a row as one, as the API wants them; empty ones are left out."""
    said: list[dict[str, Any]] = []
    for message in messages:
        role = "assistant" if message.role == "answer" else "user"
        content = [block for part in message.parts for block in _write_block(part, asking=True)]
        if not content:
            continue
        if said and said[-1]["role"] == role:
            said[-1]["content"] += content
        else:
            said.append({"role": role, "content": content})
    return said


def _write_block(part: Part, *, asking: bool = False) -> Iterator[dict[str, Any]]:
    """Yield the block that a part becomes; reasoning of others is shown to clients, and to no model."""
    if isinstance(part, Text):
        if part.text.strip() or (part.text and not asking):
            yield {"type": "text", "text": part.text}
    elif isinstance(part, Media):
        yield _write_media(part)
    elif isinstance(part, ToolCall):
        yield {"type": "tool_use", "id": part.id, "name": part.name, "input": _to_object(part.arguments)}
    elif isinstance(part, ToolResult):
        content = [block for one in part.parts for block in _write_block(one, asking=True)]
        failed = {"is_error": True} if part.failed else {}
        yield {"type": "tool_result", "tool_use_id": part.id, "content": content, **failed}
    elif not asking:
        yield {"type": "thinking", "thinking": part.text, "signature": ""}


def _write_media(media: Media) -> dict[str, Any]:
    kind = "image" if media.kind == "vision" else "document"
    titled = {"title": media.name} if media.name and kind == "document" else {}
    if not media.url.startswith("data:"):
        return {"type": kind, "source": {"type": "url", "url": media.url}, **titled}
    head, _, data = media.url.partition(",")
    mime = head.removeprefix("data:").partition(";")[0] or media.mime
    return {"type": kind, "source": {"type": "base64", "media_type": mime, "data": data}, **titled}


def _to_object(arguments: str) -> dict[str, Any]:
    """Return a call's arguments as an object; if they are not valid JSON, as text in one."""
    try:
        said = json.loads(arguments or "{}")
    except ValueError:
        said = None
    return said if isinstance(said, dict) else {"arguments": arguments}
