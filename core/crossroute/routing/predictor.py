"""Predictor: queries -> quality and cost of every candidate, as arrays."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator, Sequence
from functools import cached_property, partial
from statistics import NormalDist
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from crossroute.candidate import Candidate, Pool
from crossroute.encoder.query_encoder import EncodedQueries, QueryEncoder
from crossroute.errors import DataError, EncoderError
from crossroute.model import costs
from crossroute.model.beliefs import (
    Outlook,
    evidence_share,
    length_spread,
    pool_beliefs,
    quality_error,
    temper,
)
from crossroute.model.clusters import assign
from crossroute.model.doubt import Doubt, Situation
from crossroute.model.effects import LEAST_CHANCE, pool_efforts, pool_lessons
from crossroute.model.ensemble import Ensemble
from crossroute.model.inference import InferenceNetwork, PoolProfiles
from crossroute.model.profiles import estimate_variance, learned_prices, pool_profiles, profile_pool
from crossroute.numeric import Flags, Floats, clip, sigmoid
from crossroute.query import Query
from crossroute.reward import Reward, best
from crossroute.tokens import vocabulary_of

if TYPE_CHECKING:
    from crossroute.data.outcomes import Outcomes

CACHED_QUERIES = 4096
CACHED_CHARACTERS = 4_000
"""Longer queries are not cached, to bound the memory of their texts."""


SURE = 0.98
"""Cap on predicted quality, the most that outcomes support; of two candidates at the cap the cheaper one is chosen."""

MOST_LOG_ODDS = float(np.log1p(-LEAST_CHANCE) - np.log(LEAST_CHANCE))

LEAST_ANCHORS = 6
"""Minimum number of measured candidates to estimate the covariance over clusters for a new profile."""


class LazyPrediction:
    """Predictions for n queries; rarely used fields are computed on first use.

    Attributes:
        quality: Predicted quality, shape (n, m), in [0, 1].
        cost: Predicted cost, shape (n, m), USD for one call.
        clusters: Shares of the clusters in each query, shape (n, k), summing to 1.
        trust: Similarity of each query to training queries, shape (n,), in [0, 1].
        fits: Whether the input is within each candidate's context window, shape (n, m); None if all inputs are.

    Args:
        predictor: Predictor with the m candidates.
        queries: The n encoded queries.
        further: Additional tokens of each call for models with the older vocabulary, shape (n,); None if there are
            none.
    """

    def __init__(self, predictor: Predictor, queries: EncodedQueries, further: Floats | None = None) -> None:
        vectors, self._query_tokens, context, one_call, word_scores = queries
        self._predictor, doubt, beliefs = predictor, predictor.doubt, predictor.beliefs
        self._output = output = predictor.network(vectors, predictor.keys)
        self.clusters = output.clusters
        self._observed = evidence_share(output.outcomes)  # (n, m)
        quality_logit, log_tokens = output.quality_logit, output.log_tokens
        if predictor.ensemble is not None and predictor.weighed is not None:
            quality_logit = predictor.ensemble.combine(
                vectors, output.x, quality_logit, predictor.weighed, self._observed
            )
            log_tokens = log_tokens + predictor.weighed.length
        self._at: Situation | None = None
        if doubt is None or beliefs is None:
            self._outlook = Outlook(sigmoid(quality_logit).astype(float), log_tokens.astype(float))
            self.trust: Floats = np.ones(len(vectors))
        else:
            self._at = at = doubt.situate(output.x, one_call, word_scores)
            held = clip(quality_logit, -MOST_LOG_ODDS, MOST_LOG_ODDS)
            self._outlook = temper(
                at, beliefs, quality_logit=held, log_tokens=log_tokens, observed=self._observed
            )
            self.trust = at.trust
        quality, self._log_tokens = self._outlook
        if predictor.efforts is not None:
            quality = predictor.efforts.on_quality(quality, self._kinds)
            self._log_tokens = self._log_tokens + predictor.efforts.log_tokens
        self._before_lessons = quality
        if predictor.lessons is not None:
            quality = predictor.lessons.on_quality(quality)
            self._log_tokens = self._log_tokens + self.clusters @ predictor.lessons.log_tokens.T
        self.quality = quality.astype(float) if doubt is None else np.minimum(quality, SURE, dtype=float)
        tariff = predictor.tariff
        self._estimated = tariff.cost(self._log_tokens, self._query_tokens, context)  # (n, m)
        self._read = np.maximum(self._query_tokens + context, 0)[:, None]  # (n, 1)
        self._more = None if further is None else np.where(predictor.counts_more, further[:, None], 0.0)
        self.cost = self._estimated if self._more is None else self._estimated + self._more * tariff.reading
        read = self._read if self._more is None else self._read + self._more
        short = np.maximum.reduce(read, axis=None) <= predictor.least_window
        self.fits: Flags | None = None if short else read <= predictor.windows

    @property
    def _kinds(self) -> Floats:
        """Shares of the kinds of work in each query, shape (n, K); a single kind if the router has none."""
        return np.ones((len(self.trust), 1)) if self._at is None else self._at.kinds

    @cached_property
    def read(self) -> Floats:
        """Input tokens as each candidate counts them, shape (n, m)."""
        read = self._read if self._more is None else self._read + self._more
        return np.broadcast_to(read, self.cost.shape)

    @cached_property
    def tokens(self) -> Floats:
        """Input tokens and predicted output tokens, shape (n, m)."""
        return self.read + self._predictor.tariff.output_tokens(self._log_tokens, self._query_tokens)

    @cached_property
    def attention(self) -> Floats:
        """Weights of each query's attention over the pool, shape (n, m), summing to 1."""
        return self._output.attention

    @cached_property
    def quality_error(self) -> Floats:
        """Standard error of the predicted quality, shape (n, m), from evidence and distance to training."""
        predictor = self._predictor
        variance, efforts = self.clusters @ predictor.variance, predictor.efforts
        if predictor.beliefs is None or self._at is None:
            error = np.asarray(np.sqrt(variance))
        else:
            believed = self._at.kinds @ predictor.beliefs.ability_variance.T
            error = quality_error(self._at, self._outlook.quality, variance, believed)
        error = error if efforts is None else efforts.with_error(error, self._before_lessons, self._kinds)
        return error if predictor.lessons is None else predictor.lessons.with_error(error, self.quality)

    def quality_error_of(self, columns: npt.NDArray[np.intp]) -> Floats:
        """Return the standard error of the predicted quality of one candidate per query, shape (n,).

        Args:
            columns: The candidate of each query, shape (n,).
        """
        predictor, rows = self._predictor, np.arange(len(columns))
        beliefs = predictor.beliefs
        if predictor.efforts or predictor.lessons or beliefs is None or self._at is None:
            return np.asarray(self.quality_error[rows, columns])
        variance = np.einsum("nk,nk->n", self.clusters, predictor.variance.T[columns])
        believed = np.einsum("nk,nk->n", self._at.kinds, beliefs.ability_variance[columns])
        return quality_error(self._at, self._outlook.quality[rows, columns], variance, believed)

    @cached_property
    def spread(self) -> Floats:
        """Standard deviation of the logarithm of the answer's cost around its prediction, shape (n, m)."""
        predictor = self._predictor
        efforts = predictor.efforts
        if predictor.doubt is None or predictor.beliefs is None or self._at is None:
            spread = np.full(self.quality.shape, costs.TYPICAL_SPREAD)
        else:
            near = predictor.doubt.near_variance
            spread = length_spread(near, self._at, predictor.beliefs, self.clusters, self._observed)
        return spread if efforts is None else np.sqrt(spread**2 + efforts.log_tokens_error**2)

    @cached_property
    def output_cost(self) -> Floats:
        """Predicted cost of the output tokens, shape (n, m), USD."""
        reading: Floats = np.minimum(self._estimated, self._read * self._predictor.tariff.reading)
        return self._estimated - reading

    def cost_within(self, confidence: float) -> Floats:
        """Return a quantile of each call's cost, USD, shape (n, m).

        Args:
            confidence: Probability that the cost does not exceed it, in (0, 1).
        """
        return _cost_quantile(self, confidence)

    def __iter__(self) -> Iterator[Row]:
        """Yield the predictions query by query."""
        return (Row(self, row) for row in range(len(self.quality)))


