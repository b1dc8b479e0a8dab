"""How far a query lies from what a router was trained on, and what to predict of it then.

    trust  = sigmoid((reach - distance) / width)                 of the query to its nearest training queries, (n,)
    kinds  = softmax(W_kind x)                                   which kind of work it is, (n, K)
    logit  = trust * network + (1 - trust) * (W_ease x + kinds @ ability)                                 (n, m)
    tokens = trust * network + (1 - trust) * (W_length x + kinds @ verbosity)                             (n, m)

The network knows on which training queries a candidate is better than its ability. Far from these it would
carry that over to where it does not hold, so there the prediction goes back to what is believed of the candidate at
such work (`candidate.Belief`), at the difficulty that the query seems to have. What is believed has an error, and so
has what the network says; both are told.

Source: distance to training data as the measure of doubt: Sun et al., "Out-of-Distribution Detection with Deep
Nearest Neighbors", arXiv 2204.06507.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from crossroute.numeric import Floats

LEAST_EASE, MOST_EASE = -4.0, 9.0
"""Difficulty that is foreseen of a query, in logits of a candidate of ability 0."""

LEAST_LOG_TOKENS = -7.0
"""Of a ratio to the query's own tokens, where the cost head predicts that."""

MOST_LOG_TOKENS = float(np.log(400_000))
"""Of one answer: as long as the dearest agents' whole runs in the training data."""

NOWHERE = -9.0
"""The similarity to the nearest of no query."""

TENSORS = (
    "centre",
    "axes",
    "prototypes",
    "gate",
    "heads",
    "heads_bias",
    "near_spread",
    "far_spread",
    "ordinary",
    "ordinary_heads",
    "ordinary_bias",
)


class Beliefs(NamedTuple):
    """What is believed of a pool by kind of work, each of shape (m, K); see `candidate.Belief`."""

    ability: Floats
    ability_error: Floats
    log_tokens: Floats
    log_tokens_error: Floats


class Situation(NamedTuple):
    """Where queries stand.

    Attributes:
        trust: In the network, in [0, 1], shape (n,).
        kinds: How much of each kind of work is in the query, shape (n, K), summing to 1.
        ease: Logit of the quality of a candidate of ability 0, shape (n,).
        log_tokens: Of the answer of a candidate of typical verbosity, shape (n,).
    """

    trust: Floats
    kinds: Floats
    ease: Floats
    log_tokens: Floats


class Outlook(NamedTuple):
    """What is predicted with doubt taken into account, each of shape (n, m).

    Attributes:
        quality: In [0, 1].
        log_tokens: What the cost head predicts.
    """

    quality: Floats
    log_tokens: Floats


