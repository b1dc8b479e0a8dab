"""Fit what grades say of candidates: a shift of each and one slope of readings.

    logit(quality[a]) = predicted[a](x) + shared + shift[a] + slope (reading[a](x)) + places(x) @ own[a]

Before any grade a shift is either near 0 or anything, as after a change, and the others are near 0:

    shift[a] ~ (1 - rare) N(0, usual[a]^2) + rare N(0, ANY^2),     shared ~ N(0, SHARED^2)
    slope ~ N(0, (SLOPE (1 - trust))^2),                           own[a, c] ~ N(0, (OWN (1 - trust))^2)

All are found together. A candidate is chosen where it is read too high, which the slope explains, and for the queries
that it is best at, which `own` explains: neither is to count for or against it everywhere. `own` itself is not applied.

A shift counts only as far as it is beyond part of its standard error, where few queries are like training: of many
candidates that few grades tell of, the one with the luckiest looks best, and a router loses more by following chance
than it gains by a move that small (chosen on sets left out, benchmarks/live.py).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from crossroute.numeric import Floats, sigmoid

ANY, RARE, LEAST_GRADES = 1.5, 0.01, 20.0
"""Standard deviation, in log-odds, of the shift of a candidate that is not what was measured, how often that is where
queries are like training, and grades without which it is not said."""

SHARED = 0.5
"""The same of what all candidates share."""

SLOPE, OWN, NONE = 0.5, 0.6, 1e-6
"""The same of the slope and of a candidate's own part in each cluster, where no query is like training; and what stands
for a standard deviation of 0."""

HELD_BACK, KNOWN = 0.5, 0.75
"""Standard errors that a shift is held back by, and the trust from which on it is by less: by none at 1."""

ROUNDS, STEPS, CLOSE = 4, 20, 1e-6


class Grades(NamedTuple):
    """n grades of m candidates.

    Attributes:
        column: Of the candidate of each, shape (n,).
        log_odds: As predicted, shape (n,).
        reading: The same less those of a typical query, shape (n,).
        places: How much of each cluster is in its query, shape (n, k).
        quality: As graded, shape (n,).
        weight: How much each counts, shape (n,).
    """

    column: npt.NDArray[np.intp]
    log_odds: Floats
    reading: Floats
    places: Floats
    quality: Floats
    weight: Floats


class Shifts(NamedTuple):
    """What grades teach of m candidates.

    Attributes:
        shift: In log-odds, what all share included, shape (m,).
        error: Standard error of it, shape (m,).
        slope: By how much readings count more.
    """

    shift: Floats
    error: Floats
    slope: float


class Unknowns(NamedTuple):
    """The unknowns, a step of them, or their prior precisions.

    Attributes:
        common: What all share, and the slope, shape (2,).
        own: Of each candidate its shift and its own part in each cluster, shape (m, 1 + k).
    """

    common: Floats
    own: Floats


def fit_shifts(seen: Grades, usual: Floats, *, trust: float = 1.0) -> Shifts:
    """Return what grades teach: the shift of each candidate and the slope of readings.

    Args:
        seen: The grades.
        usual: Standard deviation of the shift of each candidate that is what was measured, shape (m,).
        trust: How like training the queries are, in [0, 1].

    >>> column, even = np.repeat([0, 1], 100), np.ones(200)
    >>> seen = Grades(column, np.where(column, 2.2, 0.0), 0 * even, even[:, None], np.where(column, 0.6, 0.5), even)
    >>> calm, changed = fit_shifts(seen, np.array([0.1, 0.1])).shift.tolist()
    >>> round(abs(calm), 1), round(changed, 1), round(float(sigmoid(np.array(2.2 + changed))), 1)
    (0.0, -1.8, 0.6)
    """
    m, k = len(usual), seen.places.shape[1]
    found = Unknowns(np.zeros(2), np.zeros((m, 1 + k)))
    rare: Floats = np.zeros(m)
    slope, own = (max(spread * (1 - trust), NONE) for spread in (SLOPE, OWN))
    for _ in range(ROUNDS):
        shift = (1 - rare) / usual**2 + rare / ANY**2
        precision = Unknowns(
            np.array([1 / SHARED**2, 1 / slope**2]), np.c_[shift, np.full((m, k), 1 / own**2)]
        )
        found, error = _mode(seen, precision, found)
        rare = _changed_chances(seen, found, usual, RARE * trust)
    shift = found.common[0] + hold_back(found.own[:, 0], error, trust)
    return Shifts(shift, error, float(np.clip(found.common[1], -1, 1)))


def hold_back(shift: Floats, error: Floats, trust: float) -> Floats:
    """Return shifts as far as they are beyond part of their standard error, less of it where queries are known.

    >>> told = np.array([0.1, 1.0, -1.0]), np.ones(3)
    >>> hold_back(*told, trust=0.0).tolist(), hold_back(*told, trust=1.0).tolist()
    ([0.0, 0.5, -0.5], [0.1, 1.0, -1.0])
    """
    part = HELD_BACK * min(1, (1 - trust) / (1 - KNOWN))
    return np.asarray(np.sign(shift) * np.maximum(np.abs(shift) - part * error, 0))


def _mode(seen: Grades, precision: Unknowns, found: Unknowns) -> tuple[Unknowns, Floats]:
    """Return the likeliest unknowns, and the standard error of each candidate's shift with what all share, shape (m,).

    By Newton's method from `found`; a step goes no further than 1.
    """
    rows = [np.flatnonzero(seen.column == column) for column in range(len(found.own))]
    for _ in range(STEPS):
        step, error = _newton_step(seen, rows, precision, found)
        found = Unknowns(found.common + step.common, found.own + step.own)
        if max(np.abs(step.common).max(), np.abs(step.own).max()) < CLOSE:
            break
    return found, error


def _newton_step(
    seen: Grades, rows: list[npt.NDArray[np.intp]], precision: Unknowns, found: Unknowns
) -> tuple[Unknowns, Floats]:
    """Return a step, and the standard errors of `_mode`; each candidate's own unknowns are eliminated first."""
    common = np.stack([np.ones(len(seen.reading)), seen.reading], axis=1)  # (n, 2)
    own = np.hstack([np.ones((len(common), 1)), seen.places])  # (n, 1 + k)
    expected = sigmoid(seen.log_odds + common @ found.common + (own * found.own[seen.column]).sum(axis=1))
    missed, curved = seen.weight * (seen.quality - expected), seen.weight * expected * (1 - expected)
    bent = common * curved[:, None]
    m, size = found.own.shape
    blocks, right = precision.own[:, :, None] * np.eye(size), np.zeros((m, size, 4))
    right[:, 0, 3] = 1  # of the shift alone
    for column, mine in enumerate(rows):
        blocks[column] += (own[mine] * curved[mine, None]).T @ own[mine]
        right[column, :, 0] = missed[mine] @ own[mine] - precision.own[column] * found.own[column]
        right[column, :, 1:3] = own[mine].T @ bent[mine]
    solved = np.linalg.solve(blocks, right)  # (m, 1 + k, 4)
    crossed = np.einsum("mij,mik->jk", right[:, :, 1:3], solved[:, :, :3])  # (2, 3)
    gradient = common.T @ missed - precision.common * found.common - crossed[:, 0]
    covariance = np.linalg.inv(bent.T @ common + np.diag(precision.common) - crossed[:, 1:])
    step = (covariance @ gradient).clip(-1, 1)
    by_common = solved[:, 0, 1:3]  # how far a shift gives way to the common unknowns, (m, 2)
    apart = np.array([1.0, 0.0]) - by_common
    variance = solved[:, 0, 3] + np.einsum("mi,ij,mj->m", apart, covariance, apart)
    return Unknowns(step, (solved[:, :, 0] - solved[:, :, 1:3] @ step).clip(-1, 1)), np.sqrt(variance)


