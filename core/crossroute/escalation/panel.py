"""Panels of two or three answers: P(right) from their agreement, and whether a further call pays.

For candidates without log-probabilities. Right answers agree, wrong ones only sometimes. So if a cheap pair agrees, its
answer is likely right and is returned; if not, a third candidate may be called. Arrays over n queries and m candidates.

    merit of i         z_i = log_odds_i + common + e_i,  P(right | common) in closed form, independent of the others'
    both right         E[p_i p_j], over the common part
    i and j agree      E[p_i p_j + w (1 - p_i) (1 - p_j)]
    value of a pair    sum over s in {agree, differ}: max(P(i right, s), P(j right, s), P(l right, s) exp(-c_l/lambda))

The common part is normal with the variance `Correlation.between`; expectations are Gauss-Hermite sums.

Source: conditional independence given a common factor, Vasicek, Risk 15, 2002; that wrong answers of language models
agree far above chance: "Correlated Errors in Large Language Models", arXiv 2506.07962.
"""

from __future__ import annotations

from itertools import product
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from crossroute.escalation.cascade import STOP
from crossroute.escalation.correlation import Correlation, logit
from crossroute.escalation.gain import Columns
from crossroute.numeric import Floats, sigmoid
from crossroute.reward import Reward

NODES = 9
LOGISTIC_VARIANCE = np.pi**2 / 3

Same = npt.NDArray[np.bool_]


class Calls(NamedTuple):
    """The first candidate, and the second or `STOP` if one answer is enough; shapes (n,)."""

    first: Columns
    second: Columns


