"""How streams of several providers end, through both integrations: whole ones, and cut ones."""

from __future__ import annotations

import asyncio
import gc
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from langchain_anthropic import ChatAnthropic
from langchain_google_genai import ChatGoogleGenerativeAI
from langchain_openai import ChatOpenAI
from llama_index.core.llms import ChatMessage
from llama_index.llms.anthropic import Anthropic
from llama_index.llms.openai import OpenAIResponses
from llama_index.llms.openai_like import OpenAILike

from crossroute import Price
from crossroute.calls.spend import Usage
from crossroute.errors import BrokenStreamError, NoAnswerError
from langchain_crossroute import ChatCrossRoute, CrossRouteMiddleware
from llamaindex_crossroute import CrossRouteLLM
from tests.support.faulty import MESSAGE, OPENING, STREAM, USAGE, WORDS, LangChain, chunk, event, typed, whole
from tests.support.routers import STORY

pytestmark = pytest.mark.filterwarnings(
    "ignore::pytest.PytestUnraisableExceptionWarning", "ignore::ResourceWarning"
)
"""The classes' own clients, which they never close."""

JSON, DONE = "application/json", STREAM[-1]


def choice(told: Any, **more: Any) -> str:
    head = {"id": "x", "object": "chat.completion.chunk", "created": 1, "model": "m"}
    return event({**head, "choices": [told] if told else [], **more})


NO_DELTA = choice({"index": 0, "finish_reason": "stop"})
NULL_DELTA = choice({"index": 0, "delta": None, "finish_reason": "stop"})
TOKENS = choice(None, usage=USAGE)
COUNTING = [chunk({"content": "I am "}, written=3), chunk({"content": "well"}, written=7)]
WHOLE = {
    "a reason without a delta": [OPENING, *WORDS, NO_DELTA, DONE],
    "a reason beside null": [OPENING, *WORDS, NULL_DELTA, DONE],
    "a reason beside null, no [DONE]": [OPENING, *WORDS, NULL_DELTA],
    "a reason beside a message": [
        *WORDS,
        choice({"index": 0, "message": {"role": "assistant", "content": ""}, "finish_reason": "stop"}),
        DONE,
    ],
    "a reason beside the choices": [*WORDS, choice(None, finish_reason="stop")],
    "a length beside null": [
        *WORDS,
        choice({"index": 0, "delta": None, "finish_reason": "length"}, usage=USAGE),
        DONE,
    ],
    "[DONE] alone": [OPENING, *WORDS, DONE],
    "tokens behind the words": [OPENING, *WORDS, TOKENS],
    "tokens so far, then [DONE]": [*COUNTING, DONE],
}
CUT = {
    "words alone": [OPENING, *WORDS],
    "tokens so far": COUNTING,
    "tokens before the words": [TOKENS, *WORDS],
    "half an event": [*WORDS, 'data: {"id": "x", "choi'],
    "a failure beside null": [
        *WORDS,
        choice({"index": 0, "delta": None, "finish_reason": "error"}),
        DONE,
    ],
    "a failure behind words": [*WORDS, chunk({}, "error"), DONE],
}


@pytest.mark.parametrize("events", WHOLE.values(), ids=WHOLE)
def test_a_stream_that_says_that_it_ended_is_whole_whoever_drops_it_on_the_way(pool, server, events):
    server.answer = events
    assert pool.stream() == "I am well"
    assert asyncio.run(pool.astream()) == "I am well"
    assert server.asked == ["bad", "bad"]


@pytest.mark.parametrize("awaited", [False, True])
@pytest.mark.parametrize("events", CUT.values(), ids=CUT)
def test_a_stream_that_does_not_or_says_that_it_failed_is_cut(pool, server, events, awaited):
    server.answer = events
    with pytest.raises(BrokenStreamError):
        asyncio.run(pool.astream()) if awaited else pool.stream()


