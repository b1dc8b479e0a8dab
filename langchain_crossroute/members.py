"""Members: the chat models of a pool, and their abilities."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from langchain_core.language_models import BaseChatModel
from langchain_core.language_models.model_profile import ModelProfile
from langchain_core.messages import AIMessage
from langchain_core.runnables import Runnable, RunnableConfig

from crossroute import Capability, CrossRouteError
from crossroute.calls.dialects import Dialect, dialect_of, words
from crossroute.calls.effort_words import read_stated_effort
from crossroute.calls.providers import find_client_provider
from crossroute.catalogue import find_own_price
from crossroute.effort import split_effort
from crossroute.profiler.answerers import Answer
from crossroute.routing.members import Ability
from langchain_crossroute.efforts import effort_fields
from langchain_crossroute.messages.reply import count_message
from langchain_crossroute.wrapping import (
    Change,
    change_innermost,
    complete_model,
    configure,
    construct_values,
    copy_model,
    describe_refusal,
    find_innermost,
    find_models,
)

PROFILE: dict[Capability, str] = {
    "tools": "tool_calling",
    "structured_output": "structured_output",
    "vision": "image_inputs",
    "audio": "audio_inputs",
    "files": "pdf_inputs",
}
"""Capability -> its name in LangChain's model profiles."""

SETTABLE = frozenset({"temperature", "max_tokens"})
"""Fields that a chat model reads in every call; a timeout is fixed when its client is created."""

FIELDS_ALONE = words(
    "temperature top_p top_k seed num_predict num_ctx num_gpu num_thread repeat_last_n repeat_penalty tfs_z "
    "mirostat mirostat_eta mirostat_tau"
)
"""Settings that ChatOllama only accepts as fields, not as keywords."""


class MissingPackageError(CrossRouteError, ImportError):
    """A feature requires a package, or a newer version of it, that is not installed."""

    def __init__(self, feature: str, requirement: str) -> None:
        super().__init__(f"{feature} needs another package. Install it with: pip install {requirement}")


@dataclass(frozen=True, repr=False)
class Member:
    """A chat model, alone or wrapped by `.bind()`, `.with_config()`, `.with_retry()` or `.with_fallbacks()`.

    Models with `configurable_fields` or `configurable_alternatives` are resolved by each call's config.

    Attributes:
        name: Name of its candidate.
        runnable: The object that the user gave.
        model: The innermost chat model.
    """

    name: str
    runnable: Runnable[Any, Any]
    model: BaseChatModel
    _settled: dict[Any, dict[str, Any]] = field(default_factory=dict)

    @classmethod
    def of(cls, name: str, given: object, handed_on: dict[str, Any] | None = None) -> Member:
        """Make a member from a chat model, a wrapped one, or an `init_chat_model` string.

        Args:
            name: Name of its candidate; an effort in it (`gpt-5.5@low`) is set on a copy of the model.
            given: The model.
            handed_on: Fields (a cache, a rate limiter) to set on the innermost chat model, unless it sets them.

        Raises:
            TypeError: It is none of these.
        """
        told = split_effort(name)[1]
        runnable = given
        if isinstance(given, str):
            spelled, own = split_effort(given)
            runnable, told = init_model(spelled), own or told
        if not isinstance(runnable, Runnable):
            raise TypeError(describe_refusal(name, given))

        def complete(model: BaseChatModel) -> BaseChatModel:
            model = complete_model(model, handed_on or {})
            update = {} if told is None else effort_fields(model, told)
            return copy_model(model, update) if update else model

        runnable = change_innermost(runnable, complete, name)
        return cls(name, runnable, find_innermost(runnable))

    @property
    def provider(self) -> str:
        """The provider of its message format: "openai", "anthropic", ..."""
        return find_provider(self.model)

    @property
    def providers(self) -> frozenset[str]:
        """The providers of its answers' formats: several if it falls back on another provider's model."""
        return frozenset(map(find_provider, find_models(self.runnable)))

    @property
    def model_name(self) -> str | None:
        """The provider's name of the model, if the chat model states it."""
        return self.model._get_ls_params().get("ls_model_name")

    @property
    def ability(self) -> Ability:
        """Its capabilities: from its profile; tools and schemas that the profile omits, from its class's methods."""
        profile = self.model.profile or {}
        kind = type(self.model)
        implemented: dict[Capability, bool] = {
            "tools": kind.bind_tools is not BaseChatModel.bind_tools,
            "structured_output": kind.with_structured_output is not BaseChatModel.with_structured_output,
        }
        stated = {capability: profile.get(key) for capability, key in PROFILE.items()}
        can = {c for c, known in stated.items() if (implemented.get(c, False) if known is None else known)}
        untold = {c for c, known in stated.items() if known is None} - can
        if not implemented["structured_output"]:  # tools may be needed for structured output only
            untold.discard("tools")
        window = profile.get("max_input_tokens")
        return Ability(
            capabilities=frozenset(can),
            context_window=window or None,
            price=find_own_price(self.model, self.model_name),
            model=self.model_name,
            untold=frozenset(untold),
            effort=read_stated_effort(self.model),
            provider=self._answering,
        )

    @property
    def _answering(self) -> str | None:
        """The provider of its answers; None if unknown, or if it falls back on another provider's model."""
        found = set(map(find_client_provider, find_models(self.runnable)))
        return found.pop() if len(found) == 1 else None

    @property
    def answers_schemas(self) -> bool:
        """Whether an agent can get structured output from it: by tools, or natively by its profile."""
        return "tools" in (self.ability.capabilities or ()) or bool(
            (self.model.profile or {}).get("structured_output")
        )

    @property
    def reasons(self) -> bool:
        """Whether it is known to reason, and so to accept reasoning in messages."""
        return bool((self.model.profile or {}).get("reasoning_output"))

    @property
    def dialect(self) -> Dialect | None:
        """The dialect of its class, or None."""
        return dialect_of(self.model)

    def configure(self, config: RunnableConfig) -> Runnable[Any, Any]:
        """Return the runnable with its configurable fields set by a config."""
        return configure(self.runnable, config)

    def change(self, change: Change, runnable: Runnable[Any, Any] | None = None) -> Runnable[Any, Any]:
        """Return a runnable with the innermost chat model changed, for example with tools bound."""
        return change_innermost(self.runnable if runnable is None else runnable, change, self.name)

    def make_change(self, stated: Mapping[str, Any], change: Change | None) -> Change:
        """Return a change that also sets a chat model's fields, by their names or aliases, on a copy of it.

        Values are converted by the model's own constructor, which, for example, removes the temperature for gpt-5.
        """

        def changed(model: BaseChatModel) -> Runnable[Any, Any]:
            fields = {named: value for name, value in stated.items() if (named := _find_field(model, name))}
            copy = copy_model(model, self._construct_fields(model, fields)) if fields else model
            return copy if change is None else change(copy)

        return changed

    def _construct_fields(self, model: BaseChatModel, fields: dict[str, Any]) -> dict[str, Any]:
        key = (id(model), repr(fields))
        if key not in self._settled:
            self._settled[key] = construct_values(model, fields)
        return self._settled[key]

    def find_keywords(self, stated: Mapping[str, Any]) -> dict[str, Any]:
        """Return the values without a field of the chat model, which are passed as keywords."""
        return {name: value for name, value in stated.items() if _find_field(self.model, name) is None}


