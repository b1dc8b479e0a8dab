"""Attempts: which candidate is called first, and which one after a failure.

What a call does is written once, as a generator that yields a step wherever it waits: for a model, for a pause, for
work that would block an event loop. A driver, synchronous or asynchronous, performs each step and sends its result,
or throws its error, into the generator.
"""

from __future__ import annotations

import asyncio
import inspect
import time
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Generator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from functools import partial
from typing import Any, Generic, NamedTuple, TypeAlias, TypeVar

from typing_extensions import Self

from crossroute.calls.failures import Cooldowns, failure_of, is_timeout, retry_after
from crossroute.calls.ledger import Entry
from crossroute.decision import Decision

T = TypeVar("T")

MAX_ATTEMPTS, MAX_ROUNDS = 8, 4
FIRST_PAUSE_S = 0.1


class Ask(NamedTuple):
    """Wait for a model's answer: the driver calls its function with the subject."""

    subject: Any


class Run(NamedTuple):
    """Wait for a function; an asynchronous driver awaits it, or runs it in a thread."""

    function: Callable[..., Any]
    arguments: tuple[Any, ...] = ()


class Pause(NamedTuple):
    """Wait for some seconds."""

    seconds: float


Steps: TypeAlias = Generator[Ask | Run | Pause, Any, T]
"""The steps of something that returns a T in the end."""


def ask(subject: Any) -> Steps[Any]:
    """Return the one step to an answer of the subject."""
    return (yield Ask(subject))


def drive(steps: Steps[T], do: Callable[[Any], Any]) -> T:
    """Perform the steps and return what they return."""
    proceed: Callable[[], Ask | Run | Pause] = partial(next, steps)
    try:
        while True:
            step = proceed()
            try:
                proceed = partial(steps.send, _performed(step, do))
            except BaseException as error:
                proceed = partial(steps.throw, error)
    except StopIteration as end:
        return end.value  # type: ignore[no-any-return]
    finally:
        del proceed  # it may hold an error, and the error's traceback this frame


async def adrive(steps: Steps[T], do: Callable[[Any], Awaitable[Any]]) -> T:
    """Perform the steps, awaited, and return what they return."""
    proceed: Callable[[], Ask | Run | Pause] = partial(next, steps)
    try:
        while True:
            step = proceed()
            try:
                proceed = partial(steps.send, await _aperformed(step, do))
            except BaseException as error:
                proceed = partial(steps.throw, error)
    except StopIteration as end:
        return end.value  # type: ignore[no-any-return]
    finally:
        del proceed


class Tail(Generic[T]):
    """What the chunks of a stream pass on their way to the caller; it counts the stream in the ledger.

    Args:
        entry: The stream's, in the ledger.
    """

    def __init__(self, entry: Entry) -> None:
        self.entry = entry

    def __enter__(self) -> Self:
        self.entry.__enter__()
        return self

    def __exit__(self, *raised: Any) -> None:
        self.entry.__exit__(*raised)

    def take(self, chunk: T) -> Iterator[T]:
        """Yield the chunks to pass on after this one came."""
        self.entry.begun = True
        yield chunk

    def end(self) -> Iterator[T]:
        """Yield the chunks that were held back, once the stream has ended as planned."""
        yield from ()


