"""Fit what stands beside the network (model/ensemble.py), and how much each counts.

The members learn from train and validation queries alike. What weighs them is what each says of queries that it has
not learned from: the ridge's residuals are corrected for the query's own part in closed form, and each tree is asked of
the queries outside its draw. One logistic regression for all candidates then gives each member
its weight. The network is weighed against the members on validation queries, which it has not learned from either;
these are few, so both weights are held close to a half.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from crossroute.model.effects import LEAST_CHANCE
from crossroute.model.ensemble import HELD, LEVELS, Ensemble
from crossroute.model.profiles import pool_profiles
from crossroute.numeric import Floats, logit, sigmoid
from crossroute.routing.predictor import Predictor
from crossroute.training.config import TrainingConfig
from crossroute.training.forest import grow_forest
from crossroute.training.run import Prepared

PENALTY = 10.0
"""Of the ridge, for embeddings of unit length."""

STACK_PENALTY = 1.0
"""On the members' weights and intercepts, which all queries tell."""

HALF_PENALTY = 20.0
"""The same, times the number of candidates, of network and members, which few queries tell."""

STEPS, CLOSE = 30, 1e-6


class Stacked(NamedTuple):
    """An ensemble, and what it and the network predict of validation queries without having learned from them."""

    ensemble: Ensemble
    unseen: Floats  # (v, m)


class Weighed(NamedTuple):
    """A logistic regression that all candidates share but for the intercept."""

    weights: Floats  # (members,)
    intercept: Floats  # (m,)

    def __call__(self, logits: Floats) -> Floats:
        """Return the log-odds, shape (n, m), by the members', shape (members, n, m)."""
        return np.asarray(np.tensordot(self.weights, logits, axes=1) + self.intercept)


def fit_ensemble(
    predictor: Predictor, train: Prepared, validation: Prepared, config: TrainingConfig
) -> Stacked | None:
    """Return the members beside a trained network, or None where the outcomes are too few.

    Args:
        predictor: The network, which learned from `train`, and the pool of m candidates.
        train: The train split.
        validation: The validation split, of v queries.
        config: Of the forest, and from how many outcomes on a candidate is the members', too.
    """
    quality = np.concatenate([train.outcomes.quality, validation.outcomes.quality])
    known = np.flatnonzero((~np.isnan(quality)).sum(axis=0) >= config.least_outcomes)  # c candidates
    if not len(known):
        return None
    quality = quality[:, known]
    encoded = np.concatenate([train.encoded.numpy(), validation.encoded.numpy()])
    ridge, ridge_bias, straight = fit_ridge(encoded, quality)
    forest = grow_forest(predictor.network.project(encoded), quality, config)
    logits = logit(np.stack([straight, forest.unseen]), HELD)  # (members, n, c)
    stacked = weigh(logits, quality, np.full(len(logits), 1 / len(logits)), STACK_PENALTY)
    unseen = predictor.with_doubt(None).foresee_encoded(validation.queries).quality  # (v, m)
    beside = np.stack([logit(unseen[:, known], LEAST_CHANCE), stacked(logits)[len(train.encoded) :]])
    observed = validation.outcomes.quality[:, known]
    halves = weigh(beside, observed, np.full(2, 0.5), HALF_PENALTY * len(known))
    unseen[:, known] = sigmoid(halves(beside))
    own, share = halves.weights
    told = {
        "profiles": pool_profiles(predictor.pool, predictor.network.config.clusters).quality[known],
        "ridge": ridge,
        "ridge_bias": ridge_bias,
        "threshold": forest.threshold,
        "own": np.array([own]),
        "weights": share * stacked.weights,
        "intercept": share * stacked.intercept + halves.intercept,
    }
    places = {name: getattr(forest, name) for name in ("feature", "children", "root")}
    value = np.rint(forest.value * LEVELS).astype(np.uint8)
    tensors = {name: values.astype(np.float32) for name, values in told.items()} | places
    depth = np.array([forest.depth], dtype=np.int32)
    return Stacked(Ensemble(tensors | {"value": value, "depth": depth}), unseen)


def fit_ridge(encoded: Floats, quality: Floats) -> tuple[Floats, Floats, Floats]:
    """Fit one ridge regression a candidate, on the queries of which its quality is known.

    Args:
        encoded: Shape (n, D).
        quality: Shape (n, m), NaN where not known.

    Returns:
        Weights, shape (D, m), biases, shape (m,), and what each predicts of its queries had it not seen them, (n, m).

    Source: the leave-one-out residual of a linear smoother, residual / (1 - leverage): Cook and Weisberg, 1982.
    """
    x, known = encoded.astype(float), ~np.isnan(quality)
    weights, biases = np.empty((x.shape[1], quality.shape[1])), np.empty(quality.shape[1])
    unseen = np.empty(quality.shape)
    patterns, pattern = np.unique(known, axis=1, return_inverse=True)
    for number, rows in enumerate(
        patterns.T
    ):  # candidates that the same queries are known of share a solution
        columns = np.flatnonzero(pattern.ravel() == number)
        centre, values = x[rows].mean(axis=0), quality[np.ix_(rows, columns)]
        beyond = x[rows] - centre
        inverse = np.linalg.inv(beyond.T @ beyond + PENALTY * np.eye(x.shape[1]))
        weights[:, columns] = inverse @ beyond.T @ (values - values.mean(axis=0))
        biases[columns] = values.mean(axis=0) - centre @ weights[:, columns]
        leverage = np.einsum("ij,jk,ik->i", beyond, inverse, beyond) + 1 / len(beyond)
        predicted = x @ weights[:, columns] + biases[columns]
        residual = (values - predicted[rows]) / np.maximum(1 - leverage, 1e-3)[:, None]
        predicted[rows] = values - residual
        unseen[:, columns] = predicted
    return weights, biases, unseen


def weigh(logits: Floats, quality: Floats, start: Floats, penalty: float) -> Weighed:
    """Fit one weight a member for all candidates, and one intercept a candidate, by Newton's method.

    Args:
        logits: What each member says of queries that it has not learned from, shape (members, n, m).
        quality: Observed, shape (n, m), in [0, 1], NaN where not known.
        start: Weights to which they are held, shape (members,).
        penalty: How closely, and how closely the intercepts to 0.
    """
    known, size, columns = ~np.isnan(quality), len(logits), quality.shape[1]
    origin = weights = np.concatenate([start, np.zeros(columns)])
    for _ in range(STEPS):
        expected = sigmoid(np.tensordot(weights[:size], logits, axes=1) + weights[size:])
        error = np.where(known, np.nan_to_num(quality) - expected, 0)
        curvature = np.where(known, expected * (1 - expected), 0)  # (n, m)
        slope = np.concatenate([np.einsum("enm,nm->e", logits, error), error.sum(axis=0)])
        of_members = np.einsum("enm,nm,fnm->ef", logits, curvature, logits)
        of_both = np.einsum("enm,nm->em", logits, curvature)
        hessian = np.block([[of_members, of_both], [of_both.T, np.diag(curvature.sum(axis=0))]])
        step = np.linalg.solve(hessian + penalty * np.eye(len(weights)), slope - penalty * (weights - origin))
        weights = weights + step
        if np.abs(step).max() < CLOSE:
            break
    return Weighed(weights[:size], weights[size:])
