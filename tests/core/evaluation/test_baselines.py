"""Baselines: each learns what there is to learn, knows what is missing, and is tuned on validation."""

import warnings
from dataclasses import dataclass

import numpy as np
import pytest
from sklearn.linear_model import Ridge

from crossroute.candidate import Candidate, Pool
from crossroute.data.outcomes import MEASURES, Outcomes
from crossroute.errors import DataError
from crossroute.evaluation.baselines import (
    AS_SHIPPED,
    FAMILIES,
    ClusterMeans,
    MatrixFactorization,
    PerCandidate,
    best_single,
    candidate_mean,
    oracle,
    random_choice,
    task_mean,
    tune,
)
from crossroute.metrics.scores import choices
from crossroute.model.prediction import Prediction

LEARNERS = {
    **{name: family[0] for name, family in FAMILIES.items()},
    **AS_SHIPPED,
}


def outcomes_of(quality, cost, tasks=None):
    n, m = quality.shape
    unknown = np.full((n, m), np.nan)
    return Outcomes(
        query_ids=tuple(map(str, range(n))),
        texts=tuple(f"query {row}" for row in range(n)),
        tasks=tuple(tasks) if tasks is not None else ("task",) * n,
        splits=("train",) * n,
        pool=Pool(Candidate(name=f"candidate-{column}") for column in range(m)),
        **{**dict.fromkeys(MEASURES, unknown), "quality": quality, "cost": cost},
    )


def two_kinds(n=160, seed=0, missing=0.2):
    """Queries of two kinds; each of two candidates is right on one of them, and dear on the other."""
    generator = np.random.default_rng(seed)
    kind = generator.integers(0, 2, n)
    embeddings = np.eye(6)[kind] + generator.normal(0, 0.15, (n, 6))
    right = kind[:, None] == np.arange(2)
    quality = np.where(generator.random((n, 2)) < 0.9, right, ~right).astype(float)
    cost = np.where(right, 1e-4, 1e-3) * generator.lognormal(0, 0.1, (n, 2))
    gaps = generator.random((n, 2)) < missing
    return embeddings, outcomes_of(np.where(gaps, np.nan, quality), np.where(gaps, np.nan, cost)), right


# Learned baselines


@pytest.mark.parametrize("name", LEARNERS)
def test_every_learner_finds_the_better_candidate_in_spite_of_missing_outcomes(name):
    embeddings, train, _ = two_kinds()
    queries, _, right = two_kinds(seed=1)
    prediction = LEARNERS[name].fit(embeddings, train).predict(queries)
    assert prediction.candidates == train.pool.names
    assert ((prediction.quality >= 0) & (prediction.quality <= 1)).all()
    assert (prediction.quality[right] > prediction.quality[~right]).mean() > 0.9


@pytest.mark.parametrize("name", FAMILIES)
def test_every_family_learns_costs(name):
    embeddings, train, _ = two_kinds()
    queries, _, right = two_kinds(seed=1)
    cost = LEARNERS[name].fit(embeddings, train).predict(queries).cost
    assert np.median(cost[right]) < 3e-4 < np.median(cost[~right])


@pytest.mark.parametrize("name", LEARNERS)
def test_fitting_leaves_parameters_alone_and_repeats_itself(name):
    embeddings, train, _ = two_kinds(60)
    before = repr(LEARNERS[name])
    first, second = (LEARNERS[name].fit(embeddings, train).predict(embeddings) for _ in range(2))
    assert np.array_equal(first.quality, second.quality)
    assert np.array_equal(first.cost, second.cost)
    assert repr(LEARNERS[name]) == before


@pytest.mark.parametrize("name", LEARNERS)
def test_a_candidate_without_outcomes_is_named(name):
    embeddings, train, _ = two_kinds(40)
    cost = np.where([True, False], train.cost, np.nan)
    with pytest.raises(DataError, match="No cost of 'candidate-1' is known"):
        LEARNERS[name].fit(embeddings, outcomes_of(train.quality, cost))


def test_embeddings_must_fit_the_outcomes():
    embeddings, train, _ = two_kinds(40)
    with pytest.raises(ValueError, match="39 rows of embeddings for 40 queries"):
        FAMILIES["ridge"][0].fit(embeddings[1:], train)


def test_per_candidate_is_scikit_learn_on_the_known_rows():
    embeddings, train, _ = two_kinds()
    fitted = PerCandidate(quality=Ridge(), cost=Ridge()).fit(embeddings, train)
    known = train.observed[:, 1]
    expected = Ridge().fit(embeddings[known], np.log(train.cost[known, 1])).predict(embeddings)
    assert np.allclose(fitted.predict(embeddings).cost[:, 1], np.exp(expected))


def test_cluster_means_are_the_means_of_the_clusters():
    embeddings, train, right = two_kinds(missing=0)
    prediction = ClusterMeans(k=2).fit(embeddings, train).predict(embeddings)
    rows = right[:, 0]
    expected = (train.quality[rows].sum(axis=0) + train.quality.mean(axis=0)) / (rows.sum() + 1)
    assert np.allclose(prediction.quality[rows], expected)


def test_there_are_no_more_clusters_than_distinct_queries():
    train = outcomes_of(np.array([[0.0], [1.0], [1.0]]), np.ones((3, 1)))
    prediction = ClusterMeans(k=20).fit(np.array([[1.0, 0], [0, 1], [0, 1]]), train).predict(np.eye(2))
    assert prediction.quality[0, 0] < prediction.quality[1, 0]


