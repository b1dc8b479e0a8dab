import math

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import ValidationError

from crossroute.reward import best
from crossroute.routing.dial import (
    FEW,
    GRID,
    LEAST_TO_PAY,
    MOST_OF_SPEND,
    MOST_TO_PAY,
    NOTCHES,
    Dial,
)

REWARDS = ("exponential", "linear")
PREFERENCES = st.floats(0, 1)


QUALITIES = st.integers(0, 100).map(lambda hundredths: hundredths / 100)
COSTS = st.integers(0, 10_000).map(lambda micros: micros / 10**6)


@st.composite
def predictions(draw):
    n, m = draw(st.integers(1, 12)), draw(st.integers(1, 5))
    quality = draw(st.lists(st.lists(QUALITIES, min_size=m, max_size=m), min_size=n, max_size=n))
    cost = draw(st.lists(st.lists(COSTS, min_size=m, max_size=m), min_size=n, max_size=n))
    return np.array(quality), np.array(cost)


def weights(quality, cost, reward):
    """Return what each query counts: none more than a typically dear one, and than its share of what is decided."""
    rows = np.arange(len(cost))
    lavish, frugal = (cost[rows, best(quality, cost, pay, reward)] for pay in (MOST_TO_PAY, LEAST_TO_PAY))
    dearest = np.maximum(lavish, LEAST_TO_PAY)
    weight = np.minimum(1, np.quantile(dearest, 0.95) / dearest)
    swing = weight * (lavish - frugal)
    if len(cost) >= FEW:
        return weight
    most = max(MOST_OF_SPEND * swing.sum(), np.median(swing[swing > 0])) if swing.any() else 1
    return weight * np.minimum(1, most / np.where(swing, swing, most))


def spend(quality, cost, pay, reward):
    """Return the weighted mean cost of the choices."""
    rows, weight = np.arange(len(cost)), weights(quality, cost, reward)
    return (weight * cost[rows, best(quality, cost, pay, reward)]).mean()


@pytest.mark.parametrize("reward", REWARDS)
@given(predictions())
@example((np.array([[0, 0, 0], [0, 0, 0.02]]), np.array([[0, 0, 0], [0, 0, 2e-6]])))  # a tie at USD 0.0001
def test_spend_falls_evenly_along_the_dial(reward, predicted):
    quality, cost = predicted
    dial = Dial.calibrate(quality, cost, reward)
    at_notch = np.array([spend(quality, cost, pay, reward) for pay in dial.willingness_to_pay])
    level = np.linspace(at_notch[0], at_notch[-1], NOTCHES)
    assert (np.diff(at_notch) <= 1e-12).all()
    assert (at_notch <= level + 1e-6 * cost.max() + 1e-12).all()
    assert at_notch[0] == spend(quality, cost, MOST_TO_PAY, reward)
    cheapest = np.broadcast_to(cost.min(axis=1, keepdims=True), cost.shape)
    assert at_notch[-1] <= at_notch.min() + 1e-12
    assert (cost[np.arange(len(cost)), best(quality, cost, dial.at(1), reward)] == cheapest[:, 0]).all()


def rising(random, shape):
    """Return quality and cost that rise from each candidate to the next."""
    return np.sort(random.random(shape), axis=1), np.sort(random.lognormal(-6, 0.8, shape), axis=1)


def test_spend_is_close_to_even_on_many_queries():
    random = np.random.default_rng(0)
    quality, cost = rising(random, (500, 4))
    for reward in REWARDS:
        dial = Dial.calibrate(quality, cost, reward)
        at_notch = np.array([spend(quality, cost, dial.at(notch / 100), reward) for notch in range(NOTCHES)])
        level = np.linspace(at_notch[0], at_notch[-1], NOTCHES)
        assert np.abs(at_notch - level).max() < 0.03 * (level[0] - level[-1])


@pytest.mark.parametrize("reward", REWARDS)
@pytest.mark.parametrize("factor", [10, 1000])
def test_one_extreme_query_moves_no_notch_by_much(factor, reward):
    """By what the other queries come to cost at each notch; by its share of the mean, one of 1,000 times would."""
    random = np.random.default_rng(0)
    quality, cost = rising(random, (200, 4))
    extreme = cost.copy()
    extreme[50] *= factor
    usual, moved = (
        np.array([spend(quality, cost, pay, reward) for pay in dial.willingness_to_pay])
        for dial in (Dial.calibrate(quality, cost, reward), Dial.calibrate(quality, extreme, reward))
    )
    assert np.abs(moved - usual).max() < 0.05 * (usual[0] - usual[-1])


