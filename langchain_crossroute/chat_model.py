"""ChatCrossRoute: a pool of chat models behind the face of one."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

from langchain_core.callbacks import CallbackManagerForLLMRun, Callbacks
from langchain_core.language_models import BaseChatModel, LanguageModelInput
from langchain_core.language_models.base import LangSmithParams
from langchain_core.language_models.chat_model_stream import AsyncChatModelStream, ChatModelStream
from langchain_core.language_models.model_profile import ModelProfile
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage
from langchain_core.messages.utils import count_tokens_approximately
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult, LLMResult
from langchain_core.runnables import ConfigurableFieldSpec, Runnable, RunnableConfig, ensure_config
from langchain_core.runnables.config import merge_configs
from langchain_core.tools import BaseTool
from pydantic import Field, model_validator
from typing_extensions import Self

from crossroute import Capability, Constraints, Decision, Router
from crossroute.attempts import MAX_ATTEMPTS
from crossroute.query import estimate_tokens
from crossroute.spend import Spend
from langchain_crossroute.call import Call
from langchain_crossroute.events import aevents, events
from langchain_crossroute.generation import generation_calls, merged
from langchain_crossroute.member import Change
from langchain_crossroute.profile import common_profile
from langchain_crossroute.reading import tool_tokens
from langchain_crossroute.routing import Routing
from langchain_crossroute.settings import Settings
from langchain_crossroute.structured import StructuredOutput
from langchain_crossroute.tools import BINDING, ToolBinding, tools_of

HANDED_ON = ("cache", "rate_limiter", "output_version", "disable_streaming", "streaming")
"""Fields of the router that its members take over where they state none of their own."""

CALL_FIELDS = ("stop", "temperature", "max_tokens", "timeout")
"""Fields that go to the member as keywords of every call."""


class ChatCrossRoute(BaseChatModel):
    """A chat model that sends each call to the model with the best predicted quality for its cost.

    Each call is the chosen model's own: its callbacks, traces, cache, rate limiter and streaming live on, and
    its answer carries the decision in `response_metadata["crossroute"]`.

    Setup:
        `pip install "crossroute[langchain]"` and the packages of your models.

    Instantiate:
        ```python
        from langchain_crossroute import ChatCrossRoute

        model = ChatCrossRoute(
            models={"small": "openai:gpt-5-mini", "large": ChatAnthropic(model="claude-opus-4-5")},
            router="my-router",
            cost_preference=0.3,
        )
        ```

    Invoke:
        ```python
        answer = model.invoke("What is 17 * 23?")
        answer.response_metadata["crossroute"]["candidate"]
        ```

    Per call:
        ```python
        model.invoke("...", config={"configurable": {"cost_preference": 0.9}})
        model.invoke("...", config={"configurable": {"candidate": "large"}})
        ```
    """

    models: Mapping[str, Any] = Field(exclude=True, repr=False)
    """Name, or alias, of a candidate -> chat model, wrapped chat model or `init_chat_model` string."""

    router: Router | str | Path = Field(default="routerbench", exclude=True, repr=False)
    """A `Router`, a bundled router's name, or a folder."""

    cost_preference: float | None = Field(default=None, ge=0, le=1)
    """The dial in [0, 1]: 0 quality first, 1 cheapest; 0.5 by default."""

    willingness_to_pay: float | None = Field(default=None, gt=0)
    """USD, in place of the dial."""

    candidate: str | None = None
    """Take this model and no other."""

    constraints: Constraints | None = None
    """What a model must satisfy."""

    default: str | None = None
    """The model for calls without text, such as an image alone; the router need not know it."""

    sticky: bool = True
    """Finish a tool turn with the model that began it, and count what its prompt cache saves."""

    max_attempts: int = Field(default=MAX_ATTEMPTS, ge=1)
    """At most, a call, over all models."""

    max_retries: int | None = Field(default=None, ge=0)
    """`max_attempts` less one, as other chat models call it."""

    temperature: float | None = None
    """For every call; a model's own by default."""

    max_tokens: int | None = None
    """For every call; a model's own by default."""

    timeout: float | None = None
    """For every call, in seconds; a model's own by default."""

    stop: list[str] | None = None
    """For every call; a model's own by default."""

    streaming: bool | None = None
    """For models that state nothing of their own."""

    routing: Routing | None = Field(default=None, exclude=True, repr=False)
    """What was built from the fields above; one that is handed over shares cooldowns and spend."""

    @model_validator(mode="before")
    @classmethod
    def _known_arguments(cls, given: dict[str, Any]) -> dict[str, Any]:
        unknown = (
            sorted(set(given) - cls.model_fields.keys() - {"api_key"}) if isinstance(given, dict) else []
        )
        if unknown:  # LangChain's models ignore them; a misspelt dial should not pass for one
            raise ValueError(
                f"Unknown argument {unknown[0]!r}. ChatCrossRoute takes {', '.join(cls.model_fields)}."
            )
        return given

    @model_validator(mode="after")
    def _build(self) -> Self:
        if self.routing is None:
            handed = {name: getattr(self, name) for name in HANDED_ON if name in self.model_fields_set}
            self.routing = Routing(
                self.models,
                self.router,
                default=self.default,
                sticky=self.sticky,
                max_attempts=self.max_attempts if self.max_retries is None else self.max_retries + 1,
                handed_on={name: value for name, value in handed.items() if value is not None},
            )
        if self.profile is None:
            self.profile = self._resolve_model_profile()
        return self

    def route(
        self, input: LanguageModelInput, config: RunnableConfig | None = None, **kwargs: Any
    ) -> Decision:
        """Return the decision for an input, and call nobody."""
        return self._call(input, config, kwargs).decide()

    @property
    def spend(self) -> Spend:
        """Tokens and USD so far, by model."""
        return self._routing.dispatcher.spend

    def invoke(
        self,
        input: LanguageModelInput,
        config: RunnableConfig | None = None,
        *,
        stop: list[str] | None = None,
        **kwargs: Any,
    ) -> AIMessage:
        """Return the chosen model's answer."""
        return cast("AIMessage", self._call(input, config, {"stop": stop, **kwargs}).invoke())

    async def ainvoke(
        self,
        input: LanguageModelInput,
        config: RunnableConfig | None = None,
        *,
        stop: list[str] | None = None,
        **kwargs: Any,
    ) -> AIMessage:
        """Return the chosen model's answer; the event loop is free while the query is encoded."""
        return cast("AIMessage", await self._call(input, config, {"stop": stop, **kwargs}).ainvoke())

    def stream(
        self,
        input: LanguageModelInput,
        config: RunnableConfig | None = None,
        *,
        stop: list[str] | None = None,
        **kwargs: Any,
    ) -> Iterator[AIMessageChunk]:
        """Yield the chosen model's chunks; the last one carries the decision."""
        yield from self._call(input, config, {"stop": stop, **kwargs}).stream()

    async def astream(
        self,
        input: LanguageModelInput,
        config: RunnableConfig | None = None,
        *,
        stop: list[str] | None = None,
        **kwargs: Any,
    ) -> AsyncIterator[AIMessageChunk]:
        """Yield the chosen model's chunks, asynchronously."""
        async for chunk in self._call(input, config, {"stop": stop, **kwargs}).astream():
            yield chunk

    def bind_tools(
        self,
        tools: Sequence[dict[str, Any] | type | Callable[..., Any] | BaseTool],
        *,
        tool_choice: Any = None,
        **kwargs: Any,
    ) -> Runnable[LanguageModelInput, AIMessage]:
        """Return the router with tools, which the chosen model binds by its own `bind_tools`."""
        choice = {} if tool_choice is None else {"tool_choice": tool_choice}
        binding = ToolBinding(tuple(tools), {**choice, **kwargs})
        return self.bind(**{"tools": binding.described, BINDING: binding})

    def with_structured_output(
        self, schema: dict[str, Any] | type, *, include_raw: bool = False, **kwargs: Any
    ) -> Runnable[LanguageModelInput, Any]:
        """Return the router with a schema, which the chosen model answers by its own means."""
        return StructuredOutput(self._call, schema, {"include_raw": include_raw, **kwargs})

    def generate(
        self,
        messages: list[list[BaseMessage]],
        stop: list[str] | None = None,
        callbacks: Callbacks = None,
        **kwargs: Any,
    ) -> LLMResult:
        """Return the answers to several conversations, each routed by itself."""
        calls = generation_calls(self._call, messages, {"stop": stop, "callbacks": callbacks, **kwargs})
        return merged([call.generate() for call in calls])

    async def agenerate(
        self,
        messages: list[list[BaseMessage]],
        stop: list[str] | None = None,
        callbacks: Callbacks = None,
        **kwargs: Any,
    ) -> LLMResult:
        """Return the answers to several conversations, each routed by itself, at once."""
        calls = generation_calls(self._call, messages, {"stop": stop, "callbacks": callbacks, **kwargs})
        return merged(await asyncio.gather(*(call.agenerate() for call in calls)))

    def get_num_tokens(self, text: str) -> int:
        """Return about how many tokens a text has; the members' tokenizers differ."""
        return estimate_tokens(text)

    def get_num_tokens_from_messages(
        self, messages: list[BaseMessage], tools: Sequence[Any] | None = None
    ) -> int:
        """Return about how many tokens a conversation and its tools have."""
        return count_tokens_approximately(messages) + tool_tokens(tools or ())

    @property
    def config_specs(self) -> list[ConfigurableFieldSpec]:
        """What `config["configurable"]` may set for one call."""
        return [
            ConfigurableFieldSpec(
                id=name,
                annotation=type(self).model_fields[name].annotation,
                description=type(self).model_fields[name].description,
                default=getattr(self, name),
            )
            for name in Settings.model_fields
        ]

    @property
    def _llm_type(self) -> str:
        return "crossroute"

    @property
    def _identifying_params(self) -> dict[str, Any]:
        pool = self._routing.dispatcher.router.pool
        version = hashlib.sha256(repr([c.model_dump() for c in pool]).encode()).hexdigest()[:16]
        settings = {name: getattr(self, name) for name in (*Settings.model_fields, "default", "sticky")}
        return {"models": dict(self._routing.identities), "router": version, **settings}

    @property
    def _routing(self) -> Routing:
        return cast("Routing", self.routing)  # built by the validator

    def _call(
        self,
        input: LanguageModelInput,
        config: RunnableConfig | None,
        kwargs: dict[str, Any],
        change: Change | None = None,
        needs: Iterable[Capability] = (),
    ) -> Call:
        own = {name: getattr(self, name) for name in CALL_FIELDS}
        own |= {name: value for name, value in kwargs.items() if value is not None or name not in own}
        kwargs = {name: value for name, value in own.items() if value is not None or name not in CALL_FIELDS}
        binding, tools, wanted = tools_of(kwargs)
        configured = merge_configs(self._config, ensure_config(config))
        stated = {name: getattr(self, name) for name in Settings.model_fields}
        settings = Settings(**stated).configured(configured)
        if kwargs.get("model") in self._routing.members:
            settings = settings.overridden({"candidate": kwargs.pop("model")})
        return Call(
            self._routing,
            self._convert_input(input).to_messages(),
            configured,
            settings,
            kwargs=kwargs,
            change=change or binding,
            tools=tools,
            needs=wanted | set(needs),
        )

    @property
    def _config(self) -> RunnableConfig:
        """What the router's own fields add to a caller's config."""
        return {"callbacks": self.callbacks, "tags": self.tags or [], "metadata": self.metadata or {}}

    def _resolve_model_profile(self) -> ModelProfile | None:
        return (
            common_profile([member.model for member in self._routing.members.values()])
            if self.routing
            else None
        )

    def _get_ls_params(self, stop: list[str] | None = None, **kwargs: Any) -> LangSmithParams:
        params = super()._get_ls_params(stop=stop, **kwargs)
        params["ls_model_name"] = kwargs.get("model") or self.candidate or "crossroute"
        return params

    def _chat_model_stream_v3(
        self,
        input: LanguageModelInput,
        config: RunnableConfig | None = None,
        **kwargs: Any,
    ) -> ChatModelStream:
        return events(self._call(input, config, kwargs))

    async def _achat_model_stream_v3(
        self,
        input: LanguageModelInput,
        config: RunnableConfig | None = None,
        **kwargs: Any,
    ) -> AsyncChatModelStream:
        return await aevents(self._call(input, config, kwargs))

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        """Serve who calls the protected method; every public one is forwarded whole."""
        config: RunnableConfig = {"callbacks": []}  # the caller's own run tells of the answer
        return ChatResult(
            generations=[ChatGeneration(message=self.invoke(messages, config, stop=stop, **kwargs))]
        )

    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> Iterator[ChatGenerationChunk]:
        config: RunnableConfig = {"callbacks": []}  # the caller's own run tells of the answer
        for chunk in self.stream(messages, config, stop=stop, **kwargs):
            yield ChatGenerationChunk(message=chunk)
