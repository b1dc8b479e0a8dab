"""Fit corrections of predicted quality to grades: a shift per candidate, and a common slope.

    logit(quality[a]) = predicted[a](x) + shared + shift[a] + slope (reading[a](x)) + places(x) @ own[a]

where reading[a](x) is the predicted log-odds minus that for a typical query. The prior of a shift is a mixture: narrow
for an unchanged candidate, wide for a changed one. The other priors are normal:

    shift[a] ~ (1 - rare) N(0, usual[a]^2) + rare N(0, ANY^2),     shared ~ N(0, SHARED^2)
    slope ~ N(0, (SLOPE (1 - trust))^2),                           own[a, c] ~ N(0, (OWN (1 - trust))^2)

All parameters are fitted together. They explain the selection bias of logged traffic: a candidate is chosen for queries
where its prediction is too high (the slope), and for queries that it is best at (`own`). Neither should change its
shift, which applies to all queries. `own` is not used for predictions.

At low trust, a shift is reduced by a part of its standard error (`hold_back`): among many candidates with few grades,
the one with the luckiest grades looks best, and following chance costs more than such small shifts gain (chosen on
left-out sets, benchmarks/live.py).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from crossroute.numeric import Floats, sigmoid

ANY, RARE, LEAST_GRADES = 1.5, 0.01, 20.0
"""For a changed candidate: standard deviation of its shift in log-odds, prior probability of a change at trust 1, and
minimum number of grades to infer one."""

SHARED = 0.5
"""Prior standard deviation of the shared shift, in log-odds."""

SLOPE, OWN, NONE = 0.5, 0.6, 1e-6
"""Prior standard deviations of the slope and of `own` at trust 0, and the value used in place of 0."""

HELD_BACK, KNOWN = 0.5, 0.75
"""Standard errors by which a shift is reduced, and the trust above which this falls linearly, to 0 at trust 1."""

ROUNDS, STEPS, CLOSE = 4, 20, 1e-6


class Grades(NamedTuple):
    """n grades of m candidates.

    Attributes:
        column: Index of the graded candidate, shape (n,).
        log_odds: Predicted log-odds of quality, shape (n,).
        reading: The same minus that for a typical query, shape (n,).
        places: Shares of the clusters in the query, shape (n, k).
        quality: The grade, shape (n,), in [0, 1].
        weight: Weight of the grade, shape (n,).
    """

    column: npt.NDArray[np.intp]
    log_odds: Floats
    reading: Floats
    places: Floats
    quality: Floats
    weight: Floats


class Shifts(NamedTuple):
    """Fitted corrections for m candidates.

    Attributes:
        shift: Shift in log-odds, including the shared one, shape (m,).
        error: Its standard error, shape (m,).
        slope: Factor of the reading.
    """

    shift: Floats
    error: Floats
    slope: float


class Unknowns(NamedTuple):
    """The parameters of the fit, a Newton step of them, or their prior precisions.

    Attributes:
        common: The shared shift and the slope, shape (2,).
        own: Each candidate's shift and `own` values per cluster, shape (m, 1 + k).
    """

    common: Floats
    own: Floats


def fit_shifts(seen: Grades, usual: Floats, *, trust: float = 1.0) -> Shifts:
    """Fit the shift of each candidate and the common slope.

    Args:
        seen: The grades.
        usual: Prior standard deviation of each unchanged candidate's shift, in log-odds, shape (m,).
        trust: Similarity of the queries to the training data, in [0, 1].

    >>> column, even = np.repeat([0, 1], 100), np.ones(200)
    >>> grades = Grades(column, np.where(column, 2.2, 0.0), 0 * even, even[:, None], np.where(column, 0.6, 0.5), even)
    >>> calm, changed = fit_shifts(grades, np.array([0.1, 0.1])).shift.tolist()
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
        found, error = _maximize(seen, precision, found)
        rare = _compute_change_probability(seen, found, usual, RARE * trust)
    shift = found.common[0] + hold_back(found.own[:, 0], error, trust)
    return Shifts(shift, error, float(np.clip(found.common[1], -1, 1)))


