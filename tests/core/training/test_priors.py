import numpy as np
import pytest

from crossroute import Candidate, Pool, Price
from crossroute.candidate import Belief
from crossroute.training.priors import Prior, believed_candidate, profile_under

PRICE = Price(input=1, output=2)


def belief(ability: float) -> Belief:
    return Belief(ability=(ability,), ability_error=(0.3,), log_tokens=(0.0,), log_tokens_error=(0.3,))


def pool(*names: str) -> Pool:
    return Pool(Candidate(name=name, price=PRICE) for name in names)


def measured(quality, tasks, abilities):
    names = list(abilities)
    prior = Prior(("all",), dict.fromkeys(tasks, "all"), {name: belief(abilities[name]) for name in names})
    return profile_under(
        prior,
        pool(*names),
        tasks,
        quality=quality,
        log_tokens=np.full(quality.shape, 3.0),
        assignment=np.zeros(len(tasks), dtype=int),
        clusters=2,
    )


def test_a_candidate_tried_on_hard_questions_alone_is_not_taken_for_weak():
    rng = np.random.default_rng(0)
    easy = np.stack([rng.random(400) < 0.9, np.full(400, np.nan)], axis=1)  # only the small one
    hard = np.stack([rng.random(400) < 0.3, rng.random(400) < 0.5], axis=1)  # both
    quality = np.concatenate([easy, hard])
    tasks = ("easy",) * 400 + ("hard",) * 400
    found = measured(quality, tasks, {"small": 0.0, "large": 0.8}).pool
    small, large = (found[name].profile.quality[0] for name in ("small", "large"))
    assert np.nanmean(quality[:, 0]) > np.nanmean(quality[:, 1])
    assert large > small


def test_where_nothing_was_seen_the_belief_stands():
    quality = np.full((50, 2), np.nan)
    quality[:, 0] = 1.0
    found = measured(quality, ("t",) * 50, {"seen": 0.0, "unseen": -2.0}).pool
    assert found["unseen"].profile.quality[0] < found["seen"].profile.quality[0]
    assert found["unseen"].profile.evidence == (0.0, 0.0)
    assert found["unseen"].profile.belief == belief(-2.0)


def test_many_outcomes_outweigh_a_wrong_belief():
    rng = np.random.default_rng(1)
    quality = (rng.random((2000, 2)) < [0.2, 0.8]).astype(float)
    found = measured(quality, ("t",) * 2000, {"overrated": 0.5, "underrated": -0.5}).pool
    assert found["underrated"].profile.quality[0] > found["overrated"].profile.quality[0]


def test_a_candidate_that_nobody_measured_has_the_profile_of_its_belief():
    ease, length = np.array([0.0, 2.0]), np.array([1.0, 4.0])
    found = believed_candidate(Candidate(name="new", price=PRICE), belief(1.0), np.ones((2, 1)), ease, length)
    assert found.profile.quality == pytest.approx((1 / (1 + np.exp(-1.0)), 1 / (1 + np.exp(-3.0))))
    assert found.profile.log_tokens == (1.0, 4.0)
    assert sum(found.profile.evidence) == 0


def test_a_belief_needs_one_value_a_kind_in_each_field():
    with pytest.raises(ValueError, match="one value per kind"):
        Belief(ability=(0.0, 1.0), ability_error=(0.1,), log_tokens=(0.0,), log_tokens_error=(0.1,))
