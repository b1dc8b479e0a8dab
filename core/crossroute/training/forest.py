"""Grow the forest that stands beside the network (model/ensemble.py), as arrays.

Source: extremely randomized trees, Geurts, Ernst, Wehenkel, Machine Learning 63, 2006. Deviations: each tree sees a
draw of the queries, so that the others tell what it is worth, and what is not known counts for the splits alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from crossroute.numeric import Floats, sum_by
from crossroute.training.config import TrainingConfig

DEPTH = 12
LEAST_LEAF = 8

FEATURES = 0.35
"""Share of the inputs that a split may look at."""

Places = npt.NDArray[np.integer]


class Tree(NamedTuple):
    """One tree's v nodes, a leaf its own child, and where the queries end, shape (n,)."""

    feature: Places  # (v,)
    threshold: Floats  # (v,)
    children: Places  # (v, 2)
    value: Floats  # (v, m)
    depth: int
    leaf: Places  # (n,)


class Forest(NamedTuple):
    """All trees' nodes, one after the other, and what is said of each query by the trees that did not draw it."""

    feature: Places
    threshold: Floats
    children: Places
    root: Places  # (trees,)
    value: Floats
    depth: int
    unseen: Floats  # (n, m)


def grow_forest(x: Floats, quality: Floats, config: TrainingConfig) -> Forest:
    """Grow trees over all candidates together, each on a draw of the queries.

    A split asks in which parts the candidates differ as little as may be, so that a leaf is a kind of query.

    Args:
        x: Principal components and surface features, shape (n, p).
        quality: Shape (n, m), NaN where not known.
        config: How many trees and leaves, and the seed of draws and splits.
    """
    generator, n = np.random.default_rng(config.seed), len(x)
    least = max(LEAST_LEAF, n // config.leaves)
    x, targets = x.astype(np.float32), filled(quality)
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
    return joined(trees, np.where(votes > 0, total / np.maximum(votes, 1), mean))


def grow_tree(x: Floats, targets: Floats, quality: Floats, drawn: Places, *, least: int, seed: int) -> Tree:
    """Grow one tree. A leaf's value is the mean of what is known there and one outcome's worth of the candidate's mean.

    Args:
        x: Shape (n, p), in single precision.
        targets: What the splits tell apart, shape (n, m).
        quality: Shape (n, m), NaN where not known.
        drawn: How often each query counts, shape (n,).
        seed: Of the splits.
        least: Queries of a leaf.
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


def joined(trees: Sequence[Tree], unseen: Floats) -> Forest:
    """Return trees as one forest, each node's number counted over all of them."""
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


def filled(quality: Floats) -> Floats:
    """Return qualities, what is not known as the candidate's mean and what is special about the query, shape (n, m).

    >>> filled(np.array([[1.0, 0.5], [0.0, np.nan]]))
    array([[1. , 0.5],
           [0. , 0. ]])
    """
    known, mean = ~np.isnan(quality), np.nanmean(quality, axis=0)
    special = np.where(known, quality - mean, 0).sum(axis=1) / np.maximum(known.sum(axis=1), 1)
    return np.where(known, quality, mean + special[:, None])
