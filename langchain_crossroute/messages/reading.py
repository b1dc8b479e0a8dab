"""Read a conversation: the query to route on, required capabilities, and the last answering model."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Literal, NamedTuple

from langchain_core.messages import (
    AIMessage,
    AIMessageChunk,
    BaseMessage,
    BaseMessageChunk,
    ChatMessage,
    HumanMessage,
    InvalidToolCall,
    SystemMessage,
    ToolCall,
    ToolMessage,
)
from langchain_core.tools import BaseTool
from langchain_core.utils.function_calling import convert_to_openai_tool

from crossroute import Capability, Query
from crossroute.calls.arguments import count_schema_tokens
from crossroute.calls.content import CALLS, count_content
from crossroute.calls.reply import is_said
from crossroute.calls.tools import find_tool_provider
from crossroute.reading.conversation import Turn
from crossroute.tokens import MESSAGE_TOKENS, estimate_tokens

CLASSES: dict[str, type[BaseMessage]] = {
    **dict.fromkeys(("user", "human"), HumanMessage),
    **dict.fromkeys(("assistant", "ai", "model"), AIMessage),
    **dict.fromkeys(("system", "developer"), SystemMessage),
}
"""Role of a `ChatMessage` -> the class that every provider's integration accepts; other roles are unchanged."""

KEPT = {"developer": {"__openai_role__": "developer"}}
"""Role -> LangChain's mark for it on a message of that class."""


MEDIA: dict[str, Capability] = {
    **dict.fromkeys(("image", "image_url", "input_image"), "vision"),
    **dict.fromkeys(("audio", "input_audio"), "audio"),
    **dict.fromkeys(("file", "input_file", "document", "video", "media"), "files"),
}
"""Type of a content block -> the capability required to read it."""

TOOL_NAMES = frozenset({"function", "name", "title", "toolSpec"})
"""Keys of a tool's name in the dicts that LangChain translates."""

SHOWN_KWARGS = ("reasoning_content", "reasoning", "refusal", "audio", "function_call")
SPOKEN = frozenset({"text", "output_text", "refusal", "thinking", "reasoning"})
"""Types of blocks that may be empty at the start of a stream."""
SPOKEN_KEYS = ("text", "refusal", "thinking", "reasoning", "summary")


class Reading(NamedTuple):
    """The facts in one call's messages and tools.

    Attributes:
        query: The query to route on; None if the last human turn has no text.
        needs: Capabilities required by the call.
        tool_calls: Ids of the tool calls answered by the turn's tool results; empty outside a tool turn.
        tool_turn: Whether the call answers tool results.
        last: The last answer of a model; in a tool turn the one that began it.
        tool_providers: Providers that run some of the tools themselves; see `find_tool_provider`.
    """

    query: Query | None
    needs: frozenset[Capability]
    tool_calls: tuple[str, ...]
    tool_turn: bool
    last: AIMessage | None
    tool_providers: frozenset[str]


def read(
    messages: Sequence[BaseMessage],
    tools: Sequence[Any] = (),
    needs: Iterable[Capability] = (),
    arguments: Mapping[str, Any] = MappingProxyType({}),
) -> Reading:
    """Read a conversation, the newest message last, and the tools and arguments that come with the call."""
    messages = normalize_roles(messages)
    human = max((i for i, message in enumerate(messages) if isinstance(message, HumanMessage)), default=-1)
    turn = messages[human + 1 :]
    answers = [message for message in (turn or messages) if isinstance(message, AIMessage)]
    results = [message for message in turn if isinstance(message, ToolMessage)]
    tool_turn = bool(turn) and isinstance(turn[-1], ToolMessage)
    earlier = [message for message in messages if isinstance(message, AIMessage)]
    wanted = set(needs) | find_media(messages)
    if tools or results:
        wanted.add("tools")
    tokens = count_message_tokens(messages) + count_tool_tokens(tools) + count_schema_tokens(arguments)
    return Reading(
        query=Query.of_turns(to_turns(messages), system=_join_system(messages), input_tokens=tokens),
        needs=frozenset(wanted),
        tool_calls=tuple(message.tool_call_id for message in results) if tool_turn else (),
        tool_turn=tool_turn,
        last=(answers[0] if tool_turn and answers else earlier[-1] if earlier else None),
        tool_providers=frozenset(filter(None, map(find_tool_provider, tools))),
    )


def normalize_roles(messages: Sequence[BaseMessage]) -> list[BaseMessage]:
    """Convert messages that state a known role to the class of that role.

    >>> messages = [ChatMessage("Hi", role="user"), ChatMessage("Ho", role="critic")]
    >>> [type(message).__name__ for message in normalize_roles(messages)]
    ['HumanMessage', 'ChatMessage']
    """
    return [_normalize_role(one) if isinstance(one, ChatMessage) else one for one in messages]


def to_answer(message: BaseMessage) -> AIMessage:
    """Convert a model's message with any role to an AIMessage.

    >>> to_answer(HumanMessage("Paris")).text
    'Paris'
    """
    if isinstance(message, AIMessage):
        return message
    kind = AIMessageChunk if isinstance(message, BaseMessageChunk) else AIMessage
    return kind(**_list_parts(message), response_metadata=message.response_metadata)


def find_answers(messages: Sequence[BaseMessage]) -> Iterator[AIMessage]:
    """Yield the answers among the messages of an agent's step; without an AIMessage, the first possible answer."""
    return (to_answer(messages[place]) for place in _find_places(messages))


