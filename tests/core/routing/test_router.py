import asyncio
import dataclasses
import io
import math
import tracemalloc
from concurrent.futures import ThreadPoolExecutor
from itertools import islice

import numpy as np
import pytest
import torch
from rich.console import Console

from crossroute import (
    Candidate,
    Constraints,
    DataError,
    Decision,
    EncoderError,
    NoEligibleCandidateError,
    Price,
    Profile,
    Query,
    Router,
    TrainingConfig,
    UnknownCandidateError,
    fit,
)
from crossroute.routing.dial import Dial

TEXTS = [
    "What is 17 plus 23?",
    "def f(xs):\n    return xs[::-1]\n\nWhat does this return?",
    "Tell me a story about an owl. " * 100,
    "Solve " + "1 + " * 2_000 + "1",
    "ü",
]


class Letters:
    """An encoder of one's own: how often each letter stands in a text."""

    def __init__(self) -> None:
        self.calls: list[list[str]] = []

    def encode(self, texts: list[str]) -> np.ndarray:
        self.calls.append(list(texts))
        return np.array([[text.count(letter) for letter in "aeiostrn"] for text in texts], dtype=float)


@pytest.fixture(scope="module")
def own(outcomes):
    """A router on an encoder of one's own."""
    encoder = Letters()
    return fit(outcomes, TrainingConfig(clusters=4, epochs=1, hidden=8), encoder=encoder), encoder


def test_predictions_have_one_row_a_query_and_one_column_a_candidate(router):
    prediction = router.predict(TEXTS)
    assert prediction.candidates == router.pool.names == ("small", "coder", "large", "free")
    assert prediction.quality.shape == prediction.cost.shape == (5, 4)
    assert ((prediction.quality >= 0) & (prediction.quality <= 1)).all()
    assert np.isfinite(prediction.cost).all()
    assert (prediction.cost[:, :3] > 0).all()
    assert (prediction.cost[:, 3] == 0).all()


def test_no_query_gives_no_row(router):
    assert router.predict([]).quality.shape == (0, 4)
    assert list(router.route_many([])) == []


def test_learns_which_candidate_is_good_at_what(router, outcomes):
    test = outcomes.split("test")
    prediction = router.predict(test.texts)
    for task, good, bad in (("chat", "small", "coder"), ("code", "coder", "small")):
        rows = np.array(test.tasks) == task
        quality = dict(zip(prediction.candidates, prediction.quality[rows].mean(axis=0), strict=True))
        assert quality[good] > quality[bad]


def test_a_query_is_predicted_alike_alone_and_among_others(router):
    fresh = router.subset(router.pool.names)
    together = fresh.predict(TEXTS)
    for row, text in enumerate(TEXTS):
        alone = router.subset(router.pool.names).predict([text])
        assert alone.quality[0] == pytest.approx(together.quality[row], abs=1e-6)
        assert alone.cost[0] == pytest.approx(together.cost[row], rel=1e-5)


def test_predicting_again_gives_the_same_bits_and_a_copy(router):
    first = router.predict(TEXTS)
    first_quality = first.quality.copy()
    first.quality[:] = 0
    assert (router.predict(TEXTS).quality == first_quality).all()


def test_permuting_the_pool_permutes_the_predictions(router):
    prediction = router.predict(TEXTS)
    for order in ([3, 1, 0, 2], [1, 0, 3, 2]):
        permuted = router.subset([router.pool.names[column] for column in order]).predict(TEXTS)
        assert permuted.candidates == tuple(router.pool.names[column] for column in order)
        assert permuted.quality == pytest.approx(prediction.quality[:, order], abs=1e-6)
        assert permuted.cost == pytest.approx(prediction.cost[:, order], rel=1e-5)


