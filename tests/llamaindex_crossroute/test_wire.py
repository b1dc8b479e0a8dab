"""Real wire formats: LlamaIndex's OpenAI, Anthropic and OpenAI-like integrations against a local server."""

import asyncio
import copy
import logging
import pickle

import anthropic
import httpx
import openai
import pytest
from llama_index.core import PromptTemplate
from llama_index.core.agent.workflow import FunctionAgent
from llama_index.core.base.llms.types import ChatMessage
from llama_index.core.memory import ChatMemoryBuffer
from llama_index.llms.anthropic import Anthropic
from llama_index.llms.openai import OpenAI
from llama_index.llms.openai_like import OpenAILike
from pydantic import BaseModel

from crossroute import Decision
from crossroute.calls.spend import Usage
from llamaindex_crossroute import CrossRouteAnswerEvent, CrossRouteLLM
from tests.llamaindex_crossroute.fakes import user
from tests.support.routers import ARITHMETIC, CODE, STORY
from tests.support.wire import CACHED_TOKENS, INPUT_TOKENS, OUTPUT_TOKENS

GPT, CLAUDE, LIKE = "gpt-4o", "claude-sonnet-4-5", "qwen"
MODEL = {"large": GPT, "coder": CLAUDE, "small": LIKE}
TEXT = {"large": ARITHMETIC, "coder": CODE, "small": STORY}
USAGE = Usage(input_tokens=INPUT_TOKENS, output_tokens=OUTPUT_TOKENS, cached_input_tokens=CACHED_TOKENS)


class Song(BaseModel):
    """A song."""

    name: str


def add(a: int, b: int) -> int:
    """Add two numbers."""
    return a + b


@pytest.fixture
def wired(server, router):
    """OpenAI, Anthropic and an OpenAI-like server in one pool; the clients themselves retry nothing."""
    pool = CrossRouteLLM(
        {
            "large": OpenAI(model=GPT, api_base=server.openai, api_key="sk-secret", max_retries=0, timeout=2),
            "coder": Anthropic(
                model=CLAUDE, base_url=server.anthropic, api_key="sk-secret", max_retries=0, timeout=2
            ),
            "small": OpenAILike(
                model=LIKE,
                api_base=server.openai,
                api_key="sk-secret",
                is_chat_model=True,
                is_function_calling_model=True,
                max_retries=0,
                timeout=2,
            ),
        },
        router,
    )
    yield pool
    for member in pool.llms.values():
        if member._client is not None:
            member._client.close()


def decision_of(response):
    return Decision.model_validate(response.additional_kwargs["crossroute"])


@pytest.mark.parametrize("name", MODEL)
async def test_each_provider_answers_on_every_endpoint(wired, server, name):
    messages, text = [user(TEXT[name])], TEXT[name]
    answers = {
        "chat": wired.chat(messages),
        "achat": await wired.achat(messages),
        "stream_chat": list(wired.stream_chat(messages))[-1],
        "astream_chat": [chunk async for chunk in await wired.astream_chat(messages)][-1],
        "complete": wired.complete(text),
        "acomplete": await wired.acomplete(text),
        "stream_complete": list(wired.stream_complete(text))[-1],
        "astream_complete": [chunk async for chunk in await wired.astream_complete(text)][-1],
    }
    for endpoint, response in answers.items():
        said = response.text if hasattr(response, "text") else response.message.content
        assert said.strip() == f"I am {MODEL[name]}", endpoint
        assert decision_of(response).candidate == name, endpoint
    assert {request.model for request in server.requests} == {MODEL[name]}
    price = wired._routing.dispatcher.price(name)
    assert decision_of(answers["achat"]).actual_cost == pytest.approx(USAGE.cost(price))


async def test_predictions_tell_what_they_took(wired, ear):
    for text in TEXT.values():
        await wired.apredict(PromptTemplate("{query_str}"), query_str=text)
    assert [event.usage for event in ear.of(CrossRouteAnswerEvent)] == [USAGE] * 3


async def test_streams_tell_what_they_took_where_the_provider_does(wired, ear):
    list(wired.stream_chat([user(ARITHMETIC)], stream_options={"include_usage": True}))
    list(wired.stream_chat([user(CODE)]))
    list(wired.stream_chat([user(STORY)]))
    first, second, third = [event.usage for event in ear.of(CrossRouteAnswerEvent)]
    assert first == USAGE
    assert second.output_tokens == OUTPUT_TOKENS
    assert third is None


@pytest.mark.parametrize("streaming", [True, False])
@pytest.mark.parametrize("name", MODEL)
async def test_agents_call_tools(wired, server, name, streaming):
    agent = FunctionAgent(tools=[add], llm=wired, streaming=streaming)
    output = await agent.run(TEXT[name])
    assert str(output).strip() == f"I am {MODEL[name]}"
    assert [call.tool_output.raw_output for call in output.tool_calls] == [6]
    assert [request.model for request in server.requests] == [MODEL[name]] * 2


