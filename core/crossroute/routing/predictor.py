"""Text -> arrays: what the network foresees of every candidate for every query."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from statistics import NormalDist
from typing import NamedTuple

import numpy as np

from crossroute.cache import LRUCache
from crossroute.candidate import Candidate, Pool
from crossroute.data.outcomes import Outcomes
from crossroute.encoder.query_encoder import QueryEncoder
from crossroute.errors import DataError, EncoderError
from crossroute.model import costs
from crossroute.model.beliefs import pool_beliefs
from crossroute.model.clusters import assign
from crossroute.model.doubt import Doubt, Outlook
from crossroute.model.effects import LEAST_CHANCE, pool_efforts
from crossroute.model.inference import InferenceNetwork, Inferred, PoolProfiles
from crossroute.model.profiles import learned_prices, pool_profiles, profiled, quality_variance
from crossroute.numeric import Floats, logit
from crossroute.query import Query
from crossroute.tokens import vocabulary_of

CACHED_QUERIES = 4096

SURE = 0.98
"""Predicted quality above this counts as this: no benchmark tells more, and of two that are sure the cheaper goes."""

LEAST_ANCHORS = 6
"""Candidates of a pool that show how candidates differ; with fewer, ability and ease stand alone."""


class EncodedQueries(NamedTuple):
    """Queries as the network reads them.

    Attributes:
        vectors: As `QueryEncoder` encodes them, shape (n, D).
        tokens: Their estimated tokens, shape (n,).
        context: Input tokens of each call beyond these, shape (n,); below 0 where fewer were counted.
    """

    vectors: Floats
    tokens: Floats
    context: Floats

    @classmethod
    def of(cls, queries: Sequence[Query], query_encoder: QueryEncoder) -> EncodedQueries:
        """Encode queries."""
        return cls(
            query_encoder.encode(queries),
            np.array([query.text_tokens for query in queries], dtype=float),
            np.array([query.context_tokens for query in queries], dtype=float),
        )

    @classmethod
    def alone(cls, vectors: Floats, tokens: Floats) -> EncodedQueries:
        """Return queries of calls that hold nothing else."""
        return cls(vectors, tokens, np.zeros(len(tokens)))


class Foresight(NamedTuple):
    """What is foreseen of one query, or, with a leading axis n, of several.

    Attributes:
        quality: Predicted quality, shape (m,), in [0, 1].
        cost: Predicted cost, shape (m,), USD for one call.
        tokens: Input tokens and predicted output tokens, shape (m,).
        read: Input tokens alone, as each candidate counts them, shape (m,).
        attention: Weights of the query's attention over the pool, shape (m,), summing to 1.
        clusters: How much of each cluster is in the query, shape (k,), summing to 1.
        quality_error: Standard error of the predicted quality, shape (m,), by the evidence behind the profile
            and by how far the query is from training.
        output_cost: The part of the cost that pays for the answer, shape (m,), USD.
        spread: Standard deviation of the logarithm of that part around what is predicted, shape (m,).
        trust: How near the query is to training queries, a number in [0, 1].
    """

    quality: Floats
    cost: Floats
    tokens: Floats
    read: Floats
    attention: Floats
    clusters: Floats
    quality_error: Floats
    output_cost: Floats
    spread: Floats
    trust: Floats

    def cost_within(self, confidence: float) -> Floats:
        """Return the cost that a call stays within with some probability, USD, shaped as `cost`.

        The answer's length is taken as lognormal around what is predicted.

        Args:
            confidence: In (0, 1).
        """
        factor = np.exp(NormalDist().inv_cdf(confidence) * self.spread)
        return np.asarray(self.cost + self.output_cost * (factor - 1))


class Predictor:
    """The encoder, the network and the pool; safe to share between threads.

    Args:
        network: Trained.
        pool: Candidates, each with a price and a profile over the network's clusters.
        query_encoder: Queries -> the network's input.
        cost_unit: What the network's cost head predicts.
        doubt: How far queries lie from training; None predicts as if all were near.
        context: Profiles of the pool that a query attends to for its context, whatever the pool to choose from: so
            that what is predicted of a candidate does not depend on the others. By default the pool itself.

    Raises:
        DataError: A candidate has no price, or no profile over this network's clusters.
    """

    pool: Pool
    """The candidates; each profile says by what clusters, and at what price, it was made."""

    def __init__(
        self,
        network: InferenceNetwork,
        pool: Pool,
        query_encoder: QueryEncoder,
        cost_unit: costs.CostUnit,
        *,
        doubt: Doubt | None = None,
        context: PoolProfiles | None = None,
    ) -> None:
        self.network = network
        self.doubt = doubt
        self.query_encoder = query_encoder
        self.cost_unit = cost_unit
        identity = network.weights["centroids"].tobytes() + cost_unit.encode()
        self.digest = hashlib.sha256(identity).hexdigest()[:12]
        self._prices = costs.prices(pool)
        self._counts_more = np.array([_counts_more(candidate) for candidate in pool])
        profiles = pool_profiles(pool, network.config.clusters)
        self.pool = self._taken_in(pool)
        self._learned = learned_prices(self.pool)
        self.context = profiles if context is None else context
        self.keys = network.keys(profiles, self.context)
        apart = not all(map(np.array_equal, self.context, profiles))
        self._around = network.keys(self.context) if apart else None
        self._variance = quality_variance(profiles.quality, profiles.evidence).T  # (k, m)
        self._beliefs = None if doubt is None else pool_beliefs(self.pool, doubt, network, cost_unit)
        self._efforts = pool_efforts(self.pool, doubt.kinds if doubt else None)
        self._cache = LRUCache[tuple[str, str, int, int], Foresight](CACHED_QUERIES)

    def foresee(self, queries: Sequence[Query]) -> list[Foresight]:
        """Foresee each query; one that was foreseen before is remembered by what the network reads of it."""
        keys = [
            (query.task_view, query.instance_view, query.text_tokens, query.context_tokens)
            for query in queries
        ]
        found = {key: self._cache.get(key) for key in keys}
        missing = {key: query for key, query in zip(keys, queries, strict=True) if found[key] is None}
        if missing:
            for key, row in zip(missing, self._foresee(list(missing.values())), strict=True):
                self._cache.put(key, row)
                found[key] = row
        rows = [seen for key in keys if (seen := found[key]) is not None]
        if not self._counts_more.any():
            return rows
        return [self._counted(row, query) for row, query in zip(rows, queries, strict=True)]

    def _counted(self, row: Foresight, query: Query) -> Foresight:
        """Return what is foreseen of a query, with its tokens as each candidate counts them."""
        further = float(query.older_tokens - query.whole_tokens)
        if not further:
            return row
        more = np.where(self._counts_more, further, 0.0)  # (m,)
        cost = row.cost + more * self._prices[:, 0] / 1e6
        return row._replace(cost=cost, tokens=row.tokens + more, read=row.read + more)

    def foresee_encoded(self, queries: EncodedQueries) -> Foresight:
        """Foresee queries that are encoded already."""
        vectors, query_tokens, context_tokens = queries
        vectors = np.asarray(vectors, dtype=np.float32)
        output = self.network(vectors, self.keys, self._around)
        outlook, trust, kinds = self._tempered(vectors, output)
        outlook = self._told(outlook, kinds)
        told = (self._prices, query_tokens, context_tokens, self.cost_unit)
        cost = costs.cost(outlook.log_tokens, *told, learned=self._learned)
        written = costs.output_tokens(outlook.log_tokens, self._learned, query_tokens, self.cost_unit)
        read = np.maximum(query_tokens + context_tokens, 0)[:, None]
        paid_for_reading = np.minimum(cost, read * self._prices[:, 0] / 1e6)
        return Foresight(
            outlook.quality,
            cost,
            read + written,
            np.broadcast_to(read, written.shape),
            output.attention,
            output.clusters,
            outlook.quality_error,
            cost - paid_for_reading,
            outlook.spread,
            trust,
        )

    def _tempered(self, vectors: Floats, output: Inferred) -> tuple[Outlook, Floats, Floats]:
        """Return what is predicted once doubt is taken into account.

        Returns:
            That, the trust in the network, shape (n,), and how much of each kind of work is in each query, shape
            (n, K): one kind, where the router tells none apart.
        """
        quality, log_tokens = output.quality.astype(float), output.log_tokens.astype(float)
        error = np.sqrt(output.clusters @ self._variance)
        if self.doubt is None or self._beliefs is None:
            spread = np.full(quality.shape, costs.TYPICAL_SPREAD)
            return (
                Outlook(quality, error, log_tokens, spread),
                np.ones(len(quality)),
                np.ones((len(quality), 1)),
            )
        at = self.doubt.situate(vectors, self.network.project(vectors))
        outlook = self.doubt.temper(
            at,
            self._beliefs,
            quality_logit=logit(quality, LEAST_CHANCE),
            quality_error=error,
            log_tokens=log_tokens,
            clusters=output.clusters,
        )
        return outlook, at.trust, at.kinds

    def _told(self, outlook: Outlook, kinds: Floats) -> Outlook:
        """Return what is predicted of candidates that are told how hard to think."""
        if self._efforts is not None:
            quality = self._efforts.on_quality(outlook.quality, kinds)
            outlook = Outlook(
                quality,
                self._efforts.with_error(outlook.quality_error, quality, kinds),
                outlook.log_tokens + self._efforts.log_tokens,
                np.sqrt(outlook.spread**2 + self._efforts.log_tokens_error**2),
            )
        if self.doubt is None:
            return outlook
        return outlook._replace(quality=np.minimum(outlook.quality, SURE))

    def profile(self, outcomes: Outcomes) -> Pool:
        """Profile the candidates of some outcomes over this network's clusters.

        Raises:
            DataError: A candidate has no price, or none of its outcomes is known.
        """
        costs.prices(outcomes.pool)  # refuses what has none
        queries = EncodedQueries.of([Query(text) for text in outcomes.texts], self.query_encoder)
        network = self.network
        found = profiled(
            outcomes,
            costs.log_tokens(outcomes, queries.tokens, self.cost_unit),
            assign(network.project(queries.vectors), network.weights["centroids"]),
            (network.weights["quality_effects"], network.weights["tokens_effects"]),
            anchors=self._anchors(outcomes.pool),
        )
        return self._taken_in(found)

    def _anchors(self, profiled: Pool) -> Floats | None:
        """Return the quality per cluster of the measured candidates not profiled now; None where they are few."""
        others = Pool(
            candidate
            for candidate in self.pool
            if candidate.name not in profiled and candidate.profile and any(candidate.profile.evidence)
        )
        if len(others) < LEAST_ANCHORS:
            return None
        return pool_profiles(others, self.network.config.clusters).quality.astype(float)

    def _taken_in(self, pool: Pool) -> Pool:
        """Return a pool whose profiles say by what clusters, and at what price, they were made: here, if unsaid."""
        taken = []
        for candidate in pool:
            profile, price = candidate.profile, candidate.price
            if profile and profile.made_by not in ("", self.digest):
                raise DataError(
                    f"The profile of {candidate.name!r} was made by another router, over other clusters. "
                    "Profile it with this router: router.profile(outcomes)."
                )
            if profile and not profile.made_by:
                missing: dict[str, object] = {"made_by": self.digest}
                if self.cost_unit == "input_ratio" and price and profile.learned_price is None:
                    missing |= {"learned_price": (price.input, price.output)}
                profile = profile.model_copy(update=missing)
            taken.append(candidate.model_copy(update={"profile": profile}))
        return Pool(taken)

    def with_pool(self, pool: Pool) -> Predictor:
        """Return the same network and encoder over another pool."""
        return Predictor(
            self.network, pool, self.query_encoder, self.cost_unit, doubt=self.doubt, context=self.context
        )

    def with_doubt(self, doubt: Doubt | None) -> Predictor:
        """Return the same network, encoder and pool with another measure of doubt."""
        return Predictor(
            self.network, self.pool, self.query_encoder, self.cost_unit, doubt=doubt, context=self.context
        )

    def _foresee(self, queries: list[Query]) -> list[Foresight]:
        encoded = EncodedQueries.of(queries, self.query_encoder)
        width = encoded.vectors.shape[1]
        if width != self.network.config.width:
            raise EncoderError(
                f"The encoder {self.query_encoder.name!r} gives {width} numbers a query; this "
                f"router reads {self.network.config.width}. Pass the encoder that it was trained with."
            )
        return [Foresight(*row) for row in zip(*self.foresee_encoded(encoded), strict=True)]


def _counts_more(candidate: Candidate) -> bool:
    """Return whether a candidate reads by the older vocabulary, which has fewer words of scripts beside Latin."""
    return any(vocabulary_of(name) == "cl100k" for name in (candidate.name, *candidate.aliases))
