"""Cooldowns: a candidate that failed a moment ago is called last."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

FIRST_S, LONGEST_S = 5.0, 300.0


class Cooldowns:
    """How long each candidate that failed is still avoided; safe to share between threads.

    The first failure counts `first` seconds and each further one twice as long as the one before, to at most
    `longest`; what the provider asks for itself (Retry-After) counts where it is longer. A success clears
    all. Failures within a cooldown, such as those of calls that ran at once, count as one.

    Args:
        first: Seconds after a first failure.
        longest: Seconds after many.
        clock: Seconds on a clock that never goes back.
    """

    def __init__(
        self,
        first: float = FIRST_S,
        longest: float = LONGEST_S,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        if not 0 <= first <= longest:
            raise ValueError(f"Expected 0 <= first <= longest seconds, got {first!r} and {longest!r}.")
        self.first, self.longest, self._clock = first, longest, clock
        self._lock = threading.Lock()
        self._failures: dict[str, int] = {}
        self._until: dict[str, float] = {}

    def fail(self, candidate: str, retry_after: float | None = None) -> None:
        """Begin a cooldown, or lengthen the one that runs."""
        with self._lock:
            now, until = self._clock(), self._until.get(candidate, 0.0)
            if now >= until:
                self._failures[candidate] = self._failures.get(candidate, 0) + 1
                doublings = min(self._failures[candidate] - 1, 30)
                until = now + min(self.first * 2**doublings, self.longest)
            self._until[candidate] = max(until, now + (retry_after or 0.0))

    def clear(self, candidate: str) -> None:
        """End a candidate's cooldown and forget its failures."""
        with self._lock:
            self._until.pop(candidate, None)
            self._failures.pop(candidate, None)

    def remaining(self, candidate: str) -> float:
        """Return the seconds until a candidate has cooled down; 0 where it has."""
        with self._lock:
            return max(0.0, self._until.get(candidate, 0.0) - self._clock())
