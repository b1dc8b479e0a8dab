import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from crossroute.ability import SPREAD, fit_ability, fit_ease
from crossroute.log_odds import sigmoid

RANDOM = np.random.default_rng(0)
ABILITY = np.array([-1.0, 0.0, 1.5])
EASE = np.array([1.0, 0.0, -1.0, 0.5])


def test_eases_are_found_though_no_candidate_saw_all_clusters():
    seen = np.array([[5000, 5000, 0, 0], [0, 5000, 5000, 0], [0, 0, 5000, 5000]], dtype=float)
    right = seen * sigmoid(ABILITY[:, None] + EASE)
    found = fit_ease(right, seen)
    np.testing.assert_allclose(found - found[0], EASE - EASE[0], atol=0.05)


def test_a_cluster_that_nobody_saw_is_as_easy_as_the_prior_says():
    assert fit_ease(np.array([[30.0, 0.0]]), np.array([[40.0, 0.0]]))[1] == 0


def test_ability_is_penalized_logistic_regression():
    answers = (RANDOM.random(200) < 0.7).astype(float)
    regression = LogisticRegression(C=SPREAD**2, fit_intercept=False, tol=1e-8)
    expected = regression.fit(np.ones((200, 1)), answers).coef_[0, 0]
    assert fit_ability(answers, np.ones(200), np.zeros(200)) == pytest.approx(expected, abs=1e-4)


def test_ability_is_where_the_posterior_is_flat():
    ease = RANDOM.normal(size=200)
    answers = (RANDOM.random(200) < sigmoid(0.7 + ease)).astype(float)
    found = fit_ability(answers, np.ones(200), ease)
    assert (answers - sigmoid(found + ease)).sum() == pytest.approx(found / SPREAD**2, abs=1e-6)


def test_without_outcomes_ability_is_the_priors():
    assert fit_ability(np.zeros(4), np.zeros(4), EASE) == 0


def test_a_candidate_that_is_always_right_stays_finite():
    assert 2 < fit_ability(np.full(4, 1e6), np.full(4, 1e6), EASE) < 30


def test_a_narrow_spread_holds_ability_back():
    right, seen = np.array([9.0, 0, 0, 0]), np.array([10.0, 0, 0, 0])
    assert 0 < fit_ability(right, seen, EASE * 0, spread=0.1) < fit_ability(right, seen, EASE * 0)


def test_the_sigmoid_does_not_overflow():
    assert sigmoid(np.array([-1e9, 0, 1e9])).tolist() == [0, 0.5, 1]
