"""Translate a conversation for another provider, without content that only one provider understands.

Text, media, tool calls and their results are kept. Everything else is removed: reasoning and its signatures,
encrypted reasoning, tools run by a provider and their results, cache marks and foreign ids. The caller's messages are
not modified.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, ToolMessage
from langchain_core.tools import BaseTool

from crossroute.calls.tools import make_readable_id
from langchain_crossroute.messages.reading import MEDIA
from langchain_crossroute.messages.reply import KEY

TEXTS = {"text": "text", "output_text": "text", "text-plain": "text", "refusal": "refusal"}
"""Type of a text block -> the key of its text."""

PRIVATE_KEYS = frozenset(
    {"cache_control", "signature", "thought_signature", "encrypted_content", "extras", "id", "index"}
)
"""Fields of media that only their own provider accepts."""

CACHED = {"type": "ephemeral", "ttl": "5m"}
"""Mark in a prompt up to which Anthropic caches it."""

REASONING_KWARG = re.compile("reasoning|thinking|signature|tool_calls|function_call_ids")


NAME = re.compile(r"[\s<|\\/>]+")
"""Characters that OpenAI rejects in the name of a message's author."""


def translate_messages(
    messages: Sequence[BaseMessage],
    provider: str,
    sources: Mapping[str, str],
    reader: str | None = None,
    *,
    reasons: bool = True,
) -> list[BaseMessage]:
    """Return the messages in a form that a provider's model can read.

    Args:
        messages: The conversation.
        provider: Provider of the reading model.
        sources: Candidate -> its provider, for messages that name their candidate.
        reader: The reading candidate; ids of its own tool calls are kept.
        reasons: Whether the reading model reasons; OpenAI's other models reject reasoning of other models.
    """
    renamed = list(_list_tool_call_ids(messages, reader))
    messages = [
        _translate_answer(message)
        if isinstance(message, AIMessage) and _is_foreign(message, reader, reasons)
        else message
        for message in messages
    ]
    readable = [
        _make_readable(message, provider, sources, ids)
        for message, ids in zip(messages, renamed, strict=True)
    ]
    if provider == "anthropic":
        return [message for message in readable if not _is_empty(message)]
    return _move_media(map(_to_plain, readable)) if provider == "openai" else readable


def translate_tools(tools: Sequence[Any], provider: str) -> list[Any]:
    """Return tools without the cache marks that only Anthropic accepts."""
    return list(tools) if provider == "anthropic" else [_unmark_tool(tool) for tool in tools]


def mark_for_cache(messages: list[BaseMessage]) -> list[BaseMessage]:
    """Mark the system prompt, and so the tools before it, for Anthropic's cache, unless the messages have a mark."""
    system = messages[0] if messages else None
    if system is None or system.type != "system" or not system.content:
        return messages
    if any("cache_control" in str(block) for message in messages for block in _list_blocks(message)):
        return messages
    *others, last = system.content if isinstance(system.content, list) else [system.content]
    last = {"type": "text", "text": last} if isinstance(last, str) else last
    marked = system.model_copy(update={"content": [*others, {**last, "cache_control": CACHED}]})
    return [marked, *messages[1:]]


def find_source(message: AIMessage, sources: Mapping[str, str]) -> str | None:
    """Return the provider of an answer's format, or None if unknown."""
    written = sources.get(_find_writer(message) or "")
    if written is not None:  # first, since Bedrock's answers name another provider than its models
        return written
    told = message.response_metadata.get("model_provider")
    if isinstance(told, str):
        return told
    kinds = {block.get("type") for block in _list_blocks(message)}
    if kinds & {"thinking", "redacted_thinking", "tool_use", "server_tool_use"}:
        return "anthropic"
    return "openai" if any("encrypted_content" in block for block in _list_blocks(message)) else None


def _is_foreign(message: AIMessage, reader: str | None, reasons: bool) -> bool:
    """Return whether an answer contains another model's reasoning that the reader must not get."""
    writer = _find_writer(message)
    return not reasons and writer is not None and writer != reader


def _is_empty(message: BaseMessage) -> bool:
    """Return whether an answer is empty, which Anthropic's API rejects."""
    if not isinstance(message, AIMessage) or message.tool_calls:
        return False
    blocks = message.content if isinstance(message.content, list) else [message.content]
    texts = [block if isinstance(block, str) else block.get("text") for block in blocks]
    return all(text is not None and not text.strip() for text in texts)


def _to_plain(message: BaseMessage) -> BaseMessage:
    """Convert a message for OpenAI's API: Anthropic's documents and search results to text, and the name."""
    if message.name and NAME.search(message.name):
        message = message.model_copy(update={"name": NAME.sub("_", message.name)})
    if not any(block.get("type") in {"document", "search_result"} for block in _list_blocks(message)):
        return message
    content = [part for block in message.content for part in (_to_text(block) or (block,))]
    return message.model_copy(update={"content": content})


