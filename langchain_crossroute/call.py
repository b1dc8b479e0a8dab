"""One call: decide, send the request under the caller's config, put the decision on the answer."""

from __future__ import annotations

import copy
from collections.abc import (
    AsyncGenerator,
    AsyncIterator,
    Awaitable,
    Callable,
    Iterable,
    Iterator,
    Mapping,
    Sequence,
)
from dataclasses import replace
from functools import partial, reduce
from typing import Any, NamedTuple
from uuid import UUID

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.outputs import ChatGeneration, LLMResult
from langchain_core.runnables import Runnable, RunnableConfig
from langchain_core.runnables.config import merge_configs
from typing_extensions import Self

from crossroute import Capability, Decision
from crossroute.calls.background import UNRETURNED
from crossroute.calls.closing import aclosing
from crossroute.calls.settings import CallSettings, refuse_settings
from crossroute.calls.steps import Ask, Steps, adrive, drive
from crossroute.calls.tools import check_provider_tools
from langchain_crossroute.bindings import (
    SchemaBinding,
    ToolBinding,
    bind_keywords,
    find_parsers,
    prepare_arguments,
)
from langchain_crossroute.escalated import EscalatedCall
from langchain_crossroute.members import Member
from langchain_crossroute.messages.reply import find_message, make_trace_config, replace_message
from langchain_crossroute.messages.translation import CACHED, mark_for_cache
from langchain_crossroute.probe import UsageProbe, attach_probe
from langchain_crossroute.routing import Routing
from langchain_crossroute.streams import Tail, to_chunk
from langchain_crossroute.wrapping import Change

UNTRACED: RunnableConfig = {"callbacks": []}
"""Config of runs without callbacks."""

OWN_WAYS = {BaseChatModel.invoke, BaseChatModel.ainvoke, BaseChatModel.stream, BaseChatModel.astream}
"""The methods of a chat model that is not wrapped."""

CONFIG = ("callbacks", "tags", "metadata", "run_name", "run_id")
"""The parts of a config that `generate` takes as keywords."""


class Request(NamedTuple):
    """One request to a member, and the ways to send it.

    Attributes:
        runnable: The member's chat model, or the chain that its tools or its schema make of it.
        messages: The conversation, in the format of the member's provider.
        config: Config of the member's run.
        kwargs: Keywords of the call.
        probe: A callback that counts tokens, also for an answer that arrives parsed.
    """

    runnable: Runnable[Any, Any]
    messages: list[BaseMessage]
    config: RunnableConfig
    kwargs: dict[str, Any]
    probe: UsageProbe

    def invoke(self) -> Any:
        """Return the answer."""
        return self.runnable.invoke(self.messages, self.config, **self.kwargs)

    async def ainvoke(self) -> Any:
        """Return the answer."""
        return await self.runnable.ainvoke(self.messages, self.config, **self.kwargs)

    def generate(self) -> LLMResult:
        """Return all generations; a wrapped member gives one."""
        if not isinstance(self.runnable, BaseChatModel):
            return LLMResult(generations=[[ChatGeneration(message=self.invoke())]])
        return self.runnable.generate([self.messages], **self._keywords, **self.kwargs)

    async def agenerate(self) -> LLMResult:
        """Return all generations; a wrapped member gives one."""
        if not isinstance(self.runnable, BaseChatModel):
            return LLMResult(generations=[[ChatGeneration(message=await self.ainvoke())]])
        return await self.runnable.agenerate([self.messages], **self._keywords, **self.kwargs)

    def stream(self) -> Iterator[Any]:
        """Open the stream of the answer."""
        return self.runnable.stream(self.messages, self.config, **self.kwargs)

    def astream(self) -> AsyncIterator[Any]:
        """Open the stream of the answer."""
        return self.runnable.astream(self.messages, self.config, **self.kwargs)

    def parse(self, message: AIMessage) -> None:
        """Raise the same error as `invoke` if a streamed answer does not fit its schema."""
        reduce(lambda answer, parser: parser.invoke(answer, UNTRACED), find_parsers(self.runnable), message)

    @property
    def _keywords(self) -> dict[str, Any]:
        """The config as keywords of `generate`."""
        return {key: self.config.get(key) for key in CONFIG}


