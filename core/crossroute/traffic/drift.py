"""Drift: whether, and since when, a candidate is not what was predicted of it.

A series of surprises, what was observed less what was predicted, is split wherever its two parts differ most. The
difference counts where it is beyond what chance gives at the best of all splits. A constant surprise is no change: it
is off, and what learns from the log takes it in.

Source: the likelihood-ratio scan for one change of a mean, Hawkins, "Testing a Sequence of Observations for a Shift in
Location" (1977).
"""

from __future__ import annotations

import numpy as np

from crossroute.numeric import Floats

CHANGE_Z = 3.7
"""Standard errors between the parts: series of 50 to 1,000 grades without a change exceed it in 1 to 2 of 100."""

LEAST_PART = 10
"""Observations on each side of a change."""

DRIFT_Z = 3.0
"""Standard errors beyond which a mean has left what was predicted."""

FEWEST = 20
"""Observations without which nothing is said."""


def changed_at(surprise: Floats) -> int:
    """Return where a series changed: the first observation after it; 0 where it did not.

    Args:
        surprise: Observed less predicted, in the order of time, shape (n,).

    >>> changed_at(np.r_[np.tile([0.1, -0.1], 30), np.tile([-0.2, -0.4], 15)])
    60
    """
    n = len(surprise)
    if n < 2 * LEAST_PART:
        return 0
    before = np.arange(LEAST_PART, n - LEAST_PART + 1)
    total = np.cumsum(surprise)
    first, rest = total[before - 1] / before, (total[-1] - total[before - 1]) / (n - before)
    squares = np.cumsum(surprise**2)[-1] - before * first**2 - (n - before) * rest**2
    error = np.sqrt(np.maximum(squares, 1e-12) / (n - 2) * (1 / before + 1 / (n - before)))
    z = np.abs(rest - first) / error
    best = int(z.argmax())
    return int(before[best]) if z[best] > CHANGE_Z else 0


def drifted(surprise: Floats, predicted_error: float) -> bool:
    """Return whether the mean surprise is beyond chance and the prediction's own error.

    Args:
        surprise: Observed less predicted, shape (n,).
        predicted_error: Standard error of the prediction.
    """
    if len(surprise) < FEWEST:
        return False
    error = np.hypot(surprise.std(ddof=1) / np.sqrt(len(surprise)), predicted_error)
    return bool(abs(surprise.mean()) > DRIFT_Z * max(error, 1e-12))