def test_the_decision_agrees_with_the_predictions(router):
    prediction = router.predict([*map(Query.of_call, TEXTS)])
    for row, text in enumerate(TEXTS):
        for preference in (0, 0.3, 1):
            decision = router.route(text, cost_preference=preference)
            column = router.pool.position(decision.candidate)
            assert decision.quality == prediction.quality[row, column]
            assert decision.cost == prediction.cost[row, column]
            assert decision.alternatives[0].candidate == decision.candidate
            assert {a.candidate for a in decision.alternatives} == set(router.pool.names)
            rewards = [a.reward for a in decision.alternatives if a.excluded is None]
            assert rewards == sorted(rewards, reverse=True)
            assert sum(a.attention for a in decision.alternatives) == pytest.approx(1, abs=1e-5)


def test_0_is_quality_first_and_1_is_cheapest(router):
    prediction = router.predict(TEXTS)
    for row, text in enumerate(TEXTS):
        assert router.route(text, cost_preference=0).quality == prediction.quality[row].max()
        assert router.route(text, cost_preference=1).cost == prediction.cost[row].min()


def test_a_lower_cost_preference_never_picks_a_cheaper_candidate(router):
    for text in TEXTS:
        costs = [router.route(text, cost_preference=notch / 20).cost for notch in range(21)]
        assert costs == sorted(costs, reverse=True)


def test_without_a_preference_the_dial_stands_in_the_middle(router):
    assert router.route(TEXTS[0]) == router.route(TEXTS[0], cost_preference=0.5)
    assert router.route(TEXTS[0]).cost_preference == 0.5


def test_a_willingness_to_pay_takes_the_place_of_the_dial(router):
    decision = router.route(TEXTS[0], willingness_to_pay=1e-3)
    assert decision.willingness_to_pay == 1e-3
    assert decision.cost_preference is None
    chosen = decision.alternatives[0]
    assert chosen.reward == pytest.approx(math.log(chosen.quality) - chosen.cost / 1e-3)
    for pay in (1e-12, 1e12):
        assert all(
            math.isfinite(a.reward) for a in router.route(TEXTS[0], willingness_to_pay=pay).alternatives
        )


@pytest.mark.parametrize("pay", [0, -1, math.nan, math.inf, "much"])
def test_a_willingness_to_pay_that_is_none_is_refused(router, pay):
    with pytest.raises(ValueError, match="willingness_to_pay must be a positive number of USD, got"):
        router.route("text", willingness_to_pay=pay)


@pytest.mark.parametrize("preference", [-0.1, 1.1, math.nan, "cheap", [0.5]])
def test_a_cost_preference_outside_0_and_1_is_refused(router, preference):
    with pytest.raises(ValueError, match=r"cost_preference must be in \[0, 1\]"):
        router.route("text", cost_preference=preference)


def test_both_dials_at_once_are_refused(router):
    with pytest.raises(ValueError, match="not both"):
        router.route("text", cost_preference=0.5, willingness_to_pay=1)


@pytest.mark.parametrize("query", [["a", "b"], b"bytes", None, 7, ("a",)])
def test_what_is_no_query_is_refused_by_its_type(router, query):
    with pytest.raises(TypeError, match=type(query).__name__):
        router.route(query)


def test_one_text_where_several_are_due_is_refused(router):
    for call in (router.predict, lambda text: list(router.route_many(text))):
        with pytest.raises(TypeError, match="Expected several queries, got one"):
            call("text")
        with pytest.raises(TypeError, match="must be a str, got"):
            call([b"bytes"])
        with pytest.raises(ValueError, match="The query is empty"):
            call(["text", " "])


@pytest.mark.parametrize("text", ["a\ud800b", "null\x00byte", "\u200b", "🦉" * 5_000, "x y " * 262_144])
def test_odd_texts_are_routed(router, text):
    decision = router.route(text)
    assert decision.candidate in router.pool
    assert math.isfinite(decision.quality)


@pytest.mark.parametrize("text", ["", "   ", "\n\t"])
def test_an_empty_text_is_refused(router, text):
    with pytest.raises(ValueError, match="The query is empty"):
        router.route(text)


