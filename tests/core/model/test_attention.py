import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn import functional as F

from crossroute.model.attention import CrossAttention, MemberLinear, PoolEmbedding
from crossroute.model.config import NetworkConfig

WIDTH, COMPONENTS, CLUSTERS = 12, 6, 4


def network(seed=0, **shape):
    torch.manual_seed(seed)
    made = CrossAttention(
        NetworkConfig(width=WIDTH, components=COMPONENTS, clusters=CLUSTERS, hidden=8, **shape)
    )
    for name in ("projection", "centroids"):
        getattr(made, name).normal_()
    for parameter in made.parameters():  # the heads start at zero: nothing would show
        torch.nn.init.normal_(parameter)
    return made.eval()


def pool(candidates=5, seed=1):
    random = torch.Generator().manual_seed(seed)
    shape = (candidates, CLUSTERS)
    return PoolEmbedding(
        torch.rand(shape, generator=random), torch.randn(shape, generator=random), torch.ones(shape)
    )


def queries(n=7, seed=2):
    return torch.randn((n, WIDTH), generator=torch.Generator().manual_seed(seed))


def say(made, candidates=None, encoded=None):
    return made(queries() if encoded is None else encoded, made.keys(candidates or pool()))


def part(embedding, rows):
    return PoolEmbedding(*(each[rows] for each in embedding))


def test_shapes_are_queries_by_candidates():
    output = say(network(members=3))
    assert output.quality_logit.shape == output.log_tokens.shape == output.attention.shape == (7, 5)
    assert output.clusters.shape == (7, CLUSTERS)


def test_attention_is_torch_scaled_dot_product_attention():
    made = network(members=2)
    query, key, value = torch.randn(2, 7, 8), torch.randn(2, 5, 8), torch.randn(2, 5, 8)
    made.head_embedding.data.zero_()
    expected = F.scaled_dot_product_attention(query, key, value)
    torch.testing.assert_close(made.attend(query, key) @ value, expected)


def test_attention_and_clusters_are_distributions():
    output = say(network(heads=3))
    for weights in (output.attention, output.clusters):
        assert (weights >= 0).all()
        torch.testing.assert_close(weights.sum(1), torch.ones(7))


@given(st.permutations(range(5)), st.booleans(), st.integers(1, 3))
def test_permuting_the_pool_permutes_the_predictions(order, prior, heads):
    made = network(prior=prior, heads=heads, members=2)
    straight, permuted = say(made), say(made, part(pool(), list(order)))
    for name in ("quality_logit", "log_tokens", "attention"):
        expected = getattr(straight, name)[:, list(order)]
        torch.testing.assert_close(getattr(permuted, name), expected, rtol=1e-4, atol=1e-4)


def test_a_pool_of_any_size_is_predicted():
    made = network()
    for candidates in (1, 2, 40):
        assert torch.isfinite(say(made, pool(candidates)).quality_logit).all()


def test_a_query_is_predicted_the_same_alone_and_among_others():
    made = network(members=2)
    together, alone = say(made), say(made, encoded=queries()[3:4])
    torch.testing.assert_close(together.quality_logit[3:4], alone.quality_logit, rtol=1e-4, atol=1e-4)


def test_training_starts_from_the_cluster_router():
    made = CrossAttention(NetworkConfig(width=WIDTH, components=COMPONENTS, clusters=CLUSTERS))
    made.projection.normal_()
    made.centroids.normal_()
    made.eval()
    output, embedding = say(made), pool()
    expected = output.clusters @ embedding.quality.T
    torch.testing.assert_close(torch.sigmoid(output.quality_logit), expected, rtol=1e-3, atol=1e-3)
    torch.testing.assert_close(output.log_tokens, output.clusters @ embedding.log_tokens.T)


def test_the_plain_form_starts_from_nothing():
    made = CrossAttention(
        NetworkConfig(width=WIDTH, components=COMPONENTS, clusters=CLUSTERS, prior=False)
    ).eval()
    assert (say(made).quality_logit == 0).all()


def test_a_query_at_a_centroid_belongs_to_its_cluster():
    made = network()
    made.centroids.copy_(torch.eye(CLUSTERS, COMPONENTS) * 50)
    assert made.place(made.centroids).argmax(1).tolist() == list(range(CLUSTERS))


def test_the_average_is_that_of_the_members():
    made = network(members=3)
    each = made.each_member(queries(), made.keys(pool()))
    assert each.quality_logit.shape == (3, 7, 5)
    torch.testing.assert_close(say(made).quality_logit, each.quality_logit.mean(0))
    assert not torch.allclose(each.quality_logit[0], each.quality_logit[1])


def test_a_member_layer_is_a_linear_layer_of_each_member():
    layer = MemberLinear(2, 3, 4)
    layer.bias.data.normal_()
    x = torch.randn(5, 3)
    for member, y in enumerate(layer(x)):
        torch.testing.assert_close(y, F.linear(x, layer.weight[member].T, layer.bias[member, 0]))


def test_it_is_small():
    made = CrossAttention(NetworkConfig(width=271, components=79, clusters=20, members=4))
    assert sum(parameter.numel() for parameter in made.parameters()) < 300_000


@pytest.mark.parametrize("field", ["width", "components", "clusters", "hidden", "heads", "members"])
def test_a_shape_must_be_positive(field):
    shape = {"width": 3, "components": 3, "clusters": 3} | {field: 0}
    with pytest.raises(ValueError, match=field):
        NetworkConfig(**shape)


def test_extreme_profiles_stay_finite():
    extreme = PoolEmbedding(torch.tensor([[0.0] * 4, [1.0] * 4]), torch.full((2, 4), -7.0), torch.zeros(2, 4))
    output = say(network(), extreme)
    assert np.isfinite(output.quality_logit.detach().numpy()).all()


def test_the_shapes_are_those_of_the_tensors():
    made = network(members=2, heads=3)
    assert made.config.shapes() == {name: tuple(tensor.shape) for name, tensor in made.state_dict().items()}
