"""CrossRouteMiddleware: agents of create_agent, LangGraph and deepagents."""

import asyncio
from dataclasses import dataclass

import pytest
from langchain.agents import create_agent
from langchain.agents.middleware.types import ModelRequest, ModelResponse
from langchain.agents.structured_output import ProviderStrategy, StructuredOutputValidationError, ToolStrategy
from langchain_core.messages import AIMessage, HumanMessage
from langchain_core.tools import tool
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.errors import GraphBubbleUp
from langgraph.graph import START, MessagesState, StateGraph
from langgraph.prebuilt import ToolNode, tools_condition
from pydantic import BaseModel

from crossroute.errors import UnprofiledCandidateError
from crossroute.escalation import Escalation
from langchain_crossroute import ChatCrossRoute, CrossRouteMiddleware
from tests.langchain_crossroute.conftest import CAN
from tests.langchain_crossroute.fakes import BadRequestError, ChatFake, RateLimitError
from tests.support.routers import ARITHMETIC, CODE, STORY


@tool
def weather(city: str) -> str:
    """Tell the weather."""
    return f"sunny in {city}"


class Forecast(BaseModel):
    """A forecast."""

    degrees: int


@dataclass
class Wishes:
    cost_preference: float | None = None
    candidate: str | None = None


@pytest.fixture
def middleware(fakes, router):
    return CrossRouteMiddleware(models=fakes, router=router)


def agent_of(middleware, fakes, **kwargs):
    return create_agent(model=fakes["small"], tools=[weather], middleware=[middleware], **kwargs)


def answers(state):
    return [message for message in state["messages"] if isinstance(message, AIMessage)]


def candidates(state):
    return [message.response_metadata["crossroute"]["candidate"] for message in answers(state)]


def ask(text):
    return {"messages": [("human", text)]}


def test_steps_go_to_the_predicted_best_and_a_tool_turn_stays(middleware, fakes):
    agent = agent_of(middleware, fakes, checkpointer=InMemorySaver())
    config = {"configurable": {"thread_id": "1"}}
    for text in (ARITHMETIC, STORY, CODE):
        state = agent.invoke(ask(text), config)
    assert candidates(state) == ["large", "large", "small", "small", "coder", "coder"]
    assert [bool(message.tool_calls) for message in answers(state)] == [True, False] * 3
    assert answers(state)[1].response_metadata["crossroute"]["reasons"] == ["stuck to large: tool turn"]
    assert "crossroute_route" not in state, "the route is private"
    assert agent.get_state(config).values.get("crossroute_route", {}).get("candidate") in {"coder", None}
    assert middleware.spend.total.calls == 6


def test_the_asynchronous_steps_are_the_same(middleware, fakes):
    state = asyncio.run(agent_of(middleware, fakes).ainvoke(ask(ARITHMETIC)))
    assert candidates(state) == ["large", "large"]


def test_a_runtime_context_sets_the_dial_or_the_model(middleware, fakes):
    agent = agent_of(middleware, fakes, context_schema=Wishes)
    assert candidates(agent.invoke(ask(ARITHMETIC), context=Wishes(cost_preference=1.0))) == [
        "small",
        "small",
    ]
    assert candidates(agent.invoke(ask(ARITHMETIC), context=Wishes(candidate="coder"))) == ["coder", "coder"]
    plain = agent_of(middleware, fakes, context_schema=dict)
    assert candidates(plain.invoke(ask(STORY), context={"cost_preference": 0.0}))[0] == "large"


def test_a_step_fails_over_and_a_permanent_error_is_raised(middleware, fakes):
    fakes["large"].errors = [RateLimitError("once")]
    state = agent_of(middleware, fakes).invoke(ask(ARITHMETIC))
    assert candidates(state)[0] != "large"
    assert answers(state)[0].response_metadata["crossroute"]["failures"][0]["candidate"] == "large"
    middleware.routing.dispatcher.cooldowns.clear("large")
    fakes["large"].errors = [BadRequestError("no")]
    with pytest.raises(BadRequestError):
        agent_of(middleware, fakes).invoke(ask(ARITHMETIC))


