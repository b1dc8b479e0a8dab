"""Learn from a log: its queries about strange queries, its grades and costs about each candidate.

A query that is like none in training is read in part as those of the log (model/usual.py); that needs no grade.

Quality moves by one number a candidate, in log-odds, and what is read of a query counts less where grades do not bear
it out (a slope below 0); both are found together (shifts.py):

    logit(quality[a]) += shift[a] + HELD slope (reading[a](x) - typical[a])

A candidate that a router was trained on is near 0 before any grade, so that grades of it move little, and many that say
something else move it all the way. How near depends on the traffic, too: the less it is like anything that the router
was trained on (trust), the more grades count. The same query asked again tells little that is new, so that a
candidate's grades on it count as one together. What all share, harder queries or a sterner grader, is taken out first.

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
from crossroute.encoder.query_encoder import EncodedQueries
from crossroute.model.effects import LEAST_CHANCE
from crossroute.model.lessons import fit_lengths
from crossroute.model.usual import OF_GROUP
from crossroute.numeric import Floats, logit
from crossroute.routing.predictor import LazyPrediction, Predictor
from crossroute.routing.router import Router
from crossroute.traffic.drift import find_change, weigh_repeats
from crossroute.traffic.logged import Logged
from crossroute.traffic.policies import restrict_to_log
from crossroute.traffic.rows import now
from crossroute.traffic.shifts import Grades, fit_shifts

DAY_S = 86_400
HALF_LIFE_DAYS = 30.0

LEAST_SHOWN, MOST_SHOWN = OF_GROUP, 2_000
"""Different queries from which on a strange one is read in part as they are, and how many, the last, count."""

USUAL, PER_OUTCOME = 0.05, 2.0
"""Standard deviation, in log-odds, of a candidate that was measured well; of one measured on n outcomes this, too, over
the root of n."""

FAR = 0.6
"""This, too, where no query is like training; in part where some are."""

HELD = 0.5
"""How much of the slope that is found counts: whole slopes fit grades better and choose worse."""


class ObservedCalls(NamedTuple):
    """Logged calls, with what is predicted of them now.

    Attributes:
        logged: The n calls.
        predicted: Of their queries.
        columns: Of the candidate of each in the router's pool, shape (n,); -1 where that does not know it.
        weight: How much each counts, shape (n,).
    """

    logged: Logged
    predicted: LazyPrediction
    columns: npt.NDArray[np.intp]
    weight: Floats

    def of_chosen(self, predicted: Floats) -> Floats:
        """Return what is predicted of each call's own candidate, shape (n,); anything where the pool has none."""
        return np.asarray(predicted[np.arange(len(self.columns)), self.columns])


def learn_from_log(router: Router, logged: Logged, *, half_life_days: float = HALF_LIFE_DAYS) -> Router:
    """Return a router over the log's candidates that has taken its queries, grades and costs in.

    What the router learnt from a log before is forgotten: the log tells it again. Its dial stays as it was set.

    Args:
        router: The router.
        logged: Decisions, graded or not.
        half_life_days: After which an observation counts half.
    """
    router, logged = restrict_to_log(router, logged), logged.own
    if not len(logged):
        return remove_lessons(router)
    queries = logged.encoded(router)
    predictor = _adapt_to_queries(_remove_lessons(router.predictor), logged, queries)
    newest = min(logged.time.max(), now())  # a clock that is ahead makes no other call old
    weight = 0.5 ** (np.maximum(newest - logged.time, 0) / DAY_S / half_life_days)
    pool = predictor.pool
    columns = np.array([_column(pool, name) for name in logged.names])[logged.chosen]
    calls = ObservedCalls(logged, predictor.predict_encoded(queries), columns, weight)
    quality, length = _quality_lessons(pool, calls), _length_lessons(len(pool), calls)
    taught = Pool(map(_add_lesson, pool, map(_lesson, *quality, length.tolist())))
    return router.with_predictor(predictor.with_pool(taught))


