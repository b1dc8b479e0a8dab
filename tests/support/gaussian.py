"""Correlated merits by matrices: the reference for the closed form of `crossroute.escalation.correlation`."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from crossroute.escalation.correlation import Correlation
from crossroute.numeric import Floats


def believed(correlation: Correlation, log_odds: Floats, seen: Sequence[int], looks: Floats) -> Floats:
    """Return P(right) of m answers after looks at some of them, shape (m,)."""
    rho, tau = correlation
    covariance = np.full((len(log_odds), len(log_odds)), rho) + (1 - rho) * np.eye(len(log_odds))
    mean, variance = np.array(log_odds, dtype=float), np.diag(covariance).copy()
    if len(seen):
        noisy = covariance[np.ix_(seen, seen)] + (1 / tau - 1) * np.eye(len(seen))
        gain = np.linalg.solve(noisy, covariance[list(seen)]).T  # (m, r)
        mean += gain @ np.asarray(looks)
        variance -= np.einsum("mr,rm->m", gain, covariance[list(seen)])
    belief: Floats = 1 / (1 + np.exp(-mean / np.sqrt(variance)))
    return belief
