"""A fair price, and how the willingness to pay follows it."""

import math

import numpy as np
import pytest

from crossroute.budgets.pacing import AHEAD, DEAREST, FIRST_STEP, HIGHEST, LOWEST, STEP, fair_price, step
from crossroute.budgets.state import Balance

NONE = Balance()


def test_what_is_left_is_shared_by_the_calls_to_come():
    today = Balance(spent=40.0, calls=499)
    assert fair_price(100.0, today, NONE, elapsed=0.5) == pytest.approx(60 / (500 * (1 - AHEAD)))
    assert fair_price(100.0, Balance(spent=120.0, calls=499), NONE, elapsed=0.5) == 0.0


def test_the_day_before_tells_how_many_are_coming_until_today_does():
    usual = Balance(spent=100.0, calls=1000)
    few, many = (fair_price(100.0, Balance(calls=calls), usual, elapsed=0.5) for calls in (100, 2000))
    as_usual = fair_price(100.0, Balance(calls=500), usual, elapsed=0.5)
    assert as_usual == pytest.approx(100 / (500 * (1 - AHEAD)))
    assert few > as_usual > many


def test_the_last_call_may_take_all_that_is_left():
    assert fair_price(100.0, Balance(spent=99.0, calls=1000), NONE, elapsed=1.0) == pytest.approx(1.0)


def test_steps_are_large_at_first_and_bounded():
    early, late = (step(0.0, 0.0, 1.0, calls) for calls in (0, 10_000))
    assert (early, late) == (pytest.approx(FIRST_STEP), pytest.approx(STEP))
    assert step(0.0, 1e9, 1.0, 10_000) == pytest.approx(STEP * (1 - DEAREST))
    assert step(0.0, 1.0, 0.0, 10_000) == step(0.0, 1e9, 1.0, 10_000)  # nothing is left


def test_pay_is_not_driven_beyond_where_choices_change():
    assert step(math.log(HIGHEST) + 1, 0.0, 1.0, 100) == 0
    assert step(math.log(LOWEST) - 1, 2.0, 1.0, 100) == 0
    assert step(math.log(HIGHEST) + 1, 2.0, 1.0, 100) < 0 < step(math.log(LOWEST) - 1, 0.0, 1.0, 100)


def test_money_lasts_and_is_used_up_where_calls_cost_what_is_paid():
    random, usd, calls = np.random.default_rng(0), 10.0, 2000
    spent, log_pay = 0.0, 0.0
    for number in range(calls):
        today = Balance(spent=spent, calls=number)
        fair = fair_price(usd, today, Balance(spent=usd, calls=calls), number / calls)
        cost = 2 * math.exp(log_pay) * fair * random.random()  # the more is paid, the dearer is the choice
        spent += min(cost, usd - spent)
        log_pay += step(log_pay, cost, fair, number)
    assert 0.95 * usd <= spent <= usd
