"""Evaluate routers on logged traffic, and decide whether one may replace another."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from crossroute.catalogue import find_candidate
from crossroute.errors import TrafficError
from crossroute.numeric import Floats
from crossroute.reward import best
from crossroute.routing.members import Ability, over_candidates
from crossroute.routing.router import DEFAULT_COST_PREFERENCE, Router
from crossroute.traffic.estimates import (
    FEWEST,
    UNGRADED,
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
"""Confidence that an accepted router is no worse, jointly over all routers that are compared."""


class Point(NamedTuple):
    """Estimated quality and cost of a router at one dial.

    Attributes:
        cost_preference: The dial.
        quality: Mean quality.
        cost: Mean USD per call.
    """

    cost_preference: float
    quality: Estimates
    cost: Estimates


class Verdict(NamedTuple):
    """Whether a router may replace another.

    Attributes:
        adopt: Whether it may.
        gain: Estimated difference in mean reward per decision.
        lower: The lower bound of its 95 % interval.
        reason: The reason, for messages.
    """

    adopt: bool
    gain: Estimate
    lower: float
    reason: str


def restrict_to_log(router: Router, logged: Logged) -> Router:
    """Restrict a router to the candidates of a log, under the log's names.

    Raises:
        TrafficError: The router knows none of them.
    """
    named = {name: found for name in logged.names if (found := find_candidate(router.pool, name))}
    if not named:
        raise TrafficError(
            f"The router knows none of the log's candidates {', '.join(logged.names)}. Profile them, or name another."
        )
    return over_candidates(router, named, {name: Ability() for name in named})


class Policy:
    """A router as a policy on logged decisions.

    Args:
        router: The router.
        logged: Graded decisions.

    Raises:
        TrafficError: There are none, or the router knows no candidate of one of them.
    """

    def __init__(self, router: Router, logged: Logged) -> None:
        if not len(logged):
            raise TrafficError(f"{UNGRADED}.")
        self.router, self.logged = restrict_to_log(router, logged), logged
        predicted = logged.predict(self.router)
        shape = logged.propensity.shape
        self.quality, self.cost = np.full(shape, -np.inf), np.full(shape, np.inf)
        columns = [logged.names.index(name) for name in self.router.pool.names]
        self.quality[:, columns], self.cost[:, columns] = predicted.quality, predicted.cost
        self.known = np.isfinite(self.quality) & logged.eligible
        reached = self.known.any(axis=1)
        if not reached.all():
            raise TrafficError(
                "Some decisions have no candidate that this router knows; profile the log's candidates."
            )

    def choices(self, cost_preference: float = DEFAULT_COST_PREFERENCE, pay: float | None = None) -> Floats:
        """Return the probability of each candidate, 0 or 1, shape (n, m).

        Args:
            cost_preference: The dial.
            pay: Willingness to pay, USD; replaces the dial.
        """
        pay = pay or self.router.dial.at(cost_preference)
        quality = np.where(self.known, self.quality, 0.0)
        cost = np.where(self.known, self.cost, 1e12)
        chosen = best(quality, cost, pay, self.router.reward)
        return np.asarray(np.eye(quality.shape[1])[chosen])

    @property
    def predicted(self) -> tuple[Floats, Floats]:
        """Predicted quality and cost, shape (n, m) each; the log's own predictions for unknown candidates."""
        quality = np.where(
            np.isfinite(self.quality), self.quality, np.nan_to_num(self.logged.predicted, nan=0.5)
        )
        cost = np.where(np.isfinite(self.cost), self.cost, np.nan_to_num(self.logged.predicted_cost))
        return quality, cost

    def at(self, cost_preference: float) -> Point:
        """Estimate quality and cost at a dial, with escalations as in the log."""
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
        """Estimate quality and cost at all dials."""
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
    """Decide whether one router may replace another, on graded decisions that it has not learned from.

    The reward of a decision is quality * exp(-cost / willingness to pay), at the old router's dial. The new router is
    accepted if the lower bound of its gain exceeds -margin.

    Args:
        new: The candidate for adoption.
        old: The current router.
        logged: Graded decisions.
        cost_preference: The dial of both.
        margin: Accepted loss of mean reward, in [0, 1).
        tried: Number of new routers that are compared on these decisions.
    """
    ours, theirs = Policy(new, logged), Policy(old, logged)
    pay = theirs.router.dial.at(cost_preference)
    one, other = ours.choices(cost_preference), theirs.choices(cost_preference)
    if (one == other).all():
        return Verdict(False, Estimate(0.0, 0.0, 0.0), 0.0, "the new router makes the same choices")
    quality, cost = theirs.predicted
    expected_cost = cost[np.arange(len(logged)), logged.chosen]  # stands in for unknown costs
    observed = logged.quality * np.exp(-np.where(np.isnan(logged.paid), expected_cost, logged.paid) / pay)
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
    """Compare two policies by doubly robust scores on the same decisions.

    Args:
        one: The new policy, shape (n, m).
        other: The old policy, shape (n, m).
        logged: Graded decisions.
        observed: Observed reward, shape (n,).
        predicted: Predicted reward, shape (n, m).
        margin: Accepted loss of mean reward.
        tried: Number of new policies that are compared on these decisions.
    """
    overlap = estimate(one, logged.chosen, logged.propensity, observed, predicted, weight=logged.weight)
    fitted = cross_fit(logged.chosen, observed, predicted)
    told = (logged.chosen, logged.propensity, observed, fitted)
    ours, theirs = score_decisions(one, *told), score_decisions(other, *told)
    gains = ours - theirs
    counts = logged.weight / logged.weight.mean()
    gain = difference(ours, theirs, counts)
    lower = lower_bound(gains, counts, 1 - (1 - CONFIDENCE) / tried)
    differ = int(((one != other).any(axis=1) & (gains != 0)).sum())
    if overlap.thin:
        return Verdict(False, gain, lower, overlap.thin)
    if differ < FEWEST:
        return Verdict(
            False, gain, lower, f"the routers differ on only {differ} graded decisions; {FEWEST} are needed"
        )
    reason = f"change of the mean reward {gain.value:+.4f}, at least {lower:+.4f} (95 %)"
    return Verdict(lower > -margin, gain, lower, f"{reason}; accepted loss {margin:g}")


__all__ = [
    "DIALS",
    "Point",
    "Policy",
    "Verdict",
    "Z",
    "compare_policies",
    "judge_policies",
    "restrict_to_log",
]
