from dataclasses import replace

import numpy as np
import pytest
import torch

from crossroute import DataError, Outcomes, Pool, TrainingConfig, fit, priced, read_outcomes
from crossroute.evaluation import compare
from crossroute.training.run import TrainingRun

SMALL = TrainingConfig(clusters=4, epochs=3, batch_size=32, hidden=16)


def predictions(router, outcomes):
    return router.predict(outcomes.split("test").texts)


def test_the_same_seed_trains_the_same_router_bit_for_bit(outcomes):
    first, second = (predictions(fit(outcomes, SMALL), outcomes) for _ in range(2))
    assert (first.quality == second.quality).all()
    assert (first.cost == second.cost).all()


def test_another_seed_trains_another(outcomes):
    first = predictions(fit(outcomes, SMALL), outcomes)
    other = predictions(fit(outcomes, SMALL.model_copy(update={"seed": 1})), outcomes)
    assert (first.quality != other.quality).any()


def test_training_leaves_the_callers_random_numbers_alone(outcomes):
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    fit(outcomes, SMALL)
    assert (torch.rand(3) == expected).all()


def test_an_interrupted_run_goes_on_as_if_nothing_had_happened(outcomes, tmp_path):
    def interrupt(epoch):
        if epoch.epoch == 2:
            raise KeyboardInterrupt

    config = SMALL.model_copy(update={"epochs": 4})
    unbroken = predictions(fit(outcomes, config), outcomes)
    fit(outcomes, config, state_folder=tmp_path, on_epoch=interrupt)
    seen = []
    resumed = fit(outcomes, config, state_folder=tmp_path, on_epoch=lambda epoch: seen.append(epoch.epoch))
    assert seen == [3, 4]
    assert not list(tmp_path.iterdir()), "a finished run leaves no state behind"
    assert (predictions(resumed, outcomes).quality == unbroken.quality).all()


def test_ctrl_c_keeps_the_best_so_far(outcomes):
    def interrupt(epoch):
        raise KeyboardInterrupt

    router = fit(outcomes, SMALL, on_epoch=interrupt)
    assert np.isfinite(predictions(router, outcomes).quality).all()


def test_ctrl_c_before_the_first_epoch_is_an_interrupt(outcomes, monkeypatch):
    def interrupt(self):
        raise KeyboardInterrupt

    monkeypatch.setattr(TrainingRun, "one_epoch", interrupt)
    with pytest.raises(KeyboardInterrupt):
        fit(outcomes, SMALL)


def test_the_test_split_is_never_looked_at(outcomes):
    test = np.array(outcomes.splits) == "test"
    spoiled = replace(outcomes, quality=np.where(test[:, None], 1 - outcomes.quality, outcomes.quality))
    first, second = (predictions(fit(each, SMALL), outcomes) for each in (outcomes, spoiled))
    assert (first.quality == second.quality).all()


def test_missing_outcomes_are_masked(outcomes):
    quality, cost = outcomes.quality.copy(), outcomes.cost.copy()
    quality[::3, 1] = cost[::3, 1] = np.nan
    router = fit(replace(outcomes, quality=quality, cost=cost), SMALL)
    assert np.isfinite(predictions(router, outcomes).quality).all()


def test_it_learns_which_candidate_is_good_at_what(outcomes):
    router = fit(outcomes, SMALL.model_copy(update={"epochs": 15}))
    quality = dict(zip(router.pool.names, router.predict([outcomes.texts[1]]).quality[0], strict=True))
    assert outcomes.tasks[1] == "code"
    assert quality["coder"] > quality["small"] + 0.2


def test_a_candidate_added_by_its_profile_is_predicted_like_one_trained_with(outcomes):
    router = fit(outcomes, SMALL)
    added = router.without("coder").with_candidates(router.profile(outcomes.split("train").select(["coder"])))
    expected, found = predictions(router, outcomes), predictions(added.subset(router.pool.names), outcomes)
    np.testing.assert_allclose(found.quality, expected.quality, atol=1e-4)


