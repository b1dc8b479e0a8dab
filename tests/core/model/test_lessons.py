"""What traffic teaches of a pool, by hand and from made-up calls."""

import numpy as np
import pytest

from crossroute import Candidate, Pool
from crossroute.candidate import Lesson, Profile
from crossroute.model.lessons import LENGTH_SHARED, NO_LESSON, NOISE, fit_lengths, pool_lessons

K = 2


def candidate(name, lesson=None):
    profile = Profile(quality=(0.5,) * K, log_tokens=(4.0,) * K, evidence=(9.0,) * K, lesson=lesson)
    return Candidate(name=name, profile=profile)


@pytest.fixture
def lessons():
    taught = Lesson(quality=1.0, quality_error=0.1, log_tokens=(0.5, -0.5))
    return pool_lessons(Pool([candidate("a", taught), candidate("b")]), K)


def test_a_pool_that_was_taught_nothing_has_no_lessons():
    assert pool_lessons(Pool([candidate("a"), Candidate(name="b")]), K) is None


def test_what_was_taught_of_one_moves_no_other(lessons):
    quality = np.array([[0.5, 0.3], [0.9, 1.0]])
    moved = lessons.on_quality(quality)
    assert moved[0, 0] == pytest.approx(1 / (1 + np.exp(-1)))
    assert moved[1, 0] == pytest.approx(1 / (1 + np.exp(-(np.log(9) + 1))))
    assert (moved[:, 1] == quality[:, 1]).all()
    assert lessons.log_tokens.tolist() == [[0.5, -0.5], [0, 0]]


def test_a_slope_draws_what_is_read_together():
    flat = Lesson(quality=0.0, quality_error=0.1, quality_slope=0.5, log_tokens=(0.0, 0.0))
    moved = pool_lessons(Pool([candidate("a", flat)]), K).on_quality(np.array([[0.5], [0.9], [0.1]]))
    assert moved[:, 0] == pytest.approx([0.5, 0.75, 0.25])  # odds of 9 become 3


def test_a_lesson_makes_a_prediction_no_less_sure(lessons):
    error, quality = np.array([[0.2, 0.2]]), np.array([[0.5, 0.5]])
    assert lessons.with_error(error, quality).tolist() == [[pytest.approx(0.25 * 0.1), 0.2]]
    assert lessons.quality_error.tolist() == [0.1, NO_LESSON]


def fitted(cost, predicted, columns, clusters):
    given = (np.asarray(cost, dtype=float), np.asarray(predicted, dtype=float), np.asarray(columns))
    return fit_lengths(*given, np.asarray(clusters, dtype=float), candidates=2, weight=np.ones(len(cost)))


def test_no_calls_teach_nothing():
    assert fitted([], [], np.array([], dtype=int), np.zeros((0, K))).tolist() == [[0, 0], [0, 0]]


def test_costs_as_predicted_teach_nothing():
    found = fitted([1e-3] * 4, [1e-3] * 4, [0, 0, 1, 1], np.tile([1, 0], (4, 1)))
    np.testing.assert_allclose(found, 0, atol=1e-12)


def test_many_calls_teach_how_much_longer_each_candidates_answers_are_in_each_cluster():
    random = np.random.default_rng(0)
    n, truth = 4000, np.array([[0.5, 0.1], [0.2, -0.2]])
    columns, cluster = random.integers(0, 2, n), random.integers(0, K, n)
    predicted = random.uniform(1e-4, 1e-2, n)
    cost = predicted * np.exp(truth[columns, cluster] + 0.3 * random.standard_normal(n) - 0.3**2 / 2)
    found = fitted(cost, predicted, columns, np.eye(K)[cluster])
    np.testing.assert_allclose(found, truth, atol=0.03)
    assert (predicted * np.exp(found[columns, cluster])).sum() == pytest.approx(cost.sum(), rel=1e-3)


@pytest.mark.parametrize("cost", [1e-12, 1.0, 1e6])
@pytest.mark.parametrize("predicted", [1e-12, 1e-3, 1e6])
def test_no_single_call_moves_a_lesson(cost, predicted):
    costs, predictions = np.full(200, 1e-3), np.full(200, 1e-3)
    costs[7], predictions[7] = cost, predicted
    found = fitted(costs, predictions, np.arange(200) % 2, np.tile([1, 0], (200, 1)))
    assert np.abs(found).max() < 0.15


def test_few_calls_are_shrunk_to_nothing():
    one = fitted([np.e * 1e-3], [1e-3], [0], [[1, 0]])
    assert 0 < one[0, 0] < 1
    assert one[0, 0] > one[1, 0] > 0  # in part it is all candidates' answers
    assert one[1, 1] < one[1, 0]
    assert one[1, 1] >= 1 * LENGTH_SHARED**2 / (NOISE**2 + 1)


@pytest.mark.parametrize("factor", [1e-3, 1e3])
def test_costs_that_are_off_by_one_large_factor_are_learnt_and_no_single_call_moves_that(factor):
    predicted = np.full(400, 1e-3)
    found = fitted(predicted * factor, predicted, np.arange(400) % 2, np.tile([1, 0], (400, 1)))
    assert found[:, 0] == pytest.approx(np.log(factor), rel=0.03)
    odd = predicted * factor
    odd[5] = 1e9
    moved = fitted(odd, predicted, np.arange(400) % 2, np.tile([1, 0], (400, 1)))
    assert np.abs(moved - found).max() < 0.1
