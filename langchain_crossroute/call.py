"""One call: decide, ask the member with the caller's own config, stamp the answer."""

from __future__ import annotations

import asyncio
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
from typing import Any, cast

from langchain_core.messages import BaseMessage
from langchain_core.outputs import LLMResult
from langchain_core.runnables import RunnableConfig
from langchain_core.runnables.config import merge_configs
from typing_extensions import Self

from crossroute import Capability, Decision
from crossroute.calls.closing import aclosing, closing
from langchain_crossroute.asked import Asked
from langchain_crossroute.escalated import EscalatedCall
from langchain_crossroute.member import Change, stating
from langchain_crossroute.routing import Routing
from langchain_crossroute.schema import SchemaBinding, with_keywords
from langchain_crossroute.sent import Sent
from langchain_crossroute.settings import Settings
from langchain_crossroute.stamp import KEY, UsageProbe, message_of, traced, usage_of, with_message
from langchain_crossroute.tail import Tail, whole

STREAMED = "not escalated: the answer is streamed"


class Call:
    """A call to the pool; each way to make it decides once and lets attempts do the rest.

    Args:
        routing: The members and who chooses.
        messages: The conversation.
        config: The caller's, complete; the member runs under it, so that its run takes the router's place.
        settings: How to decide.
        kwargs: For the member, unchanged.
        stated: What the router's own fields say, for where `kwargs` says nothing: set on a copy of the member
            where it has such a field, a keyword elsewhere.
        change: What becomes of a member's chat model before it is called.
        tools: The tools that the change binds.
        needs: What else the call needs.
    """

    def __init__(
        self,
        routing: Routing,
        messages: Sequence[BaseMessage],
        config: RunnableConfig,
        settings: Settings,
        *,
        kwargs: dict[str, Any],
        stated: Mapping[str, Any] | None = None,
        change: Change | None = None,
        tools: Sequence[Any] = (),
        needs: Iterable[Capability] = (),
    ) -> None:
        self.routing, self.messages, self.config, self.settings = routing, messages, config, settings
        self.kwargs, self.stated = kwargs, stated or {}
        self.change, self.tools, self.needs = change, tools, needs
        self.structured = isinstance(change, SchemaBinding)

    def decide(self, *, streamed: bool = False) -> Decision:
        """Choose the member; `max_calls` over 1 says that more than one may be asked."""
        escalation = self.settings.escalation
        held = streamed and escalation is not None and not escalation.buffer_streams
        decision = self.routing.decide(
            self.messages,
            self.settings,
            tools=self.tools,
            needs=self.needs,
            escalation=None if held else escalation,
        )
        return decision.because(STREAMED) if held else decision

    def invoke(self) -> Any:
        """Return the answer."""
        return self._answer(Asked.invoke)

    async def ainvoke(self) -> Any:
        """Return the answer; encoding runs beside the event loop."""
        return await self._aanswer(Asked.ainvoke)

    def generate(self) -> LLMResult:
        """Return all generations that the member gives; a wrapped member gives one."""
        return cast("LLMResult", self._answer(Asked.generate))

    async def agenerate(self) -> LLMResult:
        """Return all generations that the member gives."""
        return cast("LLMResult", await self._aanswer(Asked.agenerate))

    def stream(self) -> Iterator[Any]:
        """Yield the chunks; the last one carries the decision."""
        decision = self.decide(streamed=True)
        if decision.max_calls > 1:
            return iter([whole(EscalatedCall(self, decision).call(Asked.invoke))])

        def do(decision: Decision) -> Iterator[Any]:
            asked = self.asked(decision)
            sent = Sent(self.routing, decision, asked.probe)
            tail = Tail(sent)
            source = asked.runnable.stream(asked.messages, asked.config, **asked.kwargs)
            with closing(source) as chunks, sent.counting():
                for chunk in chunks:
                    yield from tail.take(chunk)
            yield from tail.end()

        return self.routing.attempts(decision).stream(do)

    async def astream(self) -> AsyncGenerator[Any, None]:
        """Yield the chunks, asynchronously."""
        decision = await asyncio.to_thread(self.decide, streamed=True)
        if decision.max_calls > 1:
            yield whole(await EscalatedCall(self, decision).acall(Asked.ainvoke))
            return

        async def do(decision: Decision) -> AsyncIterator[Any]:
            asked = self.asked(decision)
            sent = Sent(self.routing, decision, asked.probe)
            tail = Tail(sent)
            source = asked.runnable.astream(asked.messages, asked.config, **asked.kwargs)
            async with aclosing(source) as chunks:
                with sent.counting():
                    async for chunk in chunks:
                        for held in tail.take(chunk):
                            yield held
            for held in tail.end():
                yield held

        async with aclosing(self.routing.attempts(decision).astream(do)) as chunks:
            async for chunk in chunks:
                yield chunk

    def asked(self, decision: Decision) -> Asked:
        """Return the chosen member, the messages as it reads them, and the config for its run."""
        config, probe = dict(self.config), UsageProbe()
        if decision.failures:
            config.pop("run_id", None)  # the failed attempt's run has it
        traces: RunnableConfig = {
            "metadata": {KEY: traced(decision)},
            "tags": [f"{KEY}:{decision.candidate}"],
            "callbacks": [probe],
        }
        member = self.routing.members[decision.candidate]
        kwargs = {**member.keywords(self.stated), **self.kwargs}
        change = stating(self.stated, self.change) if self.stated else self.change
        runnable = member.asked(change)
        if self.structured:
            runnable, kwargs = with_keywords(runnable, kwargs), {}
        return Asked(
            runnable,
            self.routing.messages_for(decision.candidate, self.messages),
            merge_configs(config, traces),  # type: ignore[arg-type]
            kwargs,
            probe,
        )

    def within(self, config: RunnableConfig, change: Change | None) -> Self:
        """Return the same call under another config, its member changed otherwise."""
        call = copy.copy(self)
        call.config, call.change = config, change
        return call

    def _answer(self, ask: Callable[[Asked], Any]) -> Any:
        decision = self.decide()
        if decision.max_calls > 1:
            return EscalatedCall(self, decision).call(ask)

        def do(decision: Decision) -> Any:
            asked = self.asked(decision)
            with self.routing.counting(decision, asked.probe):
                answer = ask(asked)
            return self._answered(decision, answer, asked.probe)

        return self.routing.attempts(decision).call(do)

    async def _aanswer(self, ask: Callable[[Asked], Awaitable[Any]]) -> Any:
        decision = await asyncio.to_thread(self.decide)
        if decision.max_calls > 1:
            return await EscalatedCall(self, decision).acall(ask)

        async def do(decision: Decision) -> Any:
            asked = self.asked(decision)
            with self.routing.counting(decision, asked.probe):
                answer = await ask(asked)
            return self._answered(decision, answer, asked.probe)

        return await self.routing.attempts(decision).acall(do)

    def _answered(self, decision: Decision, answer: Any, probe: UsageProbe) -> Any:
        message = message_of(answer)
        if message is not None:
            return with_message(answer, self.routing.answered(decision, message))
        self.routing.dispatcher.answered(decision, usage_of(probe.usage))
        return answer
