from typing import NamedTuple

import numpy as np
import pytest

from crossroute.model.beliefs import (
    FEW_OUTCOMES,
    OWN_ERROR,
    Beliefs,
    derive_beliefs,
    evidence_share,
    length_spread,
    quality_error,
    temper,
)
from crossroute.model.doubt import Situation
from crossroute.model.inference import PoolProfiles


@pytest.fixture(scope="module")
def told(router):
    """What tells doubt beside the tiny router, and its network."""
    return router.predictor.doubt, router.predictor.network


def profiles(network, quality, *, evidence=50.0, log_tokens=4.0):
    shape = (len(quality), network.config.clusters)
    columns = (np.array(quality)[:, None], log_tokens, evidence)
    return PoolProfiles(*(np.broadcast_to(np.float32(values), shape) for values in columns))


def test_a_candidate_that_is_better_in_all_clusters_is_believed_abler(told):
    doubt, network = told
    found = derive_beliefs(profiles(network, [0.9, 0.6, 0.3]), doubt, network)
    assert (np.diff(found.ability, axis=0) < 0).all()
    assert found.ability.shape == (3, len(doubt.kinds))


def test_the_more_was_observed_the_smaller_the_error_but_never_none(told):
    doubt, network = told
    little, much = (
        derive_beliefs(profiles(network, [0.6], evidence=evidence), doubt, network) for evidence in (0, 1e6)
    )
    assert (little.ability_error > much.ability_error).all()
    assert (little.log_tokens_error > much.log_tokens_error).all()
    assert (much.ability_error >= OWN_ERROR).all()


def test_a_candidate_that_writes_more_is_believed_to_write_more_elsewhere(told):
    doubt, network = told
    short, long = (
        derive_beliefs(profiles(network, [0.6], log_tokens=each), doubt, network).log_tokens
        for each in (3, 5)
    )
    assert long == pytest.approx(short + 2)


def beliefs(ability: list[list[float]]) -> Beliefs:
    shape = np.array(ability).shape
    return Beliefs(np.array(ability), np.full(shape, 0.5), np.zeros(shape), np.zeros(shape))


class Tempered(NamedTuple):
    quality: np.ndarray
    log_tokens: np.ndarray
    quality_error: np.ndarray
    spread: np.ndarray


def tempered(
    trust: float, quality_logit: list[float], ability: list[list[float]], outcomes: float = 1e9
) -> Tempered:
    read = np.array([[1.0, 0.0, 1.0, 5.0]])
    at = Situation(np.array([trust]), read, read, np.array([2.0]))
    believed, shape = beliefs(ability), (1, len(quality_logit))
    observed = evidence_share(np.full(shape, outcomes))
    outlook = temper(
        at,
        believed,
        quality_logit=np.array([quality_logit]),
        log_tokens=np.full(shape, 3.0),
        observed=observed,
    )
    return Tempered(
        *outlook,
        quality_error(at, outlook.quality, np.zeros(shape), at.kinds @ believed.ability_variance.T),
        length_spread(np.full(3, 0.3**2), at, believed, np.array([[1.0, 0.0, 0.0]]), observed),
    )


def test_full_trust_leaves_what_the_network_says_and_none_leaves_what_is_believed():
    network, ability = [2.0, -1.0], [[-1.0, 0.0], [1.0, 0.0]]
    sigmoid = lambda x: 1 / (1 + np.exp(-np.array(x)))  # noqa: E731
    assert tempered(1.0, network, ability).quality[0] == pytest.approx(sigmoid(network))
    assert tempered(0.0, network, ability).quality[0] == pytest.approx(sigmoid([0.0, 2.0]))  # ease 1
    assert tempered(1.0, network, ability).log_tokens[0] == pytest.approx([3, 3])
    assert tempered(0.0, network, ability).log_tokens[0] == pytest.approx([5, 5])


def test_the_length_of_answers_of_a_candidate_that_nobody_measured_there_is_believed():
    at_half, at_none = (tempered(1.0, [2.0], [[-1.0, 0.0]], each) for each in (FEW_OUTCOMES, 0.0))
    assert at_half.log_tokens[0] == pytest.approx([(3 + 5) / 2])
    assert at_none.log_tokens[0] == pytest.approx([5])
    assert at_none.spread[0] == pytest.approx([2])
    assert at_half.quality == at_none.quality


def test_far_from_training_the_errors_are_those_of_beliefs():
    near, far = (tempered(trust, [0.0], [[0.0, 0.0]]) for trust in (1.0, 0.0))
    assert near.quality_error[0, 0] == 0
    p = 1 / (1 + np.exp(-1.0))
    assert far.quality_error[0, 0] == pytest.approx(p * (1 - p) * 0.5)
    assert near.spread[0, 0] == pytest.approx(0.3)
    assert far.spread[0, 0] == pytest.approx(2.0)


def test_candidates_are_independent_of_each_other():
    alone = tempered(0.3, [0.4], [[0.2, 0.0]]).quality[0, 0]
    beside = tempered(0.3, [0.4, 5.0], [[0.2, 0.0], [9.0, 9.0]]).quality[0, 0]
    assert alone == pytest.approx(beside)
