"""Replay outcomes as live traffic: draw calls, decide, answer, and grade a share of them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from sets import SETS, load

from crossroute import Outcomes, Pool, Prediction, Query, Router
from crossroute.catalogue import Catalogue
from crossroute.encoder.query_encoder import EncodedQueries
from crossroute.metrics import aiq, cost_range, sweep_for
from crossroute.metrics.sweep import Sweep
from crossroute.numeric import Floats
from crossroute.reward import LEAST_QUALITY, best
from crossroute.routing.predictor import LazyPrediction
from crossroute.traffic.logged import Logged

SECONDS = 60.0
"""Seconds between two calls."""

CALLS, SHARE = 2_000, 0.05
"""Number of calls in a log, and the share of exploration."""


class World(NamedTuple):
    """A set whose queries are replayed as calls.

    Attributes:
        outcomes: Outcomes on queries that `router` was not trained on.
        router: The starting router, over the set's candidates with the set's names and prices.
        queries: The encoded queries.
    """

    outcomes: Outcomes
    router: Router
    queries: EncodedQueries

    @classmethod
    def of(cls, name: str, start: Router) -> World:
        """Build it from a set of `SETS`: its validation and test queries with outcomes of all candidates."""
        outcomes = load(name)
        spelling = {
            spelling: entry.name
            for entry in Catalogue.bundled()
            for spelling in entry.recorded_as.get(SETS[name][0], ())
        }
        pool = Pool(
            start.pool[spelling.get(each.name, each.name)].model_copy(
                update={"name": each.name, "aliases": (), "price": each.price}
            )
            for each in outcomes.pool
        )
        fresh = outcomes.take(np.array(outcomes.splits) != "train").complete()
        router = start.over(pool)
        encoder = router.predictor.query_encoder
        return cls(fresh, router, encoder.read(list(map(Query.of_call, fresh.texts))))

    def halves(self, seed: int) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
        """Return the queries for traffic, and those for evaluation."""
        order = np.random.default_rng(seed).permutation(len(self.outcomes))
        return order[: len(order) // 2], order[len(order) // 2 :]

    def predict(self, router: Router, rows: npt.NDArray[np.intp]) -> LazyPrediction:
        """Predict some queries with a router over the same candidates."""
        return router.predictor.predict_encoded(self.queries.take(rows))

    def aiq(self, router: Router, rows: npt.NDArray[np.intp]) -> float:
        """Return a router's AIQ on some queries."""
        predicted = self.predict(router, rows)
        return self.aiq_of(predicted.quality, predicted.cost, rows)

    def aiq_of(self, quality: Floats, cost: Floats, rows: npt.NDArray[np.intp]) -> float:
        """Return the AIQ of predictions, each of shape (rows, m)."""
        part = self.outcomes.take(rows)
        sweep = Sweep.of(Prediction(part.pool.names, quality, cost), part, sweep_for(part.cost))
        return aiq(sweep.points(), *cost_range(part.quality, part.cost))


def make_log(
    world: World,
    rows: npt.NDArray[np.intp],
    predicted: LazyPrediction,
    pay: Floats,
    *,
    share: float,
    feedback: float,
    random: np.random.Generator,
    quality: Floats | None = None,
    cost: Floats | None = None,
    begin: float = 0.0,
) -> Logged:
    """Return simulated calls in the form of a traffic log.

    Args:
        world: The set.
        rows: Index of each call's query, shape (n,).
        predicted: Predictions for the calls by the deciding router.
        pay: Willingness to pay of each call, USD, shape (n,).
        share: Share of exploration.
        feedback: Share of graded calls.
        random: Random generator for exploration and grading.
        quality: Quality of each candidate, shape (n, m); by default the observed one.
        cost: Cost of each candidate, USD, shape (n, m); by default the observed one.
        begin: Time of the first call, seconds.
    """
    n, m = predicted.quality.shape
    quality = world.outcomes.quality[rows] if quality is None else quality
    cost = world.outcomes.cost[rows] if cost is None else cost
    chances = compute_propensity(predicted, pay, share)
    chosen = (chances.cumsum(axis=1) > random.random((n, 1))).argmax(axis=1)
    graded = random.random(n) < feedback
    one = np.arange(n)
    none = np.full(n, np.nan)
    grades = np.where(graded, quality[one, chosen], np.nan)
    part = world.queries.take(rows)
    return Logged(
        ids=np.array([f"{begin:.0f}-{call}" for call in range(n)]),
        time=begin + SECONDS * one,
        texts=np.full(n, None, dtype=object),
        vectors=np.column_stack([part.vectors, part.word_scores]),
        tokens=part.tokens,
        context=part.context,
        chosen=chosen,
        propensity=chances,
        eligible=np.ones((n, m), dtype=bool),
        predicted=predicted.quality,
        error=predicted.quality_error,
        predicted_cost=predicted.cost,
        pay=pay,
        quality=grades,
        own_quality=grades,
        weight=np.ones(n),
        cost=cost[one, chosen],
        further=np.zeros(n),
        seconds=none,
        output_tokens=none,
        input_tokens=none,
        would=np.full(n, ""),
        would_cost=none,
        would_quality=none,
        names=world.outcomes.pool.names,
        encoder=world.router.predictor.query_encoder.name,
    )


def log_at_all_dials(world: World, traffic: npt.NDArray[np.intp], seed: int, feedback: float) -> Logged:
    """Return `CALLS` calls of the world's router at random dials, in the form of a traffic log."""
    random = np.random.default_rng(seed)
    rows = draw_queries(traffic, CALLS, random)
    pay = np.array([world.router.dial.at(float(dial)) for dial in random.random(CALLS)])
    predicted = world.predict(world.router, rows)
    return make_log(world, rows, predicted, pay, share=SHARE, feedback=feedback, random=random)


def draw_queries(rows: npt.NDArray[np.intp], calls: int, random: np.random.Generator) -> npt.NDArray[np.intp]:
    """Return the queries of calls; each query is used once before any is repeated."""
    rounds = -(-calls // len(rows))
    return np.concatenate([random.permutation(rows) for _ in range(rounds)])[:calls]


def compute_propensity(predicted: LazyPrediction, pay: Floats, share: float) -> Floats:
    """Return the probability of each candidate, shape (n, m), as in `crossroute.routing.exploration.explore`."""
    n, m = predicted.quality.shape
    chosen = np.concatenate(
        [best(predicted.quality[[row]], predicted.cost[[row]], float(pay[row])) for row in range(n)]
    )
    held = np.maximum(predicted.quality, LEAST_QUALITY)
    value = np.log(held) - predicted.cost / pay[:, None]
    top = value[np.arange(n), chosen][:, None]
    error = np.hypot(predicted.quality_error, predicted.quality_error[np.arange(n), chosen][:, None])
    near = value + np.log(np.minimum(1, held + error) / held) >= top
    near[np.arange(n), chosen] = False
    others = near.sum(axis=1, keepdims=True)
    each = np.where(others > 0, share / np.maximum(others, 1), 0.0)
    return np.asarray(np.where(near, each, 0.0) + np.eye(m)[chosen] * np.where(others > 0, 1 - share, 1.0))


def concatenate(parts: list[Logged]) -> Logged:
    """Concatenate several parts of a log."""
    arrays: dict[str, Any] = {
        name: np.concatenate([getattr(part, name) for part in parts])
        for name in parts[0].__dataclass_fields__
        if name not in ("names", "encoder")
    }
    return replace(parts[0], **arrays)
