"""Requests for members: written in another format, or fitted to a member of the client's format."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from crossroute.calls.effort_words import ANSWER, adjust_to_thinking
from crossroute.calls.tools import READABLE, make_readable_id
from crossroute.errors import UnableError
from crossroute.serve.library import ARGUMENTS
from crossroute.serve.members import Member
from crossroute.serve.wire.formats import WrittenWire
from crossroute.serve.wire.neutral import (
    Media,
    Message,
    Part,
    Request,
    Thought,
    ToolCall,
    ToolResult,
)

FRAMEWORKS = frozenset({"stream_usage", "timeout", "config", "model"})
"""Keywords of frameworks that no API has."""

REASONING = ("reasoning_content", "reasoning", "reasoning_details")
"""Where hosts of open weights put reasoning, which OpenAI's own API takes in no message."""


def write_body(request: Request, target: WrittenWire, member: Member) -> tuple[dict[str, Any], list[str]]:
    """Return the body of a request in a member's format, without its model, and what was left out, in words.

    Raises:
        UnableError: The member cannot do what an argument asks for.
    """
    arguments, left_out = member.arguments(request)
    arguments = (
        _rename_for_anthropic(arguments, member)
        if member.speaks == "anthropic"
        else _rename_for_openai(arguments, member)
    )
    _check_media(request, member)
    if member.speaks == "litellm":
        left_out += [
            f"{name!r}, which no model by litellm is told" for name in arguments if name not in ARGUMENTS
        ]
        arguments = {name: value for name, value in arguments.items() if name in ARGUMENTS}
    arguments = {name: value for name, value in arguments.items() if name not in FRAMEWORKS}
    body = target.write_request(replace(request, messages=tuple(_make_readable(request.messages))), arguments)
    return {**body, **member.changes(body)}, left_out


def _rename_for_anthropic(said: Mapping[str, Any], member: Member) -> dict[str, Any]:
    """Return arguments by the names of Anthropic's API, where LangChain's class has others."""
    told = dict(said)
    stop = told.pop("stop", None)
    if stop is not None:
        told["stop_sequences"] = [stop] if isinstance(stop, str) else list(stop)
    form = told.pop("response_format", None) or {}
    if form.get("type") == "json_schema":
        schema = form["json_schema"].get("schema") or {}
        told["output_config"] = {
            **told.get("output_config", {}),
            "format": {"type": "json_schema", "schema": schema},
        }
    level = told.pop("reasoning_effort", None) or told.pop("effort", None)
    words: dict[str, Any] = {}
    if isinstance(level, str):
        words = member.effort_told(level)
        words["output_config"] = {**told.get("output_config", {}), **words.get("output_config", {})}
        told |= {name: value for name, value in words.items() if value}
    if told.pop("parallel_tool_calls", None) is False:
        told["tool_choice"] = {**_choice(told.get("tool_choice")), "disable_parallel_tool_use": True}
    elif "tool_choice" in told:
        told["tool_choice"] = _choice(told["tool_choice"])
    for name in ("strict", "logprobs", "service_tier"):
        told.pop(name, None)
    # OpenAI's other metadata are no words of this API
    user = (told.pop("metadata", None) or {}).get("user_id")
    if user is not None:
        told["metadata"] = {"user_id": user}
    if not told.get("max_tokens"):
        told["max_tokens"] = member.entry.max_tokens or ANSWER
    limits = {name: told.get(name) for name in ("max_tokens", "temperature")}
    return told | (adjust_to_thinking(words, **limits) if "thinking" in words else {})


def _rename_for_openai(said: Mapping[str, Any], member: Member) -> dict[str, Any]:
    """Return arguments with the effort by the names of the member's host."""
    level = said.get("reasoning_effort")
    words = member.effort_told(level) if isinstance(level, str) else {}
    return {name: value for name, value in said.items() if name != "reasoning_effort" or not words} | words


def _check_media(request: Request, member: Member) -> None:
    """Refuse pictures and files that the client's provider stores under an id, which others cannot read.

    An address is passed on, but not to litellm, which would fetch it itself.

    Raises:
        UnableError: There is one.
    """
    for message in request.messages:
        results = [part.parts for part in message.parts if isinstance(part, ToolResult)]
        for part in (*message.parts, *(one for parts in results for one in parts)):
            if not isinstance(part, Media) or (part.kind == "audio" and member.speaks != "anthropic"):
                continue
            if not part.url:
                raise UnableError(member.name, "file_id")
            if member.speaks == "litellm" and not part.url.startswith("data:"):
                raise UnableError(member.name, "url")


def _choice(value: Any) -> dict[str, Any]:
    return dict(value) if isinstance(value, Mapping) else {"type": value or "auto"}


def _make_readable(messages: Iterable[Message]) -> Iterator[Message]:
    """Yield messages without reasoning, which is another model's, and with ids that every provider takes."""
    for message in messages:
        yield replace(
            message, parts=tuple(_rename_ids(part) for part in message.parts if not isinstance(part, Thought))
        )


def _rename_ids(part: Part) -> Part:
    if isinstance(part, (ToolCall, ToolResult)):
        return replace(part, id=make_readable_id(part.id))
    return part


def fit_messages(messages: Any, member: Member) -> list[Any] | None:
    """Return messages of the member's format without what its API refuses; None where nothing is to change."""
    if not isinstance(messages, Sequence) or isinstance(messages, str):
        return None
    fit = _fit_for_anthropic if member.speaks == "anthropic" else _fit_for_openai
    changed = [fit(one, member) if isinstance(one, Mapping) else one for one in messages]
    return None if all(new is old for new, old in zip(changed, messages, strict=True)) else changed


def _fit_for_anthropic(message: Mapping[str, Any], _: Member) -> Mapping[str, Any]:
    """Return a message without reasoning that no model of Anthropic's signed."""
    content = message.get("content")
    if message.get("role") != "assistant" or not isinstance(content, list):
        return message
    kept = [block for block in content if not _is_unsigned(block)]
    return message if len(kept) == len(content) else {**message, "content": kept}


def _is_unsigned(block: Any) -> bool:
    return isinstance(block, Mapping) and block.get("type") == "thinking" and not block.get("signature")


def _fit_for_openai(message: Mapping[str, Any], member: Member) -> Mapping[str, Any]:
    """Return a message with ids that every host takes, and for OpenAI without reasoning."""
    update: dict[str, Any] = {}
    calls = message.get("tool_calls") or []
    if any(not READABLE.fullmatch(str(call.get("id") or "")) for call in calls):
        update["tool_calls"] = [
            {**call, "id": make_readable_id(call.get("id"), str(at))} for at, call in enumerate(calls)
        ]
    answered = message.get("tool_call_id")
    if isinstance(answered, str) and not READABLE.fullmatch(answered):
        update["tool_call_id"] = make_readable_id(answered)
    at_openai = member.places[0].host == "api.openai.com"
    if message.get("role") == "developer" and not at_openai:  # which takes either, and many hosts do not
        update["role"] = "system"
    changed = {**message, **update} if update else message
    if at_openai and not changed.keys().isdisjoint(REASONING):
        return {name: value for name, value in changed.items() if name not in REASONING}
    return changed
