"""The quality floor: proved on outcomes, kept with the router, tested again where candidates or prices change."""

from dataclasses import replace
from functools import partial

import numpy as np
import pytest

from crossroute import Constraints, FloorError, Price, Query, Router, UnknownCandidateError
from crossroute.data.outcomes import hash_texts
from crossroute.routing.dial import MOST_TO_PAY
from tests.support.tiny import KINDS, make_outcomes


@pytest.fixture(scope="module")
def fresh():
    """Outcomes on queries that the router was not trained on."""
    outcomes = make_outcomes(720)
    texts = tuple(KINDS[task].format(a=row + 5000, b=row + 9000) for row, task in enumerate(outcomes.tasks))
    return replace(outcomes, texts=texts)


@pytest.fixture(scope="module")
def promised(router, fresh):
    return router.with_floor(fresh, 0.25)


def mean_loss(router, outcomes, pay, read=Query.of):
    quality = outcomes.quality
    decisions = router.route_many(map(read, outcomes.texts), willingness_to_pay=pay)
    columns = [outcomes.pool.position(decision.candidate) for decision in decisions]
    return quality.mean(axis=0).max() - quality[np.arange(len(quality)), columns].mean()


def test_the_floor_bounds_every_dial_and_is_said(promised, router, fresh):
    floor = promised.floor.promise
    cheapest = promised.route("Tell me a story about owls.", cost_preference=1)
    assert cheapest.willingness_to_pay == floor.willingness_to_pay
    assert cheapest.floor == floor
    assert (
        promised.route("Tell me a story.", willingness_to_pay=1e-9).willingness_to_pay
        == floor.willingness_to_pay
    )
    assert promised.route("Tell me a story.", cost_preference=0).willingness_to_pay == 1e12
    assert router.route("Tell me a story.").floor is None
    assert mean_loss(promised, fresh, 1e-12) <= 0.25 < mean_loss(router, fresh, 1e-12)


def test_a_dial_between_two_tested_settings_takes_the_dearer(promised):
    upper, lower = promised.floor.settings[-2:]
    assert promised.floor.raise_to_tested((upper + lower) / 2) == upper
    assert promised.floor.raise_to_tested(lower) == lower


def test_a_choice_that_a_constraint_made_is_not_said_to_keep_it(promised):
    query = KINDS["arithmetic"].format(a=7, b=9)
    first = promised.route(query)
    barred = promised.route(query, constraints=Constraints(deny={first.candidate}))
    assert first.floor is not None
    assert barred.floor is None


def test_too_few_outcomes_are_told_how_many_it_takes(router, fresh):
    with pytest.raises(FloorError, match=r"^5 outcomes are too few .* about [\d,]+"):
        router.with_floor(fresh.take(range(5)), 0.25)


def test_a_drop_that_no_price_keeps_is_told(router, fresh):
    worst = replace(
        fresh, quality=np.where(fresh.pool.position("free") == np.arange(4), 1.0, 0.0) + 0 * fresh.quality
    )
    with pytest.raises(FloorError, match="worse than free"):
        router.with_floor(worst, 0.02)


def test_training_queries_do_not_count(router, outcomes, fresh):
    with pytest.raises(FloorError, match=r"no outcome"):
        router.with_floor(outcomes.split("train"), 0.25)
    mixed = router.with_floor(type(fresh).concatenate([_apart(fresh), outcomes.split("train")]), 0.25)
    assert len(mixed.floor.evidence) == len(fresh)
    assert set(hash_texts(outcomes.split("train").texts)) <= set(router.trained_on)


def _apart(outcomes):
    return replace(outcomes, query_ids=tuple(f"fresh-{name}" for name in outcomes.query_ids))


def test_a_router_that_does_not_tell_what_it_was_trained_on_counts_the_test_split(router, fresh):
    unsaid = Router(**{**router._parts(), "trained_on": None})
    assert len(unsaid.with_floor(fresh, 0.25).floor.evidence) == fresh.splits.count("test")
    others = len(fresh) - fresh.splits.count("test")
    with pytest.raises(
        FloorError, match=f"{others} of the 720 queries do not count: the router does not record"
    ):
        unsaid.with_floor(fresh, 0.001)


def test_it_is_saved_with_the_router(promised, tmp_path):
    promised.save_pretrained(tmp_path / "router")
    again = Router.from_pretrained(tmp_path / "router")
    assert again.floor.promise == promised.floor.promise
    assert again.floor.settings == promised.floor.settings
    assert np.array_equal(again.floor.evidence.quality, promised.floor.evidence.quality)
    assert np.array_equal(again.trained_on, promised.trained_on)
    assert again.route("Tell me a story.", cost_preference=1).floor == promised.floor.promise
    assert again.over(again.pool).floor is not None


