"""A report on a log: spend, choices, predicted against observed quality, coverage, drift, shadow mode."""

from __future__ import annotations

import numpy as np
from pydantic import BaseModel, ConfigDict

from crossroute.traffic.drift import drifted
from crossroute.traffic.logged import Logged


class Row(BaseModel):
    """What the log tells of a candidate.

    Attributes:
        candidate: Its name.
        calls: That it answered.
        usd: That these took.
        predicted_cost: Mean USD, as predicted of these calls.
        cost: Mean USD.
        predicted: Mean quality, as predicted of the graded calls.
        observed: Their mean quality.
        graded: How many were graded.
        drift: What left its predicted interval: "quality", "cost", both or nothing.
    """

    model_config = ConfigDict(frozen=True)

    candidate: str
    calls: int
    usd: float
    predicted_cost: float
    cost: float
    predicted: float
    observed: float
    graded: int
    drift: tuple[str, ...]


class TrafficReport(BaseModel):
    """What a log tells.

    Attributes:
        decisions: Answered.
        usd: That they took.
        coverage: Part that was graded, in [0, 1].
        rows: A row a candidate, most calls first.
        shadow_saving: Mean USD a call that routing is predicted to save, where shadow mode was on, with its 95 %
            interval.
    """

    model_config = ConfigDict(frozen=True)

    decisions: int
    usd: float
    coverage: float
    rows: tuple[Row, ...]
    shadow_saving: tuple[float, float, float] | None = None


def report_on(logged: Logged) -> TrafficReport:
    """Return the report on a log."""
    counts = np.bincount(logged.chosen, minlength=len(logged.names))
    order = [int(column) for column in np.argsort(-counts) if counts[column]]
    return TrafficReport(
        decisions=len(logged),
        usd=float(np.nansum(logged.cost)),
        coverage=float((~np.isnan(logged.quality)).mean()),
        rows=tuple(_row(logged, column) for column in order),
        shadow_saving=_shadow_saving(logged),
    )


def _row(logged: Logged, column: int) -> Row:
    mine = logged.chosen == column
    graded = mine & ~np.isnan(logged.quality) & ~np.isnan(logged.predicted[:, column])
    paid = mine & ~np.isnan(logged.cost) & (logged.predicted_cost[:, column] > 0) & (logged.cost > 0)
    drift = []
    error = np.nan_to_num(logged.error[graded, column]).mean() if graded.any() else 0.0
    if drifted(logged.quality[graded] - logged.predicted[graded, column], float(error)):
        drift.append("quality")
    if drifted(np.log(logged.cost[paid] / logged.predicted_cost[paid, column]), COST_ERROR):
        drift.append("cost")
    return Row(
        candidate=logged.names[column],
        calls=int(mine.sum()),
        usd=float(np.nansum(logged.cost[mine])),
        predicted_cost=_mean(logged.predicted_cost[mine, column]),
        cost=_mean(logged.cost[mine]),
        predicted=_mean(logged.predicted[graded, column]),
        observed=_mean(logged.quality[graded]),
        graded=int(graded.sum()),
        drift=tuple(drift),
    )


COST_ERROR = 0.25
"""Standard error of the logarithm of a predicted mean cost: a price that doubles is beyond it."""


def _shadow_saving(logged: Logged) -> tuple[float, float, float] | None:
    """Return the mean predicted saving of routing over the model that shadow mode always calls."""
    rows = np.flatnonzero(logged.would != "")
    if len(rows) < 2:
        return None
    routed = np.array([logged.names.index(str(name)) for name in logged.would[rows]])
    saved = logged.predicted_cost[rows, logged.chosen[rows]] - logged.predicted_cost[rows, routed]
    mean, error = float(saved.mean()), float(saved.std(ddof=1) / np.sqrt(len(saved)))
    return mean, mean - 1.96 * error, mean + 1.96 * error


def _mean(values: np.ndarray[tuple[int], np.dtype[np.floating]]) -> float:
    known = values[~np.isnan(values)]
    return float(known.mean()) if len(known) else float("nan")
