"""Outcomes replayed as live traffic: calls drawn from them, decided, answered, and graded now and then."""

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
"""Between two calls."""

CALLS, SHARE = 2_000, 0.05
"""Calls of a log, and the share of exploration."""


class World(NamedTuple):
    """A set whose queries come as calls.

    Attributes:
        outcomes: Of queries that `router` was not trained on.
        router: The start, over the set's candidates under their names and prices there.
        queries: Encoded.
    """

    outcomes: Outcomes
    router: Router
    queries: EncodedQueries

    @classmethod
    def of(cls, name: str, start: Router) -> World:
        """Return the world of a set of `SETS`: its validation and test queries with an outcome of each candidate."""
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
        """Return the queries that come as traffic, and those that a router is judged on."""
        order = np.random.default_rng(seed).permutation(len(self.outcomes))
        return order[: len(order) // 2], order[len(order) // 2 :]

    def foreseen(self, router: Router, rows: npt.NDArray[np.intp]) -> LazyPrediction:
        """Return what a router over the same candidates foresees of some queries."""
        return router.predictor.predict_encoded(self.queries.take(rows))

    def aiq(self, router: Router, rows: npt.NDArray[np.intp]) -> float:
        """Return a router's AIQ on some queries."""
        foreseen = self.foreseen(router, rows)
        return self.aiq_of(foreseen.quality, foreseen.cost, rows)

    def aiq_of(self, quality: Floats, cost: Floats, rows: npt.NDArray[np.intp]) -> float:
        """Return the AIQ of predictions, each of shape (rows, m)."""
        part = self.outcomes.take(rows)
        sweep = Sweep.of(Prediction(part.pool.names, quality, cost), part, sweep_for(part.cost))
        return aiq(sweep.points(), *cost_range(part.quality, part.cost))


def logged(
    world: World,
    rows: npt.NDArray[np.intp],
    foreseen: LazyPrediction,
    pay: Floats,
    *,
    share: float,
    feedback: float,
    random: np.random.Generator,
    quality: Floats | None = None,
    cost: Floats | None = None,
    begin: float = 0.0,
) -> Logged:
    """Return calls as a traffic log tells them.

    Args:
        world: The set.
        rows: Which query each call asks, shape (n,).
        foreseen: Of these, by the router that decides.
        pay: Willingness to pay of each, USD, shape (n,).
        share: Of exploration.
        feedback: Share of the calls that is graded.
        random: Draws what is explored and graded.
        quality: What each candidate gives, shape (n, m); by default as observed.
        cost: USD that it takes, likewise.
        begin: When the first call is made.
    """
    n, m = foreseen.quality.shape
    quality = world.outcomes.quality[rows] if quality is None else quality
    cost = world.outcomes.cost[rows] if cost is None else cost
    chances = explored(foreseen, pay, share)
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
        vectors=np.column_stack([part.vectors, part.word_ease]),
        tokens=part.tokens,
        context=part.context,
        chosen=chosen,
        propensity=chances,
        eligible=np.ones((n, m), dtype=bool),
        predicted=foreseen.quality,
        error=foreseen.quality_error,
        predicted_cost=foreseen.cost,
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


def told_at_all_dials(world: World, traffic: npt.NDArray[np.intp], seed: int, feedback: float) -> Logged:
    """Return `CALLS` calls at dials drawn evenly, by the world's router, as a traffic log tells them."""
    random = np.random.default_rng(seed)
    rows = drawn(traffic, CALLS, random)
    pay = np.array([world.router.dial.at(float(dial)) for dial in random.random(CALLS)])
    foreseen = world.foreseen(world.router, rows)
    return logged(world, rows, foreseen, pay, share=SHARE, feedback=feedback, random=random)


def drawn(rows: npt.NDArray[np.intp], calls: int, random: np.random.Generator) -> npt.NDArray[np.intp]:
    """Return the queries of some calls: each comes once before any comes again."""
    rounds = -(-calls // len(rows))
    return np.concatenate([random.permutation(rows) for _ in range(rounds)])[:calls]


def explored(foreseen: LazyPrediction, pay: Floats, share: float) -> Floats:
    """Return the probability of each candidate, shape (n, m), as `crossroute.routing.exploration.explore` has it."""
    n, m = foreseen.quality.shape
    chosen = np.concatenate(
        [best(foreseen.quality[[row]], foreseen.cost[[row]], float(pay[row])) for row in range(n)]
    )
    held = np.maximum(foreseen.quality, LEAST_QUALITY)
    value = np.log(held) - foreseen.cost / pay[:, None]
    top = value[np.arange(n), chosen][:, None]
    error = np.hypot(foreseen.quality_error, foreseen.quality_error[np.arange(n), chosen][:, None])
    near = value + np.log(np.minimum(1, held + error) / held) >= top
    near[np.arange(n), chosen] = False
    others = near.sum(axis=1, keepdims=True)
    each = np.where(others > 0, share / np.maximum(others, 1), 0.0)
    return np.asarray(np.where(near, each, 0.0) + np.eye(m)[chosen] * np.where(others > 0, 1 - share, 1.0))


def joined(parts: list[Logged]) -> Logged:
    """Return several stretches of a log as one."""
    arrays: dict[str, Any] = {
        name: np.concatenate([getattr(part, name) for part in parts])
        for name in parts[0].__dataclass_fields__
        if name not in ("names", "encoder")
    }
    return replace(parts[0], **arrays)
