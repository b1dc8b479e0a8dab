"""The one pipeline: text in, arrays inside, a decision out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from numbers import Real
from pathlib import Path
from typing import Any

import numpy as np

from crossroute.cache import LRUCache
from crossroute.candidate import Candidate, Pool, Price
from crossroute.data.outcomes import Outcomes
from crossroute.decision import Alternative, Decision
from crossroute.encoder import Encoder
from crossroute.errors import NoEligibleCandidateError
from crossroute.escalation.verifier import Verifier
from crossroute.model.prediction import Prediction
from crossroute.query import Query
from crossroute.reward import Reward, best, linear_reward, log_exponential_reward
from crossroute.routing.checkpoint import Parts, load, save
from crossroute.routing.policy import Constraints, Dial, cache_saving, choose
from crossroute.routing.predictor import EncodedQueries, Foresight, Predictor

DEFAULT_COST_PREFERENCE = 0.5
DEFAULT_ROUTER = "routerbench"
"""The bundled router that is loaded where none is named."""

WIDEST_ROUTER = "universal"
"""The bundled router that knows most models: the default where the models to choose among are named."""

BATCH = 64
CACHED_DIALS = 256

HIGH = 0.9
"""Probability with which a call costs no more than a prediction's `cost_high`."""
CLUSTERS_SHOWN = 3
_COLUMNS = tuple(Alternative.model_fields)