def hold_back(shift: Floats, error: Floats, trust: float) -> Floats:
    """Reduce shifts by a part of their standard error, down to 0; the part is smaller at high trust.

    >>> told = np.array([0.1, 1.0, -1.0]), np.ones(3)
    >>> hold_back(*told, trust=0.0).tolist(), hold_back(*told, trust=1.0).tolist()
    ([0.0, 0.5, -0.5], [0.1, 1.0, -1.0])
    """
    part = HELD_BACK * min(1, (1 - trust) / (1 - KNOWN))
    return np.asarray(np.sign(shift) * np.maximum(np.abs(shift) - part * error, 0))


def _maximize(seen: Grades, precision: Unknowns, found: Unknowns) -> tuple[Unknowns, Floats]:
    """Return the parameters with the highest posterior, and the standard error of each candidate's shift, shape (m,).

    Newton's method from `found`, with steps of at most 1. The errors include that of the shared shift.
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
    """Return a Newton step and the standard errors of the shifts; candidates' own parameters are eliminated first."""
    common = np.stack([np.ones(len(seen.reading)), seen.reading], axis=1)  # (n, 2)
    own = np.hstack([np.ones((len(common), 1)), seen.places])  # (n, 1 + k)
    expected = sigmoid(seen.log_odds + common @ found.common + (own * found.own[seen.column]).sum(axis=1))
    missed, curved = seen.weight * (seen.quality - expected), seen.weight * expected * (1 - expected)
    bent = common * curved[:, None]
    m, size = found.own.shape
    blocks, right = precision.own[:, :, None] * np.eye(size), np.zeros((m, size, 4))
    right[:, 0, 3] = 1  # selects the shift
    for column, mine in enumerate(rows):
        blocks[column] += (own[mine] * curved[mine, None]).T @ own[mine]
        right[column, :, 0] = missed[mine] @ own[mine] - precision.own[column] * found.own[column]
        right[column, :, 1:3] = own[mine].T @ bent[mine]
    solved = np.linalg.solve(blocks, right)  # (m, 1 + k, 4)
    crossed = np.einsum("mij,mik->jk", right[:, :, 1:3], solved[:, :, :3])  # (2, 3)
    gradient = common.T @ missed - precision.common * found.common - crossed[:, 0]
    covariance = np.linalg.inv(bent.T @ common + np.diag(precision.common) - crossed[:, 1:])
    step = (covariance @ gradient).clip(-1, 1)
    by_common = solved[:, 0, 1:3]  # change of a shift per unit of the common parameters, (m, 2)
    apart = np.array([1.0, 0.0]) - by_common
    variance = solved[:, 0, 3] + np.einsum("mi,ij,mj->m", apart, covariance, apart)
    return Unknowns(step, (solved[:, :, 0] - solved[:, :, 1:3] @ step).clip(-1, 1)), np.sqrt(variance)


def _compute_change_probability(seen: Grades, found: Unknowns, usual: Floats, rare: float) -> Floats:
    """Return the probability that each candidate has changed, shape (m,)."""
    log_odds = seen.log_odds + found.common[0] + found.common[1] * seen.reading
    chances = np.zeros(len(usual))
    for column in np.unique(seen.column):
        mine = seen.column == column
        own = log_odds[mine], seen.quality[mine], seen.weight[mine]
        if own[2].sum() >= LEAST_GRADES and rare:
            evidence = _compute_log_evidence(*own, ANY) - _compute_log_evidence(*own, usual[column])
            chances[column] = sigmoid(np.array(evidence + np.log(rare / (1 - rare))))
    return chances


def _compute_log_evidence(log_odds: Floats, quality: Floats, weight: Floats, spread: float) -> float:
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
