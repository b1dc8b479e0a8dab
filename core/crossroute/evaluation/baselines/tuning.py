"""Protocols of learned baselines, and the tuning of their parameters."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from crossroute.data.outcomes import Outcomes
from crossroute.metrics.scores import aiq, cost_range, sweep_for
from crossroute.metrics.sweep import Sweep
from crossroute.model.prediction import Prediction
from crossroute.numeric import Floats
from crossroute.reward import Reward


class FittedBaseline(Protocol):
    """A fitted baseline."""

    def predict(self, embeddings: Floats) -> Prediction:
        """Predict the quality and cost of every candidate.

        Args:
            embeddings: Shape (n, D).
        """
        ...


class Baseline(Protocol):
    """A baseline with its parameters; `fit` does not change it."""

    def fit(self, embeddings: Floats, outcomes: Outcomes) -> FittedBaseline:
        """Fit to outcomes; an unknown one (NaN) is left out for its candidate.

        Args:
            embeddings: Features of the queries, shape (n, D), finite.
            outcomes: Of the same n queries.
        """
        ...


def tune(
    family: Sequence[Baseline],
    train_embeddings: Floats,
    train: Outcomes,
    validation_embeddings: Floats,
    validation: Outcomes,
    *,
    reward: Reward = "exponential",
) -> tuple[Baseline, FittedBaseline]:
    """Return the baseline of a family with the highest AIQ on validation, and the baseline fitted to train.

    Args:
        family: Baselines to choose from; the first of equals wins.
        train_embeddings: Shape (n, D).
        train: Outcomes of the n queries.
        validation_embeddings: Shape (v, D).
        validation: Outcomes of the v queries, of the same candidates.
        reward: "exponential" or "linear".
    """
    if not family:
        raise ValueError("A family needs at least one baseline.")
    fitted = [baseline.fit(train_embeddings, train) for baseline in family]
    scores = [_aiq(each.predict(validation_embeddings), validation, reward) for each in fitted]
    winner = scores.index(max(scores))
    return family[winner], fitted[winner]


def _aiq(prediction: Prediction, outcomes: Outcomes, reward: Reward) -> float:
    low, high = cost_range(outcomes.quality, outcomes.cost)
    sweep = Sweep.of(prediction, outcomes, sweep_for(outcomes.cost), reward)
    return aiq(sweep.points(), low, high)
