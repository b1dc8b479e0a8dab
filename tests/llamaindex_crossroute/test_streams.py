"""Streams whose reader breaks off: what was sent counts, and a tool turn that began goes on."""

import asyncio

import pytest
from llama_index.core import PromptTemplate
from llama_index.core.base.llms.types import ChatMessage, ChatResponse
from llama_index.core.tools import FunctionTool

from crossroute.calls.spend import Usage
from llamaindex_crossroute import CrossRouteAnswerEvent, CrossRouteLLM
from tests.llamaindex_crossroute.fakes import ChatFake, RateLimitError, tool_call, user
from tests.support.routers import ARITHMETIC

ADD = FunctionTool.from_defaults(lambda a: a, name="add", description="Add.")


class Endless(ChatFake):
    """Tells tokens at once, as Anthropic does, asks for a tool, and goes on until it breaks."""

    breaks: bool = False

    async def astream_chat(self, messages, **kwargs):
        async def chunks():
            for chunk in self._chunks():
                await asyncio.sleep(0.001)
                yield chunk

        return chunks()

    def stream_chat(self, messages, **kwargs):
        return (chunk for chunk in self._chunks())

    def stream(self, prompt, **prompt_args):
        return (str(number) for number in range(1000))

    def _chunks(self):
        told = {"usage": {"input_tokens": 1000, "output_tokens": 1}}
        yield ChatResponse(message=tool_call("add", "1", a=2), raw=told)
        for number in range(3 if self.breaks else 1000):
            yield ChatResponse(message=ChatMessage(role="assistant", content="x" * number), raw={})
        raise RateLimitError("cut")


@pytest.fixture
def pool(router):
    return CrossRouteLLM({name: Endless(name) for name in ("small", "large")}, router)


def closed(pool):
    stream = pool.stream_chat([user(ARITHMETIC)])
    first, _ = next(stream), next(stream)
    stream.close()
    return first


async def aclosed(pool):
    stream = await pool.astream_chat([user(ARITHMETIC)])
    first, _ = await anext(stream), await anext(stream)
    await stream.aclose()
    return first


async def cancelled(pool):
    seen, begun = [], asyncio.Event()

    async def read():
        async for chunk in await pool.astream_chat([user(ARITHMETIC)]):
            seen.append(chunk)
            begun.set()

    reading = asyncio.create_task(read())
    await begun.wait()
    reading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reading
    return seen[0]


async def read(stream, seen):
    async for chunk in stream:
        seen.append(chunk)


def broken(pool):
    pool.llms["large"].breaks, seen = True, []
    with pytest.raises(RateLimitError):
        list(map(seen.append, pool.stream_chat([user(ARITHMETIC)])))
    pool._routing.dispatcher.cooldowns.clear("large")
    return seen[0]


async def abroken(pool):
    pool.llms["large"].breaks, seen = True, []
    with pytest.raises(RateLimitError):
        await read(await pool.astream_chat([user(ARITHMETIC)]), seen)
    pool._routing.dispatcher.cooldowns.clear("large")
    return seen[0]


async def broken_off(how, pool):
    first = how(pool)
    return await first if asyncio.iscoroutine(first) else first


@pytest.mark.parametrize("how", [closed, aclosed, cancelled, broken, abroken])
async def test_a_stream_that_is_broken_off_counts(pool, ear, how):
    first = await broken_off(how, pool)
    [event] = ear.of(CrossRouteAnswerEvent)
    assert event.final == (how not in (broken, abroken))
    assert event.usage == pool.spend.total.usage == Usage(input_tokens=1000, output_tokens=1)
    assert pool.spend.by_candidate["large"].calls == 1
    assert first.additional_kwargs["crossroute"]["actual_cost"] == event.decision.actual_cost > 0


@pytest.mark.parametrize("how", [closed, aclosed, cancelled, broken, abroken])
async def test_a_tool_turn_that_a_broken_off_stream_began_is_finished_by_its_member(pool, how):
    asked = (await broken_off(how, pool)).message
    result = ChatMessage(role="tool", content="2", additional_kwargs={"tool_call_id": "1"})
    cheap = pool.model_copy(update={"cost_preference": 1.0})
    finished = next(cheap.stream_chat_with_tools([ADD], chat_history=[user(ARITHMETIC), asked, result]))
    assert finished.additional_kwargs["crossroute"]["reasons"] == ["stuck to large: tool turn"]


def test_a_stream_of_text_counts_too(pool):
    stream = pool.stream(PromptTemplate("{query_str}"), query_str=ARITHMETIC)
    next(stream)
    stream.close()
    assert pool.spend.total.calls == 1
    unread = pool.stream(PromptTemplate("{query_str}"), query_str=ARITHMETIC)
    unread.close()
    assert pool.spend.total.calls == 1, "of which nothing was read"