class Row:
    """Predictions for one query: the fields of a `LazyPrediction` without the first axis."""

    clusters: Floats
    trust: Floats
    tokens: Floats
    read: Floats
    attention: Floats
    quality_error: Floats
    output_cost: Floats
    spread: Floats

    def __init__(self, batch: LazyPrediction, row: int) -> None:
        self._batch, self._row = batch, row
        self.quality: Floats = batch.quality[row]
        self.cost: Floats = batch.cost[row]
        self.fits = None if batch.fits is None else batch.fits[row]
        self._best: tuple[float, Reward, int] | None = None

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        found = self.__dict__[name] = getattr(self._batch, name)[self._row]
        return found

    def cost_within(self, confidence: float) -> Floats:
        """Return a quantile of the call's cost, USD, shape (m,)."""
        return _cost_quantile(self, confidence)

    def best(self, willingness_to_pay: float, reward: Reward) -> int:
        """Return the column with the highest reward among candidates with a sufficient context window.

        The latest result is cached.
        """
        if self._best is None or self._best[:2] != (willingness_to_pay, reward):
            column = best(self.quality[None], self.cost[None], willingness_to_pay, reward, self.fits)[0]
            self._best = willingness_to_pay, reward, int(column)
        return self._best[2]

    def at_cost(self, cost: Floats) -> Row:
        """Return a copy with another predicted cost, shape (m,)."""
        other = Row(self._batch, self._row)
        other.cost = cost
        return other


