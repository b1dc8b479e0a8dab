"""The expected gain of a further call over the best answer in hand.

The answer of each candidate gives one of b signals; the prior determines their probabilities, and the posteriors of the
answer and of those in hand after each signal:

    gain of k     E[max(0, posterior of k - best posterior in hand)]
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import reduce
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from crossroute.escalation.correlation import Correlation, tilt
from crossroute.numeric import Floats
from crossroute.reward import Reward

Columns = npt.NDArray[np.intp]

NEVER = -1.0
"""A gain for candidates that must not be called."""


class Signals(NamedTuple):
    """The possible signals of the answers of m candidates, b each.

    Attributes:
        shift: Shift of the log-odds by a signal, for prior log-odds of 0, shape (m, b).
        slope: Change of the shift per unit of the prior log-odds, within +-3.9, shape (m, b).
        right: Probability of a signal for a right answer, shape (m, b), rows summing to 1.
        wrong: Probability of a signal for a wrong answer, shape (m, b), rows summing to 1.
        speaks: Whether the answers of a candidate have evidence, shape (m,), bool.
        correlation: Correlation of the answers to one query.
    """

    shift: Floats
    slope: Floats
    right: Floats
    wrong: Floats
    speaks: npt.NDArray[np.bool_]
    correlation: Correlation

    def shifts(self, log_odds: Floats, columns: Columns) -> Floats:
        """Return the shift of the log-odds by each signal of some candidates' answers, shape (..., b)."""
        shifts = self.shift[columns] + self.slope[columns] * tilt(log_odds)[..., None]
        return np.where(self.speaks[columns, None], shifts, 0.0)


class AnswersInHand(NamedTuple):
    """The r answers so far; shapes (..., r).

    Attributes:
        log_odds: Prior log-odds.
        look: The look at each answer (see correlation.py), 0 without evidence.
        told: Whether the answer has evidence.
    """

    log_odds: Floats
    look: Floats
    told: npt.NDArray[np.bool_]

    @classmethod
    def alone(cls, signals: Signals, log_odds: Floats, columns: Columns) -> AnswersInHand:
        """Return, for each possible signal, a single answer with that signal, shapes (..., b, 1)."""
        look = signals.correlation.look(log_odds[..., None], signals.shifts(log_odds, columns))[..., None]
        told = np.broadcast_to(signals.speaks[columns, None, None], look.shape)
        return cls(np.broadcast_to(log_odds[..., None, None], look.shape), np.where(told, look, 0.0), told)

    @property
    def total(self) -> Floats:
        """Sum of the looks, shape (..., 1)."""
        return np.asarray(self.look.sum(axis=-1, keepdims=True))

    @property
    def looks(self) -> Floats:
        """Number of answers with evidence, shape (..., 1)."""
        return np.asarray(self.told.sum(axis=-1, keepdims=True, dtype=float))

    def prior(self, correlation: Correlation, log_odds: Floats) -> Floats:
        """Return P(right) of all candidates before their answers are known, shape (..., m)."""
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
        """Return the best P(right) in hand after further looks, shape (..., m, b).

        Args:
            correlation: Correlation of the answers.
            common: Posterior mean of the common part, shape (..., m, b).
            looks: Number of looks.
        """
        best = np.zeros(())
        for held in range(self.look.shape[-1]):  # at most a few
            at = (..., held, None, None)
            log_odds, told = self.log_odds[at], self.told[at]
            seen = correlation.seen(log_odds, self.look[at], common, looks)
            unseen = correlation.unseen(log_odds, common, looks)
            best = np.maximum(best, np.where(told, seen, unseen))
        return best


