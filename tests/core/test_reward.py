import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossroute.reward import best, linear_reward, log_exponential_reward

REWARDS = ("exponential", "linear")
QUALITIES = st.integers(0, 1_000).map(lambda thousandths: thousandths / 1_000)
COSTS = st.integers(0, 10**6).map(lambda micros: micros / 10**6)
POOLS = st.lists(st.tuples(QUALITIES, COSTS), min_size=1, max_size=6).map(
    lambda rows: (np.array([[q for q, _ in rows]]), np.array([[c for _, c in rows]]))
)
PAYS = st.floats(-12, 12).map(lambda power: 10.0**power)


def test_rewards_by_hand():
    quality, cost = np.array([[0.9, 0.6]]), np.array([[0.02, 0.005]])
    assert linear_reward(quality, cost, 0.1) == pytest.approx(np.array([[0.7, 0.55]]))
    assert log_exponential_reward(quality, cost, 0.1) == pytest.approx(
        np.array([[math.log(0.9) - 0.2, math.log(0.6) - 0.05]])
    )


def test_the_logarithm_is_that_of_the_papers_exponential_reward():
    random = np.random.default_rng(0)
    quality, cost = random.uniform(0.01, 1, (20, 5)), random.uniform(0, 0.1, (20, 5))
    paper = quality * np.exp(-cost / 0.03)
    assert np.exp(log_exponential_reward(quality, cost, 0.03)) == pytest.approx(paper)
    assert (best(quality, cost, 0.03) == paper.argmax(1)).all()


def test_linear_and_exponential_differ_where_quality_is_low():
    # 0.2 for $0.001, or 0.1 for nothing, with $0.0011 to pay:
    # linear 0.2 - 0.909 < 0.1; exponential 0.2 * e^-0.909 = 0.081 < 0.1; with $0.002 to pay:
    # linear 0.2 - 0.5 < 0.1, but exponential 0.2 * e^-0.5 = 0.121 > 0.1
    quality, cost = np.array([[0.2, 0.1]]), np.array([[0.001, 0.0]])
    assert best(quality, cost, 0.0011, "linear") == best(quality, cost, 0.0011, "exponential") == 1
    assert best(quality, cost, 0.002, "linear") == 1
    assert best(quality, cost, 0.002, "exponential") == 0


@given(POOLS, PAYS)
def test_rewards_are_finite_at_any_willingness_to_pay(pool, pay):
    for reward in (linear_reward, log_exponential_reward):
        assert np.isfinite(reward(*pool, pay)).all()


@given(POOLS, PAYS)
def test_the_linear_choice_agrees_with_exact_fractions(pool, pay):
    quality, cost = pool
    pay = float(f"{pay:.3g}")
    chosen = best(quality, cost, pay, "linear")[0]
    exact = [Fraction(q) - Fraction(c) / Fraction(pay) for q, c in zip(quality[0], cost[0], strict=True)]
    lowest = min(cost[0])
    slack = (1 + abs(float((cost[0][chosen] - lowest) / pay))) * 1e-12
    assert float(max(exact) - exact[chosen]) <= slack


@pytest.mark.parametrize("reward", REWARDS)
@given(POOLS, PAYS, PAYS)
def test_more_to_pay_never_picks_a_cheaper_candidate(reward, pool, one, other):
    quality, cost = pool
    low, high = sorted((one, other))
    frugal, lavish = (best(quality, cost, pay, reward)[0] for pay in (low, high))
    assert cost[0, frugal] <= cost[0, lavish]


@pytest.mark.parametrize("reward", REWARDS)
@given(POOLS)
def test_the_ends_are_the_cheapest_and_the_best(reward, pool):
    quality, cost = pool
    cheapest, top = best(quality, cost, 1e-12, reward)[0], best(quality, cost, 1e12, reward)[0]
    assert cost[0, cheapest] == cost.min()
    assert quality[0, cheapest] == quality[cost == cost.min()].max()
    assert quality[0, top] == quality.max()
    assert cost[0, top] == cost[quality == quality.max()].min()


@pytest.mark.parametrize("reward", REWARDS)
@given(POOLS, PAYS, st.randoms(use_true_random=False))
def test_permuting_the_pool_permutes_the_choice(reward, pool, pay, random):
    quality, cost = pool
    order = list(range(quality.shape[1]))
    random.shuffle(order)
    chosen = best(quality, cost, pay, reward)[0]
    permuted = order[best(quality[:, order], cost[:, order], pay, reward)[0]]
    assert (quality[0, chosen], cost[0, chosen]) == (quality[0, permuted], cost[0, permuted])


def test_a_tie_goes_to_the_cheaper():
    assert best(np.array([[0.5, 0.5]]), np.array([[2e-3, 1e-3]]), 1e12) == 1


def test_dear_candidates_of_one_price_are_told_apart_by_quality_even_with_nothing_to_pay():
    for reward in REWARDS:
        assert best(np.array([[0.8, 0.81]]), np.array([[500.0, 500.0]]), 1e-12, reward) == 1


@pytest.mark.parametrize("pay", [0, -1, math.nan, math.inf, -math.inf])
def test_a_willingness_to_pay_that_is_none_is_refused(pay):
    for reward in REWARDS:
        with pytest.raises(ValueError, match="willingness_to_pay must be a positive number of USD, got"):
            best(np.array([[0.5]]), np.array([[0.1]]), pay, reward)
