from typing import NamedTuple

import numpy as np
import pytest

from crossroute.model.doubt import LEAST_EASE, MOST_EASE, Beliefs, Doubt, Situation, place

VIEWS, AXES, P, KINDS, K = 4, 2, 3, 2, 3


def doubt(**changes) -> Doubt:
    tensors = {
        "centre": np.zeros(VIEWS),
        "axes": np.eye(VIEWS)[:, :AXES],
        "prototypes": np.array([[1.0, 0.0]]),
        "gate": np.array([0.5, 0.05]),
        "heads": np.zeros((P, KINDS + 2)),
        "heads_bias": np.array([0.0, 0.0, 1.0, 5.0]),
        "near_spread": np.full(K, 0.3),
        "far_spread": np.array([1.0]),
        "ordinary": np.zeros((0, AXES)),
        "ordinary_heads": np.zeros((P, KINDS + 2)),
        "ordinary_bias": np.array([0.0, 0.0, 4.0, 2.0]),
    }
    return Doubt(("code", "math"), tensors | changes)


def beliefs(ability: list[list[float]]) -> Beliefs:
    shape = np.array(ability).shape
    return Beliefs(np.array(ability), np.full(shape, 0.5), np.zeros(shape), np.zeros(shape))


class Tempered(NamedTuple):
    quality: np.ndarray
    log_tokens: np.ndarray
    quality_error: np.ndarray
    spread: np.ndarray


def tempered(trust: float, quality_logit: list[float], ability: list[list[float]]) -> Tempered:
    at = Situation(np.array([trust]), np.array([[1.0, 0.0]]), np.array([1.0]), np.array([5.0]))
    known, believed, shape = doubt(), beliefs(ability), (1, len(quality_logit))
    outlook = known.temper(
        at, believed, quality_logit=np.array([quality_logit]), log_tokens=np.full(shape, 3.0)
    )
    return Tempered(
        *outlook,
        known.quality_error(at, believed, outlook, np.zeros(shape)),
        known.spread(at, believed, np.array([[1.0, 0.0, 0.0]])),
    )


def test_a_query_beside_a_training_query_is_trusted_and_one_opposite_is_not():
    near, far = np.array([[2.0, 0, 0, 0]]), np.array([[-1.0, 0, 0, 0]])
    found = doubt().situate(np.concatenate([near, far]), np.zeros((2, P)))
    assert found.trust[0] > 0.99
    assert found.trust[1] < 1e-6


def test_a_query_nearer_to_ordinary_ones_than_to_training_is_not_trusted():
    between = np.array([[1.0, 0.3, 0, 0]])
    ordinary = doubt(ordinary=np.array([[0.8, 0.6]]), gate=np.array([0.9, 0.01]))
    assert doubt(gate=np.array([0.9, 0.01])).situate(between, np.zeros((1, P))).trust[0] > 0.99
    assert ordinary.situate(np.array([[0.8, 0.6, 0, 0]]), np.zeros((1, P))).trust[0] < 0.01
    assert ordinary.situate(np.array([[1.0, 0, 0, 0]]), np.zeros((1, P))).trust[0] > 0.99


def test_a_query_nearer_to_ordinary_ones_is_as_easy_and_short_as_these():
    ordinary = doubt(ordinary=np.array([[0.0, 1.0]]), gate=np.array([0.9, 0.01]))
    found = ordinary.situate(np.array([[1.0, 0, 0, 0], [0, 1.0, 0, 0]]), np.zeros((2, P)))
    assert found.ease == pytest.approx([1, 4], abs=1e-3)
    assert found.log_tokens == pytest.approx([5, 2], abs=1e-3)


def test_trust_falls_as_the_distance_grows():
    angles = np.linspace(0, np.pi, 20)
    vectors = np.stack([np.cos(angles), np.sin(angles), angles * 0, angles * 0], axis=1)
    trust = doubt().situate(vectors, np.zeros((20, P))).trust
    assert (np.diff(trust) <= 0).all()


def test_full_trust_leaves_what_the_network_says_and_none_leaves_what_is_believed():
    network, ability = [2.0, -1.0], [[-1.0, 0.0], [1.0, 0.0]]
    sigmoid = lambda x: 1 / (1 + np.exp(-np.array(x)))  # noqa: E731
    assert tempered(1.0, network, ability).quality[0] == pytest.approx(sigmoid(network))
    assert tempered(0.0, network, ability).quality[0] == pytest.approx(sigmoid([0.0, 2.0]))  # ease 1
    assert tempered(1.0, network, ability).log_tokens[0] == pytest.approx([3, 3])
    assert tempered(0.0, network, ability).log_tokens[0] == pytest.approx([5, 5])


def test_far_from_training_the_errors_are_those_of_beliefs():
    near, far = (tempered(trust, [0.0], [[0.0, 0.0]]) for trust in (1.0, 0.0))
    assert near.quality_error[0, 0] == 0
    p = 1 / (1 + np.exp(-1.0))
    assert far.quality_error[0, 0] == pytest.approx(p * (1 - p) * 0.5)
    assert near.spread[0, 0] == pytest.approx(0.3)
    assert far.spread[0, 0] == pytest.approx(1.0)


def test_ease_is_bounded_whatever_the_features():
    heads = np.zeros((P, KINDS + 2))
    heads[0, -2] = 1.0
    extreme = np.array([[1e9, 0, 0], [-1e9, 0, 0]])
    found = doubt(heads=heads).situate(np.ones((2, VIEWS)), extreme).ease
    assert found.tolist() == [MOST_EASE, LEAST_EASE]


def test_further_queries_count_as_trained_on():
    opposite = np.array([[-1.0, 0, 0, 0]])
    assert doubt().extended(opposite).distances(opposite)[0][0] == pytest.approx(0, abs=1e-6)


def test_candidates_are_independent_of_each_other():
    alone = tempered(0.3, [0.4], [[0.2, 0.0]]).quality[0, 0]
    beside = tempered(0.3, [0.4, 5.0], [[0.2, 0.0], [9.0, 9.0]]).quality[0, 0]
    assert alone == pytest.approx(beside)


def test_placed_queries_have_unit_length():
    vectors = np.random.default_rng(0).normal(size=(5, VIEWS + 2))
    placed = place(vectors, np.zeros(VIEWS), np.eye(VIEWS)[:, :AXES])
    assert np.linalg.norm(placed, axis=1) == pytest.approx(np.ones(5))


@pytest.mark.parametrize("name", ["axes", "prototypes", "gate", "heads", "far_spread"])
def test_tensors_that_do_not_fit_are_refused(name):
    with pytest.raises(ValueError, match=rf"doubt\.{name} does not fit 2 kinds of work"):
        doubt(**{name: np.zeros((7, 7))})
