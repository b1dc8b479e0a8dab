"""Streams that are left: the HTTP response that a generator holds is found, and closed."""

import asyncio
import gc

import httpx
import pytest

from crossroute.calls.closing import StreamResources, aread_and_close, read_and_close


class Body(httpx.SyncByteStream, httpx.AsyncByteStream):
    def __init__(self):
        self.closed = 0

    def __iter__(self):
        yield b"one"
        yield b"two"

    async def __aiter__(self):
        yield b"one"
        yield b"two"

    def close(self):
        self.closed += 1

    async def aclose(self):
        self.closed += 1


class Stream:
    """As openai's: it holds its generator, which holds it."""

    def __init__(self, body):
        self.response = httpx.Response(200, stream=body)
        self.parts, self.aparts = self.read(), self.aread()

    def __iter__(self):
        yield from self.parts

    async def __aiter__(self):
        async for part in self.aparts:
            yield part

    def read(self):
        response = self.response
        try:
            yield from response.iter_raw()
        finally:
            response.close()

    async def aread(self):
        response = self.response
        try:
            async for part in response.aiter_raw():
                yield part
        finally:
            await response.aclose()


@pytest.fixture
def body():
    gc.disable()
    yield Body()
    gc.enable()


def chunks(body, broken=False):
    for part in Stream(body):
        yield part.upper() if not broken else part.missing


async def achunks(body):
    async for part in Stream(body):
        yield part.upper()


def test_a_stream_that_is_left_is_closed_at_once(body):
    left = read_and_close((part for part in chunks(body)), StreamResources())
    assert next(left) == b"ONE"
    assert body.closed == 0
    left.close()
    assert body.closed == 1


def test_an_asynchronous_one_too(body):
    async def leave():
        left = aread_and_close(achunks(body), StreamResources())
        assert await anext(left) == b"ONE"
        await left.aclose()
        return body.closed

    assert asyncio.run(leave()) == 1


def test_a_stream_that_fails_before_its_first_chunk_is_closed_too(body):
    with pytest.raises(AttributeError):
        list(read_and_close(chunks(body, broken=True), StreamResources()))
    assert body.closed == 1


def test_a_client_that_a_stream_holds_stays_open():
    with httpx.Client() as client:

        def stream():
            yield client

        left = read_and_close(stream(), StreamResources())
        next(left)
        left.close()
        assert not client.is_closed


def test_what_is_no_generator_is_followed_no_further():
    opened = StreamResources()
    assert list(read_and_close(iter("ab"), opened)) == ["a", "b"]
    assert opened.responses == opened.frames == []
