"""Agents over a pool: FunctionAgent, ReActAgent, CodeActAgent, hand-offs, structured ends, workflows."""

import pytest
from llama_index.core.agent.workflow import (
    AgentStream,
    AgentWorkflow,
    CodeActAgent,
    FunctionAgent,
    ReActAgent,
)
from llama_index.core.llms.mock import MockFunctionCallingLLM
from llama_index.core.memory import ChatMemoryBuffer
from llama_index.core.workflow import StartEvent, StopEvent, Workflow, step
from pydantic import BaseModel

from llamaindex_crossroute import CrossRouteDecisionEvent, CrossRouteLLM
from tests.llamaindex_crossroute.fakes import ChatFake, RateLimitError, TextFake, tool_call, user
from tests.support.routers import ARITHMETIC, CODE, STORY

STREAMING = pytest.mark.parametrize("streaming", [True, False])


class Sum(BaseModel):
    """A sum."""

    value: int


def add(a: int, b: int) -> int:
    """Add two numbers."""
    return a + b


def adds_once(name):
    """A script: call the tool, then say what it returned."""

    def script(messages, kwargs):
        if "Sum" in (kwargs.get("tools") or []):
            return tool_call("Sum", "call-2", value=5)
        if messages[-1].role == "tool":
            return f"{name} says {messages[-1].content}"
        return tool_call("add", f"call-{name}", a=2, b=3)

    return script


@pytest.fixture
def adding(router):
    """Members that call tools and one, the cheapest, that does not."""
    members = {name: ChatFake(name, adds_once(name)) for name in ("coder", "large")}
    return CrossRouteLLM(members | {"small": TextFake(name="small")}, router)


@STREAMING
@pytest.mark.parametrize(("text", "name"), [(ARITHMETIC, "large"), (CODE, "coder")])
async def test_function_agent_over_a_mixed_pool(adding, ear, streaming, text, name):
    agent = FunctionAgent(tools=[add], llm=adding, streaming=streaming)
    handler = agent.run(text)
    deltas = [event.delta async for event in handler.stream_events() if isinstance(event, AgentStream)]
    output = await handler
    assert str(output) == f"{name} says 5"
    assert [call.tool_output.raw_output for call in output.tool_calls] == [5]
    assert "".join(deltas) == (f"{name} says 5" if streaming else "")
    decisions = [event.decision for event in ear.of(CrossRouteDecisionEvent)]
    assert [decision.candidate for decision in decisions] == [name, name]
    assert decisions[1].reasons == (f"stuck to {name}: tool turn",)
    assert "small" not in decisions[0].eligible


@STREAMING
async def test_members_switch_between_steps(router, ear, streaming):
    """A member that fails mid-run: another one goes on with its tool calls."""
    members = {name: ChatFake(name, adds_once(name)) for name in ("coder", "large")}

    def fails_later(messages, kwargs):
        return RateLimitError("slow") if messages[-1].role == "tool" else adds_once("large")(messages, kwargs)

    members["large"]._script = fails_later
    agent = FunctionAgent(tools=[add], llm=CrossRouteLLM(members, router), streaming=streaming)
    assert str(await agent.run(ARITHMETIC)) == "coder says 5"


async def test_members_switch_between_runs_of_one_conversation(adding):
    agent = FunctionAgent(tools=[add], llm=adding)
    memory = ChatMemoryBuffer.from_defaults(llm=adding)
    answers = [str(await agent.run(text, memory=memory)) for text in (ARITHMETIC, CODE, ARITHMETIC)]
    assert answers == ["large says 5", "coder says 5", "large says 5"]


async def test_not_sticky_routes_each_step(router):
    members = {name: ChatFake(name, adds_once(name)) for name in ("coder", "large")}
    llm = CrossRouteLLM(members, router, sticky=False)
    assert str(await FunctionAgent(tools=[add], llm=llm).run(ARITHMETIC)) == "large says 5"


async def test_a_pool_without_tools_is_refused_as_such_a_model_is(router):
    agent = FunctionAgent(tools=[add], llm=CrossRouteLLM({"small": TextFake(name="small")}, router))
    with pytest.raises(ValueError, match="FunctionCallingLLM"):
        await agent.run(ARITHMETIC)


