import numpy as np
import pytest
from sklearn.cluster import KMeans

from crossroute.profiling import (
    SHRINKAGE,
    assign,
    cluster_effects,
    cluster_labels,
    fit_centroids,
    fit_projection,
    shrunk_means,
)

RANDOM = np.random.default_rng(0)
BLOBS = np.repeat(np.eye(3) * 20, 30, axis=0) + RANDOM.normal(size=(90, 3))


def test_each_blob_becomes_a_cluster():
    centroids, temperature = fit_centroids(BLOBS, 3, seed=0)
    assignment = assign(BLOBS, centroids)
    assert [len(set(assignment[start : start + 30])) for start in (0, 30, 60)] == [1, 1, 1]
    assert len(set(assignment)) == 3
    assert temperature > 0


def test_assignment_is_scikit_learns():
    fitted = KMeans(5, n_init=2, random_state=0).fit(BLOBS)
    assert (assign(BLOBS, fitted.cluster_centers_) == fitted.labels_).all()


def test_fewer_different_queries_than_clusters_give_fewer_clusters():
    centroids, temperature = fit_centroids(np.repeat(np.eye(2), 10, axis=0), 20, seed=0)
    assert len(centroids) == 2
    assert temperature > 0


def test_the_projection_gives_components_and_surface_features_of_comparable_size():
    encoded = np.concatenate([RANDOM.normal(size=(200, 10)), RANDOM.normal(5, 30, (200, 3))], axis=1)
    centre, projection = fit_projection(encoded, views_width=10, components=4)
    x = (encoded - centre) @ projection
    assert x.shape == (200, 4 + 3)
    np.testing.assert_allclose(x.mean(0), 0, atol=1e-4)
    np.testing.assert_allclose((x[:, :4] ** 2).mean(), 1, rtol=0.02)
    np.testing.assert_allclose(x[:, 4:].std(0), 0.5, rtol=0.02)
    np.testing.assert_allclose(np.corrcoef(x[:, :4].T) - np.eye(4), 0, atol=1e-4)


def test_a_constant_surface_feature_stays_finite():
    encoded = np.concatenate([RANDOM.normal(size=(50, 4)), np.ones((50, 1))], axis=1)
    centre, projection = fit_projection(encoded, views_width=4, components=2)
    assert np.isfinite((encoded - centre) @ projection).all()


def test_effects_are_what_a_cluster_does_to_anyone():
    assignment = RANDOM.integers(0, 3, 4000)
    strength, difficulty = np.array([0.2, 0.7]), np.array([0.1, 0.0, -0.1])
    values = strength + difficulty[assignment][:, None]
    found = cluster_effects(values, assignment, 3)
    np.testing.assert_allclose(found - found.mean(), difficulty, atol=0.01)


def test_missing_values_do_not_count():
    values = np.array([[1.0, np.nan], [0.0, 0.5], [np.nan, np.nan]])
    alone = cluster_effects(values[:2], np.array([0, 1]), 2)
    np.testing.assert_allclose(cluster_effects(values, np.array([0, 1, 0]), 2), alone)


def test_much_evidence_gives_the_observed_mean_and_none_the_expected():
    effects = np.array([0.1, -0.1, 0.0])
    values, assignment = np.full(100_000, 0.9), np.zeros(100_000, dtype=int)
    found = shrunk_means(values, assignment, effects)
    assert found[0] == pytest.approx(0.9, abs=1e-3)
    assert found[1] == pytest.approx(0.9 - 0.1 - 0.1)
    assert found[2] == pytest.approx(0.9 - 0.1)


def test_shrinkage_by_hand():
    found = shrunk_means(np.array([1.0, 1.0, np.nan]), np.array([0, 0, 1]), np.array([0.5, 0.0]))
    expected = (2 + SHRINKAGE * (0.5 + 0.5)) / (2 + SHRINKAGE)
    np.testing.assert_allclose(found, [expected, 0.5])


def test_a_cluster_is_named_by_its_commonest_tasks():
    labels = cluster_labels(["a", "a", "b", "c"], np.array([0, 0, 0, 1]), clusters=3)
    assert labels == ("a and b", "c", "nothing")
