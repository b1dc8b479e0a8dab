"""Tools that a provider runs itself, and tool call ids that every provider takes."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from typing import Any

from crossroute.calls.dialects import DIALECTS, words
from crossroute.errors import UnableError

OPENAI_TOOLS = words(
    "web_search web_search_preview file_search code_interpreter image_generation mcp computer_use_preview "
    "local_shell shell apply_patch tool_search custom computer namespace"
)
GOOGLE_TOOLS = words(
    "google_search google_search_retrieval google_maps code_execution url_context computer_use file_search "
    "retrieval function_declarations"
)
"""Keys of Google's tools, which state no type."""

FAMILIES = tuple(dialect.name for dialect in DIALECTS)
"""Prefixes of providers' names that are known to run only their own tools."""

ANTHROPIC_TOOL = re.compile(r"_20\d{6}$|^mcp_toolset$")

READABLE = re.compile(r"[a-zA-Z0-9_-]{1,40}")
"""An id that every provider takes."""


def find_tool_provider(tool: Any) -> str | None:
    """Return the provider that runs a tool itself, by the tool's dict; None for a tool that any model may call.

    >>> find_tool_provider({"type": "web_search_20250305", "name": "web_search"}), find_tool_provider({"type": "mcp"})
    ('anthropic', 'openai')
    >>> find_tool_provider({"google_search": {}})  # of all providers whose names begin so
    'google'
    """
    kind = tool.get("type") if isinstance(tool, dict) else "function"
    if kind is None:
        return None if GOOGLE_TOOLS.isdisjoint(tool) else "google"
    if kind == "function" or not isinstance(kind, str):
        return None
    if ANTHROPIC_TOOL.search(kind) or (kind == "custom" and "input_schema" in tool):
        return "anthropic"
    return "openai" if kind in OPENAI_TOOLS or kind.startswith("web_search_preview") else None


def find_provider_tools(tools: Iterable[Any]) -> dict[str, str]:
    """Return the tools that providers run themselves: name -> provider.

    >>> find_provider_tools([{"type": "mcp"}, {"google_search": {}}, {"type": "function"}])
    {'mcp': 'openai', 'google_search': 'google'}
    """
    owners = ((tool, owner) for tool in tools if (owner := find_tool_provider(tool)) is not None)
    return {tool.get("type") or min(GOOGLE_TOOLS.intersection(tool)): owner for tool, owner in owners}


def find_unable_members(providers: Mapping[str, str], tools: Iterable[Any]) -> dict[str, str]:
    """Return the members that cannot take a call with tools that providers run themselves -> the reason.

    Args:
        providers: Member -> its provider.
        tools: That come with the call.

    >>> find_unable_members({"a": "openai", "b": "anthropic"}, [{"type": "mcp"}])
    {'b': "does not run 'mcp', a tool of openai's"}
    """
    owned = find_provider_tools(tools).items()
    return {
        name: f"does not run {tool!r}, a tool of {owner}'s"
        for name, provider in providers.items()
        for tool, owner in owned
        if not provider.startswith(owner)
    }


def check_provider_tools(tools: Iterable[Any], provider: str, member: str) -> None:
    """Refuse tools that another provider than the member's runs.

    Where the member was not chosen for the call's tools (the caller named it, or it shadows another), an integration
    would make functions of them that nothing runs, or fail with an error of its own.

    Args:
        tools: That come with the call.
        provider: The member's.
        member: Its name.

    Raises:
        UnableError: The member's provider does not know one of the tools.
    """
    for tool, owner in find_provider_tools(tools).items():
        if provider.startswith(FAMILIES) and not provider.startswith(owner):
            raise UnableError(member, tool)


def make_readable_id(name: str | None, place: str = "") -> str:
    """Return an id that every provider takes: as it is, or a digest of it; of its place, where it is empty.

    >>> make_readable_id("call_1"), make_readable_id("functions.look:0")
    ('call_1', 'call_ec0002042636dd8aa1e59e55')
    """
    if name and READABLE.fullmatch(name):
        return name
    return f"call_{hashlib.sha256((name or place).encode()).hexdigest()[:24]}"
