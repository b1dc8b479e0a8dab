"""Another middleware that sets the model, beside CrossRouteMiddleware, in either order."""

import asyncio

import pytest
from langchain.agents import create_agent
from langchain.agents.middleware import ModelFallbackMiddleware, wrap_model_call
from langchain.agents.middleware.types import AgentMiddleware, ModelRequest
from langchain_core.messages import AIMessage, HumanMessage

from crossroute import Escalation
from langchain_crossroute import CrossRouteMiddleware
from langchain_crossroute.agent_models import AgentModels
from tests.langchain_crossroute.fakes import BadRequestError, ChatFake, RateLimitError
from tests.support.routers import ARITHMETIC


class Named(ChatFake):
    """One whose runs tell its name, as those of every provider's class do."""

    def _get_ls_params(self, stop=None, **kwargs):
        return {"ls_provider": self.kind, "ls_model_name": self.model_name, "ls_model_type": "chat"}


class Setting(AgentMiddleware):
    """Sets the model, as a router or a user's own middleware does."""

    def __init__(self, model):
        super().__init__()
        self.model = model

    def wrap_model_call(self, request, handler):
        return handler(request.override(model=self.model))

    async def awrap_model_call(self, request, handler):
        return await handler(request.override(model=self.model))


@pytest.fixture
def members():
    return {name: Named(model_name=name) for name in ("small", "coder", "large")}


@pytest.fixture
def spare():
    return Named(model_name="spare")


@pytest.fixture(params=[False, True], ids=["sync", "async"])
def ask(request):
    def asked(agent, text=ARITHMETIC):
        told = {"messages": [("human", text)]}
        state = asyncio.run(agent.ainvoke(told)) if request.param else agent.invoke(told)
        return state["messages"][-1]

    return asked


def pool(members, router, **more):
    return CrossRouteMiddleware(models=members, router=router, max_attempts=3, **more)


def stamp(message):
    return message.response_metadata.get("crossroute")


def break_down(members, error=RateLimitError):
    for member in members.values():
        member.fail = lambda: error("down")


@pytest.mark.parametrize(("own", "error"), [("small", RateLimitError), ("another", BadRequestError)])
def test_a_fallback_around_the_pool_is_called_when_the_pool_failed(members, router, ask, own, error):
    break_down(members, error)
    first = members.get(own, Named(model_name=own))
    middleware = pool(members, router)
    agent = create_agent(first, middleware=[ModelFallbackMiddleware(Named(model_name="spare")), middleware])
    answer = ask(agent)
    assert (answer.text, stamp(answer)) == ("I am spare", None)
    assert middleware.spend.total.calls == 0
    for member in members.values():
        member.fail = None
    middleware.routing.dispatcher.cooldowns.failed.clear()
    assert stamp(ask(agent))["candidate"] == "large"


def test_a_fallback_that_is_a_member_is_called_alone_and_counted(members, router, ask):
    members["large"].fail = lambda: BadRequestError("no")
    middleware = pool(members, router)
    fallback = ModelFallbackMiddleware(members["coder"])
    answer = ask(create_agent(members["small"], middleware=[fallback, middleware]))
    assert (answer.text, stamp(answer)["candidate"]) == ("I am coder", "coder")
    assert {name: spent.calls for name, spent in middleware.spend.by_candidate.items()} == {"coder": 1}


def test_a_fallback_within_is_the_step_s_answer_and_not_at_the_chosen_one_s_price(
    members, router, spare, ask
):
    members["large"].fail = lambda: RateLimitError("down")
    middleware = pool(members, router)
    agent = create_agent(members["small"], middleware=[middleware, ModelFallbackMiddleware(spare)])
    answer = ask(agent)
    assert answer.text == "I am spare"
    assert stamp(answer)["candidate"] == "large"
    assert "fake/spare answered: another middleware called it" in stamp(answer)["reasons"]
    assert (middleware.spend.total.calls, middleware.spend.total.unknown) == (1, 1)


def test_a_member_within_is_counted_as_itself(members, router, ask):
    middleware = pool(members, router)
    answer = ask(create_agent(members["small"], middleware=[middleware, Setting(members["coder"])]))
    assert (answer.text, stamp(answer)["candidate"]) == ("I am coder", "coder")
    spent = middleware.spend.by_candidate
    assert spent.keys() == {"coder"}
    assert stamp(answer)["actual_cost"] == spent["coder"].cost > 0


