"""A conversation that changes provider: what one provider alone understands is taken out of its messages.

Text, media, tool calls and their results stay. All else goes: reasoning and its signatures, encrypted reasoning,
tools that a provider runs itself and what they found, cache marks, foreign ids. The messages of the caller are
never altered.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from langchain_core.messages import AIMessage, BaseMessage, ToolMessage
from langchain_core.tools import BaseTool

from langchain_crossroute.messages.reading import MEDIA
from langchain_crossroute.messages.stamp import KEY

TEXTS = {"text": "text", "output_text": "text", "text-plain": "text", "refusal": "refusal"}
"""Type of a block of text -> where it keeps the text."""

PRIVATE_KEYS = frozenset(
    {"cache_control", "signature", "thought_signature", "encrypted_content", "extras", "id", "index"}
)
"""What only its provider understands of a medium."""

REASONING_KWARG = re.compile("reasoning|thinking|signature|tool_calls|function_call_ids")
TOOL_CALL_ID = re.compile(r"[a-zA-Z0-9_-]{1,40}")


def for_provider(
    messages: Sequence[BaseMessage], provider: str, sources: Mapping[str, str], reader: str | None = None
) -> list[BaseMessage]:
    """Return the messages as a provider's model can read them.

    Args:
        messages: The conversation.
        provider: Of the model that reads it.
        sources: Candidate -> its provider, for messages that say which candidate wrote them.
        reader: The candidate that reads it: ids of its own tool calls stay as they are.
    """
    renamed = _tool_call_ids(messages, reader)
    return [
        _readable(message, provider, sources, ids) for message, ids in zip(messages, renamed, strict=True)
    ]


def tools_for_provider(tools: Sequence[Any], provider: str) -> list[Any]:
    """Return tools without the cache marks that only Anthropic's models understand."""
    return list(tools) if provider == "anthropic" else [_unmarked_tool(tool) for tool in tools]


def source_of(message: AIMessage, sources: Mapping[str, str]) -> str | None:
    """Return the provider whose format an answer is in, or None where nothing tells."""
    written = sources.get(_writer(message) or "")
    if written is not None:  # first: Bedrock's answers name another provider than its models do
        return written
    told = message.response_metadata.get("model_provider")
    if isinstance(told, str):
        return told
    kinds = {block.get("type") for block in _blocks(message)}
    if kinds & {"thinking", "redacted_thinking", "tool_use", "server_tool_use"}:
        return "anthropic"
    return "openai" if any("encrypted_content" in block for block in _blocks(message)) else None


def _readable(
    message: BaseMessage, provider: str, sources: Mapping[str, str], ids: Sequence[str] | None
) -> BaseMessage:
    if isinstance(message, AIMessage):
        source = source_of(message, sources)
        if source is not None and source != provider:
            message = _translated(message)
        if ids:
            calls = [{**call, "id": name} for call, name in zip(message.tool_calls, ids, strict=True)]
            message = message.model_copy(update={"tool_calls": calls})
    elif isinstance(message, ToolMessage) and ids:
        message = message.model_copy(update={"tool_call_id": ids[0]})
    return message if provider == "anthropic" else _unmarked(message)


def _translated(message: AIMessage) -> AIMessage:
    """Return an answer in no provider's format: text, or blocks where there is more than text."""
    content: Any = message.content
    if isinstance(content, list):
        blocks = [portable for block in content if (portable := _portable(block)) is not None]
        only_text = all(block["type"] == "text" for block in blocks)
        content = "".join(block["text"] for block in blocks) if only_text else blocks
    kwargs = {
        key: value for key, value in message.additional_kwargs.items() if not REASONING_KWARG.search(key)
    }
    return AIMessage(
        content=content,
        additional_kwargs=kwargs,
        tool_calls=message.tool_calls,
        invalid_tool_calls=message.invalid_tool_calls,
        name=message.name,
        usage_metadata=message.usage_metadata,
    )


def _unmarked(message: BaseMessage) -> BaseMessage:
    """Return a message without cache marks."""
    if not any("cache_control" in str(block) for block in _blocks(message)):
        return message
    return message.model_copy(update={"content": [_without_marks(block) for block in message.content]})


def _unmarked_tool(tool: Any) -> Any:
    if isinstance(tool, BaseTool) and tool.extras and "cache_control" in tool.extras:
        return tool.model_copy(update={"extras": _without_marks(tool.extras) or None})
    return _without_marks(tool) if isinstance(tool, dict) else tool


def _without_marks(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    kept = {key: part for key, part in value.items() if key != "cache_control"}
    for key in ("extras", "metadata"):
        if isinstance(kept.get(key), dict):
            kept[key] = _without_marks(kept[key])
    return kept


def _tool_call_ids(messages: Sequence[BaseMessage], reader: str | None) -> Iterator[list[str] | None]:
    """Yield for each message the ids of its tool calls, or of the one that it answers; None where they stay.

    A result whose id is empty answers the first call without an id that is not yet answered.
    """
    unanswered: list[str] = []
    own: set[str] = set()
    for place, message in enumerate(messages):
        if isinstance(message, AIMessage):
            old = [call["id"] or "" for call in message.tool_calls]
            if reader is not None and _writer(message) == reader:
                own.update(filter(None, old))
            new = [name if name in own else _readable_id(name, f"{place}-{i}") for i, name in enumerate(old)]
            unanswered.extend(made for made, given in zip(new, old, strict=True) if not given)
            yield None if new == old else new
        elif isinstance(message, ToolMessage):
            given = message.tool_call_id
            made = unanswered.pop(0) if unanswered and not given else _readable_id(given, "")
            yield None if given in own or made == given else [made]
        else:
            yield None


def _readable_id(name: str | None, place: str) -> str:
    if name and TOOL_CALL_ID.fullmatch(name):
        return name
    return f"call_{hashlib.sha256((name or place).encode()).hexdigest()[:24]}"


def _blocks(message: BaseMessage) -> list[dict[str, Any]]:
    content = message.content if isinstance(message.content, list) else []
    return [block for block in content if isinstance(block, dict)]


def _portable(block: Any) -> dict[str, Any] | None:
    """Return a block as any provider may read it; None where it is neither text nor a medium."""
    if isinstance(block, str):
        return {"type": "text", "text": block}
    kind = str(block.get("type"))
    if kind in TEXTS:
        return {"type": "text", "text": block.get(TEXTS[kind]) or ""}
    return {key: value for key, value in block.items() if key not in PRIVATE_KEYS} if kind in MEDIA else None


def _writer(message: AIMessage) -> str | None:
    """Return the candidate that wrote an answer, where the answer says so."""
    decision = message.response_metadata.get(KEY)
    return str(decision.get("candidate")) if isinstance(decision, dict) else None
