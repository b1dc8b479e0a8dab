"""What live traffic taught of a pool: predictions moved, candidate by candidate.

    logit(quality) += quality[a]
    log tokens     += clusters(x) @ log_tokens[a]

A router knows which candidate is better at which query from thousands of outcomes; a few hundred grades do not tell
more than by how much a candidate as a whole is off. How long a user's answers are is seen on every call, and so by
cluster. Fitted by traffic/learning.py.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from crossroute.candidate import Pool
from crossroute.model.effects import LEAST_CHANCE
from crossroute.numeric import Floats, logit, sigmoid

NO_LESSON = 1e9
"""The error of what nothing was taught of."""


class PoolLessons(NamedTuple):
    """Lessons of m candidates.

    Attributes:
        quality: In log-odds, shape (m,).
        quality_error: Standard error of it, shape (m,).
        log_tokens: By cluster, shape (m, k).
    """

    quality: Floats
    quality_error: Floats
    log_tokens: Floats

    def on_quality(self, quality: Floats) -> Floats:
        """Return predicted quality as it is moved, shape (n, m), in [0, 1]."""
        moved = sigmoid(logit(quality, LEAST_CHANCE) + self.quality)
        return np.where(self.quality == 0, quality, moved)

    def with_error(self, error: Floats, quality: Floats) -> Floats:
        """Return the standard error of moved quality, shape (n, m): no more than before the lesson."""
        return np.minimum(error, quality * (1 - quality) * self.quality_error)


def pool_lessons(pool: Pool, clusters: int) -> PoolLessons | None:
    """Return the lessons of a pool as arrays; None where nothing was taught of any candidate."""
    told = [candidate.profile.lesson if candidate.profile else None for candidate in pool]
    if not any(told):
        return None
    none = np.zeros(clusters)
    return PoolLessons(
        np.array([lesson.quality if lesson else 0.0 for lesson in told]),
        np.array([lesson.quality_error if lesson else NO_LESSON for lesson in told]),
        np.array([lesson.log_tokens if lesson else none for lesson in told]),
    )
