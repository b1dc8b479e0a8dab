"""Bindings of tools, a schema or log-probabilities, applied to the chat model that is chosen; structured output."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from langchain_core.language_models import BaseChatModel, LanguageModelInput
from langchain_core.runnables import (
    Runnable,
    RunnableConfig,
    RunnableParallel,
    RunnableSequence,
    RunnableWithFallbacks,
)
from langchain_core.runnables.base import RunnableBindingBase
from langchain_core.utils.function_calling import convert_to_openai_tool

from crossroute import Capability
from crossroute.calls.arguments import check_tools, translate_arguments
from crossroute.calls.dialects import ANTHROPIC, OLLAMA, OPENAI, dialect_of
from crossroute.calls.tools import find_tool_provider
from langchain_crossroute.members import FIELDS_ALONE, Member, find_provider
from langchain_crossroute.messages.reading import is_named
from langchain_crossroute.messages.translation import translate_tools
from langchain_crossroute.wrapping import Change, copy_model

if TYPE_CHECKING:
    from langchain.agents.middleware import ModelRequest

    from langchain_crossroute.call import Call

BINDING = "crossroute_tools"
"""The keyword with which `bind_tools` passes a ToolBinding to the call."""

NATIVE = frozenset({"json_schema", "json_mode"})
"""Methods that a model must support itself; the others use tool calling."""

WITH_BODY = (ANTHROPIC, OPENAI)
"""Dialects of clients that take further parts of a request's body."""

LOGPROBS = "logprobs"
"""A field of OpenAI-compatible chat models, and a keyword of their API."""


@dataclass(frozen=True, repr=False)
class ToolBinding:
    """The arguments of `bind_tools`, which are applied to the chosen member.

    Attributes:
        tools: The tools, unchanged.
        kwargs: The keywords, unchanged: tool_choice, parallel_tool_calls, strict, response_format, ...
        member: The member for which `kwargs` are translated; None passes them on unchanged.
    """

    tools: tuple[Any, ...]
    kwargs: dict[str, Any]
    member: str | None = None

    def __call__(self, model: BaseChatModel) -> Runnable[Any, Any]:
        """Bind the tools to a member's chat model."""
        kwargs = self.kwargs
        if self.member is not None:
            names, dialect = tool_names(self.tools), dialect_of(model)
            check_tools(names, dialect, self.member)
            kwargs = translate_arguments(kwargs, dialect, self.member, names)
        return model.bind_tools(translate_tools(self.tools, find_provider(model)), **kwargs)

    @property
    def arguments(self) -> dict[str, Any]:
        """The arguments of a member's call besides the tools."""
        return self.kwargs

    @property
    def described(self) -> list[dict[str, Any]]:
        """The tools as dicts, for code that inspects a binding; a provider's own tools as given."""
        return [
            tool
            if isinstance(tool, dict) and ("type" in tool or not is_named(tool))
            else convert_to_openai_tool(tool)
            for tool in self.tools
        ]


def tool_names(tools: Sequence[Any]) -> list[str]:
    """Return the names for choosing a tool."""
    named = (tool for tool in tools if is_named(tool))
    return [
        str(convert_to_openai_tool(tool)["function"]["name"])
        for tool in named
        if not find_tool_provider(tool)
    ]


