import numpy as np
from sklearn.cluster import KMeans
from threadpoolctl import threadpool_limits

from crossroute.model.clusters import (
    assign,
    cluster_effects,
    cluster_labels,
    fit_centroids,
    fit_projection,
    project,
    relative_lengths,
    tally,
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


def test_lengths_are_found_though_no_candidate_answered_all_queries():
    prompt, lengths = RANDOM.normal(4, 2, 300), np.array([-1.0, 0.0, 1.5])
    log_tokens = prompt[:, None] + lengths
    log_tokens[:150, 2] = log_tokens[150:, 0] = np.nan
    found = relative_lengths(log_tokens)
    np.testing.assert_allclose(found - found[1], lengths, atol=0.05)


def test_a_prompt_is_no_more_terse_for_the_candidates_that_it_was_put_to():
    log_tokens = np.full((200, 3), np.nan)
    log_tokens[:100, :2] = [0.0, 0.2]  # asked for a letter
    log_tokens[100:, 1:] = [6.0, 6.1]  # asked to think
    found = relative_lengths(log_tokens)
    np.testing.assert_allclose(np.diff(found), [0.2, 0.1], atol=0.02)


def test_effects_are_what_a_typical_candidate_writes_in_a_cluster():
    assignment = np.repeat([0, 1], 50)
    lengths, effect = np.array([-0.5, 0.5]), np.array([2.0, 5.0])
    log_tokens = effect[assignment][:, None] + lengths
    log_tokens[:50, 0] = np.nan
    found = cluster_effects(log_tokens, lengths, assignment, 3)
    np.testing.assert_allclose(found, [2, 5, 3.5])
    nothing = cluster_effects(log_tokens * np.nan, lengths, assignment, 3)
    np.testing.assert_allclose(nothing, 0)


def test_tally_counts_what_is_known():
    quality = np.array([[1.0, np.nan], [0.5, 0.0], [0.25, 1.0]])
    right, seen = tally(quality, np.array([0, 2, 2]), 3)
    np.testing.assert_allclose(right, [[1, 0, 0.75], [0, 0, 1]])
    np.testing.assert_allclose(seen, [[1, 0, 2], [0, 0, 2]])


def test_a_cluster_is_named_by_its_commonest_tasks():
    labels = cluster_labels(["a", "a", "b", "c"], np.array([0, 0, 0, 1]), clusters=3)
    assert labels == ("a and b", "c", "nothing")


def test_the_number_of_cores_changes_nothing():
    encoded = np.random.default_rng(0).normal(size=(3000, 300))

    def fitted(threads):
        with threadpool_limits(threads):
            centre, projection = fit_projection(encoded, 290, 32)
            return centre, projection, *fit_centroids(project(encoded, centre, projection), 8, seed=0)

    for one, two in zip(fitted(1), fitted(2), strict=True):
        assert np.array_equal(one, two)
