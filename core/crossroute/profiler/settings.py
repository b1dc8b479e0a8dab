"""Settings of a profiling run: estimated cost, spending limit and rate limit."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Sequence

from pydantic import BaseModel, ConfigDict, Field

from crossroute.candidate import Price
from crossroute.profiler.questions import GradedQuery
from crossroute.tokens import estimate_tokens

TERSE, THINKING = 40, 1000
"""Output tokens per answer of a terse model, and of one that reasons at length."""


class ProfilingSettings(BaseModel):
    """Settings of a profiling run.

    Attributes:
        concurrency: Most concurrent calls.
        requests_per_minute: Most calls per minute; None for no limit.
        attempts: Most attempts per query after transient errors, before the run stops.
        longest_wait: Longest wait between attempts, in seconds, unless the provider requests more.
        max_cost: Spending limit, USD, including earlier runs into the same file; None for no limit.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    concurrency: int = Field(default=8, ge=1, le=256)
    requests_per_minute: float | None = Field(default=None, gt=0, allow_inf_nan=False)
    attempts: int = Field(default=8, ge=1)
    longest_wait: float = Field(default=60.0, ge=0, allow_inf_nan=False)
    max_cost: float | None = Field(default=None, gt=0, allow_inf_nan=False)


class Estimate(BaseModel):
    """Estimated cost of asking queries.

    Attributes:
        queries: Number of queries.
        input_tokens: Their total input tokens.
        least: USD for a terse model.
        most: USD for a model that reasons at length.
    """

    model_config = ConfigDict(frozen=True)

    queries: int
    input_tokens: int
    least: float
    most: float

    @classmethod
    def of(cls, queries: Sequence[GradedQuery], price: Price) -> Estimate:
        """Estimate from the queries' texts.

        >>> from crossroute.profiler.questions import calibration_set
        >>> Estimate.of(calibration_set(), Price(input=0.25, output=2)).least < 0.05
        True
        """
        read = sum(estimate_tokens(query.text) for query in queries)
        least, most = (
            price.cost(input_tokens=read, output_tokens=len(queries) * written)
            for written in (TERSE, THINKING)
        )
        return cls(queries=len(queries), input_tokens=read, least=least, most=most)

    def __str__(self) -> str:
        if not self.most:
            return f"{self.queries} queries, {self.input_tokens:,} input tokens, at no charge"
        return (
            f"{self.queries} queries, {self.input_tokens:,} input tokens: ${self.least:.2g} for terse answers, "
            f"${self.most:.2g} where the model reasons at length"
        )


class Purse:
    """A spending limit shared by concurrent runs; calls in progress count at their expected cost.

    Args:
        limit: USD, including `spent`; None for no limit.
        spent: USD spent by earlier runs.
    """

    def __init__(self, limit: float | None = None, spent: float = 0.0) -> None:
        self.limit, self.spent = limit, spent
        self._under_way = 0.0
        self._guard = threading.Lock()

    def reserve(self, expected: float) -> bool:
        """Reserve the expected cost of a call, USD; return whether enough is left."""
        with self._guard:
            if self.limit is not None and self.spent + self._under_way + expected > self.limit:
                return False
            self._under_way += expected
            return True

    def release(self, expected: float) -> None:
        """Release a reservation, once its call has ended."""
        with self._guard:
            self._under_way -= expected

    def pay(self, cost: float) -> None:
        """Count the cost of a call, USD."""
        with self._guard:
            self.spent += cost


class Pace:
    """A rate limit for the tasks of one event loop.

    Args:
        requests_per_minute: Most calls per minute; None for no limit.
        clock: Returns seconds of a monotonic clock.
    """

    def __init__(
        self, requests_per_minute: float | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        if requests_per_minute is not None and not requests_per_minute > 0:
            raise ValueError(f"requests_per_minute must be greater than 0, got {requests_per_minute!r}.")
        self._spacing = 60 / requests_per_minute if requests_per_minute else 0.0
        self._clock = clock
        self._next = self._held_until = float("-inf")

    def hold(self, seconds: float) -> None:
        """Let no call start for so many seconds."""
        self._held_until = max(self._held_until, self._clock() + seconds)

    def wait(self) -> float:
        """Return the seconds until a call may start; 0 starts it."""
        now = self._clock()
        wait = max(self._next, self._held_until) - now
        if wait <= 0:
            self._next = now + self._spacing
            return 0.0
        return wait

    async def turn(self) -> None:
        """Wait until a call may start."""
        while wait := self.wait():
            await asyncio.sleep(wait)
