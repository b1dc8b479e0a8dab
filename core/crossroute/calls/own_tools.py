"""Tools that a provider runs itself: its own models alone know them."""

from __future__ import annotations

import re
from typing import Any

OPENAI_TOOLS = frozenset(
    {
        *("web_search", "web_search_preview", "file_search", "code_interpreter", "image_generation", "mcp"),
        *("computer_use_preview", "local_shell", "shell", "apply_patch", "tool_search", "custom"),
        *("computer", "namespace"),
    }
)
GOOGLE_TOOLS = frozenset(
    {
        *("google_search", "google_search_retrieval", "google_maps", "code_execution", "url_context"),
        *("computer_use", "file_search", "retrieval", "function_declarations"),
    }
)
"""Keys of Google's tools, which state no type."""

ANTHROPIC_TOOL = re.compile(r"_20\d{6}$|^mcp_toolset$")


def tool_provider(tool: Any) -> str | None:
    """Return whose own tool a dict describes; None for a tool that anybody may call.

    >>> tool_provider({"type": "web_search_20250305", "name": "web_search"}), tool_provider({"type": "mcp"})
    ('anthropic', 'openai')
    >>> tool_provider({"google_search": {}})  # of all providers whose names begin so
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
