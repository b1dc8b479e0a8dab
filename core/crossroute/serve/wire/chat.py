"""OpenAI's Chat Completions, which most servers of open weights speak, too.

Source: https://platform.openai.com/docs/api-reference/chat, as of November 2026.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from typing import Any

from crossroute.calls.ending import failed
from crossroute.calls.spend import TIERS, Usage
from crossroute.candidate import Capability
from crossroute.serve.errors import ProviderError, RequestError
from crossroute.serve.events import DONE, Event, event_bytes
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
    words_in,
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
FINISHES: dict[str, Finish] = {
    "stop": "stop",
    "length": "length",
    "tool_calls": "tools",
    "function_call": "tools",
    "content_filter": "filter",
}
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
SPOKEN = ("content", "refusal")
THOUGHT = ("reasoning_content", "reasoning")
"""Where hosts of open weights put reasoning."""


class Chat:
    """The format of `/v1/chat/completions`."""

    name = "chat"
    path = "/chat/completions"

    def read_request(self, body: RawObject) -> Request:
        """Return what a client asks."""
        check_types(body, EXPECTED)
        messages = body.get("messages")
        if (
            not messages
            or not isinstance(messages, list)
            or not all(isinstance(one, dict) for one in messages)
        ):
            raise RequestError("messages: expected a list of objects such as {role, content}.")
        tools = objects_in(body, "tools")
        kind = (body.get("response_format") or {}).get("type")
        needs: set[Capability] = {"structured_output"} if kind == "json_schema" else set()
        return Request(
            messages=tuple(_message(one, place) for place, one in enumerate(messages)),
            tools=tuple(map(_tool, tools)),
            arguments={name: value for name, value in body.items() if name not in OWN},
            needs=frozenset(needs | ({"tools"} if body.get("functions") else set())),
        )

    def write_request(self, request: Request, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Return the body of a request."""
        tools = [_written_tool(tool) for tool in request.tools]
        messages = [said for message in request.messages for said in _written(message)]
        return {"messages": messages, **({"tools": tools} if tools else {}), **arguments}

    def read_answer(self, body: Mapping[str, Any]) -> Answer:
        """Return what a model answered."""
        if body.get("error"):
            raise ProviderError(None, json.dumps(body).encode(), {})
        choice = body["choices"][0]
        if failed(choice.get("finish_reason")):
            raise ProviderError(None, json.dumps(body).encode(), {})
        message = choice["message"]
        tokens = (choice.get("logprobs") or {}).get("content")
        return Answer(
            parts=tuple(_answered(message)),
            finish=FINISHES.get(choice.get("finish_reason") or "stop", "stop"),
            usage=usage_in(body),
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
            message["tool_calls"] = [_written_call(call) for call in answer.calls]
        choice = {
            "index": 0,
            "message": message,
            "logprobs": None,
            "finish_reason": finish_word(answer.finish),
        }
        head = _head(answer.id, answer.model, "chat.completion")
        return {**head, "choices": [choice], "usage": written_usage(answer.usage)}

    def reader(self) -> ChatReader:
        """Return what reads one stream."""
        return ChatReader()

    def writer(self, asked: Mapping[str, Any]) -> ChatWriter:
        """Return what writes one stream."""
        return ChatWriter(with_usage=self.wants_usage(asked))

    def error(self, status: int, kind: str, message: str) -> dict[str, Any]:
        """Return the body of an error."""
        return {"error": {"message": message, "type": kind, "param": None, "code": None}}

    def is_last(self, event: Event) -> bool:
        """Return whether a stream is complete with an event."""
        return event.data == DONE

    def is_asked(self, event: Event, asked: Mapping[str, Any]) -> bool:
        """Return whether a client asked for an event: the one with nothing but tokens it may not have."""
        return self.wants_usage(asked) or bool(event.json.get("choices", True))

    def wants_usage(self, asked: Mapping[str, Any]) -> bool:
        """Return whether a client asked for the tokens of a stream."""
        options = asked.get("stream_options")
        return isinstance(options, Mapping) and bool(options.get("include_usage"))


class ChatReader:
    """Reads one stream."""

    def __init__(self) -> None:
        self._begun = False

    def read(self, event: Event) -> Iterator[Delta]:
        """Yield what an event says."""
        said = event.json
        if said.get("error"):
            raise ProviderError(None, event.data.encode(), {})
        if said.get("choices") and not self._begun:  # Azure's first event has neither choices nor a model
            self._begun = True
            yield Began(str(said.get("id") or ""), str(said.get("model") or ""))
        for choice in said.get("choices") or ():
            if failed(choice.get("finish_reason")):
                raise ProviderError(None, event.data.encode(), {})
            yield from self._choice(choice)
        usage = usage_in(said)
        if usage is not None:
            yield Counted(usage)

    @staticmethod
    def _choice(choice: Mapping[str, Any]) -> Iterator[Delta]:
        delta = choice.get("delta") or {}
        if choice.get("index"):  # a further one that was asked for
            if any(delta.get(name) for name in (*SPOKEN, *THOUGHT, "tool_calls")):
                yield Shown()
            return
        for names, thought in ((THOUGHT, True), (SPOKEN, False)):
            words = next((delta[name] for name in names if delta.get(name)), None)
            if words:
                yield Said(words, thought=thought) if isinstance(words, str) else Shown()
        for call in delta.get("tool_calls") or ():
            function = call.get("function") or {}
            yield Called(
                call.get("index") or 0,
                call.get("id") or "",
                function.get("name") or "",
                function.get("arguments") or "",
            )
        if delta.get("audio") or delta.get("function_call"):
            yield Shown()
        if choice.get("finish_reason"):
            yield Ended(FINISHES.get(choice["finish_reason"], "stop"))


class ChatWriter:
    """Writes one stream.

    Args:
        with_usage: The client asked for the tokens, which come in a chunk of their own.
    """

    def __init__(self, *, with_usage: bool) -> None:
        self._with_usage = with_usage
        self._head = _head("", "", "chat.completion.chunk")
        self._usage: Usage | None = None
        self._last: dict[str, Any] | None = None

    def write(self, delta: Delta) -> Iterator[bytes]:
        """Yield the events for what a stream says."""
        if isinstance(delta, Began):
            self._head = _head(delta.id, delta.model, "chat.completion.chunk")
            yield event_bytes(self._chunk({"role": "assistant", "content": ""}))
        elif isinstance(delta, Said):
            yield event_bytes(self._chunk({"reasoning_content" if delta.thought else "content": delta.text}))
        elif isinstance(delta, Called):
            yield event_bytes(self._chunk({"tool_calls": [_call_delta(delta)]}))
        elif isinstance(delta, Counted):
            self._usage = delta.usage
        elif isinstance(delta, Ended):
            self._last = self._chunk({}, finish_word(delta.finish))

    def end(self, told: Mapping[str, Any]) -> Iterator[bytes]:
        """Yield the last events, with what is told of the decision."""
        chunks = [self._last] if self._last else []
        if self._with_usage:
            chunks.append({**self._head, "choices": [], "usage": written_usage(self._usage)})
        if chunks:
            chunks[-1] = {**chunks[-1], "crossroute": told}
        yield from map(event_bytes, (*chunks, DONE))

    def _chunk(self, delta: dict[str, Any], finish: str | None = None) -> dict[str, Any]:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
        return {**self._head, "choices": [choice], **({"usage": None} if self._with_usage else {})}


def usage_in(body: Mapping[str, Any]) -> Usage | None:
    """Return the tokens that an answer tells; None where it tells none."""
    told = body.get("usage")
    if not isinstance(told, Mapping):
        return None
    details = told.get("prompt_tokens_details") or {}
    return Usage(
        input_tokens=told.get("prompt_tokens") or 0,
        output_tokens=told.get("completion_tokens") or 0,
        cached_input_tokens=details.get("cached_tokens") or told.get("prompt_cache_hit_tokens") or 0,
        tier=TIERS.get(str(body.get("service_tier")), 1.0),
    )


def written_usage(usage: Usage | None) -> dict[str, Any]:
    """Return tokens as the format has them."""
    usage = usage or Usage()
    return {
        "prompt_tokens": usage.input_tokens,
        "completion_tokens": usage.output_tokens,
        "total_tokens": usage.input_tokens + usage.output_tokens,
        "prompt_tokens_details": {"cached_tokens": usage.cached_input_tokens},
    }


def finish_word(finish: Finish) -> str:
    """Return the format's word for why an answer ended."""
    return next(word for word, meant in FINISHES.items() if meant == finish)


def _head(name: str, model: str, kind: str) -> dict[str, Any]:
    return {"id": name or "chatcmpl-0", "object": kind, "created": int(time.time()), "model": model}


def _message(said: Mapping[str, Any], place: int) -> Message:
    role = ROLES.get(said.get("role", ""))
    if role is None:
        raise RequestError(
            f"messages[{place}].role: expected one of {', '.join(ROLES)}, got {said.get('role')!r}."
        )
    parts = tuple(_parts(said.get("content")))
    if role == "tool":
        return Message(role, (ToolResult(str(said.get("tool_call_id") or ""), _read_by_tools(parts)),))
    if role != "answer":
        return Message(role, parts)
    return Message(role, (*_thoughts(said), *parts, *_calls(said)))


def _parts(content: Any) -> Iterator[Part]:
    if isinstance(content, str):
        yield Text(content)
        return
    for part in listed(content):
        kind = part.get("type")
        if kind in ("text", "refusal"):
            yield Text(str(part.get(kind) or ""))
        elif kind in MEDIA:
            yield _media(part, MEDIA[kind])


def _media(part: Mapping[str, Any], kind: Capability) -> Media:
    if kind == "vision":
        image = part.get("image_url")
        return Media(kind, str(image.get("url", "") if isinstance(image, Mapping) else image), raw=part)
    if kind == "audio":
        return Media(kind, raw=part)
    file = part.get("file") or {}
    return Media(kind, str(file.get("file_data") or ""), name=str(file.get("filename") or ""), raw=part)


def _read_by_tools(parts: tuple[Part, ...]) -> tuple[Text | Media, ...]:
    return tuple(part for part in parts if isinstance(part, (Text, Media)))


def _thoughts(said: Mapping[str, Any]) -> Iterator[Part]:
    words = next((said[name] for name in THOUGHT if isinstance(said.get(name), str)), "")
    if words:
        yield Thought(words)


def _calls(said: Mapping[str, Any]) -> Iterator[Part]:
    for call in said.get("tool_calls") or ():
        function = call.get("function") or call.get("custom") or {}
        arguments = function.get("arguments", function.get("input"))
        yield ToolCall(str(call.get("id") or ""), str(function.get("name") or ""), str(arguments or "{}"))


def _answered(message: Mapping[str, Any]) -> Iterator[Part]:
    yield from _thoughts(message)
    yield from _parts(message.get("content") or message.get("refusal"))
    yield from _calls(message)


def _tool(told: Mapping[str, Any]) -> Tool:
    kind = told.get("type", "function")
    if kind != "function":
        return Tool(str((told.get(str(kind)) or {}).get("name", "")), own=told)
    function = told["function"]
    return Tool(
        named(function),
        str(function.get("description") or ""),
        dict(function.get("parameters") or {}),
        function.get("strict"),
    )


def _written_tool(tool: Tool) -> dict[str, Any]:
    if tool.own is not None:
        return dict(tool.own)
    described = {"description": tool.description} if tool.description else {}
    strict = {} if tool.strict is None else {"strict": tool.strict}
    schema = dict(tool.schema) or {"type": "object", "properties": {}}
    return {"type": "function", "function": {"name": tool.name, **described, "parameters": schema, **strict}}


def _written(message: Message) -> Iterator[dict[str, Any]]:
    """Yield the messages that a message becomes: each tool result is one, media of results follow them."""
    shown: list[dict[str, Any]] = []
    for part in message.parts:
        if isinstance(part, ToolResult):
            media = [_written_media(one) for one in part.parts if isinstance(one, Media)]
            text = words_in(part.parts) or ("See the next message." if media else "")
            yield {"role": "tool", "tool_call_id": part.id, "content": text}
            if media:
                shown += [{"type": "text", "text": f"Returned by tool call {part.id}:"}, *media]
    if shown:
        yield {"role": "user", "content": shown}
    said = [part for part in message.parts if isinstance(part, (Text, Media))]
    calls = [_written_call(part) for part in message.parts if isinstance(part, ToolCall)]
    if said or calls:
        role = {"system": "system", "human": "user", "answer": "assistant", "tool": "user"}[message.role]
        between = "\n\n" if message.role == "system" else ""
        yield {
            "role": role,
            "content": _written_content(said, between),
            **({"tool_calls": calls} if calls else {}),
        }


def _written_content(said: list[Text | Media], between: str) -> Any:
    if all(isinstance(part, Text) for part in said):
        return between.join(part.text for part in said if isinstance(part, Text)) if said else None
    return [
        {"type": "text", "text": part.text} if isinstance(part, Text) else _written_media(part)
        for part in said
    ]


def _written_media(media: Media) -> dict[str, Any]:
    if media.kind == "vision":
        detail = media.raw.get("detail")  # Responses'
        return {
            "type": "image_url",
            "image_url": {"url": media.url, **({"detail": detail} if detail else {})},
        }
    if media.kind == "files" and media.url:
        return {"type": "file", "file": {"filename": media.name or "document.pdf", "file_data": media.url}}
    return dict(media.raw)


def _written_call(call: ToolCall) -> dict[str, Any]:
    return {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}


def _call_delta(delta: Called) -> dict[str, Any]:
    function = {"arguments": delta.arguments, **({"name": delta.name} if delta.name else {})}
    named = {"id": delta.id, "type": "function"} if delta.id else {}
    return {"index": delta.index, **named, "function": function}
