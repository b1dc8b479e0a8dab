"""What a candidate is likely to be like in each cluster, given few outcomes and the profiles of a pool.

Candidates differ in the same ways: one that is better than its ability at some clusters tends to be so at
others, as the pool shows. So the quality of a new candidate in all clusters together is a Gaussian on the logit
scale, around the pool's mean, whose covariance is the pool's beyond differences of ability; outcomes move it
where they were seen and, by the covariance, elsewhere.

Source: Bishop, "Pattern Recognition and Machine Learning", 4.4 (Laplace approximation) and 6.4.6.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from crossroute.log_odds import logit, sigmoid

Floats = npt.NDArray[np.floating]

ABILITY = 1.0
"""Standard deviation, in logits, of how much better or worse a new candidate is than the pool's mean."""

OWN = 0.2
"""Standard deviation, in logits, in a cluster, of what the pool's covariance does not foresee."""

STEPS = 30
LARGEST_STEP = 1.0


def likely_quality(right: Floats, seen: Floats, pool: Floats) -> Floats:
    """Return the most likely quality of one candidate in each cluster, shape (k,).

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
    for _ in range(STEPS):
        quality = sigmoid(logits)
        gradient = right - seen * quality - precision @ (logits - mean)
        step = np.linalg.solve(precision + np.diag(seen * quality * (1 - quality)), gradient)
        logits = logits + np.clip(step, -LARGEST_STEP, LARGEST_STEP)
    return sigmoid(logits)


def prior(pool: Floats) -> tuple[Floats, Floats]:
    """Return mean, shape (k,), and covariance, shape (k, k), of a new candidate's quality, in logits.

    Args:
        pool: Quality of known candidates, shape (m, k), in [0, 1].
    """
    logits = logit(pool, 0.01)
    mean = logits.mean(0)
    beyond = logits - mean
    beyond = beyond - beyond.mean(1, keepdims=True)  # ability
    k = len(mean)
    return mean, beyond.T @ beyond / len(pool) + ABILITY**2 * np.ones((k, k)) + OWN**2 * np.eye(k)
