"""Beliefs of a pool as arrays: stated by the profiles, or else what the profiles themselves lead to.

A profile that was measured over the clusters says how able its candidate is at each kind of work: by how much its
log-odds exceed the clusters' ease, cluster by cluster, each as far as it is of that kind and was observed.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from crossroute.candidate import Belief, Pool
from crossroute.model.costs import CostUnit
from crossroute.model.doubt import Beliefs, Doubt
from crossroute.model.inference import InferenceNetwork, PoolProfiles
from crossroute.model.profiles import pool_profiles
from crossroute.numeric import Floats, logit

LEAST_EVIDENCE = 5.0
"""Outcomes that a cluster counts beside those observed there: shrunk profiles tell a little of it, too."""

OWN_ERROR = 0.35
"""Standard error of an ability that many outcomes of other queries tell, in logits: how kinds of sets differ."""

OWN_LENGTH_ERROR = 0.5
"""The same of log tokens."""

QUALITY_HELD = 0.02
"""What a profile's quality is held above and, from 1, below."""


def pool_beliefs(pool: Pool, doubt: Doubt, network: InferenceNetwork, unit: CostUnit) -> Beliefs:
    """Return what is believed of each candidate, as stated or as its profile leads to.

    Args:
        pool: Candidates with profiles.
        doubt: Whose kinds of work and ease are meant.
        network: Whose clusters the profiles are over.
        unit: What the network's cost head predicts.
    """
    clusters = network.config.clusters
    stated = [candidate.profile.belief if candidate.profile else None for candidate in pool]
    if all(stated):
        told = [belief for belief in stated if belief is not None]
        return _arrays(told)
    derived = derive_beliefs(pool_profiles(pool, clusters), doubt, network)
    rows = [
        belief
        or Belief(**{field: tuple(getattr(derived, field)[i].tolist()) for field in Belief.model_fields})
        for i, belief in enumerate(stated)
    ]
    return _arrays(rows)


def _arrays(beliefs: Sequence[Belief]) -> Beliefs:
    fields = ([getattr(belief, field) for belief in beliefs] for field in Belief.model_fields)
    # of single precision, as they are saved, and held as the arithmetic has them
    return Beliefs(*(np.array(values, dtype=np.float32).astype(float) for values in fields))


def derive_beliefs(profiles: PoolProfiles, doubt: Doubt, network: InferenceNetwork) -> Beliefs:
    """Return what profiles over clusters lead to believe by kind of work.

    Args:
        profiles: Of m candidates, each field of shape (m, k).
        doubt: Whose kinds of work, ease and length are meant.
        network: Whose clusters they are over.
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
