"""Calls that their caller gives up while they run: at unknown cost, never free, through both integrations."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.support import faulty
from tests.support.faulty import OPENING, OVERLOADED, event
from tests.support.local_http import Answering, LocalServer
from tests.support.routers import STORY

FAR = 60.0
"""Seconds for which nothing here waits: an end to a test that hangs."""


class Waiting(LocalServer):
    """Sends what a test says, then nothing until it ends."""

    def __init__(self) -> None:
        self.events: list[str] = []
        self.sent, self.over = threading.Event(), threading.Event()
        super().__init__(_Handler, provider=self)

    def __exit__(self, *raised: object) -> None:
        self.over.set()
        super().__exit__(*raised)


class _Handler(Answering):
    provider: Waiting

    def respond(self) -> None:
        json.loads(self.read())
        if self.provider.events:
            self.stream(self._events())
        self._wait()

    def _events(self) -> Iterator[str]:
        yield from self.provider.events
        self._wait()

    def _wait(self) -> None:
        self.provider.sent.set()
        self.provider.over.wait(FAR)


@pytest.fixture
def provider() -> Iterator[Waiting]:
    with Waiting() as waiting:
        yield waiting


async def ask(pool: Any) -> object:
    if isinstance(pool, faulty.LangChain):
        return await pool.pool.ainvoke(STORY)
    return await pool.pool.achat(pool.said)


async def read(pool: Any) -> object:
    return [one async for one in await pool.abegin()]


@pytest.mark.parametrize("name", ["LangChain", "LlamaIndex"])
@pytest.mark.parametrize(
    ("way", "events"), [(ask, []), (read, []), (read, [OPENING])], ids=["answer", "stream", "opening"]
)
def test_a_call_that_is_cancelled_while_it_runs_is_of_unknown_cost(router, provider, name, way, events):
    provider.events = events
    pool = getattr(faulty, name)(router, f"{provider.url}/v1", httpx.Client())

    async def cancel() -> None:
        async with pool.awaited:
            call = asyncio.create_task(way(pool))
            await asyncio.to_thread(provider.sent.wait, FAR)
            while not call.done():
                call.cancel()  # one may be lost in `wait_for` of Python 3.11, by which LangChain's client reads
                await asyncio.wait([call], timeout=0.5)
            assert call.cancelled()

    asyncio.run(cancel())
    assert told(pool) == {"small": (1, 1)}
    assert not pool.pool._routing.dispatcher.cooldowns.failed


ENDED = {"no sign": [OPENING], "[DONE]": [OPENING, event("[DONE]")]}
FAILED = {"an error": [OPENING, event(OVERLOADED)], "the connection": [OPENING, None]}


@pytest.mark.parametrize("events", ENDED.values(), ids=ENDED)
def test_a_stream_that_ends_behind_its_opening_is_of_unknown_cost(pool, server, events):
    server.answer = events
    assert pool.stream() == "I am well"
    assert asyncio.run(pool.astream()) == "I am well"
    assert told(pool)["small"][0] == told(pool)["small"][1] >= 1


@pytest.mark.parametrize("events", FAILED.values(), ids=FAILED)
def test_one_that_fails_behind_its_opening_is_no_answer(pool, server, events):
    server.answer = events
    assert pool.stream() == "I am well"
    assert "small" not in told(pool)


def told(pool: Any) -> dict[str, tuple[int, int]]:
    return {name: (one.calls, one.unknown) for name, one in pool.pool.spend.by_candidate.items()}
