import numpy as np
import pytest

from crossroute.training.teacher import LEAST_LEAF, expectations, soft_targets

RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(400, 8)) @ RANDOM.normal(size=(8, 40))  # many inputs, as of a query
CHANCE = 1 / (1 + np.exp(-X[:, :2]))
QUALITY = (RANDOM.random((400, 2)) < CHANCE).astype(float)


def test_expectations_are_nearer_to_the_truth_than_single_outcomes():
    softened = soft_targets(X, QUALITY, 1.0, seed=0)
    assert ((softened - CHANCE) ** 2).mean() < ((QUALITY - CHANCE) ** 2).mean() / 2


def test_an_expectation_has_not_seen_its_own_outcome():
    noise = (RANDOM.random((400, 1)) < 0.5).astype(float)
    softened = soft_targets(X, noise, 1.0, seed=0)
    assert abs(np.corrcoef(softened[:, 0], noise[:, 0])[0, 1]) < 0.2


def test_the_weight_mixes():
    expected = soft_targets(X, QUALITY, 1.0, seed=0)
    np.testing.assert_allclose(soft_targets(X, QUALITY, 0.25, seed=0), 0.75 * QUALITY + 0.25 * expected)


def test_a_missing_outcome_is_filled_and_the_other_candidate_unharmed():
    holes = QUALITY.copy()
    holes[:100, 1] = np.nan
    softened = soft_targets(X, holes, 0.5, seed=0)
    assert np.isfinite(softened).all()
    assert np.corrcoef(softened[:100, 1], CHANCE[:100, 1])[0, 1] > 0.7


def test_the_same_seed_gives_the_same_targets():
    assert (soft_targets(X, QUALITY, 0.8, seed=1) == soft_targets(X, QUALITY, 0.8, seed=1)).all()


def test_a_candidate_without_outcomes_is_not_expected_to_do_anything():
    softened = soft_targets(X, np.column_stack([QUALITY[:, 0], np.full(len(X), np.nan)]), 0.8, seed=0)
    assert np.isfinite(softened[:, 0]).all()
    assert np.isnan(softened[:, 1]).all()


@pytest.mark.parametrize("rows", [1, 2, LEAST_LEAF - 1])
def test_of_a_handful_of_outcomes_no_forest_is_grown(rows):
    few = np.column_stack([QUALITY[:, 0], np.full(len(X), np.nan)])
    few[:rows, 1] = 1.0
    softened = soft_targets(X, few, 0.8, seed=0)
    assert (softened[:rows, 1] == 1).all()
    assert np.isnan(softened[rows:, 1]).all()
    assert np.isnan(expectations(X, few, seed=0)[:, 1]).all(), "a prior that has seen the outcome is none"
