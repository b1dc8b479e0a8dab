import numpy as np
import pytest

from crossroute.metrics.betting import is_under, is_under_by_hoeffding, observations_needed

DROP, CONFIDENCE, DRAWS = 0.02, 0.9, 1000
MOST_BROKEN = 0.1 + 2 * (0.1 * 0.9 / DRAWS) ** 0.5
"""What chance allows, of so many draws."""


def losses(random, chance, count):
    """Rare losses of 1 whose mean is `chance`, shape (count, DRAWS)."""
    return (random.random((count, DRAWS)) < chance).astype(float)


@pytest.mark.parametrize("count", [100, 400])
def test_a_broken_promise_is_rarely_taken_for_kept(count):
    broken = losses(np.random.default_rng(0), DROP, count)
    assert is_under(broken, DROP, CONFIDENCE).mean() <= MOST_BROKEN


def test_signed_losses_with_a_mean_at_the_bound_rarely_pass():
    random = np.random.default_rng(1)
    broken = random.choice([1.0, 0.0, -1.0], p=[0.06, 0.90, 0.04], size=(400, DRAWS))
    assert is_under(broken, DROP, CONFIDENCE).mean() <= MOST_BROKEN


def test_a_kept_promise_is_proved_from_far_fewer_observations_than_by_hoeffding():
    kept = losses(np.random.default_rng(2), DROP / 4, 700)
    assert is_under(kept, DROP, CONFIDENCE).mean() > 0.9
    assert not is_under_by_hoeffding(kept, DROP, CONFIDENCE).any()


def test_a_wider_reach_asks_for_more():
    kept = losses(np.random.default_rng(3), DROP / 4, 400)
    narrow, wide = (is_under(kept, DROP, CONFIDENCE, reach).mean() for reach in (1.0, 5.0))
    assert wide < narrow


def test_what_is_needed_is_about_what_proves():
    needed = observations_needed(np.zeros(3), DROP, CONFIDENCE)
    assert not is_under(np.zeros(needed // 2), DROP, CONFIDENCE)
    assert is_under(np.zeros(2 * needed), DROP, CONFIDENCE)
    assert observations_needed(np.full(50, DROP), DROP, CONFIDENCE) is None
