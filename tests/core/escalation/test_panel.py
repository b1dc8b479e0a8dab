"""Agreement: by hand, by enumeration, and what it makes of calls."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossroute.escalation.cascade import STOP
from crossroute.escalation.correlation import Correlation
from crossroute.escalation.panel import Panel

APART = Correlation(between=0.0)
PRIOR = np.array([[0.8, 0.7, 0.9]])
COST = np.array([[0.001, 0.001, 0.1]])
SAME, OTHER = np.ones((1, 2, 2), dtype=bool), np.eye(2, dtype=bool)[None]
PAIR = np.array([[0, 1]])


def test_of_independent_answers_the_posterior_is_bayes_by_hand():
    panel = Panel(PRIOR, COST, same_wrong=0.5, correlation=APART)
    both, neither = 0.8 * 0.7, 0.2 * 0.3
    assert panel.same[0, 0, 1] == pytest.approx(both + 0.5 * neither)
    np.testing.assert_allclose(panel.posterior(PAIR, SAME), [[both / (both + 0.5 * neither)] * 2])
    differ = 1 - both - 0.5 * neither
    np.testing.assert_allclose(panel.posterior(PAIR, OTHER), [[0.8 * 0.3 / differ, 0.2 * 0.7 / differ]])


def test_agreement_tells_less_the_more_wrong_answers_agree_and_nothing_of_one_mind():
    told = [Panel(PRIOR, COST, w).posterior(PAIR, SAME)[0, 0] for w in (0.0, 0.3, 0.6, 1.0)]
    assert told == sorted(told, reverse=True)
    assert told[0] == pytest.approx(1)
    assert told[-1] < 0.95


def test_what_is_hard_for_one_is_hard_for_the_other():
    alike, apart = (Panel(PRIOR, COST, 0.6, Correlation(between=rho)) for rho in (0.8, 0.0))
    assert alike.same[0, 0, 1] > apart.same[0, 0, 1]
    assert alike.posterior(PAIR, SAME)[0, 1] < apart.posterior(PAIR, SAME)[0, 1]


@given(st.lists(st.floats(0.02, 0.98), min_size=3, max_size=3), st.floats(0, 1), st.floats(0, 0.9))
def test_over_all_that_may_be_seen_the_posteriors_average_to_the_prior(prior, w, rho):
    panel = Panel(np.array([prior]), COST, w, Correlation(between=rho))
    same = panel.same[0, 0, 1]
    told = same * panel.posterior(PAIR, SAME) + (1 - same) * panel.posterior(PAIR, OTHER)
    np.testing.assert_allclose(told[0], (panel._right @ panel._weights)[0, :2], atol=1e-9)
    np.testing.assert_allclose(told[0], prior[:2], atol=0.05)  # the logistic in place of the normal


def test_where_money_counts_one_cheap_answer_is_enough_and_where_it_does_not_a_pair_is_asked():
    panel = Panel(np.array([[0.7, 0.7, 0.9]]), COST, 0.3, APART)
    assert panel.calls(1e-4).second[0] == STOP
    first, second = panel.calls(1.0)
    assert {int(first[0]), int(second[0])} == {0, 1}
    agree, differ = (panel.third(first, second, np.array([same]), 1.0)[0] for same in (True, False))
    assert (agree, differ) == (STOP, 2)


def test_the_second_call_is_the_one_that_was_planned():
    panel = Panel(np.array([[0.7, 0.7, 0.9]]), COST, 0.3, APART)
    first, second = panel.calls(1.0)
    np.testing.assert_array_equal(panel.second(first, 1.0), second)
    assert panel.second(np.array([2]), 1e-4)[0] == STOP


def test_a_budget_rules_out_what_it_cannot_pay():
    panel = Panel(np.array([[0.7, 0.7, 0.9]]), COST, 0.3, APART)
    first, second = panel.calls(1.0, budget=0.01)
    assert 2 not in (first[0], second[0])
    assert panel.third(first, second, np.array([False]), 1.0, budget=0.01)[0] == STOP


def test_two_of_three_that_agree_are_believed():
    panel = Panel(np.array([[0.7, 0.7, 0.7]]), COST, 0.3, APART)
    same = np.array([[[True, True, False], [True, True, False], [False, False, True]]])
    told = panel.posterior(np.array([[0, 1, 2]]), same)[0]
    assert told[0] == told[1] > 0.7 > told[2]