@pytest.mark.parametrize("reward", REWARDS)
@pytest.mark.parametrize("factor", [1.5, 1e6])
def test_a_candidate_that_is_never_chosen_leaves_the_dial_as_it_is(factor, reward):
    random = np.random.default_rng(0)
    quality, cost = rising(random, (200, 3))
    wider = (  # one that is worse and dearer than the cheapest, to another degree for each query
        np.concatenate([quality, 0.9 * quality[:, :1]], axis=1),
        np.concatenate([cost, factor * random.uniform(1, 2, (200, 1)) * cost[:, :1]], axis=1),
    )
    assert Dial.calibrate(*wider, reward) == Dial.calibrate(quality, cost, reward)


@pytest.mark.parametrize("reward", ["exponential", "linear"])
def test_the_dial_is_what_choosing_at_each_willingness_to_pay_gives(reward):
    random = np.random.default_rng(5)
    for candidates in (1, 2, 5, 12):
        quality, cost = random.random((30, candidates)), random.lognormal(-7, 2, (30, candidates))
        quality[:, -1], cost[:, -1] = quality[:, 0], cost[:, 0]  # a tie
        rows = np.arange(30)
        weight = weights(quality, cost, reward)
        spend = np.array(
            [(weight * cost[rows, best(quality, cost, pay, reward)]).mean() for pay in map(float, GRID)]
        )
        levels = np.linspace(spend[0], spend[-1], NOTCHES)[1:-1]
        expected = [GRID[(spend <= level * (1 + 1e-9)).argmax()] for level in levels]
        found = Dial.calibrate(quality, cost, reward).willingness_to_pay
        assert list(found) == [MOST_TO_PAY, *expected, LEAST_TO_PAY]


def test_the_ends_are_quality_first_and_cheapest():
    quality, cost = np.array([[0.9, 0.8], [0.7, 0.75]]), np.array([[0.02, 0.001], [0.03, 0.002]])
    dial = Dial.calibrate(quality, cost)
    assert best(quality, cost, dial.at(0)).tolist() == [0, 1]
    assert best(quality, cost, dial.at(1)).tolist() == [1, 1]
    assert dial.at(0) == pytest.approx(MOST_TO_PAY)
    assert dial.at(1) == pytest.approx(LEAST_TO_PAY)


@given(predictions(), PREFERENCES, PREFERENCES)
def test_a_lower_cost_preference_never_picks_a_cheaper_candidate(predicted, one, other):
    quality, cost = predicted
    dial = Dial.calibrate(quality, cost)
    low, high = sorted((one, other))
    rows = np.arange(len(cost))
    lavish = cost[rows, best(quality, cost, dial.at(low))]
    frugal = cost[rows, best(quality, cost, dial.at(high))]
    assert (frugal <= lavish).all()


def test_candidates_of_one_cost_or_of_none_can_be_calibrated():
    for cost in (np.zeros((3, 2)), np.full((3, 2), 0.01)):
        dial = Dial.calibrate(np.array([[0.5, 0.6]] * 3), cost)
        assert best(np.array([[0.5, 0.6]]), cost[:1], dial.at(0.5)) == [1]


def test_between_two_notches_the_logarithm_is_interpolated():
    dial = Dial(willingness_to_pay=tuple(10.0 ** -(notch / 10) for notch in range(NOTCHES)))
    assert dial.at(0.125) == pytest.approx(10**-1.25)


@pytest.mark.parametrize("preference", [-0.01, 1.01, math.nan, math.inf])
def test_a_preference_outside_0_and_1_is_refused(preference):
    dial = Dial(willingness_to_pay=(1.0,) * NOTCHES)
    with pytest.raises(ValueError, match=r"cost_preference must be in \[0, 1\], got"):
        dial.at(preference)


@pytest.mark.parametrize("value", [0, -1, math.nan, math.inf])
def test_a_dial_of_other_than_positive_numbers_is_refused(value):
    with pytest.raises(ValidationError):
        Dial(willingness_to_pay=(value, *[1.0] * (NOTCHES - 1)))


def test_a_dial_never_rises():
    with pytest.raises(ValidationError, match="never rise"):
        Dial(willingness_to_pay=(*[1.0] * (NOTCHES - 1), 2.0))
