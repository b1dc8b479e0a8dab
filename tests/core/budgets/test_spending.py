"""Calls within budgets: what is reserved, settled and refused, and what decisions say of it."""

import math
import pickle
from datetime import datetime, timezone

import pytest

from crossroute import Budget, BudgetSpentError, Decision
from crossroute.budgets import Spending
from tests.support.clock import Clock
from tests.support.tiny import KINDS

QUERY = KINDS["arithmetic"].format(a=7, b=9)
NOON = datetime(2036, 5, 4, 12, tzinfo=timezone.utc).timestamp()


@pytest.fixture
def clock():
    return Clock(NOON)


@pytest.fixture
def spending(place, clock):
    def made(*budgets, **fields):
        budgets = budgets or (Budget(state=place, **fields),)
        return Spending(budgets, clock=clock)

    return made


def through(spending, router, keys=(), asked=None):
    """Decide, reserve and return one call."""

    def route(pay):
        return router.route(QUERY, willingness_to_pay=pay or asked or 1.0)

    decision = spending.decide(route, usual=asked or 1.0, asked=asked, keys=keys)
    spending.reserve(decision)
    return decision


def left(spending, router, keys=()):
    found = spending.decide(lambda _: router.route(QUERY), usual=1.0, keys=keys).budgets
    return found[0].left


def test_a_call_is_reserved_and_then_settled(spending, router):
    kept = spending(usd=5)
    decision = through(kept, router)
    assert decision.budgets[0].budget == "$5 a day"
    assert left(kept, router) == pytest.approx(5 - decision.cost)
    kept.settle(decision, 0.5)
    assert left(kept, router) == pytest.approx(4.5)
    again = through(kept, router)
    kept.settle(again, 0.0)
    assert left(kept, router) == pytest.approx(4.5)
    kept.settle(unknown := through(kept, router), None)
    assert left(kept, router) == pytest.approx(4.5 - unknown.cost)
    kept.charge(unknown, 0.25)
    assert left(kept, router) == pytest.approx(4.25 - unknown.cost)


def test_it_survives_a_restart_and_a_clock_that_goes_back(spending, router, clock):
    kept = spending(usd=5)
    kept.settle(through(kept, router), 2.0)
    assert left(spending(usd=5), router) == pytest.approx(3)
    clock.now = NOON + 86_400
    assert left(kept, router) == pytest.approx(5)
    kept.settle(through(kept, router), 1.0)
    clock.now = NOON - 3600
    assert left(kept, router) == pytest.approx(3)
    clock.now = NOON + 86_400 - 7200
    assert left(kept, router) == pytest.approx(4)


def test_a_call_that_ends_in_the_next_period_is_settled_in_its_own(spending, router, clock):
    kept = spending(usd=5, pace=True)
    decision = through(kept, router)
    clock.now = NOON + 86_400
    kept.settle(decision, 2.0)
    assert left(kept, router) == pytest.approx(5)
    clock.now = NOON
    assert left(kept, router) == pytest.approx(3)


def test_a_short_budget_goes_to_the_cheapest_and_then_refuses(spending, router):
    dear = router.route(QUERY, willingness_to_pay=1.0)
    cheap = router.route(QUERY, willingness_to_pay=1e-12)
    assert dear.cost > cheap.cost
    within = {"usd": dear.cost * 0.9}
    short = through(spending(**within), router)
    assert short.candidate == cheap.candidate
    assert short.budgets[0].held
    assert "the cheapest" in short.reasons[-1]


def test_at_the_end_it_refuses_and_says_when_money_comes_again(place, router, clock):
    priced = router.without("free")
    kept = Spending(Budget(usd=1, then="refuse", state=place), clock=clock)
    kept.settle(through(kept, priced), 1.0)
    with pytest.raises(
        BudgetSpentError, match=r"\$1 a day has \$0 left.*2036-05-05T00:00:00\+00:00"
    ) as raised:
        through(kept, priced)
    assert raised.value.until == NOON + 43_200


def test_at_the_end_of_all_money_none_comes_again(place, router):
    priced = router.without("free")
    kept = Spending(Budget(usd=1, per="total", then="refuse", state=place))
    kept.settle(through(kept, priced), 1.0)
    with pytest.raises(BudgetSpentError, match="does not come again") as raised:
        through(kept, priced)
    assert raised.value.until is None


def test_or_goes_on_with_the_cheapest(spending, router):
    kept = spending(usd=1, then="cheapest")
    kept.settle(through(kept, router), 3.0)
    decision = through(kept, router)
    assert decision.candidate == router.route(QUERY, willingness_to_pay=1e-12).candidate
    assert decision.budgets[0].left == pytest.approx(-2)


def test_a_race_for_the_last_money_has_one_winner(place, router, clock):
    priced = router.without("free")
    cheap = priced.route(QUERY, willingness_to_pay=1e-12)
    kept = Spending(Budget(usd=1.5 * cheap.cost, then="refuse", state=place), clock=clock)
    both = [
        kept.decide(lambda pay: priced.route(QUERY, willingness_to_pay=1e-12), usual=1.0) for _ in range(2)
    ]
    kept.reserve(both[0])
    with pytest.raises(BudgetSpentError):
        kept.reserve(both[1])


