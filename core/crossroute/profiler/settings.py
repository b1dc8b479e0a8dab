"""Settings of a profiling run, its estimated cost, and the pace of its calls."""

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
"""Output tokens of an answer by a model that comes to the point, and by one that reasons at length."""


class ProfilingSettings(BaseModel):
    """How a model is asked.

    Attributes:
        concurrency: Calls under way at once.
        requests_per_minute: Calls begun in a minute, at most; None for no limit.
        attempts: Calls for one query where errors are transient, before the run stops.
        longest_wait: Seconds between two of these, unless the provider asks for more.
        max_cost: USD, those of earlier runs into the same file included, at which the run stops; None for none.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    concurrency: int = Field(default=8, ge=1, le=256)
    requests_per_minute: float | None = Field(default=None, gt=0, allow_inf_nan=False)
    attempts: int = Field(default=8, ge=1)
    longest_wait: float = Field(default=60.0, ge=0, allow_inf_nan=False)
    max_cost: float | None = Field(default=None, gt=0, allow_inf_nan=False)


class Estimate(BaseModel):
    """What some queries will take.

    Attributes:
        queries: How many.
        input_tokens: Of all together.
        least: USD, where the model is terse.
        most: USD, where it reasons at length.
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
    """What may be spent, by one run or by several at once; calls under way count as what they are expected to cost.

    Args:
        limit: USD, what was spent before included; None for no limit.
        spent: USD that earlier runs have spent.
    """

    def __init__(self, limit: float | None = None, spent: float = 0.0) -> None:
        self.limit, self.spent = limit, spent
        self._under_way = 0.0
        self._guard = threading.Lock()

    def reserve(self, expected: float) -> bool:
        """Set aside what a call is expected to cost; return whether there is so much left."""
        with self._guard:
            if self.limit is not None and self.spent + self._under_way + expected > self.limit:
                return False
            self._under_way += expected
            return True

    def release(self, expected: float) -> None:
        """Set what was set aside free, once its call has ended."""
        with self._guard:
            self._under_way -= expected

    def pay(self, cost: float) -> None:
        """Count what a call has cost."""
        with self._guard:
            self.spent += cost


class Pace:
    """When the next call may start; for the tasks of one event loop.

    Args:
        requests_per_minute: At most; None for no limit.
        clock: Seconds on a clock that never goes back.
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
        """Let no call start for so long."""
        self._held_until = max(self._held_until, self._clock() + seconds)

    def wait(self) -> float:
        """Return the seconds until the caller may start; 0 takes the turn."""
        now = self._clock()
        wait = max(self._next, self._held_until) - now
        if wait <= 0:
            self._next = now + self._spacing
            return 0.0
        return wait

    async def turn(self) -> None:
        """Return when the caller may start."""
        while wait := self.wait():
            await asyncio.sleep(wait)
