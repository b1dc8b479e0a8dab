"""Version 3 of streaming: the caller's stream, fed with the events of the chosen member's stream."""

from __future__ import annotations

import asyncio
import warnings
from collections.abc import AsyncIterator, Iterator
from typing import Any

from langchain_core.language_models._compat_bridge import message_to_events
from langchain_core.language_models.chat_model_stream import AsyncChatModelStream, ChatModelStream

from crossroute import Decision
from langchain_crossroute.call import Call, Request
from langchain_crossroute.escalated import EscalatedCall
from langchain_crossroute.streams import EventTail


def events(call: Call) -> ChatModelStream:
    """Return a stream that calls a member when it is first read."""
    stream = ChatModelStream()

    def whole(decision: Decision) -> Iterator[Any]:
        yield from message_to_events(EscalatedCall(call, decision).answer(Request.invoke))

    decision = call.decide(streamed=True)
    source = whole(decision) if decision.max_calls > 1 else call.open_stream(decision, _open, EventTail)

    def pump() -> bool:
        try:
            stream.dispatch(next(source))
        except StopIteration:
            return False
        except Exception as error:  # raised by the stream when it is read
            stream.fail(error)
            return False
        return True

    stream.bind_pump(pump)
    return stream


async def aevents(call: Call) -> AsyncChatModelStream:
    """Return a stream that calls a member, in a task of its own, when it is first read."""
    stream = AsyncChatModelStream()
    decision = await call.adecide(streamed=True)

    async def whole(decision: Decision) -> AsyncIterator[Any]:
        for event in message_to_events(await EscalatedCall(call, decision).aanswer(Request.ainvoke)):
            yield event

    async def produce() -> None:
        try:
            several = decision.max_calls > 1
            source = whole(decision) if several else await call.aopen_stream(decision, _aopen, EventTail)
            async for event in source:
                stream.dispatch(event)
        except BaseException as error:
            stream.fail(error)
            if not isinstance(error, Exception):
                raise

    async def start() -> None:
        if stream._producer_task is None:
            stream._producer_task = asyncio.get_running_loop().create_task(produce())

    stream.set_start(start)
    return stream


def _open(request: Request) -> Iterator[Any]:
    with _beta():
        return iter(
            request.runnable.stream_events(request.messages, request.config, version="v3", **request.kwargs)
        )


async def _aopen(request: Request) -> AsyncIterator[Any]:
    with _beta():
        source: Any = await request.runnable.astream_events(
            request.messages, request.config, version="v3", **request.kwargs
        )
    async with source:
        try:
            async for event in source:
                yield event
        except Exception:
            if source._producer_task is not None:  # closing it would cancel handlers of the error
                await asyncio.wait([source._producer_task])
            raise


class _beta(warnings.catch_warnings):  # noqa: N801
    """Suppress the beta warning of the member's stream, since the caller's own stream has issued it."""

    def __enter__(self) -> None:
        super().__enter__()
        warnings.simplefilter("ignore", DeprecationWarning)  # the class of the beta warning
