from dataclasses import replace

import numpy as np
import pytest
import torch

from crossroute import (
    Candidate,
    CheckpointError,
    DataError,
    Outcomes,
    Pool,
    Price,
    Query,
    Router,
    TrainingConfig,
    fit,
    priced,
    read_outcomes,
)
from crossroute.escalation.verifier import Verifier
from crossroute.evaluation import compare
from crossroute.training import fitting
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


@pytest.fixture
def stopped(tmp_path):
    """Return a function that trains until the second epoch, with a state folder, and gives the folder back."""

    def stop(outcomes, config=SMALL, start=None):
        def interrupt(epoch):
            if epoch.epoch == 2:
                raise KeyboardInterrupt

        fit(outcomes, config, start=start, state_folder=tmp_path, on_epoch=interrupt)
        return tmp_path

    return stop


def repriced(outcomes, factor):
    pool = Pool(
        c.model_copy(update={"price": Price(input=c.price.input * factor, output=c.price.output * factor)})
        for c in outcomes.pool
    )
    return replace(outcomes, cost=outcomes.cost * factor, pool=pool)


def validation_flipped(outcomes):
    rows = np.array(outcomes.splits)[:, None] == "validation"
    return replace(outcomes, quality=np.where(rows, 1 - outcomes.quality, outcomes.quality))


def validation_dearer(outcomes):
    rows = np.array(outcomes.splits)[:, None] == "validation"
    return replace(outcomes, cost=np.where(rows, 2 * outcomes.cost, outcomes.cost))


def renamed(outcomes):
    return replace(outcomes, pool=Pool(c.model_copy(update={"name": f"{c.name}-2"}) for c in outcomes.pool))


def longer(outcomes):
    return replace(outcomes, output_tokens=outcomes.output_tokens * 1.01)


@pytest.mark.parametrize(
    "changed",
    [validation_flipped, validation_dearer, renamed, longer, lambda outcomes: repriced(outcomes, 1_000)],
)
def test_a_run_of_other_data_does_not_go_on(outcomes, stopped, changed):
    folder = stopped(outcomes)
    with pytest.raises(CheckpointError, match="belongs to a run of other data"):
        fit(changed(outcomes), SMALL, state_folder=folder)


@pytest.mark.parametrize("settings", [{"seed": 1}, {"hidden": 8}])
def test_a_run_from_another_start_does_not_go_on(outcomes, router, stopped, settings):
    tuning = TrainingConfig(epochs=4, choose_by="likelihood")
    other = fit(outcomes, SMALL.model_copy(update={"epochs": 1} | settings))
    folder = stopped(outcomes, tuning, start=router)
    with pytest.raises(CheckpointError, match="another start"):
        fit(outcomes, tuning, start=other, state_folder=folder)
    seen = []
    fit(outcomes, tuning, start=router, state_folder=folder, on_epoch=lambda epoch: seen.append(epoch.epoch))
    assert seen == [3, 4]


def test_ctrl_c_after_the_last_epoch_loses_nothing(outcomes, tmp_path, monkeypatch):
    def interrupt(*_):
        raise KeyboardInterrupt

    seen = []
    with monkeypatch.context() as patch:
        patch.setattr(fitting, "_fit_verifier", interrupt)
        with pytest.raises(KeyboardInterrupt):
            fit(outcomes, SMALL, state_folder=tmp_path)
    with pytest.raises(KeyboardInterrupt):
        fit(outcomes, SMALL, state_folder=tmp_path, on_epoch=seen.append, on_trained=interrupt)
    resumed = fit(outcomes, SMALL, state_folder=tmp_path, on_epoch=seen.append)
    assert not seen, "no epoch was repeated"
    assert (
        predictions(resumed, outcomes).quality == predictions(fit(outcomes, SMALL), outcomes).quality
    ).all()
    assert not list(tmp_path.iterdir())


def test_ctrl_c_keeps_the_best_so_far(outcomes):
    def interrupt(epoch):
        raise KeyboardInterrupt

    router = fit(outcomes, SMALL, on_epoch=interrupt)
    assert np.isfinite(predictions(router, outcomes).quality).all()


def test_ctrl_c_before_the_first_epoch_is_an_interrupt(outcomes, monkeypatch):
    def interrupt(self):
        raise KeyboardInterrupt

    monkeypatch.setattr(TrainingRun, "train_epoch", interrupt)
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
    with pytest.raises(DataError, match=f"2 train queries and a validation query.* there are {there}"):
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


@pytest.fixture(scope="module")
def misleading(outcomes, router):
    """Outcomes from which nothing is to be gained."""
    train = np.array(outcomes.splits) == "train"
    told = router.predict(outcomes.texts).quality
    return replace(outcomes, quality=np.where(train[:, None], 1 - outcomes.quality, told))


