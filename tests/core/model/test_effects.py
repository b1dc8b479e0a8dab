"""Effects of an effort and of lessons on predictions, by hand and on synthetic calls."""

import numpy as np
import pytest

from crossroute import Candidate, Pool
from crossroute.candidate import Lesson, Profile
from crossroute.effort import LEVELS, Effort
from crossroute.model.effects import (
    LENGTH_SHARED,
    NO_LESSON,
    NOISE,
    find_effects,
    fit_lengths,
    load_effort_table,
    pool_efforts,
    pool_lessons,
)

KINDS = tuple(load_effort_table()["levels"]["low"]["quality"])


def effort(told, usual="medium", maker="openai"):
    return Effort(told=told, usual=usual, maker=maker)


@pytest.mark.parametrize("maker", [*load_effort_table()["makers"], ""])
def test_both_effects_rise_with_the_level_for_every_kind_and_maker(maker):
    rows = [find_effects(effort(level, maker=maker), KINDS) for level in LEVELS]
    assert (np.diff([quality for quality, *_ in rows], axis=0) > 0).all()
    assert (np.diff([tokens for _, _, tokens, _ in rows]) > 0).all()


def test_the_usual_effort_changes_nothing():
    for told in ("medium", "budget=8192"):
        quality, quality_error, tokens, tokens_error = find_effects(effort(told), KINDS)
        assert not quality.any()
        assert not quality_error.any()
        assert tokens == tokens_error == 0


def test_effects_by_hand():
    table = load_effort_table()
    math = KINDS.index("math")
    quality, error, tokens, _ = find_effects(effort("high", usual="low"), KINDS)
    apart = table["levels"]["high"]["quality"]["math"] - table["levels"]["low"]["quality"]["math"]
    assert quality[math] == pytest.approx(table["makers"]["openai"]["quality"] * apart)
    assert error[math] == pytest.approx(table["quality_spread"] * apart)
    longer = table["levels"]["high"]["log_tokens"] - table["levels"]["low"]["log_tokens"]
    assert tokens == pytest.approx(table["makers"]["openai"]["log_tokens"] * longer)


def test_without_kinds_the_effect_is_the_mean_over_kinds():
    told = effort("low")
    (one,), *_ = find_effects(told)
    assert one == pytest.approx(find_effects(told, KINDS)[0].mean())


def test_only_candidates_with_an_effort_change():
    pool = Pool([Candidate(name="a"), Candidate(name="a@low", effort=effort("low"))])
    assert pool_efforts(Pool([pool["a"]]), KINDS) is None
    efforts = pool_efforts(pool, KINDS)
    kinds = np.eye(len(KINDS))
    quality = np.full((len(KINDS), 2), 0.7)
    moved = efforts.on_quality(quality, kinds)
    assert (moved[:, 0] == 0.7).all()
    assert (moved[:, 1] < 0.7).all()
    error = efforts.with_error(np.full(quality.shape, 0.1), moved, kinds)
    assert (error[:, 0] == 0.1).all()
    assert (error[:, 1] > 0.1).all()


def test_an_unknown_effort_is_refused():
    with pytest.raises(ValueError, match="got 'hard'"):
        find_effects(effort("hard"))


K = 2


def candidate(name, lesson=None):
    profile = Profile(quality=(0.5,) * K, log_tokens=(4.0,) * K, evidence=(9.0,) * K, lesson=lesson)
    return Candidate(name=name, profile=profile)


@pytest.fixture
def lessons():
    taught = Lesson(quality=1.0, quality_error=0.1, log_tokens=(0.5, -0.5))
    return pool_lessons(Pool([candidate("a", taught), candidate("b")]), K)


def test_a_pool_without_lessons_has_none():
    assert pool_lessons(Pool([candidate("a"), Candidate(name="b")]), K) is None


def test_a_lesson_changes_its_candidate_alone(lessons):
    quality = np.array([[0.5, 0.3], [0.9, 1.0]])
    moved = lessons.on_quality(quality)
    assert moved[0, 0] == pytest.approx(1 / (1 + np.exp(-1)))
    assert moved[1, 0] == pytest.approx(1 / (1 + np.exp(-(np.log(9) + 1))))
    assert (moved[:, 1] == quality[:, 1]).all()
    assert lessons.log_tokens.tolist() == [[0.5, -0.5], [0, 0]]


