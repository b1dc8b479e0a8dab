"""Translate a conversation and a call's arguments for another provider's LLM."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from llama_index.core.base.llms.types import ChatMessage, TextBlock, ToolCallBlock

from crossroute.calls.arguments import translate_arguments
from crossroute.calls.dialects import ANTHROPIC, GOOGLE, Dialect
from crossroute.calls.tools import make_readable_id
from llamaindex_crossroute.messages.reading import ANSWER, find_tool_calls

GENERATION = frozenset(
    {
        *(
            "temperature",
            "top_p",
            "top_k",
            "seed",
            "presence_penalty",
            "frequency_penalty",
            "candidate_count",
        ),
        *(
            "max_output_tokens",
            "stop_sequences",
            "response_mime_type",
            "response_schema",
            "response_json_schema",
        ),
    }
)
"""Arguments that GoogleGenAI expects in `generation_config`."""


def translate_for_class(given: Mapping[str, Any], dialect: Dialect | None, member: str) -> dict[str, Any]:
    """Return a call's arguments for LlamaIndex's class of a provider; raises the errors of `translate_arguments`."""
    said = translate_arguments(given, dialect, member)
    if dialect in (ANTHROPIC, GOOGLE) and "stop" in said:
        stop = said.pop("stop")
        said.setdefault("stop_sequences", [stop] if isinstance(stop, str) else stop)
    if dialect is GOOGLE and GENERATION & said.keys():
        config = {name: said.pop(name) for name in GENERATION & said.keys()}
        said["generation_config"] = {**said.get("generation_config", {}), **config}
    return said


def make_readable(messages: Sequence[ChatMessage], *, is_anthropics: bool) -> list[ChatMessage]:
    """Return messages with tool call ids that every provider accepts; for Anthropic, without empty answers."""
    return [_make_ids_readable(message) for message in messages if not (is_anthropics and _is_empty(message))]


def _is_empty(message: ChatMessage) -> bool:
    texts = [block.text for block in message.blocks if isinstance(block, TextBlock)]
    spoken_only = len(texts) == len(message.blocks)
    return (
        message.role in ANSWER and spoken_only and not find_tool_calls(message) and not "".join(texts).strip()
    )


def _make_ids_readable(message: ChatMessage) -> ChatMessage:
    """Return a message with valid ids of its tool calls, or of the tool call that it answers."""
    answered = message.additional_kwargs.get("tool_call_id")
    blocks = list(_rename_blocks(message))
    kwargs = message.additional_kwargs
    if isinstance(answered, str) and answered != make_readable_id(answered):
        kwargs = {**kwargs, "tool_call_id": make_readable_id(answered)}
    if blocks == message.blocks and kwargs is message.additional_kwargs:
        return message
    if blocks != message.blocks:  # the tool calls outside of the blocks have the old ids
        kwargs = {name: value for name, value in kwargs.items() if name != "tool_calls"}
    return message.model_copy(update={"blocks": blocks, "additional_kwargs": kwargs})


def _rename_blocks(message: ChatMessage) -> Iterator[Any]:
    for block in message.blocks:
        name = block.tool_call_id if isinstance(block, ToolCallBlock) else None
        renames = name is not None and name != make_readable_id(name)
        yield block.model_copy(update={"tool_call_id": make_readable_id(name)}) if renames else block
