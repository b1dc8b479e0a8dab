"""Report on a traffic log: spend, choices, predicted and observed quality, coverage, drift, shadow mode."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from pydantic import BaseModel, ConfigDict

from crossroute.numeric import Floats, average_known
from crossroute.reward import best
from crossroute.traffic.drift import FEWEST, has_drifted
from crossroute.traffic.estimates import Estimate, estimate, measure_explorable
from crossroute.traffic.logged import Logged


class Row(BaseModel):
    """A candidate's row of the report.

    Attributes:
        candidate: Its name.
        calls: Number of answered calls.
        usd: Sum of their known costs, USD.
        unknown: Number of calls with unknown cost.
        predicted_cost: Mean predicted cost, USD.
        cost: Mean known cost, USD.
        predicted: Mean predicted quality of the graded calls.
        observed: Mean observed quality of the graded calls.
        graded: Number of graded calls.
        drift: What differs from its prediction beyond chance: "quality", "cost", both or neither.
    """

    model_config = ConfigDict(frozen=True)

    candidate: str
    calls: int
    usd: float
    unknown: int
    predicted_cost: float
    cost: float
    predicted: float
    observed: float
    graded: int
    drift: tuple[str, ...]


class TrafficReport(BaseModel):
    """The report on a log.

    Attributes:
        decisions: Number of answered decisions.
        usd: Sum of their known costs, USD, including further calls of escalations.
        unknown: Number of decisions with a cost that is at least partly unknown.
        coverage: Share of graded decisions, in [0, 1].
        rows: One row per candidate, most calls first.
        shadow_saving: In shadow mode, the mean USD per call that routing saves, with its 95 % interval: observed if
            enough shadow choices were called, else predicted.
        shadow_loss: In shadow mode, the mean quality that routing loses, with its 95 % interval, from calls with both
            answers graded.
        shadow_observed: Number of shadow choices that were called.
        explorable: Share of decisions with more than one candidate of nonzero propensity, in [0, 1].
    """

    model_config = ConfigDict(frozen=True)

    decisions: int
    usd: float
    unknown: int
    coverage: float
    rows: tuple[Row, ...]
    shadow_saving: tuple[float, float, float] | None = None
    shadow_loss: tuple[float, float, float] | None = None
    shadow_observed: int = 0
    explorable: float = 0.0


WORTH = {"a quarter": 0.25, "half": 0.5, "as it was": 1.0, "twice": 2.0, "four times": 4.0}
"""Dials to estimate, as multiples of the logged willingness to pay."""


class OtherDial(NamedTuple):
    """Estimated quality and cost of logged traffic at another setting of the dial.

    Attributes:
        label: The setting, in words.
        quality: Mean quality.
        cost: Mean USD per call.
        thin: Why the estimate is unreliable, and what is needed; None if it is reliable.
    """

    label: str
    quality: Estimate
    cost: Estimate
    thin: str | None


def estimate_dials(logged: Logged) -> list[OtherDial]:
    """Estimate quality and cost at other settings of the dial, from the logged predictions."""
    graded = logged.graded
    quality, cost = np.nan_to_num(graded.predicted), np.nan_to_num(graded.predicted_cost)
    known = graded.eligible & ~np.isnan(graded.predicted) & ~np.isnan(graded.predicted_cost)
    paid = np.flatnonzero(~np.isnan(graded.paid))
    found = []
    for label, factor in WORTH.items():
        policy = np.zeros(known.shape)
        for row in np.flatnonzero(known.any(axis=1)):
            among = np.flatnonzero(known[row])
            chosen = best(quality[[row]][:, among], cost[[row]][:, among], float(factor * graded.pay[row]))
            policy[row, among[chosen]] = 1.0
        of_quality = estimate(
            policy, graded.chosen, graded.propensity, graded.quality, quality, weight=graded.weight
        )
        of_cost = estimate(
            policy[paid],
            graded.chosen[paid],
            graded.propensity[paid],
            graded.paid[paid],
            cost[paid],
            weight=graded.weight[paid],
        )
        found.append(OtherDial(label, of_quality.doubly_robust, of_cost.doubly_robust, of_quality.thin))
    return found


def build_report(logged: Logged) -> TrafficReport:
    """Build the report on a log."""
    counts, own = np.bincount(logged.chosen, minlength=len(logged.names)), logged.own
    order = [int(column) for column in np.argsort(-counts) if counts[column]]
    return TrafficReport(
        decisions=len(logged),
        usd=float(np.nansum(logged.cost) + np.nansum(logged.further)),
        unknown=int(np.isnan(logged.paid).sum()),
        coverage=float((~np.isnan(logged.quality)).mean()),
        rows=tuple(_build_row(own, column) for column in order),
        shadow_saving=_interval(_estimate_saving(logged)),
        shadow_loss=_interval(logged.quality - np.where(logged.would != "", logged.would_quality, np.nan)),
        shadow_observed=int((~np.isnan(logged.would_cost)).sum()),
        explorable=measure_explorable(logged.propensity),
    )


def _build_row(logged: Logged, column: int) -> Row:
    mine = logged.chosen == column
    graded = mine & ~np.isnan(logged.quality) & ~np.isnan(logged.predicted[:, column])
    paid = mine & ~np.isnan(logged.cost) & (logged.predicted_cost[:, column] > 0) & (logged.cost > 0)
    drift = []
    error = np.nan_to_num(logged.error[graded, column]).mean() if graded.any() else 0.0
    surprise = logged.quality[graded] - logged.predicted[graded, column]
    if has_drifted(surprise, float(error), logged.query[graded]):
        drift.append("quality")
    surprise = np.log(logged.cost[paid] / logged.predicted_cost[paid, column])
    if has_drifted(surprise, COST_ERROR, logged.query[paid]):
        drift.append("cost")
    return Row(
        candidate=logged.names[column],
        calls=int(mine.sum()),
        usd=float(np.nansum(logged.cost[mine])),
        unknown=int(np.isnan(logged.cost[mine]).sum()),
        predicted_cost=average_known(logged.predicted_cost[mine, column]),
        cost=average_known(logged.cost[mine]),
        predicted=average_known(logged.predicted[graded, column]),
        observed=average_known(logged.quality[graded]),
        graded=int(graded.sum()),
        drift=tuple(drift),
    )


COST_ERROR = 0.25
"""Standard error of the logarithm of a predicted mean cost, below the effect of a doubled price."""


def _estimate_saving(logged: Logged) -> Floats:
    """Return the USD that routing would have saved per call in shadow mode: observed, else predicted."""
    rows = np.flatnonzero(logged.would != "")
    observed = logged.cost - logged.would_cost
    if (~np.isnan(observed)).sum() >= FEWEST:
        return observed
    routed = np.array([logged.names.index(str(name)) for name in logged.would[rows]], dtype=np.intp)
    return np.asarray(logged.predicted_cost[rows, logged.chosen[rows]] - logged.predicted_cost[rows, routed])


def _interval(values: Floats) -> tuple[float, float, float] | None:
    """Return the mean of the known values, and its 95 % interval."""
    known = values[~np.isnan(values)]
    if len(known) < 2:
        return None
    mean, error = float(known.mean()), float(known.std(ddof=1) / np.sqrt(len(known)))
    return mean, mean - 1.96 * error, mean + 1.96 * error
