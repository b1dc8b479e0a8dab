"""Read a call: the query to route on, required capabilities, and the last answering member."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal, NamedTuple

from llama_index.core.base.llms.types import (
    ChatMessage,
    DocumentBlock,
    MessageRole,
    TextBlock,
    ThinkingBlock,
    ToolCallBlock,
)
from llama_index.core.prompts import BasePromptTemplate
from llama_index.core.tools import BaseTool

from crossroute import Capability, Query
from crossroute.calls.arguments import count_schema_tokens
from crossroute.calls.content import count_content, count_file
from crossroute.calls.counting import get_field
from crossroute.calls.reply import is_said
from crossroute.reading.conversation import Turn
from crossroute.tokens import MEDIA_TOKENS, MESSAGE_TOKENS, estimate_tokens

MEDIA: dict[str, Capability] = {
    "image": "vision",
    "audio": "audio",
    "document": "files",
    "video": "files",
}
"""Type of a content block -> the capability required to read it."""

SYSTEM = (MessageRole.SYSTEM, MessageRole.DEVELOPER)
TOOL = (MessageRole.TOOL, MessageRole.FUNCTION)
ANSWER = (MessageRole.ASSISTANT, MessageRole.CHATBOT, MessageRole.MODEL)

OBSERVATIONS = (
    *("Observation:", "Result of executing the code given:"),
    *("Error while parsing the output:", "FAILURE: Your previous response was empty."),
)
"""Beginnings of tool results and retries, which ReActAgent and CodeActAgent write as user messages."""


A_TEXT = "For a text, call complete, or chat with [ChatMessage(content=text)]."


class Reading(NamedTuple):
    """The facts of one call.

    Attributes:
        query: The query to route on; None if the call has no text.
        needs: Capabilities required by the call.
        tool_turn: Whether the call answers tool results.
        marks: Marks of the last answer, under which its author is remembered.
    """

    query: Query | None
    needs: frozenset[Capability] = frozenset()
    tool_turn: bool = False
    marks: tuple[str, ...] = ()

    @property
    def question(self) -> str:
        """The text of the question; empty if the call has no text."""
        return self.query.text if self.query else ""

    def with_arguments(self, arguments: Mapping[str, Any]) -> Reading:
        """Return a copy that counts the schema among a call's arguments as input."""
        tokens = count_schema_tokens(arguments)
        if not tokens or self.query is None:
            return self
        return self._replace(query=replace(self.query, input_tokens=self.query.whole_tokens + tokens))


class ToolCall(NamedTuple):
    """A tool call of an answer, from any of the places where providers keep it."""

    id: str
    name: str
    arguments: Any


def read_messages(messages: Sequence[ChatMessage], tools: Sequence[BaseTool] = ()) -> Reading:
    """Read a conversation, the newest message last, and the tools that come with the call.

    Raises:
        TypeError: They are not messages.
    """
    _check_messages(messages)
    user = _find_last_user(messages)
    tool_turn = len(messages) > user + 1 and messages[-1].role in TOOL
    answers = [place for place, message in enumerate(messages) if message.role in ANSWER]
    answers = [place for place in answers if place > user] if tool_turn else answers[-1:]
    text, system = find_question(messages), _join_texts(m for m in messages if m.role in SYSTEM)
    tokens = sum(map(_count_tokens, messages)) + sum(map(_count_tool_tokens, tools))
    needs = _find_media(messages)
    if tools or any(map(_uses_tools, messages)):
        needs.add("tools")
    return Reading(
        query=Query.of_turns(to_turns(messages), system=system, input_tokens=tokens)
        or Query.of_turns([Turn("human", text)], system=system, input_tokens=tokens),
        needs=frozenset(needs),
        tool_turn=tool_turn,
        marks=tuple(
            mark for place in answers for mark in make_marks(messages[place], find_question(messages[:place]))
        ),
    )


