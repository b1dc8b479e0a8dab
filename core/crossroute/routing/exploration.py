"""Exploration: now and then choose a candidate that may be as good, with a known probability.

Where one candidate always wins, there is no data on the others. A share of the choices goes to candidates whose reward
lies within the predicted error of the best; the probability of each is recorded, so that outcomes can be weighted for
any other policy (traffic/estimates.py).
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
    """How much to explore.

    Attributes:
        share: Share of the choices that is spread over candidates that may be as good, in [0, 1).
        usd_a_day: Limit on the cost of explored calls in a day (UTC), in each process.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    share: float = Field(default=0.05, ge=0, lt=1)
    usd_a_day: float = Field(default=1.0, ge=0, allow_inf_nan=False)

    @classmethod
    def of(cls, value: Exploration | float | None) -> Exploration | None:
        """Return settings, which may be given as a share; None where nothing is explored."""
        if value is None or isinstance(value, Exploration):
            return value if value is not None and value.share else None
        return cls(share=value) if value else None


def explore(
    decision: Decision,
    share: float,
    most_usd: float = math.inf,
    draw: Callable[[], float] = random.random,
) -> Decision:
    """Return the decision, or one for a candidate that may be as good; both state their propensity.

    The chosen candidate keeps 1 - share; the rest is spread evenly over the eligible candidates whose reward, at a
    quality one standard error better, reaches the chosen one's. The error is that of both qualities together.

    Args:
        decision: Of a router.
        share: In [0, 1).
        most_usd: Predicted cost above which no candidate is explored.
        draw: Returns a random number in [0, 1).

    Raises:
        ValueError: The share is out of range.
    """
    if not 0 <= share < 1:
        raise ValueError(f"exploration must be in [0, 1), got {share!r}.")
    if not share or decision.floor is not None:  # a promise is not put at risk
        return decision
    chosen = next((a for a in decision.alternatives if a.candidate == decision.candidate), None)
    if chosen is None or math.isnan(chosen.reward):
        return decision
    others = [
        a.candidate
        for a in decision.alternatives
        if a is not chosen and a.excluded is None and a.cost <= most_usd
        if _reachable(a, chosen, decision.reward) >= chosen.reward
    ]
    if not others:
        return decision
    each = share / len(others)
    told = {chosen.candidate: 1 - share} | dict.fromkeys(others, each)
    place = draw()
    if place >= share:
        return decision.model_copy(update={"propensity": 1 - share, "propensities": told})
    name = others[min(int(place / each), len(others) - 1)]
    tried = decision.switched(name, f"tried out: it may be as good as {chosen.candidate}")
    return tried.model_copy(update={"propensity": each, "propensities": told})


def _reachable(alternative: Alternative, chosen: Alternative, reward: str) -> float:
    """Return the reward of an alternative at a quality that is one standard error better."""
    errors = [0.0 if math.isnan(a.quality_error) else a.quality_error for a in (alternative, chosen)]
    error = math.hypot(*errors)
    if reward == "linear":
        return alternative.reward + error
    quality = max(alternative.quality, LEAST_QUALITY)
    return alternative.reward + math.log(min(1.0, quality + error) / quality)


class Explorer:
    """Explores within the day's limit; safe to share between threads.

    An explored call counts at its predicted cost, so that no day's predictions exceed the limit.

    Args:
        settings: How much to explore.
        today: Returns the day, by default that of UTC.
    """

    def __init__(self, settings: Exploration, today: Callable[[], str] | None = None) -> None:
        self.settings = settings
        self._today = today or (lambda: datetime.now(timezone.utc).date().isoformat())
        self._lock = threading.Lock()
        self._day, self._spent = "", 0.0

    def explored(self, decision: Decision) -> Decision:
        """Return the decision, or one for an explored candidate; see `explore`."""
        with self._lock:
            if self._day != (today := self._today()):
                self._day, self._spent = today, 0.0
            tried = explore(decision, self.settings.share, self.settings.usd_a_day - self._spent)
            if tried.candidate != decision.candidate:
                self._spent += tried.cost
        return tried
