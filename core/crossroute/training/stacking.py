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
import numpy.typing as npt

from crossroute.data.outcomes import Outcomes
from crossroute.model.ensemble import HELD, LEVELS, Ensemble
from crossroute.model.profiles import pool_profiles
from crossroute.numeric import Floats, logit, sigmoid
from crossroute.routing.predictor import Predictor
from crossroute.training.run import Prepared

LEAST_QUERIES = 100
"""Training queries without which a network stands alone."""

PENALTY = 10.0
"""Of the ridge, for embeddings of unit length."""

TREES = 64
DEPTH = 12
LEAST_LEAF = 8
MOST_LEAVES = 512
"""Of a tree, about: of many queries the leaves hold more."""

FEATURES = 0.35
"""Share of the inputs that a split may look at."""

STACK_PENALTY = 1.0
"""On the members' weights and intercepts, which all queries tell."""

HALF_PENALTY = 20.0
"""The same, times the number of candidates, of network and members, which few queries tell."""

STEPS, CLOSE = 30, 1e-6


class Grown(NamedTuple):
    """A forest as arrays, and what it says of its own queries outside each tree's draw."""

    feature: npt.NDArray[np.integer]
    threshold: Floats
    children: npt.NDArray[np.integer]
    root: npt.NDArray[np.integer]
    value: Floats
    depth: int
    unseen: Floats  # (n, m)


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


def fit_ensemble(predictor: Predictor, train: Prepared, validation: Prepared, seed: int) -> Stacked | None:
    """Return the members beside a trained network, or None where the queries are too few.

    Args:
        predictor: The network, which learned from `train`, and the pool.
        train: The train split.
        validation: The validation split.
        seed: Of the forest.
    """
    outcomes = Outcomes.concatenate([train.outcomes, validation.outcomes])
    quality = outcomes.quality
    if len(quality) < LEAST_QUERIES:
        return None
    encoded = np.concatenate([train.encoded.numpy(), validation.encoded.numpy()])
    x = predictor.network.project(encoded)
    ridge, ridge_bias, straight = fit_ridge(encoded, quality)
    forest = grow_forest(x, quality, seed)
    logits = logit(np.stack([straight, forest.unseen]), HELD)  # (members, n, m)
    stacked = weigh(logits, quality, np.full(len(logits), 1 / len(logits)), STACK_PENALTY)
    network = logit(predictor.with_doubt(None).foresee_encoded(validation.queries).quality, 1e-3)
    beside = np.stack([network, stacked(logits)[len(train.encoded) :]])
    halves = weigh(beside, validation.outcomes.quality, np.full(2, 0.5), HALF_PENALTY * quality.shape[1])
    own, share = halves.weights
    clusters = predictor.network.config.clusters
    ensemble = Ensemble(
        {
            "profiles": pool_profiles(predictor.pool, clusters).quality,
            "ridge": ridge.astype(np.float32),
            "ridge_bias": ridge_bias.astype(np.float32),
            "feature": forest.feature,
            "threshold": forest.threshold,
            "children": forest.children,
            "root": forest.root,
            "value": np.rint(forest.value * LEVELS).astype(np.uint8),
            "depth": np.array([forest.depth], dtype=np.int32),
            "own": np.array([own], dtype=np.float32),
            "weights": (share * stacked.weights).astype(np.float32),
            "intercept": (share * stacked.intercept + halves.intercept).astype(np.float32),
        }
    )
    return Stacked(ensemble, sigmoid(halves(beside)))


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


def grow_forest(x: Floats, quality: Floats, seed: int) -> Grown:
    """Grow trees over all candidates together, each on a draw of the queries.

    A split asks in which parts the candidates differ as little as may be, so that a leaf is a kind of query. What is
    not known counts, for the splits alone, as the candidate's mean and what is special about the query; a leaf's value
    is the mean of what is known there, with one outcome's worth of the candidate's mean.

    Args:
        x: Principal components and surface features, shape (n, p).
        quality: Shape (n, m), NaN where not known.
        seed: Of draws and splits.
    """
    from sklearn.tree import ExtraTreeRegressor

    generator, n = np.random.default_rng(seed), len(x)
    x, known = x.astype(np.float32), ~np.isnan(quality)
    mean, outcomes = np.nanmean(quality, axis=0), np.where(known, quality, 0)
    special = np.where(known, quality - mean, 0).sum(axis=1) / np.maximum(known.sum(axis=1), 1)
    targets = np.where(known, quality, mean + special[:, None])
    least = max(LEAST_LEAF, n // MOST_LEAVES)
    parts, nodes, depth = [], 0, 0
    total, votes = np.zeros(quality.shape), np.zeros(n)
    for _ in range(TREES):
        drawn = np.bincount(generator.integers(0, n, n), minlength=n)
        inside, outside = np.flatnonzero(drawn), np.flatnonzero(drawn == 0)
        grown = ExtraTreeRegressor(
            max_depth=DEPTH,
            min_samples_leaf=least,
            max_features=FEATURES,
            random_state=int(generator.integers(2**31)),
        ).fit(x[inside], targets[inside], sample_weight=drawn[inside].astype(float))
        leaf, tree = grown.apply(x), grown.tree_
        weight = drawn[inside, None]
        right, seen = np.zeros((tree.node_count, len(mean))), np.zeros((tree.node_count, len(mean)))
        np.add.at(right, leaf[inside], outcomes[inside] * weight)
        np.add.at(seen, leaf[inside], known[inside] * weight)
        value = (right + mean) / (seen + 1)
        total[outside] += value[leaf[outside]]
        votes[outside] += 1
        itself = np.arange(tree.node_count)
        children = np.stack([tree.children_left, tree.children_right], axis=1)
        children = np.where(children < 0, itself[:, None], children) + nodes
        parts.append((np.maximum(tree.feature, 0), tree.threshold, children, nodes, value))
        nodes, depth = nodes + tree.node_count, max(depth, tree.max_depth)
    feature, threshold, children, root, value = zip(*parts, strict=True)
    unseen = np.where(votes[:, None] > 0, total / np.maximum(votes, 1)[:, None], mean)
    return Grown(
        np.concatenate(feature).astype(np.int16),
        np.concatenate(threshold).astype(np.float32),
        np.concatenate(children).astype(np.int32),
        np.array(root, dtype=np.int32),
        np.concatenate(value),
        depth,
        unseen,
    )


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