def test_control_flow_of_the_graph_passes_through(middleware, fakes):
    fakes["large"].errors = [GraphBubbleUp()]
    runtime = type("Runtime", (), {"context": None})()
    request = ModelRequest(model=fakes["small"], messages=[HumanMessage(ARITHMETIC)], runtime=runtime)
    with pytest.raises(GraphBubbleUp):
        middleware.wrap_model_call(request, lambda request: request.model.invoke(request.messages))


@pytest.mark.parametrize("strategy", [Forecast, ToolStrategy(Forecast), ProviderStrategy(Forecast)])
def test_the_structured_output_strategy_follows_the_chosen_model(middleware, fakes, strategy):
    agent = create_agent(model=fakes["small"], tools=[], middleware=[middleware], response_format=strategy)
    state = agent.invoke(ask(ARITHMETIC))
    assert state["structured_response"] == Forecast(degrees=3)
    assert candidates(state)[0] == "large"


def test_the_schema_of_a_step_is_part_of_what_is_read(middleware, fakes):
    def predict(strategy):
        agent = create_agent(fakes["small"], tools=[], middleware=[middleware], response_format=strategy)
        return answers(agent.invoke(ask(ARITHMETIC)))[0].response_metadata["crossroute"]["cost"]

    formed = [predict(strategy(Forecast)) for strategy in (ToolStrategy, ProviderStrategy)]
    assert min(formed) > predict(None)


def test_an_automatic_schema_needs_tools_or_native_structured_output(router):
    models = {
        "small": ChatFake(model_name="small", profile={"structured_output": True, "tool_calling": False}),
        "large": ChatFake(model_name="large", profile={"structured_output": False, "tool_calling": False}),
    }
    middleware = CrossRouteMiddleware(models=models, router=router)
    agent = create_agent(model=models["small"], tools=[], middleware=[middleware], response_format=Forecast)
    state = agent.invoke(ask(ARITHMETIC))
    assert (state["structured_response"], candidates(state)) == (Forecast(degrees=3), ["small"])


def test_the_messages_stream_is_not_doubled_and_traces_name_the_member(middleware, fakes):
    found = list(agent_of(middleware, fakes).stream(ask(STORY), stream_mode="messages"))
    texts = [chunk.text for chunk, _ in found if isinstance(chunk, AIMessage)]
    assert "".join(texts) == "I am smallI am small"
    metadata = next(metadata for chunk, metadata in found if isinstance(chunk, AIMessage))
    assert metadata["ls_model_name"] == "small"
    assert "crossroute:small" in metadata["tags"]


def test_models_of_a_list_go_by_the_names_of_their_models(fakes, router):
    listed = CrossRouteMiddleware([fakes["small"], fakes["large"]], router)
    answer = agent_of(listed, fakes).invoke(ask(STORY))["messages"][-1]
    assert answer.response_metadata["crossroute"]["candidate"] == "small"


def test_models_must_be_bare_and_profiled(fakes, router):
    with pytest.raises(TypeError, match="'small' is wrapped"):
        CrossRouteMiddleware(models={"small": fakes["small"].with_retry()}, router=router)
    with pytest.raises(UnprofiledCandidateError):
        CrossRouteMiddleware(models={"gpt-9": ChatFake()}, router=router)


def test_a_langgraph_agent_uses_different_models_for_different_steps(fakes, router):
    """Plan, act with tools, write: three nodes, one ChatCrossRoute, each node's intent its own."""
    model = ChatCrossRoute(models=fakes, router=router)

    def step(text, *tools):
        asked = model.bind_tools(list(tools)) if tools else model

        def run(state):
            begun = [m for m in state["messages"] if m.type == "tool"]
            new = [] if begun and tools else [("human", text)]
            answer = asked.invoke([*state["messages"], *new])
            return {"messages": [*new, answer]}

        return run

    graph = StateGraph(MessagesState)
    graph.add_node("plan", step(ARITHMETIC))
    graph.add_node("act", step(CODE, weather))
    graph.add_node("tools", ToolNode([weather]))
    graph.add_node("write", step(STORY))
    graph.add_edge(START, "plan").add_edge("plan", "act").add_edge("tools", "act")
    graph.add_conditional_edges("act", tools_condition, {"tools": "tools", "__end__": "write"})
    state = graph.compile().invoke({"messages": []})
    assert candidates(state) == ["large", "coder", "coder", "small"]
    assert [m.text for m in answers(state)][-1] == "I am small"


