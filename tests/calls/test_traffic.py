"""Both integrations write to a traffic log alike: query, call, answer, shadow, exploration; feedback finds its call."""

from __future__ import annotations

import asyncio
import time

import numpy as np
import pytest

sa = pytest.importorskip("sqlalchemy", reason="the extra `traffic` is not installed")

from crossroute import traffic  # noqa: E402
from crossroute.traffic import TrafficLog, schema  # noqa: E402
from crossroute.traffic.logged import read_logged  # noqa: E402
from crossroute.traffic.registry import adopt  # noqa: E402
from tests.support.integrations import DOUBTING, NAMES, LangChain, LlamaIndex, Provider  # noqa: E402
from tests.support.routers import STORY  # noqa: E402


@pytest.fixture
def log(tmp_path):
    log = TrafficLog(tmp_path / "traffic.db", keep_text=True)
    yield log
    log.close()


def rows(log, table):
    with log.reading() as connection:
        return connection.execute(sa.select(table)).all()


def test_a_call_is_logged_with_its_answer_and_graded_by_its_decision(integration, router, log):
    decision = integration(router, Provider(), traffic=log).ask()
    log.feedback(decision.id, "up", scale="thumbs")
    [decided], [called], [graded] = (
        rows(log, each) for each in (schema.decisions, schema.calls, schema.feedback)
    )
    assert (decided.id, decided.candidate, decided.text) == (decision.id, decision.candidate, STORY)
    assert (called.decision_id, called.candidate, called.answered) == (decision.id, decision.candidate, True)
    assert decision.candidate in called.answer
    assert (graded.decision_id, graded.quality) == (decision.id, 1.0)


def test_an_asynchronous_call_is_logged_alike(integration, router, log):
    decision = asyncio.run(integration(router, Provider(), traffic=log).aask())
    assert [row.id for row in rows(log, schema.decisions)] == [decision.id]
    assert rows(log, schema.calls)[0].answer


def test_without_kept_text_neither_query_nor_answer_is(integration, router, tmp_path):
    log = TrafficLog(tmp_path / "plain.db")
    integration(router, Provider(), traffic=log).ask()
    assert (rows(log, schema.decisions)[0].text, rows(log, schema.calls)[0].answer) == (None, None)
    log.close()


def test_shadow_calls_one_and_tells_the_other(integration, router, log):
    usual = integration(router, Provider()).ask().candidate
    shadow = next(name for name in NAMES if name != usual)
    decision = integration(router, Provider(), traffic=log, shadow=shadow).ask()
    [decided] = rows(log, schema.decisions)
    assert (decision.candidate, decided.candidate, decided.would) == (shadow, shadow, usual)


def test_an_escalation_is_one_decision_with_all_that_it_took(integration, router, log):
    decision = integration(router, Provider(), traffic=log, escalate=DOUBTING).ask()
    first, second = rows(log, schema.calls)
    log.feedback(decision.id, 0.8)
    logged = read_logged(log)
    assert logged.names[logged.chosen[0]] == first.candidate
    assert (logged.cost[0], logged.further[0]) == (first.cost, second.cost)
    assert logged.paid[0] == pytest.approx(decision.actual_cost)
    assert logged.quality[0] == 0.8
    assert np.isnan(logged.own_quality[0])  # of which answer it is depends on how the first one looked
    log.feedback(decision.id, 0.3, candidate=first.candidate)
    logged = read_logged(log)
    assert (logged.quality[0], logged.own_quality[0]) == (0.8, 0.3)


def shadow_of(integration, router, log):
    usual = integration(router, Provider()).ask().candidate
    shadow = next(name for name in NAMES if name != usual)
    return usual, integration(router, Provider(), traffic=log, shadow=shadow, shadow_share=1.0)


def called(log, calls):
    """The calls once there are so many: those beside the request path end when they end."""
    for _ in range(100):
        found = rows(log, schema.calls)
        if len(found) >= calls:
            return found
        time.sleep(0.05)
    raise AssertionError(found)


def test_what_would_have_been_chosen_is_asked_beside(integration, router, log):
    usual, asked = shadow_of(integration, router, log)
    decision = asked.ask()
    found = {row.candidate: row for row in called(log, 2)}
    assert (found[decision.candidate].final, found[usual].final) == (True, False)
    assert usual in found[usual].answer
    assert {row.decision_id for row in found.values()} == {decision.id}
    log.feedback(decision.id, 0.9)
    log.feedback(decision.id, 0.7, candidate=usual)
    logged = read_logged(log)
    assert logged.would_cost[0] == pytest.approx(found[usual].cost)
    assert (logged.quality[0], logged.would_quality[0]) == (0.9, 0.7)


@pytest.mark.parametrize("way", ["aask", "astreamed"])
def test_an_asynchronous_call_is_asked_beside_alike(integration, router, log, way):
    usual, asked = shadow_of(integration, router, log)

    async def calls():
        decision = await getattr(asked, way)()
        await asyncio.sleep(0.3)
        return decision

    decision = asyncio.run(calls())
    assert {row.candidate for row in called(log, 2)} == {usual, decision.candidate}


def test_a_stream_is_asked_beside_alike(router, log):
    usual, asked = shadow_of(LlamaIndex, router, log)
    streamed = "".join(chunk.delta or "" for chunk in asked.pool.stream_complete(STORY))
    found = {row.candidate: row for row in called(log, 2)}
    assert usual in found[usual].answer
    assert usual not in streamed


def test_a_stream_of_events_is_asked_beside_alike(router, log):
    usual, asked = shadow_of(LangChain, router, log)
    streamed = str(asked.pool.stream_events(STORY, version="v3").output.text)
    found = {row.candidate: row for row in called(log, 2)}
    assert usual in found[usual].answer
    assert usual not in streamed


