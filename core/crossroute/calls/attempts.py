"""Attempts: call a candidate, and after a failure the next one."""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections import Counter, deque
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import suppress
from typing import Any, TypeVar

from crossroute.calls.blame import find_fault
from crossroute.calls.closing import aclosing, aread_and_close, closing, read_and_close
from crossroute.calls.failures import LONGEST_S, Cooldowns, describe_failure
from crossroute.calls.faults import CONTENT, TIMEOUT, UNREADABLE, WINDOW, Fault, note
from crossroute.calls.settings import MAX_ATTEMPTS
from crossroute.calls.steps import Pause, Steps, adrive, drive
from crossroute.calls.tail import Tail
from crossroute.calls.waits import read_wait
from crossroute.decision import Decision

T = TypeVar("T")

LOG = logging.getLogger("crossroute.calls")

LEAST_TRIES = 2
"""Tries of a candidate that went down during the call: its failures may be those of concurrent calls."""

MOST_FAULTS = {TIMEOUT: 3, UNREADABLE: 5}
"""Per candidate and call: a timeout lasts as long as its client waits, an unreadable answer may be paid for."""

FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.1, 1.0
LONGEST_WAIT_S = 10.0
"""Seconds; a provider that requests a longer wait is not called again in the same call."""


class Attempts:
    """One call, made to the decision's eligible candidates in turn until one answers.

    They are called by reward, those that cool down last. If all failed and attempts are left, another round begins
    after a pause (0.1 s, doubled each time, at most 1 s, randomly shortened by up to half; longer if all providers
    request it). An error that is the request's fault is raised at once. A member that would fail again (its key, its
    context window, an unsupported argument) is excluded from the rest of the call. If every remaining candidate
    has failed many times in a row, in this call or others, no further round begins. The last error is raised
    unchanged, with `crossroute_failures` and a note of the earlier ones.

    Each method takes a function of the current decision, which has the candidate to call and the failures so far. It
    returns the steps of the call, or those that open the candidate's stream.

    Args:
        decision: The decision.
        cooldowns: Recent failures of candidates, in any call.
        max_attempts: Most attempts, over all candidates.
        insist: Call the decision's candidate first even while it cools down.
        windows: Candidate -> its context window in tokens, if known; after one that is too small, only
            larger ones are called.
        past_filters: Whether to call another model after a content filter, instead of raising its error.

    Raises:
        ValueError: `max_attempts` is below 1.
    """

    def __init__(
        self,
        decision: Decision,
        cooldowns: Cooldowns,
        *,
        max_attempts: int = MAX_ATTEMPTS,
        insist: bool = False,
        windows: Mapping[str, int] | None = None,
        past_filters: bool = False,
    ) -> None:
        if max_attempts < 1:
            raise ValueError(f"max_attempts must be at least 1, got {max_attempts!r}.")
        self.decision = decision
        self.cooldowns = cooldowns
        self._left, self._windows, self._past_filters = max_attempts, windows or {}, past_filters
        self._listed = False  # where the first answers, the others are not needed
        self._names: list[str] = []
        self._waiting: list[str] = []
        self._pause = FIRST_PAUSE_S
        self._waits: dict[str, float] = {}  # seconds that providers ask for
        self._began = cooldowns.now()  # of the attempt that runs
        self._down = frozenset(filter(cooldowns.is_down, tuple(cooldowns.failed)))
        self._tried: Counter[str] = Counter()
        self._faults: Counter[tuple[str, Fault]] = Counter()
        if not insist and decision.candidate in cooldowns.failed:
            self._waiting = self._list().copy()
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

    def stream(
        self,
        opening: Callable[[Decision], Steps[tuple[Callable[[], Iterator[T]], Tail[T]]]],
        do: Callable[[Any], Any],
    ) -> Iterator[T]:
        """Yield the chunks of the first stream that begins; once it has begun, its errors are raised.

        A stream begins with its first content; chunks before it are held back.

        Args:
            opening: A decision -> the steps to the function that returns its candidate's stream, and to the tail for
                its chunks.
            do: Performs the steps that wait for a model; see `steps.drive`.
        """
        while True:
            begun, empty, held = False, True, deque[T]()
            try:
                source, tail = drive(opening(self.decision), do)
                with tail, closing(read_and_close(source(), tail.opened)) as chunks:
                    for chunk in chunks:
                        empty = False
                        begun = tail.entry.begun = begun or tail.shows(chunk)
                        held.extend(tail.take(chunk))
                        while begun and held:
                            yield held.popleft()
                    tail.check(empty=empty)
                yield from (*held, *tail.end())
            except Exception as error:
                pause = self._failed(error, begun=begun)
                if pause is None:
                    raise
                time.sleep(pause)
            else:
                return self._answered()

    async def astream(
        self,
        opening: Callable[[Decision], Steps[tuple[Callable[[], AsyncIterator[T]], Tail[T]]]],
        do: Callable[[Any], Awaitable[Any]],
    ) -> AsyncGenerator[T, None]:
        """Yield the chunks of the first stream that begins, asynchronously."""
        while True:
            begun, empty, held = False, True, deque[T]()
            try:
                source, tail = await adrive(opening(self.decision), do)
                with tail:
                    async with aclosing(aread_and_close(source(), tail.opened)) as chunks:
                        async for chunk in chunks:
                            empty = False
                            begun = tail.entry.begun = begun or tail.shows(chunk)
                            held.extend(tail.take(chunk))
                            while begun and held:
                                yield held.popleft()
                    tail.check(empty=empty)
                for passed in (*held, *tail.end()):
                    yield passed
            except Exception as error:
                pause = self._failed(error, begun=begun)
                if pause is None:
                    raise
                await asyncio.sleep(pause)
            else:
                self._answered()
                return

    def raises(self, fault: Fault) -> bool:
        """Return whether an error is raised at once: the request's fault, unless it is a filter to go past."""
        return fault.party == "request" and not (fault is CONTENT and self._past_filters)

    def _answered(self) -> None:
        if self.decision.candidate in self.cooldowns.failed:
            self.cooldowns.clear(self.decision.candidate)

    def _failed(self, error: Exception, *, begun: bool = False) -> float | None:
        """Record an error, and return the pause before the next attempt, or None if there is none."""
        if not self._listed:
            self._waiting = self._list()[1:]
        name, fault = self.decision.candidate, find_fault(error)
        failure = describe_failure(name, error)
        self.decision = self.decision.model_copy(update={"failures": (*self.decision.failures, failure)})
        self._left -= 1
        self._tried[name] += 1
        if fault.cools:
            wait = read_wait(error) if fault.again else LONGEST_S
            self._waits[name] = wait or 0.0
            self.cooldowns.fail(name, wait, began=self._began)
        self._leave_out(name, fault)
        over = begun or not self._left or self.raises(fault)
        pause = None if over else self._paused()
        if pause is None:
            self._tell(error)
            return None
        self._next(f"{name} failed")
        self._began = self.cooldowns.now() + pause
        LOG.warning(
            "%s: %s, the %s's fault; next is %s", failure, fault.kind, fault.party, self.decision.candidate
        )
        return pause

    def _list(self) -> list[str]:
        """List those that may be called, the decision's candidate first."""
        self._listed = True
        self._names = list(dict.fromkeys((self.decision.candidate, *self.decision.eligible)))
        return self._names

    def _leave_out(self, name: str, fault: Fault) -> None:
        """Leave out of this call the candidates that would fail in the same way."""
        failing = {name} if not fault.again else set()
        self._faults[name, fault] += 1
        if self._faults[name, fault] >= MOST_FAULTS.get(fault, MAX_ATTEMPTS):
            failing |= {name}
        if fault is WINDOW and name in self._windows:
            small = self._windows[name]
            failing |= {other for other in self._names if self._windows.get(other, small + 1) <= small}
        self._names = [other for other in self._names if other not in failing]
        self._waiting = [other for other in self._waiting if other not in failing]

    def _paused(self) -> float | None:
        """Return the seconds until the next attempt, 0 within a round; None if no further round begins."""
        if self._waiting:
            return 0.0
        self._names = [name for name in self._names if self._waits.get(name, 0.0) <= LONGEST_WAIT_S]
        if all(map(self._is_down, self._names)):
            return None
        self._waiting = self._names.copy()
        pause, self._pause = self._pause, min(2 * self._pause, LONGEST_PAUSE_S)
        asked = min(self._waits.get(name, 0.0) for name in self._names)
        return max(pause * random.uniform(0.5, 1), asked)

    def _is_down(self, name: str) -> bool:
        tried_enough = name in self._down or self._tried[name] >= LEAST_TRIES
        return tried_enough and self.cooldowns.is_down(name)

    def _next(self, reason: str) -> None:
        """Switch to the next candidate of the round: by reward, those that cool down last."""
        failed = self.cooldowns.failed
        ready = (name for name in self._waiting if name not in failed or not self.cooldowns.remaining(name))
        name = next(ready, self._waiting[0])
        self._waiting.remove(name)
        if name != self.decision.candidate:
            self.decision = self.decision.switched(name, reason)

    def _tell(self, error: Exception) -> None:
        """Attach the failures of the call to its error, those before it in one note."""
        note(error, failures=self.decision.failures)
        before = Counter(f"{failure}: {failure.message}" for failure in self.decision.failures[:-1])
        times = (f"{one} ({count} times)" if count > 1 else one for one, count in before.items())
        with suppress(AttributeError):  # some errors take no attributes, and Python 3.10 no notes
            if before:
                error.add_note(f"Before it, {'; '.join(times)}")
