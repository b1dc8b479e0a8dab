"""Learn from a log: its queries about strange queries, its grades and costs about each candidate.

A query that is like none in training is read in part as those of the log (model/usual.py); that needs no grade.

Quality moves by one number a candidate, in log-odds, and what is read of a query counts less where grades do not bear
it out (a slope below 0):

    logit(quality[a]) += shift[a] + HELD slope (reading[a](x) - typical[a])

Before any grade a shift is either near 0 or anything, as after a change, and a slope near 0:

    shift[a] ~ (1 - rare) N(0, usual[a]^2) + rare N(0, ANY^2),    slope ~ N(0, (SLOPE (1 - trust))^2)

A candidate that a router was trained on is near 0, so that grades of it move little, and many that say something else
move it all the way. How near depends on the traffic, too: the less it is like anything that the router was trained on
(trust), the more grades count. Shifts and slope are found together: a candidate is chosen where it is read too high,
which is not to count against it everywhere. The same query asked again tells little that is new, so that a candidate's
grades on it count as one together. What all share, harder queries or a sterner grader, is taken out first.

Length moves by cluster, as all candidates', and by candidate; the cost of every call tells it, graded or not. What was
seen before a candidate changed does not count (drift.py), and a half-life lets the rest fade.

Chosen on replayed outcomes (benchmarks/live.py): what is far from training on routers to which a set is unknown, the
rest on RouterBench 5-shot and zeroeval, where moving a candidate by more on 200 grades lost more than it gained, as did
any shift by query.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from crossroute.candidate import Candidate, Lesson, Pool
from crossroute.model.effects import LEAST_CHANCE
from crossroute.model.lessons import fit_lengths
from crossroute.model.usual import OF_GROUP
from crossroute.numeric import Floats, logit, sigmoid
from crossroute.routing.predictor import Foresight
from crossroute.routing.router import Router
from crossroute.traffic.drift import changed_at, once_each
from crossroute.traffic.logged import Logged
from crossroute.traffic.policies import over_logged
from crossroute.traffic.rows import now

DAY_S = 86_400
HALF_LIFE_DAYS = 30.0

LEAST_SHOWN, MOST_SHOWN = OF_GROUP, 2_000
"""Different queries from which on a strange one is read in part as they are, and how many, the last, count."""

USUAL, PER_OUTCOME = 0.05, 2.0
"""Standard deviation, in log-odds, of a candidate that was measured well; of one measured on n outcomes this, too, over
the root of n."""

FAR = 0.6
"""This, too, where no query is like training; in part where some are."""

ANY, RARE, LEAST_GRADES = 1.5, 0.01, 20.0
"""The same of a candidate that is not what was measured, how often that is where queries are like training, and grades
without which it is not said."""

SHARED = 0.5
"""The same of what all candidates share."""

SLOPE, HELD, NO_SLOPE = 0.5, 0.5, 1e-6
"""Standard deviation of the slope where no query is like training, how much of what is found counts (whole slopes fit
grades better and choose worse), and what stands for a standard deviation of 0."""

ROUNDS, STEPS, CLOSE = 4, 20, 1e-6


class Seen(NamedTuple):
    """n grades of m candidates.

    Attributes:
        column: Of the candidate of each, shape (n,).
        log_odds: As predicted, shape (n,).
        reading: The same less those of a typical query, shape (n,).
        quality: As graded, shape (n,).
        weight: How much each counts, shape (n,).
    """

    column: npt.NDArray[np.intp]
    log_odds: Floats
    reading: Floats
    quality: Floats
    weight: Floats


class Taught(NamedTuple):
    """What grades teach of m candidates.

    Attributes:
        shift: In log-odds, what all share included, shape (m,).
        error: Standard error of it, shape (m,).
        slope: By how much readings count more.
    """

    shift: Floats
    error: Floats
    slope: float


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

    def of_chosen(self, foreseen: Floats) -> Floats:
        """Return what is foreseen of each call's own candidate, shape (n,); anything where the pool has none."""
        return np.asarray(foreseen[np.arange(len(self.columns)), self.columns])


