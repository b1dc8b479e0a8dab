"""Predict a candidate's quality in clusters with few or no outcomes.

From its ability and the ease of the cluster (Rasch model):

    P(right) = sigmoid(ability of the candidate + ease of the cluster)

Candidates with outcomes on different queries are comparable through candidates with outcomes on both: a quality of 0.9
on hard queries means a higher ability than 0.9 on easy ones.

Source: Rasch, "Probabilistic Models for Some Intelligence and Attainment Tests" (1960). Deviation: clusters in
place of items, qualities between 0 and 1 in place of right and wrong, Gaussian priors on abilities and eases.

From the covariance of a pool: a candidate that is better than its ability in some clusters tends to be better in
correlated ones. The logits of a new candidate's quality in all clusters are a Gaussian with the pool's mean and the
pool's covariance without differences of ability; outcomes in one cluster update the others through the covariance.

Source: Bishop, "Pattern Recognition and Machine Learning" (2006), 4.4 (Laplace approximation) and 6.4.6.
"""

from __future__ import annotations

import numpy as np

from crossroute.numeric import Floats, logit, sigmoid

SPREAD = 1.5
"""Prior standard deviation of abilities and of eases, in logits."""

STEPS = 50
"""Newton steps; a dozen suffice if most candidates share queries."""

LARGEST_STEP = 1.0
"""Bound on a step, in logits, so that the first steps do not overshoot."""

POOL_SPREAD = 1.0
"""Standard deviation, in logits, of a new candidate's ability around the pool's mean."""

OWN = 0.2
"""Standard deviation, in logits, of a cluster's deviation that the pool's covariance does not explain."""

LIKENESS_STEPS = 30
"""Newton steps of `likely_quality`."""


def fit_ease(right: Floats, seen: Floats) -> Floats:
    """Fit abilities and eases jointly, and return the eases, in logits, shape (k,).

    Args:
        right: Sum of each candidate's quality in each cluster, shape (m, k).
        seen: Number of outcomes, shape (m, k).

    >>> fit_ease(np.array([[90.0, 50.0], [80.0, 33.0]]), np.full((2, 2), 100.0)).round(1)
    array([ 1.3, -0.8])
    """
    ease, ability = np.zeros(right.shape[1]), np.zeros(len(right))
    for _ in range(STEPS):
        ability = ability + _newton(right, seen, ability[:, None] + ease, ability, axis=1)
        ease = ease + _newton(right, seen, ability[:, None] + ease, ease, axis=0)
    return ease


def fit_ability(right: Floats, seen: Floats, ease: Floats, spread: float = SPREAD) -> float:
    """Return one candidate's ability, in logits.

    Args:
        right: Sum of its quality in each cluster, shape (k,).
        seen: Number of its outcomes, shape (k,).
        ease: Ease of the clusters, in logits, shape (k,).
        spread: Prior standard deviation of the ability around 0, in logits.

    >>> round(fit_ability(np.array([50.0, 0.0]), np.array([100.0, 0.0]), np.array([1.0, 0.0])), 1)
    -1.0
    """
    ability = np.zeros(1)
    for _ in range(STEPS):
        ability = ability + _newton(
            right[None], seen[None], ability + ease[None], ability, axis=1, spread=spread
        )
    return float(ability[0])


def _newton(
    right: Floats, seen: Floats, logits: Floats, value: Floats, *, axis: int, spread: float = SPREAD
) -> Floats:
    """Return a Newton step of the log posterior of abilities (axis 1) or of eases (axis 0)."""
    expected = sigmoid(logits)  # (m, k)
    gradient = (right - seen * expected).sum(axis) - value / spread**2
    curvature = (seen * expected * (1 - expected)).sum(axis) + 1 / spread**2
    return np.asarray(np.clip(gradient / curvature, -LARGEST_STEP, LARGEST_STEP))


def likely_quality(right: Floats, seen: Floats, pool: Floats) -> Floats:
    """Return the most likely quality of a candidate in each cluster, given the pool's covariance, shape (k,).

    Args:
        right: Sum of its quality in each cluster, shape (k,).
        seen: Number of its outcomes, shape (k,).
        pool: Quality of known candidates, shape (m, k), in [0, 1].

    >>> pool = np.array([[0.9, 0.9, 0.5], [0.5, 0.5, 0.9], [0.8, 0.8, 0.8]])
    >>> likely_quality(np.array([40.0, 0.0, 0.0]), np.array([100.0, 0.0, 0.0]), pool).round(2)
    array([0.41, 0.42, 0.71])
    """
    mean, covariance = prior(pool)
    precision, logits = np.linalg.inv(covariance), mean
    for _ in range(LIKENESS_STEPS):
        quality = sigmoid(logits)
        gradient = right - seen * quality - precision @ (logits - mean)
        step = np.linalg.solve(precision + np.diag(seen * quality * (1 - quality)), gradient)
        logits = logits + np.clip(step, -LARGEST_STEP, LARGEST_STEP)
    return sigmoid(logits)


def prior(pool: Floats) -> tuple[Floats, Floats]:
    """Return the mean, shape (k,), and covariance, shape (k, k), of the logits of a new candidate's quality.

    Args:
        pool: Quality of known candidates, shape (m, k), in [0, 1].
    """
    logits = logit(pool, 0.01)
    mean = logits.mean(0)
    beyond = logits - mean
    beyond = beyond - beyond.mean(1, keepdims=True)  # without differences of ability
    k = len(mean)
    return mean, beyond.T @ beyond / len(pool) + POOL_SPREAD**2 * np.ones((k, k)) + OWN**2 * np.eye(k)