def _to_text(block: Any) -> list[dict[str, Any]]:
    """Return the text of a document or a search result; empty for any other block."""
    if not isinstance(block, dict) or block.get("type") not in {"document", "search_result"}:
        return []
    source = block.get("source")
    kind = source.get("type") if isinstance(source, dict) else None
    if kind == "text":
        return [{"type": "text", "text": str(source["data"])}]  # type: ignore[index]
    if kind == "base64":
        data = f"data:{source['media_type']};base64,{source['data']}"  # type: ignore[index]
        return [
            {"type": "file", "file": {"filename": block.get("title") or "document.pdf", "file_data": data}}
        ]
    parts = source.get("content") if isinstance(source, dict) else block.get("content")
    return [
        {"type": "text", "text": part["text"]}
        for part in parts or ()
        if isinstance(part, dict) and "text" in part
    ]


def _move_media(messages: Iterable[BaseMessage]) -> list[BaseMessage]:
    """Move media from tool results to a message after them, as OpenAI's API requires."""
    placed: list[BaseMessage] = []
    held: list[Any] = []
    for message in messages:
        if held and not isinstance(message, ToolMessage):
            placed.append(HumanMessage(held))
            held = []
        media = [block for block in _list_blocks(message) if block.get("type") in MEDIA]
        if isinstance(message, ToolMessage) and media:
            rest: list[Any] = [block for block in message.content if block not in media]
            held += [{"type": "text", "text": f"Returned by tool call {message.tool_call_id}:"}, *media]
            placed.append(message.model_copy(update={"content": rest or "See the next message."}))
        else:
            placed.append(message)
    return [*placed, HumanMessage(held)] if held else placed


def _make_readable(
    message: BaseMessage, provider: str, sources: Mapping[str, str], ids: Sequence[str] | None
) -> BaseMessage:
    if isinstance(message, AIMessage):
        source = find_source(message, sources)
        if source is not None and source != provider:
            message = _translate_answer(message)
        if ids:
            calls = [{**call, "id": name} for call, name in zip(message.tool_calls, ids, strict=True)]
            message = message.model_copy(update={"tool_calls": calls})
    elif isinstance(message, ToolMessage) and ids:
        message = message.model_copy(update={"tool_call_id": ids[0]})
    return message if provider == "anthropic" else _unmark_message(message)


def _translate_answer(message: AIMessage) -> AIMessage:
    """Convert an answer to a neutral format: text, or blocks if there is more than text."""
    content: Any = message.content
    if isinstance(content, list):
        blocks = [portable for block in content if (portable := _to_portable(block)) is not None]
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


def _unmark_message(message: BaseMessage) -> BaseMessage:
    """Return a message without cache marks."""
    if not any("cache_control" in str(block) for block in _list_blocks(message)):
        return message
    return message.model_copy(update={"content": [_remove_marks(block) for block in message.content]})


def _unmark_tool(tool: Any) -> Any:
    if isinstance(tool, BaseTool) and tool.extras and "cache_control" in tool.extras:
        return tool.model_copy(update={"extras": _remove_marks(tool.extras) or None})
    return _remove_marks(tool) if isinstance(tool, dict) else tool


def _remove_marks(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    kept = {key: part for key, part in value.items() if key != "cache_control"}
    for key in ("extras", "metadata"):
        if isinstance(kept.get(key), dict):
            kept[key] = _remove_marks(kept[key])
    return kept


def _list_tool_call_ids(messages: Sequence[BaseMessage], reader: str | None) -> Iterator[list[str] | None]:
    """Yield for each message the new ids of its tool calls, or of the one that it answers; None if unchanged.

    A result with an empty id answers the first unanswered call without an id.
    """
    unanswered: list[str] = []
    own: set[str] = set()
    for place, message in enumerate(messages):
        if isinstance(message, AIMessage):
            old = [call["id"] or "" for call in message.tool_calls]
            if reader is not None and _find_writer(message) == reader:
                own.update(filter(None, old))
            new = [
                name if name in own else make_readable_id(name, f"{place}-{i}") for i, name in enumerate(old)
            ]
            unanswered.extend(made for made, given in zip(new, old, strict=True) if not given)
            yield None if new == old else new
        elif isinstance(message, ToolMessage):
            given = message.tool_call_id
            made = unanswered.pop(0) if unanswered and not given else make_readable_id(given, "")
            yield None if given in own or made == given else [made]
        else:
            yield None


def _list_blocks(message: BaseMessage) -> list[dict[str, Any]]:
    content = message.content if isinstance(message.content, list) else []
    return [block for block in content if isinstance(block, dict)]


def _to_portable(block: Any) -> dict[str, Any] | None:
    """Return a block in a form for any provider; None if it is neither text nor media."""
    if isinstance(block, str):
        return {"type": "text", "text": block}
    kind = str(block.get("type"))
    if kind in TEXTS:
        return {"type": "text", "text": block.get(TEXTS[kind]) or ""}
    return {key: value for key, value in block.items() if key not in PRIVATE_KEYS} if kind in MEDIA else None


def _find_writer(message: AIMessage) -> str | None:
    """Return the candidate that an answer names as its author, or None."""
    decision = message.response_metadata.get(KEY)
    return str(decision.get("candidate")) if isinstance(decision, dict) else None
