"""Forests over queries: the one in the ensemble (model/ensemble.py), and those for soft targets of the network.

An observed quality is one sample, mostly 0 or 1; the out-of-bag prediction of a forest is much less noisy, and exists
also for missing outcomes. With a mixture of both as its target, the network does not fit the noise.

Source: extremely randomized trees, Geurts, Ernst, Wehenkel, Machine Learning 63, 2006; soft targets, Hinton, Vinyals,
Dean, "Distilling the Knowledge in a Neural Network", arXiv 1503.02531. Deviations of the forest in the ensemble:
each tree gets a bootstrap sample of the queries, so that the others are out of bag; imputed outcomes are used for the
splits only.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from crossroute.numeric import Floats, sum_by
from crossroute.training.config import TrainingConfig

DEPTH = 12
LEAST_LEAF = 8
TEACHERS = 150
"""Trees of the forest for soft targets."""

FEATURES = 0.35
"""Share of the features considered for a split."""

Places = npt.NDArray[np.integer]


class Tree(NamedTuple):
    """One tree's v nodes, where a leaf is its own child, and the leaf of each query."""

    feature: Places  # (v,)
    threshold: Floats  # (v,)
    children: Places  # (v, 2)
    value: Floats  # (v, m)
    depth: int
    leaf: Places  # (n,)


class Forest(NamedTuple):
    """The nodes of all trees, concatenated, and the out-of-bag predictions for the training queries."""

    feature: Places
    threshold: Floats
    children: Places
    root: Places  # (trees,)
    value: Floats
    depth: int
    unseen: Floats  # (n, m)


