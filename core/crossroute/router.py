"""The one pipeline: text in, arrays inside, a decision out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from crossroute.candidate import Candidate, Pool
from crossroute.decision import Alternative, Cluster, Decision
from crossroute.encoder import Encoder
from crossroute.errors import NoEligibleCandidateError
from crossroute.outcomes import Outcomes
from crossroute.policy import Constraints, Dial, choose
from crossroute.prediction import Prediction
from crossroute.predictor import Foresight, Predictor
from crossroute.query import Query
from crossroute.reward import Reward, linear_reward, log_exponential_reward

Floats = npt.NDArray[np.floating]

DEFAULT_COST_PREFERENCE = 0.5
BATCH = 64
CLUSTERS_SHOWN = 3


class Router:
    """Choose a candidate for each query by predicted quality and cost.

    Load one with `Router.from_pretrained`, train one with `crossroute.fit`. Safe to share between threads and
    asyncio tasks: nothing but its caches changes after construction.

    Args:
        predictor: The encoder, the network and the pool.
        calibration: Encoded queries on which the dial is set for this pool, and for any other, shape (r, D).
        calibration_tokens: Their estimated tokens, shape (r,).
        cluster_labels: A name for each cluster, length k.
        reward: Which reward decides.
        provenance: Where the weights come from (data, seed, figures): plain JSON data.
        dial: Cost preference -> willingness to pay; by default calibrated here.
    """

    def __init__(
        self,
        predictor: Predictor,
        *,
        calibration: Floats,
        calibration_tokens: Floats,
        cluster_labels: Sequence[str],
        reward: Reward = "exponential",
        provenance: dict[str, Any] | None = None,
        dial: Dial | None = None,
    ) -> None:
        self.predictor = predictor
        self.calibration = calibration
        self.calibration_tokens = calibration_tokens
        self.cluster_labels = tuple(cluster_labels)
        self.reward: Reward = reward
        self.provenance = provenance or {}
        self.dial = dial or self._calibrated_dial()

    @classmethod
    def from_pretrained(cls, name: str | Path = "routerbench", *, encoder: Encoder | None = None) -> Router:
        """Load a bundled router by name, or one from a folder or the hub.

        Args:
            name: A bundled name ("routerbench"), a folder, or a hub id ("owner/name").
            encoder: The encoder that the router was trained with, where that was an object of your own.

        Raises:
            CheckpointError: There is no such router, or its files cannot be trusted.
        """
        from crossroute.checkpoint import load

        return load(name, encoder)

    def save_pretrained(self, folder: str | Path) -> None:
        """Write config.json and model.safetensors; `from_pretrained` gives the router back."""
        from crossroute.checkpoint import save

        save(self, folder)

    @property
    def pool(self) -> Pool:
        """The candidates."""
        return self.predictor.pool

    def predict(self, queries: Sequence[str | Query]) -> Prediction:
        """Predict the quality and the cost of every candidate's answer to every query.

        Returns:
            Quality in [0, 1] and cost in USD for one call, both of shape (n, m).
        """
        foreseen = [row for batch in _batches(queries) for row in self.predictor.foresee(batch)]
        shape = (len(foreseen), len(self.pool))
        quality = np.array([row.quality for row in foreseen]).reshape(shape)
        cost = np.array([row.cost for row in foreseen]).reshape(shape)
        return Prediction(self.pool.names, quality, cost)

    def route(
        self,
        query: str | Query,
        *,
        cost_preference: float | None = None,
        willingness_to_pay: float | None = None,
        constraints: Constraints | None = None,
    ) -> Decision:
        """Choose the candidate for one query.

        Args:
            query: The text, or a `Query` with its frame and its tokens.
            cost_preference: The dial in [0, 1]: 0 quality first, 1 cheapest; 0.5 by default.
            willingness_to_pay: The paper's lambda in USD, in place of the dial.
            constraints: What the candidate must satisfy.

        Raises:
            NoEligibleCandidateError: No candidate satisfies the constraints; names each and the reason.
            UnknownCandidateError: The constraints allow or deny a name that the pool does not know.
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
            )
        )

    def route_many(
        self,
        queries: Iterable[str | Query],
        *,
        cost_preference: float | None = None,
        willingness_to_pay: float | None = None,
        constraints: Constraints | None = None,
    ) -> Iterator[Decision]:
        """Yield a decision a query, reading `queries` 64 at a time; arguments and errors as for `route`."""
        pay = self._willingness_to_pay(cost_preference, willingness_to_pay)
        if willingness_to_pay is None and cost_preference is None:
            cost_preference = DEFAULT_COST_PREFERENCE
        constraints = constraints or Constraints()
        for name in constraints.deny | (constraints.allow or frozenset()):
            self.pool.position(name)
        return (
            self._decide(foresight, pay, cost_preference, constraints)
            for batch in _batches(queries)
            for foresight in self.predictor.foresee(batch)
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
        return self._over(Pool(merged.values()))

    def without(self, *names: str) -> Router:
        """Return a router over the pool less the named candidates."""
        dropped = {self.pool[name].name for name in names}
        return self._over(Pool(candidate for candidate in self.pool if candidate.name not in dropped))

    def subset(self, names: Iterable[str]) -> Router:
        """Return a router over the named candidates only."""
        return self._over(self.pool.subset(names))

    def __repr__(self) -> str:
        return f"Router({len(self.pool)} candidates, encoder={self.predictor.query_encoder.name!r})"

    def _over(self, pool: Pool) -> Router:
        if not len(pool):
            raise ValueError("A router needs at least one candidate; none would be left.")
        return Router(
            self.predictor.with_pool(pool),
            calibration=self.calibration,
            calibration_tokens=self.calibration_tokens,
            cluster_labels=self.cluster_labels,
            reward=self.reward,
            provenance=self.provenance,
        )

    def _calibrated_dial(self) -> Dial:
        no_context = np.zeros(len(self.calibration))
        foreseen = self.predictor.foresee_encoded(self.calibration, self.calibration_tokens, no_context)
        return Dial.calibrate(foreseen.quality, foreseen.cost, self.reward)

    def _willingness_to_pay(self, cost_preference: float | None, willingness_to_pay: float | None) -> float:
        if willingness_to_pay is None:
            return self.dial.at(DEFAULT_COST_PREFERENCE if cost_preference is None else cost_preference)
        if cost_preference is not None:
            raise ValueError("Give cost_preference or willingness_to_pay, not both.")
        if not 0 < willingness_to_pay < np.inf:
            raise ValueError(
                f"willingness_to_pay must be a positive number of USD, got {willingness_to_pay!r}."
            )
        return willingness_to_pay

    def _decide(
        self, foresight: Foresight, pay: float, cost_preference: float | None, constraints: Constraints
    ) -> Decision:
        quality, cost, tokens = foresight.quality, foresight.cost, foresight.tokens
        failures = [
            constraints.failure(c, *row) for c, *row in zip(self.pool, quality, cost, tokens, strict=True)
        ]
        chosen = choose(quality, cost, failures, pay, self.reward)
        names = self.pool.names
        if chosen is None:
            raise NoEligibleCandidateError(
                {name: str(why) for name, why in zip(names, failures, strict=True)}
            )
        compute = log_exponential_reward if self.reward == "exponential" else linear_reward
        columns = zip(
            names, quality, cost, compute(quality, cost, pay), foresight.attention, failures, strict=True
        )
        fields = ("candidate", "quality", "cost", "reward", "attention", "excluded")
        alternatives = [Alternative(**dict(zip(fields, column, strict=True))) for column in columns]
        alternatives.sort(key=lambda a: (a.candidate != names[chosen], a.excluded is not None, -a.reward))
        nearest = np.argsort(-foresight.clusters)[:CLUSTERS_SHOWN]
        return Decision(
            candidate=names[chosen],
            quality=quality[chosen],
            cost=cost[chosen],
            willingness_to_pay=pay,
            cost_preference=cost_preference,
            reward=self.reward,
            alternatives=tuple(alternatives),
            clusters=tuple(
                Cluster(index=i, weight=foresight.clusters[i], label=self.cluster_labels[i]) for i in nearest
            ),
        )


def _batches(queries: Iterable[str | Query]) -> Iterator[list[Query]]:
    if isinstance(queries, (str, Query)):
        raise TypeError("Expected several queries, got one; put it in a list, or use route.")
    stream = iter(queries)
    while batch := [Query.of(query) for query in islice(stream, BATCH)]:
        yield batch