def test_a_frame_changes_what_is_predicted_and_context_what_it_costs(router):
    plain = router.route(Query("What is 2 + 2?"), willingness_to_pay=1e9)
    framed = router.route(Query("What is 2 + 2?", system="You write Python. " * 20), willingness_to_pay=1e9)
    assert framed.cost > plain.cost
    context = router.route(Query("What is 2 + 2?", input_tokens=100_000), willingness_to_pay=1e9)
    assert context.quality == pytest.approx(plain.quality)
    price = router.pool[context.candidate].price
    assert context.cost - plain.cost == pytest.approx((100_000 - 6) * price.input / 1e6)


def test_constraints_exclude_and_are_named(router):
    decision = router.route(TEXTS[0], constraints=Constraints(capabilities={"structured_output"}))
    excluded = {a.candidate: a.excluded for a in decision.alternatives if a.excluded}
    assert excluded == {"small": "lacks structured_output", "free": "lacks structured_output"}
    assert [a.candidate in excluded for a in decision.alternatives] == [False, False, True, True]
    assert "small was excluded: lacks structured_output." in decision.explain()


def test_allow_and_deny_know_aliases(router):
    assert router.route("text", constraints=Constraints(allow={"lab/small"})).candidate == "small"
    denied = router.route("text", cost_preference=1, constraints=Constraints(deny={"lab/small", "free"}))
    assert denied.candidate in ("coder", "large")


def test_unknown_names_in_constraints_are_refused_before_any_query_is_read(router):
    for constraints in (Constraints(allow={"gpt-9"}), Constraints(deny={"gpt-9"})):
        with pytest.raises(UnknownCandidateError, match="'gpt-9'"):
            router.route_many(iter(()), constraints=constraints)


def test_a_call_that_is_too_long_leaves_the_small_context_window_out(router):
    decision = router.route(Query("text", input_tokens=50_000))
    (small,) = [a for a in decision.alternatives if a.candidate == "small"]
    assert "context window of 2,000 tokens" in small.excluded


def test_where_nothing_is_eligible_each_candidate_and_its_reason_are_named(router):
    constraints = Constraints(capabilities={"tools"}, deny={"large"}, max_cost=1)
    with pytest.raises(NoEligibleCandidateError) as caught:
        router.route("text", constraints=constraints)
    assert caught.value.failures == {
        "small": "lacks tools",
        "coder": "lacks tools",
        "large": "in the deny list",
        "free": "lacks tools",
    }
    for name, reason in caught.value.failures.items():
        assert f"{name!r}: {reason}" in str(caught.value)
    with pytest.raises(ValueError, match="predicted quality"):
        router.route("text", constraints=Constraints(min_quality=1))


def test_a_pool_can_be_cut_and_reordered(router):
    assert router.without("large", "lab/small").pool.names == ("coder", "free")
    assert router.subset(["free", "lab/small"]).pool.names == ("free", "small")
    assert router.pool.names == ("small", "coder", "large", "free")
    assert router.subset(["coder"]).route("text").candidate == "coder"


def test_unknown_empty_and_repeated_names_are_refused(router):
    for call in (lambda: router.without("gpt-9"), lambda: router.subset(["gpt-9"])):
        with pytest.raises(UnknownCandidateError, match=r"'gpt-9'.*'small', 'coder', 'large', 'free'"):
            call()
    for call in (lambda: router.without(*router.pool.names), lambda: router.subset([])):
        with pytest.raises(ValueError, match="at least one candidate"):
            call()
    with pytest.raises(ValueError, match="Two candidates are named 'free'"):
        router.subset(["free", "free"])


def test_one_name_where_several_are_due_is_refused(router):
    with pytest.raises(TypeError, match="several names"):
        router.subset("small")


