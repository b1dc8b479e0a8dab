"""Route and cascade: which candidate to call first, and after an answer whether to call another.

Pure arrays over n queries and m candidates. What an answer will tell is foreseen as one of b signals a
candidate (see verifier.py): how likely each is, were the answer right or wrong, and what it would do to the
log-odds of being right. From these follows what a further call is expected to gain:

    value of stopping            the best posterior in hand
    value of calling k           E[max(best in hand, posterior of k)], discounted by the cost of k
    value of beginning with j    E over its signals of the better of both, discounted by the cost of j

The discount is the reward's: q * exp(-cost / lambda), or q - cost / lambda; what the wait for a further call is worth
counts as its cost. With one call, or where answers
tell nothing, this is plain routing; with a cheap and a dear candidate it is the classical cascade, whose
threshold follows from lambda. After the first answer each step looks one call ahead.

Source: "A Unified Approach to Routing and Cascading for LLMs", arXiv 2410.10347. Deviations: posteriors over
the signals of an answer in place of re-estimated qualities, the reward in place of a linear trade-off, and
one call of look-ahead in place of all supersets.
"""

from __future__ import annotations

from functools import cached_property
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from crossroute.escalation.correlation import Correlation, logit, tilt
from crossroute.numeric import Floats, sigmoid
from crossroute.reward import Reward, best

Columns = npt.NDArray[np.intp]

STOP = -1
NEVER = -1.0
"""A rise at which nobody is called."""


class Signals(NamedTuple):
    """What the answers of m candidates may tell: one of b signals each.

    Attributes:
        shift: What a signal adds to the log-odds, at log-odds 0 before the answer, shape (m, b).
        slope: What it adds per unit of the log-odds before the answer, within +-3.9, shape (m, b).
        right: How likely a signal is where the answer is right, shape (m, b), rows summing to 1.
        wrong: The same where it is wrong, shape (m, b).
        speaks: Which candidates' answers tell anything, shape (m,), bool.
        correlation: How answers to one query hang together.
    """

    shift: Floats
    slope: Floats
    right: Floats
    wrong: Floats
    speaks: npt.NDArray[np.bool_]
    correlation: Correlation


class Hand(NamedTuple):
    """What r answers to each of n queries come to.

    Attributes:
        posterior: P(right) of each answer, shape (n, r).
        prior: P(right) of everyone's answer before it is seen, given those in hand, shape (n, m).
        rise: By how much a further call is expected to raise the best posterior, shape (n, m); -1 for
            candidates that have answered.
    """

    posterior: Floats
    prior: Floats
    rise: Floats


class Forecast:
    """What is foreseen of n queries before any call; the same at every willingness to pay.

    Args:
        prior: Predicted quality, shape (n, m), in [0, 1].
        cost: Predicted cost, shape (n, m), USD for one call.
        signals: What the answers may tell.
        waiting: What the wait for each candidate's answer is worth where it is called after another, USD, shape (m,).
    """

    def __init__(self, prior: Floats, cost: Floats, signals: Signals, waiting: Floats | float = 0.0) -> None:
        self.prior, self.cost, self.signals = prior, cost, signals
        self.waiting = np.broadcast_to(waiting, cost.shape[1:])
        self.log_odds = logit(prior)  # (n, m)
        shifts = signals.shift + signals.slope * tilt(self.log_odds)[..., None]  # (n, m, b)
        shifts = np.where(signals.speaks[:, None], shifts, 0)
        self._posterior = sigmoid(self.log_odds[..., None] + shifts)  # (n, m, b)
        self._look = signals.correlation.look(self.log_odds[..., None], shifts)  # (n, m, b)
        self._contrast = signals.right - signals.wrong  # (m, b)

    def first(
        self, willingness_to_pay: float, reward: Reward = "exponential", *, budget: float = np.inf
    ) -> Columns:
        """Return the candidate to call first where another call may follow, shape (n,).

        Args:
            willingness_to_pay: USD, > 0.
            reward: What is maximized.
            budget: Most that both calls may cost, USD.
        """
        price = (self.cost + self.waiting) / willingness_to_pay  # (n, m), of a second call
        after = _discounted(self._posterior[..., None] + self._rise, price[:, None, None, :], reward)
        pair = self.cost[:, :, None] + self.cost[:, None, :]  # (n, j, k)
        option = np.where(pair[:, :, None, :] <= budget, after, -np.inf).max(axis=-1) - self._posterior
        likely = self.signals.wrong + self.prior[..., None] * self._contrast  # (n, j, b)
        worth = (likely * np.maximum(option, 0)).sum(axis=-1)  # (n, j)
        quality = self.prior + np.where(self.signals.speaks, worth, 0)  # what tells nothing can wait
        return best(quality, self.cost, willingness_to_pay, reward)

    def hand(self, called: Columns, shift: Floats) -> Hand:
        """Take in answers.

        Args:
            called: Candidates that have answered, in order, shape (n, r).
            shift: What each answer adds to its own log-odds, shape (n, r); NaN where it told nothing.
        """
        log_odds = np.take_along_axis(self.log_odds, called, axis=1)  # (n, r)
        look = self.signals.correlation.look(log_odds, shift)
        seen = _Seen(log_odds, np.nan_to_num(look), ~np.isnan(look))
        one = _Seen(seen.log_odds[:, None], seen.look[:, None], seen.told[:, None])
        rise = self._rise_over(one)[:, 0]  # (n, m)
        np.put_along_axis(rise, called, NEVER, axis=1)
        posterior = seen.posterior(self.signals.correlation)
        return Hand(posterior, seen.prior(self.signals.correlation, self.log_odds), rise)

    @cached_property
    def _rise(self) -> Floats:
        """The rise expected of k after each signal of j, shape (n, j, b, k)."""
        told = np.broadcast_to(self.signals.speaks[:, None], self._look.shape)  # (n, j, b)
        log_odds = np.broadcast_to(self.log_odds[..., None], self._look.shape)
        seen = _Seen(log_odds[..., None], np.where(told, self._look, 0)[..., None], told[..., None])
        rise = self._rise_over(seen)
        same = np.arange(rise.shape[-1])
        rise[:, same, :, same] = NEVER
        return rise

    def _rise_over(self, seen: _Seen) -> Floats:
        """Return E[max(0, posterior of k - best posterior in hand)], shape (n, ..., m)."""
        correlation, speaks = self.signals.correlation, self.signals.speaks
        between = tuple(range(1, seen.look.ndim - 1))
        log_odds = np.expand_dims(self.log_odds, between)  # (n, ..., m)
        look = np.expand_dims(self._look, between)  # (n, ..., m, b)
        total, looks = seen.total[..., None], seen.looks[..., None] + 1  # (n, ..., 1, 1)
        common = correlation.common(total + look, looks)  # (n, ..., m, b)
        new = correlation.seen(log_odds[..., None], look, common, looks)
        old = seen.best(correlation, common, looks)
        prior = seen.prior(correlation, log_odds)  # (n, ..., m)
        likely = self.signals.wrong + prior[..., None] * self._contrast
        held = seen.posterior(correlation).max(axis=-1, keepdims=True)
        told = (likely * np.maximum(new - old, 0)).sum(axis=-1)
        replaced = np.maximum(prior - held, 0)  # what tells nothing can only replace
        return np.asarray(np.where(speaks, told, replaced))


