"""What live traffic taught of a pool: predictions moved, candidate by candidate.

    logit(quality) = quality_slope[a] logit(quality) + quality[a]
    log tokens    += clusters(x) @ log_tokens[a]

A router learned the interaction of candidates and queries from thousands of outcomes. A few hundred grades suffice only
for an offset per candidate, and a slope for its predictions. Lengths of answers are observed on every call,
and so are corrected by cluster. Fitted by traffic/learning.py.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from crossroute.candidate import Pool
from crossroute.model.effects import LEAST_CHANCE
from crossroute.numeric import Floats, logit, sigmoid, typical_weights

NO_LESSON = 1e9
"""The error of what nothing was taught of."""


NOISE = 0.7
"""Standard deviation of the logarithm of a cost around what is predicted."""

LENGTH_SHARED, LENGTH_OWN, LENGTH_BY_CLUSTER = 0.3, 0.2, 0.7
"""Standard deviations, in logs, of how much longer answers are: all, a candidate's, those in a cluster."""

MOST_LENGTH = 3.0
"""Logs, from what is common to most calls, beyond which a surprise of a cost counts as this."""


class PoolLessons(NamedTuple):
    """Lessons of m candidates.

    Attributes:
        quality: In log-odds, shape (m,).
        quality_error: Standard error of it, shape (m,).
        quality_slope: What log-odds are multiplied by before, shape (m,).
        log_tokens: By cluster, shape (m, k).
    """

    quality: Floats
    quality_error: Floats
    quality_slope: Floats
    log_tokens: Floats

    def on_quality(self, quality: Floats) -> Floats:
        """Return predicted quality as it is moved, shape (n, m), in [0, 1]."""
        moved = sigmoid(self.quality_slope * logit(quality, LEAST_CHANCE) + self.quality)
        return np.where((self.quality == 0) & (self.quality_slope == 1), quality, moved)

    def with_error(self, error: Floats, quality: Floats) -> Floats:
        """Return the standard error of moved quality, shape (n, m): no more than before the lesson."""
        return np.minimum(error, quality * (1 - quality) * self.quality_error)


def pool_lessons(pool: Pool, clusters: int) -> PoolLessons | None:
    """Return the lessons of a pool as arrays; None if no candidate has one."""
    told = [candidate.profile.lesson if candidate.profile else None for candidate in pool]
    if not any(told):
        return None
    none = np.zeros(clusters)
    return PoolLessons(
        np.array([lesson.quality if lesson else 0.0 for lesson in told]),
        np.array([lesson.quality_error if lesson else NO_LESSON for lesson in told]),
        np.array([lesson.quality_slope if lesson else 1.0 for lesson in told]),
        np.array([lesson.log_tokens if lesson else none for lesson in told]),
    )


def fit_lengths(
    cost: Floats,
    predicted: Floats,
    columns: npt.NDArray[np.intp],
    clusters: Floats,
    *,
    candidates: int,
    weight: Floats,
) -> Floats:
    """Fit corrections of each candidate's log tokens by cluster, shape (m, k), to the costs of n calls.

    A ridge regression of the logarithm of cost / predicted cost; the mean cost of typical calls is then met as a whole.
    Costs that are off by the same factor in most calls, however large, are learnt; those of a few calls are bounded.

    Args:
        cost: USD that each call took, above 0, shape (n,).
        predicted: USD that was predicted, likewise.
        columns: The candidate of each, shape (n,).
        clusters: How much of each cluster is in its query, shape (n, k).
        candidates: m.
        weight: How much each counts, shape (n,).
    """
    k, calls = clusters.shape[1], weight.sum()
    if not len(cost):
        return np.zeros((candidates, k))
    told = calls / (calls + (NOISE / LENGTH_SHARED) ** 2)
    surprise = np.log(cost / predicted)
    common = told * _median(surprise, weight)
    target = common + (surprise - common).clip(-MOST_LENGTH, MOST_LENGTH)
    features = np.hstack([np.ones((len(target), 1)), np.eye(candidates)[columns], clusters])  # (n, 1 + m + k)
    spreads = np.r_[LENGTH_SHARED, np.full(candidates, LENGTH_OWN), np.full(k, LENGTH_BY_CLUSTER)]
    weighted = features * weight[:, None]
    found = np.linalg.solve(weighted.T @ features + np.diag(NOISE**2 / spreads**2), weighted.T @ target)
    length = found[0] + found[1 : candidates + 1, None] + found[None, candidates + 1 :]  # (m, k)
    usual = weight * typical_weights(predicted) * predicted
    missed = np.log((usual * np.exp(target)).sum() / (usual * np.exp(features @ found)).sum())
    return np.asarray(length + missed * told)


def _median(values: Floats, weight: Floats) -> float:
    """Return the value up to which half of the weight lies."""
    order = values.argsort()
    return float(values[order[weight[order].cumsum().searchsorted(weight.sum() / 2)]])
