"""Streams that end within a tool call, through both integrations and the server: broken without a finish reason."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest
from langchain.agents import create_agent
from langchain_anthropic import ChatAnthropic
from langchain_core.tools import tool as langchain_tool
from langchain_openai import ChatOpenAI
from llama_index.core.llms import ChatMessage
from llama_index.core.tools import FunctionTool
from llama_index.llms.anthropic import Anthropic
from llama_index.llms.openai_like import OpenAILike

from crossroute.errors import BrokenStreamError
from langchain_crossroute import ChatCrossRoute, CrossRouteMiddleware
from llamaindex_crossroute import CrossRouteLLM
from tests.support import serving
from tests.support.faulty import MESSAGE, OPENING, STREAM, USAGE, WORDS, chunk, event, typed
from tests.support.routers import STORY, make_router

pytestmark = pytest.mark.filterwarnings(
    "ignore::pytest.PytestUnraisableExceptionWarning", "ignore::ResourceWarning"
)
"""The classes' own clients, which they never close."""

DONE = STREAM[-1]
TOKENS = event(
    {"id": "x", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": []}
    | {"usage": USAGE}
)


def call(arguments: str, place: int = 0, name: str | None = None) -> str:
    function = {"arguments": arguments} | ({"name": name} if name else {})
    told = {"index": place, "function": function} | ({"id": f"c{place}", "type": "function"} if name else {})
    return chunk({"tool_calls": [told]})


HALF = [OPENING, call("", name="weather"), call('{"ci'), call('ty": "Os')]
CUT = {
    "[DONE]": [*HALF, DONE],
    "tokens, then [DONE]": [*HALF, TOKENS, DONE],
    "words before": [OPENING, *WORDS, *HALF[1:], DONE],
    "the second call": [
        *(OPENING, call('{"city": "Rome"}', name="weather")),
        *(call('{"city": ', 1, "weather"), TOKENS, DONE),
    ],
    "nothing": HALF,
}
WHOLE = {
    "a reason": [*HALF, chunk({}, "length"), DONE],
    "no reason": [*HALF, call('lo"}'), DONE],
    "no arguments": [OPENING, call("", name="weather"), TOKENS, DONE],
    "a free text": [OPENING, call("3 + 4", name="weather"), TOKENS, DONE],
}


@langchain_tool
def weather(city: str) -> str:
    """Tell the weather."""
    return city


def by_langchain(url: str, *, awaited: bool = False, kind: str = "chat") -> list[Any]:
    made: dict[str, Any] = {"base_url": url, "api_key": "none", "max_retries": 0}
    model = (
        ChatOpenAI(model="bad", **made)
        if kind == "chat"
        else ChatAnthropic(model="claude-3-haiku-20240307", **made)
    )
    pool = ChatCrossRoute(models={"small": model}, router=make_router(), max_attempts=1).bind_tools([weather])

    async def chunks() -> list[Any]:
        return [chunk async for chunk in pool.astream(STORY)]

    return asyncio.run(chunks()) if awaited else list(pool.stream(STORY))


def by_llamaindex(url: str, *, awaited: bool = False, kind: str = "chat") -> list[Any]:
    made: dict[str, Any] = {"api_key": "none", "max_retries": 0}
    llm = (
        OpenAILike(model="bad", api_base=url, is_chat_model=True, is_function_calling_model=True, **made)
        if kind == "chat"
        else Anthropic(model="claude-3-haiku-20240307", base_url=url, **made)
    )
    pool = CrossRouteLLM({"small": llm}, make_router(), max_attempts=1)
    tools, said = (
        [FunctionTool.from_defaults(lambda city: city, name="weather")],
        [ChatMessage(content=STORY)],
    )

    async def chunks() -> list[Any]:
        return [one async for one in await pool.astream_chat_with_tools(tools, chat_history=said)]

    return asyncio.run(chunks()) if awaited else list(pool.stream_chat_with_tools(tools, chat_history=said))


@pytest.mark.parametrize("awaited", [False, True])
@pytest.mark.parametrize("ask", [by_langchain, by_llamaindex])
@pytest.mark.parametrize("events", CUT.values(), ids=CUT)
def test_a_stream_that_ends_within_a_tool_call_is_cut(server, ask, events, awaited):
    server.answer = events
    with pytest.raises(BrokenStreamError):
        ask(f"{server.url}/v1", awaited=awaited)


@pytest.mark.parametrize("ask", [by_langchain, by_llamaindex])
@pytest.mark.parametrize("events", WHOLE.values(), ids=WHOLE)
def test_a_reason_or_complete_arguments_make_it_whole(server, ask, events):
    server.answer = events
    assert ask(f"{server.url}/v1")


USE = {"type": "tool_use", "id": "toolu_1", "name": "weather", "input": {}}
BLOCK = [
    typed("message_start", message=MESSAGE),
    typed("content_block_start", index=0, content_block=USE),
    typed("content_block_delta", index=0, delta={"type": "input_json_delta", "partial_json": '{"city": "Os'}),
    typed("content_block_stop", index=0),
]
LENGTH = typed(
    "message_delta", delta={"stop_reason": "max_tokens", "stop_sequence": None}, usage={"output_tokens": 7}
)
LAST = typed("message_stop")


@pytest.mark.parametrize("ask", [by_langchain, by_llamaindex])
def test_anthropic_s_last_event_does_not_make_it_whole_either(server, ask):
    server.answer = [*BLOCK, LAST]
    with pytest.raises(BrokenStreamError):
        ask(server.url, kind="anthropic")
    server.answer = [*BLOCK, LENGTH, LAST]
    assert ask(server.url, kind="anthropic")


def pool_of(model: Any) -> ChatCrossRoute:
    return ChatCrossRoute(models={"small": model}, router=make_router(), max_attempts=1)


def by_invoke(model: Any) -> Any:
    return pool_of(model).bind_tools([weather]).invoke(STORY)


def by_agent(model: Any) -> Any:
    middleware = [CrossRouteMiddleware({"small": model}, make_router(), max_attempts=1)]
    agent = create_agent(model, [weather], middleware=middleware)
    return agent.invoke({"messages": [("user", STORY)]}, {"recursion_limit": 9})


def by_events(model: Any) -> Any:
    return list(pool_of(model).bind_tools([weather]).stream_events(STORY, version="v3"))


def by_schema(model: Any) -> Any:
    schema = {"title": "weather", "type": "object"}
    return list(pool_of(model).with_structured_output(schema, method="function_calling").stream(STORY))


@pytest.mark.filterwarnings("ignore::langchain_core._api.LangChainBetaWarning")
@pytest.mark.parametrize("way", [by_invoke, by_agent, by_events, by_schema])
def test_it_is_cut_within_langchain_s_other_calls_too(server, way):
    server.answer = CUT["tokens, then [DONE]"]
    streams = {"streaming": True} if way in (by_invoke, by_agent) else {}
    model = ChatOpenAI(model="bad", base_url=f"{server.url}/v1", api_key="none", max_retries=0, **streams)
    with pytest.raises(BrokenStreamError):
        way(model)


@pytest.fixture(scope="module")
def served(tmp_path_factory, server):
    folder = tmp_path_factory.mktemp("half")
    make_router().save_pretrained(folder / "router")
    models = dict.fromkeys(("small", "coder", "large"), f"openai {server.url}/v1")
    with serving.served(serving.write_pool(folder, models), {"STAND_IN_KEY": "none"}) as running:
        yield running


PATHS = {"chat/completions": "messages", "messages": "messages", "responses": "input"}


def read_stream(served: Any, path: str) -> str:
    said = {PATHS[path]: [{"role": "user", "content": STORY}]}
    body = {"model": "small", "stream": True, "max_tokens": 99, **said}
    with httpx.Client(base_url=served.openai) as client:
        return client.post(f"/{path}", json=body).text


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("events", CUT.values(), ids=CUT)
def test_the_server_says_that_it_broke_in_every_format(served, server, events, path):
    server.answer = events
    text = read_stream(served, path)
    assert "error" in text
    assert "[DONE]" not in text
    assert "message_stop" not in text
    assert "response.completed" not in text


@pytest.mark.parametrize("events", WHOLE.values(), ids=WHOLE)
def test_the_server_passes_on_what_has_a_reason(served, server, events):
    server.answer = events
    text = read_stream(served, "chat/completions")
    assert text.rstrip().endswith("[DONE]")
    assert "error" not in text
