"""Exploration: choose a candidate that may be as good, at random and with a recorded probability.

A candidate that is never chosen gives no data. A share of the choices therefore goes to candidates with a reward
within the predicted error of the best one; the propensity of each is recorded for off-policy estimates
(traffic/estimates.py).
"""

from __future__ import annotations

import math
import random
import threading
from collections.abc import Callable
from datetime import datetime, timezone

from pydantic import BaseModel, ConfigDict, Field

from crossroute.decision import Alternative, Decision
from crossroute.reward import LEAST_QUALITY


class Exploration(BaseModel):
    """Settings of exploration.

    Attributes:
        share: Share of the choices that is spread over candidates that may be as good, in [0, 1).
        usd_a_day: Limit on the cost of explored calls in a day (UTC), in each process.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    share: float = Field(default=0.05, ge=0, lt=1)
    usd_a_day: float = Field(default=1.0, ge=0, allow_inf_nan=False)

    @classmethod
    def of(cls, value: Exploration | float | None) -> Exploration | None:
        """Return settings from an instance or a share; None if nothing is explored."""
        if value is None or isinstance(value, Exploration):
            return value if value is not None and value.share else None
        return cls(share=value) if value else None


def explore(
    decision: Decision,
    share: float,
    most_usd: float = math.inf,
    draw: Callable[[], float] = random.random,
) -> Decision:
    """Return the decision, or at random one for a candidate that may be as good, with its propensity.

    The chosen candidate has the propensity 1 - share; the rest is spread evenly over the eligible candidates with a
    reward that reaches the chosen one's if their quality is one standard error higher, the error of both qualities
    together. A decision with a quality floor is not explored.

    Args:
        decision: Returned by a router.
        share: In [0, 1).
        most_usd: Candidates with a higher predicted cost are not explored, USD.
        draw: Returns a random number in [0, 1).

    Raises:
        ValueError: The share is out of range.
    """
    if not 0 <= share < 1:
        raise ValueError(f"exploration must be in [0, 1), got {share!r}.")
    if not share or decision.floor is not None:
        return decision
    chosen = next((a for a in decision.alternatives if a.candidate == decision.candidate), None)
    if chosen is None or math.isnan(chosen.reward):
        return decision
    others = [
        a.candidate
        for a in decision.alternatives
        if a is not chosen and a.excluded is None and a.cost <= most_usd
        if _optimistic_reward(a, chosen, decision.reward) >= chosen.reward
    ]
    if not others:
        return decision
    each = share / len(others)
    propensities = {chosen.candidate: 1 - share} | dict.fromkeys(others, each)
    place = draw()
    if place >= share:
        return decision.model_copy(update={"propensity": 1 - share, "propensities": propensities})
    name = others[min(int(place / each), len(others) - 1)]
    tried = decision.switched(name, f"explored: it may be as good as {chosen.candidate}")
    return tried.model_copy(update={"propensity": each, "propensities": propensities})


def _optimistic_reward(alternative: Alternative, chosen: Alternative, reward: str) -> float:
    """Return the reward of an alternative if its quality were one standard error higher."""
    errors = [0.0 if math.isnan(a.quality_error) else a.quality_error for a in (alternative, chosen)]
    error = math.hypot(*errors)
    if reward == "linear":
        return alternative.reward + error
    quality = max(alternative.quality, LEAST_QUALITY)
    return alternative.reward + math.log(min(1.0, quality + error) / quality)


class Explorer:
    """Explore within a daily limit; safe to share between threads.

    Explored calls count at their predicted cost.

    Args:
        settings: Share and daily limit.
        today: Returns the current day; in UTC by default.
    """

    def __init__(self, settings: Exploration, today: Callable[[], str] | None = None) -> None:
        self.settings = settings
        self._today = today or (lambda: datetime.now(timezone.utc).date().isoformat())
        self._lock = threading.Lock()
        self._day, self._sum_cost = "", 0.0

    def explored(self, decision: Decision) -> Decision:
        """Return the decision, or one for an explored candidate; see `explore`."""
        with self._lock:
            if self._day != (today := self._today()):
                self._day, self._sum_cost = today, 0.0
            tried = explore(decision, self.settings.share, self.settings.usd_a_day - self._sum_cost)
            if tried.candidate != decision.candidate:
                self._sum_cost += tried.cost
        return tried