def refreshed(router: Router, logged: Logged, *, half_life_days: float = HALF_LIFE_DAYS) -> Router:
    """Return a router over the log's candidates that has taken its queries, grades and costs in.

    What the router learnt from a log before is forgotten: the log tells it again. Its dial stays as it was set.

    Args:
        router: The router.
        logged: Decisions, graded or not.
        half_life_days: After which an observation counts half.
    """
    router, logged = without_lessons(over_logged(router, logged)), logged.own
    if not len(logged):
        return router
    router = _accustomed(router, logged)
    foreseen = logged.foreseen(router)
    newest = min(logged.time.max(), now())  # a clock that is ahead makes no other call old
    weight = 0.5 ** (np.maximum(newest - logged.time, 0) / DAY_S / half_life_days)
    columns = np.array([_column(router.pool, name) for name in logged.names])[logged.chosen]
    calls = Observed(logged, foreseen, columns, weight)
    quality, length = _quality_lessons(router.pool, calls), _length_lessons(len(router.pool), calls)
    return router.over(Pool(map(_taught, router.pool, map(_lesson, *quality, length.tolist()))))


def _accustomed(router: Router, logged: Logged) -> Router:
    """Return the router used to the log's last queries, where there are enough."""
    _, place = np.unique(logged.query[::-1], return_index=True)
    if len(place) < LEAST_SHOWN:
        return router
    last = len(logged) - 1 - np.sort(place)[:MOST_SHOWN]
    return router.accustomed(logged.take(last).encoded(router))


def without_lessons(router: Router) -> Router:
    """Return the router as it was before it learnt from traffic."""
    if router.predictor.lessons is None:
        return router
    return router.over(Pool(_taught(candidate, None) for candidate in router.pool)).accustomed(None)


def _taught(candidate: Candidate, lesson: Lesson | None) -> Candidate:
    profile = candidate.profile and candidate.profile.model_copy(update={"lesson": lesson})
    return candidate.model_copy(update={"profile": profile})


def _column(pool: Pool, name: str) -> int:
    return pool.names.index(name) if name in pool.names else -1


def _lesson(quality: float, error: float, slope: float, log_tokens: list[float]) -> Lesson:
    return Lesson(quality=quality, quality_error=error, quality_slope=slope, log_tokens=tuple(log_tokens))


def _quality_lessons(pool: Pool, calls: Observed) -> tuple[list[float], list[float], list[float]]:
    """Return what is added to each candidate's log-odds, its standard error, and what they are multiplied by before."""
    logged, foreseen, columns, weight = calls
    log_odds, once = logit(foreseen.quality, LEAST_CHANCE), weight * once_each(logged.query)
    typical, trust = (
        np.average(log_odds, axis=0, weights=once),
        float(np.average(foreseen.trust, weights=once)),
    )
    rows, counts = _telling(len(pool), calls, logged.quality - calls.of_chosen(foreseen.quality))
    at = rows, columns[rows]
    taught = fit_shifts(
        Seen(at[1], log_odds[at], log_odds[at] - typical[at[1]], logged.quality[rows], counts),
        np.array([_usual(candidate, trust) for candidate in pool]),
        trust=trust,
    )
    moved = HELD * taught.slope
    return (taught.shift - moved * typical).tolist(), taught.error.tolist(), [1 + moved] * len(pool)


def _usual(candidate: Candidate, trust: float) -> float:
    """Return the standard deviation of the shift of a candidate that is what was measured."""
    outcomes = sum(candidate.profile.evidence) if candidate.profile else 0.0
    return float(np.sqrt(USUAL**2 + (FAR * (1 - trust)) ** 2 + PER_OUTCOME**2 / (outcomes + 5)))


def _telling(candidates: int, calls: Observed, surprise: Floats) -> tuple[npt.NDArray[np.intp], Floats]:
    """Return the calls that tell something of their candidate as it is now, and how much each counts.

    Args:
        candidates: m.
        calls: All.
        surprise: Observed less predicted, shape (n,); NaN where nothing was observed.
    """
    columns, query, weight = calls.columns, calls.logged.query, calls.weight
    told = np.isfinite(surprise) & (columns >= 0) & (weight > 0)
    for column in range(candidates):
        mine = np.flatnonzero(told & (columns == column))
        told[mine[: changed_at(surprise[mine], query[mine])]] = False
    rows = np.flatnonzero(told)
    return rows, weight[rows] * once_each(query[rows] * candidates + columns[rows])


