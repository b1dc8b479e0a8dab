"""Translate a conversation for another provider: remove what only one provider understands.

Text, media, tool calls and their results stay. All else goes: reasoning and its signatures, encrypted reasoning,
tools that a provider runs itself and what they found, cache marks, foreign ids. The messages of the caller are
never altered.
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
"""Type of a block of text -> where it keeps the text."""

PRIVATE_KEYS = frozenset(
    {"cache_control", "signature", "thought_signature", "encrypted_content", "extras", "id", "index"}
)
"""What only its provider understands of a medium."""

CACHED = {"type": "ephemeral", "ttl": "5m"}
"""How Anthropic is told to cache a prompt up to a mark."""

REASONING_KWARG = re.compile("reasoning|thinking|signature|tool_calls|function_call_ids")


NAME = re.compile(r"[\s<|\\/>]+")
"""What OpenAI takes in no name of a speaker."""


def translate_messages(
    messages: Sequence[BaseMessage],
    provider: str,
    sources: Mapping[str, str],
    reader: str | None = None,
    *,
    reasons: bool = True,
) -> list[BaseMessage]:
    """Return the messages as a provider's model can read them.

    Args:
        messages: The conversation.
        provider: Of the model that reads it.
        sources: Candidate -> its provider, for messages that say which candidate wrote them.
        reader: The candidate that reads it: ids of its own tool calls stay as they are.
        reasons: Whether it reasons: OpenAI's that do not take no reasoning of others.
    """
    renamed = list(_tool_call_ids(messages, reader))
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
    """Return tools without the cache marks that only Anthropic's models understand."""
    return list(tools) if provider == "anthropic" else [_unmark_tool(tool) for tool in tools]


def mark_for_cache(messages: list[BaseMessage]) -> list[BaseMessage]:
    """Return a conversation whose system prompt Anthropic caches, with the tools before it; unless one has a mark."""
    system = messages[0] if messages else None
    if system is None or system.type != "system" or not system.content:
        return messages
    if any("cache_control" in str(block) for message in messages for block in _blocks(message)):
        return messages
    *others, last = system.content if isinstance(system.content, list) else [system.content]
    last = {"type": "text", "text": last} if isinstance(last, str) else last
    marked = system.model_copy(update={"content": [*others, {**last, "cache_control": CACHED}]})
    return [marked, *messages[1:]]


def find_source(message: AIMessage, sources: Mapping[str, str]) -> str | None:
    """Return the provider whose format an answer is in, or None where nothing tells."""
    written = sources.get(_find_writer(message) or "")
    if written is not None:  # first: Bedrock's answers name another provider than its models do
        return written
    told = message.response_metadata.get("model_provider")
    if isinstance(told, str):
        return told
    kinds = {block.get("type") for block in _blocks(message)}
    if kinds & {"thinking", "redacted_thinking", "tool_use", "server_tool_use"}:
        return "anthropic"
    return "openai" if any("encrypted_content" in block for block in _blocks(message)) else None


def _is_foreign(message: AIMessage, reader: str | None, reasons: bool) -> bool:
    """Return whether an answer holds reasoning of another model that its reader may not be shown."""
    writer = _find_writer(message)
    return not reasons and writer is not None and writer != reader


def _is_empty(message: BaseMessage) -> bool:
    """Return whether an answer says nothing at all, which Anthropic's API refuses."""
    if not isinstance(message, AIMessage) or message.tool_calls:
        return False
    blocks = message.content if isinstance(message.content, list) else [message.content]
    texts = [block if isinstance(block, str) else block.get("text") for block in blocks]
    return all(text is not None and not text.strip() for text in texts)


def _to_plain(message: BaseMessage) -> BaseMessage:
    """Return a message as OpenAI's API takes it: documents and search results of Anthropic's as text, a plain name."""
    if message.name and NAME.search(message.name):
        message = message.model_copy(update={"name": NAME.sub("_", message.name)})
    if not any(block.get("type") in {"document", "search_result"} for block in _blocks(message)):
        return message
    content = [part for block in message.content for part in (_to_text(block) or (block,))]
    return message.model_copy(update={"content": content})


def _to_text(block: Any) -> list[dict[str, Any]]:
    """Return the text of a document or a search result; nothing where a block is neither, or holds no text."""
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
    """Return messages with media where OpenAI's API takes them: those of tool results in a message behind these."""
    placed: list[BaseMessage] = []
    held: list[Any] = []
    for message in messages:
        if held and not isinstance(message, ToolMessage):
            placed.append(HumanMessage(held))
            held = []
        media = [block for block in _blocks(message) if block.get("type") in MEDIA]
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
    """Return an answer in no provider's format: text, or blocks where there is more than text."""
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
    if not any("cache_control" in str(block) for block in _blocks(message)):
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


def _tool_call_ids(messages: Sequence[BaseMessage], reader: str | None) -> Iterator[list[str] | None]:
    """Yield for each message the ids of its tool calls, or of the one that it answers; None where they stay.

    A result whose id is empty answers the first call without an id that is not yet answered.
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


def _blocks(message: BaseMessage) -> list[dict[str, Any]]:
    content = message.content if isinstance(message.content, list) else []
    return [block for block in content if isinstance(block, dict)]


def _to_portable(block: Any) -> dict[str, Any] | None:
    """Return a block as any provider may read it; None where it is neither text nor a medium."""
    if isinstance(block, str):
        return {"type": "text", "text": block}
    kind = str(block.get("type"))
    if kind in TEXTS:
        return {"type": "text", "text": block.get(TEXTS[kind]) or ""}
    return {key: value for key, value in block.items() if key not in PRIVATE_KEYS} if kind in MEDIA else None


def _find_writer(message: AIMessage) -> str | None:
    """Return the candidate that wrote an answer, where the answer says so."""
    decision = message.response_metadata.get(KEY)
    return str(decision.get("candidate")) if isinstance(decision, dict) else None