def test_a_candidate_is_added_by_its_profile_without_training(router):
    twin = router.pool["large"].model_copy(update={"name": "twin", "price": Price(input=1, output=3)})
    wider = router.with_candidates([twin])
    assert wider.pool.names == (*router.pool.names, "twin")
    prediction = wider.predict(TEXTS)
    assert prediction.quality[:, 4] == pytest.approx(prediction.quality[:, 2])
    assert prediction.cost[:, 4] == pytest.approx(prediction.cost[:, 2] / 10)
    assert wider.without("twin").predict(TEXTS).quality == pytest.approx(router.predict(TEXTS).quality)


def test_a_candidate_of_the_same_name_is_replaced_in_its_place(router):
    dearer = router.pool["coder"].model_copy(update={"price": Price(input=100, output=200)})
    changed = router.with_candidates([dearer])
    assert changed.pool.names == router.pool.names
    assert changed.predict(TEXTS).cost[:, 1] == pytest.approx(100 * router.predict(TEXTS).cost[:, 1])


def test_prices_without_names_are_refused(router):
    with pytest.raises(TypeError, match="Expected prices by name"):
        router.with_prices([("a", (1, 2))])


def test_candidates_without_a_profile_or_a_price_are_refused_with_the_remedy(router):
    with pytest.raises(DataError, match=r"'new' has no profile\. .*router.profile\(outcomes\)"):
        router.with_candidates([Candidate(name="new", price=Price(input=1, output=1))])
    with pytest.raises(DataError, match="No price is known for 'new'"):
        router.with_candidates([router.pool["large"].model_copy(update={"name": "new", "price": None})])
    alien = Profile(quality=(0.5,), log_tokens=(1.0,), evidence=(1.0,))
    with pytest.raises(DataError, match=r"The profile of 'new' has 1 clusters; this router has 4"):
        router.with_candidates([router.pool["large"].model_copy(update={"name": "new", "profile": alien})])


def test_a_profile_that_another_router_made_is_refused(router, outcomes):
    other = fit(outcomes, TrainingConfig(clusters=4, epochs=1, hidden=16, seed=1))
    with pytest.raises(DataError, match=r"'coder' was made by another router.*router.profile\(outcomes\)"):
        other.with_candidates([router.pool["coder"]])
    with pytest.raises(DataError, match="was made by another router"):
        other.with_candidates(router.profile(outcomes))


@pytest.fixture
def usd_only():
    """A router that learned from USD alone."""
    return Router.from_pretrained("routerbench").subset(["gpt-4-1106-preview", "claude-v2"])


def cost_at(router, read, wrote):
    name = "gpt-4-1106-preview"
    changed = router.with_prices({name: Price(input=read, output=wrote)})
    return changed.predict(TEXTS).cost[:, changed.pool.names.index(name)]


def test_new_prices_change_the_cost_of_a_router_that_learned_from_usd(usd_only):
    now = cost_at(usd_only, 10, 30)
    assert (now == usd_only.predict(TEXTS).cost[:, 0]).all()
    wrote = cost_at(usd_only, 0, 30)
    assert (wrote > 0).all()
    assert cost_at(usd_only, 10, 0) + wrote == pytest.approx(now)
    assert cost_at(usd_only, 10, 300) == pytest.approx(now + 9 * wrote)
    assert (cost_at(usd_only, 0, 0) == 0).all()


def test_prices_that_change_twice_count_from_those_that_were_learned(usd_only):
    for first in ((0, 0), (0, 5), (1, 0)):
        changed = usd_only.with_prices({"gpt-4-1106-preview": Price(input=first[0], output=first[1])})
        assert (cost_at(changed, 10, 30) == cost_at(usd_only, 10, 30)).all()
        assert (cost_at(changed, 2, 7) == cost_at(usd_only, 2, 7)).all()


def test_profiling_the_training_outcomes_gives_the_profiles_of_training(router, outcomes):
    again = router.profile(outcomes.split("train"))
    for candidate in again:
        assert candidate.profile.quality == pytest.approx(
            router.pool[candidate.name].profile.quality, abs=1e-5
        )
    assert router.with_candidates(again).pool.names == router.pool.names


