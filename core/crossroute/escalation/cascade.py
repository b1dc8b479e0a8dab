"""Cascade routing: choose the first candidate, and after each answer whether to call another.

Arrays over n queries and m candidates. The evidence of an answer is modelled as one of b signals per candidate (see
verifier.py), with its probability for a right and a wrong answer, and its shift of the log-odds. From these follows the
expected gain of a further call:

    value of stopping            the best posterior in hand
    value of calling k           E[max(best in hand, posterior of k)], discounted by the cost of k
    value of beginning with j    E over its signals of the better of both, discounted by the cost of j

The discount is that of the reward: q * exp(-cost / lambda), or q - cost / lambda; the value of the waiting time is
added to the cost of a further call. With one call, or without evidence, this is plain routing; with a cheap and an
expensive candidate it is the classical cascade, with a threshold that follows from lambda. After the first answer each
step looks one call ahead.

Source: "A Unified Approach to Routing and Cascading for LLMs", arXiv 2410.10347. Deviations: posteriors over
the signals of an answer in place of re-estimated qualities, the reward in place of a linear trade-off, and
one call of look-ahead in place of all supersets.
"""

from __future__ import annotations

from functools import cached_property
from typing import NamedTuple

import numpy as np

from crossroute.escalation.correlation import logit
from crossroute.escalation.look_ahead import LookAhead
from crossroute.escalation.rise import NEVER, Columns, Following, Seen, Signals, discount, expected_gain
from crossroute.numeric import Floats
from crossroute.reward import Reward, best

STOP = -1


class Hand(NamedTuple):
    """Probabilities after r answers to each of n queries.

    Attributes:
        posterior: P(right) of each answer, shape (n, r).
        prior: P(right) of each candidate's answer before its call, given the r answers, shape (n, m).
        rise: Expected gain of a call in the best posterior, shape (n, m); -1 for candidates that have answered.
    """

    posterior: Floats
    prior: Floats
    rise: Floats


class Forecast:
    """Predictions for n queries before any call, for any willingness to pay.

    Args:
        prior: Predicted quality, shape (n, m), in [0, 1].
        cost: Predicted cost of a call, shape (n, m), USD.
        signals: The possible signals of the answers.
        waiting: Value of the waiting time of each candidate as a further call, USD, shape (m,).
    """

    def __init__(self, prior: Floats, cost: Floats, signals: Signals, waiting: Floats | float = 0.0) -> None:
        self.prior, self.cost, self.signals = prior, cost, signals
        self.waiting = np.broadcast_to(waiting, cost.shape[1:])
        self.log_odds = logit(prior)  # (n, m)

    def first(
        self, willingness_to_pay: float, reward: Reward = "exponential", *, budget: float = np.inf
    ) -> Columns:
        """Return the candidate to call first where another call may follow, shape (n,).

        Args:
            willingness_to_pay: USD, > 0.
            reward: What is maximized.
            budget: Most that both calls may cost, USD.
        """
        if not self.signals.speaks.any():
            return best(self.prior, self.cost, willingness_to_pay, reward)
        quality = self._look_ahead.quality(self.cost, self.waiting, willingness_to_pay, reward, budget)
        return best(quality, self.cost, willingness_to_pay, reward)

    def hand(self, called: Columns, shift: Floats, rows: Columns | None = None) -> Hand:
        """Take in answers.

        Args:
            called: Candidates that have answered, in order, shape (n, r).
            shift: What each answer adds to its own log-odds, shape (n, r); NaN where it told nothing.
            rows: The n queries among those foreseen, in place of all.
        """
        every = self.log_odds if rows is None else self.log_odds[rows]  # (n, m)
        log_odds = np.take_along_axis(every, called, axis=1)  # (n, r)
        look = self.signals.correlation.look(log_odds, shift)
        seen = Seen(log_odds, np.nan_to_num(look), ~np.isnan(look))
        following = Following.of(self.signals, every, np.arange(every.shape[1]))
        rise = expected_gain(seen, following, self.signals.correlation)
        np.put_along_axis(rise, called, NEVER, axis=1)
        posterior = seen.posterior(self.signals.correlation)
        return Hand(posterior, seen.prior(self.signals.correlation, every), rise)

    @cached_property
    def _look_ahead(self) -> LookAhead:
        return LookAhead(self.prior, self.signals)


def choose_next_call(
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
    >>> choose_next_call(hand, np.array([[0.25]]), cost, 1.0), choose_next_call(hand, np.array([[0.25]]), cost, 0.001)
    (array([0]), array([-1]))
    """
    held = posterior.max(axis=1)  # (n,)
    after = discount(held[:, None] + rise, (cost + waiting) / willingness_to_pay, reward)
    after = np.where((cost <= budget) & (rise > NEVER), after, -np.inf)  # (n, m)
    return np.where(after.max(axis=1) > held, after.argmax(axis=1), STOP)
