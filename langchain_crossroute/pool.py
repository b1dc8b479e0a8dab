"""The fields of ChatCrossRoute, and the routing that is built from them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from types import NoneType
from typing import Any

from langchain_core.callbacks import BaseCallbackHandler, BaseCallbackManager, Callbacks
from langchain_core.language_models import BaseChatModel
from langchain_core.language_models.base import LangSmithParams
from langchain_core.language_models.model_profile import ModelProfile
from langchain_core.messages import BaseMessage
from langchain_core.runnables import ConfigurableFieldSpec, RunnableConfig
from langchain_core.runnables.config import merge_configs
from pydantic import ConfigDict, Field, model_validator
from typing_extensions import Self

from crossroute import Price, Router
from crossroute.calls.settings import DISPATCH_OPTIONS, CallSettings, Escalate, PoolFields
from crossroute.errors.names import describe_unknown_argument
from crossroute.routing.members import name_models
from crossroute.routing.router import WIDEST_ROUTER
from crossroute.tokens import estimate_tokens
from langchain_crossroute.members import find_model_effort, merge_profiles, model_name
from langchain_crossroute.messages.reading import count_message_tokens, count_tool_tokens
from langchain_crossroute.routing import Routing

SHARED = ("cache", "rate_limiter", "output_version", "disable_streaming", "streaming")
"""Fields of the pool that apply to members without their own value."""

ROUTED_BY = ("router", "prices", "budgets", "traffic", "max_retries", *DISPATCH_OPTIONS, *SHARED)
"""Fields, other than the models, from which the routing is built."""


class ModelPool(PoolFields, BaseChatModel):
    """The fields of ChatCrossRoute, which adds the methods."""

    # not in reprs or exports, since these may contain keys
    model_config = ConfigDict(hide_input_in_errors=True, use_attribute_docstrings=False)

    models: Mapping[str, Any] = Field(exclude=True, repr=False)
    """Name or alias of a candidate -> chat model, wrapped chat model or `init_chat_model` string; or a list of these,
    named by their models."""

    router: Router | str | Path = Field(default=WIDEST_ROUTER, exclude=True, repr=False)
    """A `Router`, a bundled router's name, or a folder; `universal` by default."""

    candidate: str | None = None
    """Always use this model."""

    escalate: Escalate = None
    """Verify the answer, and call another model if that is expected to pay.

    With True or an `Escalation`, streamed calls are not escalated; with "buffer" they are, and are buffered.
    """

    prices: Mapping[str, Price] | None = None
    """Model -> price in USD per million tokens; replaces the router's."""

    max_retries: int | None = Field(default=None, ge=0)
    """`max_attempts` minus one, under the name that other chat models use."""

    cache_prompts: bool | None = None
    """Mark prompts for Anthropic's cache, as `AnthropicPromptCachingMiddleware` does for `ChatAnthropic`; by default
    only in agents of deepagents."""

    temperature: float | None = None
    """Temperature of every call; by default the model's own."""

    max_tokens: int | None = None
    """Maximum output tokens of every call; by default the model's own."""

    timeout: float | None = None
    """Timeout of every call in seconds; by default the model's own."""

    stop: list[str] | None = None
    """Stop sequences of every call; by default the model's own."""

    streaming: bool | None = None
    """Whether to stream, for models without their own value."""

    routing: Routing | None = Field(default=None, exclude=True, repr=False)
    """Built from the fields above; a routing that is passed in shares its cooldowns and spend."""

    @model_validator(mode="before")
    @classmethod
    def _check_arguments(cls, given: dict[str, Any]) -> dict[str, Any]:
        if not isinstance(given, dict):
            return given
        unknown = set(given) - cls.model_fields.keys() - {"api_key"}
        if unknown:  # LangChain's models ignore unknown arguments, which hides misspellings
            raise ValueError(describe_unknown_argument(min(unknown), cls.model_fields))
        if isinstance(given.get("models"), (Mapping, NoneType)):
            return given
        return given | {"models": name_models(given["models"], model_name, find_model_effort)}

    @model_validator(mode="after")
    def _build(self) -> Self:
        if self.routing is None or self.routing.origin != self._origin:
            self.routing = self._build_routing()
        if self.candidate is not None:
            self.routing.dispatcher.named(self.candidate)  # raises an error for a name without a member
        if self.profile is None:
            self.profile = self._resolve_model_profile()
        return self

    def __repr_args__(self) -> Iterable[tuple[str | None, Any]]:
        """Return a representation with the members' names, without keys and clients."""
        yield "models", list(self.models)
        yield from super().__repr_args__()

    def __getstate__(self) -> dict[Any, Any]:
        """Return the state without the routing, which is rebuilt with new cooldowns and spend."""
        state = super().__getstate__()
        return {**state, "__dict__": {**state["__dict__"], "routing": None}}

    def get_num_tokens(self, text: str) -> int:
        """Estimate the tokens of a text; the members' tokenizers differ."""
        return estimate_tokens(text)

    def get_num_tokens_from_messages(
        self, messages: list[BaseMessage], tools: Sequence[Any] | None = None
    ) -> int:
        """Estimate the tokens of a conversation and its tools."""
        return count_message_tokens(messages) + count_tool_tokens(tools or ())

    @property
    def config_specs(self) -> list[ConfigurableFieldSpec]:
        """The settings that `config["configurable"]` may override in one call."""
        return [
            ConfigurableFieldSpec(
                id=name,
                annotation=type(self).model_fields[name].annotation,
                description=type(self).model_fields[name].description,
                default=getattr(self, name),
            )
            for name in CallSettings.model_fields
        ]

    @property
    def _llm_type(self) -> str:
        """The members' common type, if any; frameworks use it to choose features of an API."""
        kinds = {member.model._llm_type for member in self._routing.members.values()}
        return kinds.pop() if len(kinds) == 1 else "crossroute"

    @property
    def _identifying_params(self) -> dict[str, Any]:
        pool = self._routing.dispatcher.router.pool
        version = hashlib.sha256(repr([c.model_dump() for c in pool]).encode()).hexdigest()[:16]
        settings = {name: getattr(self, name) for name in (*CallSettings.model_fields, "default", "sticky")}
        return {"models": dict(self._routing.identities), "router": version, **settings}

    @property
    def _routing(self) -> Routing:
        """The routing for the current fields: they may be assigned, and differ in a copy."""
        routing = self.routing
        if routing is None or routing.origin != self._origin:
            self.routing = routing = self._build_routing(routing)
        return routing

    @property
    def _origin(self) -> dict[str, Any]:
        """The fields from which a routing is built; models are compared by identity."""
        stated = {name: getattr(self, name) for name in ROUTED_BY}
        return stated | {"models": {name: id(model) for name, model in self.models.items()}}

    def _build_routing(self, before: Routing | None = None) -> Routing:
        """Return a routing for the current fields, with the memory of the one before it."""
        origin = self._origin
        handed = {name: getattr(self, name) for name in SHARED if name in self.model_fields_set}
        how = {name: getattr(self, name) for name in DISPATCH_OPTIONS}
        if self.max_retries is not None:
            how["max_attempts"] = self.max_retries + 1
        memory = before.dispatcher.memory if before is not None else None
        if memory is not None and before is not None and before.origin.get("models") != origin["models"]:
            memory = memory.of_other_models()
        return Routing(
            self.models,
            self.router,
            handed_on={name: value for name, value in handed.items() if value is not None},
            prices=self.prices,
            budgets=self.budgets,
            origin=origin,
            memory=memory,
            traffic=self.traffic,
            **how,
        )

    def _caches_prompts(self, config: RunnableConfig) -> bool:
        if self.cache_prompts is not None:
            return self.cache_prompts
        return (config.get("metadata") or {}).get("ls_integration") == "deepagents"

    def _merge_config(self, config: RunnableConfig) -> RunnableConfig:
        """Merge the pool's own callbacks, tags and metadata into a caller's config, without duplicate handlers."""
        if not (self.callbacks or self.tags or self.metadata):
            return config
        own = _drop_repeats(self.callbacks, config.get("callbacks"))
        return merge_configs(
            {"callbacks": own, "tags": self.tags or [], "metadata": self.metadata or {}}, config
        )

    def _resolve_model_profile(self) -> ModelProfile | None:
        members = self._routing.members.values() if self.routing else ()
        return merge_profiles([member.model for member in members])

    def _get_ls_params(self, stop: list[str] | None = None, **kwargs: Any) -> LangSmithParams:
        params = super()._get_ls_params(stop=stop, **kwargs)
        params["ls_model_name"] = kwargs.get("model") or self.candidate or "crossroute"
        told = {member.model._get_ls_params().get("ls_provider") for member in self._routing.members.values()}
        if len(told) == 1 and (shared := told.pop()):
            params["ls_provider"] = shared
        return params


def _drop_repeats(own: Callbacks, given: Callbacks) -> Callbacks:
    """Return the pool's callbacks without duplicates and without the caller's handlers."""
    others = list(given.handlers if isinstance(given, BaseCallbackManager) else given or ())
    if not isinstance(own, BaseCallbackManager):
        return _keep_once(own or (), others)
    left = own.copy()
    left.handlers = _keep_once(own.handlers, others)
    left.inheritable_handlers = _keep_once(own.inheritable_handlers, others)
    return left


def _keep_once(
    handlers: Iterable[BaseCallbackHandler], others: Sequence[BaseCallbackHandler]
) -> list[BaseCallbackHandler]:
    kept: list[BaseCallbackHandler] = []
    for handler in handlers:
        if handler not in others and handler not in kept:
            kept.append(handler)
    return kept
