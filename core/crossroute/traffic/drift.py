"""Drift: detect whether, and since when, a candidate differs from its predictions.

The series of residuals (observed minus predicted) is split where its two parts differ most. The split is a change if
the difference exceeds what chance gives at the best of all splits. A constant residual is not a change: learning from
the log corrects it. Repeated queries count once, since they carry little new information.

Source: the likelihood-ratio scan for one change of a mean, Hawkins, "Testing a Sequence of Observations for a Shift in
Location" (1977).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from crossroute.numeric import Floats

CHANGE_Z = 3.7
"""Standard errors between the parts; 1 to 2 % of series of 50 to 1,000 grades without a change exceed it."""

LEAST_PART = 10
"""Minimum number of observations on each side of a change."""

DRIFT_Z = 3.0
"""Standard errors beyond which a mean differs from its prediction."""

BURST = 50
"""Consecutive observations of a candidate within which a repeated query counts once."""

FEWEST = 20
"""Minimum number of observations to detect drift."""


def weigh_repeats(query: npt.NDArray[np.intp], within: int | None = None) -> Floats:
    """Return weights with which repeated queries count once, shape (n,).

    Args:
        query: Index of each observation's query, in the order of time, shape (n,).
        within: Number of consecutive observations in which a query counts once; all by default.
    """
    if within is not None and len(query):
        query = query + np.arange(len(query)) // within * (query.max() + 1)
    _, place, times = np.unique(query, return_inverse=True, return_counts=True)
    return np.asarray(1 / times[place])


def find_change(surprise: Floats, query: npt.NDArray[np.intp] | None = None) -> int:
    """Return the index of the first observation after a change; 0 without a change.

    Args:
        surprise: Observed minus predicted, in the order of time, shape (n,).
        query: Index of each observation's query, as for `weigh_repeats`; all different by default.

    >>> find_change(np.r_[np.tile([0.1, -0.1], 30), np.tile([-0.2, -0.4], 15)])
    60
    """
    counts = np.cumsum(np.ones(len(surprise)) if query is None else weigh_repeats(query, BURST))
    n = counts[-1] if len(counts) else 0.0
    parts = np.flatnonzero(
        (counts >= LEAST_PART) & (n - counts >= LEAST_PART)
    )  # index of the last observation before each split
    if not len(parts):
        return 0
    weighed = np.diff(counts, prepend=0) * surprise
    before, total = counts[parts], np.cumsum(weighed)
    first, rest = total[parts] / before, (total[-1] - total[parts]) / (n - before)
    squares = (weighed * surprise).sum() - before * first**2 - (n - before) * rest**2
    error = np.sqrt(np.maximum(squares, 1e-12) / (n - 2) * (1 / before + 1 / (n - before)))
    z = np.abs(rest - first) / error
    best = int(z.argmax())
    return int(parts[best]) + 1 if z[best] > CHANGE_Z else 0


def has_drifted(surprise: Floats, predicted_error: float, query: npt.NDArray[np.intp]) -> bool:
    """Return whether the mean residual exceeds chance and the prediction's standard error.

    After a change only later observations count, so that a long history does not hide it.

    Args:
        surprise: Observed minus predicted, in the order of time, shape (n,).
        predicted_error: Standard error of the prediction.
        query: Index of each observation's query, as for `weigh_repeats`.
    """
    since = find_change(surprise, query)
    surprise, weight = surprise[since:], weigh_repeats(query[since:])
    n = weight.sum()
    if n < (LEAST_PART if since else FEWEST):
        return False
    mean = (weight * surprise).sum() / n
    error = np.hypot(np.sqrt((weight * (surprise - mean) ** 2).sum() / (n - 1) / n), predicted_error)
    return bool(abs(mean) > DRIFT_Z * max(error, 1e-12))