def test_the_router_is_kept_where_nothing_was_gained(misleading, router):
    kept = fit(misleading, start=router)
    assert (predictions(kept, misleading).quality == predictions(router, misleading).quality).all()


def test_a_router_that_is_kept_has_the_reward_and_the_dial_of_the_new_run(misleading, router):
    kept = fit(misleading, TrainingConfig(reward="linear", epochs=2, choose_by="likelihood"), start=router)
    assert (predictions(kept, misleading).quality == predictions(router, misleading).quality).all()
    assert kept.reward == "linear"
    asked = misleading.split("validation").texts
    assert (kept.calibration.vectors == router.predictor.query_encoder.encode(list(map(Query, asked)))).all()
    assert kept.provenance == router.provenance
    few = misleading.take([row for row, split in enumerate(misleading.splits) if split == "train" or row % 4])
    assert len(fit(few, start=router).calibration.tokens) == len(few.split("validation"))


def test_a_router_that_is_kept_goes_by_the_users_names(misleading):
    universal = Router.from_pretrained("universal").subset(["gpt-4o-mini-2024-07-18", "gpt-4o-2024-08-06"])
    told = universal.predict(misleading.texts).quality
    train = np.array(misleading.splits)[:, None] == "train"
    pool = Pool(Candidate(name=name) for name in ("openai:gpt-4o-mini", "gpt-4o"))
    own = replace(
        misleading.select(["small", "large"]), pool=pool, quality=np.where(train, 1.0 - (told > 0.5), told)
    )
    own = replace(own, cost=np.full_like(own.cost, np.nan))
    kept = fit(own, TrainingConfig(epochs=1, choose_by="likelihood"), start=universal)
    assert kept.pool.names == pool.names
    for ours, theirs in zip(kept.pool, universal.pool, strict=True):
        assert (ours.profile, ours.price) == (theirs.profile, theirs.price)
    assert (kept.predict(["text"]).quality == universal.predict(["text"]).quality).all()


def test_the_verifier_and_the_sources_of_the_start_stay(outcomes, misleading, router):
    start = router.subset(router.pool.names)
    start.own_verifier = Verifier.general().model_copy(update={"source": "mine"})
    spread = [1.0, 0.0, 0.0, 0.0]
    start.provenance = {
        "sources": {name: {"a set": 9} for name in router.pool.names},
        "tasks": {"exams": spread},
    }
    learned = fit(replace(outcomes, quality=1 - outcomes.quality), start=start)
    assert learned.pool["coder"].profile != start.pool["coder"].profile
    for tuned in (learned, fit(misleading, start=start)):
        assert tuned.own_verifier == start.own_verifier
        assert tuned.provenance["sources"] == start.provenance["sources"]
        assert tuned.provenance["tasks"]["exams"] == spread, "published scores lead to it"
    assert set(learned.provenance["tasks"]) > {"exams"}
    training = learned.provenance["training"]
    network = learned.predictor.network.config
    assert [training[name] for name in ("clusters", "hidden", "members")] == [4, 16, network.members]


def test_settings_of_another_shape_are_refused_before_anything_is_learned(outcomes, router):
    with pytest.raises(ValueError, match=r"hidden 128 .*clusters 20|clusters 20 .*hidden 128"):
        fit(outcomes, TrainingConfig(hidden=128, clusters=20), start=router)


def test_a_known_candidate_without_a_graded_train_row_is_no_hindrance(outcomes, router):
    quality = outcomes.quality.copy()
    quality[np.array(outcomes.splits) == "train", 2] = np.nan
    tuned = fit(replace(outcomes, quality=quality), start=router)
    assert np.isfinite(predictions(tuned, outcomes).quality).all()


def test_train_rows_without_a_grade_teach_nothing_and_spoil_nothing(outcomes):
    quality = outcomes.quality.copy()
    train = np.flatnonzero(np.array(outcomes.splits) == "train")
    quality[train[5:]] = np.nan
    router = fit(replace(outcomes, quality=quality), SMALL.model_copy(update={"batch_size": 1}))
    assert np.isfinite(predictions(router, outcomes).quality).all()


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


@pytest.mark.parametrize("wrong", [[], None, "outcomes.jsonl"])
def test_what_is_no_outcomes_is_refused(wrong):
    with pytest.raises(TypeError, match=f"fit expects Outcomes, got {type(wrong).__name__}. Read them"):
        fit(wrong)


def test_outcomes_without_a_grade_are_told_as_such(outcomes):
    with pytest.raises(DataError, match="No answer is graded: quality is empty in every row"):
        fit(replace(outcomes, quality=np.full_like(outcomes.quality, np.nan)), SMALL)
