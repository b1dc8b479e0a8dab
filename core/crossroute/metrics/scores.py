"""Metrics of cost and quality, as pure NumPy functions.

Arrays are (n, m), n queries by m candidates; points are (p, 2), mean cost (USD) and quality.

A choice with an unknown outcome (NaN in quality or cost) cannot be scored: a router chooses among the candidates with a
known outcome for the query, and queries without one are left out. All routers, the zero router and the oracle have the
same choices, so that they are comparable.

Source: RouterBench, arXiv 2403.12031, section 4: cost-quality plane, zero router, non-decreasing convex hull,
AIQ (Average Improvement in Quality). Deviation: the cost range of AIQ is an argument, so that the figure of a router
does not depend on the routers it is compared with.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from crossroute.numeric import Floats
from crossroute.reward import Reward, best

WILLINGNESS_TO_PAY: Floats = np.concatenate([[1e-9], np.logspace(-7, 1, 161), [1e9]])
"""The sweep, in USD: twenty steps per decade from 1e-7 to 10, and both extremes."""

_RESOLVED = (1e-5, 1.0)
"""Range of the most expensive candidate's mean cost, USD for one call, for which that sweep is fine enough."""

_TOLERANCE = 1e-12


def sweep_for(cost: Floats) -> Floats:
    """Return the sweep of the willingness to pay for observed costs, in USD, shape (p,).

    It is `WILLINGNESS_TO_PAY`, with further points in proportion to the most expensive candidate's mean cost if that is
    out of the range it resolves, so that figures do not depend on the unit of money.

    Args:
        cost: Observed cost, shape (n, m), USD for one call; NaN if unknown.

    >>> sweep_for(np.array([[0.001, 0.02]])) is WILLINGNESS_TO_PAY, sweep_for(np.array([[1.0, 2000.0]]))[-2:]
    (True, array([1.e+09, 2.e+11]))
    """
    known = ~np.isnan(cost)
    dearest = (np.where(known, cost, 0).sum(axis=0) / np.maximum(known.sum(axis=0), 1)).max(initial=0)
    if dearest == 0 or _RESOLVED[0] <= dearest <= _RESOLVED[1]:
        return WILLINGNESS_TO_PAY
    further = dearest * np.concatenate([[1e-8], np.logspace(-4, 4, 161), [1e8]])
    return np.union1d(WILLINGNESS_TO_PAY, further)


def best_single(quality: Floats, cost: Floats) -> int:
    """Return the index of the candidate with the highest mean quality; the cheapest of equals.

    Args:
        quality: Mean quality of each candidate, shape (m,).
        cost: Mean cost of each, shape (m,).

    >>> best_single(np.array([0.5, 0.9, 0.9]), np.array([1.0, 3.0, 2.0]))
    2
    """
    return int(np.lexsort((cost, -quality))[0])


def choices(
    predicted_quality: Floats,
    predicted_cost: Floats,
    known: npt.NDArray[np.bool_],
    willingness_to_pay: Floats = WILLINGNESS_TO_PAY,
    reward: Reward = "exponential",
) -> npt.NDArray[np.intp]:
    """Return the column chosen for every query at every willingness to pay, shape (n, p).

    Args:
        predicted_quality: Shape (n, m), in [0, 1].
        predicted_cost: Shape (n, m), USD for one call.
        known: Which candidates may be chosen, shape (n, m), at least one per query.
        willingness_to_pay: USD, shape (p,).
        reward: "exponential" or "linear".

    Raises:
        ValueError: A prediction of an eligible candidate is not finite, or a query has no eligible candidate.
    """
    if not known.any(axis=1).all():
        raise ValueError("A query has no candidate with a known outcome; leave it out.")
    if not np.isfinite(np.stack([predicted_quality, predicted_cost])[:, known]).all():
        raise ValueError(
            "Predictions contain NaN or infinity; every known outcome needs a finite prediction."
        )
    quality = np.where(known, predicted_quality, 0.0)
    cost = np.where(known, predicted_cost, np.inf)
    return np.stack([best(quality, cost, float(usd), reward) for usd in willingness_to_pay], axis=1)


