"""CrossRouteSelector, in RouterQueryEngine and RouterRetriever, and the tool retriever beside it."""

import pytest
from llama_index.core import Document, SummaryIndex
from llama_index.core.base.base_selector import MultiSelection
from llama_index.core.query_engine import (
    CustomQueryEngine,
    RouterQueryEngine,
    ToolRetrieverRouterQueryEngine,
)
from llama_index.core.response_synthesizers import TreeSummarize
from llama_index.core.retrievers import RouterRetriever
from llama_index.core.tools import QueryEngineTool, RetrieverTool, ToolMetadata

from crossroute import Constraints, NoEligibleCandidateError, Query, Router
from llamaindex_crossroute import (
    CrossRouteDecisionEvent,
    CrossRouteSelection,
    CrossRouteSelector,
    CrossRouteToolRetriever,
)
from tests.llamaindex_crossroute.fakes import ChatFake
from tests.support.routers import ARITHMETIC, CODE, STORY

BEHIND = {"quick": "small", "codes": "coder", "deep": "large"}


class Saying(CustomQueryEngine):
    """A query engine that says its name."""

    name: str

    def custom_query(self, query_str: str) -> str:
        return f"{self.name}: {query_str}"


@pytest.fixture
def tools():
    return [
        QueryEngineTool.from_defaults(Saying(name=name), name=name, description=f"{name} answers")
        for name in BEHIND
    ]


@pytest.fixture
def selector(router):
    return CrossRouteSelector(router, candidates=BEHIND)


@pytest.fixture
def summarizer():
    return TreeSummarize(llm=ChatFake("summary"))


@pytest.mark.parametrize(("text", "name"), [(ARITHMETIC, "deep"), (CODE, "codes"), (STORY, "quick")])
async def test_router_query_engine(selector, tools, summarizer, text, name):
    engine = RouterQueryEngine(selector, tools, llm=ChatFake("unused"), summarizer=summarizer)
    for response in (engine.query(text), await engine.aquery(text)):
        assert str(response) == f"{name}: {text}"
        selection = response.metadata["selector_result"]
        assert isinstance(selection, CrossRouteSelection)
        assert selection.decision.candidate == BEHIND[name]
        assert selection.qualities == [selection.decision.quality]
        assert selection.costs == [selection.decision.cost]
        assert selection.reason.startswith(
            f"{BEHIND[name]}: predicted quality {selection.decision.quality:.3f} for $"
        )


async def test_several_choices_best_first(router, tools, summarizer):
    selector = CrossRouteSelector(router, candidates=list(BEHIND.values()), max_choices=2)
    selection = selector.select([tool.metadata for tool in tools], ARITHMETIC)
    assert len(selection.inds) == 2
    assert selection.inds[0] == 2
    assert len(selection.reasons) == len(selection.qualities) == 2
    engine = RouterQueryEngine(selector, tools, llm=ChatFake("unused"), summarizer=summarizer)
    assert str(engine.query(ARITHMETIC)).startswith("summary")
    assert str(await engine.aquery(ARITHMETIC)).startswith("summary")


def test_plain_strings_are_their_own_candidates(router):
    selection = CrossRouteSelector(router).select(["small", "large"], ARITHMETIC)
    assert isinstance(selection, MultiSelection)
    assert selection.ind == 1
    mapped = CrossRouteSelector(router, candidates={"tells stories": "small", "reckons": "large"})
    assert mapped.select(["reckons", "tells stories"], STORY).ind == 1


def test_a_question_is_one_call_though_it_reads_like_a_run():
    router = Router.from_pretrained("universal").subset(["gpt-5-mini", "claude-opus-4-5"])
    task = "Find out why the parser crashes on empty input, fix it, and add a test. Run the whole suite then."
    selection = CrossRouteSelector(router).select(["gpt-5-mini", "claude-opus-4-5"], task)
    call = router.route(Query(task, one_call=True))
    assert selection.decision.candidate == call.candidate
    assert selection.decision.cost == pytest.approx(call.cost) != pytest.approx(router.route(task).cost)


