"""Tools that run within a call: their own requests to LLMs are no answers to it."""

from __future__ import annotations

import asyncio
import copy
from typing import Any

from llama_index.core.tools import AsyncBaseTool, BaseTool, ToolMetadata, ToolOutput
from typing_extensions import override

from llamaindex_crossroute.probe import unprobed


def apart(tool: BaseTool) -> AsyncBaseTool:
    """Return a copy of a tool whose own calls to LLMs the call's probe does not hear."""
    if not isinstance(tool, AsyncBaseTool):
        return _Apart(tool)
    quiet, call, acall = copy.copy(tool), tool.call, tool.acall

    def called(*args: Any, **kwargs: Any) -> ToolOutput:
        with unprobed():
            return call(*args, **kwargs)

    async def acalled(*args: Any, **kwargs: Any) -> ToolOutput:
        with unprobed():
            return await acall(*args, **kwargs)

    # on the object: of another class it would be no FunctionTool
    object.__setattr__(quiet, "call", called)
    object.__setattr__(quiet, "acall", acalled)
    return quiet


class _Apart(AsyncBaseTool):
    """A tool that has nothing but `__call__`."""

    def __init__(self, tool: BaseTool) -> None:
        self._tool = tool

    @property
    @override
    def metadata(self) -> ToolMetadata:
        return self._tool.metadata

    @override
    def call(self, *args: Any, **kwargs: Any) -> ToolOutput:
        with unprobed():
            return self._tool(*args, **kwargs)

    @override
    async def acall(self, *args: Any, **kwargs: Any) -> ToolOutput:
        return await asyncio.to_thread(self.call, *args, **kwargs)
