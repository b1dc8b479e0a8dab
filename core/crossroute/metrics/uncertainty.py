"""Calibration, cost errors and bootstrap intervals."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from crossroute.numeric import Floats

_RESAMPLES_AT_ONCE = 100


def expected_calibration_error(predicted: Floats, observed: Floats, bins: int = 15) -> float:
    """Return sum_b n_b / n * |mean predicted in b - mean observed in b| over bins of equal width of [0, 1].

    Args:
        predicted: Predicted quality, any shape, in [0, 1].
        observed: Observed quality, of the same shape; NaN is left out.
        bins: Number of bins; bin b holds predictions in (b / bins, (b + 1) / bins].

    Source: Guo et al., "On Calibration of Modern Neural Networks", arXiv 1706.04599, equation 3.

    >>> expected_calibration_error(np.array([0.75, 0.75, 0.25, 0.25]), np.array([1.0, 1.0, 0.0, 0.5]), bins=2)
    0.125
    """
    known = ~np.isnan(observed)
    if not known.any():
        return float("nan")
    place = np.searchsorted(np.linspace(0, 1, bins + 1)[1:-1], predicted[known])
    excess = np.bincount(place, weights=(predicted - observed)[known], minlength=bins)
    return float(np.abs(excess).sum() / known.sum())


def cost_factor(predicted: Floats, observed: Floats) -> float:
    """Return exp(median |log(predicted / observed)|), the median factor between predicted and observed costs.

    Args:
        predicted: Predicted cost, any shape, USD for one call.
        observed: Observed cost, of the same shape; NaN and free calls are left out.

    >>> cost_factor(np.array([1.0, 2.0, 0.25]), np.array([1.0, 1.0, 1.0]))
    2.0
    """
    known = observed > 0
    if not known.any():
        return float("nan")
    with np.errstate(divide="ignore"):  # a cost predicted as 0 is off by an infinite factor
        return float(np.exp(np.median(np.abs(np.log(predicted[known]) - np.log(observed[known])))))


MOST_MORE = 100_000
"""Cap on the number of further queries."""

FEW = 10
"""With fewer queries, an interval is too uncertain to extrapolate from."""


def estimate_more_queries(gain: float, interval: tuple[float, float], queries: int) -> int | None:
    """Return about how many more queries would make a gain significant; None if this cannot be estimated.

    An interval narrows with the square root of the number of queries. The result is a multiple of 10.

    Args:
        gain: Measured gain.
        interval: Its 95 % interval.
        queries: Number of queries that it was measured on.

    >>> estimate_more_queries(0.02, (-0.02, 0.06), 100)
    300
    >>> estimate_more_queries(0.0, (0.0, 0.0), 100), estimate_more_queries(0.1, (0, 0.3), 3)
    (None, None)
    """
    half = (interval[1] - interval[0]) / 2
    if queries < FEW or half == 0:
        return None
    ratio = half / max(abs(gain), 1e-9)
    return min(MOST_MORE, max(FEW, 10 * round(queries * (ratio**2 - 1) / 10)))


def paired_bootstrap(
    statistic: Callable[[Floats], Floats], n: int, *, resamples: int = 1000, seed: int = 0
) -> Floats:
    """Return the 95 % percentile interval of a statistic under resampling of the n queries, shape (2, ...).

    Choices do not change with the draw, only the weights of the queries. A statistic may compute several values from
    the same draws, so that their differences are paired.

    Args:
        statistic: Maps weights, shape (r, n), each row summing to 1, to values, shape (r, ...).
        n: Number of queries.
        resamples: Number of draws.
        seed: Of the draws; equal seeds draw equally.

    Source: Efron and Tibshirani, "An Introduction to the Bootstrap" (1993), chapter 13.

    >>> paired_bootstrap(lambda weights: weights @ np.array([3.0, 3.0]), n=2)
    array([3., 3.])
    """
    generator = np.random.default_rng(seed)
    sizes = [_RESAMPLES_AT_ONCE] * (resamples // _RESAMPLES_AT_ONCE) + [resamples % _RESAMPLES_AT_ONCE]
    values = [
        statistic(generator.multinomial(n, np.full(n, 1 / n), size=size) / n) for size in sizes if size > 0
    ]
    interval: Floats = np.percentile(np.concatenate(values), [2.5, 97.5], axis=0)
    return interval