def change_answers(
    messages: Sequence[BaseMessage], change: Callable[[AIMessage], BaseMessage]
) -> list[BaseMessage]:
    """Return the messages of an agent's step, with its answers changed."""
    places = _find_places(messages)
    return [change(to_answer(one)) if place in places else one for place, one in enumerate(messages)]


def find_media(messages: Iterable[BaseMessage]) -> set[Capability]:
    """Return the capabilities required to read the media in messages."""
    blocks = (block for message in messages if isinstance(message.content, list) for block in message.content)
    types = {block.get("type") for block in blocks if isinstance(block, dict)}
    return {MEDIA[kind] for kind in types if kind in MEDIA}


def is_named(tool: Any) -> bool:
    """Return whether a tool has a name; some tools run by providers have none."""
    return not isinstance(tool, dict) or not TOOL_NAMES.isdisjoint(tool)


def has_content(message: AIMessage) -> bool:
    """Return whether an answer or a chunk has content: text other than blanks, a tool call, reasoning or media.

    >>> has_content(AIMessage(" ")), has_content(AIMessage([{"type": "thinking", "thinking": "Let me see"}]))
    (False, True)
    """
    calls = message.tool_call_chunks if isinstance(message, AIMessageChunk) else find_calls(message)
    if any(call["name"] for call in calls):
        return True
    if (more := message.additional_kwargs) and any(is_said(more.get(key)) for key in SHOWN_KWARGS):
        return True
    if isinstance(message.content, str):
        return is_said(message.content)
    return any(_has_content(block) for block in message.content)


def find_calls(message: AIMessage) -> list[ToolCall | InvalidToolCall]:
    """Return the tool calls of an answer, including those with invalid arguments."""
    return [*message.tool_calls, *message.invalid_tool_calls]


def is_nameless(message: AIMessage) -> bool:
    """Return whether an answer calls a tool without a name.

    >>> is_nameless(AIMessage("", tool_calls=[{"name": "", "args": {}, "id": "1"}])), is_nameless(AIMessage("Hi"))
    (True, False)
    """
    return not all(call["name"] for call in find_calls(message))


def _find_places(messages: Sequence[BaseMessage]) -> list[int]:
    told = [place for place, one in enumerate(messages) if isinstance(one, AIMessage)]
    return told or [place for place, one in enumerate(messages) if not isinstance(one, ToolMessage)][:1]


def _normalize_role(message: ChatMessage) -> BaseMessage:
    role = message.role.lower()
    kind = CLASSES.get(role)
    if kind is None:
        return message
    parts = _list_parts(message)
    return kind(**{**parts, "additional_kwargs": {**parts["additional_kwargs"], **KEPT.get(role, {})}})


def _list_parts(message: BaseMessage) -> dict[str, Any]:
    return {name: getattr(message, name) for name in ("content", "additional_kwargs", "name", "id")}


def _has_content(block: Any) -> bool:
    if not isinstance(block, dict):
        return is_said(block)
    return block.get("type") not in SPOKEN or any(is_said(block.get(key)) for key in SPOKEN_KEYS)


def count_message_tokens(messages: Iterable[BaseMessage]) -> int:
    """Estimate the tokens of messages; a picture, sound or file counts as a thousand.

    >>> count_message_tokens([HumanMessage("four words are here")])
    8
    """
    return sum(_count_tokens(message) for message in messages)


def count_tool_tokens(tools: Sequence[Any]) -> int:
    """Estimate the tokens of tool definitions."""
    return sum(estimate_tokens(_describe_tool(tool)) for tool in tools)


def to_turns(messages: Iterable[BaseMessage]) -> list[Turn]:
    """Convert messages to turns, without system prompts."""
    return [
        Turn(_find_role(message), str(message.text))
        for message in messages
        if not isinstance(message, SystemMessage)
    ]


def _find_role(message: BaseMessage) -> Literal["human", "answer", "tool"]:
    if isinstance(message, HumanMessage):
        return "human"
    return "tool" if isinstance(message, ToolMessage) else "answer"


def _join_system(messages: Sequence[BaseMessage]) -> str:
    return "\n\n".join(str(message.text) for message in messages if isinstance(message, SystemMessage))


def _count_tokens(message: BaseMessage) -> int:
    content: Any = message.content
    calls = find_calls(message) if isinstance(message, AIMessage) else []
    if calls and isinstance(content, list):  # which may hold them, too
        content = [block for block in content if isinstance(block, str) or block.get("type") not in CALLS]
    tokens = sum(estimate_tokens(f"{call['name']} {call['args']}") for call in calls)
    return MESSAGE_TOKENS + count_content(content) + tokens


def _describe_tool(tool: Any) -> str:
    if isinstance(tool, dict):
        return json.dumps(tool, default=str, ensure_ascii=False)
    if isinstance(tool, BaseTool):
        return f"{tool.name} {tool.description} {_describe_arguments(tool)}"
    try:
        return json.dumps(convert_to_openai_tool(tool), default=str, ensure_ascii=False)
    except (AttributeError, NotImplementedError, TypeError, ValueError):
        return f"{getattr(tool, '__name__', '')} {getattr(tool, '__doc__', '') or ''}"


def _describe_arguments(tool: BaseTool) -> str:
    """Describe the arguments of a tool with the definitions to which they refer."""
    schema = tool.tool_call_schema
    if isinstance(schema, dict) or not hasattr(schema, "model_json_schema"):
        return str(tool.args)
    told = schema.model_json_schema()
    return str({**told.get("properties", {}), **told.get("$defs", {})})