def grow_forest(x: Floats, quality: Floats, config: TrainingConfig) -> Forest:
    """Grow trees for all candidates together, each on a bootstrap sample of the queries.

    A split reduces the variance of all candidates' qualities, so that the queries in a leaf are similar for all of
    them.

    Args:
        x: Principal components and surface features, shape (n, p).
        quality: Observed quality, shape (n, m), NaN where unknown.
        config: Number of trees and leaves, and the seed of samples and splits.
    """
    generator, n = np.random.default_rng(config.seed), len(x)
    least = max(LEAST_LEAF, n // config.leaves)
    x, targets = x.astype(np.float32), fill_unknown(quality)
    total, votes, trees = np.zeros(quality.shape), np.zeros((n, 1)), []
    for _ in range(config.trees):
        drawn = np.bincount(generator.integers(0, n, n), minlength=n)
        seed = int(generator.integers(2**31))
        tree = grow_tree(x, targets, quality, drawn, least=least, seed=seed)
        outside = drawn == 0
        total[outside] += tree.value[tree.leaf[outside]]
        votes[outside] += 1
        trees.append(tree)
    mean = np.nanmean(quality, axis=0)
    return join_trees(trees, np.where(votes > 0, total / np.maximum(votes, 1), mean))


def grow_tree(x: Floats, targets: Floats, quality: Floats, drawn: Places, *, least: int, seed: int) -> Tree:
    """Grow one tree. A leaf's value is the mean of known outcomes, with the candidate's mean added as one outcome.

    Args:
        x: Features, shape (n, p), in single precision.
        targets: Targets of the splits, shape (n, m).
        quality: Observed quality, shape (n, m), NaN where unknown.
        drawn: How often each query was drawn, shape (n,).
        seed: Seed of the splits.
        least: Least queries in a leaf.
    """
    from sklearn.tree import ExtraTreeRegressor

    inside = np.flatnonzero(drawn)
    grown = ExtraTreeRegressor(
        max_depth=DEPTH,
        min_samples_leaf=least,
        max_features=FEATURES,
        random_state=seed,
    ).fit(x[inside], targets[inside], sample_weight=drawn[inside].astype(float))
    nodes, leaf = grown.tree_.node_count, grown.apply(x)
    known, weight = ~np.isnan(quality[inside]), drawn[inside, None]
    right = sum_by(leaf[inside], np.nan_to_num(quality[inside]) * weight, nodes)
    seen = sum_by(leaf[inside], known * weight, nodes)
    children = np.stack([grown.tree_.children_left, grown.tree_.children_right], axis=1)
    return Tree(
        feature=np.maximum(grown.tree_.feature, 0),
        threshold=grown.tree_.threshold,
        children=np.where(children < 0, np.arange(nodes)[:, None], children),
        value=(right + np.nanmean(quality, axis=0)) / (seen + 1),
        depth=grown.tree_.max_depth,
        leaf=leaf,
    )


def join_trees(trees: Sequence[Tree], unseen: Floats) -> Forest:
    """Concatenate trees to one forest, with nodes numbered across all trees."""
    nodes = np.cumsum([0, *(len(tree.feature) for tree in trees)])
    children = [tree.children + first for tree, first in zip(trees, nodes, strict=False)]
    return Forest(
        np.concatenate([tree.feature for tree in trees]).astype(np.int16),
        np.concatenate([tree.threshold for tree in trees]).astype(np.float32),
        np.concatenate(children).astype(np.int32),
        nodes[:-1].astype(np.int32),
        np.concatenate([tree.value for tree in trees]),
        max(tree.depth for tree in trees),
        unseen,
    )


def fill_unknown(quality: Floats) -> Floats:
    """Impute unknown qualities, shape (n, m): the candidate's mean plus the query's mean deviation.

    >>> fill_unknown(np.array([[1.0, 0.5], [0.0, np.nan]]))
    array([[1. , 0.5],
           [0. , 0. ]])
    """
    known, mean = ~np.isnan(quality), np.nanmean(quality, axis=0)
    deviation = np.where(known, quality - mean, 0).sum(axis=1) / np.maximum(known.sum(axis=1), 1)
    return np.where(known, quality, mean + deviation[:, None])


def soft_targets(x: Floats, quality: Floats, weight: float, seed: int) -> Floats:
    """Mix observed quality with a forest's out-of-bag predictions.

    Args:
        x: Projected training queries, shape (n, p).
        quality: Observed quality, shape (n, m), NaN where unknown.
        weight: Weight of the forest where the quality is known, in [0, 1].
        seed: Seed of the forest.

    Returns:
        (1 - weight) * observed + weight * predicted, or the one that is known, shape (n, m); NaN where neither is.
    """
    expected = predict_out_of_bag(x, quality, seed)
    mixed = (1 - weight) * quality + weight * expected
    return np.where(np.isnan(quality), expected, np.where(np.isnan(expected), quality, mixed))


def predict_out_of_bag(x: Floats, quality: Floats, seed: int) -> Floats:
    """Return out-of-bag predictions where the quality is known, and ordinary ones elsewhere, shape (n, m).

    NaN for candidates with fewer known outcomes than a leaf needs.
    """
    from sklearn.ensemble import ExtraTreesRegressor

    together = defaultdict(list)  # candidates with outcomes on the same queries share a forest
    known = ~np.isnan(quality)
    for column in range(quality.shape[1]):
        together[known[:, column].tobytes()].append(column)
    expected = np.full_like(quality, np.nan)
    for columns in together.values():
        rows = np.flatnonzero(known[:, columns[0]])
        if len(rows) < LEAST_LEAF:
            continue
        cells = np.ix_(rows, np.array(columns))
        targets = quality[cells]
        forest = ExtraTreesRegressor(
            TEACHERS,
            min_samples_leaf=LEAST_LEAF,
            max_features=FEATURES,
            bootstrap=True,
            oob_score=True,
            random_state=seed,
        ).fit(x[rows], targets if len(columns) > 1 else targets[:, 0])
        expected[:, columns] = forest.predict(x).reshape(len(x), -1)
        expected[cells] = forest.oob_prediction_.reshape(len(rows), -1)
    return expected