BLOCK = [
    typed("message_start", message=MESSAGE),
    typed("content_block_start", index=0, content_block={"type": "text", "text": ""}),
    typed("content_block_delta", index=0, delta={"type": "text_delta", "text": "I am "}),
    typed("content_block_delta", index=0, delta={"type": "text_delta", "text": "well"}),
]
STOP, LAST = typed("content_block_stop", index=0), typed("message_stop")
REASON = typed(
    "message_delta", delta={"stop_reason": "end_turn", "stop_sequence": None}, usage={"output_tokens": 7}
)
RESPONSE = {
    "id": "r",
    "object": "response",
    "created_at": 1,
    "model": "m",
    "output": [],
    "parallel_tool_calls": True,
    "tool_choice": "auto",
    "tools": [],
    "status": "in_progress",
}
ITEM = {"id": "i", "type": "message", "role": "assistant", "status": "in_progress", "content": []}
PLACE = {"item_id": "i", "output_index": 0, "content_index": 0, "sequence_number": 1}
SAID = {"type": "output_text", "text": "I am well", "annotations": []}
FULL = {**RESPONSE, "status": "completed", "output": [{**ITEM, "status": "completed", "content": [SAID]}]}
DELTAS = [
    typed("response.created", sequence_number=0, response=RESPONSE),
    typed("response.output_item.added", sequence_number=1, output_index=0, item=ITEM),
    typed("response.content_part.added", **PLACE, part={**SAID, "text": ""}),
    typed("response.output_text.delta", **PLACE, delta="I am ", logprobs=[]),
    typed("response.output_text.delta", **PLACE, delta="well", logprobs=[]),
]
DONE_TEXT = typed("response.output_text.done", **PLACE, text="I am well", logprobs=[])
TOOK = {
    "input_tokens": 11,
    "output_tokens": 7,
    "total_tokens": 18,
    "input_tokens_details": {"cached_tokens": 0},
    "output_tokens_details": {"reasoning_tokens": 0},
}
FAILED = {**RESPONSE, "status": "failed", "error": {"code": "server_error", "message": "x"}}
OTHERS = {
    "anthropic": [
        ([*BLOCK, STOP, REASON, LAST], True),
        ([*BLOCK, STOP, REASON], True),
        ([*BLOCK, STOP, LAST], True),
        (BLOCK, False),
        ([*BLOCK, STOP], False),
    ],
    "responses": [
        ([*DELTAS, DONE_TEXT, typed("response.completed", sequence_number=9, response=FULL)], True),
        ([*DELTAS, typed("response.completed", sequence_number=9, response=FULL)], True),
        (DELTAS, False),
        ([*DELTAS, DONE_TEXT], False),
        ([*DELTAS, typed("response.failed", sequence_number=9, response=FAILED)], False),
    ],
}
KEY = {"api_key": "none", "max_retries": 0}
CLAUDE = {"model": "claude-3-haiku-20240307", **KEY}
MODELS: dict[str, tuple[Callable[..., Any], Callable[..., Any]]] = {
    "chat": (
        lambda url, **more: ChatOpenAI(model="bad", base_url=url, **KEY, **more),
        lambda url: OpenAILike(model="bad", api_base=url, is_chat_model=True, **KEY),
    ),
    "anthropic": (
        lambda url, **more: ChatAnthropic(base_url=url.removesuffix("/v1"), **CLAUDE, **more),
        lambda url: Anthropic(base_url=url.removesuffix("/v1"), **CLAUDE),
    ),
    "responses": (
        lambda url, **more: ChatOpenAI(model="bad", base_url=url, use_responses_api=True, **KEY, **more),
        lambda url: OpenAIResponses(model="gpt-4o", api_base=url, **KEY),
    ),
}
CASES = [(kind, *case) for kind, cases in OTHERS.items() for case in cases]
EACH = {"max_attempts": 1, "cost_preference": 1.0}


@pytest.fixture(scope="module", autouse=True)
def _collected() -> Iterator[None]:
    """Have the clients collected before the next module, which heeds these warnings."""
    yield
    gc.collect()


@pytest.fixture(scope="module")
def loop() -> Iterator[asyncio.AbstractEventLoop]:
    """The one event loop of clients that the classes keep from model to model."""
    opened = asyncio.new_event_loop()
    yield opened
    opened.close()


