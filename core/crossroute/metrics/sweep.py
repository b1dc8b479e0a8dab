"""Sweep: choices of a router at every willingness to pay, with their observed quality and cost."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

import numpy as np
import numpy.typing as npt

from crossroute.data.outcomes import Outcomes
from crossroute.metrics.scores import choices, known_outcomes
from crossroute.model.prediction import Prediction
from crossroute.numeric import Floats
from crossroute.reward import Reward


@dataclass(frozen=True, eq=False)
class Sweep:
    """A router's predictions, choices and their outcomes, over p values of the willingness to pay.

    Attributes:
        predicted_quality: Shape (n, m), in the order of the outcomes' pool.
        predicted_cost: Shape (n, m), USD for one call.
        chosen: Column of the candidate chosen, shape (n, p).
        quality: Observed quality of the choices, shape (n, p).
        cost: Observed cost of the choices, shape (n, p), USD for one call.
    """

    predicted_quality: Floats
    predicted_cost: Floats
    chosen: npt.NDArray[np.intp]
    quality: Floats
    cost: Floats

    @classmethod
    def of(
        cls,
        prediction: Prediction,
        outcomes: Outcomes,
        willingness_to_pay: Floats,
        reward: Reward = "exponential",
    ) -> Sweep:
        """Choose for every query, among the candidates with a known outcome.

        Args:
            prediction: For the queries of `outcomes`, in their order; candidates in any order.
            outcomes: Observed outcomes; queries without a known one are left out.
            willingness_to_pay: USD, shape (p,).
            reward: The reward that the router maximizes.

        Raises:
            ValueError: The prediction is of other candidates or another number of queries, or not finite.
        """
        known = known_outcomes(outcomes.quality, outcomes.cost)
        rows = known.any(axis=1)
        quality, cost = (values[rows] for values in reorder(prediction, outcomes))
        chosen = choices(quality, cost, known[rows], willingness_to_pay, reward)
        observed = (outcomes.quality[rows], outcomes.cost[rows])
        return cls(
            quality, cost, chosen, *(np.take_along_axis(values, chosen, axis=1) for values in observed)
        )

    def take(self, rows: npt.NDArray[np.bool_]) -> Sweep:
        """Return a subset of the queries."""
        return replace(self, **{field.name: getattr(self, field.name)[rows] for field in fields(self)})

    def points(self, weights: Floats | None = None) -> Floats:
        """Return the mean cost and quality at every willingness to pay, shape (..., p, 2).

        Args:
            weights: Weights of the queries, shape (..., n), summing to 1; equal by default.
        """
        if weights is None:
            return np.stack([self.cost.mean(axis=0), self.quality.mean(axis=0)], axis=-1)
        return np.stack([weights @ self.cost, weights @ self.quality], axis=-1)

    def shares(self) -> Floats:
        """Return each candidate's share of the queries, averaged over the sweep, shape (m,)."""
        return np.bincount(self.chosen.ravel(), minlength=self.predicted_cost.shape[1]) / self.chosen.size


def reorder(prediction: Prediction, outcomes: Outcomes) -> tuple[Floats, Floats]:
    """Return the predicted quality and cost with columns in the order of the outcomes' pool."""
    names = outcomes.pool.names
    if sorted(prediction.candidates) != sorted(names):
        raise ValueError(
            f"Predictions are of the candidates {prediction.candidates}, outcomes of {names}. "
            "Select the same candidates with `outcomes.select(prediction.candidates)` before predicting."
        )
    for array in (prediction.quality, prediction.cost):
        if array.shape != outcomes.quality.shape:
            raise ValueError(
                f"Predictions have shape {array.shape}, expected {outcomes.quality.shape}: "
                "one row per query and one column per candidate."
            )
    columns = [prediction.candidates.index(name) for name in names]
    return prediction.quality[:, columns], prediction.cost[:, columns]
