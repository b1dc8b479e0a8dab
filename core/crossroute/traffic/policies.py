"""Compare routers on logged traffic: choices, quality, cost, and whether one may take over."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from crossroute.catalogue import candidate_named
from crossroute.errors import TrafficError
from crossroute.numeric import Floats
from crossroute.reward import best
from crossroute.routing.members import Ability, over_candidates
from crossroute.routing.router import DEFAULT_COST_PREFERENCE, Router
from crossroute.traffic.estimates import (
    FEWEST,
    Estimate,
    Estimates,
    Z,
    cross_fit,
    difference,
    estimate,
    lower_bound,
    score_decisions,
)
from crossroute.traffic.logged import Logged

DIALS = tuple(round(0.1 * step, 1) for step in range(11))
CONFIDENCE = 0.95
"""With which a router that takes over is no worse; with several tried, that all say so."""


class Point(NamedTuple):
    """What a router at one dial would have got and cost.

    Attributes:
        cost_preference: The dial.
        quality: Mean quality.
        cost: Mean USD a call.
    """

    cost_preference: float
    quality: Estimates
    cost: Estimates


class Verdict(NamedTuple):
    """Whether a router may take over from another.

    Attributes:
        adopt: Whether it may.
        gain: How much more reward a decision it would have got.
        lower: The lower bound of that, at 95 %.
        reason: In words.
    """

    adopt: bool
    gain: Estimate
    lower: float
    reason: str


def over_logged(router: Router, logged: Logged) -> Router:
    """Return a router over the candidates of a log that it knows, by the names that they have there.

    Raises:
        TrafficError: It knows none of them.
    """
    named = {name: found for name in logged.names if (found := candidate_named(router.pool, name))}
    if not named:
        raise TrafficError(
            f"The router knows none of the log's candidates {', '.join(logged.names)}. Profile them, or name another."
        )
    return over_candidates(router, named, {name: Ability() for name in named})


class Policy:
    """A router over logged decisions.

    Args:
        router: The router.
        logged: The decisions.
    """

    def __init__(self, router: Router, logged: Logged) -> None:
        self.router, self.logged = over_logged(router, logged), logged
        foreseen = logged.foreseen(self.router)
        shape = logged.propensity.shape
        self.quality, self.cost = np.full(shape, -np.inf), np.full(shape, np.inf)
        columns = [logged.names.index(name) for name in self.router.pool.names]
        self.quality[:, columns], self.cost[:, columns] = foreseen.quality, foreseen.cost
        self.known = np.isfinite(self.quality) & logged.eligible
        reached = self.known.any(axis=1)
        if not reached.all():
            raise TrafficError(
                "Some decisions have no candidate that this router knows; profile the log's candidates."
            )

    def choices(self, cost_preference: float = DEFAULT_COST_PREFERENCE, pay: float | None = None) -> Floats:
        """Return the probability that it gives each candidate, 0 or 1, shape (n, m)."""
        pay = pay or self.router.dial.at(cost_preference)
        quality = np.where(self.known, self.quality, 0.0)
        cost = np.where(self.known, self.cost, 1e12)
        chosen = best(quality, cost, pay, self.router.reward)
        return np.asarray(np.eye(quality.shape[1])[chosen])

    @property
    def predicted(self) -> tuple[Floats, Floats]:
        """Quality and cost as predicted; of what it does not know, as the log predicted it."""
        quality = np.where(
            np.isfinite(self.quality), self.quality, np.nan_to_num(self.logged.predicted, nan=0.5)
        )
        cost = np.where(np.isfinite(self.cost), self.cost, np.nan_to_num(self.logged.predicted_cost))
        return quality, cost

    def at(self, cost_preference: float) -> Point:
        """Return what it would have got and cost at a dial, its calls escalated as those of the log were."""
        policy, (quality, cost) = self.choices(cost_preference), self.predicted
        log = self.logged
        told = (policy, log.chosen, log.propensity)
        paid = ~np.isnan(log.paid)
        of_cost = (policy[paid], log.chosen[paid], log.propensity[paid], log.paid[paid], cost[paid])
        return Point(
            cost_preference,
            estimate(*told, log.quality, quality, weight=log.weight),
            estimate(*of_cost, weight=log.weight[paid]),
        )

    def curve(self) -> list[Point]:
        """Return the points of all dials."""
        return [self.at(dial) for dial in DIALS]


def compare_policies(
    new: Router,
    old: Router,
    logged: Logged,
    *,
    cost_preference: float = DEFAULT_COST_PREFERENCE,
    margin: float = 0.0,
    tried: int = 1,
) -> Verdict:
    """Say whether one router may take over from another, on graded decisions that it has not learnt from.

    The reward of a decision is its quality discounted by its cost, quality * exp(-cost / willingness to pay), at the
    old router's dial. The new one may take over where the lower bound of its gain exceeds -margin.

    Args:
        new: The router that would take over.
        old: The router that stands.
        logged: Graded decisions.
        cost_preference: The dial of both.
        margin: Loss of reward that is put up with, in [0, 1).
        tried: How many new routers are compared on these decisions.
    """
    ours, theirs = Policy(new, logged), Policy(old, logged)
    pay = theirs.router.dial.at(cost_preference)
    one, other = ours.choices(cost_preference), theirs.choices(cost_preference)
    if (one == other).all():
        return Verdict(
            False, Estimate(0.0, 0.0, 0.0), 0.0, "it would have chosen the same each time: nothing to gain"
        )
    quality, cost = theirs.predicted
    foreseen = cost[np.arange(len(logged)), logged.chosen]  # stands in for unknown costs
    observed = logged.quality * np.exp(-np.where(np.isnan(logged.paid), foreseen, logged.paid) / pay)
    predicted = quality * np.exp(-cost / pay)
    return judge_policies(
        one, other, logged, observed=observed, predicted=predicted, margin=margin, tried=tried
    )


def judge_policies(
    one: Floats,
    other: Floats,
    logged: Logged,
    *,
    observed: Floats,
    predicted: Floats,
    margin: float,
    tried: int = 1,
) -> Verdict:
    """Compare two policies by the doubly robust scores of the same decisions.

    Args:
        one: The new policy, shape (n, m).
        other: The old policy, shape (n, m).
        logged: Graded decisions.
        observed: The reward that was got, shape (n,).
        predicted: The reward that is predicted, shape (n, m).
        margin: Loss of reward that is put up with.
        tried: How many new policies are compared on these decisions.
    """
    gone = estimate(one, logged.chosen, logged.propensity, observed, predicted, weight=logged.weight)
    fitted = cross_fit(logged.chosen, observed, predicted)
    told = (logged.chosen, logged.propensity, observed, fitted)
    ours, theirs = score_decisions(one, *told), score_decisions(other, *told)
    gains = ours - theirs
    counts = logged.weight / logged.weight.mean()
    gain = difference(ours, theirs, counts)
    lower = lower_bound(gains, counts, 1 - (1 - CONFIDENCE) / tried)
    differ = int(((one != other).any(axis=1) & (gains != 0)).sum())
    if gone.thin:
        return Verdict(False, gain, lower, gone.thin)
    if differ < FEWEST:
        return Verdict(
            False, gain, lower, f"they differ on {differ} graded decisions alone; it takes {FEWEST}"
        )
    said = f"its reward is {gain.value:+.4f} a decision, at least {lower:+.4f} (95 %)"
    return Verdict(lower > -margin, gain, lower, f"{said}; a margin of {margin:g} is allowed")


__all__ = ["DIALS", "Point", "Policy", "Verdict", "Z", "compare_policies", "judge_policies", "over_logged"]
