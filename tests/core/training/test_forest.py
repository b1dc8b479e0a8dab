import numpy as np

from crossroute.training.config import TrainingConfig
from crossroute.training.forest import grow_forest

random = np.random.default_rng(0)


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