def _check_messages(messages: Sequence[ChatMessage]) -> None:
    if not isinstance(messages, Sequence) or isinstance(messages, str | bytes):
        raise TypeError(f"Messages must be a list of ChatMessage, got {type(messages).__name__}. {A_TEXT}")
    for place, message in enumerate(messages):
        if not isinstance(message, ChatMessage):
            raise TypeError(f"Message {place} must be a ChatMessage, got {type(message).__name__}. {A_TEXT}")


def read_prompt(prompt: BasePromptTemplate, arguments: Mapping[str, Any]) -> Reading:
    """Read a prompt template and its arguments; query engines pass the question as `query_str`."""
    reading = read_messages(prompt.format_messages(**arguments))
    asked = {**prompt.kwargs, **arguments}.get("query_str")
    if not isinstance(asked, str) or not asked.strip():
        return reading
    tokens = reading.query.input_tokens if reading.query else None
    return reading._replace(query=Query.of_turns([Turn("human", asked)], input_tokens=tokens))


def find_question(messages: Sequence[ChatMessage]) -> str:
    """Return the question of a conversation: the last user turn, or, without text, the last message with text."""
    user = _find_last_user(messages)
    first = user
    while first > 0 and messages[first - 1].role is MessageRole.USER:
        first -= 1
    text = _join_texts(messages[first : user + 1]).strip() if user >= 0 else ""
    return text or next((said for m in reversed(messages) if (said := (m.content or "").strip())), "")


def to_turns(messages: Sequence[ChatMessage]) -> list[Turn]:
    """Convert messages to turns, without system prompts."""
    places = (place for place, message in enumerate(messages) if message.role not in SYSTEM)
    return [Turn(_find_role(messages, place), messages[place].content or "") for place in places]


def make_marks(answer: ChatMessage, asked: str) -> list[str]:
    """Return marks by which an answer is recognized later: its tool calls, or a digest of its text.

    A tool call's id is not sufficient: it may be empty, the tool's name, or a number within its conversation.

    Args:
        answer: The answer.
        asked: The question, from `find_question`, to distinguish equal answers in other conversations.
    """
    calls = find_tool_calls(answer)
    said: list[Any] = [tuple(call) for call in calls] or ([answer.content] if answer.content else [])
    texts = (json.dumps([asked, one], default=str) for one in said)
    return [hashlib.sha256(text.encode()).hexdigest() for text in texts]


def find_tool_calls(answer: ChatMessage) -> list[ToolCall]:
    """Return the tool calls of an answer, from its blocks or from fields of its integration."""
    blocks = [block for block in answer.blocks if isinstance(block, ToolCallBlock)]
    if blocks:
        return [_make_tool_call(block.tool_call_id, block.tool_name, block.tool_kwargs) for block in blocks]
    kept = answer.additional_kwargs.get("tool_calls")
    return [_read_kept_call(call) for call in kept] if isinstance(kept, Sequence) else []


def is_plain(message: ChatMessage) -> bool:
    """Return whether every provider accepts a message unchanged: text that is not an answer or a tool result."""
    blocks, role = message.blocks, message.role
    return (
        role not in ANSWER
        and role not in TOOL
        and "tool_call_id" not in message.additional_kwargs
        and all(type(block) is TextBlock for block in blocks)
    )


def has_content(message: ChatMessage) -> bool:
    """Return whether an answer or a chunk has content: text other than blanks, a tool call, reasoning or media."""
    mere = (TextBlock, ThinkingBlock, ToolCallBlock)
    texts = (getattr(block, "text", None) or getattr(block, "content", None) for block in message.blocks)
    kept = not all(isinstance(block, mere) for block in message.blocks)
    return kept or any(map(is_said, texts)) or (bool(find_tool_calls(message)) and not is_nameless(message))


def is_nameless(message: ChatMessage) -> bool:
    """Return whether an answer calls a tool without a name.

    >>> is_nameless(ChatMessage(additional_kwargs={"tool_calls": [{"id": "1", "function": None}]}))
    True
    """
    return not all(call.name for call in find_tool_calls(message))


