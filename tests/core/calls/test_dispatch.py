"""Dispatcher: needs, stickiness, defaults, forced candidates and what a call took."""

import asyncio
import math
import threading

import pytest

from crossroute import Constraints, Decision, NoEligibleCandidateError, Price, Query, UnknownCandidateError
from crossroute.calls import background
from crossroute.calls.dispatch import Dispatcher
from crossroute.calls.memory import Memory
from crossroute.calls.settings import CallSettings
from crossroute.calls.spend import Usage
from crossroute.calls.steps import Ask, ask, drive
from crossroute.routing.members import Ability, router_over
from crossroute.tokens import estimate_tokens
from tests.support.steps import call_by

TEXT = "What is 12 plus 30, and what is their product minus 12?"
TOOLS = Ability(capabilities=frozenset({"tools"}))


@pytest.fixture
def dispatcher(router):
    return Dispatcher(
        router, {"small": TOOLS, "coder": Ability(), "large": TOOLS, "x": Ability()}, default="x"
    )


def answered(dispatcher, decision, usage):
    with dispatcher.ledger.entry(decision) as entry:
        entry.usage = usage
    return entry.decision


def test_it_decides_as_the_router_does(dispatcher):
    decision = dispatcher.decide(Query(TEXT), CallSettings(cost_preference=0.3))
    routed = dispatcher.router.route(TEXT, cost_preference=0.3)
    assert decision.candidate == routed.candidate
    assert decision.reasons == ()
    assert decision.eligible[-1] == "x", "the default that the router does not know comes last"


def test_needs_exclude_members_that_lack_them(dispatcher):
    decision = dispatcher.decide(Query(TEXT), CallSettings(cost_preference=1), needs=["tools"])
    assert decision.eligible == ("small", "large")
    with pytest.raises(NoEligibleCandidateError, match="lacks audio"):
        dispatcher.decide(Query(TEXT), needs=["audio"])


def test_a_tool_turn_stays_with_the_member_that_began_it(dispatcher):
    for began in ("small", "large"):
        decision = dispatcher.decide(Query(TEXT), needs=["tools"], current=began, tool_turn=True)
        assert decision.candidate == began
        assert decision.reasons == (f"stuck to {began}: tool turn",)
        assert decision.quality == next(a.quality for a in decision.alternatives if a.candidate == began)
    denied = Constraints(deny=frozenset({"large"}))
    assert (
        dispatcher.decide(
            Query(TEXT), CallSettings(constraints=denied), current="large", tool_turn=True
        ).candidate
        != "large"
    )
    assert dispatcher.decide(Query(TEXT), current="x", tool_turn=True).candidate == "x"
    assert dispatcher.decide(None, current="small", tool_turn=True).candidate == "small"


def test_not_sticky_means_not_sticky(router):
    dispatcher = Dispatcher(router, {"small": TOOLS, "large": TOOLS}, sticky=False)
    for began in ("small", "large"):
        decision = dispatcher.decide(Query(TEXT), current=began, tool_turn=True)
        assert decision.candidate == dispatcher.router.route(TEXT).candidate


def test_staying_is_worth_what_the_prompt_cache_saves(router):
    cached = Price(input=10, output=30, cached_input=0.1)
    twins = {"large": Ability(price=cached), "coder": Ability(price=Price(input=10, output=30))}
    dispatcher = Dispatcher(router, twins)
    long = Query("And what is 12 plus 30?", input_tokens=50_000)
    fresh = dispatcher.decide(long, CallSettings(willingness_to_pay=0.01))
    stayed = dispatcher.decide(long, CallSettings(willingness_to_pay=0.01), current="large")
    costs = [next(a.cost for a in d.alternatives if a.candidate == "large") for d in (fresh, stayed)]
    assert costs[0] - costs[1] == pytest.approx((50_000 - estimate_tokens(long.text)) * 9.9 / 1e6)
    assert stayed.candidate == "large"
    assert stayed.reasons[0].startswith("stayed with large: its prompt cache saves $0.49")
    assert dispatcher.decide(long, CallSettings(willingness_to_pay=0.01), current="coder").reasons == ()
    assert dispatcher.decide(long, current="nobody").reasons == ()


