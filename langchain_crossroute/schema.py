"""A schema as it was given, to be answered by the member that is chosen, by its own means."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from langchain_core.language_models import BaseChatModel
from langchain_core.runnables import Runnable, RunnableParallel, RunnableSequence, RunnableWithFallbacks
from langchain_core.runnables.base import RunnableBindingBase

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


def with_keywords(chain: Runnable[Any, Any], keywords: dict[str, Any]) -> Runnable[Any, Any]:
    """Return what became of a member that was given a schema, with the keywords of a call bound to its model.

    Given to the chain, they would be lost where it keeps the message beside what was parsed: a
    `RunnableParallel` hands no keywords on.
    """
    if isinstance(chain, RunnableParallel):
        steps = {name: with_keywords(step, keywords) for name, step in chain.steps__.items()}
        return chain.model_copy(update={"steps__": steps})
    if isinstance(chain, RunnableSequence):
        return chain.model_copy(update={"first": with_keywords(chain.first, keywords)})
    if isinstance(chain, RunnableWithFallbacks):
        first, *others = (with_keywords(one, keywords) for one in chain.runnables)
        return chain.model_copy(update={"runnable": first, "fallbacks": others})
    if isinstance(chain, RunnableBindingBase) and not isinstance(chain.bound, BaseChatModel):
        bound = with_keywords(chain.bound, {**chain.kwargs, **keywords})
        return chain.model_copy(update={"bound": bound, "kwargs": {}})
    return chain.bind(**keywords)
