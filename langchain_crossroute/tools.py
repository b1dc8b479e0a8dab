"""Tools as they were given, to be bound by the member that is chosen, in its own way."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from langchain_core.language_models import BaseChatModel
from langchain_core.runnables import Runnable
from langchain_core.utils.function_calling import convert_to_openai_tool

from crossroute import Capability
from langchain_crossroute.history import tools_for_provider
from langchain_crossroute.member import provider_of
from langchain_crossroute.reading import is_named

BINDING = "crossroute_tools"
"""The keyword under which `bind_tools` hands a ToolBinding to the call."""


@dataclass(frozen=True, repr=False)
class ToolBinding:
    """What `bind_tools` was called with.

    Attributes:
        tools: As given.
        kwargs: As given: tool_choice, parallel_tool_calls, strict, response_format, ...
    """

    tools: tuple[Any, ...]
    kwargs: dict[str, Any]

    def __call__(self, model: BaseChatModel) -> Runnable[Any, Any]:
        """Bind the tools to a member's chat model."""
        return model.bind_tools(tools_for_provider(self.tools, provider_of(model)), **self.kwargs)

    @property
    def described(self) -> list[dict[str, Any]]:
        """The tools as dicts, for those who look what a binding binds; a provider's own as given."""
        return [
            tool
            if isinstance(tool, dict) and ("type" in tool or not is_named(tool))
            else convert_to_openai_tool(tool)
            for tool in self.tools
        ]


def tools_of(kwargs: dict[str, Any]) -> tuple[ToolBinding | None, Sequence[Any], set[Capability]]:
    """Take a binding out of a call's keywords; return it, the call's tools, and what else these need."""
    binding = kwargs.pop(BINDING, None)
    if binding is not None:
        kwargs.pop("tools", None)  # its description
    tools = binding.tools if binding is not None else kwargs.get("tools") or kwargs.get("functions") or ()
    asked = {**kwargs, **(binding.kwargs if binding is not None else {})}
    return binding, tools, {"structured_output"} if asked.get("response_format") else set()