def test_the_dial_is_set_anew_for_another_pool(router):
    cut = router.without("large")
    assert cut.dial != router.dial
    assert cut.route(TEXTS[0], cost_preference=0).candidate != "large"


@pytest.fixture
def chats():
    """Queries unlike those of training: short, and many."""
    return [f"{verb} {number}?" for verb in ("Add", "Write", "Print", "Tell") for number in range(50)]


def test_the_dial_is_set_by_what_is_foreseen_for_ones_own_queries(router, chats):
    own = router.calibrated(chats)
    predicted = own.predict([Query.of_call(chat) for chat in chats])
    expected = Dial.calibrate(predicted.quality, predicted.cost, router.reward)
    assert own.dial.willingness_to_pay == pytest.approx(expected.willingness_to_pay)
    assert own.dial != router.dial


def test_what_comes_with_the_text_counts_for_the_dial(router, chats, tmp_path):
    long = [Query(text, input_tokens=20_000) for text in chats]
    own = router.calibrated(long)
    predicted = own.predict(list(map(Query.of_call, long)))
    expected = Dial.calibrate(predicted.quality, predicted.cost, router.reward)
    assert own.dial.willingness_to_pay == pytest.approx(expected.willingness_to_pay)
    assert own.dial != router.calibrated(chats).dial
    own.save_pretrained(tmp_path / "own")
    again = Router.from_pretrained(tmp_path / "own")
    assert again.calibration.context.tolist() == own.calibration.context.tolist()


def test_a_dial_that_was_set_stays_set_for_a_part_of_the_pool_and_on_disk(router, chats, tmp_path):
    own = router.calibrated(chats).subset(["small", "large"])
    assert own.dial == router.subset(["small", "large"]).calibrated(chats).dial
    assert own.dial != router.subset(["small", "large"]).dial
    own.save_pretrained(tmp_path / "own")
    assert Router.from_pretrained(tmp_path / "own").dial == own.dial


def test_a_text_that_the_dial_is_set_on_counts_as_one_call():
    router = Router.from_pretrained("universal").subset(["gpt-5-mini", "claude-opus-4-5"])
    tasks = [f"Fix the code of module {number}: its tests fail with a traceback." for number in range(20)]
    calls = router.calibrated(map(Query.of_call, tasks))
    runs = router.calibrated(Query(task, one_call=False) for task in tasks)
    assert router.calibrated(tasks).dial == calls.dial != runs.dial


def test_a_text_may_be_a_run_or_one_call_unless_it_says_which_it_is():
    router = Router.from_pretrained("universal").subset(["gpt-5-mini", "claude-opus-4-5"])
    task = "Find out why the parser crashes on empty input, fix it, and add a test. Run the whole suite then."
    run, call = router.predict([Query(task, one_call=False), Query(task, one_call=True)]).cost
    assert min(run / call) > 5
    either = router.predict([task]).cost[0]
    assert (call < either).all()
    assert (either < run).all()
    for cost, says in ((either, None), (call, True), (run, False)):
        assert cost_of(router, Query(task, one_call=says)) == pytest.approx(cost)
    assert cost_of(router, task) == pytest.approx(either)


def cost_of(router, query):
    """Return the predicted cost of each candidate, after a look that all ways to route choose alike."""
    decision = router.route(query)
    assert [each.cost for each in router.route_many([query])] == [decision.cost]
    assert router.route_columns([query]).cost.tolist() == pytest.approx([decision.cost], rel=2e-5)
    costs = {each.candidate: each.cost for each in decision.alternatives}
    return [costs[name] for name in router.pool.names]


def test_a_dial_is_not_set_on_nothing(router):
    with pytest.raises(ValueError, match="got none"):
        router.calibrated([])


def test_a_json_round_trip_gives_the_decision_back(router):
    for text in TEXTS:
        decision = router.route(text, constraints=Constraints(deny={"free"}))
        assert Decision.model_validate_json(decision.model_dump_json()) == decision


