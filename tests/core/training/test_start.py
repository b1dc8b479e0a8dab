from dataclasses import replace

import numpy as np
import pytest
import torch

from crossroute import Pool, Price, TrainingConfig, fit
from crossroute.encoder.query_encoder import QueryEncoder
from crossroute.model import costs
from crossroute.training.run import prepare
from crossroute.training.start import COVERED, start_fresh, start_from

CONFIG = TrainingConfig(clusters=4, hidden=16, members=2)


@pytest.fixture(scope="module")
def train(outcomes):
    return prepare(outcomes.split("train"), QueryEncoder("static"), "output_tokens", lambda _: None)


def without(train, candidate, rows):
    quality = train.outcomes.quality.copy()
    quality[rows, candidate] = np.nan
    return train._replace(
        outcomes=replace(train.outcomes, quality=quality), quality=torch.from_numpy(quality).float()
    )


def test_a_fresh_start_has_a_profile_of_every_candidate_and_a_label_of_every_cluster(train):
    start = start_fresh(train, QueryEncoder("static").views_width, CONFIG)
    assert len(start.labels) == 4
    for candidate in start.pool:
        assert sum(candidate.profile.evidence) == len(train.encoded)
    shares = start.shares(train)
    assert shares.keys() == set(train.outcomes.tasks)
    assert all(sum(share) == pytest.approx(1, abs=1e-3) for share in shares.values())


def test_a_forest_stands_in_only_where_the_candidate_was_seen_often_enough(train):
    code = np.array([task == "code" for task in train.outcomes.tasks])
    now_and_then = np.arange(len(code)) % 5 == 0
    rare = without(without(train, 0, code), 1, now_and_then)
    start = start_fresh(rare, QueryEncoder("static").views_width, CONFIG)
    taught = start.mix_targets(rare, CONFIG).quality.numpy()
    evidence = np.array([candidate.profile.evidence for candidate in start.pool])
    covered = evidence.T[start.assign(rare)] >= COVERED
    unseen = np.isnan(rare.outcomes.quality)
    assert (np.isnan(taught) == (unseen & ~covered)).all()
    assert np.isnan(taught[code, 0]).any()
    assert np.isfinite(taught[now_and_then, 1]).any()


def test_going_on_keeps_the_network_and_adds_the_evidence(train, router):
    start = start_from(train, router)
    for name, tensor in start.network.state_dict().items():
        np.testing.assert_array_equal(tensor.numpy(), router.predictor.network.weights[name])
    for candidate in start.pool:
        before = router.pool[candidate.name].profile
        assert sum(candidate.profile.evidence) == sum(before.evidence) + len(train.encoded)
        np.testing.assert_allclose(candidate.profile.quality, before.quality, atol=0.2)


def test_a_newcomer_is_profiled_from_its_outcomes_alone(train, router):
    fewer = router.without("coder")
    start = start_from(train, fewer)
    assert start.pool.names == train.outcomes.pool.names
    assert sum(start.pool["coder"].profile.evidence) == len(train.encoded)


def test_what_was_learned_at_other_prices_is_carried_over(outcomes):
    usd_only = replace(outcomes, output_tokens=np.full_like(outcomes.cost, np.nan))
    start = fit(usd_only, CONFIG.model_copy(update={"epochs": 1}))
    assert start.predictor.cost_unit == "input_ratio"
    price = {"coder": Price(input=3, output=1)}
    repriced = usd_only.with_pool(usd_only.pool.with_prices(price))
    cost = repriced.cost.copy()
    cost[:, 1] = (outcomes.input_tokens[:, 1] * 3 + outcomes.output_tokens[:, 1]) / 1e6
    train = prepare(
        replace(repriced, cost=cost).split("train"), QueryEncoder("static"), "input_ratio", lambda _: None
    )
    found = start_from(train, start).pool["coder"].profile
    same = prepare(usd_only.split("train"), QueryEncoder("static"), "input_ratio", lambda _: None)
    before = start_from(same, start).pool["coder"].profile
    assert before.log_tokens != pytest.approx(found.log_tokens, abs=0.1)
    prices = [np.array(each) for each in ((1.0, 2.0), (3.0, 1.0))]
    carried = costs.ratio_at(np.array(before.log_tokens), *prices)
    np.testing.assert_allclose(found.log_tokens, carried, atol=0.1)
    counted = start.over(Pool([start_from(train, start).pool["coder"]])).predict(outcomes.texts)
    assert counted.cost.mean() == pytest.approx(cost[:, 1].mean(), rel=0.25)
