"""Learn from a traffic log: adapt a router to its queries, and correct predictions from its grades and costs.

The difficulty and the task of a query unlike the training data are estimated partly from the log's queries
(model/usual.py); this needs no grades.

The quality of candidate a is corrected by a shift and by a slope, which are fitted together (shifts.py). A negative
slope reduces the effect of the query if the grades do not confirm it:

    logit(quality[a]) += shift[a] + HELD slope (reading[a](x) - typical[a])

The prior of a shift is narrow for a candidate with many outcomes in training, so that a few grades change little and
many contradicting ones change the prediction. It is wider if the traffic is unlike the training data (low trust).
Repeated queries carry little new information, so a candidate's grades on one query count as one. A part that is common
to all candidates, such as harder queries or a stricter grader, is fitted separately.

The answer's length is corrected per cluster and per candidate, from the cost of every call. Observations before a
change of a candidate are ignored (drift.py), and older ones have less weight (half-life).

The constants were chosen on replayed outcomes (benchmarks/live.py): FAR with routers that were not trained on the set,
the others on RouterBench 5-shot and zeroeval. There, wider priors lost more after 200 grades than they gained, and so
did a shift per query.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from crossroute.candidate import Candidate, Lesson, Pool
from crossroute.encoder.query_encoder import EncodedQueries
from crossroute.model.effects import LEAST_CHANCE, fit_lengths
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
"""Minimum number of different queries to adapt to, and maximum number of latest ones that are used."""

USUAL, PER_OUTCOME = 0.05, 2.0
"""Prior standard deviations of a shift, in log-odds: a constant, and one that is divided by the square root of the
number of outcomes."""

FAR = 0.6
"""Additional prior standard deviation at trust 0; it decreases linearly to 0 at trust 1."""

HELD = 0.5
"""Share of the fitted slope that is applied: the whole slope fits grades better, but leads to worse choices."""


class ObservedCalls(NamedTuple):
    """Logged calls with the router's current predictions.

    Attributes:
        logged: The n calls.
        predicted: Predictions for their queries.
        columns: Index of each call's candidate in the router's pool, shape (n,); -1 if unknown.
        weight: Weight of each call, shape (n,).
    """

    logged: Logged
    predicted: LazyPrediction
    columns: npt.NDArray[np.intp]
    weight: Floats

    def select_chosen(self, predicted: Floats) -> Floats:
        """Return the prediction for each call's candidate, shape (n,); arbitrary values for unknown candidates."""
        return np.asarray(predicted[np.arange(len(self.columns)), self.columns])


def learn_from_log(router: Router, logged: Logged, *, half_life_days: float = HALF_LIFE_DAYS) -> Router:
    """Return a router over the log's candidates, corrected from its queries, grades and costs.

    Earlier corrections are replaced. The dial is unchanged.

    Args:
        router: The router.
        logged: Decisions, graded or not.
        half_life_days: Age in days at which an observation has half its weight.

    Raises:
        TrafficError: The router knows none of the log's candidates, or its encoder is another one and texts are not
            stored.
    """
    router, logged = restrict_to_log(router, logged), logged.own
    if not len(logged):
        return remove_lessons(router)
    queries = logged.encoded(router)
    predictor = _adapt_to_queries(_remove_lessons(router.predictor), logged, queries)
    newest = min(logged.time.max(), now())  # a time in the future must not make other calls old
    weight = 0.5 ** (np.maximum(newest - logged.time, 0) / DAY_S / half_life_days)
    pool = predictor.pool
    columns = np.array([_find_column(pool, name) for name in logged.names])[logged.chosen]
    calls = ObservedCalls(logged, predictor.predict_encoded(queries), columns, weight)
    quality, length = _learn_quality(pool, calls), _learn_lengths(len(pool), calls)
    taught = Pool(map(_add_lesson, pool, map(_build_lesson, *quality, length.tolist())))
    return router.with_predictor(predictor.with_pool(taught))


def _adapt_to_queries(predictor: Predictor, logged: Logged, queries: EncodedQueries) -> Predictor:
    """Adapt a predictor to the log's latest queries, if there are enough."""
    _, place = np.unique(logged.query[::-1], return_index=True)
    if len(place) < LEAST_SHOWN:
        return predictor
    return predictor.accustomed(queries.take(len(logged) - 1 - np.sort(place)[:MOST_SHOWN]))


def remove_lessons(router: Router) -> Router:
    """Return the router without the corrections from traffic."""
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


def _find_column(pool: Pool, name: str) -> int:
    return pool.names.index(name) if name in pool.names else -1


def _build_lesson(quality: float, error: float, slope: float, log_tokens: list[float]) -> Lesson:
    return Lesson(quality=quality, quality_error=error, quality_slope=slope, log_tokens=tuple(log_tokens))


def _learn_quality(pool: Pool, calls: ObservedCalls) -> tuple[list[float], list[float], list[float]]:
    """Return the shift of each candidate's log-odds, its standard error, and the factor applied before the shift."""
    logged, predicted, columns, weight = calls
    log_odds, once = logit(predicted.quality, LEAST_CHANCE), weight * weigh_repeats(logged.query)
    typical, trust = (
        np.average(log_odds, axis=0, weights=once),
        float(np.average(predicted.trust, weights=once)),
    )
    residual = logged.quality - calls.select_chosen(predicted.quality)
    rows, counts = _select_informative(len(pool), calls, residual)
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
        np.array([_compute_spread(candidate, trust) for candidate in pool]),
        trust=trust,
    )
    moved = HELD * taught.slope
    return (taught.shift - moved * typical).tolist(), taught.error.tolist(), [1 + moved] * len(pool)


def _compute_spread(candidate: Candidate, trust: float) -> float:
    """Return the prior standard deviation of the shift of an unchanged candidate, in log-odds."""
    outcomes = sum(candidate.profile.evidence) if candidate.profile else 0.0
    return float(np.sqrt(USUAL**2 + (FAR * (1 - trust)) ** 2 + PER_OUTCOME**2 / (outcomes + 5)))


def _select_informative(
    candidates: int, calls: ObservedCalls, surprise: Floats
) -> tuple[npt.NDArray[np.intp], Floats]:
    """Return the indices and weights of the observed calls since the last change of their candidate.

    Args:
        candidates: Number of candidates.
        calls: The n calls.
        surprise: Observed minus predicted, shape (n,); NaN without an observation.
    """
    columns, query, weight = calls.columns, calls.logged.query, calls.weight
    told = np.isfinite(surprise) & (columns >= 0) & (weight > 0)
    for column in range(candidates):
        mine = np.flatnonzero(told & (columns == column))
        told[mine[: find_change(surprise[mine], query[mine])]] = False
    rows = np.flatnonzero(told)
    return rows, weight[rows] * weigh_repeats(query[rows] * candidates + columns[rows])


def _learn_lengths(candidates: int, calls: ObservedCalls) -> Floats:
    """Return the corrections of each candidate's log tokens by cluster, shape (m, k), from the costs of calls."""
    cost, predicted = calls.logged.cost, calls.select_chosen(calls.predicted.cost)
    with np.errstate(divide="ignore", invalid="ignore"):
        surprise = np.log(cost / predicted)
    rows, counts = _select_informative(candidates, calls, surprise)
    told = (cost[rows], predicted[rows], calls.columns[rows], calls.predicted.clusters[rows])
    return fit_lengths(*told, candidates=candidates, weight=counts)