def test_a_decision_holds_plain_numbers(router):
    decision = router.route(TEXTS[0], cost_preference=np.float32(0.25))
    for alternative in decision.alternatives:
        for value in (alternative.quality, alternative.cost, alternative.reward, alternative.attention):
            assert type(value) is float
    assert type(decision.willingness_to_pay) is float
    assert {type(cluster.index) for cluster in decision.clusters} == {int}


def test_explains_by_the_nearest_clusters(router):
    decision = router.route(TEXTS[0])
    weights = [cluster.weight for cluster in decision.clusters]
    assert weights == sorted(weights, reverse=True)
    assert 0 < sum(weights) <= 1 + 1e-6
    assert decision.clusters[0].label in decision.explain()
    assert decision.explain().startswith("The query most resembles training queries of ")
    assert decision.candidate in str(decision)


def test_many_threads_decide_as_one_does(router):
    texts = [f"What is {number} plus {number % 7}?" for number in range(60)] * 4
    alone = [router.subset(router.pool.names).route(text) for text in texts[:60]]
    shared = router.subset(router.pool.names)
    with ThreadPoolExecutor(8) as threads:
        together = list(threads.map(shared.route, texts))
    for one, other in zip(alone * 4, together, strict=True):
        assert other.candidate == one.candidate
        assert other.quality == pytest.approx(one.quality, abs=1e-6)


def test_asyncio_tasks_share_a_router(router):
    async def gather():
        return await asyncio.gather(*(asyncio.to_thread(router.route, text) for text in TEXTS * 8))

    assert asyncio.run(gather()) == [router.route(text) for text in TEXTS] * 8


def test_route_many_decides_as_route_does_and_in_order(router):
    texts = [f"What is {number} plus 3?" for number in range(150)]
    assert [decision.candidate for decision in router.route_many(texts)] == [
        router.route(text).candidate for text in texts
    ]


def test_route_many_reads_no_further_than_a_batch_ahead(router):
    read = 0

    def queries():
        nonlocal read
        for number in range(1_000_000):
            read += 1
            yield f"What is {number} plus 3?"

    stream = router.route_many(queries())
    assert read == 0
    assert len(list(islice(stream, 100))) == 100
    assert read == 128


def test_route_many_holds_no_more_for_more_queries(router):
    def peak(queries: int) -> int:
        fresh = router.subset(router.pool.names)
        stream = fresh.route_many(f"{number} foxes " + "and owls " * 20 for number in range(queries))
        next(stream)
        tracemalloc.start()
        for _ in stream:
            pass
        held = tracemalloc.get_traced_memory()[0]
        tracemalloc.stop()
        return held

    assert peak(1_500) < 16e6  # what the caches of 4,096 queries may hold


def test_arguments_are_checked_before_the_first_query_is_read(router):
    with pytest.raises(ValueError, match="cost_preference"):
        router.route_many(iter(()), cost_preference=2)


def test_an_error_in_the_middle_comes_when_its_batch_is_read(router):
    stream = router.route_many([*["text"] * 64, ""])
    assert len(list(islice(stream, 64))) == 64
    with pytest.raises(ValueError, match="The query is empty"):
        next(stream)


def test_nothing_is_encoded_twice(own):
    router, encoder = own
    encoder.calls.clear()
    long = " ".join(f"word{number}" for number in range(400))
    router.predict(["short one", "short two", "short one", long])
    router.route("short one")
    router.route(long, cost_preference=0)
    router.without("free").route("short one")
    assert sorted(text for call in encoder.calls for text in call) == sorted(
        ["short one", "short two", long[:1000], long[-1000:]]
    )


def test_a_router_says_what_it_is(router, own):
    names = ", ".join(router.pool.names)
    assert repr(router) == f"Router({names}; encoder='static')"
    assert repr(own[0]).endswith("; encoder='custom:Letters')")


