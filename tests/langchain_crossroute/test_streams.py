"""Streams that end early: what was sent counts, and a tool turn that began goes on."""

import asyncio
import gc

import pytest
from langchain_core.callbacks import AsyncCallbackHandler
from langchain_core.messages import AIMessage, AIMessageChunk, HumanMessage, ToolMessage
from langchain_core.outputs import ChatGenerationChunk
from langchain_core.tools import tool

from crossroute.calls.spend import Usage
from langchain_crossroute import ChatCrossRoute
from tests.langchain_crossroute.fakes import ChatFake, RateLimitError
from tests.support.routers import ARITHMETIC

pytestmark = pytest.mark.filterwarnings("ignore::langchain_core._api.beta_decorator.LangChainBetaWarning")
TOLD = {"input_tokens": 10, "output_tokens": 1, "total_tokens": 11}


@tool
def add(a: int) -> int:
    """Add."""
    return a


class Endless(ChatFake):
    """Tells tokens at once, as Anthropic does, asks for a tool, and goes on until it breaks."""

    breaks: bool = False

    def _stream(self, messages, stop=None, run_manager=None, **kwargs):
        asked = [{"name": "add", "args": '{"a": 2}', "id": "1", "index": 0}]
        first = AIMessageChunk("", tool_call_chunks=asked, usage_metadata=TOLD)
        yield ChatGenerationChunk(message=first)
        for _ in range(3 if self.breaks else 1000):
            yield ChatGenerationChunk(message=AIMessageChunk("x"))
        raise RateLimitError("cut")

    async def _astream(self, messages, stop=None, run_manager=None, **kwargs):
        for chunk in self._stream(messages):
            await asyncio.sleep(0.001)
            yield chunk


class Bare:
    """An asynchronous iterator and nothing more."""

    def __init__(self, chunks):
        self._chunks = chunks

    def __aiter__(self):
        return self

    async def __anext__(self):
        return await anext(self._chunks)


class Unclosable(ChatFake):
    """Streams without `aclose`."""

    def astream(self, *args, **kwargs):
        return Bare(super().astream(*args, **kwargs))


def pool(router, kind=Endless, **fields):
    return ChatCrossRoute(models={"large": kind(model_name="large", **fields)}, router=router)


def closed(model):
    stream = model.stream(ARITHMETIC)
    _ = next(stream), next(stream)
    stream.close()


async def aclosed(model):
    stream = model.astream(ARITHMETIC)
    _ = await anext(stream), await anext(stream)
    await stream.aclose()


async def cancelled(model):
    begun = asyncio.Event()

    async def read():
        async for _ in model.astream(ARITHMETIC):
            begun.set()

    reading = asyncio.create_task(read())
    await begun.wait()
    reading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reading


def dropped_events(model):
    stream = model.stream_events(ARITHMETIC, version="v3")
    next(iter(stream))
    del stream
    gc.collect()


async def aclosed_events(model):
    async with await model.astream_events(ARITHMETIC, version="v3") as stream:
        await anext(aiter(stream))


def broken(model):
    model.models["large"].breaks = True
    with pytest.raises(RateLimitError):
        list(model.stream(ARITHMETIC))


async def abroken(model):
    model.models["large"].breaks = True
    with pytest.raises(RateLimitError):
        _ = [chunk async for chunk in model.astream(ARITHMETIC)]


def broken_events(model):
    model.models["large"].breaks = True
    with pytest.raises(RateLimitError):
        list(model.stream_events(ARITHMETIC, version="v3"))


async def ended(how, model):
    ending = how(model)
    if asyncio.iscoroutine(ending):
        await ending


STREAMS = (closed, aclosed, cancelled, broken, abroken)


@pytest.mark.parametrize("how", STREAMS)
async def test_a_stream_that_ends_early_counts_once_with_the_tokens_told_until_then(router, how):
    model = pool(router)
    await ended(how, model)
    assert model.spend.total.calls == 1
    assert model.spend.total.usage == Usage(input_tokens=10, output_tokens=1)


@pytest.mark.parametrize("how", [dropped_events, aclosed_events, broken_events])
async def test_so_does_one_of_events(router, how):
    model = pool(router)
    await ended(how, model)
    assert model.spend.total.calls == 1


@pytest.mark.parametrize("how", STREAMS)
async def test_a_tool_turn_that_it_began_is_finished_by_its_member(fakes, router, how):
    model = pool(router)
    await ended(how, model.bind_tools([add]).bound)
    asked = AIMessage("", tool_calls=[{"name": "add", "args": {"a": 2}, "id": "1"}])
    messages = [HumanMessage(ARITHMETIC), asked, ToolMessage("2", tool_call_id="1")]
    assert model.route(messages).reasons == ("stuck to large: tool turn",)


def test_a_stream_of_which_nothing_was_read_does_not_count(router):
    model = pool(router)
    model.stream(ARITHMETIC).close()
    assert model.spend.total.calls == 0


async def test_a_stream_that_cannot_be_closed_is_read(router):
    chunks = [chunk.text async for chunk in pool(router, Unclosable).astream(ARITHMETIC)]
    assert "".join(chunks) == "I am large"


class Slow(AsyncCallbackHandler):
    """Takes its time to note an error."""

    def __init__(self):
        self.noted = []

    async def on_llm_error(self, error, **_):
        await asyncio.sleep(0.01)
        self.noted.append(type(error))


async def test_a_stream_of_events_fails_once_handlers_have_heard_of_it(router):
    slow, model = Slow(), pool(router, breaks=True)
    stream = await model.astream_events(ARITHMETIC, {"callbacks": [slow]}, version="v3")
    with pytest.raises(RateLimitError):
        _ = [event async for event in stream]
    assert slow.noted == [RateLimitError]
