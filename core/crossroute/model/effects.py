"""What changes a candidate's predictions after the network: its reasoning effort, and lessons from live traffic.

The effort of a variant, relative to the model's default effort (`PoolEfforts`), at a query's kinds of work:

    logit(quality) += share * (q[told] - q[usual])
    log tokens     += share * (t[told] - t[usual])

Both increase with the level, so that the variant with more effort is never predicted worse or cheaper. The size of the
effects differs by maker (`share`); the variation between models is added to the error.

Then a candidate's lesson (`PoolLessons`), by clusters of queries:

    logit(quality) = quality_slope[a] logit(quality) + quality[a]
    log tokens    += clusters(x) @ log_tokens[a]

A router learns the interaction of candidates and queries from thousands of outcomes. A few hundred grades suffice only
for an offset per candidate, and a slope for its predictions. Lengths of answers are observed on every call, and so are
corrected per cluster (`fit_lengths`). traffic/learning.py fits both.

Source: efforts.json, fitted by benchmarks/effort_effects.py; choosing model and budget together: R2-Router, arXiv
2602.02823.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from crossroute.candidate import Pool
from crossroute.effort import LEVELS, Effort, read_effort
from crossroute.numeric import Floats, logit, sigmoid, typical_weights

LEAST_CHANCE = 1e-4
"""A quality is clipped to this distance from 0 and 1 before its logit is taken."""

NO_LESSON = 1e9
"""Standard error of a candidate without a lesson."""

NOISE = 0.7
"""Standard deviation of the log of a cost around the prediction."""

LENGTH_SHARED, LENGTH_OWN, LENGTH_BY_CLUSTER = 0.3, 0.2, 0.7
"""Prior standard deviations, in logs, of the length corrections of all answers, of a candidate's, of those in a
cluster."""

MOST_LENGTH = 3.0
"""Bound, in logs, on the deviation of a call's surprise from the common one."""


class PoolEfforts(NamedTuple):
    """Effects of the efforts of a pool's m candidates; 0 for candidates without an effort.

    Attributes:
        quality: Effect on the logit of quality, by kind of work, shape (m, K).
        quality_error: Its standard error, shape (m, K).
        log_tokens: Effect on log tokens, shape (m,).
        log_tokens_error: Its standard error, shape (m,).
    """

    quality: Floats
    quality_error: Floats
    log_tokens: Floats
    log_tokens_error: Floats

    def on_quality(self, quality: Floats, kinds: Floats) -> Floats:
        """Return the quality of the variants, shape (n, m), in [0, 1].

        Args:
            quality: Quality at the models' default effort, shape (n, m).
            kinds: Shares of the kinds of work in each query, shape (n, K), summing to 1.
        """
        effect = kinds @ self.quality.T  # (n, m)
        moved = sigmoid(logit(quality, LEAST_CHANCE) + effect)
        return np.where(effect == 0, quality, moved)

    def with_error(self, error: Floats, quality: Floats, kinds: Floats) -> Floats:
        """Return the standard error of the variants' quality, shape (n, m)."""
        own = quality * (1 - quality) * (kinds @ self.quality_error.T)
        return np.sqrt(error**2 + own**2)


@cache
def load_effort_table() -> Mapping[str, Any]:
    """Return the fitted table; it is read at the first call."""
    return json.loads(files("crossroute.model").joinpath("efforts.json").read_text("utf-8"))  # type: ignore[no-any-return]


def pool_efforts(pool: Pool, kinds: Sequence[str] | None) -> PoolEfforts | None:
    """Return the effects of a pool's efforts; None if no candidate has one.

    Args:
        pool: The candidates.
        kinds: Names of the router's kinds of work; None if it has none: then the mean over all kinds applies.
    """
    if not any(candidate.effort for candidate in pool):
        return None
    names = tuple(kinds) if kinds else None
    rows = [find_effects(candidate.effort, names) for candidate in pool]
    return PoolEfforts(*(np.array(column) for column in zip(*rows, strict=True)))


def find_effects(
    effort: Effort | None, kinds: tuple[str, ...] | None = None
) -> tuple[Floats, Floats, float, float]:
    """Return one effort's effect on quality, shape (K,), its error, the effect on log tokens, and its error.

    Raises:
        ValueError: The effort is not a known level.
    """
    none = np.zeros(len(kinds) if kinds else 1)
    if effort is None:
        return none, none, 0.0, 0.0
    table = load_effort_table()
    share = table["makers"].get(effort.maker, {"quality": 1.0, "log_tokens": 1.0})
    told, usual = read_effort(effort.told), read_effort(effort.usual)
    if told is None or usual is None:
        raise ValueError(f"Expected an effort such as {', '.join(LEVELS)} or 16k, got {effort.told!r}.")
    quality, tokens = (
        _interpolate(told.step, kinds)[i] - _interpolate(usual.step, kinds)[i] for i in range(2)
    )
    length = float(tokens[0])
    return (
        share["quality"] * quality,
        table["quality_spread"] * np.abs(quality),
        share["log_tokens"] * length,
        table["log_tokens_spread"] * abs(length),
    )


def _interpolate(step: float, kinds: tuple[str, ...] | None) -> tuple[Floats, Floats]:
    """Return the effects on quality and log tokens, shape (K,) each, interpolated linearly between levels."""
    quality, tokens = _read_levels(kinds)
    places = np.arange(len(LEVELS))
    effects = np.array([np.interp(step, places, column) for column in quality.T])
    return effects, np.full(len(effects), np.interp(step, places, tokens))


@cache
def _read_levels(kinds: tuple[str, ...] | None) -> tuple[Floats, Floats]:
    """Return the effects on quality, shape (levels, K), and on log tokens, shape (levels,)."""
    levels = [load_effort_table()["levels"][level] for level in LEVELS]
    means = [float(np.mean(list(level["quality"].values()))) for level in levels]
    quality = [
        [level["quality"].get(kind, mean) for kind in kinds] if kinds else [mean]
        for level, mean in zip(levels, means, strict=True)
    ]
    return np.array(quality), np.array([level["log_tokens"] for level in levels])


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
    solution = np.linalg.solve(weighted.T @ features + np.diag(NOISE**2 / spreads**2), weighted.T @ target)
    length = solution[0] + solution[1 : candidates + 1, None] + solution[None, candidates + 1 :]  # (m, k)
    usual = weight * typical_weights(predicted) * predicted
    missed = np.log((usual * np.exp(target)).sum() / (usual * np.exp(features @ solution)).sum())
    return np.asarray(length + missed * shrinkage)


def _median(values: Floats, weight: Floats) -> float:
    """Return the weighted median."""
    order = values.argsort()
    return float(values[order[weight[order].cumsum().searchsorted(weight.sum() / 2)]])