@pytest.mark.parametrize(("missing", "there"), [("train", "0 and 30"), ("validation", "60 and 0")])
def test_an_empty_split_is_named(outcomes, missing, there):
    rest = outcomes.take([split != missing for split in outcomes.splits])
    with pytest.raises(DataError, match=f"2 train queries and a validation query .* there are {there}"):
        fit(rest, SMALL)


def test_two_train_queries_are_enough_and_one_is_not(outcomes):
    train = [row for row, split in enumerate(outcomes.splits) if split == "train"]
    validation = [row for row, split in enumerate(outcomes.splits) if split == "validation"]
    assert fit(outcomes.take(train[:2] + validation), SMALL).route("text").candidate in outcomes.pool
    with pytest.raises(DataError, match="there are 1 and 30"):
        fit(outcomes.take(train[:1] + validation), SMALL)


def test_candidates_that_cost_the_same_are_refused_before_training(outcomes):
    with pytest.raises(DataError, match="two candidates of different costs"):
        fit(outcomes.select(["small"]), SMALL)
    with pytest.raises(DataError, match="two candidates of different costs"):
        fit(replace(outcomes, cost=np.full_like(outcomes.cost, np.nan)), SMALL)


def test_a_candidate_without_price_is_named(outcomes):
    pool = Pool(c.model_copy(update={"price": None}) if c.name == "coder" else c for c in outcomes.pool)
    with pytest.raises(DataError, match="coder"):
        fit(outcomes.with_pool(pool), SMALL)


def test_a_candidate_without_outcomes_is_named(outcomes):
    quality = outcomes.quality.copy()
    quality[:, 2] = np.nan
    with pytest.raises(DataError, match="large"):
        fit(replace(outcomes, quality=quality), SMALL)


def test_the_plain_form_trains(outcomes):
    config = TrainingConfig.plain().model_copy(update={"epochs": 2, "clusters": 4})
    router = fit(outcomes, config)
    assert not router.predictor.network.config.prior
    assert np.isfinite(predictions(router, outcomes).quality).all()


def test_going_on_from_a_router_learns_what_changed(outcomes, router):
    changed = replace(outcomes, quality=1 - outcomes.quality)
    tuned = fit(changed, start=router)
    observed = changed.split("test").quality
    before, after = (
        ((predictions(each, outcomes).quality - observed) ** 2).mean() for each in (router, tuned)
    )
    assert after < before - 0.05
    assert tuned.predictor.network.config == router.predictor.network.config


def test_the_router_is_kept_where_nothing_was_gained(outcomes, router):
    train = np.array(outcomes.splits) == "train"
    misleading = replace(
        outcomes,
        quality=np.where(train[:, None], 1 - outcomes.quality, router.predict(outcomes.texts).quality),
    )
    kept = fit(misleading, start=router)
    assert (predictions(kept, outcomes).quality == predictions(router, outcomes).quality).all()


def test_a_router_goes_on_with_a_newcomer_and_states_prices_that_the_data_lacks(outcomes, router):
    unpriced = Pool(c.model_copy(update={"price": None}) if c.name == "large" else c for c in outcomes.pool)
    tuned = fit(outcomes.with_pool(unpriced), start=router.without("coder"))
    assert tuned.pool.names == outcomes.pool.names
    assert tuned.pool["large"].price == router.pool["large"].price


def test_any_part_of_the_pool_may_be_dropped_while_training(outcomes):
    config = SMALL.model_copy(update={"candidate_dropout": 1.0, "choose_by": "likelihood"})
    router = fit(outcomes, config)
    assert (
        predictions(router, outcomes).quality != predictions(fit(outcomes, SMALL), outcomes).quality
    ).any()


@pytest.mark.data
def test_real_outcomes_are_learned_well_beyond_the_zero_router(shared_data):
    outcomes: Outcomes = priced(read_outcomes(shared_data / "routerbench-5shot"))
    router = fit(outcomes, TrainingConfig(epochs=8, members=2))
    test = outcomes.split("test")
    report = compare({"router": router.predict(test.texts)}, test)
    figures = report.routers["router"]
    assert figures.gap_closed > 0.1
    assert figures.calibration_error < 0.05
    assert figures.cost_factor < 1.25
