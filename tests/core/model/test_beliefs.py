import numpy as np
import pytest

from crossroute.model.beliefs import OWN_ERROR, derive_beliefs
from crossroute.model.inference import PoolProfiles


@pytest.fixture(scope="module")
def told(router):
    """What tells doubt beside the tiny router, and its network."""
    return router.predictor.doubt, router.predictor.network


def profiles(network, quality, *, evidence=50.0, log_tokens=4.0):
    shape = (len(quality), network.config.clusters)
    columns = (np.array(quality)[:, None], log_tokens, evidence)
    return PoolProfiles(*(np.broadcast_to(np.float32(values), shape) for values in columns))


def test_who_is_better_in_all_clusters_is_believed_abler(told):
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


def test_who_writes_more_is_believed_to_write_more_elsewhere(told):
    doubt, network = told
    short, long = (
        derive_beliefs(profiles(network, [0.6], log_tokens=each), doubt, network).log_tokens
        for each in (3, 5)
    )
    assert long == pytest.approx(short + 2)
