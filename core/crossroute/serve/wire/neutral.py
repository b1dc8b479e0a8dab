"""The neutral form: a request and its answer, in no provider's format.

Each wire format is read to it and written from it, so that formats need to know it alone. A request is read to it
always, since it tells what to route on; it is written from it only where client and member differ in format.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from crossroute.calls.spend import Usage
from crossroute.candidate import Capability

Role = Literal["system", "human", "answer", "tool"]
Finish = Literal["stop", "length", "tools", "filter"]
"""Why an answer ended: said all, cut off, asks for tools, withheld."""


@dataclass(frozen=True)
class Text:
    """Words."""

    text: str


@dataclass(frozen=True)
class Media:
    """A picture, a sound or a file.

    Attributes:
        kind: What a model must be able to do to read it.
        url: Its address, or a `data:` one that holds it.
        mime: Its type, where that is known.
        name: A file's.
        raw: As it came, for what has no form in common.
    """

    kind: Capability
    url: str = ""
    mime: str = ""
    name: str = ""
    raw: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class ToolCall:
    """A call that an answer asks for; its arguments are JSON text, as they came."""

    id: str
    name: str
    arguments: str


@dataclass(frozen=True)
class ToolResult:
    """What a tool returned for a call."""

    id: str
    parts: tuple[Text | Media, ...]
    failed: bool = False


@dataclass(frozen=True)
class Thought:
    """Reasoning; what only its provider can read of it is left out."""

    text: str


Part: TypeAlias = Text | Media | ToolCall | ToolResult | Thought


@dataclass(frozen=True)
class Message:
    """What one side said at a time."""

    role: Role
    parts: tuple[Part, ...]

    @property
    def text(self) -> str:
        """Its words, those of tool results included."""
        return "".join(_find_words(self.parts))


@dataclass(frozen=True)
class Tool:
    """A tool that may be called.

    Attributes:
        name: Its name; empty for a provider's own that has none.
        schema: JSON Schema of its arguments.
        own: As it came, where it is a provider's own, which no other knows.
    """

    name: str
    description: str = ""
    schema: Mapping[str, Any] = field(default_factory=dict)
    strict: bool | None = None
    own: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class Request:
    """What a client asks.

    Attributes:
        messages: The conversation, system prompts first.
        tools: The tools that come with it.
        arguments: All else, in the words that `calls.arguments` knows; what is unknown as it came.
        needs: What a model must be able to do beside what messages and tools show.
        previous: Id of a stored answer that it goes on from, which only its author's provider has.
    """

    messages: tuple[Message, ...]
    tools: tuple[Tool, ...] = ()
    arguments: Mapping[str, Any] = field(default_factory=dict)
    needs: frozenset[Capability] = frozenset()
    previous: str | None = None


@dataclass(frozen=True)
class Answer:
    """What a model answered.

    Attributes:
        parts: What it said, in order.
        finish: Why it ended.
        usage: Its tokens, where they are told.
        id: As its provider named it.
        model: As its provider calls it.
        stop: The sequence that stopped it.
        logprobs: Log-probability of each token, where these are told.
        refused: The provider says that it is a refusal.
    """

    parts: tuple[Part, ...]
    finish: Finish = "stop"
    usage: Usage | None = None
    id: str = ""
    model: str = ""
    stop: str | None = None
    logprobs: tuple[float, ...] | None = None
    refused: bool = False

    @property
    def text(self) -> str:
        """Its words."""
        return "".join(part.text for part in self.parts if isinstance(part, Text))

    @property
    def calls(self) -> tuple[ToolCall, ...]:
        """The tools that it asks for."""
        return tuple(part for part in self.parts if isinstance(part, ToolCall))


@dataclass(frozen=True)
class StreamStart:
    """A stream began."""

    id: str
    model: str


@dataclass(frozen=True)
class TextDelta:
    """More words, or more reasoning."""

    text: str
    thought: bool = False


@dataclass(frozen=True)
class ToolCallDelta:
    """A call began, or its arguments go on; `index` counts calls from 0."""

    index: int
    id: str = ""
    name: str = ""
    arguments: str = ""


@dataclass(frozen=True)
class OpaqueDelta:
    """Something to read that the neutral form does not know."""


@dataclass(frozen=True)
class UsageDelta:
    """Tokens so far."""

    usage: Usage


@dataclass(frozen=True)
class StreamEnd:
    """The answer is complete."""

    finish: Finish
    stop: str | None = None


Delta: TypeAlias = StreamStart | TextDelta | ToolCallDelta | OpaqueDelta | UsageDelta | StreamEnd
"""What a stream says, piece by piece."""

SHOWING = (TextDelta, ToolCallDelta, OpaqueDelta)
"""What of it there is to read."""


def to_deltas(answer: Answer) -> Iterator[Delta]:
    """Yield what a stream of a whole answer says."""
    yield StreamStart(answer.id, answer.model)
    calls = 0
    for part in answer.parts:
        if isinstance(part, (Text, Thought)) and part.text:
            yield TextDelta(part.text, thought=isinstance(part, Thought))
        elif isinstance(part, ToolCall):
            yield ToolCallDelta(calls, part.id, part.name, part.arguments)
            calls += 1
    if answer.usage is not None:
        yield UsageDelta(answer.usage)
    yield StreamEnd(answer.finish, answer.stop)


def find_word(finish: Finish, words: Mapping[str, Finish]) -> str:
    """Return a format's word for why an answer ended."""
    return next(word for word, meant in words.items() if meant == finish)


def join_words(parts: tuple[Part, ...]) -> str:
    """Return the words of some parts."""
    return "".join(part.text for part in parts if isinstance(part, Text))


def _find_words(parts: tuple[Part, ...]) -> Iterator[str]:
    for part in parts:
        if isinstance(part, Text):
            yield part.text
        elif isinstance(part, ToolResult):
            yield from _find_words(part.parts)