def test_a_forced_candidate_is_the_only_one(dispatcher):
    for name in ("small", "x"):
        decision = dispatcher.decide(Query(TEXT), CallSettings(candidate=name), needs=["audio"])
        assert decision.candidate == name
        assert decision.eligible == (name,)
        assert decision.reasons == (f"{name} was asked for",)
    assert dispatcher.decide(None, CallSettings(candidate="large")).eligible == ("large",)
    with pytest.raises(UnknownCandidateError, match="'nobody'"):
        dispatcher.decide(Query(TEXT), CallSettings(candidate="nobody"))


def test_an_alias_is_the_model_that_it_names(router):
    dispatcher = Dispatcher(router, {"small": TOOLS, "large": TOOLS})
    for query in (None, Query(TEXT)):
        assert dispatcher.decide(query, CallSettings(candidate="lab/small")).candidate == "small"
    stayed = dispatcher.decide(Query(TEXT), current="lab/small", tool_turn=True)
    assert (stayed.candidate, stayed.reasons) == ("small", ("stuck to small: tool turn",))
    assert dispatcher.named("lab/small") == dispatcher.named("small") == "small"
    both = dispatcher.among(["small", "large"], Constraints(allow=frozenset({"lab/small"}), max_cost=1))
    assert both == Constraints(allow=frozenset({"small"}), max_cost=1)
    with pytest.raises(UnknownCandidateError, match="'nobody'"):
        dispatcher.among(["nobody"], None)


def test_what_no_other_may_take_goes_to_the_default_that_the_router_does_not_know(router):
    sees = Ability(capabilities=frozenset({"vision"}))
    dispatcher = Dispatcher(router, {"small": TOOLS, "x": sees}, default="x")
    decision = dispatcher.decide(Query(TEXT), needs=["vision"])
    assert (decision.candidate, decision.eligible) == ("x", ("x",))
    assert decision.reasons == ("default: no other can take the call",)
    only = Constraints(allow=frozenset({"x"}))
    assert dispatcher.decide(Query(TEXT), CallSettings(constraints=only)).candidate == "x"
    denied = Constraints(deny=frozenset({"x"}))
    assert dispatcher.decide(Query(TEXT), CallSettings(constraints=denied)).eligible == ("small",)
    for needs, constraints in ((["audio"], None), (["vision"], denied)):
        with pytest.raises(NoEligibleCandidateError):
            dispatcher.decide(Query(TEXT), CallSettings(constraints=constraints), needs=needs)


@pytest.mark.parametrize("limit", [{"max_cost": 10.0}, {"min_quality": 0.01}])
def test_a_limit_holds_for_the_default_too_of_which_nothing_is_foreseen(dispatcher, limit):
    limits = Constraints(**limit)
    decision = dispatcher.decide(Query(TEXT), CallSettings(constraints=limits))
    assert "x" not in decision.eligible
    assert "unknown" in next(a.excluded for a in decision.alternatives if a.candidate == "x")
    with pytest.raises(NoEligibleCandidateError):
        dispatcher.decide(Query(TEXT), CallSettings(constraints=limits), needs=["vision"])
    assert dispatcher.decide(None, CallSettings(constraints=limits)).candidate == "x", (
        "no limit is known without text"
    )


def test_a_misspelt_name_in_the_constraints_is_refused_without_text_too(dispatcher):
    with pytest.raises(UnknownCandidateError, match="'smal'"):
        dispatcher.decide(None, CallSettings(constraints=Constraints(deny=frozenset({"smal"}))))


