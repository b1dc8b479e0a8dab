"""Agents of several frameworks, unmodified, against the server: tools over several steps, streams, errors."""

import asyncio
import sys
import warnings
from contextlib import asynccontextmanager

import httpx
import openai
import pytest

from tests.core.serve.test_frameworks import MODELS, weather
from tests.support.routers import ARITHMETIC


@asynccontextmanager
async def client(served):
    async with openai.AsyncOpenAI(base_url=served.openai, api_key="none", max_retries=0) as made:
        yield made


async def langchain(served, model, streamed):
    agents = pytest.importorskip("langchain.agents", reason="langchain is not installed")
    from langchain_openai import ChatOpenAI

    asked = {"messages": [{"role": "user", "content": ARITHMETIC}]}
    async with httpx.AsyncClient() as http:
        how = {"base_url": served.openai, "api_key": "none", "max_retries": 0, "http_async_client": http}
        agent = agents.create_agent(ChatOpenAI(model=model, **how), [weather])
        if not streamed:
            return (await agent.ainvoke(asked))["messages"][-1].text
        if sys.version_info < (3, 11):
            pytest.skip("LangGraph streams the messages of an asynchronous run from Python 3.11 on")
        pieces = agent.astream(asked, stream_mode="messages")
        return "".join([chunk.text async for chunk, _ in pieces if chunk.type == "AIMessageChunk"])


async def llamaindex(served, model, streamed):
    from llama_index.core.agent.workflow import AgentStream, FunctionAgent
    from llama_index.llms.openai_like import OpenAILike

    async with httpx.AsyncClient() as http:
        how = {"api_base": served.openai, "api_key": "none", "max_retries": 0, "async_http_client": http}
        llm = OpenAILike(model=model, is_chat_model=True, is_function_calling_model=True, **how)
        handler = FunctionAgent(tools=[weather], llm=llm, streaming=streamed).run(ARITHMETIC)
        said = [event.delta async for event in handler.stream_events() if isinstance(event, AgentStream)]
        answer = str(await handler)
        return "".join(said) if streamed else answer


async def openai_agents(served, model, streamed):
    agents = pytest.importorskip("agents", reason="openai-agents is not installed")
    agents.set_tracing_disabled(True)
    async with client(served) as made:
        chat = agents.OpenAIResponsesModel(model=model, openai_client=made)
        agent = agents.Agent("a", model=chat, tools=[agents.function_tool(weather)])
        if not streamed:
            return (await agents.Runner.run(agent, ARITHMETIC)).final_output
        run = agents.Runner.run_streamed(agent, ARITHMETIC)
        async for _ in run.stream_events():
            pass
        return run.final_output


async def pydantic_ai(served, model, streamed):
    ai = pytest.importorskip("pydantic_ai", reason="pydantic-ai is not installed")
    from pydantic_ai.models.openai import OpenAIChatModel
    from pydantic_ai.providers.openai import OpenAIProvider

    async with client(served) as made:
        agent = ai.Agent(OpenAIChatModel(model, provider=OpenAIProvider(openai_client=made)), tools=[weather])
        if not streamed:
            return (await agent.run(ARITHMETIC)).output
        async with agent.run_stream(ARITHMETIC) as run:
            return await run.get_output()


async def smolagents(served, model, streamed):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        smol = pytest.importorskip("smolagents", reason="smolagents is not installed")
    chat = smol.OpenAIServerModel(
        model, api_base=served.openai, api_key="none", client_kwargs={"max_retries": 0}, retry=False
    )
    agent = smol.ToolCallingAgent(
        tools=[smol.tool(weather)], model=chat, verbosity_level=0, stream_outputs=streamed
    )
    try:
        return await asyncio.to_thread(agent.run, ARITHMETIC)
    finally:
        chat.client.close()  # nothing else does


FRAMEWORKS = [langchain, llamaindex, openai_agents, pydantic_ai, smolagents]


@pytest.mark.parametrize("streamed", [False, True])
@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("run", FRAMEWORKS)
def test_tools_are_called_over_several_steps(served, upstream, run, model, streamed):
    upstream.say(model, tool="weather", arguments='{"city": "Oslo"}')
    upstream.say(model, tool="weather", arguments='{"city": "Lima"}')
    if run is smolagents:  # whose answers are tool calls, too
        upstream.say(model, tool="final_answer", arguments=f'{{"answer": "I am {model}"}}')
    assert asyncio.run(run(served, model, streamed)).strip() == f"I am {model}"
    first, second, last = (str(request.body["messages"]) for request in upstream.asked(model))
    assert "Sunny in Oslo." in second
    assert "Sunny in Oslo." in last
    assert ("Sunny in Lima." in last, "Sunny in Lima." in second, "Sunny" in first) == (True, False, False)


@pytest.mark.parametrize("streamed", [False, True])
@pytest.mark.parametrize("model", [*MODELS, "other"])
@pytest.mark.parametrize("run", FRAMEWORKS)
def test_an_error_is_that_of_the_framework_and_says_what_happened(served, upstream, run, model, streamed):
    upstream.behave(model, 400)
    told = "Unknown model 'other'" if model == "other" else "refused with 400"
    with pytest.raises(Exception, match=told) as raised:
        asyncio.run(run(served, model, streamed))
    causes = [raised.value]
    while causes[-1].__cause__ is not None:
        causes.append(causes[-1].__cause__)
    status = 404 if model == "other" else 400
    assert any(getattr(cause, "status_code", None) == status for cause in causes)
