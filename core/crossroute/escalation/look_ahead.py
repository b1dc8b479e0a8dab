"""The value of each first candidate when another may follow (branch and bound).

All pairs of m candidates and of their b signals would be m * m * b * b numbers per query. But only the best first call
is needed: candidates with similar log-odds are grouped in boxes, and the gain of a call from one box after a call from
another is bounded for all of them at once. Only candidates with a bound of at least the best known value are computed,
over only the second calls with a bound of at least the best known second call. The result equals that of all pairs. In
a small pool each candidate has its own box, and the bound is the value.
"""

from __future__ import annotations

from itertools import product
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from crossroute.escalation.correlation import READ_WITHIN, logit
from crossroute.escalation.gain import (
    NEVER,
    AnswersInHand,
    Columns,
    NextCalls,
    Signals,
    bound_gain,
    discount,
    expected_gain,
)
from crossroute.numeric import Floats, sigmoid
from crossroute.reward import Reward, linear_reward, log_exponential_reward

ALONE = 24
"""Largest pool in which each candidate has its own box."""

EDGES = np.linspace(-READ_WITHIN, READ_WITHIN, 33)
"""Log-odds between boxes; the reading of evidence has its kinks at the first and the last."""

SLACK = 1e-9
"""Rounding error of a bound, in reward."""

TOGETHER = 16
"""Number of first calls of a query that are computed before the bounds of the others are checked again."""

AT_ONCE = 2**18
"""Maximum size of a temporary array."""