def test_it_survives_what_leaves_it_true_and_no_more(promised, fresh):
    assert promised.without("free").floor is not None
    dearer = promised.with_prices(
        {"large": Price(input=200, output=600), "coder": Price(input=20, output=40)}
    )
    assert dearer.floor.promise.willingness_to_pay > promised.floor.promise.willingness_to_pay
    assert mean_loss(dearer, fresh, 1e-12) <= 0.25
    with pytest.raises(FloorError, match=r"no longer holds over free.*without_floor"):
        promised.subset(["free"])
    assert promised.without_floor().subset(["free"]).floor is None


def test_a_new_candidate_counts_as_wrong_where_it_is_chosen(promised):
    favourite = promised.pool["large"].model_copy(update={"name": "new", "price": Price(input=0, output=0)})
    with pytest.raises(FloorError, match="no longer holds"):
        promised.with_candidates([favourite])
    hopeless = promised.pool["free"].model_copy(update={"name": "new", "price": Price(input=900, output=900)})
    assert promised.with_candidates([hopeless]).floor is not None


def test_another_name_of_the_same_candidate_changes_nothing(promised):
    pool = [
        one if one.name != "large" else one.model_copy(update={"name": "L", "aliases": ("large",)})
        for one in promised.pool
    ]
    renamed = promised.over(type(promised.pool)(pool))
    assert renamed.floor.promise == promised.floor.promise


def test_it_holds_in_each_group(router, fresh):
    overall = router.with_floor(fresh, 0.4).floor.promise
    grouped = router.with_floor(fresh, 0.4, groups="task").floor.promise
    assert grouped.groups == tuple(sorted(KINDS))
    assert grouped.willingness_to_pay >= overall.willingness_to_pay
    few = ["rare" if row < 3 else "" for row in range(len(fresh))]
    with pytest.raises(FloorError, match="'rare'"):
        router.with_floor(fresh, 0.4, groups=few)


def test_it_holds_for_a_task_as_a_whole_run_and_as_one_call():
    """Of a call the dearer model is that of a run the cheaper: calls alone would go to the one that is always wrong."""
    names = ("chatgpt-4o-latest-2025-03", "command-a-03-2025")
    router = Router.from_pretrained("universal").subset(names)
    texts = [
        f"In the repository the tests of module {n} fail with a traceback. Fix the code." for n in range(400)
    ]
    as_run = partial(Query, one_call=False)
    whole_run, one_call = (router.predict([read(texts[0])]).cost[0] for read in (as_run, Query.of_call))
    assert whole_run[0] < whole_run[1]
    assert one_call[0] > one_call[1]
    known = np.ones((len(texts), 2)) * [1.0, 0.0]
    outcomes = replace(
        make_outcomes(len(texts)),
        texts=tuple(texts),
        pool=router.pool,
        **dict.fromkeys(
            ("cost", "input_tokens", "output_tokens", "latency", "answer_logprob"), known * np.nan
        ),
        quality=known,
    )
    assert mean_loss(router, outcomes, 1e-9, Query.of_call) == 1
    promised = router.with_floor(outcomes, 0.25)
    assert mean_loss(promised, outcomes, 1e-9, as_run) <= 0.25
    assert mean_loss(promised, outcomes, 1e-9, Query.of_call) <= 0.25


def test_it_is_against_a_named_candidate(router, fresh):
    assert router.with_floor(fresh, 0.25, against="coder").floor.promise.against == "coder"
    with pytest.raises(UnknownCandidateError):
        router.with_floor(fresh, 0.25, against="gpt-9")


def test_two_calls_are_promised_as_well(router, fresh):
    promise = router.with_floor(fresh, 0.3, max_calls=2).floor.promise
    assert promise.max_calls == 2


