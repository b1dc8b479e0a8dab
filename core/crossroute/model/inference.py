"""The trained network in NumPy: attention.py's forward pass, so that routing needs no torch.

Importing torch takes most of a cold start, and its calls most of a small network's time. The equations, the
shapes and the names of the tensors are attention.py's; a test holds both to the same numbers.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from crossroute.model.config import NetworkConfig

Float32s = npt.NDArray[np.float32]


class PoolProfiles(NamedTuple):
    """The profiles of a pool, one row a candidate, each of shape (m, k)."""

    quality: Float32s
    log_tokens: Float32s
    evidence: Float32s


class PoolKeys(NamedTuple):
    """The pool as the network attends to it: computed once a pool, not once a query."""

    key: Float32s  # (E, d, m)
    value: Float32s  # (E, m, d)
    to_value: Float32s  # (E, d, m), scaled
    quality: Float32s  # (k, m)
    log_tokens: Float32s  # (k, m)


class Inferred(NamedTuple):
    """What the network says of each query and candidate, its members averaged."""

    quality: Float32s  # (n, m), in [0, 1]
    log_tokens: Float32s  # (n, m)
    attention: Float32s  # (n, m)
    clusters: Float32s  # (n, k)


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
        self._centroid_norms = (self.weights["centroids"] ** 2).sum(-1)  # (k,)

    def keys(self, pool: PoolProfiles, around: PoolProfiles | None = None) -> PoolKeys:
        """Return keys and values of a pool's profiles.

        Args:
            pool: Of m candidates.
            around: Those whose mean log tokens the pool's are compared with; by default the pool itself.
        """
        mean = (pool if around is None else around).log_tokens.mean()
        model = np.concatenate([_logit(pool.quality, 0.02), pool.log_tokens - mean], axis=-1)
        key, value = self._layer("key", model), self._layer("value", model)  # (E, m, d)
        scale = np.float32(1 / math.sqrt(self.config.hidden))
        key, to_value = key.swapaxes(-1, -2) * scale, value.swapaxes(-1, -2) * scale  # (E, d, m) each
        return PoolKeys(key, value, to_value, pool.quality.T, pool.log_tokens.T)

    def __call__(self, query: Float32s, pool: PoolKeys, around: PoolKeys | None = None) -> Inferred:
        """Return the members' average.

        Args:
            query: As encoded, shape (n, D).
            pool: Of m candidates, from `keys`.
            around: What the query attends to for its context; by default the pool itself. With the same one for every
                pool, what is predicted of a candidate does not depend on the others.
        """
        d = self.config.hidden
        x = self.project(query)  # (n, p)
        clusters = self.place(x)  # (n, k)
        h = _gelu(self._layer("hidden", x))  # (E, n, d)
        queries = self._layer("query", h)[:, None] + self.weights["head_embedding"]  # (E, heads, n, d)
        attention = self._attend(queries, pool)  # (E, n, m)
        context = attention @ pool.value if around is None else self._attend(queries, around) @ around.value
        shared = self._layer("shared", np.concatenate([h, context], axis=-1))  # (E, n, 2)
        pair = self._layer("pair", h)  # (E, n, 2d)
        quality_logit = (shared[..., :1] + pair[..., :d] @ pool.to_value).mean(0)  # (n, m)
        log_tokens = (shared[..., 1:] + pair[..., d:] @ pool.to_value).mean(0)  # (n, m)
        if self.config.prior:
            quality_logit = quality_logit + _logit(clusters @ pool.quality, 1e-3)
            log_tokens = log_tokens + clusters @ pool.log_tokens
        quality = 0.5 + 0.5 * np.tanh(quality_logit / 2)  # the sigmoid, which cannot overflow
        return Inferred(quality, log_tokens, attention.mean(0), clusters)

    def project(self, query: Float32s) -> Float32s:
        """Return an encoded query's principal components and surface features, shape (n, p)."""
        return np.asarray((query - self.weights["centre"]) @ self.weights["projection"])

    def place(self, x: Float32s) -> Float32s:
        """Return how much of each cluster is in each query, shape (n, k)."""
        distance = self._centroid_norms - 2 * x @ self.weights["centroids"].T  # (n, k), less |x|^2 a row
        return _softmax(-distance / self.weights["temperature"])

    @staticmethod
    def _attend(queries: Float32s, pool: PoolKeys) -> Float32s:
        """Return attention over a pool, averaged over the heads, shape (E, n, m)."""
        scores = np.asarray(queries @ pool.key[:, None], dtype=np.float32)  # (E, heads, n, m)
        return np.asarray(_softmax(scores).mean(1))

    def _layer(self, name: str, x: Float32s) -> Float32s:
        return np.asarray(x @ self.weights[f"{name}.weight"] + self.weights[f"{name}.bias"])


def _softmax(scores: Float32s) -> Float32s:
    exponentials = np.exp(scores - scores.max(-1, keepdims=True))
    return np.asarray(exponentials / exponentials.sum(-1, keepdims=True))


def _logit(probability: Float32s, eps: float) -> Float32s:
    clipped = np.clip(probability, eps, 1 - eps)
    return np.asarray(np.log(clipped / (1 - clipped)))


def _gelu(x: Float32s) -> Float32s:
    """Return x * Phi(x), by an approximation of erf whose error is under 2e-7.

    Source: Abramowitz and Stegun, Handbook of Mathematical Functions, 7.1.26.
    """
    z = np.abs(x) * np.float32(math.sqrt(0.5))
    t = 1 / (1 + np.float32(0.3275911) * z)
    series = t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))))
    erf = np.sign(x) * (1 - series * np.exp(-z * z))
    return np.asarray(0.5 * x * (1 + erf), dtype=np.float32)
