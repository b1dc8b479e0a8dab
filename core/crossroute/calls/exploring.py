"""Exploring: trying candidates out within a daily budget."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime, timezone

from crossroute.decision import Decision
from crossroute.routing.exploration import Exploration, explore


class Explorer:
    """Tries candidates out while the day's money lasts; safe to share between threads.

    A call that is tried out counts at its predicted cost, so that no day's predictions exceed the budget.

    Args:
        settings: How much is tried out.
        today: Returns the day, by default that of UTC.
    """

    def __init__(self, settings: Exploration, today: Callable[[], str] | None = None) -> None:
        self.settings = settings
        self._today = today or (lambda: datetime.now(timezone.utc).date().isoformat())
        self._lock = threading.Lock()
        self._day, self._spent = "", 0.0

    def explored(self, decision: Decision) -> Decision:
        """Return the decision, or one for a candidate that is tried out; see `explore`."""
        with self._lock:
            if self._day != (today := self._today()):
                self._day, self._spent = today, 0.0
            tried = explore(decision, self.settings.share, self.settings.usd_a_day - self._spent)
            if tried.candidate != decision.candidate:
                self._spent += tried.cost
        return tried