def model_name(given: object) -> str | None:
    """Return the name of a model in a list: a string is its own name."""
    return given if isinstance(given, str) else Member.of(type(given).__name__, given).model_name


def find_model_effort(given: object) -> str | None:
    """Return the effort set on a model in a list; None for a string, whose name states it."""
    return (
        None if isinstance(given, str) else read_stated_effort(Member.of(type(given).__name__, given).model)
    )


def find_provider(model: BaseChatModel) -> str:
    """Return the provider of a chat model's message format."""
    kind = model._llm_type
    for family in ("anthropic", "openai"):
        if family in kind:
            return family
    return str(model._get_ls_params().get("ls_provider", kind))


def merge_profiles(models: Sequence[BaseChatModel]) -> ModelProfile | None:
    """Merge the profiles of models: booleans by `and`, integers by minimum, other values if equal.

    Keys missing from one profile are omitted: callers may rely on a claimed feature that one model lacks.
    """
    profiles = [cast("dict[str, Any]", model.profile or {}) for model in models]
    keys = set(profiles[0]).intersection(*profiles[1:]) if profiles else set()
    common = {key: _find_common([profile[key] for profile in profiles]) for key in sorted(keys)}
    return cast("ModelProfile", {key: value for key, value in common.items() if value is not None}) or None


def answerer(model: object) -> Callable[[str], Answer] | None:
    """Return a thread-safe function for profiling; None if the model is not a LangChain model.

        crossroute.profile_model(answerer("openai:gpt-5-mini"), name="gpt-5-mini", price=...)

    Args:
        model: A chat model, one wrapped by `.bind()`, `.with_retry()` or similar, or an `init_chat_model` string.
    """
    if not isinstance(model, (str, BaseChatModel, Runnable)):
        return None
    member = Member.of(model if isinstance(model, str) else "model", model)

    def ask(query: str) -> Answer:
        message = member.runnable.invoke(query)  # synchronous: async clients are tied to one event loop
        if not isinstance(message, AIMessage):
            raise TypeError(f"Expected an AIMessage from {member.name!r}, got {type(message).__name__}.")
        usage = count_message(message)
        tokens = {"input_tokens": usage.input_tokens, "output_tokens": usage.output_tokens} if usage else {}
        return Answer(text=str(message.text), **tokens)

    return ask


def _find_field(model: BaseChatModel, name: str) -> str | None:
    """Return a chat model's field for a value, by the field's name or alias."""
    if name not in SETTABLE | FIELDS_ALONE:
        return None
    fields = type(model).model_fields
    aliased = (field for field, info in fields.items() if info.alias == name)
    return name if name in fields else next(aliased, None)


def init_model(model: str, **arguments: Any) -> BaseChatModel:
    """Return the chat model that `init_chat_model` makes of a string."""
    try:
        from langchain.chat_models import init_chat_model
    except ImportError as error:
        raise MissingPackageError(f"A model by name ({model!r})", "langchain") from error
    made: BaseChatModel = init_chat_model(model, **arguments)
    return made


def _find_common(values: list[Any]) -> Any:
    if all(isinstance(value, bool) for value in values):
        return all(values)
    if all(isinstance(value, int) for value in values):
        return min(values)
    return values[0] if all(value == values[0] for value in values) else None