class Call:
    """A call to the pool: decide once, then send requests to members until one answers.

    Args:
        routing: The members, and the dispatcher that chooses among them.
        messages: The conversation.
        config: The caller's complete config; the member runs under it, so its run replaces the pool's.
        settings: Settings of the decision.
        kwargs: The call's keywords.
        stated: The pool's own fields (temperature, ...) for keywords that the call lacks: set on a copy of the
            member if it has such a field, else passed as keywords.
        change: Applied to a member's chat model before its call, to bind tools or a schema.
        tools: The tools bound by the change.
        needs: Capabilities that the call needs in addition to those of its messages and tools.
        cache_prompts: Whether to mark the prompt for Anthropic's cache, unless the call has its own mark.
    """

    def __init__(
        self,
        routing: Routing,
        messages: Sequence[BaseMessage],
        config: RunnableConfig,
        settings: CallSettings,
        *,
        kwargs: dict[str, Any],
        stated: Mapping[str, Any] | None = None,
        change: Change | None = None,
        tools: Sequence[Any] = (),
        needs: Iterable[Capability] = (),
        cache_prompts: bool = False,
    ) -> None:
        if kwargs:
            refuse_settings(kwargs)
        self.routing, self.messages, self.config, self.settings = routing, messages, config, settings
        self.kwargs, self.stated = kwargs, stated or {}
        self.change, self.tools, self.needs = change, tools, needs
        self.cache_prompts = cache_prompts
        self.structured = isinstance(change, SchemaBinding)
        bound = change.arguments if isinstance(change, ToolBinding | SchemaBinding) else {}
        self.arguments = {**kwargs, **bound}

    def decide(self, *, streamed: bool = False) -> Decision:
        """Choose the member; with `max_calls` above 1, escalation may call others."""
        alone = self.settings.streams_alone if streamed else ""
        with self.routing.label_calls(self.config):
            return self.routing.decide(
                self.messages,
                self.settings,
                tools=self.tools,
                needs=self.needs,
                arguments=self.arguments,
                alone=alone,
            )

    async def adecide(self, *, streamed: bool = False) -> Decision:
        """Choose the member, in a thread if that would block the event loop."""
        decide = partial(self.decide, streamed=streamed)
        return await self.routing.decide_off_loop(decide, self.messages, self.tools)

    def answer(self, send: Callable[[Request], Any] = Request.invoke) -> Any:
        """Return the answer to `Request.invoke`, or to `Request.generate`."""
        decision = self.decide()
        if decision.max_calls > 1:
            return EscalatedCall(self, decision).answer(send)
        return drive(self.routing.dispatcher.steps(decision, self._steps), send)

    async def aanswer(self, send: Callable[[Request], Awaitable[Any]] = Request.ainvoke) -> Any:
        """Return the answer to `Request.ainvoke`, or to `Request.agenerate`."""
        decision = await self.adecide()
        if decision.max_calls > 1:
            return await EscalatedCall(self, decision).aanswer(send)
        return await adrive(self.routing.dispatcher.steps(decision, self._steps), send)

    def stream(self) -> Iterator[Any]:
        """Yield the chunks; the last one carries the decision."""
        decision = self.decide(streamed=True)
        if decision.max_calls > 1:
            yield to_chunk(EscalatedCall(self, decision).answer(Request.invoke))
        else:
            yield from self.open_stream(decision, Request.stream)

    async def astream(self) -> AsyncGenerator[Any, None]:
        """Yield the chunks, asynchronously."""
        decision = await self.adecide(streamed=True)
        if decision.max_calls > 1:
            yield to_chunk(await EscalatedCall(self, decision).aanswer(Request.ainvoke))
            return
        async with aclosing(await self.aopen_stream(decision, Request.astream)) as chunks:
            async for chunk in chunks:
                yield chunk

    def open_stream(
        self, decision: Decision, way: Callable[[Request], Iterator[Any]], kind: type[Tail] = Tail
    ) -> Iterator[Any]:
        """Return the stream of the first member that begins one.

        Args:
            decision: The decision.
            way: Opens a member's stream.
            kind: The class of the stream's tail.
        """
        dispatcher = self.routing.dispatcher
        drive(dispatcher.beside(decision, self._steps), Request.invoke)
        return dispatcher.attempts(decision).stream(partial(self._prepare_stream, way, kind), Request.invoke)

    async def aopen_stream(
        self, decision: Decision, way: Callable[[Request], AsyncIterator[Any]], kind: type[Tail] = Tail
    ) -> AsyncGenerator[Any, None]:
        """Return the stream of `open_stream`, asynchronously."""
        dispatcher = self.routing.dispatcher
        await adrive(dispatcher.beside(decision, self._steps), Request.ainvoke)
        return dispatcher.attempts(decision).astream(
            partial(self._prepare_stream, way, kind), Request.ainvoke
        )

    def _prepare_stream(
        self, way: Callable[[Request], Any], kind: type[Tail], decision: Decision
    ) -> Steps[tuple[Callable[[], Any], Tail]]:
        """Return the steps to a function that opens a member's stream, and to its tail."""
        request, dispatcher = self.request(decision, probed=kind is not Tail), self.routing.dispatcher
        entry = yield from dispatcher.ledger.begin(decision, request.probe)
        telling = decision.candidate in self.routing.telling
        tail = kind(entry, dispatcher.memory, request.probe, request.parse, telling=telling)
        return partial(way, request), tail

    def request(self, decision: Decision, *, probed: bool = True) -> Request:
        """Return the request to the decision's member.

        Args:
            decision: The decision for the member.
            probed: Whether to attach the probe even if the answer contains its tokens.
        """
        config, probe = self.config.copy(), UsageProbe(parsed=self.structured)
        if decision.failures:
            config.pop("run_id", None)  # used by the run of the failed attempt
        elif self.routing.is_logged and not config.get("run_id") and self._is_only(decision):
            config["run_id"] = UUID(decision.id)  # feedback of a tracer then refers to the decision
        member = self.routing.members[decision.candidate]
        if self.tools:
            check_provider_tools(self.tools, member.provider, member.name)
        runnable, change = member.runnable, self._find_change(member)
        if runnable is not member.model:
            runnable = member.configure(config)
        kwargs, fields = self._prepare_arguments(member)
        if fields:
            change = member.make_change(fields, change)
        if change is not None:
            runnable = member.change(change, runnable)
        messages = self.routing.translate_for(decision.candidate, self.messages)
        if self.cache_prompts and member.providers == {"anthropic"} and "cache_control" not in kwargs:
            messages, kwargs = mark_for_cache(messages), {**kwargs, "cache_control": CACHED}
        if self.structured:
            runnable, kwargs = bind_keywords(runnable, kwargs), {}
        told = make_trace_config(decision)
        if probed or config.get("callbacks") or not _carries_tokens(runnable, kwargs):
            config = attach_probe(config, probe)
        return Request(runnable, messages, merge_configs(config, told), kwargs, probe)

    @staticmethod
    def _is_only(decision: Decision) -> bool:
        """Return whether no other call shares the decision's id."""
        return decision.max_calls == 1 and UNRETURNED not in decision.reasons

    def _find_change(self, member: Member) -> Change | None:
        if isinstance(self.change, ToolBinding) and self.settings.candidate is None:
            return replace(self.change, member=member.name)
        return self.change

    def _prepare_arguments(self, member: Member) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return the call's arguments for a member: keywords, and values for fields of its chat model."""
        if not self.kwargs and not self.stated:
            return {}, {}
        as_given = self.settings.candidate is not None  # already in the provider's vocabulary
        return prepare_arguments(member, self.kwargs, self.stated, self.tools, as_given=as_given)

    def with_config(self, config: RunnableConfig, change: Change | None) -> Self:
        """Return a copy of the call with another config and another change of the member."""
        call = copy.copy(self)
        call.config, call.change = config, change
        return call

    def _steps(self, decision: Decision, *, final: bool = True) -> Steps[Any]:
        """Return the steps to a member's answer, counted and with its decision.

        Args:
            decision: The decision for the member.
            final: Whether the caller gets the answer; a background call runs outside the caller's run.
        """
        call = self if final else self.with_config({}, self.change)
        request = call.request(decision, probed=False)
        with (yield from self.routing.dispatcher.ledger.begin(decision, request.probe, final=final)) as entry:
            answer = yield Ask(request)
            message = find_message(answer)
            return (
                answer
                if message is None
                else replace_message(
                    answer, self.routing.count_answer(entry, message, amid=request.probe.is_amid_call)
                )
            )


def _carries_tokens(runnable: Runnable[Any, Any], kwargs: Mapping[str, Any]) -> bool:
    """Return whether an answer, or its chunks, carry their tokens: its model is not wrapped, nor streams inside."""
    if not isinstance(runnable, BaseChatModel) or runnable.callbacks or kwargs.get("stream"):
        return False
    kind = type(runnable)
    own = {kind.invoke, kind.ainvoke, kind.stream, kind.astream} == OWN_WAYS
    return own and not getattr(runnable, "streaming", False)