def test_the_dial_and_the_constraints_decide(router):
    cheap = CrossRouteSelector(router, cost_preference=1)
    assert cheap.select(["large", "small"], ARITHMETIC).ind == 1
    limits = CrossRouteSelector(router, constraints=Constraints(deny=frozenset({"large"})))
    assert limits.select(["large", "small"], ARITHMETIC).ind == 1
    with pytest.raises(NoEligibleCandidateError):
        limits.select(["large"], ARITHMETIC)


def test_the_dial_goes_over_the_candidates_behind_the_choices(router):
    selector = CrossRouteSelector(
        router, cost_preference=0.4, constraints=Constraints(deny=frozenset({"coder"}))
    )
    alone = router.subset(["small", "large"])
    for query in (ARITHMETIC, STORY, CODE):
        selection = selector.select(["small", "large"], query)
        assert selection.decision == alone.route(query, cost_preference=0.4)
    assert len(selector.select(["small", "coder"], CODE).decision.alternatives) == 2


def test_what_cannot_be_mapped_is_said(router):
    with pytest.raises(ValueError, match="No candidate for the choice 'new'"):
        CrossRouteSelector(router, candidates=BEHIND).select([ToolMetadata("d", name="new")], STORY)
    with pytest.raises(ValueError, match="choice 1, 'b'"):
        CrossRouteSelector(router, candidates=["small"]).select(["a", "b"], STORY)
    with pytest.raises(ValueError, match="Two choices have the same candidate"):
        CrossRouteSelector(router, candidates=["small", "small"]).select(["a", "b"], STORY)
    with pytest.raises(LookupError, match="'unheard of'"):
        CrossRouteSelector(router).select(["unheard of"], STORY)
    with pytest.raises(ValueError, match="max_choices"):
        CrossRouteSelector(router, max_choices=0)


async def test_router_retriever(selector, ear):
    retrievers = [
        RetrieverTool.from_defaults(
            SummaryIndex.from_documents([Document(text=name)]).as_retriever(), name=name, description=name
        )
        for name in BEHIND
    ]
    retriever = RouterRetriever(selector, retrievers, llm=ChatFake("unused"))
    assert [node.text for node in retriever.retrieve(CODE)] == ["codes"]
    assert [node.text for node in await retriever.aretrieve(CODE)] == ["codes"]
    assert len(ear.of(CrossRouteDecisionEvent)) == 2


async def test_tool_retriever_router_query_engine(selector, tools, summarizer):
    retriever = CrossRouteToolRetriever(tools, selector)
    engine = ToolRetrieverRouterQueryEngine(retriever, llm=ChatFake("unused"), summarizer=summarizer)
    for response in (engine.query(CODE), await engine.aquery(CODE)):
        assert str(response) == f"codes: {CODE}"
        assert response.metadata["retrieved_tools"] == [tools[1]]
    assert retriever.retrieve(STORY) == await retriever.aretrieve(STORY) == [tools[0]]
    with pytest.raises(ValueError, match="at least one tool"):
        CrossRouteToolRetriever([], selector)


def test_the_router_is_loaded_when_it_is_needed(folder, tmp_path):
    CrossRouteSelector(tmp_path / "not-there")
    assert CrossRouteSelector(folder).select(["small"], STORY).ind == 0


@pytest.mark.parametrize(
    "dial", [{"cost_preference": 5}, {"cost_preference": 0.5, "willingness_to_pay": 0.1}]
)
def test_a_dial_that_is_none_is_refused_at_once(dial):
    with pytest.raises(ValueError, match=r"less than or equal to 1|not both"):
        CrossRouteSelector(**dial)


def test_a_query_is_one_call_whatever_it_reads_like():
    task = "Find out why the parser crashes on empty input, fix it, and add a test. Run the whole suite then."
    names = ("gpt-5-mini", "claude-opus-4-5")
    tools = [ToolMetadata(description="an engine", name=name) for name in names]
    decision = CrossRouteSelector().select(tools, task).decision
    told = Router.from_pretrained("universal").subset(names).route(Query.of_call(task))
    assert decision.cost == pytest.approx(told.cost)
