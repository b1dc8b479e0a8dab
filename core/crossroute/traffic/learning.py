"""Learning from a log: what its grades and costs teach of each candidate.

Quality moves by one number a candidate, in log-odds. Before any grade it is either near 0, as candidates are that a
router was trained on, or anything, as after a change:

    quality[a] ~ (1 - RARE) N(0, usual[a]^2) + RARE N(0, ANY^2)

so that grades of a known candidate move little, and many that say something else move it all the way. The same query
asked again tells little that is new, so that a candidate's grades on it count as one together. What all share, harder
queries or a sterner grader, is taken out first. Length moves by cluster, as all candidates', and by candidate;
the cost of every call tells it, graded or not. What was seen before a candidate changed does not count (drift.py), and
a half-life lets the rest fade.

The spreads were chosen on replayed RouterBench 5-shot and zeroeval (benchmarks/live.py): there, moving a candidate by
more on 200 grades lost more than it gained, as did any shift by query.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from crossroute.candidate import Candidate, Lesson, Pool
from crossroute.model.effects import LEAST_CHANCE
from crossroute.model.lessons import fit_lengths
from crossroute.numeric import Floats, logit, sigmoid
from crossroute.routing.predictor import Foresight
from crossroute.routing.router import Router
from crossroute.traffic.drift import changed_at, once_each
from crossroute.traffic.logged import Logged
from crossroute.traffic.policies import over_logged
from crossroute.traffic.rows import now

DAY_S = 86_400
HALF_LIFE_DAYS = 30.0

USUAL, PER_OUTCOME = 0.05, 2.0
"""Standard deviation, in log-odds, of a candidate that was measured well; of one measured on n outcomes this, too, over
the root of n."""

ANY, RARE, LEAST_GRADES = 1.5, 0.01, 20.0
"""The same of a candidate that is not what was measured, how often that is, and grades without which it is not said."""

SHARED = 0.5
"""The same of what all candidates share."""

ROUNDS, STEPS = 3, 20


class Shift(NamedTuple):
    """A number of log-odds with its standard error, and how likely it is that of a candidate that changed."""

    value: float
    error: float
    rare: float


class Seen(NamedTuple):
    """What was observed of one candidate: log-odds as predicted, qualities and weights, each of shape (n,)."""

    log_odds: Floats
    quality: Floats
    weight: Floats


class Observed(NamedTuple):
    """Logged calls, with what is foreseen of them now.

    Attributes:
        logged: The n calls.
        foreseen: Of their queries.
        columns: Of the candidate of each in the router's pool, shape (n,); -1 where that does not know it.
        weight: How much each counts, shape (n,).
    """

    logged: Logged
    foreseen: Foresight
    columns: npt.NDArray[np.intp]
    weight: Floats


def refreshed(router: Router, logged: Logged, *, half_life_days: float = HALF_LIFE_DAYS) -> Router:
    """Return a router over the log's candidates that has taken its grades and costs in.

    What the router learnt from a log before is forgotten: the log tells it again.

    Args:
        router: The router.
        logged: Decisions, graded or not.
        half_life_days: After which an observation counts half.
    """
    router, logged = without_lessons(over_logged(router, logged)), logged.own
    if not len(logged):
        return router
    foreseen = logged.foreseen(router)
    newest = min(logged.time.max(), now())  # a clock that is ahead makes no other call old
    weight = 0.5 ** (np.maximum(newest - logged.time, 0) / DAY_S / half_life_days)
    columns = np.array([_column(router.pool, name) for name in logged.names])[logged.chosen]
    calls = Observed(logged, foreseen, columns, weight)
    quality, length = _quality_lessons(router.pool, calls), _length_lessons(len(router.pool), calls)
    return router.over(
        Pool(
            _taught(candidate, Lesson(quality=shift.value, quality_error=shift.error, log_tokens=tuple(row)))
            for candidate, shift, row in zip(router.pool, quality, length.tolist(), strict=True)
        )
    )


def without_lessons(router: Router) -> Router:
    """Return the router as it was before it learnt from traffic."""
    if router.predictor.lessons is None:
        return router
    return router.over(Pool(_taught(candidate, None) for candidate in router.pool))


def _taught(candidate: Candidate, lesson: Lesson | None) -> Candidate:
    profile = candidate.profile and candidate.profile.model_copy(update={"lesson": lesson})
    return candidate.model_copy(update={"profile": profile})


def _column(pool: Pool, name: str) -> int:
    return pool.names.index(name) if name in pool.names else -1


def _quality_lessons(pool: Pool, calls: Observed) -> list[Shift]:
    """Return what grades teach of each candidate."""
    logged, foreseen, columns, weight = calls
    quality, query, log_odds = logged.quality, logged.query, logit(foreseen.quality, LEAST_CHANCE)
    known = ~np.isnan(quality) & (columns >= 0)
    seen, usual = [], []
    for column, candidate in enumerate(pool):
        mine = np.flatnonzero(known & (columns == column))
        surprise = quality[mine] - foreseen.quality[mine, column]
        mine = mine[changed_at(surprise, query[mine]) :]
        seen.append(Seen(log_odds[mine, column], quality[mine], weight[mine] * once_each(query[mine])))
        outcomes = sum(candidate.profile.evidence) if candidate.profile else 0.0
        usual.append(float(np.hypot(USUAL, PER_OUTCOME / np.sqrt(outcomes + 5))))
    return fit_shifts(seen, usual)


def fit_shifts(seen: list[Seen], usual: list[float]) -> list[Shift]:
    """Return the shift of each candidate, what all share included.

    Args:
        seen: Of each candidate.
        usual: Standard deviation of the shift of each that is what was measured.

    >>> [calm, changed] = fit_shifts([Seen(np.zeros(100), np.full(100, 0.5), np.ones(100)),
    ...                               Seen(np.full(100, 2.2), np.full(100, 0.6), np.ones(100))], [0.1, 0.1])
    >>> round(calm.value, 1), round(changed.value, 1), round(float(sigmoid(np.array(2.2 + changed.value))), 1)
    (-0.0, -1.8, 0.6)
    """
    shared = 0.0
    shifts = [_mixed(each, spread, shared) for each, spread in zip(seen, usual, strict=True)]
    for _ in range(ROUNDS):
        every = [
            Seen(each.log_odds + shift.value - shared, each.quality, each.weight * (1 - shift.rare))
            for each, shift in zip(seen, shifts, strict=True)
        ]
        shared, _, _ = _posterior(Seen(*map(np.concatenate, zip(*every, strict=True))), SHARED)
        shifts = [_mixed(each, spread, shared) for each, spread in zip(seen, usual, strict=True)]
    return shifts


def _mixed(seen: Seen, usual: float, shared: float) -> Shift:
    """Return the posterior mean and error of a shift that is usual or rare, what all share added."""
    moved = seen._replace(log_odds=seen.log_odds + shared)
    near, near_variance, near_evidence = _posterior(moved, usual)
    far, far_variance, far_evidence = _posterior(moved, ANY)
    odds = far_evidence - near_evidence + np.log(RARE / (1 - RARE))
    rare = float(sigmoid(np.array(odds))) if seen.weight.sum() >= LEAST_GRADES else 0.0
    mean = near + rare * (far - near)
    variance = (1 - rare) * (near_variance + near**2) + rare * (far_variance + far**2) - mean**2
    return Shift(shared + mean, float(np.sqrt(max(variance, 1e-6))), rare)


def _posterior(seen: Seen, spread: float) -> tuple[float, float, float]:
    """Return mode, variance and log evidence of one shift under a Gaussian prior, by Laplace's approximation."""
    shift, (log_odds, quality, weight) = 0.0, seen
    for _ in range(STEPS):
        expected = sigmoid(log_odds + shift)
        precision = float((weight * expected * (1 - expected)).sum()) + 1 / spread**2
        step = (float((weight * (quality - expected)).sum()) - shift / spread**2) / precision
        shift += float(np.clip(step, -1, 1))
    log_odds = log_odds + shift
    fit = float((weight * (quality * log_odds - np.logaddexp(0, log_odds))).sum())
    evidence = fit - shift**2 / (2 * spread**2) - 0.5 * np.log(precision * spread**2)
    return shift, 1 / precision, evidence


def _length_lessons(candidates: int, calls: Observed) -> Floats:
    """Return what the costs of calls teach of each candidate's log tokens by cluster, shape (m, k).

    What a candidate changed before its last change of cost does not count.
    """
    logged, foreseen, columns, weight = calls
    cost, query, rows = logged.cost, logged.query, np.arange(len(columns))
    predicted = np.where(columns >= 0, foreseen.cost[rows, columns], np.nan)
    with np.errstate(divide="ignore", invalid="ignore"):
        surprise = np.log(cost / predicted)
    weight = np.where(np.isfinite(surprise), weight, 0.0)
    for column in range(candidates):
        mine = np.flatnonzero((columns == column) & (weight > 0))
        weight[mine[: changed_at(surprise[mine], query[mine])]] = 0.0
    used = np.flatnonzero(weight)
    told = (cost[used], predicted[used], columns[used], foreseen.clusters[used])
    each = once_each(query[used] * candidates + columns[used])
    return fit_lengths(*told, candidates=candidates, weight=weight[used] * each)