async def test_a_conversation_moves_between_providers(wired, server):
    agent = FunctionAgent(tools=[add], llm=wired)
    memory = ChatMemoryBuffer.from_defaults(llm=wired)
    for name in ("large", "coder", "large", "small", "coder"):
        output = await agent.run(TEXT[name], memory=memory)
        assert str(output).strip() == f"I am {MODEL[name]}"
    roles = [message["role"] for message in server.asked(GPT)[-1].body["messages"]]
    assert roles.count("tool") == 3, "its own results, and another provider's"


@pytest.mark.parametrize("name", ["large", "small"])
async def test_structured_output_is_native(wired, server, name):
    song = await wired.astructured_predict(Song, PromptTemplate("{query_str}"), query_str=TEXT[name])
    assert song == Song(name="words")
    assert wired.structured_predict(Song, PromptTemplate("{query_str}"), query_str=TEXT[name]) == song
    assert ("response_format" in server.requests[-1].body) == (name == "large"), "OpenAI has a way of its own"


@pytest.mark.parametrize("status", [429, 500, 529, "hang", "cut-early"])
@pytest.mark.parametrize("name", ["large", "coder"])
async def test_outages_go_on_to_the_next_best(wired, server, name, status):
    server.behave(MODEL[name], status, status, status, status)
    messages = [user(TEXT[name])]
    chunks = [chunk async for chunk in await wired.astream_chat(messages)]
    decision = decision_of(chunks[-1])
    assert decision.candidate != name
    assert chunks[-1].message.content.strip() == f"I am {MODEL[decision.candidate]}"
    assert [failure.candidate for failure in decision.failures] == [name]
    if status != "cut-early":
        wired._routing.dispatcher.cooldowns.clear(name)
        assert decision_of(wired.chat(messages)).failures[0].candidate == name


@pytest.mark.parametrize(
    ("name", "status", "error"),
    [
        ("large", 400, openai.BadRequestError),
        ("coder", 400, anthropic.BadRequestError),
    ],
)
async def test_refusals_reach_the_caller_as_they_were(wired, server, name, status, error):
    server.behave(MODEL[name], status, status, status)
    with pytest.raises(error):
        wired.chat([user(TEXT[name])])
    with pytest.raises(error):
        await wired.achat([user(TEXT[name])])
    with pytest.raises(error):
        list(wired.stream_chat([user(TEXT[name])]))
    assert {request.model for request in server.requests} == {MODEL[name]}


@pytest.mark.parametrize("name", ["large", "coder"])
def test_a_stream_that_is_cut_raises(wired, server, name):
    server.behave(MODEL[name], "cut")
    with pytest.raises((httpx.RemoteProtocolError, openai.APIError, anthropic.APIError)):
        list(wired.stream_chat([user(TEXT[name])]))
    assert len(server.requests) == 1


def test_keys_stay_with_the_members(wired, folder):
    named = CrossRouteLLM(wired.llms, folder)
    for written in (repr(named), str(named.to_dict()), named.to_json(), str(named.to_payload())):
        assert "sk-secret" not in written


def test_pools_of_real_clients_copy_and_pickle(wired, folder, server, caplog):
    named = CrossRouteLLM({"large": wired.llms["large"]}, folder)
    assert copy.deepcopy(wired).complete(CODE).text == f"I am {CLAUDE}"
    with caplog.at_level(logging.ERROR):
        again = pickle.loads(pickle.dumps(named))  # noqa: S301 # our own
    assert again.complete(ARITHMETIC).text == f"I am {GPT}"


def test_openai_appends_to_a_copy(wired):
    history = [user("Hi"), ChatMessage(role="assistant", content="Yes?")]
    from llama_index.core.tools import FunctionTool

    wired.chat_with_tools([FunctionTool.from_defaults(add)], ARITHMETIC, history)
    assert len(history) == 2


def leave(pool):
    pool.stream_chat([user(CODE)])
    return connections(pool.llms["coder"]._client)


async def aleave(pool):
    await pool.astream_chat([user(CODE)])
    async with pool.llms["coder"]._aclient as client:
        await asyncio.sleep(0.1)  # in which a task closes the response
        return connections(client)


def connections(client):
    return client._client._transport._pool.connections


@pytest.mark.parametrize("how", [leave, lambda pool: asyncio.run(aleave(pool))], ids=["sync", "async"])
def test_a_stream_whose_provider_was_asked_is_of_unknown_cost_if_it_is_not_read(wired, server, how):
    assert all(one.is_idle() for one in how(wired))
    assert [request.model for request in server.requests] == [CLAUDE]
    assert {name: (one.calls, one.unknown) for name, one in wired.spend.by_candidate.items()} == {
        "coder": (1, 1)
    }


async def give_up(pool):
    async with pool.llms["coder"]._aclient:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(pool.astream_chat([user(CODE)]), timeout=0.3)


def test_a_stream_that_is_given_up_while_it_opens_is_of_unknown_cost(wired, server):
    server.behave(CLAUDE, "hang")
    asyncio.run(give_up(wired))
    assert (wired.spend.total.calls, wired.spend.total.unknown) == (1, 1)
    assert not wired._routing.dispatcher.cooldowns.failed