def test_a_deep_agent_routes_its_own_steps_and_those_of_its_subagents(fakes, router):
    deepagents = pytest.importorskip("deepagents", reason="deepagents needs Python 3.11")
    middleware = CrossRouteMiddleware(models=fakes, router=router)
    agent = deepagents.create_deep_agent(model=fakes["small"], tools=[weather], middleware=[middleware])
    state = agent.invoke(ask(CODE))
    assert len(answers(state)) == 2
    assert set(candidates(state)) == {"coder"}
    model = ChatCrossRoute(models=fakes, router=router)
    state = deepagents.create_deep_agent(model=model, tools=[weather]).invoke(ask(STORY))
    assert set(candidates(state)) == {"small"}


def sure_of_large(query, answer):
    """A user's own check, which knows that small is wrong."""
    return 0.0 if "small" in answer else 1.0


class Unfit(ChatFake):
    """Calls tools, and answers schemas, with arguments that do not fit."""

    def _tool_calls(self, messages, kwargs):
        return [{**call, "args": {"degrees": "many"}} for call in super()._tool_calls(messages, kwargs)]


@pytest.mark.parametrize("asynchronous", [False, True])
def test_a_step_without_tool_calls_escalates_and_tells_all_calls(pair, router, asynchronous):
    middleware = CrossRouteMiddleware(models=pair, router=router, escalate=Escalation(check=sure_of_large))
    agent = create_agent(model=pair["small"], tools=[], middleware=[middleware])
    state = asyncio.run(agent.ainvoke(ask(STORY))) if asynchronous else agent.invoke(ask(STORY))
    (answer,) = answers(state)
    assert answer.text == "I am large"
    decision = answer.response_metadata["crossroute"]
    assert [call["candidate"] for call in decision["calls"]] == ["small", "large"]
    assert answer.usage_metadata["total_tokens"] == 30
    assert middleware.spend.total.calls == 2
    found = list(agent.stream(ask(STORY), stream_mode="messages"))
    assert [chunk.text for chunk, _ in found] == ["I am large"], "the answer that was given up is not shown"


def test_what_a_steps_check_asks_a_model_is_not_in_the_messages_stream(pair, router):
    judge = ChatFake(model_name="judge")

    def check(query, answer):
        judge.invoke(f"Is {answer} right?")
        return sure_of_large(query, answer)

    middleware = CrossRouteMiddleware(models=pair, router=router, escalate=Escalation(check=check))
    agent = create_agent(model=pair["small"], tools=[], middleware=[middleware])
    assert [chunk.text for chunk, _ in agent.stream(ask(STORY), stream_mode="messages")] == ["I am large"]

    async def shown():
        return [chunk.text async for chunk, _ in agent.astream(ask(STORY), stream_mode="messages")]

    assert asyncio.run(shown()) == ["I am large"]
    assert len(judge._seen) == 4


def test_a_step_that_calls_tools_stands_and_so_does_the_rest_of_its_turn(pair, router):
    middleware = CrossRouteMiddleware(models=pair, router=router, escalate=Escalation(check=sure_of_large))
    state = agent_of(middleware, pair).invoke(ask(STORY))
    assert candidates(state) == ["small", "small"]
    assert not pair["large"]._seen
    assert answers(state)[1].response_metadata["crossroute"]["calls"] == []


def test_a_step_that_cannot_be_read_is_counted_and_its_error_raised(router):
    small = Unfit(model_name="small", profile=dict(CAN))
    middleware = CrossRouteMiddleware(models={"small": small}, router=router)
    strategy = ToolStrategy(Forecast, handle_errors=False)
    agent = create_agent(model=small, tools=[], middleware=[middleware], response_format=strategy)
    with pytest.raises(StructuredOutputValidationError):
        agent.invoke(ask(STORY))
    with pytest.raises(StructuredOutputValidationError):
        asyncio.run(agent.ainvoke(ask(STORY)))
    assert (middleware.spend.total.calls, middleware.spend.total.usage.output_tokens) == (2, 10)


