"""Estimated abilities of a pool's candidates by kind of work, and predictions for queries far from training.

    logit  = trust * network + (1 - trust) * (ease + kinds @ ability)                                     (n, m)
    share  = trust * outcomes / (outcomes + 1)      outcomes of the candidate near the query              (n, m)
    tokens = share * network + (1 - share) * (length + kinds @ verbosity)                                 (n, m)

The network learns on which training queries a candidate is better than its ability. This does not transfer to queries
far from them; there the prediction falls back to the candidate's estimated ability at such work (`candidate.Belief`)
and the predicted difficulty of the query (`doubt.Situation`). The network cannot predict the lengths of answers of a
candidate without outcomes nearby. Both the belief and the network's prediction have an error, which are combined.

Beliefs are stored in the profiles, or derived from them: the ability at a kind of work is the mean excess of the
profile's log-odds over the ease of the clusters, weighted by each cluster's share of the kind and its outcomes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from crossroute.candidate import Belief, Pool
from crossroute.model.doubt import LEAST_LOG_TOKENS, MOST_LOG_TOKENS, Doubt, Situation
from crossroute.model.inference import InferenceNetwork, PoolProfiles
from crossroute.model.profiles import pool_profiles
from crossroute.numeric import Floats, clip, logit, sigmoid

LEAST_EVIDENCE = 5.0
"""Pseudo-outcomes added per cluster: a profile shrunk to its prior contains some information without outcomes."""

OWN_ERROR = 0.35
"""Standard error, in logits, that remains in an ability estimated from many outcomes of other queries: data sets of one
kind differ."""

OWN_LENGTH_ERROR = 0.5
"""The same for log tokens."""

QUALITY_HELD = 0.02
"""A profile's quality is clipped to this distance from 0 and 1 before its logit is taken."""

FEW_OUTCOMES = 1.0
"""Outcomes of a candidate near a query at which they weigh as much as the belief."""


@dataclass(frozen=True, eq=False)
class Beliefs:
    """Beliefs of a pool by kind of work, each of shape (m, K); see `candidate.Belief`."""

    ability: Floats
    ability_error: Floats
    log_tokens: Floats
    log_tokens_error: Floats

    @cached_property
    def ability_variance(self) -> Floats:
        """Variance of the ability, shape (m, K)."""
        return np.asarray(self.ability_error**2)

    @cached_property
    def of_read(self) -> tuple[Floats, Floats]:
        """Matrices from `Situation.read` to logits of quality and to log tokens, each of shape (K + 2, m)."""
        # ease and length have the same weight for all candidates
        own = np.eye(2).repeat(len(self.ability), axis=1).reshape(2, 2, -1)
        ability, length = (
            np.concatenate([believed.T, own[:, place]]).astype(np.float32)
            for place, believed in enumerate((self.ability, self.log_tokens))
        )
        return ability, length


class Outlook(NamedTuple):
    """Predictions mixed by trust, each of shape (n, m).

    Attributes:
        quality: In [0, 1].
        log_tokens: In the unit of the cost head.
    """

    quality: Floats
    log_tokens: Floats


def pool_beliefs(pool: Pool, doubt: Doubt, network: InferenceNetwork) -> Beliefs:
    """Return the belief about each candidate, as stored or derived from its profile.

    Args:
        pool: Candidates with profiles.
        doubt: Defines the kinds of work and the ease.
        network: Defines the clusters of the profiles.
    """
    clusters = network.config.clusters
    stated = [candidate.profile.belief if candidate.profile else None for candidate in pool]
    if all(stated):
        return _stack([belief for belief in stated if belief is not None])
    derived = derive_beliefs(pool_profiles(pool, clusters), doubt, network)
    rows = [
        belief
        or Belief(**{field: tuple(getattr(derived, field)[i].tolist()) for field in Belief.model_fields})
        for i, belief in enumerate(stated)
    ]
    return _stack(rows)


def _stack(beliefs: Sequence[Belief]) -> Beliefs:
    fields = ([getattr(belief, field) for belief in beliefs] for field in Belief.model_fields)
    # rounded to single precision, as they are saved
    return Beliefs(*(np.array(values, dtype=np.float32).astype(float) for values in fields))