def test_an_encoder_of_another_width_is_refused(own, monkeypatch):
    router, encoder = own
    monkeypatch.setattr(encoder, "encode", lambda texts: np.ones((len(texts), 3)))
    with pytest.raises(
        EncoderError, match=r"'custom:Letters' returns .* features per query; this router expects"
    ):
        router.route("a text that was never seen before")


def test_an_encoder_that_returns_nan_is_refused(own, monkeypatch):
    router, encoder = own
    monkeypatch.setattr(encoder, "encode", lambda texts: np.full((len(texts), 8), np.nan))
    with pytest.raises(EncoderError, match="NaN"):
        router.route("another text that was never seen before")


def test_training_on_an_encoder_that_returns_nan_is_refused(outcomes):
    class Broken:
        def encode(self, texts):
            return np.full((len(texts), 8), np.nan)

    with pytest.raises(EncoderError, match=r"'custom:.*Broken' returned NaN"):
        fit(outcomes, TrainingConfig(epochs=1), encoder=Broken())


def test_the_linear_reward_can_decide(router):
    linear = Router(
        router.predictor,
        calibration=router.calibration,
        cluster_labels=router.cluster_labels,
        reward="linear",
    )
    decision = linear.route(TEXTS[0], willingness_to_pay=0.01)
    chosen = decision.alternatives[0]
    assert decision.reward == "linear"
    assert chosen.reward == pytest.approx(chosen.quality - chosen.cost / 0.01)


def test_loading_and_routing_leave_torch_as_it_was(router):
    before = torch.random.get_rng_state(), torch.get_num_threads(), torch.is_grad_enabled()
    router.route("a text")
    assert torch.equal(before[0], torch.random.get_rng_state())
    assert before[1:] == (torch.get_num_threads(), torch.is_grad_enabled())


def test_outcomes_given_to_fit_stay_as_they_were(outcomes):
    assert all(candidate.profile is None for candidate in outcomes.pool)
    assert dataclasses.is_dataclass(outcomes)


def test_decisions_are_read_again_where_the_queries_can_be(router):
    decisions = router.route_many(["What is 2 plus 2?", "Write a story."])
    first = [decision.candidate for decision in decisions]
    assert [decision.candidate for decision in decisions] == first
    assert len(first) == 2
    once = router.route_many(iter(["What is 2 plus 2?"]))
    assert len(list(once)) == 1
    with pytest.raises(ValueError, match=r"are exhausted.*list\(router\.route_many"):
        list(once)


def test_constraints_may_be_given_by_name(router):
    stated = router.route("What is 2 plus 2?", constraints=Constraints(allow={"large"}))
    assert router.route("What is 2 plus 2?", constraints={"allow": {"large"}}).candidate == stated.candidate
    with pytest.raises(
        ValueError,
        match=r"no constraint 'max_costs'\. Did you mean 'max_cost'\? Expected some of capabilities, ",
    ):
        router.route("text", constraints={"max_costs": 0.01})
    with pytest.raises(TypeError, match=r"expects Constraints\(max_cost=0\.01\).*got 'cheap'"):
        router.route("text", constraints="cheap")


def test_prices_may_be_given_as_two_numbers(router):
    for price in ((1, 2), [1, 2], {"input": 1, "output": 2}):
        assert router.with_prices({"large": price}).pool["large"].price == Price(input=1, output=2)
    for wrong in ((1,), (1, 2, 3), (-1, 2), ("a", "b"), "12", 5, {"in": 1}):
        with pytest.raises(ValueError, match="Expected a price"):
            router.with_prices({"large": wrong})


def test_names_stay_whole_on_a_narrow_terminal(router):
    console = Console(width=40, record=True, file=io.StringIO())
    console.print(router.route("What is 2 plus 2?"))
    console.print(router.pool)
    shown = console.export_text()
    assert all(shown.count(name) >= 2 for name in router.pool.names)
