"""A schema as it was given, to be answered by the member that is chosen, by its own means."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from langchain_core.language_models import BaseChatModel
from langchain_core.runnables import Runnable

from crossroute import Capability

NATIVE = frozenset({"json_schema", "json_mode"})
"""Methods that a model must support itself; all else is tool calling at heart."""


@dataclass(frozen=True, repr=False)
class SchemaBinding:
    """What `with_structured_output` was called with.

    Attributes:
        schema: As given.
        kwargs: As given: include_raw, method, strict, ...
    """

    schema: Any
    kwargs: dict[str, Any]

    def __call__(self, model: BaseChatModel) -> Runnable[Any, Any]:
        """Bind the schema to a member's chat model."""
        return model.with_structured_output(self.schema, **self.kwargs)

    @property
    def need(self) -> Capability:
        """What a member must be able to do."""
        return "structured_output" if self.kwargs.get("method") in NATIVE else "tools"

    @property
    def include_raw(self) -> bool:
        """Whether the caller asked for the message and the error beside what was parsed."""
        return bool(self.kwargs.get("include_raw"))

    @property
    def with_raw(self) -> SchemaBinding:
        """The same, with the message and the error."""
        return replace(self, kwargs={**self.kwargs, "include_raw": True})