def test_a_slope_below_1_draws_predictions_together():
    flat = Lesson(quality=0.0, quality_error=0.1, quality_slope=0.5, log_tokens=(0.0, 0.0))
    moved = pool_lessons(Pool([candidate("a", flat)]), K).on_quality(np.array([[0.5], [0.9], [0.1]]))
    assert moved[:, 0] == pytest.approx([0.5, 0.75, 0.25])  # odds of 9 become 3


def test_a_lesson_never_raises_the_error(lessons):
    error, quality = np.array([[0.2, 0.2]]), np.array([[0.5, 0.5]])
    assert lessons.with_error(error, quality).tolist() == [[pytest.approx(0.25 * 0.1), 0.2]]
    assert lessons.quality_error.tolist() == [0.1, NO_LESSON]


def fit(cost, predicted, columns, clusters):
    given = (np.asarray(cost, dtype=float), np.asarray(predicted, dtype=float), np.asarray(columns))
    return fit_lengths(*given, np.asarray(clusters, dtype=float), candidates=2, weight=np.ones(len(cost)))


def test_no_calls_give_no_correction():
    assert fit([], [], np.array([], dtype=int), np.zeros((0, K))).tolist() == [[0, 0], [0, 0]]


def test_costs_as_predicted_give_no_correction():
    found = fit([1e-3] * 4, [1e-3] * 4, [0, 0, 1, 1], np.tile([1, 0], (4, 1)))
    np.testing.assert_allclose(found, 0, atol=1e-12)


def test_many_calls_give_the_length_of_each_candidates_answers_by_cluster():
    random = np.random.default_rng(0)
    n, truth = 4000, np.array([[0.5, 0.1], [0.2, -0.2]])
    columns, cluster = random.integers(0, 2, n), random.integers(0, K, n)
    predicted = random.uniform(1e-4, 1e-2, n)
    cost = predicted * np.exp(truth[columns, cluster] + 0.3 * random.standard_normal(n) - 0.3**2 / 2)
    found = fit(cost, predicted, columns, np.eye(K)[cluster])
    np.testing.assert_allclose(found, truth, atol=0.03)
    assert (predicted * np.exp(found[columns, cluster])).sum() == pytest.approx(cost.sum(), rel=1e-3)


@pytest.mark.parametrize("cost", [1e-12, 1.0, 1e6])
@pytest.mark.parametrize("predicted", [1e-12, 1e-3, 1e6])
def test_a_single_call_hardly_changes_a_correction(cost, predicted):
    costs, predictions = np.full(200, 1e-3), np.full(200, 1e-3)
    costs[7], predictions[7] = cost, predicted
    found = fit(costs, predictions, np.arange(200) % 2, np.tile([1, 0], (200, 1)))
    assert np.abs(found).max() < 0.15


def test_a_correction_from_few_calls_is_shrunk():
    one = fit([np.e * 1e-3], [1e-3], [0], [[1, 0]])
    assert 0 < one[0, 0] < 1
    assert one[0, 0] > one[1, 0] > 0  # in part it is all candidates' answers
    assert one[1, 1] < one[1, 0]
    assert one[1, 1] >= 1 * LENGTH_SHARED**2 / (NOISE**2 + 1)


@pytest.mark.parametrize("factor", [1e-3, 1e3])
def test_a_large_common_factor_is_learned_in_spite_of_an_outlier(factor):
    predicted = np.full(400, 1e-3)
    found = fit(predicted * factor, predicted, np.arange(400) % 2, np.tile([1, 0], (400, 1)))
    assert found[:, 0] == pytest.approx(np.log(factor), rel=0.03)
    odd = predicted * factor
    odd[5] = 1e9
    moved = fit(odd, predicted, np.arange(400) % 2, np.tile([1, 0], (400, 1)))
    assert np.abs(moved - found).max() < 0.1
