import numpy as np
import pytest
from sklearn.cluster import KMeans
from threadpoolctl import threadpool_limits

from crossroute.profiling import (
    SHRINKAGE,
    assign,
    cluster_effects,
    cluster_labels,
    expected_log_tokens,
    expected_quality,
    fit_centroids,
    fit_projection,
    quality_variance,
    relative_lengths,
    shrunk_means,
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


def test_whom_a_terse_prompt_was_put_to_does_not_make_it_terse():
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


def test_much_evidence_gives_the_observed_mean_and_none_the_expected():
    values, assignment = np.full(100_000, 0.9), np.zeros(100_000, dtype=int)
    found = shrunk_means(values, assignment, np.array([0.5, 0.4, 0.3]))
    np.testing.assert_allclose(found, [0.9, 0.4, 0.3], atol=1e-3)


def test_shrinkage_by_hand():
    found = shrunk_means(np.array([1.0, 1.0, np.nan]), np.array([0, 0, 1]), np.array([0.5, 0.0]))
    np.testing.assert_allclose(found, [(2 + SHRINKAGE * 0.5) / (2 + SHRINKAGE), 0])


def test_an_able_candidate_is_expected_to_do_better_everywhere_and_best_where_it_is_easy():
    ease, assignment = np.array([1.0, 0.0, -1.0]), np.ones(200, dtype=int)
    strong, weak = (
        expected_quality((np.arange(200) < right).astype(float), assignment, ease) for right in (160, 60)
    )
    assert (strong > weak).all()
    assert strong[1] == pytest.approx(0.8, abs=0.01)
    assert strong[0] > strong[1] > strong[2]


def test_a_known_profile_moves_little_by_few_outcomes_and_keeps_its_shape():
    known = np.array([0.9, 0.6, 0.3])
    wrong = np.zeros(5)
    found = expected_quality(wrong, np.zeros(5, dtype=int), np.zeros(3), known)
    assert (found < known).all()
    assert (found > known - 0.25).all()
    assert found[0] > found[1] > found[2]
    none = expected_quality(np.full(5, np.nan), np.zeros(5, dtype=int), np.zeros(3), known)
    np.testing.assert_allclose(none, known)


def test_log_tokens_are_expected_by_the_clusters_effects_or_by_what_was_known():
    effects, assignment = np.array([0.5, -0.5]), np.zeros(4, dtype=int)
    log_tokens = np.array([3.0, 3.2, 2.8, np.nan])
    np.testing.assert_allclose(expected_log_tokens(log_tokens, assignment, effects), [3, 2])
    known = np.array([3.0, 4.0])
    np.testing.assert_allclose(expected_log_tokens(log_tokens, assignment, effects, known), known)
    unseen = expected_log_tokens(np.full(4, np.nan), assignment, effects, known)
    np.testing.assert_allclose(unseen, known)


def test_the_variance_falls_with_evidence_there_and_by_less_with_evidence_elsewhere():
    quality = np.full((3, 2), 0.8)
    none, here, much = np.sqrt(quality_variance(quality, np.array([[0.0, 0.0], [50.0, 0.0], [5000.0, 0.0]])))
    assert none[0] == none[1] > 0.2
    assert none[0] > here[0] > much[0]
    assert none[1] > here[1] > much[1] > much[0]
    assert much[0] == pytest.approx(np.sqrt(0.8 * 0.2 / 5030), rel=0.05)


def test_a_perfect_record_is_not_certain():
    few, many = np.sqrt(quality_variance(np.ones((2, 1)), np.array([[5.0], [500.0]])))[:, 0]
    assert few > many > 0


def test_a_cluster_is_named_by_its_commonest_tasks():
    labels = cluster_labels(["a", "a", "b", "c"], np.array([0, 0, 0, 1]), clusters=3)
    assert labels == ("a and b", "c", "nothing")


def test_the_number_of_cores_changes_nothing():
    encoded = np.random.default_rng(0).normal(size=(3000, 300))

    def fitted(threads):
        with threadpool_limits(threads):
            centre, projection = fit_projection(encoded, 290, 32)
            return centre, projection, *fit_centroids((encoded - centre) @ projection, 8, seed=0)

    for one, two in zip(fitted(1), fitted(2), strict=True):
        assert np.array_equal(one, two)
