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
from crossroute.escalation.gain import (
    NEVER,
    AnswersInHand,
    Columns,
    NextCalls,
    Signals,
    discount,
    expected_gain,
)
from crossroute.escalation.look_ahead import LookAhead
from crossroute.numeric import Floats
from crossroute.reward import Reward, best

STOP = -1


class Hand(NamedTuple):
    """Probabilities after r answers to each of n queries.

    Attributes:
        posterior: P(right) of each answer, shape (n, r).
        prior: P(right) of each candidate's answer before its call, given the r answers, shape (n, m).
        gain: Expected gain of a call in the best posterior, shape (n, m); -1 for candidates that have answered.
    """

    posterior: Floats
    prior: Floats
    gain: Floats


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
        """Return the candidate to call first, given that another call may follow, shape (n,).

        Args:
            willingness_to_pay: USD, > 0.
            reward: The reward to maximize.
            budget: Maximum cost of both calls, USD.
        """
        if not self.signals.speaks.any():
            return best(self.prior, self.cost, willingness_to_pay, reward)
        quality = self._look_ahead.quality(self.cost, self.waiting, willingness_to_pay, reward, budget)
        return best(quality, self.cost, willingness_to_pay, reward)

    def hand(self, called: Columns, shift: Floats, rows: Columns | None = None) -> Hand:
        """Update the probabilities by the evidence of r answers to each of n queries.

        Args:
            called: Candidates that have answered, in order, shape (n, r).
            shift: Shift of each answer's log-odds by its own evidence, shape (n, r); NaN without evidence.
            rows: Indices of the n queries; None for all.
        """
        every = self.log_odds if rows is None else self.log_odds[rows]  # (n, m)
        log_odds = np.take_along_axis(every, called, axis=1)  # (n, r)
        look = self.signals.correlation.look(log_odds, shift)
        answers = AnswersInHand(log_odds, np.nan_to_num(look), ~np.isnan(look))
        calls = NextCalls.of(self.signals, every, np.arange(every.shape[1]))
        gain = expected_gain(answers, calls, self.signals.correlation)
        np.put_along_axis(gain, called, NEVER, axis=1)
        posterior = answers.posterior(self.signals.correlation)
        return Hand(posterior, answers.prior(self.signals.correlation, every), gain)

    @cached_property
    def _look_ahead(self) -> LookAhead:
        return LookAhead(self.prior, self.signals)


def choose_next_call(
    posterior: Floats,
    gain: Floats,
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
        gain: Expected gain of each further call in the best of them, shape (n, m).
        cost: Predicted cost, shape (n, m), USD for one call.
        willingness_to_pay: USD, > 0.
        reward: The reward to maximize.
        waiting: Value of the waiting time for each answer, USD, shape (m,).
        budget: Maximum cost of the next call, USD.

    >>> hand, cost = np.array([[0.5]]), np.array([[0.01]])
    >>> choose_next_call(hand, np.array([[0.25]]), cost, 1.0), choose_next_call(hand, np.array([[0.25]]), cost, 0.001)
    (array([0]), array([-1]))
    """
    held = posterior.max(axis=1)  # (n,)
    after = discount(held[:, None] + gain, (cost + waiting) / willingness_to_pay, reward)
    after = np.where((cost <= budget) & (gain > NEVER), after, -np.inf)  # (n, m)
    return np.where(after.max(axis=1) > held, after.argmax(axis=1), STOP)
