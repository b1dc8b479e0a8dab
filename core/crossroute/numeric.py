"""Arithmetic: log-odds and shares, sums by group, and the function of a network's hidden units."""

from __future__ import annotations

import math
from functools import cache
from typing import TypeVar

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.floating]
Flags = npt.NDArray[np.bool_]
Singles = npt.NDArray[np.float32]
F = TypeVar("F", bound=np.floating)

TYPICAL_SHARE = 0.95
"""An amount that is larger than this share of the others counts as one that is not: no single one moves a sum."""

PLACES, MOST_GELU = 1024, 6
"""Of the table of a hidden unit's function: places for each 1, and where it ends on both sides."""

HALF = np.array(0.5, dtype=np.float32)
"""As an array, which arithmetic need not convert; exact in single precision, and leaves double precision as it is."""


def logit(probability: Floats, least: float) -> Floats:
    """Return log(p / (1 - p)), with p held within [least, 1 - least]."""
    held = np.clip(probability, least, 1 - least)
    return np.asarray(np.log(held) - np.log1p(-held))


def clip(
    values: npt.NDArray[F], least: npt.NDArray[F] | F | float, most: npt.NDArray[F] | F | float
) -> npt.NDArray[F]:
    """Return values held within two bounds, as `np.clip` does in three times the time."""
    held: npt.NDArray[F] = np.minimum(np.maximum(values, least), most)
    return held


def sigmoid(log_odds: npt.NDArray[F]) -> npt.NDArray[F]:
    """Return 1 / (1 + exp(-log_odds)), which cannot overflow.

    >>> sigmoid(np.array([0.0]))
    array([0.5])
    """
    half = np.asarray(log_odds * HALF)
    np.tanh(half, out=half)
    half *= HALF
    half += HALF
    return half


def softmax(scores: npt.NDArray[F]) -> npt.NDArray[F]:
    """Return shares along the last axis that sum to 1."""
    shares: npt.NDArray[F] = scores - np.maximum.reduce(scores, axis=-1, keepdims=True)
    np.exp(shares, out=shares)
    shares /= np.add.reduce(shares, axis=-1, keepdims=True)
    return shares


def sum_by(group: npt.NDArray[np.intp], values: Floats, groups: int) -> Floats:
    """Return the rows' sums by group, shape (groups, m).

    >>> sum_by(np.array([1, 0, 1]), np.array([[1.0], [2.0], [3.0]]), 2).tolist()
    [[2.0], [4.0]]
    """
    total = np.zeros((groups, values.shape[1]))
    np.add.at(total, group, values)
    return total


def typical_weights(amounts: Floats) -> Floats:
    """Return weights under which no amount, above 0, counts for more than a typically large one, shape (n,).

    >>> typical_weights(np.r_[np.ones(99), 4.0]).tolist()[-1]
    0.25
    """
    return np.asarray(np.minimum(1, np.quantile(amounts, TYPICAL_SHARE) / amounts))


def average_known(values: Floats) -> float:
    """Return the mean of the numbers that are no NaN; NaN where there is none.

    >>> average_known(np.array([1.0, np.nan, 2.0]))
    1.5
    """
    known = values[~np.isnan(values)]
    return float(known.mean()) if len(known) else float("nan")


def means_by(groups: npt.NDArray[np.intp], values: Floats) -> Floats:
    """Return the mean of each group's rows, shape (groups, ...)."""
    _, group, count = np.unique(groups, return_inverse=True, return_counts=True)
    return np.asarray(sum_by(group, values, len(count)) / count[:, None])


def gelu(x: Singles) -> Singles:
    """Return x * Phi(x), straight between the places of a table: within 1e-6, the last digit of single precision."""
    offset, slope = _gelu_lines()
    place = (x * PLACES + MOST_GELU * PLACES).astype(np.intp)  # beyond its ends it is a line
    values: Singles = slope.take(place, mode="clip")
    values *= x
    values += offset.take(place, mode="clip")
    return values


@cache
def _gelu_lines() -> tuple[Singles, Singles]:
    """Return offset and slope of the line from each place of the table to the next; at the ends, 0 and x."""
    x = np.arange(-MOST_GELU * PLACES, MOST_GELU * PLACES + 1) / PLACES
    y = x / 2 * np.array([math.erfc(-value / math.sqrt(2)) for value in x])
    slope = np.diff(y) * PLACES
    offset = y[:-1] - slope * x[:-1]
    slope[[0, -1]], offset[[0, -1]] = (0, 1), 0
    return offset.astype(np.float32), slope.astype(np.float32)