def cost_quality_curve(
    prediction_quality: Floats,
    prediction_cost: Floats,
    quality: Floats,
    cost: Floats,
    reward: Reward = "exponential",
) -> Floats:
    """Return the mean observed (cost, quality) of the choices at every willingness to pay, shape (p, 2).

    Args:
        prediction_quality: Predicted quality, shape (n, m), in [0, 1].
        prediction_cost: Predicted cost, shape (n, m), USD for one call.
        quality: Observed quality, shape (n, m), in [0, 1]; NaN if unknown.
        cost: Observed cost, shape (n, m), USD for one call; NaN if unknown.
        reward: "exponential" or "linear".

    >>> quality = cost = np.array([[0.2, 1.0]])
    >>> cost_quality_curve(quality, cost, quality, cost)[[0, -1]]  # no money, and any money
    array([[0.2, 0.2],
           [1. , 1. ]])
    """
    known = known_outcomes(quality, cost)
    rows = known.any(axis=1)
    if not rows.any():
        raise ValueError("No query has a candidate of known quality and cost; there is nothing to evaluate.")
    pays = sweep_for(cost)
    chosen = choices(prediction_quality[rows], prediction_cost[rows], known[rows], pays, reward)
    means = [np.take_along_axis(observed[rows], chosen, axis=1).mean(axis=0) for observed in (cost, quality)]
    return np.stack(means, axis=1)


def known_outcomes(quality: Floats, cost: Floats) -> npt.NDArray[np.bool_]:
    """Return where quality and cost are both known, shape (n, m)."""
    return ~(np.isnan(quality) | np.isnan(cost))


def candidate_points(quality: Floats, cost: Floats) -> Floats:
    """Return every candidate's mean cost and quality over its known outcomes, shape (m, 2).

    >>> candidate_points(np.array([[1.0, 0.0], [0.0, np.nan]]), np.array([[4.0, 2.0], [2.0, 9.0]]))
    array([[3. , 0.5],
           [2. , 0. ]])
    """
    known = known_outcomes(quality, cost)
    if not known.any(axis=0).all():
        raise ValueError(
            f"Columns {np.flatnonzero(~known.any(axis=0)).tolist()} have no known outcome; cut them."
        )
    return np.stack(
        [np.where(known, values, 0).sum(axis=0) / known.sum(axis=0) for values in (cost, quality)], 1
    )


def cost_range(quality: Floats, cost: Floats) -> tuple[float, float]:
    """Return AIQ's cost range: the lowest and the highest mean cost of a candidate over its known outcomes, USD.

    >>> cost_range(np.array([[1.0, 0.0]]), np.array([[4.0, 2.0]]))
    (2.0, 4.0)
    """
    seen = known_outcomes(quality, cost).any(axis=0)
    if not seen.any():
        raise ValueError("No candidate has a known outcome; there is no cost range.")
    means = candidate_points(quality[:, seen], cost[:, seen])[:, 0]
    return float(means.min()), float(means.max())


def zero_router_points(quality: Floats, cost: Floats) -> Floats:
    """Return the points between which the zero router interpolates: query-independent choices.

    If all outcomes are known these are `candidate_points`. A candidate with missing outcomes has no point over all
    queries; it is replaced by the choices of a router that predicts each candidate's mean for every query.

    Source: RouterBench, arXiv 2403.12031, section 4.2; the treatment of missing outcomes is ours.
    """
    points, known = candidate_points(quality, cost), known_outcomes(quality, cost)
    always = known[known.any(axis=1)].all(axis=0)
    if always.all():
        return points
    mean_cost, mean_quality = (np.broadcast_to(means, quality.shape) for means in points.T)
    return np.concatenate(
        [points[always], cost_quality_curve(mean_quality, mean_cost, quality, cost, "linear")]
    )


