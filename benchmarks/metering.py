"""Measure the CPU time of concurrent calls, separately for their clients and the rest.

The thread's CPU clock is read at each step of a coroutine or generator, so that waiting calls are not charged for
others. The time of the event loop between steps is not counted.
"""

from __future__ import annotations

import threading
import time
import types
from collections.abc import AsyncIterator, Callable, Coroutine, Generator, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any


class Meter:
    """Sums the CPU seconds within its blocks; safe to share between threads."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self._lock = threading.Lock()

    @contextmanager
    def running(self) -> Iterator[None]:
        """Count the thread's CPU time within the block."""
        began = time.thread_time()
        try:
            yield
        finally:
            took = time.thread_time() - began
            with self._lock:
                self.seconds += took

    @types.coroutine
    def awaited(self, coroutine: Coroutine[Any, Any, Any]) -> Generator[Any, Any, Any]:
        """Await a coroutine, and count the CPU time of its steps."""
        step: Callable[[Any], Any] = coroutine.send
        given: Any = None
        while True:
            with self.running():
                try:
                    waits_for = step(given)
                except StopIteration as done:
                    return done.value
            try:
                given, step = (yield waits_for), coroutine.send
            except BaseException as error:
                given, step = error, coroutine.throw

    def read(self, chunks: Iterator[Any]) -> Iterator[Any]:
        """Yield chunks, and count what making each takes."""
        end = object()
        while True:
            with self.running():
                chunk = next(chunks, end)
            if chunk is end:
                return
            yield chunk

    async def aread(self, chunks: AsyncIterator[Any]) -> AsyncIterator[Any]:
        """Yield chunks, and count what making each takes."""
        while True:
            try:
                chunk = await self.awaited(chunks.__anext__())  # type: ignore[arg-type]
            except StopAsyncIteration:
                return
            yield chunk


class MeteredThreads(ThreadPoolExecutor):
    """A thread pool with metered work, for an event loop's `to_thread`.

    Args:
        meter: The meter.
    """

    def __init__(self, meter: Meter) -> None:
        super().__init__()
        self.meter = meter

    def submit(self, work: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Run work in one of the threads."""

        def counted() -> Any:
            with self.meter.running():
                return work(*args, **kwargs)

        return super().submit(counted)


def meter_clients(meter: Meter) -> None:
    """Count the CPU time of requests by both frameworks' OpenAI clients from now on."""
    from langchain_openai.chat_models.base import BaseChatOpenAI
    from llama_index.llms.openai import OpenAI

    for owner, names in (
        (BaseChatOpenAI, ("_generate", "_stream", "_agenerate", "_astream")),
        (OpenAI, ("_chat", "_stream_chat", "_achat", "_astream_chat")),
    ):
        for name in names:
            setattr(owner, name, _meter_method(meter, getattr(owner, name), name))


def _meter_method(meter: Meter, method: Callable[..., Any], name: str) -> Callable[..., Any]:
    """Return a metered version of a method that returns an answer or chunks, directly or when awaited."""

    def call(*args: Any, **kwargs: Any) -> Any:
        with meter.running():
            answer = method(*args, **kwargs)
        return meter.read(iter(answer)) if "stream" in name else answer

    async def acall(*args: Any, **kwargs: Any) -> Any:
        answer = await meter.awaited(method(*args, **kwargs))
        return meter.aread(answer) if "stream" in name else answer

    def agenerate(*args: Any, **kwargs: Any) -> AsyncIterator[Any]:
        return meter.aread(method(*args, **kwargs))

    if name == "_astream":
        return agenerate
    return acall if name.startswith("_a") else call