class Doubt:
    """Distance to the training queries, kinds of work and difficulty; safe to share between threads.

    Args:
        kinds: Names of the K kinds of work.
        tensors: By name: `centre` (V,) and `axes` (V, a) of the views' similarity space, `prototypes` (P, a) of unit
            length, `gate` (2,) reach and width, `heads` (p, K + 2) and `heads_bias` (K + 2,) for kinds, ease and
            length, `near_spread` (k,) and `far_spread` (1,) of log tokens, `ordinary` (Q, a) of unit length: queries
            that nobody measured, nearer to which a query is not one like those of training and is read by
            `ordinary_heads` and `ordinary_bias`, shaped as `heads` and `heads_bias`.

    Raises:
        KeyError: A tensor is missing.
        ValueError: Shapes do not fit together.
    """

    def __init__(self, kinds: tuple[str, ...], tensors: Mapping[str, npt.NDArray[np.floating]]) -> None:
        self.kinds = kinds
        self.tensors = {name: np.asarray(tensors[name], dtype=np.float32) for name in TENSORS}
        half = self.tensors["prototypes"].astype(np.float16)  # as a checkpoint keeps them
        self.tensors["prototypes"] = half.astype(np.float32)
        views, axes, outputs = self.tensors["centre"].size, self.tensors["axes"].shape[-1], len(kinds) + 2
        rows = {name: len(self.tensors[name]) for name in ("prototypes", "heads", "near_spread", "ordinary")}
        shapes = {
            "centre": (views,),
            "axes": (views, axes),
            "prototypes": (rows["prototypes"], axes),
            "gate": (2,),
            "heads": (rows["heads"], outputs),
            "heads_bias": (outputs,),
            "near_spread": (rows["near_spread"],),
            "far_spread": (1,),
            "ordinary": (rows["ordinary"], axes),
            "ordinary_heads": (rows["heads"], outputs),
            "ordinary_bias": (outputs,),
        }
        for name, shape in shapes.items():
            found = self.tensors[name].shape
            if found != shape:
                raise ValueError(
                    f"the shape {found} of doubt.{name} does not fit {len(kinds)} kinds of work."
                )
        known = np.concatenate([self.tensors["prototypes"], self.tensors["ordinary"]])
        self._known = np.ascontiguousarray(known.T)  # (a, P + Q)
        self._readings = np.concatenate([self.tensors["heads"], self.tensors["ordinary_heads"]], axis=1)
        self._readings_bias = np.concatenate([self.tensors["heads_bias"], self.tensors["ordinary_bias"]])

    def situate(self, vectors: Floats, x: Floats) -> Situation:
        """Say how far queries lie from training and what they seem to ask.

        Args:
            vectors: Queries as encoded, shape (n, D).
            x: Their principal components and surface features, shape (n, p).
        """
        reach, width = self.tensors["gate"]
        near, ordinary = self.distances(vectors)
        gates = np.stack([near - ordinary, reach - near]) / width
        usual, trained_on = 0.5 + 0.5 * np.tanh(gates / 2)  # the sigmoid, shape (n,) each
        trained, everyday = np.split(x @ self._readings + self._readings_bias, 2, axis=1)
        heads = trained + (everyday - trained) * usual[:, None]  # (n, K + 2)
        return Situation(
            trust=trained_on * (1 - usual),
            kinds=softmax(heads[:, :-2]),
            ease=heads[:, -2].clip(LEAST_EASE, MOST_EASE),
            log_tokens=heads[:, -1].clip(LEAST_LOG_TOKENS, MOST_LOG_TOKENS),
        )

    def extended(self, vectors: Floats) -> Doubt:
        """Return the same doubt, with further queries counted as trained on.

        Args:
            vectors: As encoded, shape (n, D).
        """
        placed = place(vectors, self.tensors["centre"], self.tensors["axes"])
        return Doubt(
            self.kinds, self.tensors | {"prototypes": np.concatenate([self.tensors["prototypes"], placed])}
        )

    def kinds_of_clusters(self, centroids: Floats) -> Floats:
        """Return how much of each kind of work is in each cluster, shape (k, K), by its centroid, shape (k, p)."""
        return softmax(self._heads(centroids)[:, :-2])

    def effects_of_clusters(self, centroids: Floats) -> tuple[Floats, Floats]:
        """Return ease and log tokens of each cluster, each of shape (k,), by its centroid, shape (k, p)."""
        heads = self._heads(centroids)
        return heads[:, -2], heads[:, -1]

    def _heads(self, x: Floats) -> Floats:
        return np.asarray(x @ self.tensors["heads"] + self.tensors["heads_bias"])  # (n, K + 2)

    def distances(self, vectors: Floats) -> tuple[Floats, Floats]:
        """Return one less the cosine to the nearest training and the nearest ordinary query, each of shape (n,).

        Where no ordinary query is known, none is near.
        """
        likeness = place(vectors, self.tensors["centre"], self.tensors["axes"]) @ self._known  # (n, P + Q)
        trained = len(self.tensors["prototypes"])
        return (
            1 - likeness[:, :trained].max(axis=1, initial=NOWHERE),
            1 - likeness[:, trained:].max(axis=1, initial=NOWHERE),
        )

    def temper(
        self, at: Situation, beliefs: Beliefs, *, quality_logit: Floats, log_tokens: Floats
    ) -> Outlook:
        """Mix what the network says with what is believed, by how near the query is.

        Args:
            at: Where the n queries stand.
            beliefs: Of the m candidates.
            quality_logit: The network's, shape (n, m).
            log_tokens: The network's, shape (n, m).
        """
        trust = at.trust[:, None]  # (n, 1)
        ability = at.ease[:, None] + at.kinds @ beliefs.ability.T  # (n, m)
        written = at.log_tokens[:, None] + at.kinds @ beliefs.log_tokens.T
        log_odds = ability + trust * (quality_logit - ability)
        return Outlook(
            quality=0.5 + 0.5 * np.tanh(log_odds / 2),
            log_tokens=(written + trust * (log_tokens - written)).clip(LEAST_LOG_TOKENS, MOST_LOG_TOKENS),
        )

    def quality_error(self, at: Situation, beliefs: Beliefs, outlook: Outlook, variance: Floats) -> Floats:
        """Return the standard error of a tempered quality, shape (n, m).

        Args:
            at: Where the n queries stand.
            beliefs: Of the m candidates.
            outlook: What `temper` says of them.
            variance: Of the profiles' quality, shape (n, m).
        """
        trust, quality = at.trust[:, None], outlook.quality
        doubt = (quality * (1 - quality)) ** 2 * (at.kinds @ (beliefs.ability_error**2).T)
        return np.asarray(np.sqrt(trust * variance + (1 - trust) * doubt))

    def spread(self, at: Situation, beliefs: Beliefs, clusters: Floats) -> Floats:
        """Return the standard deviation of one answer's log tokens around what is predicted, shape (n, m).

        Args:
            at: Where the n queries stand.
            beliefs: Of the m candidates.
            clusters: How much of each cluster is in each query, shape (n, k).
        """
        trust, near = at.trust[:, None], clusters @ self.tensors["near_spread"] ** 2  # (n, 1), (n,)
        beyond = self.tensors["far_spread"] ** 2 + at.kinds @ (beliefs.log_tokens_error**2).T  # (n, m)
        return np.asarray(np.sqrt(trust * near[:, None] + (1 - trust) * beyond))


def softmax(scores: Floats) -> Floats:
    """Return shares along the last axis that sum to 1."""
    exponentials = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return np.asarray(exponentials / exponentials.sum(axis=-1, keepdims=True))


def place(vectors: Floats, centre: Floats, axes: Floats) -> Floats:
    """Return encoded queries in the space in which similarity is measured, unit length, shape (n, a).

    Args:
        vectors: As encoded, shape (n, D); its first V columns are the embeddings of the views.
        centre: Of training queries, shape (V,).
        axes: Principal axes of these, shape (V, a).
    """
    views = vectors[:, : len(centre)]
    placed = (views - centre) @ axes
    return np.asarray(placed / (np.linalg.norm(placed, axis=1, keepdims=True) + 1e-9))
