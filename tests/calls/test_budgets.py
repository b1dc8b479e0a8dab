"""Budgets through both integrations: one table of cases."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from crossroute import Budget, BudgetSpentError, Escalation, FloorError
from crossroute.budgets.state import SQLiteState
from crossroute.errors import BudgetStateError
from crossroute.escalation import Judge
from tests.support.integrations import DOUBTING, LangChain, Provider, StatusError
from tests.support.routers import make_outcomes


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path / "budgets.sqlite3"


def spent(place: Path) -> float:
    """USD of all accounts."""
    state = SQLiteState(place)
    names = [row[0] for row in state._connection().execute("SELECT account FROM balance")]
    return sum(balance.spent for balance in state.read(names))


@pytest.mark.parametrize("ask", ["ask", "aask"])
def test_a_call_is_settled_at_what_it_took(router, integration, place, ask):
    pool = integration(router, Provider(), budgets=Budget(usd=1, state=place))
    decision = getattr(pool, ask)()
    decision = asyncio.run(decision) if asyncio.iscoroutine(decision) else decision
    assert decision.budgets[0].left == 1
    assert spent(place) == pytest.approx(pool.pool.spend.total.cost)
    assert spent(place) > 0


def test_a_failover_releases_what_failed(router, integration, place):
    provider = Provider(StatusError(503, "overloaded"), times=1)
    pool = integration(router, provider, budgets=[Budget(usd=1, state=place)])
    assert len(pool.ask().failures) == 1
    assert spent(place) == pytest.approx(pool.pool.spend.total.cost)


def test_an_error_costs_nothing(router, integration, place):
    pool = integration(router, Provider(StatusError(400, "bad")), budgets=Budget(usd=1, state=place))
    with pytest.raises(StatusError):
        pool.ask()
    assert spent(place) == pytest.approx(0)


async def aleft(pool: object) -> None:
    await pool.abegin()


async def aclosed(pool: object) -> None:
    await (await pool.abegin()).aclose()


@pytest.mark.parametrize(
    "leave",
    [
        lambda pool: pool.begin(),
        lambda pool: pool.begin().close(),
        lambda pool: asyncio.run(aleft(pool)),
        lambda pool: asyncio.run(aclosed(pool)),
    ],
    ids=["left", "closed", "aleft", "aclosed"],
)
def test_a_stream_that_is_not_read_holds_nothing(router, integration, place, leave):
    pool = integration(router, Provider(), budgets=Budget(usd=1, state=place))
    leave(pool)
    assert spent(place) == pool.pool.spend.total.calls == 0
    pool.ask()
    assert spent(place) == pytest.approx(pool.pool.spend.total.cost)


def test_every_call_of_an_escalation_counts(router, integration, place):
    pool = integration(router, Provider(), escalate=DOUBTING, budgets=Budget(usd=1, state=place))
    decision = pool.ask()
    assert len(decision.calls) == 2
    assert spent(place) == pytest.approx(decision.actual_cost)


def test_a_judge_counts(router, integration, place):
    judge = Judge(ask=lambda query, answer: 1.0, cost=0.125, error_rate=0.1)
    pool = integration(
        router, Provider(), escalate=Escalation(judge=judge), budgets=Budget(usd=1, state=place)
    )
    decision = pool.ask()
    assert spent(place) == pytest.approx(decision.actual_cost)
    assert spent(place) > 0.125


def test_what_is_left_decides(router, integration, place):
    first = integration(router, Provider(), cost_preference=0.0, budgets=Budget(usd=1, state=place)).ask()
    small = Budget(usd=first.cost / 2, state=place, name="small")
    pool = integration(router, Provider(), cost_preference=0.0, budgets=small)
    assert first.candidate == "large"
    decision = pool.ask()
    assert decision.candidate == "small"
    assert decision.budgets[0].held


def test_a_spent_budget_refuses_before_a_request(router, integration, place):
    provider = Provider()
    pool = integration(router, provider, budgets=Budget(usd=1e-9, then="refuse", state=place))
    with pytest.raises(BudgetSpentError, match="Money comes again at"):
        pool.ask()
    assert provider.requests == []


def test_keys_choose_the_account(router, integration, place):
    budget = Budget(usd=1, key="user:*", state=place)
    assert integration(router, Provider(), budgets=budget).ask().budgets == ()
    known = integration(router, Provider(), budgets=budget, budget_keys={"user:ann"})
    assert [held.budget for held in known.ask().budgets] == ["$1 a day for user:*"]


def test_a_routers_own_budgets_hold(router, integration, place):
    pool = integration(router.with_budgets(Budget(usd=1, state=place)), Provider())
    pool.ask()
    assert spent(place) == pytest.approx(pool.pool.spend.total.cost)


def test_a_floor_for_one_call_does_not_pass_for_one_of_two(router, integration):
    outcomes = make_outcomes(240).take(range(120, 240)).select(["small", "large"])
    promised = router.subset(["small", "large"]).with_floor(outcomes, 0.5)
    assert integration(promised, Provider()).ask().floor is not None
    with pytest.raises(FloorError, match="max_calls=2"):
        integration(promised, Provider(), escalate=True).ask()


def test_tags_are_keys(router, place):
    pool = LangChain(router, Provider(), budgets=Budget(usd=1, key="research", state=place)).pool
    tagged = pool.invoke("Tell a story.", config={"tags": ["research"]})
    assert len(tagged.response_metadata["crossroute"]["budgets"]) == 1
    assert pool.invoke("Tell a story.").response_metadata["crossroute"]["budgets"] == []


@pytest.mark.parametrize("way", ["aask", "astreamed"])
def test_an_event_loop_runs_on_while_the_state_is_locked(router, integration, place, way):
    pool = integration(router, Provider(), budgets=Budget(usd=1, state=place))
    pool.ask()
    before = spent(place)

    async def call_while_locked() -> None:
        other = sqlite3.connect(place, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")  # another process writes, until this loop says that it need not
        call = asyncio.create_task(getattr(pool, way)())
        done, _ = await asyncio.wait([call], timeout=0.2)
        other.execute("ROLLBACK")
        assert not done
        await call
        assert spent(place) > before

    asyncio.run(call_while_locked())
    assert spent(place) > before


def test_a_call_that_is_cancelled_before_it_is_made_costs_nothing(router, integration, place):
    pool = integration(router, Provider(), budgets=Budget(usd=1, state=place))
    pool.ask()
    before = spent(place)

    async def cancel_while_locked() -> None:
        other = sqlite3.connect(place, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        call = asyncio.create_task(pool.aask())
        await asyncio.wait([call], timeout=0.2)
        call.cancel()
        await asyncio.wait([call])
        other.execute("ROLLBACK")

    asyncio.run(cancel_while_locked())
    assert spent(place) == pytest.approx(before)


def test_an_answer_that_came_is_not_lost_where_its_cost_cannot_be_written(
    integration, router, tmp_path, caplog
):
    provider = Provider()
    place = tmp_path / "b.sqlite3"
    asking = integration(router, provider, budgets=Budget(usd=5, state=place))
    asking.ask()
    receive = provider.receive

    def replace_state(*asked):
        receive(*asked)
        with closing(sqlite3.connect(place)) as database, database:
            database.execute("DROP TABLE balance")

    provider.receive = replace_state
    assert asking.ask().candidate
    assert "What a call took was not counted" in caplog.text
    provider.receive = receive
    with pytest.raises(BudgetStateError, match=r"no such table.*name another as their `state`"):
        asking.ask()
    assert len(provider.requests) == 2