def test_a_step_of_an_agent_is_asked_beside_and_its_caller_hears_nothing(router, log):
    agents = pytest.importorskip("langchain.agents")
    from langchain_crossroute import CrossRouteMiddleware
    from tests.langchain_crossroute.fakes import ChatFake

    fakes = {name: ChatFake(model_name=name) for name in NAMES}
    usual, _ = shadow_of(LangChain, router, log)
    [shadow] = set(NAMES) - {usual}
    told = {"models": fakes, "router": router, "traffic": log, "shadow": shadow, "shadow_share": 1.0}
    agent = agents.create_agent(model=fakes["small"], tools=[], middleware=[CrossRouteMiddleware(**told)])

    async def calls():
        steps = agent.astream({"messages": [("human", STORY)]}, stream_mode="messages")
        heard = [message async for message, _ in steps]
        await asyncio.sleep(0.3)
        return heard

    assert not any(usual in str(message.content) for message in asyncio.run(calls()))
    assert {row.candidate for row in called(log, 2)} == set(NAMES)
    agent.invoke({"messages": [("human", STORY)]})
    assert len(called(log, 4)) == 4


def test_exploration_tells_its_propensity(integration, router, log):
    asked = integration(router, Provider(), traffic=log, exploration=0.5)
    told = {
        (row.candidate, row.propensity)
        for row in ([asked.ask() for _ in range(12)] and rows(log, schema.decisions))
    }
    assert told <= {("small", 1.0), ("small", 0.5), ("large", 0.5)}


def test_an_adopted_router_decides(integration, router, log):
    only = router.subset(["small", "large"])
    adopt(log, only)
    asked = integration(router, Provider(), traffic=log)
    asked.ask()
    log.flush()
    asked.ask()
    assert {row.router for row in rows(log, schema.decisions)}


def test_streams_are_logged_with_their_whole_answer(router, log):
    chain = LangChain(router, Provider(), traffic=log).pool
    streamed = "".join(str(chunk.text) for chunk in chain.stream(STORY))
    index = LlamaIndex(router, Provider(), traffic=log).pool
    told = "".join(chunk.delta or "" for chunk in index.stream_complete(STORY))
    assert [row.answer for row in rows(log, schema.calls)] == [streamed, told]


def test_the_steps_of_an_agent_are_logged(router, log):
    agents = pytest.importorskip("langchain.agents")
    from langchain_crossroute import CrossRouteMiddleware
    from tests.langchain_crossroute.fakes import ChatFake

    fakes = {name: ChatFake(model_name=name) for name in NAMES}
    middleware = CrossRouteMiddleware(models=fakes, router=router, traffic=log)
    agent = agents.create_agent(model=fakes["small"], tools=[], middleware=[middleware])
    state = agent.invoke(
        {"messages": [("human", STORY)]}, {"tags": ["support"], "configurable": {"thread_id": "t-1"}}
    )
    told = state["messages"][-1].response_metadata["crossroute"]
    [decided], [called] = rows(log, schema.decisions), rows(log, schema.calls)
    assert (decided.id, decided.conversation_id) == (told["decision_id"], "t-1")
    assert (called.decision_id, called.answer) == (decided.id, state["messages"][-1].content)


def test_a_tracer_s_run_bears_the_decision_s_id_and_its_trace_is_kept(router, log):
    from langchain_core.runnables import RunnableLambda
    from langchain_core.tracers.base import BaseTracer

    class Tracer(BaseTracer):
        def _persist_run(self, run):
            self.root = run

    tracer, chain = Tracer(), LangChain(router, Provider(), traffic=log).pool
    inner = RunnableLambda(chain.invoke).with_config(run_name="inner")
    answer = (RunnableLambda(lambda text: text) | inner).invoke(STORY, {"callbacks": [tracer]})
    decision_id = answer.response_metadata["crossroute"]["decision_id"]
    [decided] = rows(log, schema.decisions)
    assert str(tracer.root.child_runs[-1].child_runs[0].id) == decided.id == decision_id
    assert decided.trace_id == str(tracer.root.id)


def test_a_share_in_the_shadow_of_no_model_is_refused(integration, router):
    with pytest.raises(ValueError, match=r"shadow_share=0\.5 needs shadow='NAME'"):
        integration(router, Provider(), shadow_share=0.5)


@pytest.mark.parametrize("settings", [{"shadow": "small"}, {"exploration": 0.1}])
def test_what_is_of_little_use_without_a_log_says_so(integration, router, log, caplog, settings):
    traffic._warn_unrecorded.cache_clear()
    integration(router, Provider(), traffic=log, **settings).ask()
    integration(router, Provider()).ask()
    assert not caplog.messages
    integration(router, Provider(), **settings).ask()
    [told] = caplog.messages
    assert told.startswith(f"{min(settings)} is set without a traffic log")


@pytest.mark.parametrize("probability", [0, -0.1, 1.5, float("nan")])
def test_a_grade_is_drawn_with_some_probability(integration, router, log, probability):
    decision = integration(router, Provider(), traffic=log).ask()
    with pytest.raises(ValueError, match=r"probability must be in \(0, 1\], got"):
        log.feedback(decision.id, 1.0, probability=probability)


def test_an_escalation_of_unknown_cost_in_part_is_of_unknown_cost(integration, router, log):
    integration(router, Provider(), traffic=log, escalate=DOUBTING).ask()
    log.flush()
    _, second = rows(log, schema.calls)
    with log.writing() as connection:
        connection.execute(sa.update(schema.calls).where(schema.calls.c.id == second.id).values(cost=None))
    logged = read_logged(log)
    assert np.isnan(logged.further[0])
    assert np.isnan(logged.paid[0])
