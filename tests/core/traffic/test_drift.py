"""Whether, and since when, a candidate is not what was predicted of it."""

import numpy as np
import pytest

from crossroute.traffic.drift import find_change, has_drifted, weigh_repeats


def graded(quality, count, seed=0):
    """Return grades of 0 and 1, less the 0.8 that were predicted."""
    return (np.random.default_rng(seed).random(count) < quality) - 0.8


def each(surprise):
    return np.arange(len(surprise))


def test_a_candidate_as_predicted_has_not_drifted():
    told = [graded(0.8, 400, seed) for seed in range(50)]
    assert sum(has_drifted(surprise, 0.05, each(surprise)) for surprise in told) <= 2


def test_one_that_was_always_worse_has():
    surprise = graded(0.4, 100)
    assert find_change(surprise) == 0
    assert has_drifted(surprise, 0.05, each(surprise))


@pytest.mark.parametrize("long", [200, 2_000])
def test_one_that_got_worse_is_not_hidden_by_what_it_was(long):
    surprise = np.r_[graded(0.8, long), graded(0.4, 40, seed=1)]
    assert abs(find_change(surprise) - long) <= 10
    assert has_drifted(surprise, 0.05, each(surprise))


def test_one_that_became_what_was_predicted_has_not():
    surprise = np.r_[graded(0.4, 60), graded(0.8, 200, seed=1)]
    assert find_change(surprise) > 0
    assert not has_drifted(surprise, 0.05, each(surprise))


def test_the_same_query_again_and_again_tells_of_no_drift():
    query, found = np.r_[np.arange(100), np.full(200, 100)], []
    for seed in range(20):
        surprise = np.r_[graded(0.8, 100, seed), np.full(200, -0.8)]
        found.append(has_drifted(surprise, 0.05, query))
        assert has_drifted(surprise, 0.05, each(surprise))
    assert sum(found) <= 1


@pytest.mark.parametrize("count", [0, 1, 19])
def test_of_a_few_grades_nothing_is_said(count):
    surprise = graded(0.0, count)
    assert not has_drifted(surprise, 0.05, each(surprise))


def test_a_query_counts_once_in_all_or_once_in_so_many():
    query = np.array([0, 1, 0, 0])
    assert weigh_repeats(query).tolist() == pytest.approx([1 / 3, 1, 1 / 3, 1 / 3])
    assert weigh_repeats(query, 2).tolist() == pytest.approx([1, 1, 0.5, 0.5])


def test_a_change_is_found_where_it_is_and_none_where_there_is_none():
    random = np.random.default_rng(0)
    found = find_change(np.r_[random.random(200) < 0.9, random.random(100) < 0.4] - 0.9)
    assert abs(found - 200) <= 10
    calm = [find_change((random.random(200) < 0.7) - 0.7) for _ in range(200)]
    assert np.mean([place > 0 for place in calm]) <= 0.04  # 1 in 100 but for chance