def fit_shifts(seen: Seen, usual: Floats, *, trust: float = 1.0) -> Taught:
    """Return what grades teach: the shift of each candidate and the slope of readings.

    Args:
        seen: The grades.
        usual: Standard deviation of the shift of each candidate that is what was measured, shape (m,).
        trust: How like training the queries are, in [0, 1].

    >>> column, even = np.repeat([0, 1], 100), np.ones(200)
    >>> seen = Seen(column, np.where(column, 2.2, 0.0), 0 * even, np.where(column, 0.6, 0.5), even)
    >>> calm, changed = fit_shifts(seen, np.array([0.1, 0.1])).shift.tolist()
    >>> round(abs(calm), 1), round(changed, 1), round(float(sigmoid(np.array(2.2 + changed))), 1)
    (0.0, -1.8, 0.6)
    """
    found: Floats = np.zeros(len(usual) + 2)
    rare: Floats = np.zeros(len(usual))
    slope = max(SLOPE * (1 - trust), NO_SLOPE)
    for _ in range(ROUNDS):
        precision = np.r_[1 / SHARED**2, 1 / slope**2, (1 - rare) / usual**2 + rare / ANY**2]
        found, hessian = _mode(seen, precision, found)
        rare = _changed_chances(seen, found, usual, RARE * trust)
    covariance = np.linalg.inv(hessian)
    variance = covariance[0, 0] + 2 * covariance[0, 2:] + covariance.diagonal()[2:]
    return Taught(found[0] + found[2:], np.sqrt(variance), float(np.clip(found[1], -1, 1)))


def _mode(seen: Seen, precision: Floats, found: Floats) -> tuple[Floats, Floats]:
    """Return the likeliest (shared, slope, shift of each), shape (2 + m,), and the Hessian there.

    By Newton's method from `found`; a step goes no further than 1.
    """
    column, _, reading, quality, weight = seen
    m = len(precision) - 2
    for _ in range(STEPS):
        expected = sigmoid(_moved(seen, found) + found[2:][column])
        missed, curved = weight * (quality - expected), weight * expected * (1 - expected)
        gradient = np.r_[missed.sum(), missed @ reading, np.bincount(column, missed, m)]
        hessian = np.diag(precision)
        hessian[0, 0] += curved.sum()
        hessian[1, 1] += curved @ reading**2
        hessian[0, 1] = hessian[1, 0] = curved @ reading
        hessian[0, 2:] = hessian[2:, 0] = np.bincount(column, curved, m)
        hessian[1, 2:] = hessian[2:, 1] = np.bincount(column, curved * reading, m)
        hessian[range(2, m + 2), range(2, m + 2)] += hessian[0, 2:]
        step = np.linalg.solve(hessian, gradient - precision * found)
        found = found + step.clip(-1, 1)
        if np.abs(step).max() < CLOSE:
            break
    return found, hessian


def _moved(seen: Seen, found: Floats) -> Floats:
    """Return log-odds with what all candidates share and the slope, without their own shifts, shape (n,)."""
    return np.asarray(seen.log_odds + found[0] + found[1] * seen.reading)


def _changed_chances(seen: Seen, found: Floats, usual: Floats, rare: float) -> Floats:
    """Return how likely it is that each candidate is not what was measured, shape (m,)."""
    log_odds, chances = _moved(seen, found), np.zeros(len(usual))
    for column in np.unique(seen.column):
        mine = seen.column == column
        own = log_odds[mine], seen.quality[mine], seen.weight[mine]
        if own[2].sum() >= LEAST_GRADES and rare:
            evidence = _log_evidence(*own, ANY) - _log_evidence(*own, usual[column])
            chances[column] = sigmoid(np.array(evidence + np.log(rare / (1 - rare))))
    return chances


def _log_evidence(log_odds: Floats, quality: Floats, weight: Floats, spread: float) -> float:
    """Return the log evidence of one shift under a Gaussian prior, by Laplace's approximation."""
    shift = 0.0
    for _ in range(STEPS):
        expected = sigmoid(log_odds + shift)
        precision = float((weight * expected * (1 - expected)).sum()) + 1 / spread**2
        step = (float((weight * (quality - expected)).sum()) - shift / spread**2) / precision
        shift += float(np.clip(step, -1, 1))
    log_odds = log_odds + shift
    fit = float((weight * (quality * log_odds - np.logaddexp(0, log_odds))).sum())
    return float(fit - shift**2 / (2 * spread**2) - 0.5 * np.log(precision * spread**2))


def _length_lessons(candidates: int, calls: Observed) -> Floats:
    """Return what the costs of calls teach of each candidate's log tokens by cluster, shape (m, k)."""
    cost, predicted = calls.logged.cost, calls.of_chosen(calls.foreseen.cost)
    with np.errstate(divide="ignore", invalid="ignore"):
        surprise = np.log(cost / predicted)
    rows, counts = _telling(candidates, calls, surprise)
    told = (cost[rows], predicted[rows], calls.columns[rows], calls.foreseen.clusters[rows])
    return fit_lengths(*told, candidates=candidates, weight=counts)
