import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from crossroute.model.ability import SPREAD, fit_ability, fit_ease, likely_quality, prior
from crossroute.numeric import sigmoid

RANDOM = np.random.default_rng(0)
ABILITY = np.array([-1.0, 0.0, 1.5])
EASE = np.array([1.0, 0.0, -1.0, 0.5])
CODERS = np.array([[0.9, 0.9, 0.4], [0.4, 0.4, 0.9], [0.8, 0.8, 0.6], [0.5, 0.5, 0.8]])
"""Four candidates, three clusters: those that are good in the first are good in the second and worse in the third."""


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


def outcomes(*shares, count=100.0):
    """Right and seen, by the share right in each cluster; None where nothing was seen."""
    seen = np.array([0.0 if share is None else count for share in shares])
    return seen * np.array([share or 0.0 for share in shares]), seen


def test_without_outcomes_it_is_the_mean_of_the_pool():
    found = likely_quality(np.zeros(3), np.zeros(3), CODERS)
    logits = np.log(CODERS / (1 - CODERS)).mean(0)
    assert found == pytest.approx(1 / (1 + np.exp(-logits)))


def test_with_many_outcomes_it_is_their_mean():
    found = likely_quality(*outcomes(0.3, 0.6, 0.95, count=100_000), CODERS)
    assert found == pytest.approx([0.3, 0.6, 0.95], abs=0.005)


def test_an_unseen_cluster_follows_the_one_that_goes_with_it_in_the_pool():
    strong, weak = (likely_quality(*outcomes(share, None, 0.65), CODERS) for share in (0.9, 0.4))
    assert strong[1] > weak[1] + 0.2
    assert strong[1] == pytest.approx(strong[0], abs=0.1)


def test_ability_carries_over_where_the_pool_differs_in_nothing_else():
    alike = np.array([[0.6, 0.8], [0.5, 0.73], [0.7, 0.86]])
    found = likely_quality(*outcomes(0.9, None), alike)
    assert found[1] > 0.9


def test_more_outcomes_pull_harder():
    few, many = (likely_quality(*outcomes(0.9, None, None, count=count), CODERS)[0] for count in (5, 50))
    assert prior(CODERS)[0][0] < np.log(few / (1 - few)) < np.log(many / (1 - many))


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_none_or_all_right_stays_within_bounds(share):
    found = likely_quality(*outcomes(share, share, share), CODERS)
    assert ((found > 0) & (found < 1)).all()
    assert (abs(found - share) < 0.1).all()


def test_the_covariance_is_positive_definite_whatever_the_pool():
    for pool in (CODERS, np.ones((3, 5)), np.zeros((4, 5)), np.full((3, 2), 0.5)):
        assert np.linalg.eigvalsh(prior(pool)[1]).min() > 0