def test_a_log_of_one_answer_a_query_serves_by_its_propensities(router, fresh):
    random = np.random.default_rng(0)
    many = type(fresh).concatenate(
        [replace(fresh, query_ids=tuple(f"{part}-{name}" for name in fresh.query_ids)) for part in range(4)]
    )
    answered = random.integers(0, len(many.pool), len(many))
    quality = np.where(np.arange(len(many.pool)) == answered[:, None], many.quality, np.nan)
    log = replace(many, quality=quality)
    propensity = np.full(len(many), 1 / len(many.pool))
    logged = router.with_floor(log, 0.5, propensity=propensity)
    assert mean_loss(logged, fresh, 1e-12) <= 0.5
    for wrong in (0.0, -0.5, 1.5, np.nan):
        with pytest.raises(ValueError, match="propensity must be in"):
            router.with_floor(log, 0.5, propensity=np.where(np.arange(len(many)) == 7, wrong, propensity))
    with pytest.raises(ValueError, match="one propensity per query, 2880, got 3"):
        router.with_floor(log, 0.5, propensity=np.ones(3))
    with pytest.raises(ValueError, match=r"shape \(2880,\) or \(2880, 4\), got \(2880, 2\)"):
        router.with_floor(log, 0.5, propensity=np.ones((len(many), 2)))
    with pytest.raises(ValueError, match="max_calls must be 1"):
        router.with_floor(log, 0.5, propensity=propensity, max_calls=2)


def logged_by(outcomes, chances, random):
    """What a log tells of outcomes where candidates were chosen with these chances, shape (n, m)."""
    chosen = (chances.cumsum(axis=1) > random.random((len(outcomes), 1))).argmax(axis=1)
    told = np.where(np.arange(len(outcomes.pool)) == chosen[:, None], outcomes.quality, np.nan)
    return replace(outcomes, quality=told)


def repeated(outcomes, times):
    parts = (
        replace(outcomes, query_ids=tuple(f"{part}-{name}" for name in outcomes.query_ids))
        for part in range(times)
    )
    return type(outcomes).concatenate(list(parts))


def test_a_reference_that_could_not_be_chosen_counts_as_right(router, fresh):
    """`large` is right everywhere, the others nowhere, and where it was never tried nothing tells that it is."""
    random, many = np.random.default_rng(1), repeated(fresh, 4)
    large = many.pool.position("large")
    right = np.where(np.arange(4) == large, 1.0, 0.0) + np.zeros((len(many), 1))
    many = replace(many, quality=right)
    others = np.where(np.arange(4) == large, 0.0, 1 / 3) + np.zeros((len(many), 1))
    log = logged_by(many, others, random)
    assert mean_loss(router.with_floor(log, 0.3, against="large", propensity=others), many, 1e-12) <= 0.3
    with pytest.raises(
        FloorError, match=r"1\.000 worse than large .* On 100% of them large could not be chosen"
    ):
        router.without("large").with_floor(log, 0.3, against="large", propensity=others)


@pytest.mark.parametrize("pay", [MOST_TO_PAY, 0.003])
def test_sole_choices_prove_a_floor_where_they_are_as_good_as_any_answer(router, fresh, pay):
    many = repeated(fresh, 2)
    chosen = router.route_many(many.texts, willingness_to_pay=pay)
    sole = np.array([many.pool.position(decision.candidate) for decision in chosen])
    chances = (np.arange(4) == sole[:, None]).astype(float)
    good = replace(many, quality=np.where(chances == 1, 0.98, 0.1))
    log = logged_by(good, chances, np.random.default_rng(0))
    for told in (chances, np.ones(len(many))):
        promised = router.with_floor(log, 0.15, propensity=told)
        for dial in (1e-12, 1e12):
            assert mean_loss(promised, good, dial) <= 0.15
        assert promised.floor.settings[0] == pytest.approx(pay, rel=9)
    with pytest.raises(FloorError, match="counts as right"):
        router.with_floor(replace(log, quality=0.5 * log.quality), 0.15, propensity=chances)


@pytest.mark.parametrize("seed", range(6))
def test_what_a_log_proves_is_so_whatever_was_left_to_chance(router, fresh, seed, tmp_path):
    random, many = np.random.default_rng(seed), repeated(fresh, 6)
    chances = random.dirichlet(np.ones(4), len(many)) * (random.random((len(many), 4)) < 0.6)
    chances[:, 0] += 0.2 + 0.8 * (chances.sum(axis=1) == 0)
    chances = 0.9 * chances / chances.sum(axis=1, keepdims=True) + 0.1 * (chances > 0) / (chances > 0).sum(
        axis=1, keepdims=True
    )
    try:
        promised = router.with_floor(logged_by(many, chances, random), 0.7, propensity=chances)
    except FloorError:
        return
    assert mean_loss(promised, fresh, 1e-12) <= 0.7
    promised.save_pretrained(tmp_path / "promised")
    again = Router.from_pretrained(tmp_path / "promised")
    assert again.floor.settings == promised.floor.settings
    assert again.with_prices({"large": (9, 90)}).floor.promise.drop == 0.7
