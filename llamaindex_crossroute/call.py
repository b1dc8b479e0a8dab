"""One call: decide, ask the member, stamp the answer; four ways to make it."""

from __future__ import annotations

import asyncio
from collections.abc import (
    AsyncGenerator,
    AsyncIterator,
    Awaitable,
    Callable,
    Container,
    Generator,
    Iterator,
    Sequence,
)
from typing import Any, NamedTuple, TypeVar, cast

from llama_index.core.base.llms.types import ChatResponse, CompletionResponse
from llama_index.core.llms.function_calling import FunctionCallingLLM
from llama_index.core.tools import BaseTool

from crossroute import Decision, Query
from crossroute.calls.attempts import Attempts
from crossroute.calls.closing import aclosing, closing
from crossroute.calls.failover import is_transient
from crossroute.escalation import Escalation
from llamaindex_crossroute import events
from llamaindex_crossroute.escalating import Escalating
from llamaindex_crossroute.logprobs import FIELDS
from llamaindex_crossroute.probe import UsageProbe, aheard, heard
from llamaindex_crossroute.reading import Reading
from llamaindex_crossroute.routing import Dials, Routing
from llamaindex_crossroute.stamp import as_json, stamped, usage_of
from llamaindex_crossroute.tail import Tail

T = TypeVar("T")
Member = FunctionCallingLLM
"""What a member may be: one that calls no tools is asked for none."""


