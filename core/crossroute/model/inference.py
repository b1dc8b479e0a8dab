"""The trained network in NumPy: attention.py's forward pass, so that routing needs no torch.

Importing torch would dominate a cold start, and its call overhead the time of a small network. The equations, shapes
and tensor names are those of attention.py; a test compares the results of both.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from crossroute.model.config import NetworkConfig
from crossroute.numeric import clip, gelu, sigmoid, softmax

FEW_NUMBERS = 2**14
"""In one layer of all members: so few are read sooner than a layer a member is called."""

Float32s = npt.NDArray[np.float32]
Doubles = npt.NDArray[np.float64]


class PoolProfiles(NamedTuple):
    """The profiles of a pool, one row a candidate, each of shape (m, k)."""

    quality: Float32s
    log_tokens: Float32s
    evidence: Float32s


class AttendedPool(NamedTuple):
    """A pool as queries attend to it.

    What reads a candidate's 2 k + 3 features ends in r numbers: those features, or the m candidates, where that is less
    to read: then their features are folded in. Members are g groups of h heads each: one of all, with zeros where a
    member does not read another's hidden units, if that is little to read, else one a member.
    """

    heads: int  # h, of a group
    interest: Float32s  # (g, E d / g, h r), hidden units -> interest in each candidate
    interest_bias: Float32s  # (g, 1, h r)
    features: Float32s | None  # (2 k + 3, m), what is read of each candidate, and a 1; None where r is m
    told: Float32s  # (g, h m, 2), what attending to each adds to quality's logit and log tokens

    def weights(self, hidden: Float32s) -> Float32s:
        """Return the weight of each candidate for each member and head, shape (g, n, h m), by hidden units."""
        n, (groups, units, _) = len(hidden), self.interest.shape
        each = hidden.reshape(n, groups, units).swapaxes(0, 1) @ self.interest  # (g, n, h r)
        each += self.interest_bias
        candidates = _of_candidates(each.reshape(groups * n * self.heads, -1), self.features)
        return softmax(candidates).reshape(groups, n, -1)


class PoolKeys(NamedTuple):
    """What the network needs of a pool: computed once a pool, not once a query; r as for `AttendedPool`."""

    asked: Float32s  # (E d, 2 r), hidden units -> what is asked of each candidate
    asked_bias: Float32s  # (2 r,)
    features: Float32s | None  # (2 k + 3, m)
    profiles: Float32s  # (k, 3 m), quality, log tokens and evidence
    own: AttendedPool
    context: AttendedPool  # the pool itself, or another one


class NetworkOutput(NamedTuple):
    """What the network says of each query and candidate, its members averaged."""

    quality_logit: Float32s  # (n, m)
    log_tokens: Float32s  # (n, m)
    clusters: Float32s  # (n, k)
    outcomes: Float32s  # (n, m), of each candidate in the query's clusters
    x: Float32s  # (n, p), principal components and surface features
    hidden: Float32s  # (n, E d)
    pool: PoolKeys

    @property
    def quality(self) -> Float32s:
        """Predicted quality, shape (n, m), in [0, 1]."""
        return sigmoid(self.quality_logit)

    @property
    def attention(self) -> Float32s:
        """Attention over the pool, averaged over members and heads, shape (n, m)."""
        weights, own = self.pool.own.weights(self.hidden), self.pool.own  # (g, n, h m)
        each = weights.reshape(*weights.shape[:2], own.heads, -1)
        return np.asarray(np.add.reduce(each, axis=(0, 2)) / np.float32(len(each) * own.heads))


class InferenceNetwork:
    """A trained network; safe to share between threads.

    Args:
        config: Its shape.
        weights: Its tensors by name, as attention.py names them.

    Raises:
        KeyError: A tensor is missing.
        ValueError: A tensor is not the network's, or has another shape than the configuration says.
    """

    def __init__(self, config: NetworkConfig, weights: Mapping[str, npt.NDArray[np.floating]]) -> None:
        foreign = sorted(weights.keys() - config.shapes().keys())
        if foreign:
            raise ValueError(f"the tensor {foreign[0]!r} is none of this network's.")
        self.config = config
        self.weights = {name: np.asarray(weights[name], dtype=np.float32) for name in config.shapes()}
        for name, shape in config.shapes().items():
            if self.weights[name].shape != shape:
                raise ValueError(
                    f"the tensor {name!r} has shape {self.weights[name].shape}, expected {shape}."
                )
        self._fold()
        self._context: tuple[PoolProfiles, AttendedPool] | None = None

    def keys(self, pool: PoolProfiles, context: PoolProfiles | None = None) -> PoolKeys:
        """Return what the network needs of a pool's profiles.

        Args:
            pool: Of m candidates.
            context: What queries attend to, and with whose mean log tokens the pool's are compared; by default the pool
                itself. With the same one for every pool, what is predicted of a candidate does not depend on the
                others.
        """
        features = self._features(pool, pool if context is None else context)
        own = self._attended(features)
        alone = context is None or all(map(np.array_equal, context, pool))
        beside = own if alone or context is None else self._known_context(context)
        asked = (self._pair @ self._last(features)).reshape(len(self._pair), -1)  # (E d + 1, 2 r)
        return PoolKeys(
            asked=_single(asked[:-1]),
            asked_bias=_single(asked[-1]),
            features=own.features,
            profiles=np.ascontiguousarray(np.concatenate([pool.quality, pool.log_tokens, pool.evidence]).T),
            own=own,
            context=beside,
        )

    def _known_context(self, context: PoolProfiles) -> AttendedPool:
        """Return a context, which many pools share, as it is attended to; the last one is remembered."""
        known = self._context
        if known is None or known[0] is not context:
            self._context = known = context, self._attended(self._features(context, context))
        return known[1]

    def _features(self, pool: PoolProfiles, context: PoolProfiles) -> Doubles:
        """Return what is read of each candidate, and a 1, shape (2 k + 3, m)."""
        model = np.concatenate(
            [_logit(pool.quality, 0.02), pool.log_tokens - context.log_tokens.mean()], axis=-1
        )
        return np.asarray(self._spread @ np.concatenate([model.T, np.ones((1, len(model)))]))

    def _attended(self, features: Doubles) -> AttendedPool:
        """Return a pool as it is attended to, by its features."""
        members, heads, d = self.config.members, self.config.heads, self.config.hidden
        each = (self._interest @ self._last(features)).reshape(members, d + 1, -1)  # (E, d + 1, heads r)
        told = np.tile(features.T @ self._told, (1, heads, 1))  # (E, heads m, 2)
        interest, bias = each[:, :-1], each[:, -1:]
        if members * interest.size <= FEW_NUMBERS:
            interest, bias, told = _beside(interest), bias.reshape(1, 1, -1), told.reshape(1, -1, 2)
        return AttendedPool(
            heads=members * heads // len(interest),
            interest=_single(interest),
            interest_bias=_single(bias),
            features=None if self._last(features) is features else _single(features),
            told=_single(told),
        )

    def _last(self, features: Doubles) -> Doubles:
        """Return what a layer ends in that reads features: these, or the r = 2 k + 3 as they are."""
        (r, m), units = features.shape, self.config.members * self.config.hidden
        return features if units * m <= units * r + r * m else np.eye(r)

    def __call__(self, query: Float32s, pool: PoolKeys) -> NetworkOutput:
        """Return the members' average.

        Args:
            query: As encoded, shape (n, D).
            pool: Of m candidates, from `keys`.
        """
        n, k = len(query), self.config.clusters
        x = self.project(query)  # (n, p)
        first: Float32s = x.dot(self._first)  # (n, k + E d); as `@`, which takes longer of small arrays
        first += self._first_bias
        clusters = softmax(first[:, :k])  # (n, k)
        hidden = gelu(first[:, k:])  # (n, E d)
        asked: Float32s = hidden.dot(pool.asked)  # (n, 2 r)
        asked += pool.asked_bias
        pair = _of_candidates(asked.reshape(2 * n, -1), pool.features).reshape(n, 2, -1)  # (n, 2, m)
        shared = np.add.reduce(pool.context.weights(hidden) @ pool.context.told, axis=0)  # (n, 2)
        pair += shared[:, :, None]
        known: Float32s = clusters.dot(pool.profiles)  # (n, 3 m)
        m = known.shape[1] // 3
        if self.config.prior:
            pair[:, 0] += _logit(known[:, :m], 1e-3)
            pair[:, 1] += known[:, m : 2 * m]
        return NetworkOutput(pair[:, 0], pair[:, 1], clusters, known[:, 2 * m :], x, hidden, pool)

    def project(self, query: Float32s) -> Float32s:
        """Return an encoded query's principal components and surface features, shape (n, p)."""
        x: Float32s = query.dot(self.weights["projection"])
        x -= self._centre
        return x

    def place(self, x: Float32s) -> Float32s:
        """Return how much of each cluster is in each query, shape (n, k)."""
        k = self.config.clusters
        return softmax(x @ self._first[:, :k] + self._first_bias[:k])

    def _fold(self) -> None:
        """Fold what no query and no pool changes: a candidate's features are read by linear layers alone.

        So the query's layer and the candidates' are one, and the members that are averaged are one beside each other.
        """
        config = self.config
        weights = {name: tensor.astype(float) for name, tensor in self.weights.items()}
        members, d = config.members, config.hidden
        self._spread, gathered = _levels(config.clusters)
        joined = {
            name: np.concatenate([weights[f"{name}.weight"], weights[f"{name}.bias"]], axis=1)
            for name in ("key", "value", "query", "shared", "pair")
        }  # (E, inputs + 1, outputs)
        scale = 1 / math.sqrt(d)
        key, value = (gathered @ joined[name] for name in ("key", "value"))  # (E, 2 k + 3, d)
        read = key.swapaxes(1, 2) * scale, value.swapaxes(1, 2) * scale  # (E, d, 2 k + 3)
        attending = joined["query"][:, None].repeat(config.heads, axis=1)  # (E, heads, d + 1, d)
        attending[:, :, -1] += weights["head_embedding"][:, :, 0]
        interest = attending @ read[0][:, None]  # (E, heads, d + 1, 2 k + 3)
        pair = (
            np.stack([joined["pair"][:, :, :d], joined["pair"][:, :, d:]], axis=1)
            @ read[1][:, None]
            / members
        )
        shared = joined["shared"] / members  # (E, 2 d + 1, 2)
        self._told = value @ shared[:, d:-1] / config.heads  # (E, 2 k + 3, 2)
        self._interest = interest.swapaxes(1, 2).reshape(members, d + 1, -1, interest.shape[-1])
        # of each hidden unit, members beside each other, and one row more: the members' biases are added up
        self._pair = _stacked(pair.swapaxes(1, 2))  # (E d + 1, 2, 2 k + 3)
        # what is asked of all candidates alike is asked of the 1 among each one's features
        self._pair[:, :, -1] += _stacked(np.delete(shared, slice(d, 2 * d), axis=1))
        self._centre = _single(weights["centre"] @ weights["projection"])
        hidden = weights["hidden.weight"].swapaxes(0, 1).reshape(-1, members * d)
        centroids, temperature = weights["centroids"], weights["temperature"]
        near = 2 * centroids.T / temperature  # (p, k): the distance to a cluster, less |x|^2 and turned round
        self._first = _single(np.concatenate([near, hidden], axis=1))  # (p, k + E d)
        away = (centroids**2).sum(-1) / temperature
        self._first_bias = _single(np.concatenate([-away, weights["hidden.bias"].reshape(-1)]))