LOOKING = Escalation(check=lambda query, answer: 0.5, max_calls=2)


def test_they_are_in_calls_that_are_looked_at(members, router, ask, spare):
    middleware = pool(members, router, escalate=LOOKING)
    answer = ask(create_agent(members["small"], middleware=[middleware, Setting(members["coder"])]))
    spent = middleware.spend.by_candidate
    assert (answer.text, stamp(answer)["candidate"], spent.keys()) == ("I am coder", "coder", {"coder"})
    assert [call["candidate"] for call in stamp(answer)["calls"]] == ["coder"] * spent["coder"].calls
    assert spent["coder"].unknown == 0
    assert any(reason.startswith("coder answered in place of ") for reason in stamp(answer)["reasons"])
    middleware = pool(members, router, escalate=LOOKING)
    answer = ask(create_agent(members["small"], middleware=[middleware, Setting(spare)]))
    total = middleware.spend.total
    assert (answer.text, total.unknown) == ("I am spare", total.calls)
    assert stamp(answer)["actual_cost"] is None


def test_what_was_chosen_is_counted_as_itself_where_it_is_looked_at(members, router, ask):
    class Passing(AgentMiddleware):
        def wrap_model_call(self, request, handler):
            return handler(request)

        async def awrap_model_call(self, request, handler):
            return await handler(request)

    middleware = pool(members, router, escalate=LOOKING)
    answer = ask(create_agent(members["small"], middleware=[middleware, Passing()]))
    assert answer.text == f"I am {stamp(answer)['candidate']}"
    assert middleware.spend.total.unknown == 0
    assert not any("in place of" in reason for reason in stamp(answer)["reasons"])


def test_a_model_that_is_set_around_the_pool_is_called(members, router, spare, ask):
    middleware = pool(members, router)
    answer = ask(create_agent(members["small"], middleware=[Setting(spare), middleware]))
    assert (answer.text, stamp(answer)) == ("I am spare", None)
    answer = ask(create_agent(members["small"], middleware=[Setting(members["coder"]), middleware]))
    assert (answer.text, stamp(answer)["candidate"]) == ("I am coder", "coder")


def test_a_copy_of_the_agent_s_own_is_routed(members, router, ask):
    own = Named(model_name="own")
    middleware = pool(members, router)
    changed = Setting(own.model_copy(update={"wait": 0.001}))
    assert stamp(ask(create_agent(own, middleware=[changed, middleware])))["candidate"] == "large"
    assert stamp(ask(create_agent(own, middleware=[middleware])))["candidate"] == "large"


def test_one_middleware_in_two_agents_routes_both(members, router, ask):
    middleware = pool(members, router)
    agents = [create_agent(own, middleware=[middleware]) for own in (members["small"], Named(model_name="b"))]
    assert [stamp(ask(agent))["candidate"] for agent in agents] == ["large", "large"]


def test_a_user_s_function_that_sets_it_for_some_steps(members, router, spare):
    @wrap_model_call
    def long_ones(request, handler):
        return handler(request.override(model=spare) if len(request.messages[-1].text) > 100 else request)

    agent = create_agent(members["small"], middleware=[long_ones, pool(members, router)])
    texts = [ARITHMETIC, ARITHMETIC + " " * 100, ARITHMETIC]
    answers = [agent.invoke({"messages": [("human", text)]})["messages"][-1] for text in texts]
    assert [bool(stamp(answer)) for answer in answers] == [True, False, True]


def test_where_no_agent_is_known_all_is_routed(members, router, spare):
    runtime = type("Runtime", (), {"context": None})()
    request = ModelRequest(model=spare, messages=[HumanMessage(ARITHMETIC)], runtime=runtime)

    def handler(request):
        from langchain.agents.middleware.types import ModelResponse

        return ModelResponse(result=[request.model.invoke(request.messages)])

    response = pool(members, router).wrap_model_call(request, handler)
    assert isinstance(response.model_response.result[0], AIMessage)
    assert stamp(response.model_response.result[0])["candidate"] == "large"


def test_a_name_that_two_members_share_means_neither(router):
    twins = {name: Named(model_name="same", wait=wait) for name, wait in (("a", 0.0), ("b", 1.0))}
    routing = CrossRouteMiddleware(models={"small": twins["a"], "large": twins["b"]}, router=router).routing
    models = AgentModels(routing.members)
    assert models.find_member(twins["b"]) == "large"
    assert models.find_member(Named(model_name="same")) is None
    assert models.find_called("") is None