class NextCalls(NamedTuple):
    """Candidates that may be called next; shapes broadcast with those of the answers in hand.

    Attributes:
        log_odds: Prior log-odds, shape (..., m).
        look: The look for each signal, shape (..., m, b).
        wrong: Probability of each signal for a wrong answer, shape (..., m, b).
        contrast: Probability for a right answer minus `wrong`, shape (..., m, b).
        speaks: Whether the answers have evidence, shape (..., m).
    """

    log_odds: Floats
    look: Floats
    wrong: Floats
    contrast: Floats
    speaks: npt.NDArray[np.bool_]

    @classmethod
    def of(cls, signals: Signals, log_odds: Floats, columns: Columns) -> NextCalls:
        """Build from candidates' columns and log-odds, both of shape (..., m)."""
        look = signals.correlation.look(log_odds[..., None], signals.shifts(log_odds, columns))
        wrong, right = signals.wrong[columns], signals.right[columns]
        return cls(log_odds, look, wrong, right - wrong, signals.speaks[columns])


class _NextAnswer(NamedTuple):
    """Probabilities after one more look, for each possible signal.

    Attributes:
        new: P(right) of the further answer, shape (..., m, b).
        old: The best P(right) of those in hand, shape (..., m, b).
        likely: Probability of the signal, shape (..., m, b).
        prior: P(right) of the further answer before it is known, shape (..., m).
        held: The best P(right) in hand before it, shape (..., 1).
    """

    new: Floats
    old: Floats
    likely: Floats
    prior: Floats
    held: Floats

    @classmethod
    def of(cls, answers: AnswersInHand, calls: NextCalls, correlation: Correlation) -> _NextAnswer:
        total, looks = answers.total[..., None], answers.looks[..., None] + 1  # (..., 1, 1)
        common = correlation.common(total + calls.look, looks)  # (..., m, b)
        prior = answers.prior(correlation, calls.log_odds)  # (..., m)
        return cls(
            new=correlation.seen(calls.log_odds[..., None], calls.look, common, looks),
            old=answers.best(correlation, common, looks),
            likely=calls.wrong + prior[..., None] * calls.contrast,
            prior=prior,
            held=answers.posterior(correlation).max(axis=-1, keepdims=True),
        )

    def merge_bounds(self, other: _NextAnswer) -> _NextAnswer:
        """Return values with a gain of at least that of both."""
        return _NextAnswer(
            new=np.maximum(self.new, other.new),
            old=np.minimum(self.old, other.old),
            likely=np.maximum(self.likely, other.likely),
            prior=np.maximum(self.prior, other.prior),
            held=np.minimum(self.held, other.held),
        )

    def compute_gain(self, speaks: npt.NDArray[np.bool_]) -> Floats:
        """Return the expected gain in the best posterior, shape (..., m)."""
        told = (self.likely * np.maximum(self.new - self.old, 0)).sum(axis=-1)
        replaced = np.maximum(
            self.prior - self.held, 0
        )  # without evidence, an answer can only replace another
        return np.asarray(np.where(speaks, told, replaced))


def expected_gain(answers: AnswersInHand, calls: NextCalls, correlation: Correlation) -> Floats:
    """Return E[max(0, posterior of k - best posterior in hand)], shape (..., m)."""
    return _NextAnswer.of(answers, calls, correlation).compute_gain(calls.speaks)


def bound_gain(corners: Iterable[tuple[AnswersInHand, NextCalls]], correlation: Correlation) -> Floats:
    """Return an upper bound on the gain between the given corners, shape (..., m).

    Args:
        corners: The same answers and candidates at the minimum and maximum of their log-odds, all within +-3.9 or all
            beyond, where a probability is monotone in them, so that its extremes are at the corners.
        correlation: Correlation of the answers.
    """
    found = list(corners)
    every = (_NextAnswer.of(answers, calls, correlation) for answers, calls in found)
    return reduce(_NextAnswer.merge_bounds, every).compute_gain(found[0][1].speaks)


def discount(quality: Floats, price: Floats, reward: Reward) -> Floats:
    """Return quality discounted by cost / lambda."""
    value: Floats = quality * np.exp(-price) if reward == "exponential" else quality - price
    return value