def heard(model: Any, router: Any, kind: str, loop: asyncio.AbstractEventLoop) -> list[str]:
    """Return the text of a stream, read synchronously and not."""
    if kind == "LangChain":
        pool = ChatCrossRoute(models={"small": model}, router=router, **EACH)

        async def chunks() -> str:
            return "".join([str(chunk.text) async for chunk in pool.astream(STORY)])

        return ["".join(str(chunk.text) for chunk in pool.stream(STORY)), loop.run_until_complete(chunks())]
    llm, said = CrossRouteLLM({"small": model}, router, **EACH), [ChatMessage(content=STORY)]

    async def deltas() -> str:
        return "".join([chunk.delta or "" async for chunk in await llm.astream_chat(said)])

    return ["".join(chunk.delta or "" for chunk in llm.stream_chat(said)), loop.run_until_complete(deltas())]


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("integration_name", ["LangChain", "LlamaIndex"])
def test_other_formats_say_it_in_their_words(router, server, loop, integration_name, case):
    kind, server.answer, is_whole = case
    model = MODELS[kind][integration_name != "LangChain"](server.url)
    if is_whole:
        assert heard(model, router, integration_name, loop) == ["I am well"] * 2
        return
    # LangChain's class raises what the API says that failed
    with pytest.raises((BrokenStreamError, ValueError)):
        heard(model, router, integration_name, loop)


INNER = [
    ("chat", [OPENING, *WORDS, chunk({}, "stop"), DONE], True),
    ("chat", [OPENING, *WORDS, NULL_DELTA, TOKENS, DONE], True),
    ("chat", [OPENING, *WORDS], False),
    *CASES[:2],
    *CASES[3:7],
    CASES[7],
]


def agent_of(model: Any, router: Any) -> Any:
    from langchain.agents import create_agent

    return create_agent(model, middleware=[CrossRouteMiddleware({"small": model}, router, max_attempts=1)])


def by_agent(model: Any, router: Any) -> str:
    told = {"messages": [("user", STORY)]}
    return str(agent_of(model, router).invoke(told)["messages"][-1].text)


def by_streaming_agent(model: Any, router: Any) -> str:
    told = {"messages": [("user", STORY)]}
    states = list(agent_of(model, router).stream(told, stream_mode=["messages", "values"]))
    return str([state for mode, state in states if mode == "values"][-1]["messages"][-1].text)


def by_invoke(model: Any, router: Any) -> str:
    return str(ChatCrossRoute(models={"small": model}, router=router, **EACH).invoke(STORY).text)


def by_events(model: Any, router: Any) -> str:
    stream = ChatCrossRoute(models={"small": model}, router=router, **EACH).stream_events(STORY, version="v3")
    return "".join(stream.text)


@pytest.mark.filterwarnings("ignore::langchain_core._api.LangChainBetaWarning")
@pytest.mark.parametrize("case", INNER)
@pytest.mark.parametrize("way", [by_invoke, by_agent, by_streaming_agent, by_events])
def test_a_stream_within_a_call_is_cut_likewise(router, server, way, case):
    kind, server.answer, is_whole = case
    streams = {} if way in (by_streaming_agent, by_events) else {"streaming": True}
    model = MODELS[kind][0](server.url, **streams)
    if is_whole:
        assert way(model, router) == "I am well"
        return
    with pytest.raises(BrokenStreamError) as raised:
        way(model, router)
    assert ("disable_streaming=True" in str(raised.value)) == (way is not by_events)


def by_streams(pool: Any) -> str:
    small = pool.models["small"].model_copy(update={"streaming": True})
    return str(pool.model_copy(update={"models": {**pool.models, "small": small}}).invoke(STORY).text)


def by_agents_streams(pool: Any) -> str:
    from langchain.agents import create_agent

    middleware = CrossRouteMiddleware(pool.models, pool.router, cost_preference=1.0)
    agent = create_agent(pool.models["small"], middleware=[middleware])
    return "".join(
        str(said.text) for said, _ in agent.stream({"messages": [("user", STORY)]}, stream_mode="messages")
    )


@pytest.mark.parametrize("events", [[DONE], [OPENING, DONE], [choice(None), DONE], [TOKENS, DONE], []])
@pytest.mark.parametrize("way", [by_streams, by_agents_streams])
def test_nothing_within_a_call_is_no_answer_either(router, server, client, way, events):
    server.answer, server.asked = events, []
    assert way(LangChain(router, server.url, client).pool) == "I am well"
    assert server.asked == ["bad", "good"]


