"""The dial: cost preference -> willingness to pay, calibrated on the predicted costs of a pool."""

from __future__ import annotations

import math
from itertools import pairwise
from numbers import Real
from typing import Annotated

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, Field, field_validator

from crossroute.numeric import Floats, typical_weights
from crossroute.reward import LEAST_QUALITY, Reward, best

LEAST_TO_PAY, MOST_TO_PAY = 1e-12, 1e12
NOTCHES = 101
GRID = np.concatenate([[MOST_TO_PAY], np.geomspace(1e5, 1e-11, 641), [LEAST_TO_PAY]])
"""Willingness to pay, USD, at which spend is computed: the same for every pool, so only chosen candidates matter."""

TIE = 1e-9
"""Rewards closer than this, relative to the willingness to pay, count as tied."""

FEW = 500
"""Below this many queries, a single expensive one (five times the mean) would move the dial by more than a notch."""

MOST_OF_SPEND = 0.01
"""Maximum share of the spend range that one of few queries contributes (one notch), or the median share if higher."""


class Dial(BaseModel):
    """Cost preference -> willingness to pay, so that expected spend falls evenly from 0 to 1.

    Attributes:
        willingness_to_pay: USD at the preferences 0, 0.01, ..., 1, shape (101,), non-increasing.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    willingness_to_pay: tuple[Annotated[float, Field(gt=0, allow_inf_nan=False)], ...] = Field(
        min_length=NOTCHES, max_length=NOTCHES
    )

    @field_validator("willingness_to_pay")
    @classmethod
    def _check_order(cls, notches: tuple[float, ...]) -> tuple[float, ...]:
        if any(later > earlier for earlier, later in pairwise(notches)):
            raise ValueError("the willingness to pay must never rise from 0, quality first, to 1, cheapest")
        return notches

    @classmethod
    def calibrate(cls, quality: Floats, cost: Floats, reward: Reward = "exponential") -> Dial:
        """Set the dial from predictions on calibration queries.

        For fixed predictions the mean cost of the choices is a non-decreasing function of the willingness to pay; the
        notches are where it crosses 101 evenly spaced levels.

        Args:
            quality: Predicted quality, shape (n, m), in [0, 1].
            cost: Predicted cost, shape (n, m), USD for one call.
            reward: The reward that will be maximized.
        """
        first = best(quality, cost, MOST_TO_PAY, reward)
        highest = cost[np.arange(len(cost)), first]  # (n,), the most that any choice costs
        value = quality if reward == "linear" else np.log(np.maximum(quality, LEAST_QUALITY))
        row, turn, saved = _find_switches(value, cost, first)
        weight = typical_weights(np.maximum(highest, LEAST_TO_PAY))
        weight *= _cap_shares(np.bincount(row, weight[row] * saved, minlength=len(cost)).astype(cost.dtype))
        order = turn.argsort()
        spent = (weight * highest).mean() - np.append(0, (weight[row] * saved)[order].cumsum()) / len(cost)
        # a switch exactly at this willingness to pay counts from the next one, because of rounding
        spend = spent[np.searchsorted(turn[order], (1 - TIE) / GRID, side="right")]
        levels = np.linspace(spend[0], spend[-1], NOTCHES)
        # spend falls in steps: take the first, highest, willingness to pay at or under each level
        notches = [GRID[int(np.argmax(spend <= level * (1 + 1e-9)))] for level in levels[1:-1]]
        return cls(willingness_to_pay=(MOST_TO_PAY, *map(float, notches), LEAST_TO_PAY))

    def at(self, cost_preference: float) -> float:
        """Return the willingness to pay in USD, with its logarithm interpolated between notches.

        Raises:
            ValueError: `cost_preference` is not a number in [0, 1].
        """
        if not isinstance(cost_preference, Real) or not 0 <= cost_preference <= 1:
            raise ValueError(
                f"cost_preference must be in [0, 1], got {cost_preference!r}: 0 is quality first, 1 cheapest."
            )
        place = cost_preference * (NOTCHES - 1)
        low = min(int(place), NOTCHES - 2)
        part = place - low
        first, second = map(math.log, self.willingness_to_pay[low : low + 2])
        return math.exp(first + part * (second - first))


def _cap_shares(swing: Floats) -> Floats:
    """Return factors in (0, 1], shape (n,), that cap the contribution of single queries to the spend range.

    Args:
        swing: USD between the most expensive and the cheapest choice, shape (n,).
    """
    if len(swing) >= FEW or not swing.any():
        return np.ones_like(swing)
    most = max(MOST_OF_SPEND * float(swing.sum()), float(np.median(swing[swing > 0])))
    shares: Floats = most / np.maximum(swing, most)
    return shares


def _find_switches(
    value: Floats, cost: Floats, choice: npt.NDArray[np.intp]
) -> tuple[npt.NDArray[np.intp], Floats, Floats]:
    """Return where each query switches to a cheaper candidate as the willingness to pay falls.

    The reward is linear in 1 / lambda, so the choices follow an upper envelope of lines, computed for all queries
    together.

    Args:
        value: The reward without its cost term, shape (n, m).
        cost: Predicted cost, shape (n, m), USD for one call.
        choice: The choice at the highest willingness to pay, shape (n,).

    Returns:
        For each switch the query, 1 / lambda and the USD saved.
    """
    at, turned, turns = np.arange(len(cost)), np.zeros(len(cost)), []
    while at.size:
        column = choice[:, None]
        saved = np.take_along_axis(cost, column, 1) - cost  # (n, m)
        lost = np.take_along_axis(value, column, 1) - value
        turn = np.divide(lost, saved, out=np.full_like(saved, np.inf), where=saved > 0)
        turned = np.maximum(turned, turn.min(axis=1))
        choice = np.where(turn <= turned[:, None], cost, np.inf).argmin(axis=1)  # a tie goes to the cheaper
        going = turned < np.inf
        turns.append((at[going], turned[going], saved[going, choice[going]]))
        at, turned, choice, value, cost = (each[going] for each in (at, turned, choice, value, cost))
    row, turned, saved = map(np.concatenate, zip(*turns, strict=True))
    return row, turned, saved
