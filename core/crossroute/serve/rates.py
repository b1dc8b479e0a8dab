"""Rates: requests and tokens a minute, by key."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import NamedTuple, Protocol

from crossroute.budgets.state import name_account
from crossroute.cache import Lock

MINUTE = 60.0
COUNTED = 100_000
"""Counters that are kept before old ones are dropped."""


class Counters(Protocol):
    """Numbers by name that expire."""

    def add(self, name: str, amount: int) -> int:
        """Add to a number, and return it."""
        ...

    def read(self, name: str) -> int:
        """Return a number."""
        ...


class LocalCounters:
    """Numbers of this process."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._counts: dict[str, int] = {}

    def add(self, name: str, amount: int) -> int:
        """Add to a number, and return it."""
        with self._lock:
            if len(self._counts) > COUNTED:
                self._counts.clear()
            self._counts[name] = self._counts.get(name, 0) + amount
            return self._counts[name]

    def read(self, name: str) -> int:
        """Return a number."""
        return self._counts.get(name, 0)


class Allowance(NamedTuple):
    """Whether an amount fits within a rate.

    Attributes:
        left: The rest of the rate in this minute.
        wait: Seconds until there is room again; 0 if there is.
    """

    left: int
    wait: float


class Rates:
    """Counts in a sliding window of a minute: the minute before counts by its share of the window.

    Args:
        counters: The store of the counts.
        clock: Seconds since 1970.

    >>> rates = Rates(LocalCounters(), clock=lambda: 0.0)
    >>> [rates.take("ann", 1, 2).wait for _ in range(3)]
    [0.0, 0.0, 60.0]
    """

    def __init__(self, counters: Counters, clock: Callable[[], float] = time.time) -> None:
        self._counters, self._clock = counters, clock

    def take(self, name: str, amount: int, limit: int) -> Allowance:
        """Count an amount if it fits within a limit per minute."""
        minute, gone = divmod(self._clock(), MINUTE)
        before = self._counters.read(name_account(name, minute - 1)) * (1 - gone / MINUTE)
        now = self._counters.add(name_account(name, minute), amount)
        left = limit - before - now
        if left >= 0 or now == amount > limit:  # one that is larger than the limit itself goes alone
            return Allowance(max(0, int(left)), 0.0)
        self._counters.add(name_account(name, minute), -amount)
        return Allowance(max(0, int(left + amount)), MINUTE - gone)

    def settle(self, name: str, difference: int) -> None:
        """Count the difference between an actual amount and the one that was taken."""
        if difference:
            self._counters.add(name_account(name, self._clock() // MINUTE), difference)
