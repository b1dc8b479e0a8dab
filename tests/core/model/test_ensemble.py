import numpy as np
import pytest

from crossroute.model.config import NetworkConfig
from crossroute.model.ensemble import Ensemble
from crossroute.numeric import logit, sigmoid

SHAPE = NetworkConfig(width=3, components=2, clusters=2)


def tensors():
    """Two trees over two candidates: one splits on the first feature, one is a single leaf."""
    return {
        "profiles": np.array([[0.9, 0.1], [0.4, 0.6]]),
        "ridge": np.array([[0.1, 0.0], [0.0, 0.2], [0.0, 0.0]]),
        "ridge_bias": np.array([0.5, 0.4]),
        "feature": np.array([0, 0, 0, 0], dtype=np.int16),
        "threshold": np.array([0.0, 0.0, 0.0, 0.0]),
        "children": np.array([[1, 2], [1, 1], [2, 2], [3, 3]], dtype=np.int32),
        "root": np.array([0, 3], dtype=np.int32),
        "value": np.array([[0, 0], [51, 204], [204, 51], [102, 102]], dtype=np.uint8),
        "depth": np.array([1]),
        "own": np.array([0.5]),
        "weights": np.array([0.25, 0.5]),
        "common": np.array([0.0, 0.2]),
        "intercept": np.array([0.1, -0.1]),
    }


WHOLLY = np.ones(1)
"""How far outcomes near any query tell of any candidate."""

ENCODED, X = np.array([[1.0, 1.0, 0.0], [0.0, 0.0, 1.0]]), np.array([[-1.0, 0.0], [1.0, 0.0]])


def test_each_member_predicts_what_can_be_told_by_hand():
    ridge, forest = Ensemble(tensors()).members(ENCODED, X)
    np.testing.assert_allclose(ridge, [[0.6, 0.6], [0.5, 0.4]], rtol=1e-6)
    np.testing.assert_allclose(
        forest, [[0.3, 0.6], [0.6, 0.3]], rtol=1e-6
    )  # (0.2, 0.8) or (0.8, 0.2), and 0.4


def test_the_network_counts_as_much_as_it_was_weighed():
    network = np.array([[1.0, -1.0], [0.0, 2.0]])
    joined = Ensemble(tensors()).joined(ENCODED, X, network, np.array([0, 1]), WHOLLY)
    ridge, forest = np.array([[0.6, 0.6], [0.5, 0.4]]), np.array([[0.3, 0.6], [0.6, 0.3]])
    expected = 0.5 * network + 0.25 * logit(ridge, 0.02) + 0.5 * logit(forest, 0.02) + [0.1, -0.1]
    expected += 0.2 * logit(forest, 0.02).mean(axis=1, keepdims=True)
    np.testing.assert_allclose(joined, expected, atol=1e-5)


def test_a_candidate_is_known_by_its_profile_and_another_is_the_networks_alone():
    ensemble = Ensemble(tensors())
    columns = ensemble.columns(np.array([[0.4, 0.6], [0.4, 0.5], [0.9, 0.1]]))
    assert columns.tolist() == [1, -1, 0]
    network = np.array([[0.3, 0.3, 0.3]])
    joined = ensemble.joined(ENCODED[:1], X[:1], network, columns, WHOLLY)
    assert joined[0, 1] == np.float32(0.3)
    whole = ensemble.joined(ENCODED[:1], X[:1], network[:, :2], np.array([0, 1]), WHOLLY)
    np.testing.assert_array_equal(joined[0, [2, 0]], whole[0])


def test_a_candidate_that_was_not_observed_near_a_query_is_the_networks_alone_there():
    network = np.array([[1.0, -1.0], [0.0, 2.0]])
    arguments = ENCODED, X, network, np.array([0, 1])
    whole = Ensemble(tensors()).joined(*arguments, WHOLLY)
    near = Ensemble(tensors()).joined(*arguments, np.array([[0.0, 1.0], [0.5, 0.0]]))
    np.testing.assert_allclose(near[[0, 1], [0, 1]], [1.0, 2.0])
    np.testing.assert_allclose(near[0, 1], whole[0, 1], atol=1e-5)
    np.testing.assert_allclose(near[1, 0], (network[1, 0] + whole[1, 0]) / 2, atol=1e-5)


def test_certainty_of_a_member_is_held_within_reason():
    sure = tensors() | {"ridge_bias": np.array([5.0, -5.0]), "weights": np.array([1.0, 0.0])}
    sure |= {"common": np.zeros(2)}
    joined = Ensemble(sure).joined(ENCODED, X, np.zeros((2, 2)), np.array([0, 1]), WHOLLY)
    np.testing.assert_allclose(sigmoid(joined - np.array([0.1, -0.1])), [[0.98, 0.02]] * 2, atol=1e-5)


@pytest.mark.parametrize(
    ("name", "tensor"),
    [
        ("children", np.full((4, 2), 9, dtype=np.int32)),
        ("root", np.array([-1], dtype=np.int32)),
        ("value", np.zeros((4, 3), dtype=np.uint8)),
        ("intercept", np.zeros(3)),
    ],
)
def test_tensors_that_do_not_fit_together_are_refused(name, tensor):
    with pytest.raises(ValueError, match="ensemble"):
        Ensemble(tensors() | {name: tensor})


@pytest.mark.parametrize("change", [{"width": 4}, {"clusters": 3}])
def test_members_of_another_network_are_refused(change):
    with pytest.raises(ValueError, match="the network over"):
        Ensemble(tensors()).check(SHAPE.model_copy(update=change))


def test_a_forest_that_asks_for_features_that_there_are_not_is_refused():
    odd = tensors() | {"feature": np.array([2, 0, 0, 0], dtype=np.int16)}
    with pytest.raises(ValueError, match="lacks"):
        Ensemble(odd).check(SHAPE)
