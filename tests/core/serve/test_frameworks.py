"""Agent frameworks, unmodified, against the server: a question, a stream, a tool, structured output."""

import asyncio
import warnings

import pytest
from pydantic import BaseModel

from tests.support.routers import ARITHMETIC, STORY

MODELS = ["small", "large"]
"""One that speaks OpenAI's API, and one that speaks Anthropic's."""


class City(BaseModel):
    """A city."""

    name: str


def weather(city: str) -> str:
    """Return the weather in a city.

    Args:
        city: Its name.
    """
    return f"Sunny in {city}."


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("kind", ["ChatOpenAI", "responses", "ChatAnthropic"])
def test_langchain(served, kind, model):
    from langchain_anthropic import ChatAnthropic
    from langchain_openai import ChatOpenAI

    if kind == "ChatAnthropic":
        chat = ChatAnthropic(model=model, base_url=served.url, api_key="none", max_retries=0)
    else:
        chat = ChatOpenAI(
            model=model,
            base_url=served.openai,
            api_key="none",
            use_responses_api=kind == "responses",
            max_retries=0,
        )
    assert chat.invoke(STORY).text == f"I am {model}"
    assert "".join(chunk.text for chunk in chat.stream(STORY)).strip() == f"I am {model}"
    assert chat.with_structured_output(City, method="json_schema").invoke(STORY) == City(name="words")
    with_tools = chat.bind_tools([weather])
    first = with_tools.invoke(ARITHMETIC)
    [call] = first.tool_calls
    assert (call["name"], call["args"]) == ("weather", {"city": "words"})
    result = {"role": "tool", "tool_call_id": call["id"], "content": weather("words")}
    last = with_tools.invoke([{"role": "user", "content": ARITHMETIC}, first, result])
    assert last.text == f"I am {model}"


@pytest.mark.parametrize("model", MODELS)
def test_llamaindex(served, model):
    from llama_index.core.llms import ChatMessage
    from llama_index.core.tools import FunctionTool
    from llama_index.llms.openai_like import OpenAILike

    llm = OpenAILike(
        model=model,
        api_base=served.openai,
        api_key="none",
        is_chat_model=True,
        is_function_calling_model=True,
    )
    assert llm.complete(STORY).text == f"I am {model}"
    assert (
        "".join(chunk.delta or "" for chunk in llm.stream_chat([ChatMessage(STORY)])).strip()
        == f"I am {model}"
    )
    answer = llm.chat_with_tools([FunctionTool.from_defaults(weather)], ARITHMETIC)
    [call] = llm.get_tool_calls_from_response(answer)
    assert (call.tool_name, call.tool_kwargs) == ("weather", {"city": "words"})


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("kind", ["OpenAIChatCompletionsModel", "OpenAIResponsesModel"])
def test_openai_agents(served, kind, model):
    agents = pytest.importorskip("agents", reason="openai-agents is not installed")
    import openai

    agents.set_tracing_disabled(True)

    async def run():
        async with openai.AsyncOpenAI(base_url=served.openai, api_key="none", max_retries=0) as client:
            made = getattr(agents, kind)(model=model, openai_client=client)
            agent = agents.Agent("a", model=made, tools=[agents.function_tool(weather)])
            plain = agents.Agent("b", model=made, output_type=City)
            whole = await agents.Runner.run(agent, ARITHMETIC)
            streamed = agents.Runner.run_streamed(agent, ARITHMETIC)
            async for _ in streamed.stream_events():
                pass
            return whole, streamed, await agents.Runner.run(plain, STORY)

    whole, streamed, structured = asyncio.run(run())
    assert whole.final_output == f"I am {model}"
    assert [item.type for item in whole.new_items] == [
        "tool_call_item",
        "tool_call_output_item",
        "message_output_item",
    ]
    assert streamed.final_output.strip() == f"I am {model}"
    assert structured.final_output == City(name="words")


@pytest.mark.parametrize("model", MODELS)
def test_pydantic_ai(served, model):
    pydantic_ai = pytest.importorskip("pydantic_ai", reason="pydantic-ai is not installed")
    import openai
    from pydantic_ai.models.openai import OpenAIChatModel
    from pydantic_ai.providers.openai import OpenAIProvider

    async def run():
        async with openai.AsyncOpenAI(base_url=served.openai, api_key="none", max_retries=0) as client:
            made = OpenAIChatModel(model, provider=OpenAIProvider(openai_client=client))
            agent = pydantic_ai.Agent(made, tools=[weather])
            async with agent.run_stream(STORY) as streamed:
                text = await streamed.get_output()
            structured = await pydantic_ai.Agent(made, output_type=pydantic_ai.NativeOutput(City)).run(STORY)
            return (await agent.run(ARITHMETIC)).output, text, structured.output

    whole, text, structured = asyncio.run(run())
    assert (whole, text.strip(), structured) == (f"I am {model}", f"I am {model}", City(name="words"))


@pytest.mark.parametrize("model", MODELS)
def test_smolagents(served, upstream, model):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        smolagents = pytest.importorskip("smolagents", reason="smolagents is not installed")

    made = smolagents.OpenAIServerModel(model, api_base=served.openai, api_key="none")
    upstream.say(model, tool="final_answer", arguments='{"answer": "391"}')
    agent = smolagents.ToolCallingAgent(tools=[smolagents.tool(weather)], model=made, verbosity_level=0)
    assert agent.run("What is 17 * 23?") == "391"
