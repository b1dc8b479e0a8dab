"""The spend report adds up what the events tell."""

import pytest
from llama_index_instrumentation import get_dispatcher

from llamaindex_crossroute import CrossRouteSpendReport
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