class LookAhead:
    """Expected quality of the first calls on n queries; caches what does not depend on the willingness to pay.

    Args:
        prior: Predicted quality, shape (n, m), in [0, 1].
        signals: The possible signals of the answers.
    """

    def __init__(self, prior: Floats, signals: Signals) -> None:
        self._prior, self._signals = prior, signals
        self._log_odds = logit(prior)  # (n, m)
        columns = np.arange(prior.shape[1])
        shifts = signals.shifts(self._log_odds, columns)
        self._posterior = sigmoid(self._log_odds[..., None] + shifts)  # (n, m, b)
        self._likely = signals.wrong + prior[..., None] * (signals.right - signals.wrong)  # (n, m, b)
        self._box = _boxes(self._log_odds, signals)  # (n, m)
        self._count = int(self._box.max()) + 1
        self._rows = np.arange(len(prior))[:, None]
        self._most = self._bounds()  # (n, B, b, B)

    def quality(
        self, cost: Floats, waiting: Floats, pay: float, reward: Reward, budget: float = np.inf
    ) -> Floats:
        """Return the expected quality of each first call, shape (n, m).

        For a first call that cannot be the best one, it is the quality without a second call.

        Args:
            cost: Predicted cost of a call, shape (n, m), USD.
            waiting: Value of the waiting time of each further answer, USD, shape (m,).
            pay: Willingness to pay, USD, > 0.
            reward: Kind of the reward.
            budget: Maximum cost of both calls, USD.
        """
        step = max(1, AT_ONCE // self._most[0].size)
        at = _Setting(cost, (cost + waiting) / pay, pay, reward, budget)
        rows = (np.arange(start, min(start + step, len(cost))) for start in range(0, len(cost), step))
        return np.concatenate([self._quality(part, at) for part in rows])

    def _quality(self, rows: Columns, at: _Setting) -> Floats:
        """Return `quality` of some queries, shape (r, m)."""
        cheapest = self._cheapest(rows, at.price)  # (r, B)
        prior, cost = self._prior[rows], at.cost[rows]
        most = self._most_quality(rows, at, cheapest)  # (r, m)
        if self._apart:
            return most
        value = log_exponential_reward if at.reward == "exponential" else linear_reward
        spread = cost - cost.min(axis=1, keepdims=True)
        bound = value(most, spread, at.pay)
        quality, known = prior.copy(), value(prior, spread, at.pay)
        open_ = np.broadcast_to(self._signals.speaks, prior.shape).copy()
        while True:
            open_ &= bound >= known.max(axis=1, keepdims=True) - SLACK
            if not open_.any():
                return quality
            most_first = np.argsort(np.where(open_, -bound, np.inf), axis=1)[:, :TOGETHER]  # (r, some)
            place, which = np.nonzero(np.take_along_axis(open_, most_first, axis=1))
            first = most_first[place, which]
            found = prior[place, first] + self._worth(rows[place], first, cheapest[place], at)
            quality[place, first] = found
            known[place, first] = value(found, spread[place, first], at.pay)
            open_[place, first] = False

    def _most_quality(self, rows: Columns, at: _Setting, cheapest: Columns) -> Floats:
        """Return an upper bound on the expected quality of each first call, shape (r, m)."""
        at_rows = rows[:, None]
        box, there = self._box[rows], cheapest >= 0
        posterior = self._posterior[rows][..., None]  # (r, m, b, 1)
        price = np.where(there, at.price[at_rows, cheapest], np.inf)[:, None, None]
        after = discount(posterior + self._most[at_rows, box], price, at.reward)
        barred = np.broadcast_to(~there[:, None], (*box.shape, self._count))
        if at.budget < np.inf:
            least = np.full(there.shape, np.inf)
            np.minimum.at(least, (np.arange(len(rows))[:, None], box), at.cost[rows])
            barred = barred | (at.cost[rows][..., None] + least[:, None] > at.budget)
        option = np.where(barred[:, :, None], -np.inf, after).max(axis=-1) - posterior[..., 0]
        worth = (self._likely[rows] * np.maximum(option, 0)).sum(axis=-1)
        return np.asarray(self._prior[rows] + np.where(self._signals.speaks, worth, 0.0))

    def _worth(self, rows: Columns, first: Columns, cheapest: Columns, at: _Setting) -> Floats:
        """Return the expected gain of a second call after one first call per query, shape (r,)."""
        posterior, likely = self._posterior[rows, first], self._likely[rows, first]  # (r, b)
        allowed = at.cost[rows] + at.cost[rows, first][:, None] <= at.budget  # (r, m)
        np.put_along_axis(allowed, first[:, None], False, axis=1)
        tried = np.zeros_like(allowed)
        place, box = np.nonzero(cheapest >= 0)
        tried[place, cheapest[place, box]] = True  # one of each box
        best = np.full_like(posterior, -np.inf)
        self._take_in(best, tried & allowed, rows, first, at)
        gain = self._most[rows, self._box[rows, first]]  # (r, b, B)
        gain = np.take_along_axis(gain, self._box[rows][:, None], axis=2)  # (r, b, m)
        after = discount(posterior[..., None] + gain, at.price[rows][:, None], at.reward)
        matters = (after >= np.maximum(best, posterior)[..., None] - SLACK).any(axis=1)
        self._take_in(best, matters & allowed & ~tried, rows, first, at)
        return np.asarray((likely * np.maximum(best - posterior, 0)).sum(axis=1))

    def _take_in(
        self, best: Floats, second: npt.NDArray[np.bool_], rows: Columns, first: Columns, at: _Setting
    ) -> None:
        """Update `best`, the value of the best second call after each signal, shape (r, b), by some second calls."""
        place, column = np.nonzero(second)
        step = max(1, AT_ONCE // best.shape[1] ** 2)
        for start in range(0, len(place), step):
            pair, then = place[start : start + step], column[start : start + step]
            row, began = rows[pair], first[pair]
            answers = AnswersInHand.alone(self._signals, self._log_odds[row, began], began)
            calls = NextCalls.of(self._signals, self._log_odds[row, then][:, None, None], then[:, None, None])
            gain = expected_gain(answers, calls, self._signals.correlation)[..., 0]  # (t, b)
            after = discount(self._posterior[row, began] + gain, at.price[row, then][:, None], at.reward)
            np.maximum.at(best, pair, after)

    def _cheapest(self, rows: Columns, price: Floats) -> Columns:
        """Return a candidate with the lowest price in each box, shape (r, B); -1 for an empty box."""
        found = np.full((len(rows), self._count), -1)
        order = np.argsort(-price[rows], axis=1)
        each = np.arange(len(rows))[:, None]
        found[each, np.take_along_axis(self._box[rows], order, axis=1)] = order  # the last assignment wins
        return found

    def _bounds(self) -> Floats:
        """Return upper bounds on the gain of a call from one box after a signal from another, shape (n, B, b, B)."""
        n, m = self._prior.shape
        shape = n, self._count
        low, high = np.full(shape, np.inf), np.full(shape, -np.inf)
        example, members = np.zeros(shape, dtype=np.intp), np.zeros(shape, dtype=np.intp)
        at = self._rows, self._box
        np.minimum.at(low, at, self._log_odds)
        np.maximum.at(high, at, self._log_odds)
        np.add.at(members, at, 1)
        example[at] = np.arange(m)
        low, high = np.where(members, low, 0.0), np.where(members, high, 0.0)
        ends = [low] if (low == high).all() else [low, high]
        self._apart = bool((members <= 1).all())
        most = np.stack([self._bound([end[row] for end in ends], example[row]) for row in range(n)])
        own = np.arange(self._count)
        most[:, own, :, own] = np.where((members == 1).T[..., None], NEVER, most[:, own, :, own])
        return most

    def _bound(self, ends: list[Floats], columns: Columns) -> Floats:
        """Return the bounds for one query and boxes with these limits of the log-odds, shape (B, b, B)."""
        seconds = [NextCalls.of(self._signals, end, columns) for end in ends]
        step = max(1, AT_ONCE // seconds[0].look.size // self._signals.shift.shape[1])
        parts = []
        for start in range(0, self._count, step):
            part = slice(start, start + step)
            firsts = [AnswersInHand.alone(self._signals, end[part], columns[part]) for end in ends]
            parts.append(bound_gain(product(firsts, seconds), self._signals.correlation))
        return np.concatenate(parts)


class _Setting(NamedTuple):
    """Cost settings of one look-ahead.

    Attributes:
        cost: Predicted cost of a call, shape (n, m), USD.
        price: Cost of a second call with its waiting time, divided by the willingness to pay, shape (n, m).
        pay: Willingness to pay, USD.
        reward: Kind of the reward.
        budget: Maximum cost of both calls, USD.
    """

    cost: Floats
    price: Floats
    pay: float
    reward: Reward
    budget: float


def _boxes(log_odds: Floats, signals: Signals) -> Columns:
    """Return the box of each candidate, shape (n, m), numbered per query.

    Candidates with the same signals and similar log-odds share a box.
    """
    m = log_odds.shape[1]
    if m <= ALONE:
        return np.broadcast_to(np.arange(m), log_odds.shape)
    tables = np.column_stack([signals.shift, signals.slope, signals.right, signals.wrong, signals.speaks])
    reading = np.unique(tables, axis=0, return_inverse=True)[1].ravel()
    key = reading * (len(EDGES) + 1) + np.searchsorted(EDGES, log_odds)
    return np.stack([np.unique(row, return_inverse=True)[1].ravel() for row in key])
