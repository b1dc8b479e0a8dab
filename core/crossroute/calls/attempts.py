"""The attempts of one call: who is called first, and who when that one fails."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterator
from contextlib import suppress
from typing import TypeVar

from crossroute.calls.closing import aclosing, closing
from crossroute.calls.cooldowns import Cooldowns
from crossroute.calls.failover import failure_of, is_timeout, retry_after
from crossroute.decision import Decision

T = TypeVar("T")

MAX_ATTEMPTS, MAX_ROUNDS = 8, 4
FIRST_PAUSE_S = 0.1


class Attempts:
    """One call, made to the decision's eligible candidates in turn until one answers.

    They are called by reward, those that cool down last. Where all failed and attempts are left, another
    round begins after a pause (0.1 s, 0.2 s, 0.4 s; four rounds at most), without those that timed out. A
    permanent error is raised at once; of transient ones the last, as it was, with `crossroute_failures` and
    notes.

    Each method takes what calls a candidate: a function of the decision as it stands, whose `candidate` is to
    be called and whose `failures` tell who was called before.

    Args:
        decision: What was decided.
        cooldowns: Who failed lately, in any call.
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

    def call(self, do: Callable[[Decision], T]) -> T:
        """Return the first answer."""
        while True:
            try:
                answer = do(self.decision)
            except Exception as error:
                pause = self._failed(error)
                if pause is None:
                    raise
                time.sleep(pause)
            else:
                self.cooldowns.clear(self.decision.candidate)
                return answer

    async def acall(self, do: Callable[[Decision], Awaitable[T]]) -> T:
        """Return the first answer, awaited."""
        while True:
            try:
                answer = await do(self.decision)
            except Exception as error:
                pause = self._failed(error)
                if pause is None:
                    raise
                await asyncio.sleep(pause)
            else:
                self.cooldowns.clear(self.decision.candidate)
                return answer

    def stream(self, do: Callable[[Decision], Iterator[T]]) -> Iterator[T]:
        """Yield the chunks of the first stream that begins; once it has begun, its errors are raised."""
        while True:
            begun = False
            try:
                with closing(do(self.decision)) as chunks:
                    for chunk in chunks:
                        begun = True
                        yield chunk
            except Exception as error:
                pause = self._failed(error)
                if begun or pause is None:
                    raise
                time.sleep(pause)
            else:
                self.cooldowns.clear(self.decision.candidate)
                return

    async def astream(self, do: Callable[[Decision], AsyncIterator[T]]) -> AsyncGenerator[T, None]:
        """Yield the chunks of the first stream that begins, asynchronously."""
        while True:
            begun = False
            try:
                async with aclosing(do(self.decision)) as chunks:
                    async for chunk in chunks:
                        begun = True
                        yield chunk
            except Exception as error:
                pause = self._failed(error)
                if begun or pause is None:
                    raise
                await asyncio.sleep(pause)
            else:
                self.cooldowns.clear(self.decision.candidate)
                return

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
        ready = [name for name in self._waiting if not self.cooldowns.remaining(name)]
        name = (ready or self._waiting)[0]
        self._waiting.remove(name)
        if name != self.decision.candidate:
            self.decision = self.decision.switched(name, reason)

    def _tell(self, error: Exception) -> None:
        """Leave on the error what failed before it."""
        if len(self.decision.failures) < 2:
            return
        with suppress(AttributeError):  # some errors take no attributes, and Python 3.10 no notes
            error.crossroute_failures = self.decision.failures  # type: ignore[attr-defined]
            for failure in self.decision.failures[:-1]:
                error.add_note(f"Before it, {failure}: {failure.message}")
