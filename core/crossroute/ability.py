"""How able a candidate is, and how easy a cluster: what to expect where nothing was observed.

    P(right) = sigmoid(ability of the candidate + ease of the cluster)

Candidates that were tried on different queries become comparable by those that answered both kinds: an 0.9 on
hard queries is worth more than an 0.9 on easy ones.

Source: Rasch, "Probabilistic Models for Some Intelligence and Attainment Tests" (1960). Deviation: clusters in
the place of items, qualities between 0 and 1 in the place of right and wrong, Gaussian priors on both sides.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from crossroute.log_odds import sigmoid

Floats = npt.NDArray[np.floating]

SPREAD = 1.5
"""Standard deviation of abilities and of eases before anything was observed, in logits."""

STEPS = 50
"""Newton steps; a dozen converge where most candidates share queries."""

LARGEST_STEP = 1.0
"""In logits, so that a first step from far away does not overshoot."""


def fit_ease(right: Floats, seen: Floats) -> Floats:
    """Fit abilities and eases together, and return the eases, in logits, shape (k,).

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
        ease: Of the clusters, in logits, shape (k,).
        spread: Standard deviation of abilities, in logits, around 0.

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
