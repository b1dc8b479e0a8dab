"""Test whether the mean of bounded values is below a bound, by betting.

If the mean is not below the bound, the wealth of the bets is a supermartingale, so it reaches 1 / (1 - confidence) with
probability at most 1 - confidence, for any distribution (Ville's inequality). The bets adapt to the variance so far,
so that small and rare losses need far fewer observations than with Hoeffding's bound.

Source: Waudby-Smith and Ramdas, "Estimating means of bounded random variables by betting", arXiv 2010.09686, section 4;
one-sided, at the bet of the predictable plug-in for a sample of fixed size, as Bates et al., arXiv 2101.02703, use it.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from crossroute.numeric import Floats

MOST_OF_THE_STAKE = 0.9
"""Largest share of the wealth that one observation may lose."""


def log_wealth(loss: Floats, bound: float, confidence: float, reach: float = 1.0) -> Floats:
    """Return the logarithm of the highest wealth of bets that the mean loss is below a bound, shape (...).

    Args:
        loss: Observations in random order, shape (n, ...), in [-reach, reach].
        bound: The bound, in (-reach, reach).
        confidence: The bets are tuned to this confidence, in (0, 1).
        reach: Largest absolute loss.

    >>> round(float(log_wealth(np.zeros(100), 0.1, 0.9)), 2)
    8.9
    """
    scaled = (loss + reach) / (2 * reach)  # in [0, 1]
    fair = (bound + reach) / (2 * reach)
    count = np.arange(1, len(scaled) + 1).reshape(-1, *(1,) * (scaled.ndim - 1))
    mean = (0.5 + np.cumsum(scaled, axis=0)) / (count + 1)
    variance = (0.25 + np.cumsum((scaled - mean) ** 2, axis=0)) / (count + 1)
    before = np.concatenate([np.full_like(variance[:1], 0.25), variance[:-1]])
    bet = np.sqrt(2 * math.log(1 / (1 - confidence)) / (len(scaled) * before))
    bet = np.minimum(bet, MOST_OF_THE_STAKE / (1 - fair))
    wealth: Floats = np.log1p(bet * (fair - scaled)).cumsum(axis=0).max(axis=0)
    return wealth


def is_under(loss: Floats, bound: float, confidence: float, reach: float = 1.0) -> npt.NDArray[np.bool_]:
    """Return whether the mean loss is below a bound with some confidence, shape (...); arguments as for `log_wealth`.

    >>> bool(is_under(np.zeros(200), 0.02, 0.9)), bool(is_under(np.zeros(20), 0.02, 0.9))
    (True, False)
    """
    if not len(loss):
        return np.zeros(loss.shape[1:], dtype=bool)
    grown: npt.NDArray[np.bool_] = log_wealth(loss, bound, confidence, reach) >= math.log(
        1 / (1 - confidence)
    )
    return grown


def is_under_by_hoeffding(
    loss: Floats, bound: float, confidence: float, reach: float = 1.0
) -> npt.NDArray[np.bool_]:
    """Test the same by Hoeffding's inequality, for comparison."""
    margin = 2 * reach * math.sqrt(math.log(1 / (1 - confidence)) / (2 * max(1, len(loss))))
    under: npt.NDArray[np.bool_] = loss.mean(axis=0) + margin <= bound
    return under


def observations_needed(loss: Floats, bound: float, confidence: float, reach: float = 1.0) -> int | None:
    """Return about how many such observations are needed to prove a mean below the bound; None if never.

    With the best constant bet the wealth grows by exp(g) per observation, so log(1 / (1 - confidence)) / g suffice.

    Args:
        loss: Observations, shape (n,).
        bound: As for `log_wealth`.
        confidence: As for `log_wealth`.
        reach: As for `log_wealth`.

    >>> observations_needed(np.zeros(10), 0.02, 0.9)
    127
    """
    if not len(loss) or loss.mean() >= bound:
        return None
    scaled, fair = (loss + reach) / (2 * reach), (bound + reach) / (2 * reach)
    bets = np.geomspace(1e-4, 1, 60) * MOST_OF_THE_STAKE / (1 - fair)
    growth = max(float(np.log1p(bet * (fair - scaled)).mean()) for bet in bets)
    return math.ceil(math.log(1 / (1 - confidence)) / growth) if growth > 0 else None