def _beside(layers: Doubles) -> Doubles:
    """Return members' layers, shape (E, d, o), as one that reads all their hidden units, shape (1, E d, E o)."""
    members, d, outputs = layers.shape
    beside = np.zeros((members, d, members, outputs))
    beside[np.arange(members), :, np.arange(members)] = layers
    return beside.reshape(1, members * d, members * outputs)


def _of_candidates(read: Float32s, features: Float32s | None) -> Float32s:
    """Return what r numbers, a row each, say of each candidate."""
    return read if features is None else read.dot(features)


def _levels(clusters: int) -> tuple[Doubles, Doubles]:
    """Return what takes each candidate's mean quality and tokens apart from its clusters', and puts them together.

    Clusters differ little beside candidates; weighed one by one, large weights would cancel, and digits be lost.

    Returns:
        From 2 k + 3 features to 2 k + 3, and, for weights, from those of 2 k + 3 to those of 2 k + 3.
    """
    k = clusters
    means = np.zeros((2, 2 * k + 1))
    means[0, :k] = means[1, k : 2 * k] = 1 / k
    each = np.zeros((2 * k, 2))
    each[:k, 0] = each[k:, 1] = 1
    apart = np.eye(2 * k + 1)
    apart[: 2 * k] -= each @ means
    spread = np.concatenate([apart[: 2 * k], means, apart[2 * k :]])
    gathered = np.zeros((2 * k + 3, 2 * k + 1))
    gathered[: 2 * k, : 2 * k] = np.eye(2 * k)
    gathered[2 * k : 2 * k + 2, : 2 * k] = each.T
    gathered[-1, -1] = 1
    return spread, gathered


def _stacked(layers: Doubles) -> Doubles:
    """Return members' layers, shape (E, d + 1, ...), the last row a bias, as one of them all, shape (E d + 1, ...)."""
    rows = layers[:, :-1].reshape(-1, *layers.shape[2:])
    return np.concatenate([rows, layers[:, -1].sum(0, keepdims=True)])


def _single(values: npt.NDArray[np.floating]) -> Float32s:
    return values.astype(np.float32)


def _logit(probability: Float32s, eps: float) -> Float32s:
    held = clip(probability, np.float32(eps), np.float32(1 - eps))
    return np.asarray(np.log(held / (1 - held)))
