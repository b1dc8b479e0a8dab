"""OpenAI's Chat Completions, also the format of most servers of open weights.

Source: https://platform.openai.com/docs/api-reference/chat, as of November 2026.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from crossroute.calls.ending import is_failed
from crossroute.candidate import Capability
from crossroute.serve.errors import ProviderError, RequestError
from crossroute.serve.events import DONE, Event
from crossroute.serve.raw_json import RawObject
from crossroute.serve.wire.bodies import (
    check_types,
    find_usage,
    name_tool,
    read_messages,
    read_tools,
    to_list,
    write_openai_error,
)
from crossroute.serve.wire.chat_streams import (
    FINISHES,
    THOUGHT,
    ChatReader,
    ChatWriter,
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
    join_words,
)

ROLES: dict[str, Role] = {
    "system": "system",
    "developer": "system",
    "user": "human",
    "assistant": "answer",
    "tool": "tool",
    "function": "tool",
}
MEDIA: dict[str, Capability] = {"image_url": "vision", "input_audio": "audio", "file": "files"}
OWN = frozenset({"model", "messages", "tools", "stream", "stream_options", "crossroute"})
"""Members of a request that are no arguments."""

EXPECTED: dict[str, tuple[type, ...]] = {
    "stream": (bool,),
    "stream_options": (dict,),
    "response_format": (dict,),
    "functions": (list,),
    "tool_choice": (str, dict),
    "stop": (str, list),
    "max_tokens": (int,),
    "max_completion_tokens": (int,),
    "temperature": (int, float),
    "n": (int,),
}
"""Members of a request that are read, and their types."""


class Chat:
    """The format of `/v1/chat/completions`."""

    name = "chat"
    path = "/chat/completions"

    def read_request(self, body: RawObject) -> Request:
        """Read a client's request."""
        check_types(body, EXPECTED)
        messages = read_messages(body)
        tools = read_tools(body)
        kind = (body.get("response_format") or {}).get("type")
        needs: set[Capability] = {"structured_output"} if kind == "json_schema" else set()
        return Request(
            messages=tuple(_read_message(one, place) for place, one in enumerate(messages)),
            tools=tuple(map(_read_tool, tools)),
            arguments={name: value for name, value in body.items() if name not in OWN},
            needs=frozenset(needs | ({"tools"} if body.get("functions") else set())),
        )

    def write_request(self, request: Request, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Return the body of a request."""
        tools = [_write_tool(tool) for tool in request.tools]
        messages = [said for message in request.messages for said in _write_message(message)]
        return {"messages": messages, **({"tools": tools} if tools else {}), **arguments}

    def read_answer(self, body: Mapping[str, Any]) -> Answer:
        """Read a model's answer."""
        if body.get("error"):
            raise ProviderError(None, json.dumps(body).encode(), {})
        choice = body["choices"][0]
        if is_failed(choice.get("finish_reason")):
            raise ProviderError(None, json.dumps(body).encode(), {})
        message = choice["message"]
        tokens = (choice.get("logprobs") or {}).get("content")
        return Answer(
            parts=tuple(_read_answer_parts(message)),
            finish=FINISHES.get(choice.get("finish_reason") or "stop", "stop"),
            usage=find_usage(body),
            id=str(body.get("id") or ""),
            model=str(body.get("model") or ""),
            logprobs=tuple(token["logprob"] for token in tokens) if tokens else None,
            refused=bool(message.get("refusal")),
        )

    def write_answer(self, answer: Answer) -> dict[str, Any]:
        """Return the body of an answer."""
        message: dict[str, Any] = {"role": "assistant", "content": answer.text or None}
        thoughts = "".join(part.text for part in answer.parts if isinstance(part, Thought))
        if thoughts:
            message["reasoning_content"] = thoughts
        if answer.calls:
            message["tool_calls"] = [_write_call(call) for call in answer.calls]
        choice = {
            "index": 0,
            "message": message,
            "logprobs": None,
            "finish_reason": find_word(answer.finish, FINISHES),
        }
        head = write_head(answer.id, answer.model, "chat.completion")
        return {**head, "choices": [choice], "usage": write_usage(answer.usage)}

    def reader(self) -> ChatReader:
        """Return a reader for one stream."""
        return ChatReader()

    def writer(self, asked: Mapping[str, Any]) -> ChatWriter:
        """Return a writer for one stream."""
        return ChatWriter(with_usage=self.wants_usage(asked))

    def error(self, status: int, kind: str, message: str) -> dict[str, Any]:
        """Return the body of an error."""
        return write_openai_error(kind, message)

    def is_last(self, event: Event) -> bool:
        """Return whether a stream is complete with an event."""
        return event.data == DONE

    def is_asked(self, event: Event, asked: Mapping[str, Any]) -> bool:
        """Return whether a client requested an event; it may not have requested the one with only tokens."""
        return self.wants_usage(asked) or bool(event.json.get("choices", True))

    def wants_usage(self, asked: Mapping[str, Any]) -> bool:
        """Return whether a client requested the tokens of a stream."""
        options = asked.get("stream_options")
        return isinstance(options, Mapping) and bool(options.get("include_usage"))


def _read_message(said: Mapping[str, Any], place: int) -> Message:
    role = ROLES.get(said.get("role", ""))
    if role is None:
        raise RequestError(
            f"messages[{place}].role: expected one of {', '.join(ROLES)}, got {said.get('role')!r}."
        )
    parts = tuple(_read_parts(said.get("content")))
    if role == "tool":
        return Message(role, (ToolResult(str(said.get("tool_call_id") or ""), _read_by_tools(parts)),))
    if role != "answer":
        return Message(role, parts)
    return Message(role, (*_read_thoughts(said), *parts, *_read_calls(said)))


def _read_parts(content: Any) -> Iterator[Part]:
    if isinstance(content, str):
        yield Text(content)
        return
    for part in to_list(content):
        kind = part.get("type")
        if kind in ("text", "refusal"):
            yield Text(str(part.get(kind) or ""))
        elif kind in MEDIA:
            yield _read_media(part, MEDIA[kind])


def _read_media(part: Mapping[str, Any], kind: Capability) -> Media:
    if kind == "vision":
        image = part.get("image_url")
        return Media(kind, str(image.get("url", "") if isinstance(image, Mapping) else image), raw=part)
    if kind == "audio":
        return Media(kind, raw=part)
    file = part.get("file") or {}
    return Media(kind, str(file.get("file_data") or ""), name=str(file.get("filename") or ""), raw=part)


def _read_by_tools(parts: tuple[Part, ...]) -> tuple[Text | Media, ...]:
    return tuple(part for part in parts if isinstance(part, (Text, Media)))


def _read_thoughts(said: Mapping[str, Any]) -> Iterator[Part]:
    words = next((said[name] for name in THOUGHT if isinstance(said.get(name), str)), "")
    if words:
        yield Thought(words)


def _read_calls(said: Mapping[str, Any]) -> Iterator[Part]:
    for call in said.get("tool_calls") or ():
        function = call.get("function") or call.get("custom") or {}
        arguments = function.get("arguments", function.get("input"))
        yield ToolCall(str(call.get("id") or ""), str(function.get("name") or ""), str(arguments or "{}"))


def _read_answer_parts(message: Mapping[str, Any]) -> Iterator[Part]:
    yield from _read_thoughts(message)
    yield from _read_parts(message.get("content") or message.get("refusal"))
    yield from _read_calls(message)


def _read_tool(told: Mapping[str, Any]) -> Tool:
    kind = told.get("type", "function")
    if kind != "function":
        return Tool(str((told.get(str(kind)) or {}).get("name", "")), own=told)
    function = told["function"]
    return Tool(
        name_tool(function),
        str(function.get("description") or ""),
        dict(function.get("parameters") or {}),
        function.get("strict"),
    )


def _write_tool(tool: Tool) -> dict[str, Any]:
    if tool.own is not None:
        return dict(tool.own)
    described = {"description": tool.description} if tool.description else {}
    strict = {} if tool.strict is None else {"strict": tool.strict}
    schema = dict(tool.schema) or {"type": "object", "properties": {}}
    return {"type": "function", "function": {"name": tool.name, **described, "parameters": schema, **strict}}


def _write_message(message: Message) -> Iterator[dict[str, Any]]:
    """Yield the messages that a message becomes: each tool result is one, media of results follow them."""
    shown: list[dict[str, Any]] = []
    for part in message.parts:
        if isinstance(part, ToolResult):
            media = [_write_media(one) for one in part.parts if isinstance(one, Media)]
            text = join_words(part.parts) or ("See the next message." if media else "")
            yield {"role": "tool", "tool_call_id": part.id, "content": text}
            if media:
                shown += [{"type": "text", "text": f"Returned by tool call {part.id}:"}, *media]
    if shown:
        yield {"role": "user", "content": shown}
    said = [part for part in message.parts if isinstance(part, (Text, Media))]
    calls = [_write_call(part) for part in message.parts if isinstance(part, ToolCall)]
    if said or calls:
        role = {"system": "system", "human": "user", "answer": "assistant", "tool": "user"}[message.role]
        between = "\n\n" if message.role == "system" else ""
        yield {
            "role": role,
            "content": _write_content(said, between),
            **({"tool_calls": calls} if calls else {}),
        }


def _write_content(said: list[Text | Media], between: str) -> Any:
    if all(isinstance(part, Text) for part in said):
        return between.join(part.text for part in said if isinstance(part, Text)) if said else None
    return [
        {"type": "text", "text": part.text} if isinstance(part, Text) else _write_media(part) for part in said
    ]


def _write_media(media: Media) -> dict[str, Any]:
    if media.kind == "vision":
        detail = media.raw.get("detail")  # Responses'
        return {
            "type": "image_url",
            "image_url": {"url": media.url, **({"detail": detail} if detail else {})},
        }
    if media.kind == "files" and media.url:
        return {"type": "file", "file": {"filename": media.name or "document.pdf", "file_data": media.url}}
    return dict(media.raw)


def _write_call(call: ToolCall) -> dict[str, Any]:
    return {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}
