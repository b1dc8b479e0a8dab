"""Corrections of a pool's predictions that were learned from live traffic, per candidate.

    logit(quality) = quality_slope[a] logit(quality) + quality[a]
    log tokens    += clusters(x) @ log_tokens[a]

A router learns the interaction of candidates and queries from thousands of outcomes. A few hundred grades suffice only
for an offset per candidate, and a slope for its predictions. Lengths of answers are observed on every call, and so are
corrected per cluster. Fitted by traffic/learning.py.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from crossroute.candidate import Pool
from crossroute.model.effects import LEAST_CHANCE
from crossroute.numeric import Floats, logit, sigmoid, typical_weights

NO_LESSON = 1e9
"""Standard error of a candidate without a lesson."""


NOISE = 0.7
"""Standard deviation of the log of a cost around the prediction."""

LENGTH_SHARED, LENGTH_OWN, LENGTH_BY_CLUSTER = 0.3, 0.2, 0.7
"""Prior standard deviations, in logs, of the length corrections of all answers, of a candidate's, of those in a
cluster."""

MOST_LENGTH = 3.0
"""Bound, in logs, on the deviation of a call's surprise from the common one."""


class PoolLessons(NamedTuple):
    """Lessons of m candidates.

    Attributes:
        quality: Offset in logits, shape (m,).
        quality_error: Its standard error, shape (m,).
        quality_slope: Factor that the logit is multiplied by first, shape (m,).
        log_tokens: Offset by cluster, shape (m, k).
    """

    quality: Floats
    quality_error: Floats
    quality_slope: Floats
    log_tokens: Floats

    def on_quality(self, quality: Floats) -> Floats:
        """Return the corrected quality, shape (n, m), in [0, 1]."""
        moved = sigmoid(self.quality_slope * logit(quality, LEAST_CHANCE) + self.quality)
        return np.where((self.quality == 0) & (self.quality_slope == 1), quality, moved)

    def with_error(self, error: Floats, quality: Floats) -> Floats:
        """Return the standard error of the corrected quality, shape (n, m): at most that before the lesson."""
        return np.minimum(error, quality * (1 - quality) * self.quality_error)


def pool_lessons(pool: Pool, clusters: int) -> PoolLessons | None:
    """Return the lessons of a pool as arrays; None if no candidate has one."""
    lessons = [candidate.profile.lesson if candidate.profile else None for candidate in pool]
    if not any(lessons):
        return None
    none = np.zeros(clusters)
    return PoolLessons(
        np.array([lesson.quality if lesson else 0.0 for lesson in lessons]),
        np.array([lesson.quality_error if lesson else NO_LESSON for lesson in lessons]),
        np.array([lesson.quality_slope if lesson else 1.0 for lesson in lessons]),
        np.array([lesson.log_tokens if lesson else none for lesson in lessons]),
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

    A ridge regression of log(cost / predicted cost), then shifted so that the mean cost of typical calls is right. A
    factor common to most calls is learned however large it is; deviations of single calls are bounded.

    Args:
        cost: USD paid for each call, above 0, shape (n,).
        predicted: USD predicted for each call, shape (n,).
        columns: The candidate of each call, shape (n,).
        clusters: Weights of the clusters for each call's query, shape (n, k).
        candidates: Number of candidates, m.
        weight: Weight of each call, shape (n,).
    """
    k, calls = clusters.shape[1], weight.sum()
    if not len(cost):
        return np.zeros((candidates, k))
    shrinkage = calls / (calls + (NOISE / LENGTH_SHARED) ** 2)
    surprise = np.log(cost / predicted)
    common = shrinkage * _median(surprise, weight)
    target = common + (surprise - common).clip(-MOST_LENGTH, MOST_LENGTH)
    features = np.hstack([np.ones((len(target), 1)), np.eye(candidates)[columns], clusters])  # (n, 1 + m + k)
    spreads = np.r_[LENGTH_SHARED, np.full(candidates, LENGTH_OWN), np.full(k, LENGTH_BY_CLUSTER)]
    weighted = features * weight[:, None]
    found = np.linalg.solve(weighted.T @ features + np.diag(NOISE**2 / spreads**2), weighted.T @ target)
    length = found[0] + found[1 : candidates + 1, None] + found[None, candidates + 1 :]  # (m, k)
    usual = weight * typical_weights(predicted) * predicted
    missed = np.log((usual * np.exp(target)).sum() / (usual * np.exp(features @ found)).sum())
    return np.asarray(length + missed * shrinkage)


def _median(values: Floats, weight: Floats) -> float:
    """Return the weighted median."""
    order = values.argsort()
    return float(values[order[weight[order].cumsum().searchsorted(weight.sum() / 2)]])
