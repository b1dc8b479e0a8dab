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
"""Layers of up to this size are multiplied faster as one block-diagonal layer of all members than one by one."""

Float32s = npt.NDArray[np.float32]
Doubles = npt.NDArray[np.float64]


class PoolProfiles(NamedTuple):
    """The profiles of a pool, one row per candidate, each of shape (m, k)."""

    quality: Float32s
    log_tokens: Float32s
    evidence: Float32s


class AttendedPool(NamedTuple):
    """A pool, prepared for attention.

    A query's hidden units give r numbers per head: scores of the 2 k + 3 features, which are then multiplied by
    `features`; or, if it takes fewer multiplications, the m candidates' scores, with the features multiplied in
    beforehand (r = m). The heads of the E members are in g groups of h: g is 1 for small layers, with one
    block-diagonal matrix for all members, and E for larger ones.
    """

    heads: int  # h, per group
    interest: Float32s  # (g, E d / g, h r), hidden units -> attention scores
    interest_bias: Float32s  # (g, 1, h r)
    features: Float32s | None  # (2 k + 3, m), features of each candidate, and a 1; None if r is m
    value: Float32s  # (g, h m, 2), contribution of each candidate to quality's logit and log tokens

    def weights(self, hidden: Float32s) -> Float32s:
        """Return the attention to each candidate, for each member and head, shape (g, n, h m).

        Args:
            hidden: Hidden units, shape (n, E d).
        """
        n, (groups, units, _) = len(hidden), self.interest.shape
        each = hidden.reshape(n, groups, units).swapaxes(0, 1) @ self.interest  # (g, n, h r)
        each += self.interest_bias
        candidates = _score_candidates(each.reshape(groups * n * self.heads, -1), self.features)
        return softmax(candidates).reshape(groups, n, -1)


class PoolKeys(NamedTuple):
    """What the network needs of a pool, computed once per pool and not per query; r as for `AttendedPool`."""

    pair: Float32s  # (E d, 2 r), hidden units -> interaction with each candidate
    pair_bias: Float32s  # (2 r,)
    features: Float32s | None  # (2 k + 3, m)
    profiles: Float32s  # (k, 3 m), quality, log tokens and evidence
    own: AttendedPool
    context: AttendedPool  # the pool attended to: this one, or another


class NetworkOutput(NamedTuple):
    """The network's predictions for each query and candidate, averaged over its members."""

    quality_logit: Float32s  # (n, m)
    log_tokens: Float32s  # (n, m)
    clusters: Float32s  # (n, k)
    outcomes: Float32s  # (n, m), number of each candidate's outcomes in the query's clusters
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
        weights: Its tensors, by their names in attention.py.

    Raises:
        KeyError: A tensor is missing.
        ValueError: A tensor is not the network's, or does not have the shape that the configuration states.
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
            pool: Profiles of m candidates.
            context: Profiles that queries attend to, and whose mean log tokens the pool's are compared with; by default
                the pool's own. With one context for all pools, the prediction for a candidate does not depend on the
                others in its pool.
        """
        features = self._features(pool, pool if context is None else context)
        own = self._prepare(features)
        alone = context is None or all(map(np.array_equal, context, pool))
        attended = own if alone or context is None else self._prepare_context(context)
        pair = (self._pair @ self._fold_features(features)).reshape(len(self._pair), -1)  # (E d + 1, 2 r)
        return PoolKeys(
            pair=_single(pair[:-1]),
            pair_bias=_single(pair[-1]),
            features=own.features,
            profiles=np.ascontiguousarray(np.concatenate([pool.quality, pool.log_tokens, pool.evidence]).T),
            own=own,
            context=attended,
        )

    def _prepare_context(self, context: PoolProfiles) -> AttendedPool:
        """Return a context, prepared for attention; the last one is cached, since many pools share it."""
        known = self._context
        if known is None or known[0] is not context:
            self._context = known = context, self._prepare(self._features(context, context))
        return known[1]

    def _features(self, pool: PoolProfiles, context: PoolProfiles) -> Doubles:
        """Return the features of each candidate, and a 1, shape (2 k + 3, m)."""
        model = np.concatenate(
            [_logit(pool.quality, 0.02), pool.log_tokens - context.log_tokens.mean()], axis=-1
        )
        return np.asarray(self._spread @ np.concatenate([model.T, np.ones((1, len(model)))]))

    def _prepare(self, features: Doubles) -> AttendedPool:
        """Prepare a pool for attention, from its features."""
        members, heads, d = self.config.members, self.config.heads, self.config.hidden
        each = (self._interest @ self._fold_features(features)).reshape(members, d + 1, -1)
        value = np.tile(features.T @ self._value, (1, heads, 1))  # (E, heads m, 2)
        interest, bias = each[:, :-1], each[:, -1:]  # (E, d, heads r), (E, 1, heads r)
        if members * interest.size <= FEW_NUMBERS:
            interest, bias, value = _join_blocks(interest), bias.reshape(1, 1, -1), value.reshape(1, -1, 2)
        return AttendedPool(
            heads=members * heads // len(interest),
            interest=_single(interest),
            interest_bias=_single(bias),
            features=None if self._fold_features(features) is features else _single(features),
            value=_single(value),
        )

    def _fold_features(self, features: Doubles) -> Doubles:
        """Return the matrix to multiply a layer over features with: the features if that saves work, else identity."""
        (r, m), units = features.shape, self.config.members * self.config.hidden
        return features if units * m <= units * r + r * m else np.eye(r)

    def __call__(self, query: Float32s, pool: PoolKeys) -> NetworkOutput:
        """Return the members' average.

        Args:
            query: Encoded queries, shape (n, D).
            pool: The m candidates, from `keys`.
        """
        n, k = len(query), self.config.clusters
        x = self.project(query)  # (n, p)
        first: Float32s = x.dot(self._first)  # (n, k + E d); `@` is slower for small arrays
        first += self._first_bias
        clusters = softmax(first[:, :k])  # (n, k)
        hidden = gelu(first[:, k:])  # (n, E d)
        scores: Float32s = hidden.dot(pool.pair)  # (n, 2 r)
        scores += pool.pair_bias
        pair = _score_candidates(scores.reshape(2 * n, -1), pool.features).reshape(n, 2, -1)  # (n, 2, m)
        shared = np.add.reduce(pool.context.weights(hidden) @ pool.context.value, axis=0)  # (n, 2)
        pair += shared[:, :, None]
        known: Float32s = clusters.dot(pool.profiles)  # (n, 3 m)
        m = known.shape[1] // 3
        if self.config.prior:
            pair[:, 0] += _logit(known[:, :m], 1e-3)
            pair[:, 1] += known[:, m : 2 * m]
        return NetworkOutput(pair[:, 0], pair[:, 1], clusters, known[:, 2 * m :], x, hidden, pool)

    def project(self, query: Float32s) -> Float32s:
        """Return principal components and surface features of encoded queries, shape (n, p)."""
        x: Float32s = query.dot(self.weights["projection"])
        x -= self._centre
        return x

    def place(self, x: Float32s) -> Float32s:
        """Return each query's weights of the clusters, shape (n, k), summing to 1."""
        k = self.config.clusters
        return softmax(x @ self._first[:, :k] + self._first_bias[:k])

    def _fold(self) -> None:
        """Multiply out the weights that depend neither on the query nor on the pool.

        A candidate's features pass through linear layers only. So the query's and the candidates' layers become one,
        and the average over members becomes a sum over their concatenated hidden units.
        """
        config = self.config
        weights = {name: tensor.astype(float) for name, tensor in self.weights.items()}
        members, d = config.members, config.hidden
        self._spread, gathered = _make_mean_split(config.clusters)
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
        self._value = value @ shared[:, d:-1] / config.heads  # (E, 2 k + 3, 2)
        self._interest = interest.swapaxes(1, 2).reshape(members, d + 1, -1, interest.shape[-1])
        # one row per hidden unit of each member, and one row for the sum of their biases
        self._pair = _concatenate_members(pair.swapaxes(1, 2))  # (E d + 1, 2, 2 k + 3)
        # the part shared by all candidates multiplies the constant feature 1
        self._pair[:, :, -1] += _concatenate_members(np.delete(shared, slice(d, 2 * d), axis=1))
        self._centre = _single(weights["centre"] @ weights["projection"])
        hidden = weights["hidden.weight"].swapaxes(0, 1).reshape(-1, members * d)
        centroids, temperature = weights["centroids"], weights["temperature"]
        near = 2 * centroids.T / temperature  # (p, k): the negative squared distance, without |x|^2
        self._first = _single(np.concatenate([near, hidden], axis=1))  # (p, k + E d)
        away = (centroids**2).sum(-1) / temperature
        self._first_bias = _single(np.concatenate([-away, weights["hidden.bias"].reshape(-1)]))