def derive_beliefs(profiles: PoolProfiles, doubt: Doubt, network: InferenceNetwork) -> Beliefs:
    """Derive beliefs by kind of work from profiles over clusters.

    Args:
        profiles: Profiles of m candidates, each field of shape (m, k).
        doubt: Defines the kinds of work, the ease and the length.
        network: Defines the clusters.
    """
    centroids = network.weights["centroids"]
    kinds = doubt.kinds_of_clusters(centroids)
    ease, typical = doubt.effects_of_clusters(centroids)
    weight = profiles.evidence.astype(float) + LEAST_EVIDENCE  # (m, k)
    seen = weight @ kinds  # (m, K)

    def mean(beyond: Floats) -> Floats:
        return np.asarray((weight * beyond) @ kinds / seen)

    ability = mean(logit(profiles.quality.astype(float), QUALITY_HELD) - ease)
    length = mean(profiles.log_tokens.astype(float) - typical)
    measured = profiles.evidence.astype(float) @ kinds  # (m, K)
    return Beliefs(
        ability,
        np.sqrt(OWN_ERROR**2 + 4 / (measured + LEAST_EVIDENCE)),
        length,
        np.sqrt(OWN_LENGTH_ERROR**2 + 1 / (measured + LEAST_EVIDENCE)),
    )


def temper(
    at: Situation, beliefs: Beliefs, *, quality_logit: Floats, log_tokens: Floats, observed: Floats
) -> Outlook:
    """Mix the network's prediction with the beliefs, weighted by the trust in the query.

    Args:
        at: Readings of the n queries.
        beliefs: Beliefs about the m candidates.
        quality_logit: The network's prediction, shape (n, m).
        log_tokens: The network's prediction, shape (n, m).
        observed: From `evidence_share`, for each candidate's outcomes near each query, shape (n, m).
    """
    trust = at.trust.astype(np.float32)[:, None]  # (n, 1)
    of_ability, of_length = beliefs.of_read
    ability = at.read.astype(np.float32).dot(of_ability)  # (n, m)
    written = at.written.astype(np.float32).dot(of_length)
    beyond = quality_logit - ability
    beyond *= trust
    ability += beyond
    beyond = np.subtract(log_tokens, written, out=beyond)
    beyond *= observed
    beyond *= trust
    written += beyond
    return Outlook(sigmoid(ability), clip(written, LEAST_LOG_TOKENS, MOST_LOG_TOKENS))


def quality_error(at: Situation, quality: Floats, variance: Floats, believed: Floats) -> Floats:
    """Return the standard error of a tempered quality, shape (n, m); or (n,) for one candidate per query.

    Args:
        at: Readings of the n queries.
        quality: Tempered quality, from `temper`.
        variance: Variance of the profiles' quality.
        believed: Variance of the believed ability at such work, in squared logits.
    """
    trust = at.trust.reshape(-1, *(1,) * (quality.ndim - 1))
    doubt = (quality * (1 - quality)) ** 2 * believed
    return np.asarray(np.sqrt(trust * variance + (1 - trust) * doubt))


def length_spread(
    near_variance: Floats, at: Situation, beliefs: Beliefs, clusters: Floats, observed: Floats
) -> Floats:
    """Return the standard deviation of one answer's log tokens around the prediction, shape (n, m).

    Args:
        near_variance: Variance of log tokens near training, per cluster, shape (k,).
        at: Readings of the n queries.
        beliefs: Beliefs about the m candidates.
        clusters: Weights of the clusters per query, shape (n, k).
        observed: As for `temper`.
    """
    share, near = at.trust[:, None] * observed, clusters @ near_variance
    beyond = at.spread[:, None] ** 2 + at.written[:, :-2] @ (beliefs.log_tokens_error**2).T  # (n, m)
    return np.asarray(np.sqrt(share * near[:, None] + (1 - share) * beyond))


def evidence_share(outcomes: Floats) -> Floats:
    """Return the weight, in [0, 1], of outcomes near a query against the belief; same shape as the argument."""
    return np.asarray(outcomes / (outcomes + FEW_OUTCOMES))
