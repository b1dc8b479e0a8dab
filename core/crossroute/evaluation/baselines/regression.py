"""Per-candidate regressions of quality and of log cost."""

from __future__ import annotations

import warnings
from copy import deepcopy
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from sklearn.dummy import DummyRegressor
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsRegressor

from crossroute.data.outcomes import Outcomes
from crossroute.evaluation.baselines.blind import candidate_means, log_cost
from crossroute.model.prediction import Prediction
from crossroute.numeric import Floats

FEWEST = 20
"""Least number of outcomes of a candidate to fit a learner; with fewer, its mean is predicted."""


class Learner(Protocol):
    """A scikit-learn regressor."""

    def fit(self, x: Floats, y: Floats, /) -> Any:
        """Learn y, shape (n,), from x, shape (n, D)."""
        ...

    def predict(self, x: Floats, /) -> Floats:
        """Return the expected y, shape (n,)."""
        ...


@dataclass(frozen=True)
class PerCandidate:
    """Fit each candidate separately, on the queries with a known outcome.

    Attributes:
        quality: Learns quality; its predictions are clipped to [0, 1].
        cost: Learns the natural logarithm of the cost in USD.
    """

    quality: Learner
    cost: Learner

    def fit(self, embeddings: Floats, outcomes: Outcomes) -> FittedPerCandidate:
        """Fit a copy of each learner for each candidate.

        Args:
            embeddings: Shape (n, D).
            outcomes: Of the n queries.

        Raises:
            ValueError: The numbers of rows differ.
            DataError: A candidate has no known quality or cost.
        """
        if len(embeddings) != len(outcomes):
            raise ValueError(f"Got {len(embeddings)} rows of embeddings for {len(outcomes)} queries.")
        candidate_means(outcomes)  # raises for a candidate without a known quality or cost
        return FittedPerCandidate(
            outcomes.pool.names,
            tuple(_fit(self.quality, embeddings, column) for column in outcomes.quality.T),
            tuple(_fit(self.cost, embeddings, column) for column in log_cost(outcomes.cost).T),
        )


@dataclass(frozen=True, eq=False)
class FittedPerCandidate:
    """The fitted learners, in the order of the candidates."""

    candidates: tuple[str, ...]
    quality: tuple[Learner, ...]
    log_cost: tuple[Learner, ...]

    def predict(self, embeddings: Floats) -> Prediction:
        """Predict with each candidate's learners, for embeddings of shape (n, D)."""
        quality = np.stack([learner.predict(embeddings) for learner in self.quality], axis=1)
        log_cost = np.stack([learner.predict(embeddings) for learner in self.log_cost], axis=1)
        return Prediction(self.candidates, np.clip(quality, 0, 1), np.exp(log_cost))


def _fit(learner: Learner, embeddings: Floats, values: Floats) -> Learner:
    known = ~np.isnan(values)
    fitted = deepcopy(learner) if known.sum() >= FEWEST else DummyRegressor()
    # the number of iterations is a parameter of the baseline; RouterBench's do not converge either
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        fitted.fit(embeddings[known], values[known])
    return fitted


@dataclass
class Neighbours:
    """k-nearest-neighbour regression by cosine; the mean of all queries if there are fewer than k."""

    k: int

    def fit(self, x: Floats, y: Floats, /) -> Neighbours:
        """Remember x and y."""
        self._learner = KNeighborsRegressor(min(self.k, len(x)), metric="cosine").fit(x, y)
        return self

    def predict(self, x: Floats, /) -> Floats:
        """Average the neighbours' y."""
        mean: Floats = self._learner.predict(x)
        return mean


@dataclass
class SoftLogistic:
    """Logistic regression on targets in [0, 1], by cross-entropy; equal to scikit-learn's for targets 0 and 1.

    Attributes:
        c: Inverse strength of the L2 penalty, as scikit-learn's C.
    """

    c: float = 1.0

    def fit(self, x: Floats, y: Floats, /) -> SoftLogistic:
        """Fit each query as a success with weight y and a failure with weight 1 - y; a constant if all y are equal."""
        self._constant = float(y[0]) if np.ptp(y) == 0 and y[0] in (0, 1) else None
        if self._constant is None:
            success, weight = np.repeat([True, False], len(y)), np.concatenate([y, 1 - y])
            halves, counts = np.concatenate([x, x]), weight > 0
            self._learner = LogisticRegression(C=self.c, max_iter=500).fit(
                halves[counts], success[counts], weight[counts]
            )
        return self

    def predict(self, x: Floats, /) -> Floats:
        """Return the probability of success."""
        if self._constant is not None:
            return np.full(len(x), self._constant)
        probability: Floats = self._learner.predict_proba(x)[:, 1]
        return probability