def test_several_budgets_hold_at_once_each_for_its_own(place, router, clock):
    budgets = [Budget(usd=10, state=place), Budget(usd=1, key="user:*", state=place)]
    kept = Spending(budgets, clock=clock)
    kept.settle(through(kept, router, keys=["user:ann"]), 0.9)
    ann, bob = (through(kept, router, keys=[key]) for key in ("user:ann", "user:bob"))
    assert [round(one.left, 3) for one in ann.budgets] == [9.1, 0.1]
    assert bob.budgets[1].left == pytest.approx(1)
    assert len(through(kept, router).budgets) == 1


def test_pacing_spends_less_when_calls_are_dear_and_more_when_cheap(place, router, clock):
    def paced(cost, name):
        kept = Spending(Budget(usd=1, pace=True, name=name, state=place), clock=clock)
        for _ in range(40):
            kept.settle(through(kept, router), cost)
            clock.now += 60
        clock.now = NOON
        return kept.decide(lambda pay: router.route(QUERY), usual=1.0).budgets[0].willingness_to_pay

    assert paced(0.5, "dear") < 1 < paced(1e-5, "cheap")


def test_pacing_goes_no_higher_than_a_stated_dial(place, router, clock):
    kept = Spending(Budget(usd=1e6, pace=True, state=place), clock=clock)
    for _ in range(20):
        kept.settle(through(kept, router), 1e-9)
    assert through(kept, router).willingness_to_pay > 1.0
    stated = through(kept, router, asked=0.01)
    assert stated.willingness_to_pay == 0.01
    assert not stated.budgets[0].held


def test_decisions_say_it_in_json(spending, router):
    decision = through(spending(usd=5, pace=True, per="day"), router)
    again = Decision.model_validate_json(decision.model_dump_json())
    assert again.budgets == decision.budgets
    assert math.isfinite(again.budgets[0].until)
    assert again.budgets[0].willingness_to_pay == 1.0


def test_a_router_reserves_what_it_decides(place, router):
    held = router.with_budgets(Budget(usd=1, key="user:*", state=place))
    decision = held.route(QUERY, budget_keys=["user:ann"])
    held.settle(decision, 0.25)
    assert held.route(QUERY, budget_keys=["user:ann"]).budgets[0].left == pytest.approx(0.75)
    assert held.without("free").spending is held.spending
    assert held.without_budgets().route(QUERY).budgets == ()
    copied = pickle.loads(pickle.dumps(held))  # noqa: S301
    assert copied.route(QUERY, budget_keys=["user:ann"]).budgets[0].left < 0.75
    with pytest.raises(ValueError, match="one by one"):
        held.route_columns([QUERY])


def test_a_decision_is_settled_once_and_by_a_router_with_budgets(place, router):
    held = router.with_budgets(Budget(usd=1, state=place))
    decision = held.route(QUERY)
    held.settle(decision, 0.25)
    with pytest.raises(ValueError, match=f"{decision.id} was settled already"):
        held.without("free").settle(decision, 0.25)
    with pytest.raises(ValueError, match="This router has no budgets"):
        router.settle(held.route(QUERY), 0.25)
    router.settle(router.route(QUERY), 0.25)
    assert held.route(QUERY).budgets[0].left == pytest.approx(1 - 0.25 - decision.cost)


@pytest.mark.parametrize("cost", [math.nan, math.inf, -0.1])
def test_a_cost_that_no_call_has_is_refused_and_counted_by_nobody(place, router, cost):
    held = router.with_budgets(Budget(usd=1, state=place))
    decision = held.route(QUERY)
    with pytest.raises(ValueError, match="cost must be a number of USD, at least 0"):
        held.settle(decision, cost)
    held.spending.settle(decision, cost)  # as a pool's calls are
    held.spending.charge(decision, cost)
    assert held.route(QUERY).budgets[0].left == pytest.approx(1 - decision.cost)


def test_a_call_that_no_budget_holds_is_told_once(place, router, caplog):
    held = router.with_budgets(Budget(usd=1, key="user:*", state=place))
    held.route(QUERY, budget_keys="user:ann")
    assert not caplog.messages
    for _ in range(2):
        held.route(QUERY, budget_keys="usr:ann")
    [told] = caplog.messages
    assert told.startswith(
        "A call with the keys 'usr:ann' counts on none of the budgets ($1 a day for user:*)"
    )
    router.with_budgets([]).route(QUERY)
    assert len(caplog.messages) == 1


def test_one_key_alone_is_a_key(place, router):
    held = router.with_budgets(Budget(usd=1, key="user:*", state=place))
    assert [
        one.account.split("|")[2].split("@")[0] for one in held.route(QUERY, budget_keys="user:ann").budgets
    ] == ["user:ann"]


def test_what_one_state_refuses_is_taken_back_from_another(tmp_path, router, clock):
    priced = router.without("free")
    cheap = priced.route(QUERY, willingness_to_pay=1e-12)
    wide = Budget(usd=10, state=tmp_path / "wide.sqlite3")
    narrow = Budget(usd=1.5 * cheap.cost, then="refuse", state=tmp_path / "narrow.sqlite3")
    kept = Spending([wide, narrow], clock=clock)
    both = [kept.decide(lambda pay: cheap, usual=1.0) for _ in range(2)]
    kept.reserve(both[0])
    with pytest.raises(BudgetSpentError):
        kept.reserve(both[1])
    assert left(Spending(wide, clock=clock), router) == pytest.approx(10 - cheap.cost)


def test_two_budgets_that_are_alike_need_names(place):
    with pytest.raises(ValueError, match="give each a name"):
        Spending([Budget(usd=1, state=place), Budget(usd=1, state=place)])
    assert len(Spending([Budget(usd=1, name=name, state=place) for name in "ab"]).budgets) == 2
