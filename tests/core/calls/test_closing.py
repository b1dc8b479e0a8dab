"""Streams are closed where they can be."""

import asyncio

from crossroute.calls.closing import aclosing, closing


class Closable:
    def __init__(self):
        self.closed = 0

    def close(self):
        self.closed += 1

    async def aclose(self):
        self.closed += 1


def test_a_stream_is_closed_where_it_can_be():
    stream = Closable()
    with closing(stream) as chunks:
        assert chunks is stream
    assert stream.closed == 1
    with closing([1, 2]) as chunks:
        assert list(chunks) == [1, 2]


def test_an_asynchronous_one_too():
    async def run():
        stream, bare = Closable(), object()
        async with aclosing(stream), aclosing(bare) as chunks:
            assert chunks is bare
        return stream.closed

    assert asyncio.run(run()) == 1
