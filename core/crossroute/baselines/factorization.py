"""Matrix factorization: a query and a candidate meet in a space of few dimensions."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from crossroute.baselines.blind import candidate_means, log_cost
from crossroute.outcomes import Outcomes
from crossroute.prediction import Prediction
from crossroute.reward import Floats

_LEARNING_RATE = 0.01


@dataclass(frozen=True)
class MatrixFactorization:
    """Predict sigmoid((x W) v + b): an embedding x projected to rank r meets a candidate's vector v.

    Source: EmbedLLM, arXiv 2410.02223, section 3: the query's embedding is projected, the candidate's is
    learned from its outcomes. The same form, without the sigmoid, predicts the standardized log cost.

    Attributes:
        rank: Dimensions in which both meet.
        penalty: L2 penalty of all parameters, as Adam's weight decay.
        steps: Full-batch steps of Adam.
        seed: Of the first values.
    """

    rank: int = 8
    penalty: float = 1e-3
    steps: int = 150
    seed: int = 0

    def fit(self, embeddings: Floats, outcomes: Outcomes) -> FittedMatrixFactorization:
        """Learn quality by cross-entropy and log cost by least squares, where they are known."""
        mean_quality, _ = candidate_means(outcomes)
        log_usd = log_cost(outcomes.cost)
        center, spread = np.nanmean(log_usd, axis=0), float(np.nanstd(log_usd)) or 1.0
        bounded = np.clip(mean_quality, 0.01, 0.99)
        weight, bias = self._factorize(
            embeddings, outcomes.quality, np.log(bounded / (1 - bounded)), "quality"
        )
        cost_weight, cost_bias = self._factorize(embeddings, (log_usd - center) / spread, 0 * center, "cost")
        return FittedMatrixFactorization(
            outcomes.pool.names, weight, bias, cost_weight * spread, cost_bias * spread + center
        )

    def _factorize(self, x: Floats, values: Floats, bias: Floats, measure: str) -> tuple[Floats, Floats]:
        """Return the product W v of every candidate, shape (D, m), and b, shape (m,)."""
        import torch  # noqa: PLC0415 - seconds to import, and needed only here
        from torch.nn.functional import binary_cross_entropy_with_logits, mse_loss  # noqa: PLC0415

        loss = binary_cross_entropy_with_logits if measure == "quality" else mse_loss
        random = np.random.default_rng(self.seed)
        shapes = {"w": (x.shape[1], self.rank), "v": (self.rank, values.shape[1])}
        first = {name: random.normal(size=shape) / np.sqrt(shape[0]) for name, shape in shapes.items()}
        w, v, b = (
            torch.tensor(start, dtype=torch.float32, requires_grad=True)
            for start in (first["w"] * 0.1, first["v"], bias)
        )
        rows, columns = np.nonzero(~np.isnan(values))
        inputs = torch.tensor(x, dtype=torch.float32)
        target = torch.tensor(values[rows, columns], dtype=torch.float32)
        adam = torch.optim.Adam([w, v, b], lr=_LEARNING_RATE, weight_decay=self.penalty)
        for _ in range(self.steps):
            adam.zero_grad()
            loss((inputs @ w @ v + b)[rows, columns], target).backward()
            adam.step()
        return (w @ v).detach().double().numpy(), b.detach().double().numpy()


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
        quality = 1 / (1 + np.exp(-(embeddings @ self.weight + self.bias)))
        log_usd = embeddings @ self.cost_weight + self.cost_bias
        return Prediction(self.candidates, quality, np.exp(log_usd))