class Panel:
    """Predictions for the answers to n queries, with their agreement as the only evidence.

    Args:
        prior: Predicted quality, shape (n, m), in [0, 1].
        cost: Predicted cost of a call, shape (n, m), USD, including the value of its waiting time.
        same_wrong: w, the probability that two wrong answers agree, in [0, 1].
        correlation: Correlation of merits.
    """

    def __init__(
        self, prior: Floats, cost: Floats, same_wrong: float, correlation: Correlation | None = None
    ) -> None:
        self.prior, self.cost, self.same_wrong = prior, cost, same_wrong
        self.correlation = correlation or Correlation()
        nodes, weights = np.polynomial.hermite_e.hermegauss(NODES)
        between = self.correlation.between
        moved = logit(prior)[..., None] + np.sqrt(between * LOGISTIC_VARIANCE) * nodes
        self._right = sigmoid(moved / np.sqrt(1 - between))  # (n, m, nodes)
        self._weights = weights / weights.sum()
        wrong = 1 - self._right
        self._both = np.einsum("q,niq,njq->nij", self._weights, self._right, self._right)
        self._alone = (self._right @ self._weights)[:, :, None] - self._both  # i right, j not
        neither = np.einsum("q,niq,njq->nij", self._weights, wrong, wrong)
        self.same = self._both + same_wrong * neither  # P(i and j agree), (n, m, m)
        weighted = self._weights * self._right
        agreed = np.einsum("niq,njq->nijq", self._right, self._right)
        agreed += same_wrong * np.einsum("niq,njq->nijq", wrong, wrong)
        third = np.einsum("nijq,nlq->nijl", agreed, weighted)  # l right, i and j agree
        other = (self._right @ self._weights)[:, None, None, :] - third
        m = prior.shape[1]
        called = np.eye(m, dtype=bool)
        held = called[:, None, :] | called[None, :, :]  # (m, m, m): l is i or j
        self._third, self._other = np.where(held, 0, third), np.where(held, 0, other)

    def calls(self, pay: float, reward: Reward = "exponential", *, budget: float = np.inf) -> Calls:
        """Return the candidates of the first two calls.

        Args:
            pay: Willingness to pay, USD, > 0.
            reward: The reward to maximize.
            budget: Maximum cost of all calls, USD.
        """
        price = self.cost / pay
        single = np.where(self.cost <= budget, _discount(self.prior, 1.0, price, reward), -np.inf)  # (n, m)
        pair = self._pairs(pay, reward, budget)
        n, m = self.prior.shape
        flat = pair.reshape(n, -1)
        best_pair, best_single = flat.argmax(axis=1), single.argmax(axis=1)
        paired = flat.max(axis=1) > single.max(axis=1)
        first, second = np.divmod(best_pair, m)
        return Calls(np.where(paired, first, best_single), np.where(paired, second, STOP))

    def second(
        self, first: Columns, pay: float, reward: Reward = "exponential", *, budget: float = np.inf
    ) -> Columns:
        """Return the candidate to call after one answer, or `STOP`, shape (n,)."""
        rows = np.arange(len(first))
        price = self.cost / pay
        worth = self._pairs(pay, reward, budget)[rows, first]  # (n, m)
        alone = _discount(self.prior[rows, first], 1.0, price[rows, first], reward)
        return np.where(worth.max(axis=1) > alone, worth.argmax(axis=1), STOP)

    def third(
        self,
        first: Columns,
        second: Columns,
        same: Same,
        pay: float,
        reward: Reward = "exponential",
        *,
        budget: float = np.inf,
    ) -> Columns:
        """Return the candidate to call after two answers, or `STOP`, shape (n,).

        Args:
            first: The candidate that answered first, shape (n,).
            second: The candidate that answered second, shape (n,).
            same: Whether the two answers agree, shape (n,).
            pay: Willingness to pay, USD, > 0.
            reward: The reward to maximize.
            budget: Maximum cost of the third call, USD.
        """
        rows = np.arange(len(first))
        chance = self.same[rows, first, second]
        told = np.where(same[:, None], self._third[rows, first, second], self._other[rows, first, second])
        chance = np.where(same, chance, 1 - chance)
        held = np.where(same, self._both[rows, first, second], self._held[rows, first, second])
        worth = _discount(told, chance[:, None], self.cost / pay, reward)
        worth[rows, first] = worth[rows, second] = -np.inf
        worth = np.where(self.cost <= budget, worth, -np.inf)
        return np.where(worth.max(axis=1) > held, worth.argmax(axis=1), STOP)

    def posterior(self, called: Columns, same: Same) -> Floats:
        """Return P(right) of each answer in hand, shape (n, r).

        Args:
            called: Candidates that have answered, shape (n, r).
            same: Which answers agree, shape (n, r, r).
        """
        rows, r = np.arange(len(called))[:, None], called.shape[1]
        right = self._right[rows, called]  # (n, r, nodes)
        total, each = np.zeros(len(called)), np.zeros(called.shape)
        for pattern in product((False, True), repeat=r):
            held = np.array(pattern)
            chance = np.where(held[:, None], right, 1 - right).prod(axis=1) @ self._weights
            for i in range(r):
                for j in range(i):
                    if held[i] and held[j]:
                        chance = chance * same[:, i, j]
                    elif held[i] or held[j]:
                        chance = chance * ~same[:, i, j]
                    else:
                        chance = chance * np.where(same[:, i, j], self.same_wrong, 1 - self.same_wrong)
            total += chance
            each += chance[:, None] * held
        return np.asarray(each / np.maximum(total, 1e-300)[:, None])

    @property
    def _held(self) -> Floats:
        """P(the better of two answers that differ is right, and they differ), shape (n, m, m)."""
        return np.asarray(np.maximum(self._alone, self._alone.swapaxes(1, 2)))

    def _pairs(self, pay: float, reward: Reward, budget: float) -> Floats:
        """Return the value of each pair of calls, shape (n, m, m); -inf for a candidate with itself."""
        price = self.cost / pay
        both = self.cost[:, :, None] + self.cost[:, None, :]  # (n, m, m)
        within = both[..., None] + self.cost[:, None, None, :] <= budget  # (n, m, m, m)
        agreed = _discount(self._third, self.same[..., None], price[:, None, None, :], reward)
        differ = _discount(self._other, 1 - self.same[..., None], price[:, None, None, :], reward)
        best = np.maximum(self._both, np.where(within, agreed, 0).max(axis=-1))
        best = best + np.maximum(self._held, np.where(within, differ, 0).max(axis=-1))
        worth = _discount(best, 1.0, both / pay, reward)
        worth = np.where(both <= budget, worth, -np.inf)
        same = np.arange(worth.shape[-1])
        worth[:, same, same] = -np.inf
        return np.asarray(worth)


def _discount(quality: Floats, chance: Floats | float, price: Floats, reward: Reward) -> Floats:
    """Return the quality, reached with probability `chance`, discounted by cost / lambda."""
    return np.asarray(quality * np.exp(-price) if reward == "exponential" else quality - chance * price)
