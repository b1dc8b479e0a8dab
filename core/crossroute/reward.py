"""Rewards: quality discounted by cost, at a willingness to pay.

Pure functions of arrays, numerically stable for a willingness to pay from 1e-12 to 1e12 USD.

Source: "One Head, Many Models", arXiv 2509.09782: linear reward q - c / lambda and exponential reward
q * exp(-c / lambda); lambda is the willingness to pay.
"""

from __future__ import annotations

from numbers import Real
from typing import Literal

import numpy as np
import numpy.typing as npt

from crossroute.numeric import Floats

Reward = Literal["exponential", "linear"]

LEAST_QUALITY = 1e-9

NONE_ELIGIBLE = -1
"""The column returned by `best` if no candidate is eligible."""


def log_exponential_reward(quality: Floats, cost: Floats, willingness_to_pay: float) -> Floats:
    """Return log(q) - c / lambda, the logarithm of the exponential reward q * exp(-c / lambda).

    The logarithm keeps the order and does not underflow, as the exponential does at a small lambda.

    Args:
        quality: Predicted quality, shape (n, m), in [0, 1]; below 1e-9 it counts as 1e-9.
        cost: Predicted cost, shape (n, m), USD for one call.
        willingness_to_pay: USD, > 0.

    >>> log_exponential_reward(np.array([1.0, 0.5]), np.array([0.02, 0.0]), 0.01).round(3)
    array([-2.   , -0.693])
    """
    check_payable(willingness_to_pay)
    log_quality: Floats = np.log(np.maximum(quality, LEAST_QUALITY))
    return log_quality - cost / willingness_to_pay


def linear_reward(quality: Floats, cost: Floats, willingness_to_pay: float) -> Floats:
    """Return q - c / lambda.

    Args:
        quality: Predicted quality, shape (n, m), in [0, 1].
        cost: Predicted cost, shape (n, m), USD for one call.
        willingness_to_pay: USD, > 0.

    >>> linear_reward(np.array([1.0, 0.5]), np.array([0.02, 0.0]), 0.01)
    array([-1. ,  0.5])
    """
    check_payable(willingness_to_pay)
    return quality - cost / willingness_to_pay


def best(
    quality: Floats,
    cost: Floats,
    willingness_to_pay: float,
    reward: Reward = "exponential",
    eligible: npt.NDArray[np.bool_] | None = None,
) -> npt.NDArray[np.intp]:
    """Return the column of the highest reward of each row, shape (n,); a tie goes to the cheaper candidate.

    Args:
        quality: Predicted quality, shape (n, m), in [0, 1].
        cost: Predicted cost, shape (n, m), USD for one call.
        willingness_to_pay: USD, > 0.
        reward: The reward to maximize.
        eligible: Which candidates may be chosen, shape (n, m) or (m,); all by default. Rows without one give
            `NONE_ELIGIBLE`.

    >>> best(np.array([[0.9, 0.8]]), np.array([[0.02, 0.001]]), 1.0)
    array([0])
    >>> best(np.array([[0.9, 0.8]]), np.array([[0.02, 0.001]]), 0.01)
    array([1])
    >>> best(np.array([[0.9, 0.8]]), np.array([[0.02, 0.001]]), 0.01, eligible=np.array([True, False]))
    array([0])
    """
    if eligible is not None and not eligible.all():
        return _best_eligible(quality, cost, willingness_to_pay, reward, eligible)
    compute = log_exponential_reward if reward == "exponential" else linear_reward
    # subtracting the common cost keeps the order, and small differences at a small willingness to pay
    value = compute(quality, cost - np.minimum.reduce(cost, axis=-1, keepdims=True), willingness_to_pay)
    tied = value == np.maximum.reduce(value, axis=-1, keepdims=True)
    alone = np.count_nonzero(tied) == len(value)
    column: npt.NDArray[np.intp]
    column = tied.argmax(axis=-1) if alone else np.where(tied, cost, np.inf).argmin(axis=-1)
    return column


def _best_eligible(
    quality: Floats,
    cost: Floats,
    willingness_to_pay: float,
    reward: Reward,
    eligible: npt.NDArray[np.bool_],
) -> npt.NDArray[np.intp]:
    """Return what `best` does, among eligible candidates."""
    if eligible.ndim == 1 or len(eligible) == 1:  # the same for all rows: drop the other columns
        columns = np.flatnonzero(eligible)
        if not columns.size:
            return np.full(len(quality), NONE_ELIGIBLE)
        return columns[best(quality[:, columns], cost[:, columns], willingness_to_pay, reward)]
    payable = np.where(eligible, cost, np.inf)
    least = payable.min(axis=-1, keepdims=True)  # infinite in rows without an eligible candidate
    held = np.where(eligible, quality, 0.0), np.where(eligible, cost, least)
    compute = log_exponential_reward if reward == "exponential" else linear_reward
    with np.errstate(invalid="ignore"):
        value = np.where(eligible, compute(held[0], held[1] - least, willingness_to_pay), -np.inf)
    tied = value == value.max(axis=-1, keepdims=True)
    return np.where(eligible.any(axis=-1), np.where(tied, payable, np.inf).argmin(axis=-1), NONE_ELIGIBLE)


def check_payable(willingness_to_pay: float) -> None:
    """Check a willingness to pay.

    Raises:
        ValueError: It is not a positive number.
    """
    if not isinstance(willingness_to_pay, (float, Real)) or not 0 < willingness_to_pay < np.inf:
        raise ValueError(f"willingness_to_pay must be a positive number of USD, got {willingness_to_pay!r}.")