def _adapt_to_queries(predictor: Predictor, logged: Logged, queries: EncodedQueries) -> Predictor:
    """Return the predictor used to the log's last queries, where there are enough."""
    _, place = np.unique(logged.query[::-1], return_index=True)
    if len(place) < LEAST_SHOWN:
        return predictor
    return predictor.accustomed(queries.take(len(logged) - 1 - np.sort(place)[:MOST_SHOWN]))


def remove_lessons(router: Router) -> Router:
    """Return the router as it was before it learnt from traffic."""
    predictor = _remove_lessons(router.predictor)
    return router if predictor is router.predictor else router.with_predictor(predictor)


def _remove_lessons(predictor: Predictor) -> Predictor:
    if predictor.lessons is None:
        return predictor
    return predictor.with_pool(Pool(_add_lesson(candidate, None) for candidate in predictor.pool)).accustomed(
        None
    )


def _add_lesson(candidate: Candidate, lesson: Lesson | None) -> Candidate:
    profile = candidate.profile and candidate.profile.model_copy(update={"lesson": lesson})
    return candidate.model_copy(update={"profile": profile})


def _column(pool: Pool, name: str) -> int:
    return pool.names.index(name) if name in pool.names else -1


def _lesson(quality: float, error: float, slope: float, log_tokens: list[float]) -> Lesson:
    return Lesson(quality=quality, quality_error=error, quality_slope=slope, log_tokens=tuple(log_tokens))


def _quality_lessons(pool: Pool, calls: ObservedCalls) -> tuple[list[float], list[float], list[float]]:
    """Return what is added to each candidate's log-odds, its standard error, and what they are multiplied by before."""
    logged, predicted, columns, weight = calls
    log_odds, once = logit(predicted.quality, LEAST_CHANCE), weight * weigh_repeats(logged.query)
    typical, trust = (
        np.average(log_odds, axis=0, weights=once),
        float(np.average(predicted.trust, weights=once)),
    )
    rows, counts = _select_telling(len(pool), calls, logged.quality - calls.of_chosen(predicted.quality))
    at = rows, columns[rows]
    taught = fit_shifts(
        Grades(
            at[1],
            log_odds[at],
            log_odds[at] - typical[at[1]],
            predicted.clusters[rows],
            logged.quality[rows],
            counts,
        ),
        np.array([_usual(candidate, trust) for candidate in pool]),
        trust=trust,
    )
    moved = HELD * taught.slope
    return (taught.shift - moved * typical).tolist(), taught.error.tolist(), [1 + moved] * len(pool)


def _usual(candidate: Candidate, trust: float) -> float:
    """Return the standard deviation of the shift of a candidate that is what was measured."""
    outcomes = sum(candidate.profile.evidence) if candidate.profile else 0.0
    return float(np.sqrt(USUAL**2 + (FAR * (1 - trust)) ** 2 + PER_OUTCOME**2 / (outcomes + 5)))


def _select_telling(
    candidates: int, calls: ObservedCalls, surprise: Floats
) -> tuple[npt.NDArray[np.intp], Floats]:
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
        told[mine[: find_change(surprise[mine], query[mine])]] = False
    rows = np.flatnonzero(told)
    return rows, weight[rows] * weigh_repeats(query[rows] * candidates + columns[rows])


def _length_lessons(candidates: int, calls: ObservedCalls) -> Floats:
    """Return what the costs of calls teach of each candidate's log tokens by cluster, shape (m, k)."""
    cost, predicted = calls.logged.cost, calls.of_chosen(calls.predicted.cost)
    with np.errstate(divide="ignore", invalid="ignore"):
        surprise = np.log(cost / predicted)
    rows, counts = _select_telling(candidates, calls, surprise)
    told = (cost[rows], predicted[rows], calls.columns[rows], calls.predicted.clusters[rows])
    return fit_lengths(*told, candidates=candidates, weight=counts)