def non_decreasing_convex_hull(points: Floats) -> Floats:
    """Return the vertices of the upper, non-decreasing convex hull, by increasing cost, shape (h, 2).

    Random mixtures of two neighbouring vertices reach every point on the segment between them, and no mixture of any
    points lies above the hull.

    >>> non_decreasing_convex_hull(np.array([[1, 0.2], [2, 0.3], [3, 0.8], [4, 0.7]]))
    array([[1. , 0.2],
           [3. , 0.8]])
    """
    if len(points) == 0 or not np.isfinite(points).all():
        raise ValueError("A hull needs at least one point, and finite ones.")
    ordered = points[np.lexsort((-points[:, 1], points[:, 0]))]
    best_before = np.maximum.accumulate(ordered[:, 1])
    better = np.append(True, ordered[1:, 1] > best_before[:-1])
    hull: list[tuple[float, float]] = []
    for cost, quality in ordered[better].tolist():
        while len(hull) > 1 and _is_below(hull[-1], hull[-2], (cost, quality)):
            hull.pop()
        hull.append((cost, quality))
    return np.array(hull)


def _is_below(middle: tuple[float, float], left: tuple[float, float], right: tuple[float, float]) -> bool:
    """Return whether the middle point lies on or below the segment from left to right."""
    rise, run = middle[1] - left[1], middle[0] - left[0]
    return rise * (right[0] - left[0]) <= (right[1] - left[1]) * run


def aiq(points: Floats, low: float, high: float) -> float:
    """Return the area under the hull of the points over [low, high] USD, divided by high - low.

    The area under the piecewise linear hull is exact. After its last vertex the hull is constant; before its first one
    it rises from quality 0 at `low`.

    Args:
        points: Mean cost and quality, shape (p, 2).
        low: Start of the cost range, USD; by convention the cheapest candidate's mean cost.
        high: End of the cost range, USD; by convention the most expensive candidate's mean cost.

    Source: RouterBench, arXiv 2403.12031, section 4.3.

    >>> aiq(np.array([[0.0, 0.5], [1.0, 1.0]]), low=0.0, high=2.0)  # (0.75 * 1 + 1 * 1) / 2
    0.875
    """
    if not low < high:
        raise ValueError(f"AIQ needs a cost range with low < high, got {low!r} and {high!r}.")
    hull = non_decreasing_convex_hull(points)
    if hull[0, 0] > low:
        hull = np.concatenate([[[low, 0.0]], hull])
    cost = np.concatenate([[low], hull[(hull[:, 0] > low) & (hull[:, 0] < high), 0], [high]])
    quality = np.interp(cost, hull[:, 0], hull[:, 1])
    return float((np.diff(cost) * (quality[1:] + quality[:-1]) / 2).sum() / (high - low))


def maximum_quality(points: Floats) -> float:
    """Return the highest mean quality that any willingness to pay reaches.

    >>> maximum_quality(np.array([[1.0, 0.7], [2.0, 0.9], [3.0, 0.8]]))
    0.9
    """
    return float(points[:, 1].max())


def cost_at_quality(points: Floats, quality: float) -> float:
    """Return the lowest cost at which the hull reaches a quality, USD; NaN if it never does.

    >>> cost_at_quality(np.array([[1.0, 0.5], [3.0, 0.75]]), 0.625)  # half way
    2.0
    >>> cost_at_quality(np.array([[1.0, 0.5], [3.0, 0.75]]), 0.8)
    nan
    """
    hull = non_decreasing_convex_hull(points)
    if quality > hull[-1, 1] + _TOLERANCE:
        return float("nan")
    return float(np.interp(quality, hull[:, 1], hull[:, 0]))


def gap_closed(aiq: float, zero: float, oracle: float) -> float:
    """Return (aiq - zero) / (oracle - zero): 0 for the zero router, 1 for the oracle; NaN without a gap.

    >>> gap_closed(0.8125, zero=0.75, oracle=1.0)
    0.25
    """
    return (aiq - zero) / (oracle - zero) if oracle > zero else float("nan")
