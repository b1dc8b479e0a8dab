"""The spend report adds up what the events tell."""

import pytest
from llama_index_instrumentation import get_dispatcher

from crossroute.escalation import Escalation, Judge
from llamaindex_crossroute import CrossRouteLLM, CrossRouteSpendReport
from tests.support.routers import ARITHMETIC, STORY


def test_tokens_and_usd_by_member(llm):
    report, root = CrossRouteSpendReport(), get_dispatcher()
    root.add_event_handler(report)
    try:
        llm.complete(ARITHMETIC)
        llm.complete(STORY)
        list(llm.stream_complete(ARITHMETIC))
    finally:
        root.event_handlers.remove(report)
    llm.complete(STORY)
    assert report.by_candidate["large"].calls == 2
    assert report.by_candidate["large"].usage.output_tokens == 200
    assert report.total.cost == pytest.approx(2 * 0.013 + 0.00012)
    written = str(report)
    assert written.index("large") < written.index("small")
    assert "$0.026" in written
    assert "3,000" in written


def test_what_a_judge_costs_is_in_the_report_as_it_is_in_spend(members, router):
    report, root = CrossRouteSpendReport(), get_dispatcher()
    judge = Judge(ask=lambda query, answer: 0.1, cost=0.01)
    llm = CrossRouteLLM(members, router, escalate=Escalation(judge=judge))
    root.add_event_handler(report)
    try:
        response = llm.complete(STORY)
    finally:
        root.event_handlers.remove(report)
    assert report.by_candidate == llm.spend.by_candidate
    assert report.by_candidate["judge"].cost == pytest.approx(0.01 * report.by_candidate["judge"].calls)
    assert report.total.cost == pytest.approx(response.additional_kwargs["crossroute"]["actual_cost"])
