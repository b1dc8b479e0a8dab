"""Matrix factorization: the dot product of a projected query and a candidate's vector."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from crossroute.data.outcomes import Outcomes
from crossroute.evaluation.baselines.blind import candidate_means, log_cost
from crossroute.model.prediction import Prediction
from crossroute.numeric import Floats

_LEARNING_RATE = 0.01


@dataclass(frozen=True)
class MatrixFactorization:
    """Predict sigmoid((x W) v + b), with an embedding x, a projection W to rank r and a candidate's vector v.

    Source: EmbedLLM, arXiv 2410.02223, section 3. The same form, without the sigmoid, predicts the standardized log
    cost.

    Attributes:
        rank: r.
        penalty: L2 penalty of all parameters, as Adam's weight decay.
        steps: Full-batch steps of Adam.
        seed: Of the initial values.
    """

    rank: int = 8
    penalty: float = 1e-3
    steps: int = 150
    seed: int = 0

    def fit(self, embeddings: Floats, outcomes: Outcomes) -> FittedMatrixFactorization:
        """Fit quality by cross-entropy and log cost by least squares, on known outcomes."""
        mean_quality, _ = candidate_means(outcomes)
        bounded = np.clip(mean_quality, 0.01, 0.99)
        weight, bias = self._factorize(
            embeddings, outcomes.quality, np.log(bounded / (1 - bounded)), link=_sigmoid
        )
        log_usd = log_cost(outcomes.cost)
        center, spread = np.nanmean(log_usd, axis=0), float(np.nanstd(log_usd)) or 1.0
        cost_weight, cost_bias = self._factorize(
            embeddings, (log_usd - center) / spread, np.zeros_like(center), link=np.asarray
        )
        return FittedMatrixFactorization(
            outcomes.pool.names, weight, bias, cost_weight * spread, cost_bias * spread + center
        )

    def _factorize(
        self, x: Floats, values: Floats, bias: Floats, link: Callable[[Floats], Floats]
    ) -> tuple[Floats, Floats]:
        """Return the product W v of every candidate, shape (D, m), and b, shape (m,), after Adam's steps."""
        x, random = np.asarray(x, dtype=float), np.random.default_rng(self.seed)
        w = random.normal(size=(x.shape[1], self.rank)) * 0.1 / np.sqrt(x.shape[1])
        v = random.normal(size=(self.rank, values.shape[1])) / np.sqrt(self.rank)
        known, target = ~np.isnan(values), np.nan_to_num(values)
        theta = np.concatenate([w.ravel(), v.ravel(), bias])
        mean, square = np.zeros_like(theta), np.zeros_like(theta)
        for step in range(1, self.steps + 1):
            error = np.where(known, link(x @ w @ v + bias) - target, 0) / known.sum()  # slope of either loss
            slopes = (x.T @ (error @ v.T), (x @ w).T @ error, error.sum(axis=0))
            slope = np.concatenate([each.ravel() for each in slopes]) + self.penalty * theta
            mean, square = 0.9 * mean + 0.1 * slope, 0.999 * square + 0.001 * slope**2
            scale = np.sqrt(square / (1 - 0.999**step)) + 1e-8
            theta = theta - _LEARNING_RATE * mean / (1 - 0.9**step) / scale
            w, v, bias = _split(theta, w.shape, v.shape)
        return w @ v, bias


def _split(theta: Floats, w: tuple[int, ...], v: tuple[int, ...]) -> tuple[Floats, Floats, Floats]:
    """Return W of shape w, the vectors of shape v and b."""
    first, second = w[0] * w[1], w[0] * w[1] + v[0] * v[1]
    return theta[:first].reshape(w), theta[first:second].reshape(v), theta[second:]


@dataclass(frozen=True, eq=False)
class FittedMatrixFactorization:
    """The factors, multiplied out: weights of shape (D, m) and biases of shape (m,)."""

    candidates: tuple[str, ...]
    weight: Floats
    bias: Floats
    cost_weight: Floats
    cost_bias: Floats

    def predict(self, embeddings: Floats) -> Prediction:
        """Multiply the embeddings by the weights."""
        quality = _sigmoid(embeddings @ self.weight + self.bias)
        log_usd = embeddings @ self.cost_weight + self.cost_bias
        return Prediction(self.candidates, quality, np.exp(log_usd))


def _sigmoid(x: Floats) -> Floats:
    return 1 / (1 + np.exp(-x))
