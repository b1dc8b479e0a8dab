"""Agents over members that are asked over HTTP: a fault in the middle goes on to the next member."""

import httpx
import pytest
from llama_index.core.agent.workflow import AgentStream, AgentWorkflow, FunctionAgent

pytest.importorskip("llama_index.llms.openai_like")

from llama_index.llms.openai_like import OpenAILike

from llamaindex_crossroute import CrossRouteLLM
from tests.support.faulty import CUT, OPENING, OVERLOADED, PAGE, WORDS, Provider, bad, event

FAULTS = {
    "none": None,
    "overloaded": (503, "application/json", bad("Overloaded")),
    "a proxy's page": (200, "text/html", PAGE),
}
STREAMED = FAULTS | {
    "cut before a word": [OPENING, CUT],
    "an error before a word": [OPENING, event(OVERLOADED)],
}


def add(a: int, b: int) -> int:
    """Add two numbers."""
    return a + b


@pytest.fixture
def server():
    with Provider() as provider:
        yield provider


def agent_over(router, server, client, streaming):
    llms = {
        name: OpenAILike(
            model=model,
            api_base=server.url,
            api_key="none",
            max_retries=0,
            is_chat_model=True,
            is_function_calling_model=True,
            async_http_client=client,
        )
        for name, model in (("small", "bad"), ("large", "good"))
    }
    pool = CrossRouteLLM(llms, router, cost_preference=1.0)
    agent = FunctionAgent(name="sums", description="Adds.", tools=[add], llm=pool, streaming=streaming)
    return pool, AgentWorkflow(agents=[agent], root_agent="sums")


@pytest.mark.parametrize(
    ("streaming", "fault"), [*((True, one) for one in STREAMED), *((False, one) for one in FAULTS)]
)
async def test_an_agent_gets_the_next_members_answer(router, server, streaming, fault):
    server.answer = STREAMED[fault]
    async with httpx.AsyncClient() as client:
        pool, agent = agent_over(router, server, client, streaming)
        running = agent.run(user_msg="How are you?")
        said = [each.delta async for each in running.stream_events() if isinstance(each, AgentStream)]
        answer = str(await running)
    assert (answer.strip(), server.asked) == ("I am well", ["bad", "good"] if server.answer else ["bad"])
    assert pool.spend.total.calls == 1
    if streaming:
        assert "".join(said).strip() == "I am well"


async def test_a_stream_that_breaks_behind_a_word_ends_the_agent_and_counts(router, server):
    server.answer = [OPENING, WORDS[0], CUT]
    async with httpx.AsyncClient() as client:
        pool, agent = agent_over(router, server, client, True)
        with pytest.raises(httpx.RemoteProtocolError):
            await agent.run(user_msg="How are you?")
    assert (pool.spend.total.calls, pool.spend.total.unknown) == (1, 1)
