"""What it is worth to begin with a candidate: the same choices as over all pairs, in flat memory."""

import tracemalloc
from itertools import product

import numpy as np
import pytest

from crossroute.escalation.cascade import Forecast
from crossroute.escalation.gain import NEVER, AnswersInHand, NextCalls, discount, expected_gain
from crossroute.escalation.look_ahead import ALONE
from crossroute.escalation.verifier import Verifier
from crossroute.numeric import sigmoid
from crossroute.reward import best
from tests.support.escalating import candidates

PAYS = (1e-4, 3e-3, 0.1, 1e3)


def drawn(random, n, m, spread="uniform"):
    """Return priors and costs; of "doubled" ones every candidate is there twice, of "holes" some are unknown."""
    prior = random.uniform(0.01, 1, (n, m)) if spread == "uniform" else random.normal(0.7, 0.2, (n, m))
    cost = np.exp(random.uniform(np.log(1e-5), np.log(3e-2), (n, m)))
    if spread == "doubled":
        prior, cost = (np.repeat(each[:, : (m + 1) // 2], 2, axis=1)[:, :m] for each in (prior, cost))
    if spread == "holes":
        cost[:, random.integers(m, size=m // 4)] = np.inf
    return np.clip(prior, 0, 1), cost


def telling(random, m):
    """Return the signals of candidates of which some are read in their own way and some tell nothing."""
    told = Verifier.general().signals(candidates(tuple(f"c{number}" for number in range(m))))
    speaks, shift = random.random(m) < 0.8, told.shift.copy()
    own = random.choice(m, min(m // 3, 10))
    shift[own] *= random.uniform(0.3, 1.5, (len(own), 1))
    return told._replace(shift=np.where(speaks[:, None], shift, 0), speaks=speaks)


class AllPairs:
    """First calls by every pair of candidates and every pair of their signals."""

    def __init__(self, prior, cost, told):
        columns, self.log_odds = np.arange(prior.shape[1]), Forecast(prior, cost, told).log_odds
        self.prior, self.cost, self.told = prior, cost, told
        every = NextCalls.of(told, self.log_odds, columns)
        calls = NextCalls(
            every.log_odds[:, None, None],
            every.look[:, None, None],
            every.wrong,
            every.contrast,
            every.speaks,
        )
        answers = AnswersInHand.alone(told, self.log_odds, columns)  # (n, j, b, 1)
        self.gain = expected_gain(answers, calls, told.correlation)  # (n, j, b, k)
        self.gain[:, columns, :, columns] = NEVER
        self.posterior = sigmoid(self.log_odds[..., None] + told.shifts(self.log_odds, columns))  # (n, j, b)

    def first(self, pay, reward, budget):
        price = (self.cost / pay)[:, None, None]
        after = discount(self.posterior[..., None] + self.gain, price, reward)
        barred = self.cost[:, :, None] + self.cost[:, None] > budget
        option = np.where(barred[:, :, None], -np.inf, after).max(axis=-1) - self.posterior
        likely = self.told.wrong + self.prior[..., None] * (self.told.right - self.told.wrong)
        worth = (likely * np.maximum(option, 0)).sum(axis=-1)
        return best(self.prior + np.where(self.told.speaks, worth, 0), self.cost, pay, reward)


@pytest.mark.parametrize("spread", ["uniform", "bell", "doubled", "holes"])
@pytest.mark.parametrize("m", [3, ALONE, ALONE + 1, 50])
def test_choices_are_those_over_all_pairs(m, spread):
    random = np.random.default_rng(m)
    prior, cost = drawn(random, 3, m, spread)
    told = telling(random, m)
    forecast, every, changed = Forecast(prior, cost, told), AllPairs(prior, cost, told), False
    for pay, reward in product(PAYS, ("exponential", "linear")):
        for budget in (np.inf, np.median(cost)):
            first = forecast.first(pay, reward, budget=budget)
            assert (first == every.first(pay, reward, budget)).all()
            changed |= bool((first != best(prior, cost, pay, reward)).any())
    assert m == 3 or changed, "looking ahead changes some choices"


def test_a_pool_of_a_thousand_takes_little_memory():
    random = np.random.default_rng(0)
    prior, cost = drawn(random, 1, 1_000)
    told = telling(random, 1_000)
    tracemalloc.start()
    try:
        Forecast(prior, cost, told).first(1e-2)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 100e6, "all pairs take 650 MB an array"
