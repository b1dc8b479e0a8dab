"""route_query: the decision alone."""

import pytest
from llama_index.core.base.llms.types import ChatMessage
from llama_index.core.schema import QueryBundle

from crossroute import Constraints
from crossroute.errors import UnroutableError
from llamaindex_crossroute import route_query
from tests.llamaindex_crossroute.fakes import user
from tests.support.routers import ARITHMETIC, STORY


def test_questions_and_conversations_are_read_alike(router, folder):
    expected = router.route(ARITHMETIC).candidate
    conversation = [user(STORY), ChatMessage(role="assistant", content="Once"), user(ARITHMETIC)]
    for query in (ARITHMETIC, QueryBundle(ARITHMETIC), user(ARITHMETIC), conversation):
        assert route_query(query, router).candidate == expected
    assert route_query(ARITHMETIC, folder, cost_preference=1).candidate == "free"


def test_constraints_hold(router):
    decision = route_query(
        ARITHMETIC, router, constraints=Constraints(deny=frozenset({"free"})), cost_preference=1
    )
    assert decision.candidate == "small"
    with pytest.raises(UnroutableError):
        route_query(" ", router)