def test_a_step_whose_tool_calls_cannot_be_carried_out_escalates(pair, router):
    models = {**pair, "small": Unfit(model_name="small", profile=dict(CAN))}
    middleware = CrossRouteMiddleware(models=models, router=router, escalate=True)
    state = agent_of(middleware, models).invoke(ask(STORY))
    assert candidates(state) == ["large", "large"]
    (first, second) = answers(state)[0].response_metadata["crossroute"]["calls"]
    assert (first["candidate"], "schema" in first["evidence"]["flaws"]) == ("small", True)
    assert second["evidence"]["flaws"] == []


class Searching(ChatFake):
    """Knows a tool of its provider's beside those that it is given."""

    def bind_tools(self, tools, **kwargs):
        return super().bind_tools([tool for tool in tools if tool != {"systemTool": {}}], **kwargs)


def test_a_step_with_a_tool_that_has_no_name_is_not_lost(router):
    pair = {name: Searching(model_name=name, profile=dict(CAN)) for name in ("small", "large")}
    middleware = CrossRouteMiddleware(models=pair, router=router, escalate=True)
    agent = create_agent(model=pair["small"], tools=[weather, {"systemTool": {}}], middleware=[middleware])
    assert candidates(agent.invoke(ask(STORY))) == ["small", "small"]
    assert middleware.spend.total.calls == 2


@pytest.mark.parametrize("handle_errors", [True, False])
def test_a_step_whose_structured_output_fails_its_schema_escalates(pair, router, handle_errors):
    models = {**pair, "small": Unfit(model_name="small", profile=dict(CAN))}
    middleware = CrossRouteMiddleware(models=models, router=router, escalate=True)
    strategy = ToolStrategy(Forecast, handle_errors=handle_errors)
    agent = create_agent(model=models["small"], tools=[], middleware=[middleware], response_format=strategy)
    state = agent.invoke(ask(STORY))
    assert state["structured_response"] == Forecast(degrees=3)
    assert candidates(state) == ["large"]
    unfit = {name: Unfit(model_name=name, profile=dict(CAN)) for name in ("small", "large")}
    middleware = CrossRouteMiddleware(models=unfit, router=router, escalate=True)
    agent = create_agent(
        model=unfit["small"],
        tools=[],
        middleware=[middleware],
        response_format=ToolStrategy(Forecast, handle_errors=False),
    )
    with pytest.raises(StructuredOutputValidationError):
        agent.invoke(ask(STORY))


def test_a_runtime_context_turns_escalation_off(pair, router):
    middleware = CrossRouteMiddleware(models=pair, router=router, escalate=Escalation(check=sure_of_large))
    agent = create_agent(model=pair["small"], tools=[], middleware=[middleware], context_schema=dict)
    assert candidates(agent.invoke(ask(STORY), context={"escalate": False})) == ["small"]
    assert candidates(agent.invoke(ask(STORY), context={"candidate": "small"})) == ["small"]
    assert candidates(agent.invoke(ask(STORY), context={})) == ["large"]


def test_an_escalated_step_that_fails_leaves_the_answer_in_hand(pair, router):
    middleware = CrossRouteMiddleware(models=pair, router=router, escalate=Escalation(check=sure_of_large))
    agent = create_agent(model=pair["small"], tools=[], middleware=[middleware])
    pair["large"].errors = [BadRequestError("no")]
    state = agent.invoke(ask(STORY))
    assert candidates(state) == ["small"]
    assert answers(state)[0].response_metadata["crossroute"]["failures"][0]["candidate"] == "large"


def test_control_flow_of_the_graph_passes_through_an_escalated_step(pair, router):
    middleware = CrossRouteMiddleware(models=pair, router=router, escalate=Escalation(check=sure_of_large))
    agent = create_agent(model=pair["small"], tools=[], middleware=[middleware])
    pair["large"].errors = [GraphBubbleUp("interrupted")]
    runtime = type("Runtime", (), {"context": None})()
    request = ModelRequest(model=pair["small"], messages=[HumanMessage(STORY)], runtime=runtime)

    def handler(request):
        return ModelResponse(result=[request.model.invoke(request.messages)])

    with pytest.raises(GraphBubbleUp, match="interrupted"):
        middleware.wrap_model_call(request, handler)
    assert candidates(agent.invoke(ask(STORY))) == ["large"]
