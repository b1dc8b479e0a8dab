"""Both integrations write to a traffic log alike: query, call, answer, shadow, exploration; feedback finds its call."""

from __future__ import annotations

import asyncio

import pytest

sa = pytest.importorskip("sqlalchemy", reason="the extra `traffic` is not installed")

from crossroute.traffic import TrafficLog, schema  # noqa: E402
from crossroute.traffic.registry import adopt  # noqa: E402
from tests.support.integrations import NAMES, LangChain, LlamaIndex, Provider  # noqa: E402
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