def _read_kept_call(call: Any) -> ToolCall:
    """Return a tool call from the formats of OpenAI, Ollama or Bedrock Converse."""
    function = get_field(call, "function") or call
    ids = (get_field(call, name) for name in ("id", "toolUseId"))
    arguments = (get_field(function, name) for name in ("arguments", "input"))
    return _make_tool_call(
        next(filter(None, ids), None), get_field(function, "name"), next(filter(None, arguments), None)
    )


def _make_tool_call(call_id: Any, name: Any, arguments: Any) -> ToolCall:
    """Return a tool call, with an empty id if the id is only the tool's name."""
    return ToolCall("" if call_id is None or call_id == name else str(call_id), str(name or ""), arguments)


def _uses_tools(message: ChatMessage) -> bool:
    """Return whether a message needs a member with tools; ReActAgent may give a tool's role to plain text."""
    if message.role in TOOL:
        return "tool_call_id" in message.additional_kwargs
    return message.role in ANSWER and bool(find_tool_calls(message))


def _find_role(messages: Sequence[ChatMessage], place: int) -> Literal["human", "answer", "tool"]:
    role = messages[place].role
    if role is MessageRole.USER:
        return "tool" if _is_observation(messages, place) else "human"
    return "tool" if role in TOOL else "answer"


def _find_last_user(messages: Sequence[ChatMessage]) -> int:
    places = range(len(messages) - 1, -1, -1)
    users = (
        place
        for place in places
        if messages[place].role is MessageRole.USER and not _is_observation(messages, place)
    )
    return next(users, -1)


def _is_observation(messages: Sequence[ChatMessage], place: int) -> bool:
    """Return whether a user message was written by an agent, and so is not a new question."""
    text = messages[place].content or ""
    return text.startswith(OBSERVATIONS) and place > 0 and messages[place - 1].role in ANSWER


def _join_texts(messages: Iterable[ChatMessage]) -> str:
    """Return the messages' texts without repetitions, which agents write as retries."""
    texts = (text for message in messages if (text := message.content or "").strip())
    return "\n\n".join(dict.fromkeys(texts))


def _find_media(messages: Iterable[ChatMessage]) -> set[Capability]:
    return {MEDIA[block.block_type] for block in _list_blocks(messages) if block.block_type in MEDIA}


def _list_blocks(messages: Iterable[ChatMessage]) -> Iterator[Any]:
    for message in messages:
        for block in message.blocks:
            yield block
            inner = getattr(block, "content", None)
            yield from inner if isinstance(inner, list) else ()


def _count_tokens(message: ChatMessage) -> int:
    """Estimate the tokens of a message."""
    texts = [message.content or "", *(f"{call.name} {call.arguments}" for call in find_tool_calls(message))]
    others = sum(map(_count_block, _list_others(message.blocks)))
    return MESSAGE_TOKENS + others + sum(estimate_tokens(text) for text in texts if text)


def _list_others(blocks: Iterable[Any]) -> Iterator[Any]:
    """Yield the blocks that are neither a message's text nor a tool call, and the blocks within them."""
    for block in blocks:
        if not isinstance(block, (TextBlock, ThinkingBlock, ToolCallBlock)):
            inner = getattr(block, "cited_content", None) or getattr(block, "content", None) or block
            yield from inner if isinstance(inner, list) else [inner]


def _count_block(block: Any) -> int:
    if isinstance(block, DocumentBlock):
        return count_file(block.data if isinstance(block.data, bytes) else None, block.document_mimetype)
    return MEDIA_TOKENS if block.block_type in MEDIA else count_content(getattr(block, "text", None))


def _count_tool_tokens(tool: BaseTool) -> int:
    schema = tool.metadata.fn_schema_str if tool.metadata.fn_schema else ""
    return estimate_tokens(f"{tool.metadata.description} {schema}")
