"""evaluate and compare: score predictions against observed outcomes.

Routers are compared on the same queries, over the same cost range and the same sweep of the willingness to pay.
metrics/scores.py defines each figure and the treatment of missing outcomes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from crossroute.data.outcomes import Outcomes
from crossroute.errors import DataError
from crossroute.evaluation.report import CandidateFigures, CurveFigures, Interval, Report, RouterFigures
from crossroute.metrics.scores import (
    aiq,
    candidate_points,
    cost_at_quality,
    cost_quality_curve,
    cost_range,
    gap_closed,
    known_outcomes,
    maximum_quality,
    sweep_for,
    zero_router_points,
)
from crossroute.metrics.sweep import Sweep
from crossroute.metrics.uncertainty import cost_factor, expected_calibration_error, paired_bootstrap
from crossroute.model.prediction import Prediction
from crossroute.numeric import Floats
from crossroute.reward import Reward


def evaluate(
    prediction: Prediction,
    outcomes: Outcomes,
    *,
    name: str = "router",
    reward: Reward = "exponential",
    willingness_to_pay: float | None = None,
) -> Report:
    """Evaluate one router on outcomes; see `compare`.

    Args:
        prediction: Its predictions for the queries of `outcomes`, in their order.
        outcomes: The observed outcomes.
        name: Its name in the report.
        reward: The reward that it maximizes.
        willingness_to_pay: USD at which each candidate's share of the queries is reported as well.
    """
    return compare({name: prediction}, outcomes, reward=reward, willingness_to_pay=willingness_to_pay)


def compare(
    predictions: Mapping[str, Prediction],
    outcomes: Outcomes,
    *,
    played: Mapping[str, Sweep] | None = None,
    reference: str | None = None,
    reward: Reward = "exponential",
    willingness_to_pay: float | None = None,
    resamples: int = 1000,
    seed: int = 0,
    least_queries: int = 30,
) -> Report:
    """Evaluate several routers on the same outcomes, over all queries and per task.

    Args:
        predictions: Router's name -> its predictions for the queries of `outcomes`, in their order.
        outcomes: The observed outcomes.
        played: Name -> replayed cascade, for routers with several calls.
        reference: Router with which the AIQ of the others is compared.
        reward: The reward that routers maximize, "exponential" or "linear".
        willingness_to_pay: USD at which each candidate's share of the queries is reported as well.
        resamples: Draws of the bootstrap.
        seed: Of the bootstrap.
        least_queries: Tasks with fewer queries get no figures of their own.

    Raises:
        ValueError: A prediction does not fit the outcomes, or the reference is not among the predictions.
        DataError: No two candidates have known quality and different costs, so routers cannot be ranked.
    """
    names = (*predictions, *(played or {}))
    if not predictions or reference not in (None, *names):
        known = ", ".join(names) or "none"
        raise ValueError(f"Reference {reference!r} is not among the predictions: {known}.")

    def sweeps(usd: Floats) -> dict[str, Sweep]:
        return {name: Sweep.of(each, outcomes, usd, reward) for name, each in predictions.items()}

    trial = _Trial(
        observed=drop_unanswered(outcomes),
        sweeps=sweeps(sweep_for(outcomes.cost)) | dict(played or {}),
        sweeps_at={} if willingness_to_pay is None else sweeps(np.array([willingness_to_pay])),
        reference=reference,
        reward=reward,
        willingness_to_pay=willingness_to_pay,
        resamples=resamples,
        seed=seed,
    )
    if not trial.can_rank():
        raise DataError(
            "Routers cannot be ranked: no two candidates have known quality and known, different costs. "
            "If tokens are known, fill in the costs from prices: crossroute.priced(outcomes)."
        )
    tasks = np.array(trial.observed.tasks)
    counts = sorted(Counter(trial.observed.tasks).items())
    parts = [(task, trial.take(tasks == task)) for task, n in counts if least_queries <= n < len(tasks)]
    by_task = tuple(part.report(task) for task, part in parts if part.can_rank())
    small = {task: n for task, n in counts if n < least_queries} if len(counts) > 1 else {}
    return trial.report("all").model_copy(update={"tasks": by_task, "small_tasks": small})


def drop_unanswered(outcomes: Outcomes) -> Outcomes:
    """Return the queries with at least one known outcome, on which routers are compared."""
    return outcomes.take(known_outcomes(outcomes.quality, outcomes.cost).any(axis=1))


@dataclass(frozen=True, eq=False)
class _Trial:
    """Routers and the queries on which they are compared; each query has a known outcome."""

    observed: Outcomes
    sweeps: Mapping[str, Sweep]
    sweeps_at: Mapping[str, Sweep]
    reference: str | None
    reward: Reward
    willingness_to_pay: float | None
    resamples: int
    seed: int

    def take(self, rows: npt.NDArray[np.bool_]) -> _Trial:
        """Return a subset of the queries."""
        sweeps = {name: sweep.take(rows) for name, sweep in self.sweeps.items()}
        sweeps_at = {name: sweep.take(rows) for name, sweep in self.sweeps_at.items()}
        return replace(self, observed=self.observed.take(rows), sweeps=sweeps, sweeps_at=sweeps_at)

    def can_rank(self) -> bool:
        """Return whether candidates differ in mean cost, so that AIQ is defined."""
        if len(self.observed) == 0:
            return False
        low, high = cost_range(self.observed.quality, self.observed.cost)
        return low < high

    def candidates(self) -> dict[str, CandidateFigures]:
        """Return the figures of the candidates with a known outcome."""
        seen, counts = self._seen(), known_outcomes(self.observed.quality, self.observed.cost).sum(axis=0)
        points = candidate_points(self.observed.quality[:, seen], self.observed.cost[:, seen])
        return {
            self.observed.pool.names[column]: CandidateFigures(
                cost=cost, quality=quality, queries=int(counts[column])
            )
            for column, (cost, quality) in zip(seen, points.tolist(), strict=True)
        }

    def report(self, task: str) -> Report:
        """Compute the report of a task."""
        candidates = self.candidates()
        low, high = cost_range(self.observed.quality, self.observed.cost)
        seen = self._seen()
        quality, cost = self.observed.quality[:, seen], self.observed.cost[:, seen]
        report = Report(
            task=task,
            queries=len(self.observed),
            reward=self.reward,
            reference=self.reference,
            willingness_to_pay=self.willingness_to_pay,
            low_cost=low,
            high_cost=high,
            best_single=max(candidates, key=lambda name: (candidates[name].quality, -candidates[name].cost)),
            candidates=candidates,
            zero=_curve_figures(zero_router_points(quality, cost), low, high),
            oracle=_curve_figures(cost_quality_curve(quality, cost, quality, cost, self.reward), low, high),
            routers={},
        )
        intervals = self._intervals(low, high)
        routers = {name: self._figures(name, report, *found) for name, found in intervals.items()}
        return report.model_copy(update={"routers": routers})

    def _figures(
        self, name: str, report: Report, interval: Interval, against: Interval, gain: Interval
    ) -> RouterFigures:
        """Compute the figures of one router; the gain only if all candidates answered all queries."""
        sweep = self.sweeps[name]
        points = sweep.points()
        curve = _curve_figures(points, report.low_cost, report.high_cost)
        best = report.candidates[report.best_single]
        reached = _finite(cost_at_quality(points, best.quality))
        known = known_outcomes(self.observed.quality, self.observed.cost)
        is_compared = self.reference is not None and self.reference != name
        other = self.sweeps[self.reference or name].points()
        difference = curve.aiq - aiq(other, report.low_cost, report.high_cost)
        return RouterFigures(
            **dict(curve),
            aiq_interval=interval,
            difference=difference if is_compared else None,
            difference_interval=against if is_compared else None,
            cost_at_best_single=reached,
            share_of_best_single_cost=None if reached is None or best.cost == 0 else reached / best.cost,
            gap_closed=_finite(gap_closed(curve.aiq, report.zero.aiq, report.oracle.aiq)),
            calibration_error=expected_calibration_error(
                sweep.predicted_quality[known], self.observed.quality[known]
            ),
            cost_factor=_finite(cost_factor(sweep.predicted_cost[known], self.observed.cost[known])),
            shares=self._shares(sweep, report),
            shares_at=self._shares(self.sweeps_at[name], report) if name in self.sweeps_at else None,
            gain=curve.aiq - report.zero.aiq if known[:, self._seen()].all() else None,
            gain_interval=gain if known[:, self._seen()].all() else None,
        )

    def _intervals(self, low: float, high: float) -> dict[str, tuple[Interval, Interval, Interval]]:
        """Return 95 % intervals of each router's AIQ, and of its differences to the reference and the zero router."""
        names = list(self.sweeps)
        reference = names.index(self.reference) if self.reference is not None else 0

        def statistic(weights: Floats) -> Floats:
            curves = (sweep.points(weights) for sweep in self.sweeps.values())  # each (r, p, 2)
            scores = np.array([[aiq(points, low, high) for points in curve] for curve in curves])
            zero = np.array([aiq(points, low, high) for points in self._candidates_at(weights)])
            return np.stack([scores, scores - scores[reference], scores - zero]).T  # (r, routers, 3)

        ends = paired_bootstrap(statistic, len(self.observed), resamples=self.resamples, seed=self.seed)
        found = np.moveaxis(ends, 0, -1).tolist()  # (routers, 3, 2)
        return {
            name: (tuple(own), tuple(against), tuple(gain))
            for name, (own, against, gain) in zip(names, found, strict=True)
        }

    def _candidates_at(self, weights: Floats) -> Floats:
        """Return each candidate's mean cost and quality under weights of the queries, shape (r, m, 2)."""
        seen = self._seen()
        quality, cost = self.observed.quality[:, seen], self.observed.cost[:, seen]
        known = known_outcomes(quality, cost)
        total = np.maximum(weights @ known, 1e-12)  # (r, m)
        means = [weights @ np.where(known, values, 0) / total for values in (cost, quality)]
        return np.stack(means, axis=-1)

    def _shares(self, sweep: Sweep, report: Report) -> dict[str, float]:
        shares = dict(zip(self.observed.pool.names, sweep.shares().tolist(), strict=True))
        return {name: shares[name] for name in report.candidates}

    def _seen(self) -> npt.NDArray[np.intp]:
        """Return the columns of the candidates with a known outcome."""
        return np.flatnonzero(known_outcomes(self.observed.quality, self.observed.cost).any(axis=0))


def _curve_figures(points: Floats, low: float, high: float) -> CurveFigures:
    moves = np.append(True, (np.diff(points, axis=0) != 0).any(axis=1))
    curve = tuple((cost, quality) for cost, quality in points[moves].tolist())
    return CurveFigures(aiq=aiq(points, low, high), maximum_quality=maximum_quality(points), curve=curve)


def _finite(value: float) -> float | None:
    return value if np.isfinite(value) else None
