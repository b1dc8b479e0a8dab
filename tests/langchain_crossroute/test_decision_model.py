"""CrossRouteDecisionModel: LangChain's own routing question; without LangChain 1.5, an error that says so."""

from importlib.util import find_spec

import pytest
from langchain_core.messages import HumanMessage

from crossroute import Pool
from tests.langchain_crossroute.fakes import ChatFake
from tests.support.routers import ARITHMETIC, STORY

decisions = pytest.mark.skipif(
    find_spec("langchain_core.decisions") is None, reason="needs langchain-core 1.8"
)


@pytest.mark.skipif(find_spec("langchain_core.decisions") is not None, reason="LangChain has decision models")
def test_an_older_langchain_gets_an_error_with_the_remedy():
    import langchain_crossroute

    with pytest.raises(ImportError, match=r"pip install .*langchain-core>=1\.8"):
        _ = langchain_crossroute.CrossRouteDecisionModel


@decisions
def test_a_choice_between_models_is_answered_by_reward(router):
    from langchain_core.decisions import Choice, Noul

    from langchain_crossroute import CrossRouteDecisionModel

    model = CrossRouteDecisionModel(router=router)
    question = Choice(instructions="Choose.", criteria={"small": None, "large": None})
    response = model.invoke({"state": ARITHMETIC, "questions": {"route": question}})
    answer = response.choices["route"]
    assert answer.choice == "large"
    assert sum(answer.probabilities.values()) == pytest.approx(1)
    assert answer.confidence == max(answer.probabilities.values())
    with pytest.raises(ValueError, match="Noul"):
        model.invoke({"state": STORY, "questions": {"x": Noul(instructions="Is it?")}})


@decisions
def test_what_the_messages_need_is_a_need(router):
    from langchain_core.decisions import Choice

    from langchain_crossroute import CrossRouteDecisionModel

    sees = {"small": frozenset({"vision"}), "large": frozenset()}
    blind = Pool(router.pool[name].model_copy(update={"capabilities": can}) for name, can in sees.items())
    model = CrossRouteDecisionModel(router=router.over(blind))
    question = Choice(instructions="Choose.", criteria={"small": None, "large": None})
    picture = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}
    asked = [HumanMessage([{"type": "text", "text": ARITHMETIC}, picture])]
    answer = model.invoke({"state": asked, "questions": {"route": question}}).choices["route"]
    assert (answer.choice, answer.probabilities["large"]) == ("small", 0)


@decisions
@pytest.mark.filterwarnings("ignore::langchain_core._api.beta_decorator.LangChainBetaWarning")
def test_it_serves_langchains_model_router(router):
    from langchain.agents import create_agent
    from langchain.agents.middleware import ModelChoice, ModelRouterMiddleware

    from langchain_crossroute import CrossRouteDecisionModel

    fakes = {name: ChatFake(model_name=name) for name in ("small", "large")}
    choices = {name: ModelChoice(model=fake, criteria=None) for name, fake in fakes.items()}
    classifier = CrossRouteDecisionModel(router=router)
    middleware = ModelRouterMiddleware(choices=choices, instructions="Choose.", classifier=classifier)
    agent = create_agent(model=fakes["small"], tools=[], middleware=[middleware])
    for text, name in ((ARITHMETIC, "large"), (STORY, "small")):
        assert agent.invoke({"messages": [("human", text)]})["messages"][-1].text == f"I am {name}"
