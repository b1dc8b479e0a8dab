"""What a new candidate is likely to be: outcomes count where they are, the pool's ways elsewhere."""

import numpy as np
import pytest

from crossroute.likeness import likely_quality, prior

CODERS = np.array([[0.9, 0.9, 0.4], [0.4, 0.4, 0.9], [0.8, 0.8, 0.6], [0.5, 0.5, 0.8]])
"""Four candidates, three clusters: who is good in the first is good in the second and worse in the third."""


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
