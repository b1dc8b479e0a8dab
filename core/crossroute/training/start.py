"""The start of training: an untrained network, or a trained router to fine-tune."""

from __future__ import annotations

import hashlib
from typing import NamedTuple

import numpy as np
import torch

from crossroute.candidate import Candidate, Pool, Profile
from crossroute.model.ability import fit_ease
from crossroute.model.attention import CrossAttention
from crossroute.model.clusters import (
    assign,
    cluster_effects,
    cluster_labels,
    fit_centroids,
    fit_projection,
    project,
    relative_lengths,
    tally,
    task_shares,
)
from crossroute.model.config import NetworkConfig
from crossroute.model.costs import ratio_at
from crossroute.model.profiles import pool_profiles, profile_pool
from crossroute.numeric import Floats
from crossroute.routing.router import Router
from crossroute.training.config import TrainingConfig
from crossroute.training.forest import soft_targets
from crossroute.training.priors import Prior, profile_under
from crossroute.training.run import PreparedSplit
from crossroute.training.state import fingerprint

COVERED = 10
"""Outcomes of a candidate in a cluster from which the forest's predictions are used as targets for further queries
there."""


class Start(NamedTuple):
    """What training starts from.

    Attributes:
        network: The network before its first epoch.
        pool: Profiled candidates.
        labels: Labels of the clusters.
        origin: Digest of the router that is fine-tuned; empty without one.
    """

    network: CrossAttention
    pool: Pool
    labels: tuple[str, ...]
    origin: str = ""

    def project(self, prepared: PreparedSplit) -> Floats:
        """Return a split's principal components and surface features, shape (n, p)."""
        return np.asarray(((prepared.encoded - self.network.centre) @ self.network.projection).numpy())

    def assign(self, prepared: PreparedSplit) -> np.ndarray[tuple[int], np.dtype[np.intp]]:
        """Return the nearest cluster of each query of a split, shape (n,)."""
        return assign(self.project(prepared), self.network.centroids.numpy())

    def shares(self, prepared: PreparedSplit) -> dict[str, list[float]]:
        """Return the distribution of each task's queries over the clusters, which profiler/scores.py uses."""
        return task_shares(prepared.outcomes.tasks, self.assign(prepared), len(self.network.centroids))

    def mix_targets(self, train: PreparedSplit, config: TrainingConfig) -> PreparedSplit:
        """Return the train split with a forest's predictions mixed into the targets of the quality head.

        Where nothing was observed they are the target, if the candidate has enough outcomes in the query's cluster.
        """
        quality = train.outcomes.quality
        targets = soft_targets(self.project(train), quality, config.teacher_weight, config.seed)
        evidence = pool_profiles(self.pool, len(self.network.centroids)).evidence  # (m, k)
        covered = evidence.T[self.assign(train)] >= COVERED  # (n, m)
        targets = np.where(np.isnan(quality) & ~covered, np.nan, targets)
        return train._replace(quality=torch.from_numpy(targets).float())


def start_fresh(
    train: PreparedSplit, views_width: int, config: TrainingConfig, prior: Prior | None = None
) -> Start:
    """Return an untrained network over clusters of the train split.

    Args:
        train: The train split.
        views_width: Numbers of an encoded query that are embeddings.
        config: Settings of training.
        prior: Beliefs about the candidates before their outcomes.
    """
    encoded = train.encoded.numpy()
    centre, projection = fit_projection(encoded, views_width, config.components)
    x = project(encoded, centre, projection)  # (n, p)
    centroids, temperature = fit_centroids(x, config.clusters, config.seed)
    assignment = assign(x, centroids)
    log_tokens = train.log_tokens.numpy()
    if prior is None:
        lengths = relative_lengths(log_tokens)
        effects = (
            fit_ease(*tally(train.outcomes.quality, assignment, len(centroids))),
            cluster_effects(log_tokens, lengths, assignment, len(centroids)),
        )
        pool = profile_pool(train.outcomes, log_tokens, assignment, effects, lengths=lengths)
    else:
        pool, ease, length = profile_under(
            prior,
            train.outcomes.pool,
            train.outcomes.tasks,
            quality=train.outcomes.quality,
            log_tokens=log_tokens,
            assignment=assignment,
            clusters=len(centroids),
        )
        effects = (ease, length)
    network = CrossAttention(
        NetworkConfig(
            width=encoded.shape[1],
            components=x.shape[1],
            clusters=len(centroids),
            hidden=config.hidden,
            heads=config.heads,
            members=config.members,
            dropout=config.dropout,
            prior=config.prior,
        )
    )
    fitted = {
        "centre": centre,
        "projection": projection,
        "centroids": centroids,
        "temperature": np.array([temperature]),
        "quality_effects": effects[0],
        "tokens_effects": effects[1],
    }
    network.load_state_dict(network.state_dict() | {name: torch.from_numpy(v) for name, v in fitted.items()})
    return Start(network, pool, cluster_labels(train.outcomes.tasks, assignment, len(centroids)))


def start_from(train: PreparedSplit, router: Router) -> Start:
    """Return a trained router's network, and the pool of the train split with updated profiles.

    A known candidate's profile is the prior for its new outcomes.
    """
    trained = router.predictor.network
    network = CrossAttention(trained.config)
    network.load_state_dict({name: torch.from_numpy(tensor) for name, tensor in trained.weights.items()})
    start = Start(network, router.pool, router.cluster_labels, _digest(router))
    known = {c.name: _convert_profile(router, c) for c in train.outcomes.pool if c.name in router.pool}
    pool = profile_pool(
        train.outcomes,
        train.log_tokens.numpy(),
        start.assign(train),
        (trained.weights["quality_effects"], trained.weights["tokens_effects"]),
        known={name: profile for name, profile in known.items() if profile is not None},
    )
    return start._replace(pool=pool)


def _digest(router: Router) -> str:
    """Return a digest of a router's network and candidates."""
    network = router.predictor.network
    weights = b"".join(network.weights[name].tobytes() for name in network.config.shapes())
    return fingerprint(
        network.config.model_dump_json(),
        hashlib.sha256(weights).hexdigest(),
        *(candidate.model_dump_json() for candidate in router.pool),
    )


def _convert_profile(router: Router, candidate: Candidate) -> Profile | None:
    """Return a candidate's profile in a router, converted to the price of its new outcomes."""
    profile, price = router.pool[candidate.name].profile, candidate.price
    if profile is None or price is None or profile.learned_price is None:
        return profile
    now = (price.input, price.output)
    ratio = ratio_at(np.array(profile.log_tokens), np.array(profile.learned_price), np.array(now))
    return profile.model_copy(update={"log_tokens": tuple(ratio.tolist()), "learned_price": now})
