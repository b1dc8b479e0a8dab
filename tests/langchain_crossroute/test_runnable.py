"""CrossRouteRunnable: a decision from any input, and whole chains picked by it."""

import asyncio

import pytest
from langchain_core.messages import HumanMessage
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.runnables import RunnableLambda

from crossroute import Constraints, Decision, UnknownCandidateError
from crossroute.errors import UnprofiledCandidateError
from langchain_crossroute import CrossRouteRunnable
from tests.support.routers import ARITHMETIC, CODE, STORY

NAMES = ("small", "coder", "large")


@pytest.fixture
def route(router):
    return CrossRouteRunnable(NAMES, router=router)


def test_texts_messages_and_prompts_become_decisions(route):
    prompt = ChatPromptTemplate.from_messages([("human", "{q}")])
    assert isinstance(route.invoke(ARITHMETIC), Decision)
    for given in (
        ARITHMETIC,
        HumanMessage(ARITHMETIC),
        [("human", ARITHMETIC)],
        prompt.invoke({"q": ARITHMETIC}),
    ):
        assert route.invoke(given).candidate == "large"
    assert (prompt | route).invoke({"q": STORY}).candidate == "small"
    assert asyncio.run(route.ainvoke(CODE)).candidate == "coder"
    assert [decision.candidate for decision in route.batch([ARITHMETIC, CODE, STORY])] == [
        "large",
        "coder",
        "small",
    ]


def test_a_folder_serves_and_aliases_keep_their_spelling(folder):
    route = CrossRouteRunnable(["lab/small"], router=folder)
    assert route.invoke(STORY).candidate == "lab/small"
    assert len(CrossRouteRunnable(router=folder).invoke(STORY).alternatives) == 4


def test_a_call_may_set_the_dial(route):
    cheap = {"configurable": {"cost_preference": 1}}
    assert route.invoke(ARITHMETIC, cheap).candidate == "small"
    assert (
        asyncio.run(route.ainvoke(ARITHMETIC, {"configurable": {"candidate": "coder"}})).candidate == "coder"
    )


def test_what_is_no_text_is_refused_with_the_remedy(route):
    with pytest.raises(TypeError, match="text=lambda"):
        route.invoke({"question": ARITHMETIC})
    with pytest.raises(UnprofiledCandidateError):
        CrossRouteRunnable(["gpt-9"], router=route.dispatcher.router)


def test_pick_hands_the_whole_input_to_the_chosen_chain(router):
    route = CrossRouteRunnable(NAMES, router=router, text=lambda given: given["question"])
    branches = {name: RunnableLambda(lambda given, name=name: f"{name}: {given['user']}") for name in NAMES}
    chain = route.pick(branches)
    assert chain.invoke({"question": ARITHMETIC, "user": "Ada"}) == "large: Ada"
    assert asyncio.run(chain.ainvoke({"question": STORY, "user": "Ada"})) == "small: Ada"
    assert "".join(chain.stream({"question": CODE, "user": "Ada"})) == "coder: Ada"
    cheap = {"configurable": {"cost_preference": 1}}
    assert chain.invoke({"question": ARITHMETIC, "user": "Ada"}, cheap) == "small: Ada"


def test_pick_chooses_among_its_branches_only(route):
    chain = route.pick({"small": lambda _: "s", "coder": lambda _: "c"})
    assert chain.invoke(CODE) == "c"
    assert chain.invoke(ARITHMETIC) in {"s", "c"}
    with pytest.raises(UnknownCandidateError):
        route.pick({"gpt-9": lambda _: "x"})


def test_pick_keeps_to_its_branches_whatever_else_is_allowed(router):
    branches = {"lab/small": lambda _: "s", "large": lambda _: "l"}
    chain = CrossRouteRunnable(NAMES, router=router).pick(branches)
    for text in (ARITHMETIC, CODE, STORY):
        assert chain.invoke(text, {"configurable": {"constraints": Constraints(max_cost=1)}}) in {"s", "l"}
    assert chain.invoke(ARITHMETIC, {"configurable": {"candidate": "lab/small"}}) == "s"
    with pytest.raises(UnknownCandidateError, match="'coder'"):
        chain.invoke(CODE, {"configurable": {"candidate": "coder"}})


def test_pick_keeps_to_the_constraints(router):
    only = Constraints(allow=frozenset({"small"}))
    chain = CrossRouteRunnable(NAMES, router=router, constraints=only).pick(
        {"small": lambda _: "s", "large": lambda _: "l"}
    )
    assert chain.invoke(ARITHMETIC, {"configurable": {"cost_preference": 0}}) == "s"
