"""Drift: whether, and since when, a candidate differs from its predictions.

A series of surprises, what was observed less what was predicted, is split wherever its two parts differ most. The
difference counts where it is beyond what chance gives at the best of all splits. A constant surprise is no change: it
is off, and what learns from the log takes it in. A query that is asked again and again tells little that is new: its
observations count as one together.

Source: the likelihood-ratio scan for one change of a mean, Hawkins, "Testing a Sequence of Observations for a Shift in
Location" (1977).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from crossroute.numeric import Floats

CHANGE_Z = 3.7
"""Standard errors between the parts: series of 50 to 1,000 grades without a change exceed it in 1 to 2 of 100."""

LEAST_PART = 10
"""Observations on each side of a change."""

DRIFT_Z = 3.0
"""Standard errors beyond which a mean has left what was predicted."""

BURST = 50
"""Observations of a candidate within which the same query counts once; asked again later, it tells of a change."""

FEWEST = 20
"""Observations without which nothing is said."""


def once_each(query: npt.NDArray[np.intp], within: int | None = None) -> Floats:
    """Return weights by which each query counts once, however often it was asked, shape (n,).

    Args:
        query: Which query each observation is of, a number from 0, in the order of time, shape (n,).
        within: Once in so many observations; by default in all.
    """
    if within is not None and len(query):
        query = query + np.arange(len(query)) // within * (query.max() + 1)
    _, place, times = np.unique(query, return_inverse=True, return_counts=True)
    return np.asarray(1 / times[place])


def changed_at(surprise: Floats, query: npt.NDArray[np.intp] | None = None) -> int:
    """Return where a series changed: the first observation after it; 0 where it did not.

    Args:
        surprise: Observed less predicted, in the order of time, shape (n,).
        query: Which query each is of, as for `once_each`; by default each is of another.

    >>> changed_at(np.r_[np.tile([0.1, -0.1], 30), np.tile([-0.2, -0.4], 15)])
    60
    """
    counts = np.cumsum(np.ones(len(surprise)) if query is None else once_each(query, BURST))
    n = counts[-1] if len(counts) else 0.0
    parts = np.flatnonzero((counts >= LEAST_PART) & (n - counts >= LEAST_PART))  # the last of each first part
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
    """Return whether the mean surprise is beyond chance and the prediction's own error.

    Where the series changed, what came since counts: months of a candidate as it was would hide that it is another now.

    Args:
        surprise: Observed less predicted, in the order of time, shape (n,).
        predicted_error: Standard error of the prediction.
        query: Which query each is of, as for `once_each`.
    """
    since = changed_at(surprise, query)
    surprise, weight = surprise[since:], once_each(query[since:])
    n = weight.sum()
    if n < (LEAST_PART if since else FEWEST):
        return False
    mean = (weight * surprise).sum() / n
    error = np.hypot(np.sqrt((weight * (surprise - mean) ** 2).sum() / (n - 1) / n), predicted_error)
    return bool(abs(mean) > DRIFT_Z * max(error, 1e-12))