def _join_blocks(layers: Doubles) -> Doubles:
    """Return members' layers, shape (E, d, o), as one block-diagonal layer, shape (1, E d, E o)."""
    members, d, outputs = layers.shape
    joined = np.zeros((members, d, members, outputs))
    joined[np.arange(members), :, np.arange(members)] = layers
    return joined.reshape(1, members * d, members * outputs)


def _score_candidates(scores: Float32s, features: Float32s | None) -> Float32s:
    """Return scores of the candidates, shape (..., m), from scores (..., r), by `features` if r is not m."""
    return scores if features is None else scores.dot(features)


def _make_mean_split(clusters: int) -> tuple[Doubles, Doubles]:
    """Return matrices that split a candidate's profile into its mean and deviations, and that adapt weights to this.

    Clusters of a candidate differ little compared with candidates. If weighted one by one, large terms would cancel
    and precision would be lost.

    Returns:
        From the profile and a 1, shape (2 k + 3, 2 k + 1), to 2 k deviations, 2 means and a 1; and, for weights of the
        profile and a 1, shape (2 k + 3, 2 k + 1), to weights of these.
    """
    k = clusters
    means = np.zeros((2, 2 * k + 1))
    means[0, :k] = means[1, k : 2 * k] = 1 / k
    each = np.zeros((2 * k, 2))
    each[:k, 0] = each[k:, 1] = 1
    deviations = np.eye(2 * k + 1)
    deviations[: 2 * k] -= each @ means
    spread = np.concatenate([deviations[: 2 * k], means, deviations[2 * k :]])
    gathered = np.zeros((2 * k + 3, 2 * k + 1))
    gathered[: 2 * k, : 2 * k] = np.eye(2 * k)
    gathered[2 * k : 2 * k + 2, : 2 * k] = each.T
    gathered[-1, -1] = 1
    return spread, gathered


def _concatenate_members(layers: Doubles) -> Doubles:
    """Concatenate members' layers (E, d + 1, ...) to (E d + 1, ...); the last row is the bias, which is summed."""
    rows = layers[:, :-1].reshape(-1, *layers.shape[2:])
    return np.concatenate([rows, layers[:, -1].sum(0, keepdims=True)])


def _single(values: npt.NDArray[np.floating]) -> Float32s:
    return values.astype(np.float32)


def _logit(probability: Float32s, eps: float) -> Float32s:
    held = clip(probability, np.float32(eps), np.float32(1 - eps))
    return np.asarray(np.log(held / (1 - held)))
