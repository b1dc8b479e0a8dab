import numpy as np
import pytest
import torch
from torch.nn import functional as F

from crossroute.model.attention import CrossAttention, PoolEmbedding
from crossroute.model.config import NetworkConfig
from crossroute.model.inference import InferenceNetwork, PoolProfiles
from crossroute.numeric import gelu

RANDOM = np.random.default_rng(0)


def trained(**shape):
    torch.manual_seed(0)
    made = CrossAttention(NetworkConfig(width=12, components=6, clusters=4, hidden=8, **shape)).eval()
    for tensor in made.state_dict().values():
        tensor.normal_()
    made.temperature.fill_(2.0)
    return made


def frozen(made):
    return InferenceNetwork(made.config, {name: tensor.numpy() for name, tensor in made.state_dict().items()})


@pytest.mark.parametrize("prior", [True, False])
@pytest.mark.parametrize("heads", [1, 3])
@pytest.mark.parametrize("members", [1, 4])
@pytest.mark.parametrize("size", [5, 30])  # few candidates, which are folded in, and more
def test_numpy_and_torch_say_the_same(prior, heads, members, size):
    made = trained(prior=prior, heads=heads, members=members)
    queries = RANDOM.normal(size=(9, 12)).astype(np.float32)
    profiles = PoolProfiles(*(RANDOM.random((size, 4)).astype(np.float32) for _ in range(3)))
    with torch.inference_mode():
        expected = made(torch.from_numpy(queries), made.keys(PoolEmbedding(*map(torch.from_numpy, profiles))))
    network = frozen(made)
    found = network(queries, network.keys(profiles))
    tolerance = {"rtol": 2e-4, "atol": 2e-4}
    np.testing.assert_allclose(found.quality, torch.sigmoid(expected.quality_logit), **tolerance)
    np.testing.assert_allclose(found.log_tokens, expected.log_tokens, **tolerance)
    np.testing.assert_allclose(found.attention, expected.attention, **tolerance)
    np.testing.assert_allclose(found.clusters, expected.clusters, **tolerance)


@pytest.mark.parametrize("heads", [1, 3])
@pytest.mark.parametrize("size", [5, 30])
def test_members_say_the_same_one_by_one_as_together(heads, size, monkeypatch):
    network = frozen(trained(heads=heads, members=4))
    queries = RANDOM.normal(size=(9, 12)).astype(np.float32)
    profiles = PoolProfiles(*(RANDOM.random((size, 4)).astype(np.float32) for _ in range(3)))
    together = network.keys(profiles)
    monkeypatch.setattr("crossroute.model.inference.FEW_NUMBERS", 0)
    apart = network.keys(profiles)
    assert len(together.own.interest) == 1 < len(apart.own.interest) == 4
    for one, other in zip(network(queries, together)[:4], network(queries, apart)[:4], strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(
        network(queries, together).attention, network(queries, apart).attention, rtol=1e-5, atol=1e-5
    )


def test_gelu_is_torchs():
    x = np.linspace(-9, 9, 10_001, dtype=np.float32)
    np.testing.assert_allclose(gelu(x), F.gelu(torch.from_numpy(x)), atol=1e-6)


def test_a_missing_tensor_is_named():
    made = trained()
    weights = {name: tensor.numpy() for name, tensor in made.state_dict().items() if name != "pair.weight"}
    with pytest.raises(KeyError, match=r"pair\.weight"):
        InferenceNetwork(made.config, weights)


def test_another_shape_is_named():
    made = trained()
    weights = {name: tensor.numpy() for name, tensor in made.state_dict().items()}
    with pytest.raises(ValueError, match=r"'centroids' has shape \(3, 6\), expected \(4, 6\)"):
        InferenceNetwork(made.config, weights | {"centroids": np.zeros((3, 6))})