def test_without_text_the_default_answers_or_the_best_on_average_that_can(dispatcher, router):
    decision = dispatcher.decide(None)
    assert decision.candidate == "x"
    assert decision.reasons == ("default: no text",)
    assert math.isnan(decision.quality)
    assert decision.eligible == ("x", "small", "coder", "large")
    without = Dispatcher(router, {"small": TOOLS, "coder": Ability(), "large": TOOLS})
    means = {model.name: model.profile.mean_quality for model in without.router.pool}
    best = without.decide(None, needs=["tools"])
    assert best.candidate == max(("small", "large"), key=means.get)
    assert best.reasons == ("no text: the best on average that can take the call",)
    with pytest.raises(NoEligibleCandidateError, match="lacks audio"):
        without.decide(None, needs=["audio"])


@pytest.mark.parametrize("query", [Query(TEXT), None])
def test_where_no_member_is_known_to_be_able_those_of_which_nothing_is_said_are_tried(router, query):
    blind = Ability(capabilities=frozenset())
    maybe = Ability(capabilities=frozenset(), untold=frozenset({"vision"}))
    decision = Dispatcher(router, {"small": blind, "large": maybe}).decide(query, needs=["vision"])
    assert decision.eligible == ("large",)
    assert "no model is known to take vision: tried" in decision.reasons
    for needs, members in ((["vision"], {"small": blind}), (["audio"], {"large": maybe})):
        with pytest.raises(NoEligibleCandidateError):
            Dispatcher(router, members).decide(query, needs=needs)


def test_a_default_that_cannot_take_the_call_leaves_it_to_one_that_can(dispatcher):
    decision = dispatcher.decide(None, needs=["tools"])
    assert decision.candidate == "small"
    assert decision.reasons == ("no text, and x is excluded: lacks tools",)
    assert decision.eligible == ("small", "large")
    with pytest.raises(NoEligibleCandidateError, match="'x': lacks audio"):
        dispatcher.decide(None, needs=["audio"])


def test_the_default_takes_no_call_that_a_constraint_or_its_window_keeps_from_it(router):
    sees = Ability(capabilities=frozenset({"vision"}))
    dispatcher = Dispatcher(router, {"small": TOOLS, "large": TOOLS, "x": sees}, default="x")
    for constraints in (Constraints(max_cost=1), Constraints(min_quality=0.1), Constraints(allow={"small"})):
        with pytest.raises(NoEligibleCandidateError, match="lacks vision"):
            dispatcher.decide(Query(TEXT), CallSettings(constraints=constraints), needs=["vision"])
    narrow = {"small": TOOLS, "x": Ability(capabilities=sees.capabilities, context_window=1000)}
    dispatcher, long = Dispatcher(router, narrow, default="x"), Query(TEXT, input_tokens=1500)
    assert dispatcher.decide(long).eligible == ("small",), "x has no room"
    with pytest.raises(NoEligibleCandidateError, match="lacks vision"):
        dispatcher.decide(long, needs=["vision"])


def test_no_member_finishes_a_tool_turn_that_it_may_not(dispatcher):
    denied = Constraints(deny=frozenset({"large"}))
    assert (
        dispatcher.decide(None, CallSettings(constraints=denied), current="large", tool_turn=True).candidate
        == "x"
    )
    needs = {"needs": ["tools"], "current": "x", "tool_turn": True}
    assert dispatcher.decide(Query(TEXT), **needs).candidate != "x"
    assert dispatcher.decide(None, **needs).candidate == "small"


def test_the_member_of_a_tool_turn_is_called_even_while_it_cools_down(dispatcher):
    dispatcher.cooldowns.fail("large")
    turn = dispatcher.decide(Query(TEXT), needs=["tools"], current="large", tool_turn=True)
    assert dispatcher.attempts(turn).decision.candidate == "large"
    fresh = dispatcher.decide(Query(TEXT), CallSettings(cost_preference=0))
    assert fresh.candidate == "large"
    assert dispatcher.attempts(fresh).decision.candidate != "large"


