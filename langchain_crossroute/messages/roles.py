"""Roles: messages of no class of their own, by what their role says; what a model answered is an AIMessage."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from langchain_core.messages import (
    AIMessage,
    AIMessageChunk,
    BaseMessage,
    BaseMessageChunk,
    ChatMessage,
    HumanMessage,
    SystemMessage,
    ToolMessage,
)

CLASSES: dict[str, type[BaseMessage]] = {
    **dict.fromkeys(("user", "human"), HumanMessage),
    **dict.fromkeys(("assistant", "ai", "model"), AIMessage),
    **dict.fromkeys(("system", "developer"), SystemMessage),
}
"""Role of a `ChatMessage` -> the class that every provider's integration takes; others stay as they are."""

KEPT = {"developer": {"__openai_role__": "developer"}}
"""Role -> how LangChain notes it on a message of that class."""


def in_roles(messages: Sequence[BaseMessage]) -> list[BaseMessage]:
    """Return messages of which those that state a known role are of its class.

    >>> [type(one).__name__ for one in in_roles([ChatMessage("Hi", role="user"), ChatMessage("Ho", role="critic")])]
    ['HumanMessage', 'ChatMessage']
    """
    return [_in_role(one) if isinstance(one, ChatMessage) else one for one in messages]


def as_answer(message: BaseMessage) -> AIMessage:
    """Return what a model answered as an answer, whatever role it, or its server, says that it has.

    >>> as_answer(HumanMessage("Paris")).text
    'Paris'
    """
    if isinstance(message, AIMessage):
        return message
    kind = AIMessageChunk if isinstance(message, BaseMessageChunk) else AIMessage
    return kind(**_parts(message), response_metadata=message.response_metadata)


def answers_of(messages: Sequence[BaseMessage]) -> Iterator[AIMessage]:
    """Yield the answers of what a step of an agent brought: where none says that it is one, the first that may be."""
    return (as_answer(messages[place]) for place in _places(messages))


def each_answer(
    messages: Sequence[BaseMessage], change: Callable[[AIMessage], BaseMessage]
) -> list[BaseMessage]:
    """Return what a step of an agent brought, its answers changed."""
    places = _places(messages)
    return [change(as_answer(one)) if place in places else one for place, one in enumerate(messages)]


def _places(messages: Sequence[BaseMessage]) -> list[int]:
    told = [place for place, one in enumerate(messages) if isinstance(one, AIMessage)]
    return told or [place for place, one in enumerate(messages) if not isinstance(one, ToolMessage)][:1]


def _in_role(message: ChatMessage) -> BaseMessage:
    role = message.role.lower()
    kind = CLASSES.get(role)
    if kind is None:
        return message
    parts = _parts(message)
    return kind(**{**parts, "additional_kwargs": {**parts["additional_kwargs"], **KEPT.get(role, {})}})


def _parts(message: BaseMessage) -> dict[str, Any]:
    return {name: getattr(message, name) for name in ("content", "additional_kwargs", "name", "id")}
