"""What one answer tells of another: the closed form against the Gaussian update by matrices."""

import numpy as np
import pytest

from crossroute.escalation.correlation import Correlation, logit
from crossroute.numeric import sigmoid
from tests.support.gaussian import believed

CORRELATIONS = [Correlation(), Correlation(0.0, 0.3), Correlation(0.9, 0.05), Correlation(0.4, 0.9)]


@pytest.mark.parametrize("correlation", CORRELATIONS)
@pytest.mark.parametrize("seen", [[], [1], [0, 2], [0, 1, 2, 3]])
def test_the_closed_form_is_the_gaussian_update(correlation, seen):
    random = np.random.default_rng(len(seen))
    log_odds, looks = random.normal(size=4), random.normal(size=len(seen)) * 2
    expected = believed(correlation, log_odds, seen, looks)
    common = correlation.common(looks.sum(), len(seen))
    unseen = correlation.unseen(log_odds, common, len(seen))
    found = correlation.seen(log_odds[seen], looks, common, len(seen))
    others = [row for row in range(4) if row not in seen]
    assert found == pytest.approx(expected[seen], abs=1e-12)
    assert unseen[others] == pytest.approx(expected[others], abs=1e-12)


@pytest.mark.parametrize("correlation", CORRELATIONS)
def test_with_one_look_the_posterior_is_the_verifiers(correlation):
    prior, shift = np.meshgrid(np.linspace(0.01, 0.99, 9), np.linspace(-6, 6, 9))
    look = correlation.look(logit(prior), shift)
    found = correlation.seen(logit(prior), look, correlation.common(look, 1), 1)
    assert found == pytest.approx(sigmoid(logit(prior) + shift), abs=1e-12)


def test_without_a_look_everyone_is_as_before():
    prior = np.linspace(0.001, 0.999, 11)
    correlation = Correlation()
    assert correlation.unseen(logit(prior), correlation.common(0.0, 0), 0) == pytest.approx(prior, abs=1e-12)


@pytest.mark.parametrize("correlation", [Correlation(), Correlation(0.9, 0.05)])
def test_the_unseen_move_with_the_look(correlation):
    log_odds = logit(np.array([0.2, 0.5, 0.8]))
    down, level, up = (correlation.unseen(log_odds, correlation.common(y, 1), 1) for y in (-4.0, 0.0, 4.0))
    assert (down < level).all()
    assert (level < up).all()


def test_without_correlation_no_candidate_moves():
    correlation, log_odds = Correlation(0.0, 0.3), logit(np.array([0.2, 0.7]))
    moved = correlation.unseen(log_odds, correlation.common(5.0, 1), 1)
    assert moved == pytest.approx(sigmoid(log_odds), abs=1e-12)


def test_two_looks_at_the_same_query_tell_less_than_twice_as_much():
    correlation = Correlation()
    assert correlation.common(2.0, 1) > correlation.common(2.0, 2) > correlation.common(1.0, 1)


@pytest.mark.parametrize("correlation", [Correlation(), Correlation(0.65, 0.1), Correlation(0.0, 0.2)])
@pytest.mark.parametrize("prior", [0.05, 0.3, 0.5, 0.9])
def test_over_all_that_may_be_seen_belief_is_the_prior(correlation, prior):
    nodes, weights = np.polynomial.hermite_e.hermegauss(60)
    looks, weights = nodes / np.sqrt(correlation.information), weights / weights.sum()  # var(y) = 1 / tau
    log_odds, common = logit(np.array(prior)), correlation.common(looks, 1)
    merit = correlation.unseen(log_odds, common, 1), correlation.seen(log_odds, looks, common, 1)
    for belief in merit:
        assert weights @ belief == pytest.approx(prior, abs=0.02), "the logistic stands for the normal"


def test_certainty_has_finite_log_odds():
    assert logit(np.array([0.0, 1.0])) == pytest.approx([-9.21, 9.21], abs=1e-3)