@pytest.mark.parametrize("status", ["failed", "cancelled", "in_progress", "queued"])
@pytest.mark.parametrize("integration_name", ["LangChain", "LlamaIndex"])
def test_a_response_that_has_not_ended_or_failed_is_no_answer(router, server, integration_name, status):
    server.answer = (200, JSON, json.dumps({**RESPONSE, "status": status, "usage": TOOK}))
    models = {"small": MODELS["responses"][integration_name != "LangChain"](server.url)}
    ask = (
        ChatCrossRoute(models=models, router=router, **EACH).invoke
        if integration_name == "LangChain"
        else None
    )
    said: Any = STORY if ask else [ChatMessage(content=STORY)]
    ask = ask or CrossRouteLLM(models, router, **EACH).chat
    with pytest.raises((NoAnswerError, ValueError)):  # LangChain's class raises what the API says that failed
        ask(said)


@pytest.mark.parametrize("awaited", [False, True])
def test_a_cost_that_is_stated_at_the_end_of_a_stream_stands(pool, server, awaited):
    told = choice(None, usage={**USAGE, "cost": 0.0123})
    server.answer = [OPENING, *WORDS, chunk({}, "stop"), told, DONE]
    asyncio.run(pool.astream()) if awaited else pool.stream()
    spent = pool.pool.spend.total
    assert (spent.cost, spent.unknown, spent.usage.output_tokens) == (0.0123, 0, 7)


def spent_by(kind: str, events: list[str], router: Any, server: Any, integration_name: str) -> Any:
    """Return what a stream took, at 1 USD per million tokens of input and 10 of output."""
    server.answer = events
    model = MODELS[kind][integration_name != "LangChain"](server.url)
    priced: Any = {**EACH, "prices": {"small": Price(input=1, output=10)}}
    if integration_name == "LangChain":
        pool: Any = ChatCrossRoute(models={"small": model}, router=router, **priced)
        list(pool.stream(STORY))
    else:
        pool = CrossRouteLLM({"small": model}, router, **priced)
        list(pool.stream_chat([ChatMessage(content=STORY)]))
    return pool.spend.total


@pytest.mark.parametrize("integration_name", ["LangChain", "LlamaIndex"])
def test_what_anthropic_s_cache_read_and_wrote_is_paid_for_in_streams(router, server, integration_name):
    usage = {"input_tokens": 600, "output_tokens": 1000, "cache_read_input_tokens": 300}
    usage |= {"cache_creation_input_tokens": 100}
    last = typed("message_delta", delta={"stop_reason": "end_turn", "stop_sequence": None}, usage=usage)
    took = spent_by("anthropic", [*BLOCK, STOP, last, LAST], router, server, integration_name)
    assert (took.usage.input_tokens, took.usage.cached_input_tokens, took.usage.cache_write_tokens) == (
        1000,
        300,
        100,
    )
    assert took.unknown == 0


def test_what_anthropic_tells_first_alone_is_paid_for_in_langchain_s_streams(router, server):
    usage = {"input_tokens": 600, "output_tokens": 1, "cache_read_input_tokens": 300}
    usage["cache_creation"] = {"ephemeral_5m_input_tokens": 0, "ephemeral_1h_input_tokens": 100}
    first = typed(
        "message_start", message={**MESSAGE, "usage": {**usage, "cache_creation_input_tokens": 100}}
    )
    took = spent_by("anthropic", [first, *BLOCK[1:], STOP, REASON, LAST], router, server, "LangChain")
    assert took.usage == Usage(
        input_tokens=1000, output_tokens=7, cached_input_tokens=300, cache_write_1h_tokens=100
    )
    assert took.unknown == 0