def test_a_dispatcher_goes_on_with_the_memory_of_another(router):
    memory = Memory()
    one, other = (Dispatcher(router, {"small": TOOLS, "large": TOOLS}, memory=memory) for _ in range(2))
    answered(one, one.decide(Query(TEXT)), Usage(input_tokens=1000))
    one.memory.began(["call-1"], "small")
    assert other.spend.total.calls == 1
    assert other.memory.beginner(["call-1"]) == "small"


def test_a_decision_without_numbers_prints_and_survives_json(dispatcher):
    decision = dispatcher.decide(None)
    assert "x" in str(decision)
    assert decision.explain() == "x was chosen: default: no text."
    again = Decision.model_validate_json(decision.model_dump_json())
    assert math.isnan(again.quality)
    assert again.model_dump_json() == decision.model_dump_json()


def test_an_answer_is_counted_at_its_price(dispatcher):
    decision = dispatcher.decide(Query(TEXT), CallSettings(candidate="large"))
    counted = answered(dispatcher, decision, Usage(input_tokens=1000, output_tokens=100))
    assert counted.actual_cost == pytest.approx(0.013)
    assert dispatcher.spend.by_candidate["large"].cost == pytest.approx(0.013)
    unpriced = answered(dispatcher, dispatcher.decide(None), Usage(input_tokens=1000))
    assert unpriced.actual_cost is None


def test_attempts_go_on_to_the_default_that_the_router_does_not_know(dispatcher):
    class RateLimitError(Exception):
        pass

    called = []

    def do(decision):
        called.append(decision.candidate)
        if decision.candidate != "x":
            raise RateLimitError
        return decision

    answered = call_by(dispatcher.attempts(dispatcher.decide(Query(TEXT))), do)
    assert called[-1] == "x"
    assert sorted(called) == ["coder", "large", "small", "x"]
    assert math.isnan(answered.quality)
    assert [failure.candidate for failure in answered.failures] == called[:-1]
    assert "failed with RateLimitError" in str(answered)


def test_the_author_of_an_answer_is_remembered_by_its_marks(dispatcher):
    dispatcher.memory.began(["call-1", ""], "small")
    assert dispatcher.memory.beginner(["", "call-1"]) == "small"
    assert dispatcher.memory.beginner(["", "call-2"]) is None


class Watch:
    """An observer and a pacer that halves the willingness to pay."""

    def __init__(self, factor=0.5):
        self.factor, self.heard, self.held = factor, [], {}

    def decided(self, decision):
        self.heard.append(("decided", decision.candidate))

    def called(self, call):
        self.heard.append((type(call.error).__name__, call.decision.candidate))

    def decide(self, route, *, usual, asked=None, keys=()):
        return route(None if self.factor == 1 else usual * self.factor)

    def holds(self, decision):
        return True

    def reserve(self, decision):
        self.held[decision.id] = decision.cost

    def settle(self, decision, cost):
        del self.held[decision.id]


def asking(dispatcher, fails):
    def steps(decision):
        with dispatcher.ledger.entry(decision) as entry:
            assert decision.id in getattr(dispatcher.ledger.pacer, "held", {decision.id})
            entry.usage = yield from ask(decision)

    def do(decision):
        if decision.candidate in fails:
            raise TimeoutError
        return Usage(input_tokens=10)

    return steps, do


def test_observers_are_told_of_each_call_and_a_pacer_of_what_it_takes(router):
    watch = Watch()
    members = {"small": TOOLS, "large": TOOLS}
    dispatcher = Dispatcher(router, members, observers=[watch], pacer=watch)
    decision = dispatcher.decide(Query(TEXT), CallSettings(cost_preference=0.3))
    assert watch.heard == [], "a decision alone is no call"
    assert decision.willingness_to_pay == pytest.approx(dispatcher.router.dial.at(0.3) / 2)
    assert decision.cost_preference is None
    steps, do = asking(dispatcher, {decision.candidate})
    attempts = dispatcher.attempts(decision)
    drive(attempts.steps(steps), do)
    second = attempts.decision.candidate
    assert watch.heard == [
        ("decided", decision.candidate),
        ("TimeoutError", decision.candidate),
        ("NoneType", second),
    ]
    assert attempts.decision.id == decision.id
    assert watch.held == {}


