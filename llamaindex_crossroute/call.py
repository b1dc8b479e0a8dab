"""One call: decide, ask the member, stamp the answer; four ways to make it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Generator, Iterator
from contextlib import AsyncExitStack, ExitStack
from typing import Any, NamedTuple, TypeVar, cast

from llama_index.core.base.llms.types import ChatMessage, ChatResponse, CompletionResponse
from llama_index.core.llms.function_calling import FunctionCallingLLM

from crossroute import Decision
from crossroute.attempts import Attempts
from crossroute.failover import is_transient
from crossroute.spend import Usage
from llamaindex_crossroute import events
from llamaindex_crossroute.probe import UsageProbe
from llamaindex_crossroute.reading import Reading
from llamaindex_crossroute.routing import Dials, Routing
from llamaindex_crossroute.stamp import as_json, stamped, usage_of

T = TypeVar("T")
Member = FunctionCallingLLM
"""What a member may be: one that calls no tools is asked for none."""

END = object()


class Call:
    """A call to the pool, routed once; attempts do the rest.

    Each way to make it takes what asks a member: a function of the member, which may run several times.

    Args:
        routing: The members and who chooses.
        reading: What the call says.
        dials: How to decide.
    """

    def __init__(self, routing: Routing, reading: Reading, dials: Dials) -> None:
        self.routing, self.reading, self.dials = routing, reading, dials

    def answer(self, do: Callable[[Member], T]) -> T:
        """Return the answer."""

        def attempt(decision: Decision) -> T:
            with UsageProbe() as probe:
                answer = do(self._member(decision))
            return self._stamped(answer, decision, probe)

        return self._attempts(self._decide()).call(attempt)

    async def aanswer(self, do: Callable[[Member], Awaitable[T]]) -> T:
        """Return the answer; encoding runs beside the event loop."""

        async def attempt(decision: Decision) -> T:
            with UsageProbe() as probe:
                answer = await do(self._member(decision))
            return self._stamped(answer, decision, probe)

        return await self._attempts(await asyncio.to_thread(self._decide)).acall(attempt)

    def stream(self, do: Callable[[Member], Iterator[T]]) -> Generator[T, None, None]:
        """Return the chunks; the member's stream opens now, as it would without a pool."""
        attempts = self._attempts(self._decide())
        first = [self._open(attempts.decision, do)]
        chunks = attempts.stream(lambda decision: self._chunks(decision, do, first))
        return cast(Generator[T, None, None], chunks)

    async def astream(self, do: Callable[[Member], Awaitable[AsyncIterator[T]]]) -> AsyncGenerator[T, None]:
        """Return the chunks, asynchronously; the member's stream opens now, as it would without a pool."""
        attempts = self._attempts(await asyncio.to_thread(self._decide))
        first = [await self._aopen(attempts.decision, do)]
        chunks = attempts.astream(lambda decision: self._achunks(decision, do, first))
        return cast(AsyncGenerator[T, None], chunks)

    def prepare(self, do: Callable[[Member], T]) -> T:
        """Return what the chosen member makes of the arguments, without calling it."""
        return do(self._member(self._decide()))

    def _member(self, decision: Decision) -> Member:
        return cast(Member, self.routing.llms[decision.candidate])

    def _decide(self) -> Decision:
        return self.routing.decide(self.reading, self.dials)

    def _attempts(self, decision: Decision) -> Attempts:
        attempts = self.routing.dispatcher.attempts(decision)
        events.decided(attempts.decision)
        return attempts

    def _open(self, decision: Decision, do: Callable[[Member], Iterator[T]]) -> _Opened:
        with UsageProbe() as probe:
            try:
                return _Opened(do(self._member(decision)), probe)
            except Exception as error:
                return _Opened.failed(error, probe)

    async def _aopen(
        self, decision: Decision, do: Callable[[Member], Awaitable[AsyncIterator[T]]]
    ) -> _Opened:
        with UsageProbe() as probe:
            try:
                return _Opened(await do(self._member(decision)), probe)
            except Exception as error:
                return _Opened.failed(error, probe)

    def _chunks(
        self, decision: Decision, do: Callable[[Member], Iterator[T]], first: list[_Opened]
    ) -> Iterator[Any]:
        chunks, probe = (first.pop() if first else self._open(decision, do)).begun()
        tail = _Tail(self.routing, decision)
        with ExitStack() as stack:
            stack.callback(getattr(chunks, "close", lambda: None))
            iterator = iter(chunks)
            while True:
                with probe:
                    chunk = next(iterator, END)
                if chunk is END:
                    break
                yield tail.stamped(chunk)
        tail.end(probe)

    async def _achunks(
        self, decision: Decision, do: Callable[[Member], Awaitable[AsyncIterator[T]]], first: list[_Opened]
    ) -> AsyncGenerator[Any, None]:
        opened = first.pop() if first else await self._aopen(decision, do)
        chunks, probe = opened.begun()
        tail = _Tail(self.routing, decision)
        async with AsyncExitStack() as stack:
            if hasattr(chunks, "aclose"):
                stack.push_async_callback(chunks.aclose)
            iterator = aiter(chunks)
            while True:
                with probe:
                    chunk = await anext(iterator, END)
                if chunk is END:
                    break
                yield tail.stamped(chunk)
        tail.end(probe)

    def _stamped(self, answer: T, decision: Decision, probe: UsageProbe) -> T:
        if not isinstance(answer, (ChatResponse, CompletionResponse)):
            self.routing.answered(decision, probe.usage, None)
            return answer
        message = answer.message if isinstance(answer, ChatResponse) else None
        decision = self.routing.answered(decision, usage_of(answer) or probe.usage, message)
        return stamped(answer, as_json(decision))


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


class _Tail:
    """What a stream's chunks share: one stamp, which learns the actual cost when the stream has ended.

    No chunk is held back for it: who kept the last chunk finds the cost there.
    """

    def __init__(self, routing: Routing, decision: Decision) -> None:
        self._routing, self._decision = routing, decision
        self._stamp = as_json(decision)
        self._usage: Usage | None = None
        self._message: ChatMessage | None = None

    def stamped(self, chunk: Any) -> Any:
        if not isinstance(chunk, (ChatResponse, CompletionResponse)):
            return chunk
        self._usage = usage_of(chunk) or self._usage
        self._message = chunk.message if isinstance(chunk, ChatResponse) else None
        return stamped(chunk, self._stamp)

    def end(self, probe: UsageProbe) -> None:
        answered = self._routing.answered(self._decision, self._usage or probe.usage, self._message)
        self._stamp["actual_cost"] = answered.actual_cost
