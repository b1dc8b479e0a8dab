"""ChatCrossRoute: a pool of chat models that is used as one chat model."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, cast

from langchain_core.callbacks import AsyncCallbackManagerForLLMRun, CallbackManagerForLLMRun, Callbacks
from langchain_core.language_models import LanguageModelInput
from langchain_core.language_models.chat_model_stream import AsyncChatModelStream, ChatModelStream
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult, LLMResult
from langchain_core.runnables import Runnable, RunnableConfig, ensure_config
from langchain_core.tools import BaseTool
from typing_extensions import Self

from crossroute import Capability, Decision
from crossroute.calls.closing import aclosing
from crossroute.calls.spend import Spend
from langchain_crossroute.bindings import BINDING, StructuredOutput, ToolBinding, take_tools
from langchain_crossroute.call import CONFIG, UNTRACED, Call, Request
from langchain_crossroute.configured import read_arguments
from langchain_crossroute.events import aevents, events
from langchain_crossroute.pool import ModelPool
from langchain_crossroute.wrapping import Change

CALL_FIELDS = ("stop", "temperature", "max_tokens", "timeout")
"""Fields that apply to all members, in calls without such a keyword."""


class ChatCrossRoute(ModelPool):
    """A chat model that sends each call to the model with the best predicted quality for its cost.

    Each call is a call of the chosen model, with its own callbacks, traces, cache, rate limiter and streaming, and
    its answer has the decision in `response_metadata["crossroute"]`.

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

    From a file:
        ```python
        model = ChatCrossRoute.from_config("crossroute.toml")
        ```

    Per call:
        ```python
        model.invoke("...", config={"configurable": {"cost_preference": 0.9}})
        model.invoke("...", config={"configurable": {"candidate": "large"}})
        ```
    """

    @classmethod
    def from_config(cls, path: str | Path, **changes: Any) -> Self:
        """Return the pool of a crossroute.toml; other arguments take precedence over the file.

        Raises:
            ConfigError: The file is invalid; the message names the line.
        """
        return cls(**(read_arguments(path) | changes))

    def route(
        self, input: LanguageModelInput, config: RunnableConfig | None = None, **kwargs: Any
    ) -> Decision:
        """Return the decision for an input, without a call."""
        return self._build_call(input, config, kwargs).decide()

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
        return cast("AIMessage", self._build_call(input, config, {"stop": stop, **kwargs}).answer())

    async def ainvoke(
        self,
        input: LanguageModelInput,
        config: RunnableConfig | None = None,
        *,
        stop: list[str] | None = None,
        **kwargs: Any,
    ) -> AIMessage:
        """Return the chosen model's answer; the decision is made in a thread, unless it is quick."""
        return cast("AIMessage", await self._build_call(input, config, {"stop": stop, **kwargs}).aanswer())

    def stream(
        self,
        input: LanguageModelInput,
        config: RunnableConfig | None = None,
        *,
        stop: list[str] | None = None,
        **kwargs: Any,
    ) -> Iterator[AIMessageChunk]:
        """Yield the chosen model's chunks; the last one carries the decision."""
        yield from self._build_call(input, config, {"stop": stop, **kwargs}).stream()

    async def astream(
        self,
        input: LanguageModelInput,
        config: RunnableConfig | None = None,
        *,
        stop: list[str] | None = None,
        **kwargs: Any,
    ) -> AsyncIterator[AIMessageChunk]:
        """Yield the chosen model's chunks, asynchronously."""
        call = self._build_call(input, config, {"stop": stop, **kwargs})
        async with aclosing(call.astream()) as chunks:
            async for chunk in chunks:
                yield chunk

    def bind_tools(
        self,
        tools: Sequence[dict[str, Any] | type | Callable[..., Any] | BaseTool],
        *,
        tool_choice: Any = None,
        **kwargs: Any,
    ) -> Runnable[LanguageModelInput, AIMessage]:
        """Return the pool with tools, bound by the chosen model's own `bind_tools`."""
        choice = {} if tool_choice is None else {"tool_choice": tool_choice}
        binding = ToolBinding(tuple(tools), {**choice, **kwargs})
        return self.bind(**{"tools": binding.described, BINDING: binding})

    def with_structured_output(
        self, schema: dict[str, Any] | type, *, include_raw: bool = False, **kwargs: Any
    ) -> Runnable[LanguageModelInput, Any]:
        """Return the pool with a schema, applied by the chosen model's own `with_structured_output`."""
        raw = {"include_raw": True} if include_raw else {}
        return StructuredOutput(self._build_call, schema, {**raw, **kwargs})

    def generate(
        self,
        messages: list[list[BaseMessage]],
        stop: list[str] | None = None,
        callbacks: Callbacks = None,
        **kwargs: Any,
    ) -> LLMResult:
        """Return the answers to several conversations, which are routed one by one."""
        calls = self._build_calls(messages, {"stop": stop, "callbacks": callbacks, **kwargs})
        return _merge([call.answer(Request.generate) for call in calls])

    async def agenerate(
        self,
        messages: list[list[BaseMessage]],
        stop: list[str] | None = None,
        callbacks: Callbacks = None,
        **kwargs: Any,
    ) -> LLMResult:
        """Return the answers to several conversations, which are routed one by one and called concurrently."""
        calls = self._build_calls(messages, {"stop": stop, "callbacks": callbacks, **kwargs})
        answers = (call.aanswer(Request.agenerate) for call in calls)
        results = await asyncio.gather(*answers, return_exceptions=True)
        for result in results:  # after all have ended
            if isinstance(result, BaseException):
                raise result
        return _merge(cast("list[LLMResult]", results))

    def _build_calls(self, messages: Sequence[list[BaseMessage]], given: dict[str, Any]) -> list[Call]:
        """Return a call for each conversation of `generate`; only the first one gets the run id.

        Args:
            messages: The conversations.
            given: Keywords of `generate`: parts of a config, and keywords for the member.
        """
        kwargs = {key: value for key, value in given.items() if key not in CONFIG}
        first: Any = {key: given[key] for key in CONFIG if given.get(key) is not None}
        later: Any = {key: value for key, value in first.items() if key != "run_id"}
        return [
            self._build_call(one, later if place else first, dict(kwargs))
            for place, one in enumerate(messages)
        ]

    def _build_call(
        self,
        input: LanguageModelInput,
        config: RunnableConfig | None,
        kwargs: dict[str, Any],
        change: Change | None = None,
        needs: Iterable[Capability] = (),
    ) -> Call:
        unsaid = [name for name in CALL_FIELDS if kwargs.get(name) is None]
        kwargs = {name: value for name, value in kwargs.items() if name not in unsaid}
        stated = {name: value for name in unsaid if (value := getattr(self, name)) is not None}
        binding, tools, wanted = take_tools(kwargs) if kwargs else (None, (), set())
        configured = self._merge_config(ensure_config(config))
        settings = self._settings
        if configured.get("configurable"):
            settings = settings.overridden(configured["configurable"])
        if self.budgets is not None and configured.get("tags"):
            settings = settings.overridden({"budget_keys": settings.budget_keys.union(configured["tags"])})
        routing = self._routing
        if kwargs.get("model") in routing.members:
            settings = settings.overridden({"candidate": kwargs.pop("model")})
        return Call(
            routing,
            self._convert_input(input).to_messages(),
            configured,
            settings,
            kwargs=kwargs,
            stated=stated,
            change=change or binding,
            tools=tools,
            needs=wanted | set(needs),
            cache_prompts=self._caches_prompts(configured),
        )

    def _chat_model_stream_v3(
        self,
        input: LanguageModelInput,
        config: RunnableConfig | None = None,
        **kwargs: Any,
    ) -> ChatModelStream:
        return events(self._build_call(input, config, kwargs))

    async def _achat_model_stream_v3(
        self,
        input: LanguageModelInput,
        config: RunnableConfig | None = None,
        **kwargs: Any,
    ) -> AsyncChatModelStream:
        return await aevents(self._build_call(input, config, kwargs))

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        """Support callers of BaseChatModel's protected hooks, like the three methods below."""
        return _make_result(self.invoke(messages, UNTRACED, stop=stop, **kwargs))

    async def _agenerate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        return _make_result(await self.ainvoke(messages, UNTRACED, stop=stop, **kwargs))

    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> Iterator[ChatGenerationChunk]:
        for chunk in self.stream(messages, UNTRACED, stop=stop, **kwargs):
            yield ChatGenerationChunk(message=chunk)

    async def _astream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> AsyncIterator[ChatGenerationChunk]:
        async for chunk in self.astream(messages, UNTRACED, stop=stop, **kwargs):
            yield ChatGenerationChunk(message=chunk)


def _merge(results: Sequence[LLMResult]) -> LLMResult:
    """Merge several results, with the `llm_output` of the first."""
    runs = [run for result in results for run in result.run or []]
    return LLMResult(
        generations=[generations for result in results for generations in result.generations],
        llm_output=results[0].llm_output if results else None,
        run=runs or None,
    )


def _make_result(message: AIMessage) -> ChatResult:
    return ChatResult(generations=[ChatGeneration(message=message)])