class Attempts:
    """One call, made to the decision's eligible candidates in turn until one answers.

    They are called by reward, those that cool down last. Where all failed and attempts are left, another
    round begins after a pause (0.1 s, 0.2 s, 0.4 s; four rounds at most), without those that timed out. A
    permanent error is raised at once; of transient ones the last, as it was, with `crossroute_failures` and
    notes.

    Each method takes a function of the decision as it stands, with the candidate to call and the failures so far:
    one that calls the candidate, or returns the steps of the call, or what opens its stream.

    Args:
        decision: What was decided.
        cooldowns: Which candidates failed lately, in any call.
        max_attempts: At most, over all candidates.
        insist: Call the decision's candidate first even while it cools down.

    Raises:
        ValueError: `max_attempts` is under 1.
    """

    def __init__(
        self,
        decision: Decision,
        cooldowns: Cooldowns,
        *,
        max_attempts: int = MAX_ATTEMPTS,
        insist: bool = False,
    ) -> None:
        if max_attempts < 1:
            raise ValueError(f"max_attempts must be at least 1, got {max_attempts!r}.")
        self.decision = decision
        self.cooldowns = cooldowns
        self._left, self._rounds = max_attempts, MAX_ROUNDS
        self._names = list(dict.fromkeys((decision.candidate, *decision.eligible)))
        self._waiting = self._names.copy()
        self._pause = FIRST_PAUSE_S
        if insist:
            self._waiting.remove(decision.candidate)
        else:
            self._next(f"{decision.candidate} cools down after a failure")

    def steps(self, asking: Callable[[Decision], Steps[T]]) -> Steps[T]:
        """Return the steps to the first answer, made of those of each attempt."""
        while True:
            try:
                answer = yield from asking(self.decision)
            except Exception as error:
                pause = self._failed(error)
                if pause is None:
                    raise
            else:
                self._answered()
                return answer
            yield Pause(pause)

    def call(self, do: Callable[[Decision], T]) -> T:
        """Return the first answer."""
        answer: T = drive(self.steps(ask), do)
        return answer

    async def acall(self, do: Callable[[Decision], Awaitable[T]]) -> T:
        """Return the first answer, awaited."""
        answer: T = await adrive(self.steps(ask), do)
        return answer

    def stream(self, opening: Callable[[Decision], tuple[Callable[[], Iterator[T]], Tail[T]]]) -> Iterator[T]:
        """Yield the chunks of the first stream that begins; once it has begun, its errors are raised.

        Args:
            opening: A decision -> what opens its candidate's stream, and the tail that the chunks pass.
        """
        while True:
            begun = False
            try:
                source, tail = opening(self.decision)
                with tail, closing(source()) as chunks:
                    for chunk in chunks:
                        for passed in tail.take(chunk):
                            begun = True
                            yield passed
                yield from tail.end()
            except Exception as error:
                pause = self._failed(error)
                if begun or pause is None:
                    raise
                time.sleep(pause)
            else:
                return self._answered()

    async def astream(
        self, opening: Callable[[Decision], Awaitable[tuple[Callable[[], AsyncIterator[T]], Tail[T]]]]
    ) -> AsyncGenerator[T, None]:
        """Yield the chunks of the first stream that begins, asynchronously."""
        while True:
            begun = False
            try:
                source, tail = await opening(self.decision)
                with tail:
                    async with aclosing(source()) as chunks:
                        async for chunk in chunks:
                            for passed in tail.take(chunk):
                                begun = True
                                yield passed
                for passed in tail.end():
                    yield passed
            except Exception as error:
                pause = self._failed(error)
                if begun or pause is None:
                    raise
                await asyncio.sleep(pause)
            else:
                self._answered()
                return

    def _answered(self) -> None:
        if self.decision.candidate in self.cooldowns.failed:
            self.cooldowns.clear(self.decision.candidate)

    def _failed(self, error: Exception) -> float | None:
        """Record an error and return the pause before the next attempt, or None where there is none."""
        name = self.decision.candidate
        failure = failure_of(name, error)
        self.decision = self.decision.model_copy(update={"failures": (*self.decision.failures, failure)})
        self._left -= 1
        if failure.transient:
            self.cooldowns.fail(name, retry_after(error))
        if is_timeout(error):
            self._names.remove(name)
        if not self._waiting:
            self._rounds -= 1
        exhausted = not self._left or not self._rounds or not (self._waiting or self._names)
        if exhausted or not failure.transient:
            self._tell(error)
            return None
        pause = 0.0
        if not self._waiting:
            self._waiting, pause = self._names.copy(), self._pause
            self._pause *= 2
        self._next(f"{name} failed")
        return pause

    def _next(self, reason: str) -> None:
        """Turn to the next candidate of the round: by reward, those that cool down last."""
        failed = self.cooldowns.failed
        ready = (name for name in self._waiting if name not in failed or not self.cooldowns.remaining(name))
        name = next(ready, self._waiting[0])
        self._waiting.remove(name)
        if name != self.decision.candidate:
            self.decision = self.decision.switched(name, reason)

    def _tell(self, error: Exception) -> None:
        """Attach earlier failures to the error."""
        if len(self.decision.failures) < 2:
            return
        with suppress(AttributeError):  # some errors take no attributes, and Python 3.10 no notes
            error.crossroute_failures = self.decision.failures  # type: ignore[attr-defined]
            for failure in self.decision.failures[:-1]:
                error.add_note(f"Before it, {failure}: {failure.message}")


@contextmanager
def closing(chunks: T) -> Iterator[T]:
    """Close a stream in the end, if it has `close`.

    >>> with closing(iter("ab")) as chunks:
    ...     next(chunks)
    'a'
    """
    close: Any = getattr(chunks, "close", None)
    try:
        yield chunks
    finally:
        if close is not None:
            close()


@asynccontextmanager
async def aclosing(chunks: T) -> AsyncIterator[T]:
    """Close an asynchronous stream in the end, if it has `aclose`."""
    aclose: Any = getattr(chunks, "aclose", None)
    try:
        yield chunks
    finally:
        if aclose is not None:
            await aclose()


def _performed(step: Ask | Run | Pause, do: Callable[[Any], Any]) -> Any:
    if isinstance(step, Ask):
        return do(step.subject)
    if isinstance(step, Pause):
        return time.sleep(step.seconds)
    result = step.function(*step.arguments)
    if inspect.isawaitable(result):
        if inspect.iscoroutine(result):
            result.close()
        raise TypeError("A check or judge that is a coroutine function serves asynchronous calls only.")
    return result


async def _aperformed(step: Ask | Run | Pause, do: Callable[[Any], Awaitable[Any]]) -> Any:
    if isinstance(step, Ask):
        return await do(step.subject)
    if isinstance(step, Pause):
        return await asyncio.sleep(step.seconds)
    if inspect.iscoroutinefunction(step.function):
        return await step.function(*step.arguments)
    result = await asyncio.to_thread(step.function, *step.arguments)
    return await result if inspect.isawaitable(result) else result