class Call:
    """A call to the pool, routed once; attempts do the rest.

    Each way to make it takes what asks a member: a function of the member, which may run several times.

    Args:
        routing: The members and who chooses.
        reading: What the call says.
        dials: How to decide.
        tools: What the call offers.
        options: Names of what the user set for this call.
        unescalated: Why no other is asked after an answer; empty where one may be. Failover goes on all the same.
    """

    def __init__(
        self,
        routing: Routing,
        reading: Reading,
        dials: Dials,
        *,
        tools: Sequence[BaseTool] = (),
        options: Container[str] = (),
        unescalated: str = "",
    ) -> None:
        self.routing, self.reading, self.dials = routing, reading, dials
        self.tools, self.options, self.unescalated = tools, options, unescalated

    def answer(self, do: Callable[[Member], T]) -> T:
        """Return the answer."""
        decision = self._decide(self.unescalated)
        if decision.max_calls > 1:
            return self._escalating(decision).answer(do)

        def attempt(decision: Decision) -> T:
            probe = UsageProbe()
            with self.routing.counting(decision, probe, self.reading), probe:
                answer = do(self._member(decision))
            return self._stamped(answer, decision, probe)

        return self._attempts(decision).call(attempt)

    async def aanswer(self, do: Callable[[Member], Awaitable[T]]) -> T:
        """Return the answer; encoding runs beside the event loop."""
        decision = await asyncio.to_thread(self._decide, self.unescalated)
        if decision.max_calls > 1:
            return await self._escalating(decision).aanswer(do)

        async def attempt(decision: Decision) -> T:
            probe = UsageProbe()
            with self.routing.counting(decision, probe, self.reading), probe:
                answer = await do(self._member(decision))
            return self._stamped(answer, decision, probe)

        return await self._attempts(decision).acall(attempt)

    def stream(self, do: Callable[[Member], Iterator[T]]) -> Generator[T, None, None]:
        """Return the chunks; the member's stream opens now, as it would without a pool."""
        decision = self._decide(self._streamed)
        if decision.max_calls > 1:
            gathered = self._escalating(decision).answer(lambda llm: list(do(llm)))
            return (chunk for chunk in gathered)
        attempts = self._attempts(decision)
        first = [self._open(attempts.decision, do)]
        chunks = attempts.stream(lambda decision: self._chunks(decision, do, first))
        return cast(Generator[T, None, None], chunks)

    async def astream(self, do: Callable[[Member], Awaitable[AsyncIterator[T]]]) -> AsyncGenerator[T, None]:
        """Return the chunks, asynchronously; the member's stream opens now, as it would without a pool."""
        decision = await asyncio.to_thread(self._decide, self._streamed)
        if decision.max_calls > 1:
            return _replayed(await self._escalating(decision).aanswer(lambda llm: _gathered(do, llm)))
        attempts = self._attempts(decision)
        first = [await self._aopen(attempts.decision, do)]
        chunks = attempts.astream(lambda decision: self._achunks(decision, do, first))
        return cast(AsyncGenerator[T, None], chunks)

    def prepare(self, do: Callable[[Member], T]) -> T:
        """Return what the chosen member makes of the arguments, without calling it."""
        return do(self._member(self._decide(self.unescalated)))

    def _member(self, decision: Decision) -> Member:
        return cast(Member, self.routing.llms[decision.candidate])

    def _decide(self, unescalated: str) -> Decision:
        """Choose the member; `unescalated` says why no other is asked after its answer, where one could be."""
        if not unescalated or self.dials.escalation is None:
            return self.routing.decide(self.reading, self.dials)
        alone = self.dials._replace(escalation=None)
        return self.routing.decide(self.reading, alone).because(f"not escalated: {unescalated}")

    @property
    def _streamed(self) -> str:
        """Why a streamed call stays with one member: its first words leave before the last are known."""
        escalation = self.dials.escalation
        gathers = escalation is not None and escalation.buffer_streams
        return self.unescalated if gathers else self.unescalated or "the answer is streamed"

    def _escalating(self, decision: Decision) -> Escalating:
        escalation, query = cast(Escalation, self.dials.escalation), cast(Query, self.reading.query)
        return Escalating(
            self.routing,
            self.routing.dispatcher.escalated(decision, query, escalation),
            self.reading,
            tools=self.tools,
            ask_logprobs=escalation.logprobs and not any(name in self.options for name in FIELDS),
        )

    def _attempts(self, decision: Decision) -> Attempts:
        attempts = self.routing.dispatcher.attempts(decision)
        events.decided(attempts.decision)
        return attempts

    def _open(self, decision: Decision, do: Callable[[Member], Iterator[T]]) -> _Opened:
        probe = UsageProbe()
        try:
            with self.routing.counting(decision, probe, self.reading), probe:
                return _Opened(do(self._member(decision)), probe)
        except Exception as error:
            return _Opened.failed(error, probe)

    async def _aopen(
        self, decision: Decision, do: Callable[[Member], Awaitable[AsyncIterator[T]]]
    ) -> _Opened:
        probe = UsageProbe()
        try:
            with self.routing.counting(decision, probe, self.reading), probe:
                return _Opened(await do(self._member(decision)), probe)
        except Exception as error:
            return _Opened.failed(error, probe)

    def _chunks(
        self, decision: Decision, do: Callable[[Member], Iterator[T]], first: list[_Opened]
    ) -> Iterator[Any]:
        chunks, probe = (first.pop() if first else self._open(decision, do)).begun()
        tail = Tail(self.routing, decision, self.reading)
        with tail.ending(probe), closing(heard(chunks, probe)) as own:
            for chunk in own:
                yield tail.stamped(chunk)

    async def _achunks(
        self, decision: Decision, do: Callable[[Member], Awaitable[AsyncIterator[T]]], first: list[_Opened]
    ) -> AsyncGenerator[Any, None]:
        opened = first.pop() if first else await self._aopen(decision, do)
        chunks, probe = opened.begun()
        tail = Tail(self.routing, decision, self.reading)
        with tail.ending(probe):
            async with aclosing(aheard(chunks, probe)) as own:
                async for chunk in own:
                    yield tail.stamped(chunk)

    def _stamped(self, answer: T, decision: Decision, probe: UsageProbe) -> T:
        if not isinstance(answer, (ChatResponse, CompletionResponse)):
            self.routing.answered(decision, probe.usage, None, self.reading, cost=probe.cost)
            return answer
        message = answer.message if isinstance(answer, ChatResponse) else None
        usage = probe.took(usage_of(answer))
        decision = self.routing.answered(decision, usage, message, self.reading, cost=probe.cost)
        return stamped(answer, as_json(decision))


async def _gathered(do: Callable[[Member], Awaitable[AsyncIterator[T]]], llm: Member) -> list[T]:
    return [chunk async for chunk in await do(llm)]


async def _replayed(chunks: Sequence[T]) -> AsyncGenerator[T, None]:
    for chunk in chunks:
        yield chunk


class _Opened(NamedTuple):
    """A member's stream, or the transient error that kept it from opening, for attempts to see."""

    chunks: Any
    probe: UsageProbe
    error: Exception | None = None

    @classmethod
    def failed(cls, error: Exception, probe: UsageProbe) -> _Opened:
        if not is_transient(error):
            raise error
        return cls(None, probe, error)

    def begun(self) -> tuple[Any, UsageProbe]:
        if self.error is not None:
            raise self.error
        return self.chunks, self.probe
