"""Read a request: its query, its requirements, and the author of the last answer."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any, Literal

from crossroute.calls.arguments import count_schema_tokens
from crossroute.calls.content import count_content, count_file
from crossroute.calls.tools import find_tool_provider
from crossroute.candidate import Capability
from crossroute.query import Query
from crossroute.reading.conversation import Turn
from crossroute.serve.wire.neutral import (
    Media,
    Message,
    Part,
    Request,
    Text,
    Thought,
    ToolCall,
    ToolResult,
)
from crossroute.tokens import MESSAGE_TOKENS, estimate_tokens

ROLES: dict[str, Literal["human", "answer", "tool"]] = {"human": "human", "answer": "answer", "tool": "tool"}


class Reading:
    """The facts of one request, computed on first use.

    Args:
        request: The request.
    """

    def __init__(self, request: Request) -> None:
        self._request = request
        self.asked: str = find_question(request.messages)
        """The text of the last human turn."""

    @cached_property
    def query(self) -> Query | None:
        """The query to route on; None if the last human turn has no text."""
        messages = self._request.messages
        return Query.of_turns(_to_turns(messages), system=_join_system(messages), input_tokens=self.tokens)

    @cached_property
    def tokens(self) -> int:
        """Tokens of the whole request, estimated."""
        request = self._request
        described = sum(map(_count_tool_tokens, _describe_tools(request)))
        return sum(map(_count_tokens, request.messages)) + described + count_schema_tokens(request.arguments)

    @cached_property
    def needs(self) -> frozenset[Capability]:
        """Capabilities that a model needs to take the call."""
        return frozenset(self._request.needs | _find_needs(self._request))

    @cached_property
    def tool_turn(self) -> bool:
        """Whether the call answers tool results."""
        messages = self._request.messages
        return len(messages) > self._human + 1 and messages[-1].role == "tool"

    @cached_property
    def marks(self) -> tuple[str, ...]:
        """The marks by which the author of the last answer is remembered."""
        messages = self._request.messages
        places = [place for place, message in enumerate(messages) if message.role == "answer"]
        places = [place for place in places if place > self._human] if self.tool_turn else places[-1:]
        marks = [
            mark
            for place in places
            for mark in make_marks(messages[place].parts, find_question(messages[:place]))
        ]
        return (*marks, *((self._request.previous,) if self._request.previous else ()))

    @cached_property
    def tool_providers(self) -> frozenset[str]:
        """Providers that run some of the tools themselves; empty if any model may handle the call."""
        own = (find_tool_provider(tool.own) for tool in self._request.tools if tool.own)
        return frozenset(filter(None, own))

    @cached_property
    def _human(self) -> int:
        """Index of the last human message; -1 without one."""
        messages = self._request.messages
        return max((place for place, message in enumerate(messages) if message.role == "human"), default=-1)


def find_question(messages: Sequence[Message]) -> str:
    """Return the text of the last human turn; empty without one."""
    return next((message.text for message in reversed(messages) if message.role == "human"), "")


def make_marks(parts: Iterable[Part], asked: str) -> list[str]:
    """Return marks by which an answer is recognized later: its tool calls' ids, or a digest of its text.

    Args:
        parts: The parts of the answer.
        asked: The question, which distinguishes equal answers of other conversations.
    """
    parts = tuple(parts)
    said: list[Any] = [[part.id, part.name] for part in parts if isinstance(part, ToolCall)]
    text = "".join(part.text for part in parts if isinstance(part, Text))
    said = said or ([text] if text else [])
    return [hashlib.sha256(json.dumps([asked, one]).encode()).hexdigest() for one in said]


def _find_needs(request: Request) -> set[Capability]:
    found: set[Capability] = {part.kind for part in _flatten(request.messages) if isinstance(part, Media)}
    uses_tools = any(isinstance(part, ToolResult) for message in request.messages for part in message.parts)
    return found | ({"tools"} if request.tools or uses_tools else set())


def _flatten(messages: Iterable[Message]) -> Iterable[Part]:
    for message in messages:
        for part in message.parts:
            yield part
            if isinstance(part, ToolResult):
                yield from part.parts


def _to_turns(messages: Iterable[Message]) -> list[Turn]:
    return [Turn(ROLES[message.role], message.text) for message in messages if message.role != "system"]


def _join_system(messages: Iterable[Message]) -> str:
    return "\n\n".join(message.text for message in messages if message.role == "system")


def _count_tokens(message: Message) -> int:
    total = MESSAGE_TOKENS
    for part in _flatten([message]):
        if isinstance(part, Media):
            total += count_content(part.raw) if part.raw else count_file(part.url, part.mime)
        elif isinstance(part, (Text, Thought)):
            total += estimate_tokens(part.text) if part.text else 0
        elif isinstance(part, ToolCall):
            total += estimate_tokens(f"{part.name} {part.arguments}")
    return total


def _describe_tools(request: Request) -> list[Mapping[str, Any]]:
    return [
        tool.own or {"name": tool.name, "about": tool.description, **tool.schema} for tool in request.tools
    ]


def _count_tool_tokens(described: Mapping[str, Any]) -> int:
    return estimate_tokens(json.dumps(described, ensure_ascii=False, default=str))
