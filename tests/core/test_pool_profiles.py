import numpy as np
import pytest

from crossroute import DataError, Pool
from crossroute.pool_profiles import learned_prices, pool_profiles


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