@STREAMING
async def test_react_agent_stays_on_the_users_question(router, members, ear, streaming):
    def reacts(messages, kwargs):
        if "Observation: 5" in messages[-1].content:
            return "Thought: I can answer without using any more tools.\nAnswer: 5"
        return 'Thought: I need a tool.\nAction: add\nAction Input: {"a": 2, "b": 3}'

    for member in members.values():
        member._script = reacts
    agent = ReActAgent(tools=[add], llm=CrossRouteLLM(members, router), streaming=streaming)
    output = await agent.run(ARITHMETIC)
    assert str(output) == "5"
    first, second = [event.decision for event in ear.of(CrossRouteDecisionEvent)]
    assert first.candidate == second.candidate, "an observation is no new question"
    assert first.quality == pytest.approx(second.quality, abs=0.01)


@STREAMING
async def test_code_act_agent(router, members, streaming):
    def codes(messages, kwargs):
        if "Result of executing" in messages[-1].content:
            return "It is 5."
        return "<execute>\nprint(2 + 3)\n</execute>"

    for member in members.values():
        member._script = codes

    def execute(code: str) -> str:
        return "5"

    llm = CrossRouteLLM(members, router)
    agent = CodeActAgent(tools=[add], llm=llm, code_execute_fn=execute, streaming=streaming)
    assert str(await agent.run(ARITHMETIC)) == "It is 5."
    assert sum(len(member.asked) for member in members.values()) == 2


async def test_code_act_agent_over_text_models(router, monkeypatch):
    monkeypatch.setattr(TextFake, "said", "It is 5.")
    llm = CrossRouteLLM({"small": TextFake(name="small")}, router)
    agent = CodeActAgent(tools=[], llm=llm, code_execute_fn=lambda code: code)
    assert str(await agent.run(STORY)) == "small: It is 5."


async def test_agents_hand_off(router):
    def hands_off(messages, kwargs):
        if "handoff" in kwargs["tools"] and not any(message.role == "tool" for message in messages):
            return tool_call("handoff", "call-h", to_agent="reckoner", reason="sums")
        return adds_once("large")(messages, kwargs) if "add" in kwargs["tools"] else "done"

    def members():
        return {name: ChatFake(name, hands_off) for name in ("coder", "large")}

    first = FunctionAgent(
        name="greeter",
        description="Greets.",
        llm=CrossRouteLLM(members(), router),
        can_handoff_to=["reckoner"],
    )
    pool = CrossRouteLLM({name: ChatFake(name, adds_once(name)) for name in ("coder", "large")}, router)
    second = FunctionAgent(name="reckoner", description="Adds.", llm=pool, tools=[add])
    output = await AgentWorkflow(agents=[first, second], root_agent="greeter").run(ARITHMETIC)
    assert output.current_agent_name == "reckoner"


def test_agent_workflow_picks_its_agent_by_what_the_pool_can(adding, router):
    workflow = AgentWorkflow.from_tools_or_functions([add], llm=adding)
    assert isinstance(workflow.agents["Agent"], FunctionAgent)
    texts = CrossRouteLLM({"small": TextFake(name="small")}, router)
    assert isinstance(AgentWorkflow.from_tools_or_functions([add], llm=texts).agents["Agent"], ReActAgent)


@STREAMING
async def test_an_agent_ends_with_an_object(adding, streaming):
    agent = FunctionAgent(tools=[add], llm=adding, output_cls=Sum, streaming=streaming)
    output = await agent.run(ARITHMETIC)
    assert output.structured_response == {"value": 5}
    assert output.get_pydantic_model(Sum) == Sum(value=5)


async def test_llama_index_mock_in_a_pool(router):
    llm = CrossRouteLLM({"large": MockFunctionCallingLLM(), "coder": MockFunctionCallingLLM()}, router)

    def now() -> str:
        """Say the time."""
        return "noon"

    output = await FunctionAgent(tools=[now], llm=llm).run(STORY)
    assert str(output) == str(await FunctionAgent(tools=[now], llm=MockFunctionCallingLLM()).run(STORY))


async def test_a_workflow_asks_the_pool(llm):
    class Asking(Workflow):
        @step
        async def ask(self, event: StartEvent) -> StopEvent:
            return StopEvent(result=str(await llm.achat([user(event.text)])))

    assert await Asking().run(text=STORY) == f"assistant: small: {STORY}"