def prepare_arguments(
    member: Member,
    kwargs: Mapping[str, Any],
    stated: Mapping[str, Any],
    tools: Sequence[Any],
    *,
    as_given: bool,
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return a call's arguments for a member: keywords, and values for fields of its chat model.

    Args:
        member: The member.
        kwargs: The call's keywords.
        stated: The pool's settings for all calls.
        tools: The tools that come with the call.
        as_given: Whether to pass the keywords on without translation.
    """
    said = {**member.find_keywords(stated), **kwargs}
    if not as_given:
        said = translate_arguments(said, member.dialect, member.name, tool_names(tools) if said else ())
    fields = dict(stated)
    if member.dialect is OLLAMA:  # reads sampling settings only from its fields
        fields |= {name: said.pop(name) for name in FIELDS_ALONE & said.keys()}
    if "metadata" in said and member.dialect in WITH_BODY:
        # `metadata` is an argument of LangChain's `invoke`
        said["extra_body"] = {**(said.get("extra_body") or {}), "metadata": said.pop("metadata")}
    return said, fields


def take_tools(kwargs: dict[str, Any]) -> tuple[ToolBinding | None, Sequence[Any], set[Capability]]:
    """Remove a binding from a call's keywords; return it, the call's tools, and the capabilities they need."""
    binding = kwargs.pop(BINDING, None)
    if binding is not None:
        kwargs.pop("tools", None)  # its description
    tools = binding.tools if binding is not None else kwargs.get("tools") or kwargs.get("functions") or ()
    asked = {**kwargs, **(binding.kwargs if binding is not None else {})}
    return binding, tools, {"structured_output"} if asked.get("response_format") else set()


def list_arguments(request: ModelRequest[Any]) -> dict[str, Any]:
    """Return the arguments of an agent's request to a model, as a call's keywords."""
    form = request.response_format
    return {"response_format": getattr(form, "schema", form), **request.model_settings}


@dataclass(frozen=True, repr=False)
class SchemaBinding:
    """The arguments of `with_structured_output`, applied to the member that is chosen.

    Attributes:
        schema: The schema, unchanged.
        kwargs: The keywords, unchanged: include_raw, method, strict, ...
    """

    schema: Any
    kwargs: dict[str, Any]

    def __call__(self, model: BaseChatModel) -> Runnable[Any, Any]:
        """Bind the schema to a member's chat model."""
        return model.with_structured_output(self.schema, **self.kwargs)

    @property
    def arguments(self) -> dict[str, Any]:
        """The arguments of a member's call that it stands for."""
        return {"response_format": self.schema}

    @property
    def need(self) -> Capability:
        """The capability that a member needs."""
        return "structured_output" if self.kwargs.get("method") in NATIVE else "tools"

    @property
    def include_raw(self) -> bool:
        """Whether the caller wants the message and the error in addition to the parsed object."""
        return bool(self.kwargs.get("include_raw"))

    @property
    def with_raw(self) -> SchemaBinding:
        """The same binding with `include_raw`."""
        return replace(self, kwargs={**self.kwargs, "include_raw": True})


class StructuredOutput(Runnable[LanguageModelInput, Any]):
    """The result of `ChatCrossRoute.with_structured_output`.

    Args:
        call: Builds a call of the pool from (input, config, keywords, change, needs).
        schema: The schema, unchanged.
        kwargs: The keywords, unchanged: include_raw, method, strict, ...
    """

    def __init__(self, call: Callable[..., Call], schema: Any, kwargs: dict[str, Any]) -> None:
        self._call, self._binding = call, SchemaBinding(schema, kwargs)
        self.name = "CrossRouteStructuredOutput"

    def invoke(self, input: LanguageModelInput, config: RunnableConfig | None = None, **kwargs: Any) -> Any:
        """Return the chosen member's structured output."""
        return self._build_call(input, config, kwargs).answer()

    async def ainvoke(
        self, input: LanguageModelInput, config: RunnableConfig | None = None, **kwargs: Any
    ) -> Any:
        """Return the chosen member's structured output."""
        return await self._build_call(input, config, kwargs).aanswer()

    def stream(
        self,
        input: LanguageModelInput,
        config: RunnableConfig | None = None,
        **kwargs: Any,
    ) -> Iterator[Any]:
        """Yield the chosen member's structured output."""
        return self._build_call(input, config, kwargs).stream()

    def astream(
        self,
        input: LanguageModelInput,
        config: RunnableConfig | None = None,
        **kwargs: Any,
    ) -> AsyncIterator[Any]:
        """Yield the chosen member's structured output."""
        return self._build_call(input, config, kwargs).astream()

    def _build_call(
        self, given: LanguageModelInput, config: RunnableConfig | None, kwargs: dict[str, Any]
    ) -> Call:
        return self._call(given, config, kwargs, self._binding, {self._binding.need})


def bind_keywords(chain: Runnable[Any, Any], keywords: dict[str, Any]) -> Runnable[Any, Any]:
    """Return a member's chain for structured output with the keywords of a call bound to its model.

    With `include_raw`, keywords for the chain itself would be lost, since a `RunnableParallel` does not pass them on.
    """
    if isinstance(chain, RunnableParallel):
        steps = {name: bind_keywords(step, keywords) for name, step in chain.steps__.items()}
        return chain.model_copy(update={"steps__": steps})
    if isinstance(chain, RunnableSequence):
        return chain.model_copy(update={"first": bind_keywords(chain.first, keywords)})
    if isinstance(chain, RunnableWithFallbacks):
        first, *others = (bind_keywords(one, keywords) for one in chain.runnables)
        return chain.model_copy(update={"runnable": first, "fallbacks": others})
    if isinstance(chain, RunnableBindingBase) and not isinstance(chain.bound, BaseChatModel):
        bound = bind_keywords(chain.bound, {**chain.kwargs, **keywords})
        return chain.model_copy(update={"bound": bound, "kwargs": {}})
    return chain.bind(**keywords)


def find_parsers(chain: Runnable[Any, Any]) -> list[Runnable[Any, Any]]:
    """Return the parsing steps of a chain; empty if several models may answer or a step is asynchronous."""
    if isinstance(chain, RunnableBindingBase):
        return find_parsers(chain.bound)
    steps = chain.steps[1:] if isinstance(chain, RunnableSequence) else []
    return steps if all(hasattr(step, "func") or hasattr(step, "_transform") for step in steps) else []


def can_be_asked(model: BaseChatModel) -> bool:
    """Return whether log-probabilities can be requested from a chat model, unless the user has set their field.

    OpenAI's Responses API has another parameter, which is not supported here.
    """
    if LOGPROBS not in type(model).model_fields or getattr(model, LOGPROBS) is not None:
        return False
    stated = getattr(model, "model_kwargs", None) or {}
    return LOGPROBS not in stated and getattr(model, "use_responses_api", None) is not True


def request_logprobs(change: Change | None) -> Change:
    """Return a change that also requests log-probabilities, on a copy of the user's chat model."""

    def changed(model: BaseChatModel) -> Runnable[Any, Any]:
        asked = copy_model(model, {LOGPROBS: True}) if can_be_asked(model) else model
        return asked if change is None else change(asked)

    return changed
