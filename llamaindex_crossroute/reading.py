"""What a call says: what to route on, what it needs, who spoke before."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from llama_index.core.base.llms.types import ChatMessage, MessageRole, ToolCallBlock
from llama_index.core.prompts import BasePromptTemplate
from llama_index.core.tools import BaseTool

from crossroute import Capability, Query

MEDIA: dict[str, Capability] = {
    "image": "vision",
    "audio": "audio",
    "document": "files",
    "video": "files",
}
"""Type of a content block -> what a member must be able to do to read it."""

SYSTEM = (MessageRole.SYSTEM, MessageRole.DEVELOPER)
TOOL = (MessageRole.TOOL, MessageRole.FUNCTION)
ANSWER = (MessageRole.ASSISTANT, MessageRole.CHATBOT, MessageRole.MODEL)

OBSERVATIONS = ("Observation:", "Result of executing the code given:")
"""How ReActAgent and CodeActAgent begin what a tool returned, which they write as the user."""

CHARACTERS_A_TOKEN = 4


class Reading(NamedTuple):
    """What one call says.

    Attributes:
        query: What to route on; None where the call holds no text.
        needs: Capabilities that a member needs to take the call.
        tool_turn: Whether the call answers tool results.
        marks: By what it can be remembered who answered before: ids of tool calls, marks of answers.
    """

    query: Query | None
    needs: frozenset[Capability] = frozenset()
    tool_turn: bool = False
    marks: tuple[str, ...] = ()


def read_text(text: str) -> Reading:
    """Read a completion's prompt."""
    return Reading(Query(text) if text.strip() else None)


def read_messages(messages: Sequence[ChatMessage], tools: Sequence[BaseTool] = ()) -> Reading:
    """Read a conversation, the newest message last, and the tools that come with the call."""
    user = _last_user(messages)
    turn = messages[user + 1 :]
    tool_turn = bool(turn) and turn[-1].role in TOOL
    spoken = [message for message in messages if message.role in ANSWER]
    answers = [message for message in turn if message.role in ANSWER] if tool_turn else spoken[-1:]
    results = [message for message in turn if message.role in TOOL] if tool_turn else []
    text, system = _intent(messages, user), _joined(m for m in messages if m.role in SYSTEM)
    characters = sum(_size(message) for message in messages) + sum(map(_tool_size, tools))
    needs = _media(messages)
    if tools or results:
        needs.add("tools")
    return Reading(
        query=Query(text, system=system, input_tokens=characters // CHARACTERS_A_TOKEN) if text else None,
        needs=frozenset(needs),
        tool_turn=tool_turn,
        marks=(*_result_ids(results), *(mark for answer in answers for mark in marks(answer))),
    )


def read_prompt(prompt: BasePromptTemplate, arguments: Mapping[str, Any]) -> Reading:
    """Read a prompt template and its arguments: query engines say their question as `query_str`."""
    values = {**prompt.kwargs, **arguments}
    question = values.get("query_str")
    if not isinstance(question, str) or not question.strip():
        return read_messages(prompt.format_messages(**arguments))
    texts = [value for value in values.values() if isinstance(value, str)]
    characters = sum(map(len, texts)) + len(str(prompt.get_template()))
    needs = _media(getattr(prompt, "message_templates", ()))
    return Reading(Query(question, input_tokens=characters // CHARACTERS_A_TOKEN), frozenset(needs))


def marks(answer: ChatMessage) -> list[str]:
    """Return by what an answer can be recognized later: its tool calls' ids, and what it says.

    Ids may be empty, and no provider promises to hand back what it was not asked to keep.
    """
    calls = [block for block in answer.blocks if isinstance(block, ToolCallBlock)]
    said = [answer.content or "", *((call.tool_name, call.tool_kwargs) for call in calls)]
    digest = hashlib.sha256(json.dumps(said, default=str).encode()).hexdigest()
    ids = [call.tool_call_id for call in calls if call.tool_call_id]
    return [*ids, digest] if any(said) else ids


def _last_user(messages: Sequence[ChatMessage]) -> int:
    users = (
        place
        for place, message in enumerate(messages)
        if message.role is MessageRole.USER and not _observation(messages, place)
    )
    return max(users, default=-1)


def _observation(messages: Sequence[ChatMessage], place: int) -> bool:
    """Return whether a user's message is an agent's: what a tool returned, after what asked for it."""
    text = messages[place].content or ""
    return text.startswith(OBSERVATIONS) and place > 0 and messages[place - 1].role in ANSWER


def _intent(messages: Sequence[ChatMessage], user: int) -> str:
    """Return the last user's turn; where no user spoke, the last message with text."""
    if user < 0:
        return next((text for message in reversed(messages) if (text := message.content or "").strip()), "")
    first = user
    while first > 0 and messages[first - 1].role is MessageRole.USER:
        first -= 1
    return _joined(messages[first : user + 1]).strip()


def _joined(messages: Iterable[ChatMessage]) -> str:
    return "\n\n".join(text for message in messages if (text := message.content or "").strip())


def _media(messages: Iterable[ChatMessage]) -> set[Capability]:
    return {MEDIA[block.block_type] for block in _blocks(messages) if block.block_type in MEDIA}


def _blocks(messages: Iterable[ChatMessage]) -> Iterator[Any]:
    for message in messages:
        for block in message.blocks:
            yield block
            inner = getattr(block, "content", None)
            yield from inner if isinstance(inner, list) else ()


def _size(message: ChatMessage) -> int:
    calls = [block for block in message.blocks if isinstance(block, ToolCallBlock)]
    asked = sum(len(call.tool_name) + len(str(call.tool_kwargs)) for call in calls)
    return len(message.content or "") + asked


def _tool_size(tool: BaseTool) -> int:
    schema = tool.metadata.fn_schema_str if tool.metadata.fn_schema else ""
    return len(tool.metadata.description) + len(schema)


def _result_ids(results: Iterable[ChatMessage]) -> Iterator[str]:
    for result in results:
        name = result.additional_kwargs.get("tool_call_id")
        if isinstance(name, str) and name:
            yield name