def _changed_chances(seen: Grades, found: Unknowns, usual: Floats, rare: float) -> Floats:
    """Return how likely it is that each candidate is not what was measured, shape (m,)."""
    log_odds = seen.log_odds + found.common[0] + found.common[1] * seen.reading
    chances = np.zeros(len(usual))
    for column in np.unique(seen.column):
        mine = seen.column == column
        own = log_odds[mine], seen.quality[mine], seen.weight[mine]
        if own[2].sum() >= LEAST_GRADES and rare:
            evidence = _log_evidence(*own, ANY) - _log_evidence(*own, usual[column])
            chances[column] = sigmoid(np.array(evidence + np.log(rare / (1 - rare))))
    return chances


def _log_evidence(log_odds: Floats, quality: Floats, weight: Floats, spread: float) -> float:
    """Return the log evidence of one shift under a Gaussian prior, by Laplace's approximation."""
    shift = 0.0
    for _ in range(STEPS):
        expected = sigmoid(log_odds + shift)
        precision = float((weight * expected * (1 - expected)).sum()) + 1 / spread**2
        step = (float((weight * (quality - expected)).sum()) - shift / spread**2) / precision
        shift += float(np.clip(step, -1, 1))
    log_odds = log_odds + shift
    fit = float((weight * (quality * log_odds - np.logaddexp(0, log_odds))).sum())
    return float(fit - shift**2 / (2 * spread**2) - 0.5 * np.log(precision * spread**2))
