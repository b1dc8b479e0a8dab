"""Structured output, by the chosen member's own means."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

from langchain_core.language_models import LanguageModelInput
from langchain_core.runnables import Runnable, RunnableConfig

from langchain_crossroute.bindings import SchemaBinding
from langchain_crossroute.call import Call


class StructuredOutput(Runnable[LanguageModelInput, Any]):
    """What `ChatCrossRoute.with_structured_output` returns.

    Args:
        call: The router's: (input, config, keywords, change, needs) -> the call.
        schema: As given.
        kwargs: As given: include_raw, method, strict, ...
    """

    def __init__(self, call: Callable[..., Call], schema: Any, kwargs: dict[str, Any]) -> None:
        self._call, self._binding = call, SchemaBinding(schema, kwargs)
        self.name = "CrossRouteStructuredOutput"

    def invoke(self, input: LanguageModelInput, config: RunnableConfig | None = None, **kwargs: Any) -> Any:
        """Return the chosen member's structured output."""
        return self._bound(input, config, kwargs).answer()

    async def ainvoke(
        self, input: LanguageModelInput, config: RunnableConfig | None = None, **kwargs: Any
    ) -> Any:
        """Return the chosen member's structured output."""
        return await self._bound(input, config, kwargs).aanswer()

    def stream(
        self,
        input: LanguageModelInput,
        config: RunnableConfig | None = None,
        **kwargs: Any,
    ) -> Iterator[Any]:
        """Yield the chosen member's structured output."""
        return self._bound(input, config, kwargs).stream()

    def astream(
        self,
        input: LanguageModelInput,
        config: RunnableConfig | None = None,
        **kwargs: Any,
    ) -> AsyncIterator[Any]:
        """Yield the chosen member's structured output."""
        return self._bound(input, config, kwargs).astream()

    def _bound(
        self, given: LanguageModelInput, config: RunnableConfig | None, kwargs: dict[str, Any]
    ) -> Call:
        return self._call(given, config, kwargs, self._binding, {self._binding.need})