def test_the_model_that_shadow_mode_replaced_is_called_beside_and_its_answer_is_not_returned(router):
    members = {"small": TOOLS, "large": TOOLS}
    asked, over = [], threading.Event()

    def steps(decision, *, final=True):
        asked.append((decision.candidate, final))
        return (yield Ask(decision.candidate))

    def do(name):
        if name == usual:
            over.set()
        return name

    usual = Dispatcher(router, members).decide(Query(TEXT)).candidate
    [shadow] = members.keys() - {usual}
    dispatcher = Dispatcher(router, members, shadow=shadow, shadow_share=1.0)
    assert drive(dispatcher.steps(dispatcher.decide(Query(TEXT)), steps), do) == shadow
    assert over.wait(10)
    assert sorted(asked) == sorted([(usual, False), (shadow, True)])


def test_without_shadow_mode_nothing_is_called_beside(dispatcher):
    assert list(dispatcher.beside(dispatcher.decide(Query(TEXT)), ask)) == []


def test_a_pacer_that_changes_nothing_leaves_the_dial(router):
    dispatcher = Dispatcher(router, {"small": TOOLS, "large": TOOLS}, pacer=Watch(factor=1))
    for settings in (CallSettings(), CallSettings(cost_preference=0.3), CallSettings(willingness_to_pay=0.2)):
        plain = Dispatcher(router, {"small": TOOLS, "large": TOOLS}).decide(Query(TEXT), settings)
        assert dispatcher.decide(Query(TEXT), settings) == plain


@pytest.mark.parametrize(
    ("quick_s", "characters", "paced", "waits"),
    [
        (math.inf, 100, False, False),
        (0.0, 100, False, True),  # decisions take longer than that
        (math.inf, 100_000, False, True),
        (math.inf, None, False, True),
        (math.inf, 100, True, True),  # a budget may wait for a database
    ],
)
def test_an_event_loop_waits_for_quick_decisions_alone(
    router, monkeypatch, *, quick_s, characters, paced, waits
):
    monkeypatch.setattr(background, "QUICK_S", quick_s)
    dispatcher = Dispatcher(router, {"small": TOOLS, "large": TOOLS}, pacer=Watch() if paced else None)
    threads = []

    def decide():
        threads.append(threading.current_thread())
        return dispatcher.decide(Query(TEXT))

    asyncio.run(dispatcher.off_loop(decide, characters))
    assert (threads != [threading.current_thread()]) == waits


def test_decisions_are_quick_once_they_were(router):
    dispatcher = Dispatcher(router, {"small": TOOLS, "large": TOOLS})
    threads = []

    def decide():
        threads.append(threading.current_thread())
        return dispatcher.decide(Query(TEXT))  # what is predicted is remembered

    async def several():
        for _ in range(20):
            await dispatcher.off_loop(decide, len(TEXT))

    asyncio.run(several())
    assert threads[0] is not threading.current_thread(), "the first one may load what it needs"
    assert threads[-1] is threading.current_thread()


@pytest.mark.parametrize("text", ["What is 17 * 23?", None])
def test_a_call_names_its_models_in_any_spelling(text):
    query = None if text is None else Query(text)
    router = router_over("universal", {"gpt-4o": Ability(), "openai:gpt-4o-mini": Ability()})
    dispatcher = Dispatcher(router, {name: Ability() for name in router.pool.names})
    denied = CallSettings(constraints=Constraints(deny={"azure/gpt-4o-mini"}))
    assert dispatcher.decide(query, denied).candidate == "gpt-4o"
    assert dispatcher.decide(query, CallSettings(candidate="gpt-4o-mini")).candidate == "openai:gpt-4o-mini"
    with pytest.raises(UnknownCandidateError, match="'gpt-5'"):
        dispatcher.decide(query, CallSettings(constraints=Constraints(deny={"gpt-5"})))
