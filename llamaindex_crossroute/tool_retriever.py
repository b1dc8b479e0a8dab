"""CrossRouteToolRetriever: the selector where LlamaIndex asks for a retriever of tools."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from llama_index.core.base.base_selector import MultiSelection
from llama_index.core.objects import ObjectRetriever
from llama_index.core.schema import QueryType
from llama_index.core.tools import BaseTool
from typing_extensions import override

from llamaindex_crossroute.selector import CrossRouteSelector

Tool = TypeVar("Tool", bound=BaseTool)


class CrossRouteToolRetriever(ObjectRetriever[Tool]):
    """Retrieve the tools whose models answer best for their cost, as the selector selects them.

    For ToolRetrieverRouterQueryEngine, which takes no selector.

    Args:
        tools: What may be retrieved; at most `selector.max_choices` of them are.
        selector: Chooses among them.

    Raises:
        ValueError: There are no tools.

    Examples:
        `pip install "crossroute[llamaindex]"`

        ```python
        from llama_index.core.query_engine import ToolRetrieverRouterQueryEngine
        from llamaindex_crossroute import CrossRouteSelector, CrossRouteToolRetriever

        selector = CrossRouteSelector("my-router", candidates={"quick": "gpt-5-mini", "deep": "gpt-5"})
        engine = ToolRetrieverRouterQueryEngine(CrossRouteToolRetriever([quick, deep], selector))
        ```
    """

    def __init__(self, tools: Sequence[Tool], selector: CrossRouteSelector) -> None:
        # the parent's parts (an index, postprocessors) have nothing to do: both its methods are ours
        if not tools:
            raise ValueError("Expected at least one tool, got none.")
        self.tools, self.selector = tuple(tools), selector

    @override
    def retrieve(self, str_or_query_bundle: QueryType) -> list[Tool]:
        return self._chosen(self.selector.select([tool.metadata for tool in self.tools], str_or_query_bundle))

    @override
    async def aretrieve(self, str_or_query_bundle: QueryType) -> list[Tool]:
        choices = [tool.metadata for tool in self.tools]
        return self._chosen(await self.selector.aselect(choices, str_or_query_bundle))

    def _chosen(self, selection: MultiSelection) -> list[Tool]:
        return [self.tools[index] for index in selection.inds]
