import numpy as np
import pytest

from crossroute import DataError, Pool
from crossroute.model.profiles import (
    SHRINKAGE,
    estimate_log_tokens,
    estimate_quality,
    estimate_variance,
    learned_prices,
    pool_profiles,
    shrink_means,
)


def test_the_profiles_have_one_row_a_candidate(router):
    profiles = pool_profiles(router.pool, 4)
    for name in ("quality", "log_tokens", "evidence"):
        tensor = getattr(profiles, name)
        assert tensor.shape == (4, 4)
        assert tensor.dtype == np.float32
        by_hand = [getattr(candidate.profile, name) for candidate in router.pool]
        assert tensor == pytest.approx(np.array(by_hand), rel=1e-6)


def test_a_candidate_without_a_profile_over_these_clusters_is_named(router):
    with pytest.raises(DataError, match="The profile of 'small' has 4 clusters; this router has 5"):
        pool_profiles(router.pool, 5)
    bare = router.pool["coder"].model_copy(update={"profile": None})
    with pytest.raises(DataError, match="Candidate 'coder' has no profile"):
        pool_profiles(Pool([bare]), 4)


def test_prices_are_those_of_the_profiles_or_else_the_candidates_own(router):
    priced = {candidate.name: [candidate.price.input, candidate.price.output] for candidate in router.pool}
    assert learned_prices(router.pool).tolist() == list(priced.values())
    profile = router.pool["large"].profile.model_copy(update={"learned_price": (7.0, 9.0)})
    other = router.pool["large"].model_copy(update={"profile": profile})
    assert learned_prices(Pool([other])).tolist() == [[7.0, 9.0]]


def test_much_evidence_gives_the_observed_mean_and_none_the_expected():
    values, assignment = np.full(100_000, 0.9), np.zeros(100_000, dtype=int)
    found = shrink_means(values, assignment, np.array([0.5, 0.4, 0.3]))
    np.testing.assert_allclose(found, [0.9, 0.4, 0.3], atol=1e-3)


def test_shrinkage_by_hand():
    found = shrink_means(np.array([1.0, 1.0, np.nan]), np.array([0, 0, 1]), np.array([0.5, 0.0]))
    np.testing.assert_allclose(found, [(2 + SHRINKAGE * 0.5) / (2 + SHRINKAGE), 0])


def test_an_able_candidate_is_expected_to_do_better_everywhere_and_best_where_it_is_easy():
    ease, assignment = np.array([1.0, 0.0, -1.0]), np.ones(200, dtype=int)
    strong, weak = (
        estimate_quality((np.arange(200) < right).astype(float), assignment, ease) for right in (160, 60)
    )
    assert (strong > weak).all()
    assert strong[1] == pytest.approx(0.8, abs=0.01)
    assert strong[0] > strong[1] > strong[2]


def test_a_known_profile_moves_little_by_few_outcomes_and_keeps_its_shape():
    known = np.array([0.9, 0.6, 0.3])
    wrong = np.zeros(5)
    found = estimate_quality(wrong, np.zeros(5, dtype=int), np.zeros(3), known)
    assert (found < known).all()
    assert (found > known - 0.25).all()
    assert found[0] > found[1] > found[2]
    none = estimate_quality(np.full(5, np.nan), np.zeros(5, dtype=int), np.zeros(3), known)
    np.testing.assert_allclose(none, known)


def test_log_tokens_are_expected_by_the_clusters_effects_or_by_what_was_known():
    effects, assignment = np.array([0.5, -0.5]), np.zeros(4, dtype=int)
    log_tokens = np.array([3.0, 3.2, 2.8, np.nan])
    np.testing.assert_allclose(estimate_log_tokens(log_tokens, assignment, effects), [3, 2])
    known = np.array([3.0, 4.0])
    np.testing.assert_allclose(estimate_log_tokens(log_tokens, assignment, effects, known), known)
    unseen = estimate_log_tokens(np.full(4, np.nan), assignment, effects, known)
    np.testing.assert_allclose(unseen, known)


def test_the_variance_falls_with_evidence_there_and_by_less_with_evidence_elsewhere():
    quality = np.full((3, 2), 0.8)
    none, here, much = np.sqrt(estimate_variance(quality, np.array([[0.0, 0.0], [50.0, 0.0], [5000.0, 0.0]])))
    assert none[0] == none[1] > 0.2
    assert none[0] > here[0] > much[0]
    assert none[1] > here[1] > much[1] > much[0]
    assert much[0] == pytest.approx(np.sqrt(0.8 * 0.2 / 5030), rel=0.05)


def test_a_perfect_record_is_not_certain():
    few, many = np.sqrt(estimate_variance(np.ones((2, 1)), np.array([[5.0], [500.0]])))[:, 0]
    assert few > many > 0