class Router:
    """Choose a candidate for each query by predicted quality and cost.

    Load one with `Router.from_pretrained`, train one with `crossroute.fit`. Safe to share between threads and
    asyncio tasks: nothing but its caches changes after construction.

    Args:
        predictor: The encoder, the network and the pool.
        calibration: Queries on which the dial is set for this pool, and for any other.
        cluster_labels: A name for each cluster, length k.
        reward: Which reward decides.
        provenance: Where the weights come from (data, seed, figures): plain JSON data.
        dial: Cost preference -> willingness to pay; by default calibrated here.
        verifier: What evidence about answers is worth; by default the one that comes with the package.
    """

    def __init__(
        self,
        predictor: Predictor,
        *,
        calibration: EncodedQueries,
        cluster_labels: Sequence[str],
        reward: Reward = "exponential",
        provenance: dict[str, Any] | None = None,
        dial: Dial | None = None,
        verifier: Verifier | None = None,
    ) -> None:
        self.predictor = predictor
        self.calibration = calibration
        self.cluster_labels = tuple(cluster_labels)
        self.reward: Reward = reward
        self.provenance = provenance or {}
        self._expected: Foresight | None = None
        self._sole = LRUCache[float, str](CACHED_DIALS)
        self.dial = dial or self._calibrated_dial()
        self.own_verifier = verifier

    @classmethod
    def from_pretrained(cls, name: str | Path = DEFAULT_ROUTER, *, encoder: Encoder | None = None) -> Router:
        """Load a bundled router by name, or one from a folder or the hub.

        Args:
            name: A bundled name ("routerbench"), a folder, or a hub id ("owner/name").
            encoder: The encoder that the router was trained with, where that was an object of your own.

        Raises:
            CheckpointError: There is no such router, or its files cannot be trusted.
        """
        return cls(**load(name, encoder))

    def save_pretrained(self, folder: str | Path) -> None:
        """Write config.json and model.safetensors; `from_pretrained` gives the router back."""
        save(self._parts(), folder)

    @property
    def verifier(self) -> Verifier:
        """What evidence about answers is worth: learned with the router, or else the package's own."""
        return self.own_verifier or Verifier.general()

    @property
    def pool(self) -> Pool:
        """The candidates."""
        return self.predictor.pool

    def predict(self, queries: Sequence[str | Query]) -> Prediction:
        """Predict the quality and the cost of every candidate's answer to every query.

        Returns:
            Quality in [0, 1] with its standard error, and cost in USD for one call with its 90 % quantile, each of
            shape (n, m).
        """
        foreseen = [row for batch in _batches(queries) for row in self.predictor.foresee(batch)]
        shape = (len(foreseen), len(self.pool))
        quality = np.array([row.quality for row in foreseen]).reshape(shape)
        cost = np.array([row.cost for row in foreseen]).reshape(shape)
        error = np.array([row.quality_error for row in foreseen]).reshape(shape)
        high = np.array([row.cost_within(HIGH) for row in foreseen]).reshape(shape)
        return Prediction(self.pool.names, quality, cost, error, high)

    def route(
        self,
        query: str | Query,
        *,
        cost_preference: float | None = None,
        willingness_to_pay: float | None = None,
        constraints: Constraints | None = None,
        current: str | None = None,
    ) -> Decision:
        """Choose the candidate for one query.

        Args:
            query: The text, or a `Query` with its frame and its tokens.
            cost_preference: The dial in [0, 1]: 0 quality first, 1 cheapest; 0.5 by default.
            willingness_to_pay: The paper's lambda in USD, in place of the dial.
            constraints: What the candidate must satisfy.
            current: The candidate that answered this conversation so far: what its provider's prompt cache
                saves is taken off its predicted cost, so that a switch must earn more than that.

        Raises:
            NoEligibleCandidateError: No candidate satisfies the constraints; names each and the reason.
            UnknownCandidateError: The pool does not know `current` or a name in the constraints.
        """
        if not isinstance(query, (str, Query)):
            raise TypeError(
                f"route expects a str or a Query, got {type(query).__name__}; for several use route_many."
            )
        return next(
            self.route_many(
                [query],
                cost_preference=cost_preference,
                willingness_to_pay=willingness_to_pay,
                constraints=constraints,
                current=current,
            )
        )

    def route_many(
        self,
        queries: Iterable[str | Query],
        *,
        cost_preference: float | None = None,
        willingness_to_pay: float | None = None,
        constraints: Constraints | None = None,
        current: str | None = None,
    ) -> Iterator[Decision]:
        """Yield a decision a query, reading `queries` 64 at a time; arguments and errors as for `route`."""
        pay = self._willingness_to_pay(cost_preference, willingness_to_pay)
        if willingness_to_pay is None and cost_preference is None:
            cost_preference = DEFAULT_COST_PREFERENCE
        constraints = constraints or Constraints()
        for name in constraints.deny | (constraints.allow or frozenset()):
            self.pool.position(name)
        return (
            self._decide(self._cached(foresight, query, current), pay, cost_preference, constraints)
            for batch in _batches(queries)
            for query, foresight in zip(batch, self.predictor.foresee(batch), strict=True)
        )

    def profile(self, outcomes: Outcomes) -> Pool:
        """Profile candidates by their outcomes on any queries, ready for `with_candidates`.

        Args:
            outcomes: Of candidates with prices; a few dozen queries give a rough profile, 200 a good one.

        Raises:
            DataError: A candidate has no price, or none of its outcomes is known.
        """
        return self.predictor.profile(outcomes)

    def with_candidates(self, candidates: Iterable[Candidate]) -> Router:
        """Return a router over this pool and further, profiled, candidates; one of the same name is replaced.

        Raises:
            DataError: A candidate has no price, or no profile over this router's clusters.
        """
        merged = {candidate.name: candidate for candidate in (*self.pool, *candidates)}
        return self.over(Pool(merged.values()))

    def without(self, *names: str) -> Router:
        """Return a router over the pool less the named candidates."""
        dropped = {self.pool[name].name for name in names}
        return self.over(Pool(candidate for candidate in self.pool if candidate.name not in dropped))

    def subset(self, names: Iterable[str]) -> Router:
        """Return a router over the named candidates only."""
        return self.over(self.pool.subset(names))

    def with_prices(self, prices: Mapping[str, Price]) -> Router:
        """Return the same router at other prices, which are given by name or alias; nothing is retrained.

        Raises:
            UnknownCandidateError: The pool does not know a name.
        """
        return self.over(self.pool.with_prices(prices))

    def calibrated(self, queries: Iterable[str | Query]) -> Router:
        """Return the same router with its dial set on your own queries, so that spend on such queries falls evenly.

        Args:
            queries: A few hundred, as they will be routed: a `Query` with `input_tokens` tells what comes with the
                text. They are kept as vectors, not as text.

        Raises:
            ValueError: There is no query.
        """
        asked = [query for batch in _batches(queries) for query in batch]
        if not asked:
            raise ValueError("Expected the queries to set the dial on, got none.")
        return self._remade(calibration=EncodedQueries.of(asked, self.predictor.query_encoder))

    def over(self, pool: Pool) -> Router:
        """Return the same router over another pool, each candidate with a price and a profile.

        Raises:
            DataError: A candidate has no price, or no profile over this router's clusters.
            ValueError: The pool is empty.
        """
        if not len(pool):
            raise ValueError("A router needs at least one candidate; none would be left.")
        return self._remade(predictor=self.predictor.with_pool(pool))

    def __repr__(self) -> str:
        return f"Router({len(self.pool)} candidates, encoder={self.predictor.query_encoder.name!r})"

    def _remade(self, **changes: Any) -> Router:
        """Return the same router but for some of its arguments; its dial is set anew."""
        return Router(**{**self._parts(), "dial": None, **changes})

    def _parts(self) -> Parts:
        return {
            "predictor": self.predictor,
            "calibration": self.calibration,
            "cluster_labels": self.cluster_labels,
            "reward": self.reward,
            "provenance": self.provenance,
            "dial": self.dial,
            "verifier": self.own_verifier,
        }

    def _calibrated_dial(self) -> Dial:
        self._expected = foreseen = self.predictor.foresee_encoded(self.calibration)
        return Dial.calibrate(foreseen.quality, foreseen.cost, self.reward)

    def _warnings(self, pay: float, cost_preference: float | None) -> tuple[str, ...]:
        """Say where the dial, between its ends, sends every query that it was set on to one candidate."""
        if cost_preference is None or not 0 < cost_preference < 1 or len(self.pool) < 2:
            return ()
        sole = self._sole.get(pay)
        if sole is None:
            self._expected = expected = self._expected or self.predictor.foresee_encoded(self.calibration)
            picks = best(expected.quality, expected.cost, pay, self.reward)
            sole = self.pool.names[picks[0]] if (picks == picks[0]).all() else ""
            self._sole.put(pay, sole)
        if not sole:
            return ()
        return (
            f"At cost preference {cost_preference:g} this pool's dial sends all of the {len(self.calibration.tokens)} "
            f"queries that it was set on to {sole}: none of the others is predicted to be worth its price. Set the "
            "dial on queries of your own with Router.calibrated, or choose other candidates.",
        )

    def _willingness_to_pay(self, cost_preference: float | None, willingness_to_pay: float | None) -> float:
        if willingness_to_pay is None:
            return self.dial.at(DEFAULT_COST_PREFERENCE if cost_preference is None else cost_preference)
        if cost_preference is not None:
            raise ValueError("Give cost_preference or willingness_to_pay, not both.")
        if not isinstance(willingness_to_pay, Real) or not 0 < willingness_to_pay < np.inf:
            raise ValueError(
                f"willingness_to_pay must be a positive number of USD, got {willingness_to_pay!r}."
            )
        return willingness_to_pay

    def _cached(self, foresight: Foresight, query: Query, current: str | None) -> Foresight:
        """Return what is foreseen, the current candidate at what it costs with its prompt cache."""
        if current is None:
            return foresight
        cost = foresight.cost.copy()
        cost[self.pool.position(current)] -= cache_saving(self.pool[current], query)
        return foresight._replace(cost=np.clip(cost, 0, None))

    def _decide(
        self, foresight: Foresight, pay: float, cost_preference: float | None, constraints: Constraints
    ) -> Decision:
        names, quality, cost = self.pool.names, foresight.quality, foresight.cost
        bounding = foresight.cost_within(constraints.max_cost_confidence)
        rows = zip(self.pool, quality.tolist(), bounding.tolist(), foresight.read.tolist(), strict=True)
        failures = [constraints.failure(*row) for row in rows]
        chosen = choose(quality, cost, failures, pay, self.reward)
        if chosen is None:
            raise NoEligibleCandidateError(
                {name: str(why) for name, why in zip(names, failures, strict=True)}
            )
        compute = log_exponential_reward if self.reward == "exponential" else linear_reward
        reward = compute(quality, cost, pay)
        arrays = (quality, cost, reward, foresight.attention, foresight.quality_error)
        columns = zip(names, *(array.tolist() for array in arrays), failures, strict=True)
        alternatives = [dict(zip(_COLUMNS, column, strict=True)) for column in columns]
        first = alternatives[chosen]
        alternatives.sort(key=lambda a: (a is not first, a["excluded"] is not None, -a["reward"]))
        weights = foresight.clusters.tolist()
        nearest = sorted(range(len(weights)), key=weights.__getitem__, reverse=True)[:CLUSTERS_SHOWN]
        clusters = [
            {"index": index, "weight": weights[index], "label": self.cluster_labels[index]}
            for index in nearest
        ]
        return Decision.model_validate(
            {
                **{name: first[name] for name in ("candidate", "quality", "cost")},
                "willingness_to_pay": pay,
                "cost_preference": cost_preference,
                "reward": self.reward,
                "alternatives": alternatives,
                "clusters": clusters,
                "warnings": self._warnings(pay, cost_preference),
            }
        )


def _batches(queries: Iterable[str | Query]) -> Iterator[list[Query]]:
    if isinstance(queries, (str, Query)):
        raise TypeError("Expected several queries, got one; put it in a list, or use route.")
    stream = iter(queries)
    while batch := [Query.of(query) for query in islice(stream, BATCH)]:
        yield batch
