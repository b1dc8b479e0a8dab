import numpy as np
import pytest

from crossroute.model.config import NetworkConfig
from crossroute.model.ensemble import Ensemble
from crossroute.numeric import logit, sigmoid
from crossroute.training.config import TrainingConfig
from crossroute.training.forest import grow_forest

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
        "length": np.array([0.3, 0.0]),
    }


WHOLLY = np.ones(1)
"""How far outcomes near any query tell of any candidate."""

BOTH = np.array([0, 1])

ENCODED, X = np.array([[1.0, 1.0, 0.0], [0.0, 0.0, 1.0]]), np.array([[-1.0, 0.0], [1.0, 0.0]])


def joined_by(ensemble, encoded, x, network, *, columns=BOTH, observed=WHOLLY):
    return ensemble.combine(encoded, x, network, ensemble.weigh_pool(columns), observed)


def test_each_member_predicts_what_can_be_told_by_hand():
    ridge, forest = np.split(Ensemble(tensors()).predict_members(ENCODED, X), 2, axis=1)
    np.testing.assert_allclose(ridge, [[0.6, 0.6], [0.5, 0.4]], rtol=1e-6)
    # (0.2, 0.8) or (0.8, 0.2), and 0.4
    np.testing.assert_allclose(forest, [[0.3, 0.6], [0.6, 0.3]], rtol=1e-6)


def test_the_network_counts_as_much_as_it_was_weighed():
    network = np.array([[1.0, -1.0], [0.0, 2.0]])
    joined = joined_by(Ensemble(tensors()), ENCODED, X, network)
    ridge, forest = np.array([[0.6, 0.6], [0.5, 0.4]]), np.array([[0.3, 0.6], [0.6, 0.3]])
    expected = 0.5 * network + 0.25 * logit(ridge, 0.02) + 0.5 * logit(forest, 0.02) + [0.1, -0.1]
    expected += 0.2 * logit(forest, 0.02).mean(axis=1, keepdims=True)
    np.testing.assert_allclose(joined, expected, atol=1e-5)


def test_a_candidate_is_known_by_its_profile_and_another_is_the_networks_alone():
    ensemble = Ensemble(tensors())
    columns = ensemble.find_columns(np.array([[0.4, 0.6], [0.4, 0.5], [0.9, 0.1]]))
    assert columns.tolist() == [1, -1, 0]
    network = np.array([[0.3, 0.3, 0.3]])
    joined = joined_by(ensemble, ENCODED[:1], X[:1], network, columns=columns)
    assert joined[0, 1] == np.float32(0.3)
    whole = joined_by(ensemble, ENCODED[:1], X[:1], network[:, :2])
    np.testing.assert_allclose(joined[0, [2, 0]], whole[0], rtol=1e-6)
    np.testing.assert_allclose(ensemble.weigh_pool(columns).length, [0, 0, 0.3], rtol=1e-6)


def test_members_that_know_no_candidate_do_not_count():
    assert Ensemble(tensors()).weigh_pool(np.array([-1, -1, -1])) is None


def test_a_forest_says_the_same_of_a_query_alone_and_among_others():
    generator = np.random.default_rng(0)
    grown = grow_forest(
        generator.normal(size=(400, 5)), generator.random((400, 3)), TrainingConfig(trees=6, seed=1)
    )
    nodes = {name: getattr(grown, name) for name in ("feature", "threshold", "children", "root", "value")}
    nodes["value"] = (nodes["value"] * 255).astype(np.uint8)
    shapes = {"profiles": (3, 4), "ridge": (7, 3), "ridge_bias": (3,), "own": (1,), "weights": (2,)}
    shapes |= {"common": (2,), "intercept": (3,), "length": (3,)}
    rest = {name: generator.normal(size=shape) for name, shape in shapes.items()}
    ensemble = Ensemble(rest | nodes | {"depth": np.array([grown.depth])})
    x = generator.normal(size=(50, 5)).astype(np.float32)
    encoded = generator.normal(size=(50, 7)).astype(np.float32)
    together = ensemble.predict_members(encoded, x)
    alone = [ensemble.predict_members(encoded[[row]], x[[row]])[0] for row in range(50)]
    np.testing.assert_allclose(together, alone, rtol=1e-5, atol=1e-6)
    assert len(np.unique(together[:, 3:], axis=0)) > 10


def test_a_candidate_that_was_not_observed_near_a_query_is_the_networks_alone_there():
    network = np.array([[1.0, -1.0], [0.0, 2.0]])
    arguments = Ensemble(tensors()), ENCODED, X, network
    whole = joined_by(*arguments)
    near = joined_by(*arguments, observed=np.array([[0.0, 1.0], [0.5, 0.0]]))
    np.testing.assert_allclose(near[[0, 1], [0, 1]], [1.0, 2.0])
    np.testing.assert_allclose(near[0, 1], whole[0, 1], atol=1e-5)
    np.testing.assert_allclose(near[1, 0], (network[1, 0] + whole[1, 0]) / 2, atol=1e-5)


def test_certainty_of_a_member_is_held_within_reason():
    sure = tensors() | {"ridge_bias": np.array([5.0, -5.0]), "weights": np.array([1.0, 0.0])}
    sure |= {"common": np.zeros(2)}
    joined = joined_by(Ensemble(sure), ENCODED, X, np.zeros((2, 2)))
    np.testing.assert_allclose(sigmoid(joined - np.array([0.1, -0.1])), [[0.98, 0.02]] * 2, atol=1e-5)


@pytest.mark.parametrize(
    ("name", "tensor"),
    [
        ("children", np.full((4, 2), 9, dtype=np.int32)),
        ("children", np.array([[1, 2], [1, 0], [2, 2], [3, 3]], dtype=np.int32)),
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
