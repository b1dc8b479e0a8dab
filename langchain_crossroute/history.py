"""A conversation that changes provider: what one provider alone understands is taken out of its messages.

Reasoning and its signatures, encrypted reasoning, cache marks and foreign ids go; text, media, tool calls and
their results stay. The messages of the caller are never altered.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from langchain_core.messages import AIMessage, BaseMessage, ToolMessage
from langchain_core.tools import BaseTool

REASONING = frozenset({"thinking", "redacted_thinking", "reasoning", "reasoning_content"})
TOOL_CALLS = frozenset({"tool_use", "tool_call", "function_call", "input_json_delta"})
PRIVATE_KEYS = frozenset(
    {
        "cache_control",
        "signature",
        "thought_signature",
        "encrypted_content",
        "extras",
        "id",
        "index",
        "annotations",
    }
)
REASONING_KWARG = re.compile("reasoning|thinking|signature|tool_calls|function_call_ids")
TOOL_CALL_ID = re.compile(r"[a-zA-Z0-9_-]{1,40}")


def for_provider(
    messages: Sequence[BaseMessage], provider: str, sources: Mapping[str, str]
) -> list[BaseMessage]:
    """Return the messages as a provider's model can read them.

    Args:
        messages: The conversation.
        provider: Whose model reads it.
        sources: Candidate -> its provider, for messages that say which candidate wrote them.
    """
    renamed = _tool_call_ids(messages)
    return [
        _readable(message, provider, sources, ids) for message, ids in zip(messages, renamed, strict=True)
    ]


def tools_for_provider(tools: Sequence[Any], provider: str) -> list[Any]:
    """Return tools without the cache marks that only Anthropic's models understand."""
    return list(tools) if provider == "anthropic" else [_unmarked_tool(tool) for tool in tools]


def source_of(message: AIMessage, sources: Mapping[str, str]) -> str | None:
    """Return the provider whose format an answer is in, or None where nothing tells."""
    told = message.response_metadata.get("model_provider")
    if isinstance(told, str):
        return told
    decision = message.response_metadata.get("crossroute")
    candidate = str(decision.get("candidate")) if isinstance(decision, dict) else ""
    if candidate in sources:
        return sources[candidate]
    kinds = {block.get("type") for block in _blocks(message)}
    if kinds & {"thinking", "redacted_thinking", "tool_use"}:
        return "anthropic"
    return "openai" if any("encrypted_content" in block for block in _blocks(message)) else None


def _readable(
    message: BaseMessage, provider: str, sources: Mapping[str, str], ids: Mapping[str, str]
) -> BaseMessage:
    if isinstance(message, AIMessage):
        source = source_of(message, sources)
        if source is not None and source != provider:
            message = _translated(message)
        if ids:
            calls = [
                {**call, "id": name} for call, name in zip(message.tool_calls, ids.values(), strict=True)
            ]
            message = message.model_copy(update={"tool_calls": calls})
    elif isinstance(message, ToolMessage) and ids:
        message = message.model_copy(update={"tool_call_id": next(iter(ids.values()))})
    return message if provider == "anthropic" else _unmarked(message)


def _translated(message: AIMessage) -> AIMessage:
    """Return an answer in no provider's format: text, or blocks where there is more than text."""
    content: Any = message.content
    if isinstance(content, list):
        blocks = [_plain(block) for block in content if _kind(block) not in REASONING | TOOL_CALLS]
        texts = [block if isinstance(block, str) else block.get("text", "") for block in blocks]
        only_text = all(isinstance(block, str) or _kind(block) == "text" for block in blocks)
        content = "".join(texts) if only_text else blocks
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


def _tool_call_ids(messages: Sequence[BaseMessage]) -> Iterator[dict[str, str]]:
    """Yield for each message its tool-call ids that must be renamed, in order; none where all are readable.

    A result whose id is empty answers the first call without an id that is not yet answered.
    """
    unanswered: list[str] = []
    for place, message in enumerate(messages):
        if isinstance(message, AIMessage):
            ids = [call["id"] for call in message.tool_calls]
            named = {f"{i}": _readable_id(name, f"{place}-{i}") for i, name in enumerate(ids)}
            unanswered.extend(new for new, old in zip(named.values(), ids, strict=True) if not old)
            yield dict(named) if list(named.values()) != ids else {}
        elif isinstance(message, ToolMessage):
            old = message.tool_call_id
            new = _readable_id(old, "") if old or not unanswered else unanswered.pop(0)
            yield {} if new == old else {old: new}
        else:
            yield {}


def _readable_id(name: str | None, place: str) -> str:
    if name and TOOL_CALL_ID.fullmatch(name):
        return name
    return f"call_{hashlib.sha256((name or place).encode()).hexdigest()[:24]}"


def _blocks(message: BaseMessage) -> list[dict[str, Any]]:
    content = message.content if isinstance(message.content, list) else []
    return [block for block in content if isinstance(block, dict)]


def _kind(block: Any) -> str:
    return str(block.get("type")) if isinstance(block, dict) else "text"


def _plain(block: Any) -> Any:
    return (
        {key: value for key, value in block.items() if key not in PRIVATE_KEYS}
        if isinstance(block, dict)
        else block
    )