def _cost_quantile(predicted: LazyPrediction | Row, confidence: float) -> Floats:
    """Return a quantile of the cost, with the answer's length lognormal."""
    factor = np.exp(NormalDist().inv_cdf(confidence) * predicted.spread)
    return np.asarray(predicted.cost + predicted.output_cost * (factor - 1))


class Predictor:
    """The encoder, the network and the pool; safe to share between threads.

    Args:
        network: The trained network.
        pool: Candidates, each with a price and a profile over the network's clusters.
        query_encoder: Queries -> the network's input.
        cost_unit: What the network's cost head predicts.
        doubt: Measures how far queries are from training; None treats all queries as near.
        context: Profiles that every query attends to, independent of the pool to choose from, so that the prediction
            of a candidate does not depend on the others; by default the pool itself.
        ensemble: A ridge regression and a forest stacked with the network, for candidates with the profiles they were
            fitted to. Candidates added or profiled later are predicted by the network alone.

    Raises:
        DataError: A candidate has no price, or no profile over this network's clusters.
    """

    pool: Pool
    """The candidates; each profile records its clusters and price."""

    def __init__(
        self,
        network: InferenceNetwork,
        pool: Pool,
        query_encoder: QueryEncoder,
        cost_unit: costs.CostUnit,
        *,
        doubt: Doubt | None = None,
        context: PoolProfiles | None = None,
        ensemble: Ensemble | None = None,
    ) -> None:
        self.network = network
        self.doubt = doubt
        self.ensemble = ensemble
        self.query_encoder = query_encoder
        self.cost_unit = cost_unit
        identity = network.weights["centroids"].tobytes() + cost_unit.encode()
        self.digest = hashlib.sha256(identity).hexdigest()[:12]
        prices = costs.prices(pool)
        self.counts_more = np.array([_uses_older_vocabulary(candidate) for candidate in pool])
        profiles = pool_profiles(pool, network.config.clusters)
        self.pool = self._adopt(pool)
        self.columns = None if ensemble is None else ensemble.find_columns(profiles.quality)
        self.weighed = None if ensemble is None or self.columns is None else ensemble.weigh_pool(self.columns)
        self.tariff = costs.Tariff(prices, cost_unit, learned_prices(self.pool))
        windows = [candidate.context_window or np.inf for candidate in pool]
        self.windows, self.least_window = np.array(windows), min(windows, default=np.inf)
        self.context = profiles if context is None else context
        self.keys = network.keys(profiles, self.context)
        self.variance = estimate_variance(profiles.quality, profiles.evidence).T  # (k, m)
        self.beliefs = None if doubt is None else pool_beliefs(self.pool, doubt, network)
        self.efforts = pool_efforts(self.pool, doubt.kinds if doubt else None)
        self.lessons = pool_lessons(self.pool, network.config.clusters)
        self._older = bool(self.counts_more.any())
        self._memory: dict[Query, Row] = {}  # most recently used last
        self._lock = threading.Lock()

    def __reduce__(self) -> tuple[Any, ...]:
        parts = (self.network, self.pool, self.query_encoder, self.cost_unit)
        return partial(Predictor, doubt=self.doubt, context=self.context, ensemble=self.ensemble), parts

    def predict(self, queries: Sequence[Query]) -> list[Row]:
        """Predict each query, with a cache of the latest ones."""
        found = {query: self._recall(query) for query in queries}
        missing = [query for query, row in found.items() if row is None]
        if missing:
            rows = zip(missing, self.predict_batch(missing), strict=True)
            found |= {query: self._remember(query, row) for query, row in rows}
        return [row for query in queries if (row := found[query]) is not None]

    def predict_one(self, query: Query) -> Row:
        """Predict one query, with a cache of the latest ones."""
        known = self._recall(query)
        return known or self._remember(query, Row(self.predict_batch([query]), 0))

    def predict_batch(self, queries: Sequence[Query]) -> LazyPrediction:
        """Predict queries in one batch, without the cache."""
        encoded, further = self._encode(queries), None
        if self._older:
            beyond = [query.further_tokens for query in queries]
            further = np.array(beyond, dtype=float) if any(beyond) else None
        return LazyPrediction(self, encoded, further)

    def predict_encoded(self, queries: EncodedQueries) -> LazyPrediction:
        """Predict queries that are already encoded."""
        return LazyPrediction(self, queries._replace(vectors=np.asarray(queries.vectors, dtype=np.float32)))

    def profile(self, outcomes: Outcomes) -> Pool:
        """Profile the candidates of some outcomes over this network's clusters.

        Args:
            outcomes: Outcomes of candidates with prices, on any queries.

        Raises:
            DataError: A candidate has no price, or none of its outcomes is known.
        """
        costs.prices(outcomes.pool)  # raises for a candidate without a price
        queries = self.query_encoder.read([Query(text) for text in outcomes.texts])
        network = self.network
        found = profile_pool(
            outcomes,
            costs.log_tokens(outcomes, queries.tokens, self.cost_unit),
            assign(network.project(queries.vectors), network.weights["centroids"]),
            (network.weights["quality_effects"], network.weights["tokens_effects"]),
            anchors=self._find_anchors(outcomes.pool),
        )
        return self._adopt(found)

    def _find_anchors(self, profiled: Pool) -> Floats | None:
        """Return the quality per cluster of the other measured candidates, shape (a, k); None if they are too few."""
        others = Pool(
            candidate
            for candidate in self.pool
            if candidate.name not in profiled and candidate.profile and any(candidate.profile.evidence)
        )
        if len(others) < LEAST_ANCHORS:
            return None
        return pool_profiles(others, self.network.config.clusters).quality.astype(float)

    def _adopt(self, pool: Pool) -> Pool:
        """Record in each profile this network's clusters and the candidate's price, unless it records others.

        Raises:
            DataError: A profile was made by another router.
        """
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
        return self._rebuild(pool, self.doubt, self.ensemble)

    def accustomed(self, queries: EncodedQueries | None) -> Predictor:
        """Return a predictor adapted to a user's queries, or to none; see `Doubt.accustomed`."""
        if self.doubt is None:
            return self
        if queries is None:
            return self.with_doubt(self.doubt.unaccustomed())
        return self.with_doubt(
            self.doubt.accustomed(self.network.project(queries.vectors), queries.word_scores)
        )

    def with_doubt(self, doubt: Doubt | None) -> Predictor:
        """Return the same network, encoder and pool with another doubt model."""
        return self._rebuild(self.pool, doubt, self.ensemble)

    def with_ensemble(self, ensemble: Ensemble | None) -> Predictor:
        """Return the same network, encoder and pool with another ensemble."""
        return self._rebuild(self.pool, self.doubt, ensemble)

    def _rebuild(self, pool: Pool, doubt: Doubt | None, ensemble: Ensemble | None) -> Predictor:
        parts = (self.network, pool, self.query_encoder, self.cost_unit)
        return Predictor(*parts, doubt=doubt, context=self.context, ensemble=ensemble)

    def _recall(self, query: Query) -> Row | None:
        with self._lock:
            row = self._memory.pop(query, None)
            if row is not None:
                self._memory[query] = row
        return row

    def _remember(self, query: Query, row: Row) -> Row:
        if len(query.text) + len(query.system) + len(query.context) + len(query.step) <= CACHED_CHARACTERS:
            with self._lock:
                self._memory[query] = row
                if len(self._memory) > CACHED_QUERIES:
                    del self._memory[next(iter(self._memory))]
        return row

    def _encode(self, queries: Sequence[Query]) -> EncodedQueries:
        encoded = self.query_encoder.read(queries)
        width = encoded.vectors.shape[1]
        if width != self.network.config.width:
            raise EncoderError(
                f"The encoder {self.query_encoder.name!r} returns {width} features per query; this router expects "
                f"{self.network.config.width}. Pass the encoder that it was trained with."
            )
        return encoded


def _uses_older_vocabulary(candidate: Candidate) -> bool:
    """Return whether a candidate tokenizes with cl100k, which needs more tokens for scripts other than Latin."""
    return any(vocabulary_of(name) == "cl100k" for name in (candidate.name, *candidate.aliases))
