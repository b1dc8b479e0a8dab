"""The spend report adds up what the events tell."""

from contextlib import contextmanager

import pytest
from llama_index.core import PromptTemplate
from llama_index_instrumentation import get_dispatcher

from crossroute.escalation import Escalation, Judge
from llamaindex_crossroute import CrossRouteLLM, CrossRouteSpendReport
from tests.llamaindex_crossroute.fakes import user
from tests.support.routers import ARITHMETIC, STORY


@contextmanager
def reported():
    """A report of what is called within."""
    report, root = CrossRouteSpendReport(), get_dispatcher()
    root.add_event_handler(report)
    try:
        yield report
    finally:
        root.event_handlers.remove(report)


def test_tokens_and_usd_by_member(llm):
    with reported() as report:
        llm.complete(ARITHMETIC)
        llm.complete(STORY)
        list(llm.stream_complete(ARITHMETIC))
    llm.complete(STORY)
    assert report.by_candidate["large"].calls == 2
    assert report.by_candidate["large"].usage.output_tokens == 200
    assert report.total.cost == pytest.approx(2 * 0.013 + 0.00012)
    written = str(report)
    assert written.index("large") < written.index("small")
    assert "$0.026" in written
    assert "3,000" in written


def test_what_a_judge_costs_is_in_the_report_as_it_is_in_spend(members, router):
    judge = Judge(ask=lambda query, answer: 0.1, cost=0.01)
    llm = CrossRouteLLM(members, router, escalate=Escalation(judge=judge))
    with reported() as report:
        response = llm.complete(STORY)
    assert report.by_candidate == llm.spend.by_candidate
    assert report.by_candidate["judge"].cost == pytest.approx(0.01 * report.by_candidate["judge"].calls)
    assert report.total.cost == pytest.approx(response.additional_kwargs["crossroute"]["actual_cost"])


@pytest.mark.parametrize("escalate", [None, True])
def test_what_a_pool_within_a_pool_takes_counts_once(members, router, escalate):
    inner = CrossRouteLLM({"small": members["small"]}, router)
    outer = CrossRouteLLM(
        {"large": inner, "coder": members["coder"]}, router, cost_preference=0, escalate=escalate
    )
    with reported() as report:
        outer.chat([user(ARITHMETIC)])
        outer.predict(PromptTemplate("{query_str}"), query_str=ARITHMETIC)
    assert report.by_candidate["small"] == inner.spend.by_candidate["small"]
    assert "large" not in report.by_candidate
    assert report.total.calls == sum(len(member.asked) for member in members.values())
