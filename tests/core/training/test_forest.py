import numpy as np
import pytest

from crossroute.training.config import TrainingConfig
from crossroute.training.forest import LEAST_LEAF, grow_forest, predict_out_of_bag, soft_targets

random = np.random.default_rng(0)

RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(400, 8)) @ RANDOM.normal(size=(8, 40))  # many inputs, as of a query
CHANCE = 1 / (1 + np.exp(-X[:, :2]))
QUALITY = (RANDOM.random((400, 2)) < CHANCE).astype(float)


def of_two_kinds():
    """Return 200 queries of two kinds, which all of six features tell apart, and which candidate is good at which."""
    x = np.repeat([[-1.0] * 6, [1.0] * 6], 100, axis=0) + random.normal(size=(200, 6)) * 0.1
    return x, np.repeat([[0.9, 0.1], [0.1, 0.9]], 100, axis=0)


def test_the_forest_finds_kinds_of_query_and_tells_nothing_where_there_are_none():
    x, quality = of_two_kinds()
    assert np.abs(grow_forest(x, quality, TrainingConfig()).unseen - quality).max() < 0.1
    noise = (random.random((200, 2)) < 0.5).astype(float)
    unseen = grow_forest(x, noise, TrainingConfig()).unseen
    assert np.abs(np.corrcoef(unseen.ravel(), noise.ravel())[0, 1]) < 0.25, (
        "out of its draw a tree knows no outcome"
    )


def test_the_forest_learns_of_a_candidate_where_half_of_it_is_missing():
    x, quality = of_two_kinds()
    holes = quality.copy()
    holes[::2, 1] = np.nan
    assert np.abs(grow_forest(x, holes, TrainingConfig()).unseen - quality).max() < 0.15


def test_no_leaf_says_more_than_its_outcomes_and_one_of_the_mean():
    x, quality = of_two_kinds()
    forest = grow_forest(x, quality, TrainingConfig())
    assert forest.value.min() >= 0.1
    assert forest.value.max() <= 0.9
    assert (forest.children >= forest.root[0]).all()
    assert forest.children.max() == len(forest.feature) - 1


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
    assert np.isnan(predict_out_of_bag(X, few, seed=0)[:, 1]).all(), (
        "a prior that has seen the outcome is none"
    )