def next_call(
    posterior: Floats,
    rise: Floats,
    cost: Floats,
    willingness_to_pay: float,
    reward: Reward = "exponential",
    *,
    waiting: Floats | float = 0.0,
    budget: float = np.inf,
) -> Columns:
    """Return the candidate to call next, or `STOP` (-1), shape (n,).

    Args:
        posterior: P(right) of the answers in hand, shape (n, r).
        rise: By how much each further call is expected to raise the best of them, shape (n, m).
        cost: Predicted cost, shape (n, m), USD for one call.
        willingness_to_pay: USD, > 0.
        reward: What is maximized.
        waiting: What the wait for each answer is worth, USD, shape (m,).
        budget: Most that the next call may cost, USD.

    >>> hand, cost = np.array([[0.5]]), np.array([[0.01]])
    >>> next_call(hand, np.array([[0.25]]), cost, 1.0), next_call(hand, np.array([[0.25]]), cost, 0.001)
    (array([0]), array([-1]))
    """
    held = posterior.max(axis=1)  # (n,)
    after = _discounted(held[:, None] + rise, (cost + waiting) / willingness_to_pay, reward)
    after = np.where((cost <= budget) & (rise > NEVER), after, -np.inf)  # (n, m)
    return np.where(after.max(axis=1) > held, after.argmax(axis=1), STOP)


class _Seen(NamedTuple):
    """Answers in hand: their log-odds before, the looks at them, and which told anything; shapes (..., r)."""

    log_odds: Floats
    look: Floats
    told: npt.NDArray[np.bool_]

    @property
    def total(self) -> Floats:
        return np.asarray(self.look.sum(axis=-1, keepdims=True))

    @property
    def looks(self) -> Floats:
        return np.asarray(self.told.sum(axis=-1, keepdims=True, dtype=float))

    def prior(self, correlation: Correlation, log_odds: Floats) -> Floats:
        """Return P(right) of all candidates before their answers are seen, shape (..., m)."""
        return correlation.unseen(log_odds, correlation.common(self.total, self.looks), self.looks)

    def posterior(self, correlation: Correlation) -> Floats:
        """Return P(right) of the answers in hand, shape (..., r)."""
        common = correlation.common(self.total, self.looks)
        return np.where(
            self.told,
            correlation.seen(self.log_odds, self.look, common, self.looks),
            correlation.unseen(self.log_odds, common, self.looks),
        )

    def best(self, correlation: Correlation, common: Floats, looks: Floats) -> Floats:
        """Return the best P(right) in hand after further looks; `common` and result of shape (..., m, b)."""
        best = np.zeros(())
        for held in range(self.look.shape[-1]):  # at most a few
            at = (..., held, None, None)
            log_odds, told = self.log_odds[at], self.told[at]
            seen = correlation.seen(log_odds, self.look[at], common, looks)
            unseen = correlation.unseen(log_odds, common, looks)
            best = np.maximum(best, np.where(told, seen, unseen))
        return best


def _discounted(quality: Floats, price: Floats, reward: Reward) -> Floats:
    """Return quality discounted by cost / lambda."""
    discounted: Floats = quality * np.exp(-price) if reward == "exponential" else quality - price
    return discounted
