"""The pace of calls to one provider: so many a minute, and none while it asks to wait."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable


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