def test_matrix_factorization_has_the_rank_it_says():
    generator = np.random.default_rng(0)
    train = outcomes_of(generator.random((50, 6)), generator.random((50, 6)))
    fitted = MatrixFactorization(rank=2).fit(generator.normal(size=(50, 8)), train)
    assert np.linalg.matrix_rank(fitted.weight, tol=1e-4) == 2


# Tuning


@dataclass(frozen=True)
class Fixed:
    """A baseline that predicts what it was given."""

    quality: np.ndarray

    def fit(self, embeddings, outcomes):
        return self

    def predict(self, embeddings):
        cost = np.full((len(embeddings), 2), [1e-4, 1e-3])
        return Prediction(("candidate-0", "candidate-1"), np.broadcast_to(self.quality, cost.shape), cost)


def test_tuning_picks_by_validation_aiq():
    quality, cost = np.array([[0.2, 0.9]] * 5), np.array([[1e-4, 1e-3]] * 5)
    validation = outcomes_of(quality, cost)
    wrong, right = Fixed(np.array([0.9, 0.1])), Fixed(np.array([0.1, 0.9]))
    chosen, fitted = tune([wrong, right], np.ones((5, 1)), validation, np.ones((5, 1)), validation)
    assert chosen is right
    assert fitted is right


def test_tuning_bears_with_a_candidate_that_validation_lacks():
    quality, cost = np.array([[0.2, 0.9, np.nan]] * 5), np.array([[1e-4, 1e-3, 1e-3]] * 5)
    train = outcomes_of(np.nan_to_num(quality), cost)
    baseline = ClusterMeans(k=1)
    assert (
        tune([baseline], np.ones((5, 1)), train, np.ones((5, 1)), outcomes_of(quality, cost))[0] is baseline
    )


def test_tuning_needs_a_family():
    with pytest.raises(ValueError, match="at least one"):
        tune([], *two_kinds(9)[:2], *two_kinds(9)[:2])


# Blind predictions


def test_oracle_predicts_what_was_observed():
    _, train, _ = two_kinds()
    prediction = oracle(train)
    assert np.array_equal(prediction.quality[train.observed], train.quality[train.observed])
    assert np.isfinite(prediction.cost).all()


def test_candidate_mean_and_best_single_by_hand():
    train = outcomes_of(np.array([[0.5, 1.0], [0.0, np.nan]]), np.array([[1.0, 4.0], [2.0, np.nan]]))
    prediction = candidate_mean(train, train)
    assert prediction.quality.tolist() == [[0.25, 1.0]] * 2
    assert prediction.cost.tolist() == [[1.5, 4.0]] * 2
    chosen = best_single(train, train)
    assert (choices(chosen.quality, chosen.cost, np.full((2, 2), True)) == 1).all()


@pytest.mark.parametrize("name", ["MLP", "ridge", "random forest", "kNN"])
def test_of_a_candidate_with_hardly_an_outcome_the_mean_is_learned(name):
    random = np.random.default_rng(0)
    quality = random.random((40, 2))
    quality[1:, 1] = np.nan
    cost = np.where(np.isnan(quality), np.nan, 0.01)
    x = random.normal(size=(40, 8))
    prediction = FAMILIES[name][0].fit(x, outcomes_of(quality, cost)).predict(x)
    np.testing.assert_allclose(prediction.quality[:, 1], quality[0, 1])
    np.testing.assert_allclose(prediction.cost[:, 1], 0.01)


def test_of_two_equally_good_candidates_the_cheaper_is_the_best_single_one():
    train = outcomes_of(np.ones((2, 3)), np.full((2, 3), [3.0, 1.0, 2.0]))
    chosen = best_single(train, train)
    assert (choices(chosen.quality, chosen.cost, train.observed) == 1).all()


def test_random_choice_ignores_cost_and_repeats_itself():
    train = outcomes_of(np.ones((3000, 3)), np.full((3000, 3), [1.0, 2.0, 9.0]))
    prediction = random_choice(train)
    chosen = choices(prediction.quality, prediction.cost, train.observed)
    assert (chosen == chosen[:, :1]).all()
    assert np.bincount(chosen[:, 0]) / 3000 == pytest.approx([1 / 3] * 3, abs=0.03)
    assert np.array_equal(prediction.quality, random_choice(train).quality)


def test_task_mean_by_hand():
    quality = np.array([[1.0], [0.0], [np.nan]])
    train = outcomes_of(quality, np.array([[1.0], [4.0], [4.0]]), ["a", "b", "c"])
    asked = outcomes_of(quality, np.ones((3, 1)), ["b", "unheard of", "c"])
    prediction = task_mean(train, asked)
    # Each task's mean, with the mean of all counted once more: (0 + 0.5) / 2, 0.5, 0.5
    assert prediction.quality[:, 0] == pytest.approx([0.25, 0.5, 0.5])
    overall = np.log([1, 4, 4]).mean()
    assert np.log(prediction.cost[:, 0]) == pytest.approx(
        [(np.log(4) + overall) / 2, overall, (np.log(4) + overall) / 2]
    )


def test_a_free_call_has_a_cost_that_has_a_logarithm():
    train = outcomes_of(np.ones((2, 1)), np.array([[0.0], [0.0]]))
    assert task_mean(train, train).cost[:, 0] == pytest.approx([1e-9, 1e-9])


def test_no_warning_escapes_even_where_learners_stop_early():
    embeddings, train, _ = two_kinds(40)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        AS_SHIPPED["RouterBench MLP"].fit(embeddings, train)