@pytest.mark.parametrize("integration_name", ["LangChain", "LlamaIndex"])
def test_what_groq_tells_beside_its_last_choice_is_paid_for_in_streams(router, server, integration_name):
    last = {
        "object": "chat.completion.chunk",
        "created": 1,
        "model": "m",
        "x_groq": {"id": "1", "usage": USAGE},
    }
    ended = event({"id": "x", **last, "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]})
    took = spent_by("chat", [*WORDS, ended, DONE], router, server, integration_name)
    assert (took.usage.input_tokens, took.usage.output_tokens, took.unknown) == (11, 7, 0)


def test_what_google_s_class_leaves_out_is_paid_for_in_langchain_s_streams(router, server):
    details = [{"modality": "AUDIO", "tokenCount": 60}, {"modality": "TEXT", "tokenCount": 40}]
    usage = {"promptTokenCount": 100, "candidatesTokenCount": 7, "totalTokenCount": 107}
    usage |= {"promptTokensDetails": details, "trafficType": "ON_DEMAND_FLEX"}
    parts = {"content": {"role": "model", "parts": [{"text": "I am well"}]}, "finishReason": "STOP"}
    server.answer = [event({"candidates": [parts], "usageMetadata": usage})]
    model = ChatGoogleGenerativeAI(model="bad", google_api_key="none", base_url=server.url, max_retries=1)
    prices = {"small": Price(input=1, output=10)}
    pool = ChatCrossRoute(models={"small": model}, router=router, prices=prices, **EACH)
    list(pool.stream(STORY))
    took = pool.spend.total
    assert (took.usage.input_audio_tokens, took.cost) == (60, pytest.approx((100 + 70) / 2e6))


@pytest.mark.parametrize("integration_name", ["LangChain", "LlamaIndex"])
def test_a_tier_of_the_responses_api_is_paid_for_in_streams(router, server, integration_name):
    costs = []
    for tier in ("default", "flex"):
        ended = {**FULL, "usage": TOOK, "service_tier": tier}
        events = [*DELTAS, typed("response.completed", sequence_number=9, response=ended)]
        costs.append(spent_by("responses", events, router, server, integration_name).cost)
    assert costs[1] == pytest.approx(costs[0] / 2)


@pytest.mark.parametrize("integration_name", ["LangChain", "LlamaIndex"])
def test_words_that_are_said_to_take_no_input_are_of_unknown_cost(router, server, integration_name):
    told = choice(None, usage={"prompt_tokens": 0, "completion_tokens": 7, "total_tokens": 7})
    took = spent_by("chat", [*WORDS, chunk({}, "stop"), told, DONE], router, server, integration_name)
    assert (took.calls, took.unknown, took.cost) == (1, 1, 0.0)


HITS = {**USAGE, "prompt_tokens": 1000, "total_tokens": 1007}
BESIDE = {"input_tokens": 100, "output_tokens": 7, "cache_read_input_tokens": 900}
CACHES = {
    "Anthropic's": BESIDE,
    "DeepSeek's": {**HITS, "prompt_cache_hit_tokens": 900, "prompt_cache_miss_tokens": 100},
    "Moonshot's": {**HITS, "cached_tokens": 900},
    "OpenAI's": {**HITS, "prompt_tokens_details": {"cached_tokens": 900}},
    "two that tell": {
        **HITS,
        "prompt_tokens_details": {"cached_tokens": 900},
        "prompt_cache_hit_tokens": 900,
    },
}


@pytest.mark.parametrize("usage", CACHES.values(), ids=CACHES)
@pytest.mark.parametrize("awaited", [None, False, True], ids=["whole", "stream", "astream"])
def test_what_a_cache_held_is_told_apart_wherever_it_is_told(pool, server, usage, awaited):
    if awaited is None:
        server.answer = (200, JSON, whole(usage=usage))
        pool.ask()
    else:
        server.answer = [OPENING, *WORDS, chunk({}, "stop"), choice(None, usage=usage), DONE]
        asyncio.run(pool.astream()) if awaited else pool.stream()
    total = pool.pool.spend.total
    assert (total.usage.input_tokens, total.usage.cached_input_tokens, total.unknown) == (1000, 900, 0)


@pytest.mark.parametrize("streamed", [False, True])
def test_what_no_call_takes_is_not_believed(pool, server, streamed):
    told = {**USAGE, "prompt_tokens": 10**30, "cost": 1e30}
    server.answer = (
        [OPENING, *WORDS, chunk({}, "stop"), choice(None, usage=told), DONE]
        if streamed
        else (200, JSON, whole(usage=told))
    )
    pool.stream() if streamed else pool.ask()
    assert (pool.pool.spend.total.cost, pool.pool.spend.total.unknown) == (0.0, 1)
