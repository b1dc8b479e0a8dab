"""Check an answer's tool calls: the tool was offered, and the arguments fit its schema."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from llama_index.core.base.llms.types import ChatMessage, ChatResponse, ToolCallBlock
from llama_index.core.llms.llm import ToolSelection
from llama_index.core.tools import BaseTool
from pydantic import ValidationError

from llamaindex_crossroute.messages.reading import find_tool_calls


def asks_for_tools(message: ChatMessage) -> bool:
    """Return whether a message contains tool calls."""
    return bool(find_tool_calls(message))


def find_tool_flaw(response: ChatResponse, llm: Any, tools: Sequence[BaseTool]) -> str | None:
    """Return the fault in the tool calls of a response, or None.

    Args:
        response: The response.
        llm: The member that answered, which parses its own tool calls.
        tools: The call's tools.
    """
    if not asks_for_tools(response.message):
        return None
    for block in _list_blocks(response.message):
        if isinstance(block.tool_kwargs, str) and not _is_json(block.tool_kwargs):
            return f"{block.tool_name}: the arguments are not JSON"
    try:
        calls = llm.get_tool_calls_from_response(response, error_on_no_tool_call=False)
    except (ValueError, TypeError, LookupError, AttributeError) as error:
        return f"tool calls cannot be read: {type(error).__name__}"
    offered = {tool.metadata.get_name(): tool for tool in tools}
    return next(filter(None, (_find_flaw(call, offered) for call in calls)), None)


def describe_misfit(error: Exception) -> str:
    """Return a validation error in one line, without content of the answer."""
    if not isinstance(error, ValidationError):
        return type(error).__name__
    first = error.errors(include_input=False, include_url=False, include_context=False)[0]
    return f"{'.'.join(map(str, first['loc']))}: {first['type']}"


def _find_flaw(call: ToolSelection, offered: Mapping[str, BaseTool]) -> str | None:
    tool = offered.get(call.tool_name)
    if tool is None:
        return "a tool that was not offered"
    if tool.metadata.fn_schema is None:
        return None
    try:
        tool.metadata.fn_schema.model_validate(call.tool_kwargs)
    except ValidationError as error:
        return f"{call.tool_name}: {describe_misfit(error)}"
    return None


def _list_blocks(message: ChatMessage) -> list[ToolCallBlock]:
    return [block for block in message.blocks if isinstance(block, ToolCallBlock)]


def _is_json(text: str) -> bool:
    try:
        return text.strip() == "" or isinstance(json.loads(text), dict)
    except ValueError:
        return False
